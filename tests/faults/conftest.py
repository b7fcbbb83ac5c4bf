"""The tests marked `stack` share the local stack of tests/e2e's kind."""

from tests.e2e.conftest import stack

__all__ = ["stack"]
