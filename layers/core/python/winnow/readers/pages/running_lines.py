"""Running lines: the headers, footers and page numbers that run through a document's pages."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from winnow.readers.pages.geometry import BODY_BANDS, Line, Page, is_one_word_a_line, margins_of

_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.|pg\.?)?\s*[-–—]?\s*(?:\d{1,5}|[ivxlc]{1,6})\s*[-–—]?"
    r"(?:\s*(?:of|/|von|de)\s*\d{1,5})?",
    re.IGNORECASE,
)
_CERTAIN_PAGE_NUMBER = re.compile(
    r"page\s+\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?|(\d{1,5})\s*(?:of|/)\s*(\d{1,5})", re.IGNORECASE
)
_NAMED = re.compile(r"(?:(?<=\bpage )|(?<=\bseite )|(?<=\bp\. )|(?<=\bpg )|(?<=\bpg\. ))\d{1,5}\b")
"""A number that is called the page's."""
_COUNTED = re.compile(r"(?<![\w./])(\d{1,5})(?=\s?(?:of|/|von|de)\s?\d{1,5}(?![\w./]))")
"""A number out of so many."""
_AT_AN_END = re.compile(r"\A\d{1,5}(?=\s)|(?<=\s)\d{1,5}\Z")
_NUMBER = re.compile(r"\d{1,5}")
_MIN_PAGES_SHARE = 0.6
"""Minimum share of the pages on which a running line is."""
_MIN_PAGES = 3
"""Fewer pages do not show that a number at an end of a line is the page's."""
_MIN_LONG_NUMBER = 100
"""From here on a number that goes up by one a page is the page's: a journal's."""
_SAME_HEIGHT = 0.01
"""Share of the page's height by which lines at the same height may differ."""


@dataclass(frozen=True, slots=True)
class _EdgeLine:
    """A line in the top or bottom margin of a page."""

    line: Line
    page: Page
    is_at_top: bool

    @property
    def is_apart(self) -> bool:
        """Whether a gap parts it from the text of the page."""
        return self.line.band not in BODY_BANDS

    @property
    def height(self) -> float:
        """Where it is, as a share of the page's height."""
        return self.line.y0 / (self.page.height or 1.0)


def without_running_lines(pages: Sequence[Page]) -> tuple[list[Page], int]:
    """Pages without the headers, footers and numbers that run through them, and how many went.

    A line runs when it is at the top or bottom of most pages with the same words and numbers, but
    for the page's number: either a gap parts it from the text, or it is at the same height
    throughout. Its first appearance at the top and its last at the bottom stay: they may be the
    only place that says it.
    """
    edges = [edge for page in pages for edge in _edge_lines(page)]
    alike: dict[str, list[_EdgeLine]] = defaultdict(list)
    for edge in edges:
        for key in _keys(edge.line, edge.page.number, len(pages)):
            alike[key].append(edge)
    min_count = max(2, round(_MIN_PAGES_SHARE * len(pages)))
    if is_one_word_a_line([line for page in pages for line in page.lines]):
        min_count = len(pages) + 1  # any word may be at an edge
    dropped = {id(edge.line) for edge in edges if _is_certain_number(edge.line.text.strip())}
    for same in alike.values():
        dropped |= {id(edge.line) for edge in _running(same, min_count)}
    kept_pages = [
        replace(page, lines=tuple(line for line in page.lines if id(line) not in dropped))
        for page in pages
    ]
    if not any(page.lines for page in kept_pages):  # a form, or pages that hold nothing else
        return list(pages), 0
    return kept_pages, len(dropped)


def _running(same: list[_EdgeLine], min_count: int) -> list[_EdgeLine]:
    """Those of the lines alike that go."""
    usual = median(edge.height for edge in same)
    same = [e for e in same if e.is_apart or abs(e.height - usual) <= _SAME_HEIGHT]
    if len({edge.page.number for edge in same}) < min_count:
        return []
    if _PAGE_NUMBER.fullmatch(same[0].line.text.strip()):
        return same
    at_top = [edge for edge in same if edge.is_at_top]
    at_bottom = [edge for edge in same if not edge.is_at_top]
    return at_top[1:] + at_bottom[:-1]


def _edge_lines(page: Page) -> list[_EdgeLine]:
    top, bottom = margins_of(page)
    return [
        _EdgeLine(line, page, line.y0 < top)
        for line in page.lines
        if line.y0 < top or line.y1 > bottom
    ]


def _is_certain_number(text: str) -> bool:
    """Whether a line is a page number by itself, whatever other pages hold."""
    match = _CERTAIN_PAGE_NUMBER.fullmatch(text)
    return match is not None and (match[1] is None or int(match[1]) <= int(match[2]))


def _keys(line: Line, page: int, count: int) -> set[str]:
    """What a running line on this of so many pages has in common with those of other pages.

    Its text; and its text with how far each number that may be the page's is from it instead.
    """
    text = " ".join(line.text.split()).casefold()

    def offset(match: re.Match[str]) -> str:
        return f"#{int(match.group()) - page}"

    def offset_of_sure(match: re.Match[str]) -> str:
        number = int(match.group())
        is_sure = number >= _MIN_LONG_NUMBER or (number == page and len(line.cells) > 1)
        return offset(match) if is_sure else match.group()

    if _PAGE_NUMBER.fullmatch(text):
        return {_NUMBER.sub(offset, text, count=1)}
    numbered = _NAMED.sub(offset, text)
    if line.band not in BODY_BANDS:
        if numbered == text:
            numbered = _COUNTED.sub(offset, text)
        if numbered == text and count >= _MIN_PAGES:
            numbered = _AT_AN_END.sub(offset_of_sure, text)
    return {text, numbered}
