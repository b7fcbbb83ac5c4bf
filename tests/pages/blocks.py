"""Parts of a page that are generated: they stand between two comments that name them."""

import re
from collections.abc import Iterable, Sequence


def replace_block(page: str, name: str, text: str, command: str = "make docs") -> str:
    r"""Return the page with this text in the block of this name, which this command writes.

    >>> begin, end = "<!-- begin generated: x (make docs) -->", "<!-- end generated: x -->"
    >>> print(replace_block(f"{begin}\nold\n{end}\n", "x", "new"))
    <!-- begin generated: x (make docs) -->
    new
    <!-- end generated: x -->
    <BLANKLINE>

    Raises:
        ValueError: The page has no such block, or several.
    """
    block = re.compile(
        rf"(<!-- begin generated: {name} \({command}\) -->\n).*?(<!-- end generated: {name} -->)",
        re.DOTALL,
    )
    new, count = block.subn(lambda match: f"{match[1]}{text.rstrip()}\n{match[2]}", page)
    if count != 1:
        raise ValueError(f"{count} blocks are named {name}, and one is needed")
    return new


def names_of_blocks(page: str, command: str = "make docs") -> list[str]:
    """Return the names of the blocks of a page that this command writes, in their order."""
    return re.findall(rf"^<!-- begin generated: (\w+) \({command}\) -->$", page, re.MULTILINE)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Return a Markdown table.

    >>> print(table(("name", "what"), [("`a`", "either | or")]))
    | name | what |
    |---|---|
    | `a` | either \| or |
    """
    lines = [list(header), *map(list, rows)]
    cells = [" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines]
    first, *rest = [f"| {line} |" for line in cells]
    return "\n".join([first, "|" + "---|" * len(header), *rest])


def code(value: object) -> str:
    """Return a value as code; nothing for an empty text or None."""
    text = "" if value is None else str(value)
    return f"`{text}`" if text else ""
