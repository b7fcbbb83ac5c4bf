"""Chromium on the page and the real API, with a stack in memory behind them."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import browsers
from tests.browser.person import SLOW_S, Person
from tests.fakes.http_api import Served, serve
from tests.fakes.stage import Clock, Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Opener = Callable[..., Person]


@pytest.fixture(scope="package")
def running() -> "Iterator[Callable[[], Browser]]":
    """One browser for all tests, for as long as it lives."""
    with browsers() as one:
        yield one


@pytest.fixture
def browser(running: "Callable[[], Browser]") -> "Browser":
    """The browser; each person has a context of their own."""
    return running()


@pytest.fixture
def stage() -> Stage:
    """A stack with the sample files, some of whose records are for review."""
    return Stage(clock=Clock(None)).sample()


@pytest.fixture
def served(stage: Stage) -> Iterator[Served]:
    """The stack's page and API."""
    with serve(stage) as page:
        page.gateway.slow_s = SLOW_S
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
