"""Fields of a Word file: text that is computed, and boxes and lists of its old forms.

A field is its code, a mark that parts it, and its result: only the result is shown.
"""

from winnow.parsers.docx.styles import is_on


class FieldCodes:
    """Tells the codes of open fields from their results; fields may be inside of fields."""

    def __init__(self) -> None:
        self._open: list[bool] = []
        """Of each open field, whether what comes is its code."""
        self._codes = 0
        """Of how many it is."""
        self._text: list[str] = []
        """Text that stood in the code of fields that are still open."""

    @property
    def is_in_code(self) -> bool:
        return self._codes > 0

    def mark(self, kind: str | None) -> None:
        """A field begins, its code ends, or the whole of it."""
        if kind == "begin":
            self._open.append(True)
            self._codes += 1
        elif not self._open:
            return
        elif kind == "separate":
            self.end_code()
        elif kind == "end":
            self.end_code()
            self._open.pop()
        if not self._open:
            self._text.clear()

    def end_code(self) -> None:
        """What comes is no code of the innermost field any more."""
        if self._open:
            self._codes -= self._open[-1]
            self._open[-1] = False

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
        return self._entries[chosen] if chosen < len(self._entries) else ""
