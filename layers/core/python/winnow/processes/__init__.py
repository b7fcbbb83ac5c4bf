"""What records are judged by: definitions, their shapes, and the registry."""
