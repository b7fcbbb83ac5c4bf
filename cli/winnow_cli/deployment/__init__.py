"""Stages, and what is done with them: deploy, destroy, promote."""
