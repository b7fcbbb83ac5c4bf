"""Fields of a Word file: text that is computed, and boxes and lists of its old forms.

A field is its code, a mark that parts it, and its result: only the result is shown.
"""

import re

from winnow.parsers.docx.styles import is_on
from winnow.parsers.marks import OPEN, symbol

_SYMBOL = re.compile(r"\s*SYMBOL\s+(\S{1,10})", re.IGNORECASE)
_FONT = re.compile(r'\\f\s*(?:"([^"]{1,60})"|([^\s"]{1,60}))', re.IGNORECASE)
_UNICODE = re.compile(r"\\u\b", re.IGNORECASE)
_TEXT = re.compile(r"\s*FORMTEXT\b", re.IGNORECASE)
_BUTTON = re.compile(r"\s*MACROBUTTON\s+\S{1,80}\s(.+)", re.IGNORECASE | re.DOTALL)
_MAX_CODE = 300
"""Characters that are kept of a code."""


def shown_by(code: str) -> str:
    r"""What a field shows by its code; "" for one that shows its result.

    >>> shown_by(r'SYMBOL 254 \f "Wingdings" \s 12'), shown_by(r"SYMBOL 0x2610 \u")
    ('☑', '☐')
    >>> shown_by("FORMTEXT"), shown_by("MACROBUTTON NoMacro [Type here]"), shown_by("DATE")
    ('___', '[Type here]', '')
    """
    if _TEXT.match(code):
        return OPEN
    if button := _BUTTON.match(code):
        return button[1].strip()
    match = _SYMBOL.match(code)
    if not match:
        return ""
    font = _FONT.search(code, match.end())
    number = _number(match[1].strip('"'))
    if not font and not _UNICODE.search(code, match.end()) and 0x80 <= number < 0x100:
        number = ord(bytes((number,)).decode("cp1252", "replace"))
    return symbol(font[1] or font[2] if font else "", f"{number:04X}")


def _number(text: str) -> int:
    try:
        number = int(text, 16 if text[:2].lower() == "0x" else 10)
    except ValueError:
        number = ord(text) if len(text) == 1 else 0
    return number if 0 <= number <= 0xFFFF else 0


class _Field:
    """An open field."""

    def __init__(self, written: int) -> None:
        self.in_code = True
        self.code = ""
        self.written = written
        """What was written before it."""
        self.result: int | None = None
        """How many runs the paragraph had where its result begins."""


class FieldCodes:
    """Tells the codes of open fields from their results; fields may be inside of fields."""

    def __init__(self) -> None:
        self._open: list[_Field] = []
        self._codes = 0
        """Of how many of them what comes is the code."""
        self._text: list[str] = []
        """Text that stood in the code of fields that are still open."""

    @property
    def is_in_code(self) -> bool:
        return self._codes > 0

    def mark(self, kind: str | None, written: int, runs: list[str]) -> str:
        """A field begins, its code ends, or the whole of it.

        `written` counts what was written so far, `runs` are those of the open paragraph: the blanks
        of a form's field that was not filled in go. Returns what an ended field shows that has no
        result.
        """
        sign = ""
        if kind == "begin":
            self._open.append(_Field(written))
            self._codes += 1
        elif self._open and kind == "separate":
            self.end_code()
            self._open[-1].result = len(runs)
        elif self._open and kind == "end":
            self.end_code()
            field = self._open.pop()
            begin = len(runs) if field.result is None else field.result
            if field.written == written:
                sign = shown_by(field.code)
            elif _TEXT.match(field.code) and begin < len(runs) and _is_blank(runs, begin):
                del runs[begin:]
                sign = OPEN
        if not self._open:
            self._text.clear()
        return sign

    def end_code(self) -> None:
        """What comes is no code of the innermost field any more."""
        if self._open:
            self._codes -= self._open[-1].in_code
            self._open[-1].in_code = False

    def take_code(self, text: str) -> None:
        """Keep what the innermost field is computed from."""
        if self._open and self._open[-1].in_code and len(self._open[-1].code) < _MAX_CODE:
            self._open[-1].code += text[:_MAX_CODE]

    def take(self, text: str) -> None:
        """Keep text that is in a code."""
        self._text.append(text)

    def end_paragraph(self) -> None:
        """End a paragraph of the open code, if any."""
        if self._text:
            self._text.append("\n")

    def close(self) -> list[str]:
        """The lines in the code of a field that has no end: then it was no code."""
        lines = "".join(self._text).split("\n") if self._text else []
        self._open.clear()
        self._codes = 0
        self._text.clear()
        return lines


def _is_blank(runs: list[str], begin: int) -> bool:
    return not any(runs[at].strip() for at in range(begin, len(runs)))


class FormField:
    """A field of Word's old forms: a box to tick, or a list to choose from."""

    def __init__(self, entries: list[str]) -> None:
        self._entries = entries
        self._chosen: int | None = None
        self._default = 0

    def take(self, name: str, value: str | None) -> None:
        """Read an element inside the field."""
        number = int(value[:6]) if value and value.isdecimal() else int(is_on(value))
        if name == "listEntry":
            self._entries.append(value or "")
        elif name == "default":
            self._default = number
        else:
            self._chosen = number

    @property
    def text(self) -> str:
        """What the field shows."""
        chosen = self._default if self._chosen is None else self._chosen
        text = self._entries[chosen] if chosen < len(self._entries) else ""
        return text if text.strip() else OPEN
