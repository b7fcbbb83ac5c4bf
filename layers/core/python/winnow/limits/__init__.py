"""What a file and a record may cost."""
