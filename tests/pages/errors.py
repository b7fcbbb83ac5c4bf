"""The codes of errors, with the classes, what they mean and what to do."""

import inspect

from tests.pages.blocks import code, table
from winnow.errors import WinnowError, catalogue

LINKS = {
    "docs/formats.md": "[formats.md](formats.md)",
    "events/README.md": "[events](../events/README.md)",
    "variables of .winnow/sam": "variables of [`.winnow/sam`](local.md#one-function-by-itself)",
}
"""What a hint names that the page can lead to."""


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/errors.md."""
    header = ("code", "class", "when", "what to do")
    return {"errors": table(header, [_row(error) for error in catalogue().values()])}


def _row(error: type[WinnowError]) -> tuple[str, str, str, str]:
    meaning = " ".join((inspect.getdoc(error) or "").split())
    hint = error.hint.replace("<", "&lt;").replace(">", "&gt;")
    for text, link in LINKS.items():
        hint = hint.replace(text, link)
    return code(error.code), code(error.__name__), meaning, hint
