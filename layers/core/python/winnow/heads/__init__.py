"""Trained heads: their card, their arithmetic, calibration and drift."""
