"""Threads for calls that wait for AWS: they are few, and kept between requests."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

THREADS = 12


@cache
def pool() -> ThreadPoolExecutor:
    """The threads. What runs in one must not wait for another."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="api")
