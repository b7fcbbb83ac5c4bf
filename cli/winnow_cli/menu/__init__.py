"""The menu of `winnow deploy`: it asks, prints the command line that does the same, and runs it."""
