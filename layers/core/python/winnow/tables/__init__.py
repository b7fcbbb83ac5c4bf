"""Columns by name, and the numbers and ids in them."""
