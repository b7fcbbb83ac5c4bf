"""Columns by name, and the numbers in them."""
