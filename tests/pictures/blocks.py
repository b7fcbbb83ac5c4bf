"""Parts of a page that are generated: they stand between two comments that name them."""

import re
from pathlib import Path


def replaced(page: str, name: str, text: str) -> str:
    """The page with this text in the block of this name.

    >>> replaced("<!-- made: x -->\\nold\\n<!-- end of x -->\\n", "x", "new")
    '<!-- made: x -->\\nnew\\n<!-- end of x -->\\n'

    Raises:
        ValueError: the page has no such block, or several.
    """
    block = re.compile(rf"(<!-- made: {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    new, count = block.subn(lambda match: f"{match[1]}{text.rstrip()}\n{match[2]}", page)
    if count != 1:
        raise ValueError(f"{count} blocks are named {name}, and one is needed")
    return new


def renewed(page: Path, blocks: dict[str, str]) -> str:
    """The page as it should be, with all of its blocks as they are now."""
    text = page.read_text("utf-8")
    for name, new in blocks.items():
        text = replaced(text, name, new)
    return text
