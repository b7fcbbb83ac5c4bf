"""Judging by criteria joined by logic."""
