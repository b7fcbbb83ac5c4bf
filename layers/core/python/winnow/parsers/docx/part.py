"""One part of a Word file as a stream of XML: the text that its pages show."""

from collections.abc import Callable, Iterator

from winnow.parsers.docx.bullets import Numbering
from winnow.parsers.docx.fields import FieldCodes, FormField, shown_by
from winnow.parsers.docx.story import Document
from winnow.parsers.docx.styles import LOOKS, Look, Strikes, is_on, look_of
from winnow.parsers.errors import ParseError
from winnow.parsers.marks import OPEN, UNKNOWN, from_symbol_font, symbol
from winnow.parsers.merged_cells import MAX_COLUMNS, MAX_REPEATED, Cell, cell_of, covered, flat
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.superscripts import is_read_into

_WORD = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "http://purl.oclc.org/ooxml/wordprocessingml/main}",
)
_MATH = (
    "http://schemas.openxmlformats.org/officeDocument/2006/math}",
    "http://purl.oclc.org/ooxml/officeDocument/math}",
)
_REFERENCES = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
_COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WORD_2010 = "http://schemas.microsoft.com/office/word/2010/wordml}"
_VML = "urn:schemas-microsoft-com:vml}"
_DRAWING = (
    "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}",
    "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing}",
)
_MAX_DEPTH = 400
_MAX_INNER_TABLES = 6
"""Tables around each other of which each is read as one; a further one is text of its cell."""

Attributes = dict[str, str]


class _Table:
    """An open table."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.cells: list[Cell] = []
        self.parts: list[str | list[list[Cell]]] = []
        """The paragraphs of the open cell, and the rows of the tables in it."""
        self.rows: list[list[Cell]] = []
        """Of a table in a cell."""
        self.row_gone = False
        self.cell_gone = False
        self.in_cell = False
        self.has_own = False
        """Whether the open row has text that is of no row above."""
        self.columns = 1
        """How many columns the open cell covers."""
        self.merged: str | None = None
        """Whether the open cell begins one that covers several rows (`restart`), or goes on."""
        self.above: dict[int, str] = {}
        """The texts of cells that cover several rows, by their column."""
        self.muted = 0
        """In how many placeholders the open row is."""

    def begin_row(self) -> None:
        """A row begins."""
        self.cells.clear()
        self.row_gone = self.has_own = False

    def indent_row(self, columns: int) -> None:
        """The row begins so many columns to the right."""
        for column in range(columns):
            self.above.pop(column, None)
        self.cells += [""] * columns

    def begin_cell(self) -> None:
        """A cell begins."""
        self.parts = []
        self.cell_gone = False
        self.in_cell = True
        self.columns, self.merged = 1, None

    def end_cell(self) -> None:
        """The cell ends; one that covers several rows is in each of them."""
        self.in_cell = False
        if not self.cell_gone:
            column = len(self.cells)
            cell = cell_of(self.parts)
            self.has_own = self.has_own or bool(cell)
            if self.merged == "restart":
                is_short = isinstance(cell, str) and len(cell) <= MAX_REPEATED
                self.above[column] = flat(cell) if is_short else ""
            elif self.merged is None:
                self.above.pop(column, None)
            else:
                cell = cell or self.above.get(column, "")
            self.cells += [cell, *covered(self.columns, column)]
        self.parts = []


class _Control:
    """An open content control."""

    def __init__(self) -> None:
        self.placeholder = False
        self.plain = False
        self.is_picture = self.is_box = False
        self.binding: tuple[str | None, str | None] | None = None
        self.muted = 0
        """How many of its open contents are not what it shows."""
        self.value: str | None = None
        """What it shows instead, until it is written."""


class _Box:
    """What a text box interrupts: it is inside a run."""

    def __init__(self, part: "PartReader") -> None:
        self.runs = part.runs
        self.joins = part.joins
        self.style_hides = part.style_hides
        self.run_hides = part.run_hides
        self.direct = part.direct
        self.strikes = part.strikes
        self.box = part.box
        self.page = part.page
        self.look = part.look
        self.paragraph_look = part.paragraph_look
        self.hides = part.run_is_hidden
        """Whether the run that it is in is hidden, and so the box."""


class PartReader:
    """One XML part.

    Parts that share `seen` (the headers and footers of all sections) give each paragraph once. Of a
    part that `is_notes`, notes that no text refers to are left out.
    """

    def __init__(
        self,
        document: Document,
        name: str,
        *,
        seen: set[str] | None = None,
        is_notes: bool = False,
    ) -> None:
        self._document = document
        self._story = document.story
        self._name = name
        self._seen = seen
        self._is_notes = is_notes
        self._in_text = 0
        self._skip = 0
        self._drawings: list[bool] = []
        """Of each open drawing, whether it is hidden."""
        self._hidden = 0
        """In how many drawings and boxes that are hidden."""
        self._muted = 0
        """In how many contents that are not shown: no text of theirs is written."""
        self._depth = 0
        self.page = 0
        """Where the open paragraph or row began; 0 before its first letter."""
        self._written = 0
        """How often something was written: tells whether a choice had text."""
        self._paragraphs = 0
        """Open paragraphs: more than one in a text box."""
        self._follows_raised = False
        """Whether what was written last is raised."""
        self._in_properties = False
        """Of a paragraph."""
        self._in_row_properties = False
        self._fields = FieldCodes()
        self._in_code = 0
        """Text of the code of a field."""
        self._simple: list[tuple[str, int]] = []
        """Of each open field that is one element: its code, what was written before it."""
        self._form: FormField | None = None
        self._controls: list[_Control] = []
        self._choices: list[tuple[bool, int]] = []
        """Of each open choice of contents: whether one was taken, what was written before it."""
        self._delimiters: list[tuple[str, str]] = []
        self._boxes: list[_Box] = []
        self._tables: list[_Table] = []
        self.runs: list[str] = []
        self.joins = False
        """Whether the mark at the end of the paragraph is gone, or hidden."""
        self._new_paragraph()
        self._new_run()

    def _new_paragraph(self) -> None:
        styles = self._document.styles
        self.joins = False
        self._take_paragraph_look(styles.default)
        self.style_hides = styles.hidden.has(styles.default)
        self.strikes = Strikes(styles, styles.default)
        self.box = ""
        """The box that is the bullet of the open paragraph, until it is written."""
        self._numbering = Numbering(styles.default)

    def _new_run(self) -> None:
        self._in_run = False
        self.strikes.new_run()
        self.run_hides = False
        self.direct: bool | None = None
        """Whether the open run is marked as hidden."""
        self.look = self.paragraph_look

    def _take_paragraph_look(self, style: str) -> None:
        styles = self._document.styles
        self.paragraph_look = styles.look(style).over(styles.look(""))

    def read(self, blocks: Iterator[bytes]) -> None:
        """Write the part's text to the story."""
        parser = xml_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        feed(parser, blocks)
        self._flush()
        for line in self._fields.close():
            self._write(line)
            self._flush()

    def _start(self, tag: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ParseError("file_unreadable", "Its XML is nested too deeply.")
        if self._skip:
            self._skip += 1
            return
        handler = _STARTS.get(tag)
        if handler:
            handler[0](self, attributes, handler[1])

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._skip:
            self._skip -= 1
            return
        handler = _ENDS.get(tag)
        if handler:
            handler(self)

    def _data(self, data: str) -> None:
        if self._skip:
            return
        if self._in_text:
            self._write(data)
        elif self._in_code:
            self._fields.take_code(data)

    @property
    def run_is_hidden(self) -> bool:
        """Whether the open run is hidden, by itself or by styles."""
        return self.style_hides != self.run_hides if self.direct is None else self.direct

    def _write(self, text: str) -> None:
        if self._muted:
            return
        if self._hidden:
            self._written += 1  # the same in another form is hidden, too
        if self._hidden or self.run_is_hidden:
            self._story.hidden = self._story.hidden or bool(text.strip())
            return
        if self._fields.is_in_code:
            self._fields.take(text)
            return
        if self.strikes.out:
            self._story.struck = self._story.struck or bool(text.strip())
            return
        self._story.broken = False
        self._written += 1
        look = self.look
        if look.white and not (look.ground or self._tables or self._boxes):
            self._story.white = self._story.white or bool(text.strip())
        self.page = self.page or self._story.page
        if look.font or not text.isascii():
            text = from_symbol_font(text, look.font or "")
            text = text.replace("\u00ad", "").replace("\u200b", "")
            self._story.symbols = self._story.symbols or UNKNOWN in text
        if self.box and text.strip():
            self.runs.append(f"{self.box} ")
            self.box = ""
        if look.raised and not self._follows_raised and is_read_into(self.runs, text):
            self.runs.append("^")
        self._follows_raised = bool(look.raised)
        self.runs.append(text)

    # -- elements ----------------------------------------------------------------------------------

    def _leave_out(self, _attributes: Attributes, _space: str) -> None:
        self._skip = 1

    def _start_text(self, _attributes: Attributes, _space: str) -> None:
        self._in_text += 1

    def _end_text(self) -> None:
        self._in_text -= 1

    def _start_paragraph(self, _attributes: Attributes, _space: str) -> None:
        self._paragraphs += 1
        self._new_paragraph()

    def _end_paragraph(self) -> None:
        self._paragraphs -= 1
        self._write_value()
        self._fields.end_paragraph()
        if not self.joins:
            self._flush()
        self._new_paragraph()

    def _flush(self) -> None:
        """Write the open paragraph, which nothing joins to the next."""
        if not self.runs:
            if not self._tables:
                self.page = 0
            return
        text = "".join(self.runs).strip(" ")
        self.runs = []
        if self._tables:
            if text.strip():
                self._tables[-1].parts.append(text.strip())
        else:
            if text.strip() and self._new(text):
                self._story.paragraph(text, self.page)
            self.page = 0

    def _new(self, text: str) -> bool:
        if self._seen is None:
            return True
        if text in self._seen:
            return False
        self._seen.add(text)
        return True

    def _start_properties(self, _attributes: Attributes, _space: str) -> None:
        self._in_properties = True

    def _end_properties(self) -> None:
        self._in_properties = False
        self.box = self._document.bullets.box(self._numbering)

    def _paragraph_style(self, attributes: Attributes, space: str) -> None:
        style = attributes.get(f"{space}val", "")
        self._numbering.style = style
        self.style_hides = self._document.styles.hidden.has(style)
        self.strikes = Strikes(self._document.styles, style)
        self._take_paragraph_look(style)

    def _number(self, attributes: Attributes, space: str) -> None:
        if self._in_properties:
            self._numbering.number = attributes.get(f"{space}val")

    def _level(self, attributes: Attributes, space: str) -> None:
        if self._in_properties:
            self._numbering.level = attributes.get(f"{space}val")

    def _run_style(self, attributes: Attributes, space: str) -> None:
        if self._in_run:
            style = attributes.get(f"{space}val", "")
            self.run_hides = self._document.styles.hidden.has(style)
            self.strikes.run_style(style)
            self.look = self._document.styles.look(style).over(self.paragraph_look)

    def _strike(self, attributes: Attributes, space: str) -> None:
        if self._in_run:
            self.strikes.say("strike", attributes.get(f"{space}val"))

    def _strike_twice(self, attributes: Attributes, space: str) -> None:
        if self._in_run:
            self.strikes.say("dstrike", attributes.get(f"{space}val"))

    def _start_run(self, _attributes: Attributes, _space: str) -> None:
        self._new_run()
        self._in_run = True

    def _vanish(self, attributes: Attributes, space: str) -> None:
        hidden = is_on(attributes.get(f"{space}val"))
        if self._in_properties:
            # A paragraph's mark that is hidden shows the next paragraph on the same line.
            self.joins = self.joins or hidden
        elif self._in_run:
            self.direct = hidden

    def _deleted(self, _attributes: Attributes, _space: str) -> None:
        self._story.changed = True
        if self._in_properties:
            self.joins = True
        elif self._in_row_properties and self._tables:
            self._tables[-1].row_gone = True
        else:
            self._skip = 1

    def _inserted(self, _attributes: Attributes, _space: str) -> None:
        self._story.changed = True

    def _deleted_cell(self, _attributes: Attributes, _space: str) -> None:
        self._story.changed = True
        if self._tables:
            self._tables[-1].cell_gone = True

    def _start_row_properties(self, _attributes: Attributes, _space: str) -> None:
        self._in_row_properties = True

    def _end_row_properties(self) -> None:
        self._in_row_properties = False

    def _hidden_row(self, attributes: Attributes, space: str) -> None:
        if self._in_row_properties and self._tables and is_on(attributes.get(f"{space}val")):
            self._tables[-1].row_gone = True
            self._story.hidden = True

    def _tab(self, attributes: Attributes, space: str) -> None:
        # In a paragraph's properties the same element defines a tab stop.
        if f"{space}val" not in attributes:
            self._write("\t")

    def _break(self, attributes: Attributes, space: str) -> None:
        if attributes.get(f"{space}type") == "page":
            self._story.page += 1
            self._story.broken = True
        else:
            self._write("\n")

    def _page_began(self, _attributes: Attributes, _space: str) -> None:
        # Word writes one wherever a page began when it was saved, after its own breaks as well.
        if not self._story.broken:
            self._story.page += 1
        self._story.broken = False

    def _hyphen(self, _attributes: Attributes, _space: str) -> None:
        self._write("-")

    def _symbol(self, attributes: Attributes, space: str) -> None:
        self._write_sign(
            symbol(attributes.get(f"{space}font", ""), attributes.get(f"{space}char", ""))
        )

    def _write_sign(self, sign: str) -> None:
        look = self.look
        self.look = Look(font="").over(look)  # that of the run is of its letters
        self._write(sign)
        self.look = look

    def _note(self, attributes: Attributes, space: str) -> None:
        self._document.noted.add(("footnote", attributes.get(f"{space}id", "")))

    def _end_note(self, attributes: Attributes, space: str) -> None:
        self._document.noted.add(("endnote", attributes.get(f"{space}id", "")))

    def _footnote(self, attributes: Attributes, space: str) -> None:
        if self._is_notes and ("footnote", attributes.get(f"{space}id", "")) not in self._noted:
            self._skip = 1

    def _endnote(self, attributes: Attributes, space: str) -> None:
        if self._is_notes and ("endnote", attributes.get(f"{space}id", "")) not in self._noted:
            self._skip = 1

    @property
    def _noted(self) -> set[tuple[str, str]]:
        return self._document.noted

    # -- fields ------------------------------------------------------------------------------------

    def _field(self, attributes: Attributes, space: str) -> None:
        kind = attributes.get(f"{space}fldCharType")
        sign = self._fields.mark(kind, self._written, self.runs)
        if sign:
            self._write_sign(sign)

    def _start_code(self, _attributes: Attributes, _space: str) -> None:
        self._in_code += 1

    def _end_code(self) -> None:
        self._in_code -= 1

    def _start_simple(self, attributes: Attributes, space: str) -> None:
        self._simple.append((attributes.get(f"{space}instr", ""), self._written))

    def _end_simple(self) -> None:
        if self._simple:
            code, written = self._simple.pop()
            if written == self._written and (sign := shown_by(code)):
                self._write_sign(sign)

    def _check_box(self, _attributes: Attributes, _space: str) -> None:
        self._form = FormField(["[ ]", "[x]"])

    def _list(self, _attributes: Attributes, _space: str) -> None:
        self._form = FormField([])

    def _end_form(self) -> None:
        if self._form:
            self._fields.end_code()  # such a field shows no result besides
            self._write(self._form.text)
            self._form = None

    # -- content controls, choices -----------------------------------------------------------------

    def _start_control(self, _attributes: Attributes, _space: str) -> None:
        self._controls.append(_Control())

    def _end_control(self) -> None:
        if self._controls:
            self._controls.pop()

    def _placeholder(self, attributes: Attributes, space: str) -> None:
        if self._controls:
            self._controls[-1].placeholder = is_on(attributes.get(f"{space}val"))

    def _check_box_control(self, _attributes: Attributes, _space: str) -> None:
        if self._controls:
            self._controls[-1].is_box = True

    def _picture_control(self, _attributes: Attributes, _space: str) -> None:
        if self._controls:
            self._controls[-1].is_picture = True

    def _plain(self, _attributes: Attributes, _space: str) -> None:
        if self._controls:
            self._controls[-1].plain = True

    def _binding(self, attributes: Attributes, space: str) -> None:
        if self._controls:
            self._controls[-1].binding = (
                attributes.get(f"{space}storeItemID"),
                attributes.get(f"{space}xpath"),
            )

    def _content(self, _attributes: Attributes, _space: str) -> None:
        if not self._controls:
            return
        control = self._controls[-1]
        control.placeholder = control.placeholder and not control.is_box  # a box is an answer
        value = None
        if control.binding and (control.plain or control.placeholder):
            value = self._document.bound.value(*control.binding)
        if control.placeholder and value is None and not control.is_picture:
            value = OPEN
        if control.placeholder or value is not None:
            control.value = None if self._muted else value
            # Its cells and paragraphs are those of the page, whatever is in them.
            control.muted += 1
            self._muted += 1

    def _end_content(self) -> None:
        control = self._controls[-1] if self._controls else None
        if not control or not control.muted:
            return
        if control.value is not None:
            in_row = bool(self._tables) and not self._tables[-1].in_cell
            if in_row:
                self._tables[-1].begin_cell()
            self._write_value()
            if in_row:
                self._end_cell()
            elif not self._paragraphs:
                self._flush()
        control.muted -= 1
        self._muted = max(0, self._muted - 1)

    def _write_value(self) -> None:
        """Write what a control shows instead of its contents, if it is open."""
        for control in self._controls:
            if control.value is not None:
                muted, self._muted = self._muted, 0
                self._write(self._set_off(OPEN) if control.value == OPEN else control.value)
                self._muted = muted
                control.value = None

    def _set_off(self, text: str) -> str:
        """Text with a space on either side."""
        begins = not self.runs or self.runs[-1][-1:].isspace()
        return f"{text} " if begins else f" {text} "

    def _start_alternatives(self, _attributes: Attributes, _space: str) -> None:
        self._choices.append((False, 0))

    def _end_alternatives(self) -> None:
        if self._choices:
            self._choices.pop()

    def _start_alternative(self, _attributes: Attributes, _space: str) -> None:
        if self._choices:
            if self._choices[-1][0]:
                self._skip = 1
            else:
                self._choices[-1] = (False, self._written)

    def _end_alternative(self) -> None:
        if self._choices:
            # What had no text (a drawing of a kind that is not known) is looked for in the next.
            self._choices[-1] = (self._written > self._choices[-1][1], 0)

    def _start_box(self, _attributes: Attributes, _space: str) -> None:
        # Its paragraphs come before the one that holds it.
        self._boxes.append(_Box(self))
        self._hidden += self._boxes[-1].hides
        self.runs = []
        self._new_run()

    def _end_box(self) -> None:
        if self._boxes:
            self._flush()
            box = self._boxes.pop()
            self._hidden -= box.hides
            self.page = box.page
            self.runs, self.joins, self.style_hides = box.runs, box.joins, box.style_hides
            self.run_hides, self.direct = box.run_hides, box.direct
            self.strikes, self.box = box.strikes, box.box
            self.look, self.paragraph_look = box.look, box.paragraph_look
            self._in_run = True

    def _start_drawing(self, attributes: Attributes, _space: str) -> None:
        self._drawings.append(is_on(attributes.get("hidden", "0")))
        self._hidden += self._drawings[-1]

    def _drawing_properties(self, attributes: Attributes, _space: str) -> None:
        if self._drawings and not self._drawings[-1] and is_on(attributes.get("hidden", "0")):
            self._drawings[-1] = True
            self._hidden += 1

    def _end_drawing(self) -> None:
        if self._drawings:
            self._hidden -= self._drawings.pop()

    def _word_art(self, attributes: Attributes, _space: str) -> None:
        """Letters that are drawn: a text box."""
        text = attributes.get("string", "")
        if text.strip() and attributes.get("on", "t") not in ("f", "false"):
            self._start_box(attributes, "")
            self.box = ""
            self._write(text)
            self._end_box()

    # -- other files -------------------------------------------------------------------------------

    def _chunk(self, attributes: Attributes, _space: str) -> None:
        if self._muted:
            return
        self._flush()
        name = next((attributes[key] for key in _REFERENCES if key in attributes), "")
        self._document.chunk(self._name, name)
        self._written += 1

    def _other_document(self, _attributes: Attributes, _space: str) -> None:
        self._story.chunks += 1

    # -- tables ------------------------------------------------------------------------------------

    def _start_table(self, _attributes: Attributes, _space: str) -> None:
        self._flush()
        self._story.table += 1
        self._tables.append(_Table(self._story.table))

    def _start_row(self, _attributes: Attributes, _space: str) -> None:
        if self._tables:
            self._tables[-1].begin_row()
            # A placeholder is a text: what holds whole rows has labels and answers in their cells.
            self._tables[-1].muted, self._muted = self._muted, 0
            for control in self._controls:
                control.value = None

    def _start_cell(self, _attributes: Attributes, _space: str) -> None:
        if self._tables:
            self._tables[-1].begin_cell()

    def _end_cell(self) -> None:
        if self._tables:
            self._write_value()
            self._flush()
            self._tables[-1].end_cell()

    def _merged_columns(self, attributes: Attributes, space: str) -> None:
        if self._tables:
            self._tables[-1].columns = max(1, _columns(attributes, space))

    def _columns_before(self, attributes: Attributes, space: str) -> None:
        if self._tables and self._in_row_properties:
            self._tables[-1].indent_row(_columns(attributes, space))

    def _merged_rows(self, attributes: Attributes, space: str) -> None:
        if self._tables:
            self._tables[-1].merged = attributes.get(f"{space}val", "continue")

    def _end_row(self) -> None:
        if not self._tables:
            return
        table = self._tables[-1]
        self._muted = table.muted
        if table.has_own and not table.row_gone:
            if len(self._tables) > _MAX_INNER_TABLES:
                self._tables[-2].parts.append("\t".join(map(flat, table.cells)))
            elif len(self._tables) > 1:
                table.rows.append(list(table.cells))
            elif self._new("\t".join(map(flat, table.cells))):
                self._story.row(table.number, list(table.cells), self.page)
        if len(self._tables) == 1:
            self.page = 0
        table.cells.clear()

    def _end_table(self) -> None:
        if self._tables:
            rows = self._tables.pop().rows
            if rows and self._tables:
                self._tables[-1].parts.append(rows)

    # -- formulas ----------------------------------------------------------------------------------

    def _power(self, _attributes: Attributes, _space: str) -> None:
        self._write("^")

    def _over(self, _attributes: Attributes, _space: str) -> None:
        self._write("/")

    def _start_delimited(self, _attributes: Attributes, _space: str) -> None:
        self._delimiters.append(("(", ")"))

    def _opens(self, attributes: Attributes, space: str) -> None:
        if self._delimiters:
            self._delimiters[-1] = (attributes.get(f"{space}val", ""), self._delimiters[-1][1])

    def _closes(self, attributes: Attributes, space: str) -> None:
        if self._delimiters:
            self._delimiters[-1] = (self._delimiters[-1][0], attributes.get(f"{space}val", ""))

    def _start_element(self, _attributes: Attributes, _space: str) -> None:
        if self._delimiters and self._delimiters[-1][0]:
            self._write(self._delimiters[-1][0])
            self._delimiters[-1] = ("", self._delimiters[-1][1])

    def _end_delimited(self) -> None:
        if self._delimiters and (closing := self._delimiters.pop()[1]):
            self._write(closing)


def _columns(attributes: Attributes, space: str) -> int:
    """How many columns an element names, as far as they count."""
    value = attributes.get(f"{space}val", "")
    return min(int(value[:4]), MAX_COLUMNS) if value.isascii() and value.isdigit() else 0


def _of_form(name: str) -> Callable[[PartReader, Attributes, str], None]:
    def take(part: PartReader, attributes: Attributes, space: str) -> None:
        if part._form:
            part._form.take(name, attributes.get(f"{space}val"))

    return take


def _looks(name: str) -> Callable[[PartReader, Attributes, str], None]:
    def take(part: PartReader, attributes: Attributes, space: str) -> None:
        if part._in_run:
            part.look = look_of(name, attributes, space).over(part.look)
        elif part._in_properties and look_of(name, attributes, space).ground:
            part.paragraph_look = Look(ground=True).over(part.paragraph_look)

    return take


_Start = Callable[[PartReader, Attributes, str], None]
_End = Callable[[PartReader], None]

_WORD_STARTS: dict[str, _Start] = {
    "t": PartReader._start_text,
    "p": PartReader._start_paragraph,
    "pPr": PartReader._start_properties,
    "pStyle": PartReader._paragraph_style,
    "r": PartReader._start_run,
    "rStyle": PartReader._run_style,
    **{name: _looks(name) for name in LOOKS},
    "strike": PartReader._strike,
    "dstrike": PartReader._strike_twice,
    "numId": PartReader._number,
    "ilvl": PartReader._level,
    "vanish": PartReader._vanish,
    "specVanish": PartReader._vanish,
    "del": PartReader._deleted,
    "moveFrom": PartReader._deleted,
    "ins": PartReader._inserted,
    "moveTo": PartReader._inserted,
    "cellDel": PartReader._deleted_cell,
    "trPr": PartReader._start_row_properties,
    "hidden": PartReader._hidden_row,
    "tab": PartReader._tab,
    "ptab": PartReader._tab,
    "br": PartReader._break,
    "cr": PartReader._break,
    "lastRenderedPageBreak": PartReader._page_began,
    "noBreakHyphen": PartReader._hyphen,
    "sym": PartReader._symbol,
    "footnoteReference": PartReader._note,
    "endnoteReference": PartReader._end_note,
    "footnote": PartReader._footnote,
    "endnote": PartReader._endnote,
    "fldChar": PartReader._field,
    "instrText": PartReader._start_code,
    "fldSimple": PartReader._start_simple,
    "checkBox": PartReader._check_box,
    "ddList": PartReader._list,
    "default": _of_form("default"),
    "checked": _of_form("checked"),
    "result": _of_form("result"),
    "listEntry": _of_form("listEntry"),
    "sdt": PartReader._start_control,
    "showingPlcHdr": PartReader._placeholder,
    "text": PartReader._plain,
    "picture": PartReader._picture_control,
    "dataBinding": PartReader._binding,
    "sdtContent": PartReader._content,
    "txbxContent": PartReader._start_box,
    "altChunk": PartReader._chunk,
    "subDoc": PartReader._other_document,
    "tbl": PartReader._start_table,
    "tr": PartReader._start_row,
    "tc": PartReader._start_cell,
    "gridSpan": PartReader._merged_columns,
    "gridBefore": PartReader._columns_before,
    "vMerge": PartReader._merged_rows,
    # How letters above others are pronounced; what was before a change.
    **dict.fromkeys(("rt", "rPrChange", "pPrChange", "sectPrChange"), PartReader._leave_out),
    **dict.fromkeys(("tblPrChange", "trPrChange", "tcPrChange"), PartReader._leave_out),
}
_WORD_ENDS: dict[str, _End] = {
    "t": PartReader._end_text,
    "p": PartReader._end_paragraph,
    "pPr": PartReader._end_properties,
    "r": PartReader._new_run,
    "trPr": PartReader._end_row_properties,
    "instrText": PartReader._end_code,
    "fldSimple": PartReader._end_simple,
    "checkBox": PartReader._end_form,
    "ddList": PartReader._end_form,
    "sdt": PartReader._end_control,
    "sdtContent": PartReader._end_content,
    "txbxContent": PartReader._end_box,
    "footnote": PartReader._flush,
    "endnote": PartReader._flush,
    "tbl": PartReader._end_table,
    "tr": PartReader._end_row,
    "tc": PartReader._end_cell,
}
_MATH_STARTS: dict[str, _Start] = {
    "t": PartReader._start_text,
    "sup": PartReader._power,
    "den": PartReader._over,
    "d": PartReader._start_delimited,
    "begChr": PartReader._opens,
    "endChr": PartReader._closes,
    "e": PartReader._start_element,
}
_MATH_ENDS: dict[str, _End] = {"t": PartReader._end_text, "d": PartReader._end_delimited}
_DRAWING_STARTS: dict[str, _Start] = {
    "anchor": PartReader._start_drawing,
    "inline": PartReader._start_drawing,
    "docPr": PartReader._drawing_properties,
}
_STARTS: dict[str, tuple[_Start, str]] = {
    **{f"{space}{name}": (do, space) for space in _WORD for name, do in _WORD_STARTS.items()},
    **{f"{space}{name}": (do, space) for space in _MATH for name, do in _MATH_STARTS.items()},
    **{f"{space}{name}": (do, "") for space in _DRAWING for name, do in _DRAWING_STARTS.items()},
    f"{_WORD_2010}checkbox": (PartReader._check_box_control, ""),
    f"{_VML}textpath": (PartReader._word_art, ""),
    f"{_COMPATIBLE}AlternateContent": (PartReader._start_alternatives, ""),
    f"{_COMPATIBLE}Choice": (PartReader._start_alternative, ""),
    f"{_COMPATIBLE}Fallback": (PartReader._start_alternative, ""),
}
_DRAWN = ("anchor", "inline")
_ENDS: dict[str, _End] = {
    **{f"{space}{name}": do for space in _WORD for name, do in _WORD_ENDS.items()},
    **{f"{space}{name}": do for space in _MATH for name, do in _MATH_ENDS.items()},
    **{f"{space}{name}": PartReader._end_drawing for space in _DRAWING for name in _DRAWN},
    f"{_COMPATIBLE}AlternateContent": PartReader._end_alternatives,
    f"{_COMPATIBLE}Choice": PartReader._end_alternative,
    f"{_COMPATIBLE}Fallback": PartReader._end_alternative,
}
