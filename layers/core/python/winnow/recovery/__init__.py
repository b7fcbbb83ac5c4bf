"""What finds lost uploads and starts them again."""
