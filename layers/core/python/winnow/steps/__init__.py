"""What each state of the workflow and each function does."""
