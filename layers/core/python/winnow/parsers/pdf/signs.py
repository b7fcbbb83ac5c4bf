"""Signs on a PDF page, boxes and bullets, by the fonts that draw them."""

import ctypes
import re
from typing import Any

from winnow.parsers.marks import from_symbol_font, plain_marks, symbol_font

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_MAX_SHORT = 2
"""Letters of a word that may be signs, though they look like letters."""
_MAX_NAME = 200
"""Bytes of a font's name."""


class Signs:
    """Reads the signs of symbol fonts in the words of one page."""

    def __init__(self, raw: Any, text: Any) -> None:
        self._raw = raw
        self._text = text
        self._name = ctypes.create_string_buffer(_MAX_NAME)
        self._flags = ctypes.c_int()
        self._fonts: dict[bytes, str] = {}
        """The symbol fonts by the names of all fonts that were asked for."""

    def read(self, start: int, word: str) -> str:
        """A word that begins at a place, with its signs as what they show.

        Such a sign is a word by itself, or a letter of private use.
        """
        if len(word) <= _MAX_SHORT:
            word = "".join(self._sign(start + place, char) for place, char in enumerate(word))
        elif _PRIVATE.search(word):
            word = "".join(
                self._sign(start + place, char) if _PRIVATE.match(char) else char
                for place, char in enumerate(word)
            )
        return plain_marks(word)

    def _sign(self, index: int, char: str) -> str:
        font = self._font(index)
        # PDFium knows the letters of the font Symbol.
        if font == "symbol" and not _PRIVATE.match(char):
            return char
        return from_symbol_font(char, font)

    def _font(self, index: int) -> str:
        """The symbol font that a letter is of; "" for fonts of letters."""
        length = self._raw.FPDFText_GetFontInfo(
            self._text, index, self._name, _MAX_NAME, ctypes.byref(self._flags)
        )
        name = self._name.raw[: max(0, length - 1)] if length <= _MAX_NAME else b""
        if name not in self._fonts:
            self._fonts[name] = symbol_font(name.decode("utf-8", "replace"))
        return self._fonts[name]
