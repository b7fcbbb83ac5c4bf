"""The HTTP API and its page: a table of routes, who may use each, and what it answers."""
