"""Running lines: the headers, footers and page numbers that run through a document's pages."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from winnow.readers.pages.geometry import Line, Page, is_one_word_a_line, margins_of

_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.|pg\.?)?\s*[-–—]?\s*(?:\d{1,5}|[ivxlc]{1,6})\s*[-–—]?"
    r"(?:\s*(?:of|/|von|de)\s*\d{1,5})?",
    re.IGNORECASE,
)
_CERTAIN_PAGE_NUMBER = re.compile(
    r"page\s+\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?|\d{1,5}\s*(?:of|/)\s*\d{1,5}", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
_MIN_PAGES_SHARE = 0.6
"""Minimum share of the pages on which a running line is."""


def without_running_lines(pages: Sequence[Page]) -> tuple[list[Page], int]:
    """Pages without the headers, footers and numbers that run through them, and how many went.

    A line runs when it is at the top or bottom of most pages, digits aside. Its first
    appearance at the top stays: it may be the only place that says what the document is.
    """
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update({_without_digits(line.text) for line, _ in _edge_lines(page)})
    min_count = max(2, round(_MIN_PAGES_SHARE * len(pages)))
    if is_one_word_a_line([line for page in pages for line in page.lines]):
        min_count = len(pages) + 1  # any word may be at an edge
    dropped = 0
    kept_once: set[str] = set()
    kept_pages = []
    for page in pages:
        dropped_ids: set[int] = set()
        for line, is_at_top in _edge_lines(page):
            text = line.text.strip()
            plain = _without_digits(line.text)
            runs = len(pages) > 1 and counts[plain] >= min_count
            if _CERTAIN_PAGE_NUMBER.fullmatch(text) or (runs and _PAGE_NUMBER.fullmatch(text)):
                dropped_ids.add(id(line))
            elif runs:
                if is_at_top and plain not in kept_once:
                    kept_once.add(plain)
                else:
                    dropped_ids.add(id(line))
        dropped += len(dropped_ids)
        kept_pages.append(
            replace(page, lines=tuple(line for line in page.lines if id(line) not in dropped_ids))
        )
    if not any(page.lines for page in kept_pages):  # a form, or pages that hold nothing else
        return list(pages), 0
    return kept_pages, dropped


def _edge_lines(page: Page) -> list[tuple[Line, bool]]:
    """The lines in the margins of a page, and whether each is at the top."""
    top, bottom = margins_of(page)
    return [(line, line.y0 < top) for line in page.lines if line.y0 < top or line.y1 > bottom]


def _without_digits(text: str) -> str:
    return _DIGITS.sub("#", " ".join(text.split()).casefold())
