"""TXT and Markdown: one record per file, page or line."""

import re
from collections.abc import Iterator

from winnow.models import InvalidRecord, Record
from winnow.readers.documents import lines_of, records_of
from winnow.readers.source import Source

_STRUCK = re.compile(
    r"(?<!~)(~~|(?<!\w)~)(?=[^\s~])(?:[^~\n]|\n(?![ \t]*+\n)){1,2000}(?<=\S)"
    r"\1(?!~)(?:(?<=~~)|(?!\w))"
    r"|<(del|s|strike)>(?:[^<\n]|\n(?![ \t]*+\n)|<(?!/?\2>)){0,2000}</\2>",
    re.IGNORECASE,
)
"""Text that Markdown strikes through, as GitHub's does: in one paragraph."""
_COMMENT = re.compile(
    r"<!--|^[ ]{0,3}\[[^\]\n]{1,100}\]:[ \t]{1,20}(?:\#|<>)[ \t]{1,20}[(\"'][^\n]{0,2000}$",
    re.MULTILINE,
)
"""Where a comment begins, or one that is written as a link to nothing; no page shows it."""


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    r"""The text as it is in the file with line ends made `\n`; a form feed begins a page."""
    yield from records_of(source, lines_of(_text(source)))


def read_markdown(source: Source) -> Iterator[Record | InvalidRecord]:
    """The same, without what is struck through and without comments; other markup is text."""
    whole = _text(source)
    text = _without_comments(whole)
    if text != whole:
        source.note("hidden_text", "Comments, which the page does not show, were not read.")
    text, count = _STRUCK.subn("", text)
    if count:
        source.note("struck_text", "Text that is struck through was not read.")
    yield from records_of(source, lines_of(text))


def _text(source: Source) -> str:
    text = source.lines.read_all(source.limits.max_document_chars)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _without_comments(text: str) -> str:
    shown: list[str] = []
    at = 0
    while match := _COMMENT.search(text, at):
        end = match.end()
        if match.group() == "<!--":
            end = text.find("-->", end) + 3
            if end < 3:
                break
        shown.append(text[at : match.start()])
        at = end
    return "".join([*shown, text[at:]])
