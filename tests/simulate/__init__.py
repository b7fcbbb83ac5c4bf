"""Simulations of what is promised about chance: many histories, all at once."""
