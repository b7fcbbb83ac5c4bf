"""Where a run keeps things, and how they are written and read back."""
