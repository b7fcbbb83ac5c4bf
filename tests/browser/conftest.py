"""Chromium on the page and the real API, with a stack in memory behind them.

Skipped with a reason where there is no browser; WINNOW_REQUIRE_BROWSER=1, as CI sets it, makes a
failure of that reason.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.browser.person import Person
from tests.fakes.http_api import Served, serve
from tests.fakes.stage import Clock, Stage
from tests.pictures.browser import BrowserMissingError, find

try:
    from playwright.sync_api import Browser, sync_playwright
except ImportError:
    sync_playwright = None  # type: ignore[assignment]

Opener = Callable[..., Person]


def _missing() -> str | None:
    if sync_playwright is None:
        return "playwright is not installed (make setup)"
    try:
        find()
    except BrowserMissingError as error:
        return str(error)
    return None


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One browser for all tests; each person has a context of their own."""
    if reason := _missing():
        if os.environ.get("WINNOW_REQUIRE_BROWSER") == "1":
            pytest.fail(f"a browser is required here: {reason}", pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # The sandbox needs what a container lacks; the pages are our own.
        running = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def stage() -> Stage:
    """A stack with the sample files, some of whose records are for review."""
    return Stage(clock=Clock(None)).sample()


@pytest.fixture
def served(stage: Stage) -> Iterator[Served]:
    """The stack's page and API."""
    with serve(stage) as page:
        yield page


@pytest.fixture
def open_page(browser: "Browser", served: Served) -> Iterator[Opener]:
    """Opens the page as somebody; at the end nobody's page may have had an error."""
    people: list[Person] = []

    def opener(route: str = "", user: str = "reviewer", **options: object) -> Person:
        person = Person(browser, served, user, options)
        people.append(person)
        person.open(route)
        return person

    yield opener
    for person in people:
        person.close()
    assert [error for person in people for error in person.errors] == []
