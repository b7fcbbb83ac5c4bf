"""HTML: the text a reader would see, a block a line; tables as rows; what forms hold."""

import codecs
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import IO, Any

from winnow.parsers.refusal import too_long

_BLOCKS = frozenset(
    re.findall(
        r"\S+",
        """
        address article aside blockquote body center dd details dialog div dl dt fieldset
        figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu
        nav ol option p pre section summary table tbody tfoot thead title tr ul
        """,
    )
)
_UNSEEN = frozenset(
    re.findall(
        r"\S+",
        "head script style template noembed noframes noscript object iframe svg del datalist",
    )
)
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "wbr")
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_NOTHING = re.compile("[\u00ad\u200b\ufeff]")
"""Characters that have no width."""
_WITHOUT_TEXT = frozenset(("hidden", "password", "submit", "button", "reset", "image", "file"))
"""Kinds of inputs that show nothing that was entered."""


def parse(
    file: IO[bytes],
    limits: dict[str, int],
    emit: Callable[[list[Any]], None],
    _scratch: IO[bytes] | None,
) -> None:
    """Emit the text of UTF-8 HTML; what is declared of the encoding is the caller's to read."""
    reader = Text(limits, emit)
    # A character that two blocks share is put together again.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while block := file.read(1 << 16):
        reader.feed(decoder.decode(block))
    reader.feed(decoder.decode(b"", final=True))
    reader.close()
    reader.end()


class Text(HTMLParser):
    """Text to `emit`, as it is met."""

    def __init__(self, limits: dict[str, int], emit: Callable[[list[Any]], None]) -> None:
        super().__init__(convert_charrefs=True)
        self._limits = limits
        self._left = limits["max_document_chars"]
        self._emit = emit
        self._runs: list[str] = []
        self._line = 0
        self._unseen: list[str] = []
        """Open elements from the outermost that is not seen."""
        self._pre = 0
        self._table = 0
        self._tables: list[tuple[int, list[str]]] = []
        self._in_cell = False
        self._options: list[tuple[bool, list[str]]] | None = None
        """Of the open list to choose from: whether each entry is selected, and its text."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._unseen:
            if tag == "body" and self._unseen[0] == "head":  # a head that nobody closed
                self._unseen.clear()
            elif tag not in _VOID:
                self._unseen.append(tag)
                return
            else:
                return
        if tag in _UNSEEN or (tag not in _VOID and _is_hidden(dict(attrs))):
            if tag != "del":
                self._close_block()
            self._unseen.append(tag)
            return
        if tag == "br":
            self._runs.append("\n")
        elif tag == "input":
            self._set_off(_entered(dict(attrs)))
        elif tag in ("textarea", "button"):
            self._set_off("")
        elif tag == "select":
            self._options = []
        elif tag == "option" and self._options is not None:
            self._options.append(("selected" in dict(attrs), []))
        elif tag in ("td", "th"):
            self._close_cell()
            self._in_cell = bool(self._tables)
        elif tag == "table":
            # What stands before a table inside a cell comes before its rows.
            self._close_row()
            self._flush()
            self._table += 1
            self._tables.append((self._table, []))
        elif tag == "tr":
            self._close_row()
        elif tag in _BLOCKS:
            self._close_block()
        if tag == "pre":
            self._pre += 1

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            if tag in self._unseen:
                del self._unseen[len(self._unseen) - 1 - self._unseen[::-1].index(tag) :]
            return
        if tag == "select":
            self._close_select()
        elif tag in ("td", "th"):
            self._close_cell()
        elif tag == "tr":
            self._close_row()
        elif tag == "table" and self._tables:
            self._close_row()
            self._tables.pop()
            self._in_cell = False
        elif tag in _BLOCKS:
            self._close_block()
        if tag == "pre" and self._pre:
            self._pre -= 1

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        self._left -= len(data)
        if self._left < 0:
            raise too_long(self._limits)
        text = _NOTHING.sub("", data if self._pre else _SPACE.sub(" ", data))
        if self._options is None:
            after_space = self._runs and self._runs[-1].endswith(" ") and not self._pre
            self._runs.append(text.removeprefix(" ") if after_space else text)
        elif self._options:
            self._options[-1][1].append(text)

    def end(self) -> None:
        """Emit what no element has closed."""
        self._close_select()
        while self._tables:
            self._close_row()
            self._tables.pop()
        self._flush()

    def _close_block(self) -> None:
        if self._in_cell:
            self._runs.append("\n")
        else:
            self._flush()

    def _flush(self) -> None:
        for line in self._text().split("\n"):
            if stripped := line.strip():
                self._line += 1
                self._emit(["text", stripped + "\n", None, self._line])

    def _close_select(self) -> None:
        """A list shows what is selected, else its first entry."""
        options = self._options or []
        shown = [text for selected, text in options if selected] or [
            text for _, text in options[:1]
        ]
        self._options = None
        for text in shown:
            self._set_off("".join(text).strip())

    def _set_off(self, text: str) -> None:
        """Text with a space on either side."""
        if self._runs and not self._runs[-1].endswith(" "):
            self._runs.append(" ")
        if text:
            self._runs += (text, " ")

    def _close_cell(self) -> None:
        if not self._in_cell:
            self._flush()
            return
        lines = (line.strip() for line in self._text().split("\n"))
        self._tables[-1][1].append("\n".join(filter(None, lines)))
        self._in_cell = False

    def _close_row(self) -> None:
        self._close_cell()
        if not self._tables:
            return
        number, cells = self._tables[-1]
        if any(cells):
            self._line += 1
            self._emit(["row", number, list(cells), None, self._line])
        cells.clear()

    def _text(self) -> str:
        text = "".join(self._runs)
        self._runs = []
        return text


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style") or ""))


def _entered(attributes: dict[str, str | None]) -> str:
    """What an input shows."""
    kind = (attributes.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return "[x]" if "checked" in attributes else "[ ]"
    return "" if kind in _WITHOUT_TEXT else attributes.get("value") or ""
