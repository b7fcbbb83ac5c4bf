"""The browser of the tests, or one reason why they are skipped."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.pictures.browser import BrowserMissingError, find

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def _missing() -> str | None:
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed (make setup)"
    try:
        find()
    except BrowserMissingError as error:
        return str(error)
    return None


@contextmanager
def chromium() -> "Iterator[Browser]":
    """A running browser, as `browsers` has it."""
    with browsers() as running:
        yield running()


@contextmanager
def browsers() -> "Iterator[Callable[[], Browser]]":
    """The running browser, and another one once it has crashed: that costs one test, not all.

    Skips without one; fails where WINNOW_REQUIRE_BROWSER=1, as CI sets it.
    One at a time in a process: Playwright's loop is running until it is closed.
    """
    if reason := _missing():
        if os.environ.get("WINNOW_REQUIRE_BROWSER") == "1":
            pytest.fail(f"a browser is required here: {reason}", pytrace=False)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started: list[Browser] = []

        def running() -> "Browser":
            if not started or not started[-1].is_connected():
                # The sandbox needs what a container lacks; the pages are our own.
                browser = playwright.chromium
                started.append(browser.launch(executable_path=find(), args=["--no-sandbox"]))
            return started[-1]

        try:
            yield running
        finally:
            for one in started:
                one.close()
