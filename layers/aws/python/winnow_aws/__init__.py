"""Core's ports on AWS, the settings, and the handler around every function."""
