"""Search and charts over every result."""
