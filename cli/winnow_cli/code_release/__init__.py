"""Releases of code: which version of the workflow new runs have, and a second stack that judges."""
