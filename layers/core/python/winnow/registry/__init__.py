"""Versions of processes: what they are, where they are, and which of them decides."""
