"""Core's ports on AWS, the settings, and the wrapper of every handler."""
