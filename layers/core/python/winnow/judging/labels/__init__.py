"""Judging by labels."""
