"""Pages: lines with places, put back into sentences."""
