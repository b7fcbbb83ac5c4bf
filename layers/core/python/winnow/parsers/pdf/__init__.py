"""PDF files that have a text layer."""
