"""Text files that people write: UTF-8, also as Windows writes it."""

from pathlib import Path
from typing import NamedTuple

from winnow.errors import WinnowError
from winnow.storage.file_names import name_of


class TextFile(NamedTuple):
    r"""A file's text, with "\n" after each line, and how the file itself ends its lines."""

    text: str
    line_end: str = "\n"

    def content(self, text: str) -> bytes:
        """Another text as this file has it."""
        return text.replace("\n", self.line_end).encode()


def read_text(path: Path, invalid: type[WinnowError]) -> TextFile:
    """Read a text file.

    Raises:
        WinnowError: `invalid`; the file is not in UTF-8.
        OSError: it cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid(f"{name_of(path)} is not in UTF-8.") from None
    windows = 2 * text.count("\r\n") > text.count("\n")
    return TextFile(text.replace("\r\n", "\n"), "\r\n" if windows else "\n")
