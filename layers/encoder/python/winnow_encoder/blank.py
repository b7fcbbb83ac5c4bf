"""Tells blank texts, which have nothing to encode."""

import unicodedata


def is_blank(text: str) -> bool:
    """Whether nothing in the text can be seen: white space, control and format characters only."""
    return all(char.isspace() or unicodedata.category(char) in ("Cc", "Cf") for char in text)
