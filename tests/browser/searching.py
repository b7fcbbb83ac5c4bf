"""The search view as tests read it: what it shows counts once it has stopped searching."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SHOWN = ".search:not(:has([aria-busy])) .found h2"


def total(page: "Page") -> int:
    """How many records the view says it found, of what was asked last."""
    heading = page.locator(_SHOWN)
    heading.wait_for()
    return int(re.sub(r"\D", "", heading.inner_text()))


@contextmanager
def asking(page: "Page") -> Iterator[None]:
    """For an act that searches: what it asked for is shown after it."""
    total(page)  # An answer to what was asked before is not taken for the one awaited here.
    with page.expect_response("**/v1/search"):
        yield
    total(page)


def find(page: "Page", words: str) -> int:
    """How many records the view finds of words that are typed there."""
    with asking(page):
        page.get_by_label("Words to find").fill(words)
        page.get_by_role("button", name="Search", exact=True).click()
    return total(page)
