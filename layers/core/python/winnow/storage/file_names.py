"""A file's name as text that every service, page and card takes."""

import os
import unicodedata
from pathlib import PurePath


def name_of(path: PurePath) -> str:
    r"""The name, with U+FFFD for bytes that are no UTF-8 and for control characters.

    >>> name_of(PurePath("cases/a\x1b\udcffb.csv"))
    'a\ufffd\ufffdb.csv'
    """
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return "".join("\ufffd" if unicodedata.category(c) == "Cc" else c for c in name)
