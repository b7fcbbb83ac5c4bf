"""The text of a web page that a browser would show: a line a block, tables as rows, form values.

The element that a text stands in is found as the HTML standard says
(https://html.spec.whatwg.org/#tree-construction): end tags that are left out, tags that close
others, formatting that is closed in the wrong order. What the standard finds by walking up the open
elements is found here by where each kind of them was opened last, so that a page takes time in
proportion to its length, whatever is in it.
"""

import re
from bisect import insort
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import IO, Any, NamedTuple

from winnow.parsers.errors import too_long
from winnow.parsers.html.drawn_answers import drawn_answer
from winnow.parsers.html.elements import (
    BETWEEN_CELLS,
    BLOCKS,
    BOX_ROLES,
    BOXES,
    BREAKS_OUT,
    CLOSES_P,
    DRAWN,
    FOREIGN,
    FORMATTING,
    FORMULA_SIGNS,
    HEADINGS,
    IGNORED,
    IMPLIED,
    INPUTS_WITHOUT_TEXT,
    LEFT_OUT_IN_SELECT,
    LOOK_ATTRIBUTES,
    MARKERS,
    NEEDS_ROOM,
    NOT_INLINE,
    PREFORMATTED,
    REPLACED,
    SCOPE,
    SPECIAL,
    STRUCK,
    TABLE_PARTS,
    UNSEEN,
    VOID,
    kinds_of,
)
from winnow.parsers.html.lists import Options
from winnow.parsers.html.markup import Attributes, Markup, Tag, style_sheets
from winnow.parsers.html.open_tables import OpenTables
from winnow.parsers.html.style_sheets import (
    ALL_KEPT,
    COLLAPSED,
    NOTHING,
    TRANSPARENT,
    Matched,
    Siblings,
    Style,
    StyleSheet,
    colour,
    family,
    font_is_nothing,
    hides,
    inline_style,
    laid_over,
    strikes,
    white_space,
)
from winnow.parsers.marks import UNKNOWN, UNKNOWN_NOTE, from_symbol_font, symbol_font
from winnow.parsers.merged_cells import Cell
from winnow.parsers.superscripts import is_read_into

_SPACE = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_BLANKS = re.compile(r"[ \t\f\v\u00a0]+")
_NOTHING = re.compile("[\u00ad\u200b\ufeff]")
"""Characters without width."""
_LABELLED = re.compile(r"""\bfor\s*=\s*["']?([^\s"'<>]{1,200})""", re.IGNORECASE)
_XHTML = re.compile(
    r"""<html\s[^>]{0,2000}?\bxmlns\s{0,9}=\s{0,9}["']http://www\.w3\.org/1999/xhtml["']""",
    re.IGNORECASE,
)
_HEAD = 5_000
"""Characters in which a page says what it is."""
_CELL = "\x1f"
"""Between the cells of a row that styles make of other elements."""
_AROUND_LINES = " \t\n\r\f\v\u00a0" + _CELL
_MAX_TERM = 1_000
_BLOCK_DISPLAYS = frozenset(("block", "list-item", "flow-root", "table-caption"))
_ROW_DISPLAYS = frozenset(
    ("table", "table-row", "table-row-group", "table-header-group", "table-footer-group")
)
_FLEX_DISPLAYS = frozenset(("flex", "grid"))
_LINE_DISPLAYS = frozenset(("inline-flex", "inline-grid", "inline-table"))
_ITEMS = frozenset(("flex", "column", "line"))
"""What makes boxes of all elements in it, and shows no blanks between them."""
_MAX_CACHED_NAMES = 1_000
_MAX_BETWEEN = 100
_MAX_SWALLOWED = 100
"""Characters that may be lost with a tag that is cut off at the end, without a word."""


def parse(
    file: IO[bytes],
    limits: dict[str, int],
    emit: Callable[[list[Any]], None],
    _scratch: IO[bytes] | None,
) -> None:
    """Emit the text of UTF-8 HTML; what is declared of the encoding is the caller's to read.

    With `limits["xhtml"]`, it is read as XML where it is XHTML: a browser goes by the file's name.
    With `limits["without_scripts"]`, it is shown as a mail program shows it, which runs no scripts.
    """
    text = file.read().decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    xml = bool(limits.get("xhtml") and _XHTML.search(text[:_HEAD]))
    scripts = not limits.get("without_scripts")
    HtmlTextExtractor(text, limits, emit, xml=xml, scripts=scripts).read()


class _Look(NamedTuple):
    """What an element hands down to those in it."""

    visible: bool = True
    space: int = COLLAPSED
    no_size: bool = False
    raised: bool = False
    ink: str | None = "000000"
    paper: str | None = "ffffff"
    fill: str | None = None
    """What letters are filled with instead of their colour."""
    struck: bool = False
    font: str = ""
    """The symbol font of its letters; "" for fonts of letters."""


class _Open(NamedTuple):
    """An open element."""

    tag: str
    unseen: bool
    """Whether it is, or is in, an element whose text is not meant to be seen."""
    hidden: int
    """How many elements around it, itself among them, are hidden by attributes or styles."""
    hides: bool
    look: _Look
    matched: Matched
    """What rules of the style sheets ask for and this element is."""
    siblings: Siblings
    """What the elements were that are directly inside of it."""
    struck: bool = False
    """Whether what is hidden in it is struck through, or deleted."""
    flow: str = ""
    """What styles make of it: `block`, `cell`, `row` (of such cells), `flex` (whose children are
    cells), `column` (whose children are blocks), `line` (whose children are apart), `apart` from
    the words around it, with where it is from the top; or nothing."""


_PLAIN = _Look()
_ALONE = Siblings()
"""Of an element that no rule asks for its siblings."""


class _Places(dict[str, list[int]]):
    """Where elements of each kind were opened: the last place of any of them, at once."""

    def __missing__(self, kind: str) -> list[int]:
        places = self[kind] = [-1]
        return places

    def last(self, kind: str) -> int:
        """The place of the innermost open element of a kind; -1 if there is none."""
        return self[kind][-1]


class _Kinds(dict[str, tuple[str, ...]]):
    def __missing__(self, tag: str) -> tuple[str, ...]:
        kinds = kinds_of(tag)
        if len(self) < _MAX_CACHED_NAMES:
            self[tag] = kinds
        return kinds


class HtmlTextExtractor:
    """Emits the text of one page in the order of the file."""

    def __init__(
        self,
        text: str,
        limits: dict[str, int],
        emit: Callable[[list[Any]], None],
        *,
        xml: bool = False,
        scripts: bool = True,
    ) -> None:
        self._page = text
        self._xml = xml
        self._markup = Markup(text, xml=xml, scripts=scripts)
        self._sheet = StyleSheet(style_sheets(text, xml=xml, scripts=scripts))
        self._limits = limits
        self._left = limits["max_document_chars"]
        self._emit = emit
        self._quirks = not xml and "<!doctype" not in text[:_HEAD].lower()
        # -- the open elements
        self._open = [_Open("html", False, 0, False, _PLAIN, NOTHING, self._siblings())]
        self._html({})
        self._places = _Places()
        self._kinds = _Kinds()
        self._form = False
        self._hiding: list[list[tuple[int, _Open]]] = [[]]
        """Formatting that hides and was not closed, and its place; a list a table cell."""
        self._dead: list[int] = []
        """Places of formatting that hides and was closed while blocks in it are open."""
        # -- the text
        self._runs: list[str] = []
        self._line = 0
        self._tables = OpenTables(self._emit_row, self._emit_line)
        self._css_table = 0
        """The table of the last line, if styles made that a row."""
        self._term = ""
        """Of a list of descriptions: what the text that follows is of."""
        self._term_at = 0
        self._has_description = False
        self._above = ""
        """Where the text before is from the top, if it has a place of its own."""
        self._formulas: list[tuple[int, _Open]] = []
        """Open parts of formulas that are written with a sign, and their places."""
        self._formula_parts: list[int] = []
        """How many parts each of them has had."""
        self._formula_ended = False
        """Whether a power or a fraction ends here."""
        self._options: Options | None = None
        """The entries of the open selection list."""
        self._boxes: list[tuple[int, _Open]] = []
        """Open elements that are boxes by their role, and their places."""
        self._labels: dict[str, bool] = {}
        """Of each box that had its label, whether that was seen."""
        self._unlabelled: dict[str, str] = {}
        """What boxes show that wait for their labels, by their ids."""
        self._hidden = False
        self._struck = False
        self._symbols = False
        """Whether a sign or a box is not known."""
        self._like_paper = False
        self._framed = False
        """Whether a frame has a page of its own in it."""
        self._drawn = False
        """Whether a drawing contains text."""
        self._raised = False
        """Whether the text before was raised."""

    def read(self) -> None:
        """Emit everything."""
        for token in self._markup:
            if isinstance(token, str):
                self._data(token)
            elif token.end:
                self._end(token.name)
            else:
                self._begin(token)
        self._cut(1)
        self._close_select()
        while self._tables:
            self._close_table()
        self._flush()
        self._notes()

    def _notes(self) -> None:
        if self._hidden:
            self._emit(
                [
                    "note",
                    "hidden_text",
                    "Text that the page's own styles hide was left out.",
                ]
            )
        if self._struck:
            self._emit(["note", "struck_text", "Text that is struck through was not read."])
        if self._symbols:
            self._emit(["note", *UNKNOWN_NOTE])
        if self._sheet.incomplete:
            self._emit(
                [
                    "note",
                    "styles_left_out",
                    "Some of the page's style rules were not followed: text that they hide may "
                    "have been read.",
                ]
            )
        if self._like_paper:
            self._emit(
                [
                    "note",
                    "same_colour",
                    "Text in the colour of its background was read; a reader may not see it.",
                ]
            )
        if self._drawn:
            self._emit(["note", "drawings_left_out", "Text in drawings was not read."])
        if self._framed:
            self._emit(["note", "parts_left_out", "Pages in frames of the page were not read."])
        if self._markup.swallowed > _MAX_SWALLOWED:
            self._emit(
                [
                    "note",
                    "markup_not_closed",
                    "A tag, comment or script is not closed: what follows it is not text, as in a "
                    "browser.",
                ]
            )

    # -- open elements -----------------------------------------------------------------------------

    def _push(self, tag: str, attributes: Attributes, *, foster: bool = False) -> _Open:
        above = self._open[-1]
        around = self._open[self._places.last("table") - 1] if foster else above
        style: Style = {}
        matched = NOTHING
        if self._sheet.concerns(tag, attributes):
            style = self._sheet.style(tag, attributes, above.matched, above.siblings)
            matched = self._sheet.entered(tag, attributes, above.matched, above.siblings)
        if self._sheet.has_siblings:
            above.siblings.add(matched)
        look = around.look
        if tag in PREFORMATTED:
            look = look._replace(space=ALL_KEPT)
        elif "nowrap" in attributes and tag in ("td", "th"):
            look = look._replace(space=COLLAPSED)
        hidden = False
        struck = around.struck
        if attributes or style:
            if own := attributes.get("style"):
                own_style = inline_style(own)
                style = laid_over(style, own_style) if style else own_style
            hidden = bool(style) and hides(style, inline=_is_inline(tag, style, around.flow))
            if ("hidden" in attributes or "popover" in attributes) and "display" not in style:
                hidden = True
            if style or not LOOK_ATTRIBUTES.isdisjoint(attributes):
                look = _look(tag, attributes, style, look)
        if strikes(style) or (tag in STRUCK and strikes(style) is None):
            struck = True
            if tag in FORMATTING:
                hidden = True
            elif tag != "del":  # a cell stays where it is, without its text
                look = look._replace(struck=True)
        if tag == "sup":
            look = look._replace(raised=True)
        if tag == "dialog" and "open" not in attributes and "display" not in style:
            hidden = True
        unseen = around.unseen or (
            tag in UNSEEN
            and not (tag == "template" and "shadowrootmode" in attributes)
            and not self._markup.holds_elements(tag)
        )
        flow = _flow(tag, style, around.flow)
        entry = _Open(
            *(tag, unseen, around.hidden + hidden, hidden, look, matched, self._siblings()),
            *(struck, flow),
        )
        at = len(self._open)
        self._open.append(entry)
        places = self._places
        for kind in self._kinds[tag]:
            places[kind].append(at)
        if tag in MARKERS:
            self._hiding.append([])
        if hidden and tag in FORMATTING:
            self._hiding[-1].append((at, entry))
        return entry

    def _siblings(self) -> Siblings:
        return Siblings() if self._sheet.has_siblings else _ALONE

    def _cut(self, at: int) -> None:
        """Close the elements from this place on."""
        open_, places = self._open, self._places
        for place in range(len(open_) - 1, max(at, 1) - 1, -1):
            entry = open_[-1]
            if self._seen():
                self._closed(entry)
            open_.pop()
            tag = entry.tag
            for kind in self._kinds[tag]:
                if places[kind][-1] == place:
                    places[kind].pop()
            if tag in MARKERS and len(self._hiding) > 1:
                self._hiding.pop()
            if self._dead and self._dead[-1] == place:
                self._dead.pop()
            if entry.matched:
                self._sheet.left(entry.matched)
            if tag == "form":
                self._form = False
            elif tag in FOREIGN or tag[0] == "/":
                self._markup.foreign = self._is_foreign()

    def _seen(self) -> bool:
        """Whether what is here is shown."""
        top = self._open[-1]
        if top.unseen:
            return False
        if not top.hidden and not self._hiding[-1]:
            return True
        return not self._hidden_here(top)

    def _hidden_here(self, top: _Open) -> bool:
        if top.hidden > len(self._dead):
            return True
        # Formatting that its paragraph has closed goes on in the next one.
        return any(not self._is_open(at, entry) for at, entry in self._hiding[-1])

    def _is_open(self, at: int, entry: _Open) -> bool:
        return at < len(self._open) and self._open[at] is entry

    def _in_scope(self, tag: str, *barriers: str) -> bool:
        at = self._places.last(tag)
        return at > self._places.last(" scope") and all(
            at > self._places.last(barrier) for barrier in barriers
        )

    def _close_p(self) -> None:
        if self._in_scope("p", "button"):
            self._cut(self._places.last("p"))

    # -- tags --------------------------------------------------------------------------------------

    def _begin(self, token: Tag) -> None:
        """A start tag, which may be the end as well."""
        before = self._open[-1]
        closes = token.closed and (self._xml or self._markup.foreign or token.name in FOREIGN)
        self._start(token)
        top = self._open[-1]
        if closes and top is not before and top.tag in (token.name, f"/{token.name}"):
            self._end(token.name)

    def _start(self, token: Tag) -> None:
        tag, attributes = token.name, token.attributes
        if tag in IGNORED:
            if tag == "body":
                self._body(attributes)
            elif tag == "html" and len(self._open) == 1:
                self._html(attributes)
            return
        if self._markup.foreign:
            if tag not in BREAKS_OUT:
                self._begin_formula_part()
                entry = self._push(f"/{tag}", attributes)
                if entry.tag in FORMULA_SIGNS:
                    self._begin_formula(entry)
                self._markup.foreign = self._is_foreign()
                return
            self._break_out()
        if tag == "image":
            tag = "img"
        last = self._places.last
        if last("select") > 0 and last("select") == last(" scope") and self._start_in_select(tag):
            return
        foster = False
        if tag in TABLE_PARTS:
            if not self._start_in_table(tag):
                return
        else:
            if tag in NEEDS_ROOM:
                self._make_room(tag)
            foster = self._open[-1].tag in BETWEEN_CELLS
        if tag == "form" and not self._begin_form():
            return
        if tag in ("a", "nobr") and (self._hiding[-1] or last(tag) > last(" scope")):
            self._end_formatting(tag)
        if token.text is not None:
            self._text_element(token)
            return
        before = self._seen()
        if before and tag == "svg" and not self._is_hidden("img", attributes):
            self._draw(tag, attributes)
        if tag in VOID:
            if before and not self._is_hidden(tag, attributes):
                self._void(tag, attributes)
            elif tag == "input":
                self._hidden_box(attributes, before)
            return
        self._push(tag, attributes, foster=foster)
        if tag in FOREIGN:
            self._markup.foreign = True
        if tag == "label" and "for" in attributes:
            self._label(attributes["for"])
        if self._options is not None:
            self._open_option(tag, attributes)
        if self._seen():
            self._opened(tag, attributes)
            if "class" in attributes or "role" in attributes:
                self._draw(tag, attributes)
            if "role" in attributes:
                self._open_box(attributes)
        elif before and tag in BLOCKS and self._options is None:
            self._close_block()
        elif before and tag in REPLACED:
            self._set_off("")

    def _begin_form(self) -> bool:
        """Whether a form that begins here contains what follows it."""
        last = self._places.last
        if self._form and last("template") < 0:
            return False  # a form in a form
        self._form = True
        # A form between cells holds nothing.
        return last("table") <= max(last("td"), last("th"), last("caption"), last("template"))

    def _body(self, attributes: Attributes) -> None:
        """The attributes of the body are those of all that is in it."""
        if len(self._open) == 1:
            self._push("body", attributes)

    def _html(self, attributes: Attributes) -> None:
        """Rules may ask for what the whole page is in."""
        root = self._open[0]
        self._sheet.left(root.matched)
        matched = self._sheet.entered("html", attributes, NOTHING, root.siblings)
        self._open[0] = root._replace(matched=matched)

    def _make_room(self, tag: str) -> None:
        """Close what an element of this name cannot be in."""
        last = self._places.last
        if tag == "table":
            if not self._quirks:
                self._close_p()
            at = last("table")
            if at > 0 and at > max(last("td"), last("th"), last("caption"), last("template")):
                self._cut(at)  # a table in a table, but in no cell of it
        elif tag in CLOSES_P:
            if tag in ("li", "dd", "dt"):
                stop = last(" stop")
                other = self._open[stop].tag if stop > 0 else ""
                if other == tag or {other, tag} == {"dd", "dt"}:
                    self._cut(stop)
            self._close_p()
            if tag in HEADINGS and self._open[-1].tag in HEADINGS:
                self._cut(len(self._open) - 1)
        elif tag == "button":
            if self._in_scope("button"):
                self._cut(last("button"))
        elif tag in ("option", "optgroup"):
            if self._open[-1].tag == "option":
                self._cut(len(self._open) - 1)
        elif tag in ("rb", "rt", "rtc", "rp") and self._in_scope("ruby"):
            while self._open[-1].tag in IMPLIED and not (
                tag in ("rt", "rp") and self._open[-1].tag == "rtc"
            ):
                self._cut(len(self._open) - 1)

    def _start_in_table(self, tag: str) -> bool:
        """Close what a part of a table ends; False where there is no table."""
        last = self._places.last
        table = last("table")
        if table <= last("template"):
            if self._seen():
                self._close_block()
            return False
        section = last(" section") if last(" section") > table else table
        if tag in ("td", "th"):
            row = last("tr")
            if row > table:
                self._cut(row + 1)
            else:
                self._cut(section + 1)
                self._push("tr", {})
                if self._seen():
                    self._opened("tr", {})
        elif tag == "tr":
            self._cut(section + 1)
        else:
            self._cut(table + 1)
        return True

    def _start_in_select(self, tag: str) -> bool:
        """Whether a tag inside a `select` is done with, since a `select` cannot contain it."""
        at = self._places.last("select")
        if tag in ("select", "input", "keygen", "textarea"):
            self._cut(at)
            return tag == "select"
        if tag in LEFT_OUT_IN_SELECT and self._places.last("table") > 0:
            self._cut(at)
            return False
        if tag == "optgroup" and self._open[-1].tag == "option":
            self._cut(len(self._open) - 1)
        if tag in ("option", "optgroup") and self._open[-1].tag == tag:
            self._cut(len(self._open) - 1)
        return tag not in ("option", "optgroup", "script", "template", "style")

    def _break_out(self) -> None:
        """A tag that cannot be part of a drawing ends it, but for a page that is in one."""
        last = self._places.last
        while last(" foreign") > last(" point"):
            self._cut(last(" foreign"))
        self._markup.foreign = False

    def _is_foreign(self) -> bool:
        """Whether what is here is part of a drawing or a formula."""
        return self._places.last(" foreign") > self._places.last(" point")

    def _text_element(self, token: Tag) -> None:
        """An element that contains only text; its end tag follows."""
        tag = token.name
        self._open[-1].siblings.add(NOTHING)
        if tag == "textarea" and self._seen() and not self._is_hidden(tag, token.attributes):
            self._set_off("")
            self._push(tag, token.attributes)
            self._data((token.text or "").removeprefix("\n"))
            self._cut(len(self._open) - 1)
            self._set_off("")
        elif tag == "xmp":
            self._push("pre", token.attributes)
            if self._seen():
                self._opened("pre", token.attributes)
            self._data(token.text or "")
            self._cut(len(self._open) - 1)
        elif tag in REPLACED and self._seen():
            self._set_off("")
            if token.attributes.get("srcdoc", "").strip():
                # Its own text is never seen; what else is replaced may be.
                self._framed = self._framed or not self._is_hidden("img", token.attributes)

    def _is_hidden(self, tag: str, attributes: Attributes) -> bool:
        if not attributes and not self._sheet.concerns(tag, attributes):
            self._open[-1].siblings.add(NOTHING)
            return False
        entry = self._push(tag, attributes)
        at = len(self._open) - 1
        hidden = not self._seen() or not entry.look.visible
        self._open.pop()
        for kind in self._kinds[tag]:
            if self._places[kind][-1] == at:
                self._places[kind].pop()
        self._sheet.left(entry.matched)
        return hidden

    def _end(self, tag: str) -> None:
        last = self._places.last
        if tag in ("body", "html", "head") or tag in VOID:
            if tag == "br":
                self._start(Tag("br", {}))
            return
        if self._end_foreign(tag):
            return
        at = last(tag)
        if tag == "p":
            if self._in_scope("p", "button"):
                self._cut(at)
            elif self._seen():
                self._close_block()
        elif tag in TABLE_PARTS or tag == "table":
            if at > max(last("template"), -1 if tag == "table" else last("table")) and at > 0:
                self._cut(at)
        elif tag in HEADINGS:
            if last(" heading") > last(" scope"):
                self._cut(last(" heading"))
        elif tag == "li":
            if self._in_scope("li", "ol", "ul"):
                self._cut(at)
        elif tag in FORMATTING:
            self._end_formatting(tag)
        elif tag in ("template", "svg", "math", "select"):
            if at > 0 and (tag == "template" or at > last("template")):
                self._cut(at)
        elif tag == "form":
            self._form = False
            if at > last(" scope"):
                self._end_form(at)
        elif tag in SPECIAL:
            scope = last(" scope")
            if at > 0 and (at > scope or (at == scope and tag in SCOPE)):
                self._cut(at)
        elif at > 0 and at > last(" special"):
            self._cut(at)

    def _end_foreign(self, tag: str) -> bool:
        """Whether the tag ends a part of a drawing or a formula."""
        last = self._places.last
        if self._markup.foreign and (tag not in FOREIGN or last(f"/{tag}") > last(" foreign")):
            if tag == "p":
                self._break_out()
                return False
            is_open = last(f"/{tag}") > last(" foreign")
        else:
            is_open = last(" point") > 0 and last(f"/{tag}") > last(" special")
        if is_open:
            self._cut(last(f"/{tag}"))
        return is_open

    def _end_form(self, at: int) -> None:
        """A form ends; what was opened in it and is no paragraph or item stays open."""
        top = len(self._open) - 1
        while top > at and self._open[top].tag in IMPLIED:
            top -= 1
        self._cut(top + 1)
        if top == at:
            self._cut(at)
            return
        self._places["form"].pop()

    def _end_formatting(self, tag: str) -> None:
        """The end of formatting, which may be closed after blocks that are in it."""
        waiting = self._hiding[-1]
        for index in range(len(waiting) - 1, max(-1, len(waiting) - 100), -1):
            at, entry = waiting[index]
            if entry.tag != tag:
                continue
            if self._places.last(tag) > at:
                break  # another is closed, which hides nothing
            del waiting[index]
            if at <= self._places.last(" special") and self._is_open(at, entry):
                insort(self._dead, at)  # the blocks in it are shown from here on
            break
        at = self._places.last(tag)
        if at > self._places.last(" special"):
            self._cut(at)
        elif at > self._places.last(" scope"):
            self._places[tag].pop()
            # The blocks in it are taken out of what else stands around them.
            block = self._places.last(" special")
            self._cut(block + 1)
            for place in range(at + 1, min(at + _MAX_BETWEEN, block)):
                between = self._open[place]
                if between.hides and between.tag not in FORMATTING | SPECIAL:
                    insort(self._dead, place)

    # -- text --------------------------------------------------------------------------------------

    def _opened(self, tag: str, attributes: Attributes) -> None:
        """An element that is seen begins."""
        if tag == "button":
            self._set_off("")
        elif tag == "select":
            self._options = Options(attributes)
        elif tag in ("option", "optgroup") and self._options is not None:
            pass
        elif tag in ("td", "th"):
            self._close_cell()
            if self._tables:
                self._tables.begin_cell(_span(attributes, "colspan"), _span(attributes, "rowspan"))
        elif tag == "table":
            self._close_part()
            self._tables.begin_table()
        elif tag == "tr":
            self._close_row()
        elif self._open[-1].flow.startswith(("apart", "line")) and tag not in BLOCKS:
            top = self._open[-1].flow.removeprefix("apart").strip()
            if self._above and top and top != self._above:
                self._close_block()
            else:
                self._set_off("")
        elif self._open[-1].flow == "cell":
            if self._runs and self._runs[-1][-1:] != "\n":
                self._runs.append(_CELL)
        elif tag in BLOCKS or self._open[-1].flow:
            self._close_block()
            if tag in ("dt", "dd"):
                self._begin_described(tag)

    def _closed(self, entry: _Open) -> None:
        """An element that is seen ends."""
        tag = entry.tag
        if tag in FORMULA_SIGNS:
            self._formula_ended = True
        elif tag == "select":
            self._close_select()
        elif tag in ("td", "th"):
            self._close_cell()
        elif tag == "tr":
            self._close_row()
        elif tag == "table":
            if self._tables:
                self._close_table()
        elif tag == "button":
            self._set_off("")
        elif tag == "dt" and self._options is None:
            self._end_term()
        elif entry.flow.startswith(("apart", "line")) and tag not in BLOCKS:
            self._set_off("")
            self._above = entry.flow.removeprefix("apart").strip()
        elif (tag in BLOCKS or entry.flow) and entry.flow != "cell" and self._options is None:
            if tag == "dl":
                self._leave_term()
            self._close_block()

    # -- lists of descriptions: what is described, and its description, on one line

    def _begin_described(self, tag: str) -> None:
        if tag == "dd":
            self._has_description = True
            return
        if self._has_description:
            self._leave_term()
        self._term_at = len(self._runs)

    def _end_term(self) -> None:
        term = " ".join("".join(self._runs[self._term_at :]).split())
        del self._runs[self._term_at :]
        self._term = ", ".join(filter(None, (self._term, term)))[:_MAX_TERM]
        self._has_description = False

    def _write_term(self) -> None:
        """What is described, before the first text of its description."""
        if self._term and self._has_description:
            self._runs.append(f"{self._term} " if self._term[-1] in ":?" else f"{self._term}: ")
            self._term = ""

    def _leave_term(self) -> None:
        """What is described, where nothing is said of it."""
        if self._term:
            self._write_term()
            self._runs.append(self._term or "___")
            self._term = ""
            self._close_block()
        self._has_description = False

    def _void(self, tag: str, attributes: Attributes) -> None:
        if tag == "br":
            self._runs.append("\n")
        elif tag == "hr":
            self._close_block()
        elif tag == "input" and not self._open[-1].look.struck:
            kind = (attributes.get("type") or "text").lower()
            self._set_off(self._box(attributes) if kind in BOXES else _entered(kind, attributes))
        elif tag == "img":
            self._draw(tag, attributes)

    def _draw(self, tag: str, attributes: Attributes) -> None:
        """A picture or an icon, if it is an answer; on buttons it is none."""
        look = self._open[-1].look
        if look.struck or not look.visible or self._places.last("button") >= 0:
            return
        if answer := drawn_answer(tag, attributes):
            self._set_off(answer)

    def _box(self, attributes: Attributes) -> str:
        """What an input shows that is ticked, unless it is part of a box by its role."""
        while self._boxes and not self._is_open(*self._boxes[-1]):
            self._boxes.pop()
        if self._boxes:
            return ""
        return "[x]" if "checked" in attributes else "[ ]"

    def _hidden_box(self, attributes: Attributes, seen: bool) -> None:
        """Read an input that is hidden: what stands for it is drawn by its label, or beside it."""
        top = self._open[-1]
        if (attributes.get("type") or "").lower() not in BOXES or top.unseen or top.struck:
            return
        label = attributes.get("id", "")
        if label in self._labels:
            seen = self._labels[label]
        elif label and label in self._labelled:
            self._unlabelled[label] = self._box(attributes)
            return
        if seen:
            self._set_off(self._box(attributes))

    def _label(self, name: str) -> None:
        """The label of a box begins; it shows what a hidden one is."""
        box = self._unlabelled.pop(name, "")
        seen = self._seen() and self._open[-1].look.visible
        self._labels[name] = seen
        if seen:
            self._set_off(box)

    @cached_property
    def _labelled(self) -> frozenset[str]:
        """The ids that labels name."""
        return frozenset(_LABELLED.findall(self._page))

    def _open_box(self, attributes: Attributes) -> None:
        """An element that is seen may be a box by its role, which a script ticks."""
        look = self._open[-1].look
        if (
            look.struck
            or not look.visible
            or not BOX_ROLES & set(attributes["role"].lower().split())
        ):
            return
        self._boxes.append((len(self._open) - 1, self._open[-1]))
        state = attributes.get("aria-checked", "false").lower()
        self._set_off({"true": "[x]", "false": "[ ]"}.get(state, UNKNOWN))
        self._symbols = self._symbols or state not in ("true", "false")

    def _open_option(self, tag: str, attributes: Attributes) -> None:
        """An entry of a selection list begins, or a group of them, seen or not."""
        top = self._open[-1]
        if self._options is None or top.unseen:
            return
        if tag == "optgroup":
            self._options.begin_group(disabled="disabled" in attributes)
        elif tag == "option":
            if self._places.last("optgroup") < self._places.last("select"):
                self._options.begin_group(disabled=False)
            self._options.begin(attributes, hidden=not self._seen() or not top.look.visible)

    def _begin_formula(self, entry: _Open) -> None:
        self._formulas.append((len(self._open) - 1, entry))
        self._formula_parts.append(0)
        if entry.tag == "/mfrac" and self._runs and self._runs[-1][-1:].isalnum() and self._seen():
            self._runs.append(" ")  # of 2 1/2
            self._formula_ended = False

    def _begin_formula_part(self) -> None:
        """What begins may be the exponent of a power, or what is under the line of a fraction."""
        while self._formulas and not self._is_open(*self._formulas[-1]):
            self._formulas.pop()
            self._formula_parts.pop()
        if not self._formulas or self._formulas[-1][0] != len(self._open) - 1:
            return
        self._formula_parts[-1] += 1
        place, sign = FORMULA_SIGNS[self._formulas[-1][1].tag]
        if self._formula_parts[-1] == place and self._seen():
            self._runs.append(sign)
            self._formula_ended = False

    def _data(self, data: str) -> None:
        top = self._open[-1]
        if self._options is not None and not top.unseen:
            if top.tag == "option":
                self._left -= len(data)
                if self._left < 0:
                    raise too_long(self._limits)
                self._options.add(data)
            return
        if top.unseen:
            if top.tag in DRAWN and not top.hidden:
                self._drawn = self._drawn or not data.isspace()
            elif top.struck:
                self._struck = self._struck or not data.isspace()
            return
        if top.tag in FORMULA_SIGNS and data.isspace():
            return
        if self._above and not data.isspace():
            self._above = ""
        look = top.look
        if top.tag in BETWEEN_CELLS and (top.hidden or not look.visible):
            # Text between the rows of a table stands before the table.
            top = self._open[self._places.last("table") - 1]
            look = top.look
        if (top.hidden or self._hiding[-1]) and self._hidden_here(top):
            self._leave_out(top.struck or self._is_struck_on(), data)
            return
        if look is not _PLAIN and not self._shown(look, data):
            return
        self._left -= len(data)
        if self._left < 0:
            raise too_long(self._limits)
        text = data
        if look.space == COLLAPSED or (
            data.isspace() and (top.flow in _ITEMS or top.flow == "row")
        ):
            text = _SPACE.sub(" ", data)
        elif look.space != ALL_KEPT:
            text = _BLANKS.sub(" ", data)
        if look.font or not text.isascii():
            sign = from_symbol_font(_NOTHING.sub("", text), look.font)
            self._symbols = self._symbols or (UNKNOWN in sign and UNKNOWN not in text)
            text = sign
        if look.raised and not self._raised and is_read_into(self._runs, text):
            self._runs.append("^")
        self._raised = look.raised
        if self._term and self._has_description and not text.isspace():
            self._write_term()
        if self._formula_ended and text:
            self._formula_ended = False
            if text[:1].isalnum():
                self._runs.append(" ")
        after_space = look.space != ALL_KEPT and self._runs and self._runs[-1].endswith(" ")
        if text := text.removeprefix(" ") if after_space else text:
            self._runs.append(text)

    def _is_struck_on(self) -> bool:
        """Whether formatting goes on here that strikes text through."""
        return bool(self._hiding[-1]) and self._hiding[-1][-1][1].struck

    def _leave_out(self, struck: bool, data: str) -> None:
        if struck:
            self._struck = self._struck or not data.isspace()
        else:
            self._hidden = self._hidden or not data.isspace()

    def _shown(self, look: _Look, data: str) -> bool:
        """Whether text is shown, as far as its style tells."""
        ink = look.fill or look.ink
        if look.struck or not look.visible or look.no_size or ink == TRANSPARENT:
            self._leave_out(look.struck, data)
            return False
        if ink == look.paper and ink is not None:
            self._like_paper = self._like_paper or not data.isspace()
        return True

    def _close_block(self) -> None:
        if self._tables.in_cell:
            self._runs.append("\n")
        else:
            self._flush()

    def _flush(self) -> None:
        if not self._runs:
            return
        for line in self._text().split("\n"):
            if not (stripped := line.strip(_AROUND_LINES)):
                continue
            self._tables.lay_out()
            if _CELL in stripped:
                if not self._css_table:
                    self._css_table = self._tables.number()
                self._emit_row(self._css_table, [cell.strip() for cell in stripped.split(_CELL)])
            else:
                self._css_table = 0
                self._emit_line(stripped)

    def _emit_line(self, text: str) -> None:
        self._line += 1
        self._emit(["text", text + "\n", None, self._line])

    def _emit_row(self, table: int, cells: Sequence[Cell]) -> None:
        self._line += 1
        self._emit(["row", table, cells, None, self._line])

    def _close_select(self) -> None:
        """A selection list ends: what it shows is text in its own look."""
        if self._options is None:
            return
        shown = self._options.shown()
        self._options = None
        self._set_off("")
        self._data(shown)
        self._set_off("")

    def _set_off(self, text: str) -> None:
        """Text with a space on either side."""
        if text:
            self._write_term()
        if self._runs and not self._runs[-1].endswith(" "):
            self._runs.append(" ")
        if text:
            self._runs += (text, " ")

    def _close_part(self) -> None:
        """The text so far ends: in an open cell, a part of it."""
        if self._term:
            self._leave_term()
        if not self._tables.in_cell:
            self._flush()
            return
        lines = (line.strip() for line in self._text().replace(_CELL, "\t").split("\n"))
        self._tables.add("\n".join(filter(None, lines)))

    def _close_cell(self) -> None:
        self._close_part()
        if self._tables.in_cell:
            self._tables.end_cell()

    def _close_row(self) -> None:
        self._close_cell()
        if self._tables:
            self._count_repeated(self._tables.end_row())

    def _close_table(self) -> None:
        self._close_cell()
        self._count_repeated(self._tables.end_table())

    def _count_repeated(self, chars: int) -> None:
        self._left -= chars
        if self._left < 0:
            raise too_long(self._limits)

    def _text(self) -> str:
        text = "".join(self._runs)
        self._runs = []
        return text


def _flow(tag: str, style: Style, around: str) -> str:
    """What its style makes of an element that is in one of this kind."""
    display = style["display"][0] if "display" in style else ""
    if tag in ("td", "th", "tr", "table"):
        if tag in ("tr", "table") or display not in _FLEX_DISPLAYS:
            return ""
        return "column" if _runs_down(style) else "line"
    if display == "table-cell":
        return "cell"
    if display in _FLEX_DISPLAYS:
        return "column" if _runs_down(style) else "flex"
    if display in _ROW_DISPLAYS:
        return "row"
    if display in _BLOCK_DISPLAYS:
        return "block"
    if display in _LINE_DISPLAYS:
        return "line"
    if tag in BLOCKS:
        return ""
    if not display and around in ("flex", "column"):
        return "cell" if around == "flex" else "block"
    return _apart(display, style, around)


def _runs_down(style: Style) -> bool:
    """Whether the boxes of a flexible one stand below each other."""
    said = (style[name][0] for name in ("flex-direction", "flex-flow") if name in style)
    return any(value.startswith("column") for value in said)


def _apart(display: str, style: Style, around: str) -> str:
    """What stands apart in its line, by its own style or by that of the box that it is in."""
    position = style["position"][0] if "position" in style else ""
    if position in ("absolute", "fixed"):
        return f"apart {style['top'][0] if 'top' in style else ''}"
    floats = style["float"][0] if "float" in style else "none"
    if floats in ("left", "right", "inline-start", "inline-end") or around == "line":
        return "apart"
    return "apart" if display == "inline-block" and "width" in style else ""


def _is_inline(tag: str, style: Style, around: str) -> bool:
    """Whether an element is part of a line, as far as its name and `display` tell."""
    display = style["display"][0] if "display" in style else ""
    return display in ("", "inline", "contents") and not (
        tag in BLOCKS or tag in NOT_INLINE or around in _ITEMS
    )


def _look(tag: str, attributes: Attributes, style: Style, before: _Look) -> _Look:
    look = before
    if "visibility" in style:
        shown = style["visibility"][0]
        if shown != "inherit":
            look = look._replace(visible=shown not in ("hidden", "collapse"))
    if "vertical-align" in style:
        look = look._replace(raised=style["vertical-align"][0] == "super")
    if "font-size" in style:
        look = look._replace(no_size=font_is_nothing(style, before.no_size))
    space = white_space(style)
    if space is not None:
        look = look._replace(space=space)
    font = family(style) or attributes.get("face", "").split(",")[0] * (tag == "font")
    if font and font != "inherit":
        look = look._replace(font=symbol_font(font))
    ink = style["color"][0] if "color" in style else attributes.get("color", "") * (tag == "font")
    if ink:
        look = look._replace(ink=_drawn(ink, style))
    if "text-fill-color" in style:
        fill = style["text-fill-color"][0]
        plain = fill in ("currentcolor", "unset", "initial", "inherit")
        look = look._replace(fill=None if plain else _drawn(fill, style) or "unknown")
    paper = attributes.get("bgcolor", "")
    for name in ("background-color", "background"):
        if name in style:
            paper = style[name][0]
            break
    if paper or "background" in attributes:
        inline_style = colour(paper)
        if inline_style != TRANSPARENT:
            look = look._replace(paper=inline_style)
    return look


def _drawn(ink: str, style: Style) -> str | None:
    """A colour of letters; not known where the background, or a shadow, draws them."""
    found = colour(ink)
    if found == TRANSPARENT and (
        "text" in style.get("background-clip", style.get("background", ("", False)))[0].split()
        or style.get("text-shadow", ("none", False))[0] != "none"
    ):
        return None
    return found


def _span(attributes: Attributes, name: str) -> int:
    """How many columns or rows a cell covers; 1 where that is no number."""
    value = attributes.get(name) or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _entered(kind: str, attributes: Attributes) -> str:
    """What an input of a kind that is not ticked shows."""
    return "" if kind in INPUTS_WITHOUT_TEXT else attributes.get("value") or ""
