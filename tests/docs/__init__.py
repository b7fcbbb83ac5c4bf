"""Pages whose commands are run, and whose command lines are parsed."""
