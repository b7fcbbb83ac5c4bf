"""The formats that are read: the endings of their files, and their readers."""

from tests.pages.blocks import code, table
from winnow.readers import READERS, SUFFIXES


def blocks() -> dict[str, str]:
    """Return the block of docs/formats.md that lists the formats."""
    return {"formats": table(("format", "endings", "reader"), map(_row, READERS))}


def _row(kind: str) -> tuple[str, str, str]:
    endings = [ending for ending, promised in SUFFIXES.items() if promised == kind]
    module, function = READERS[kind]  # type: ignore[index]
    path = f"../layers/core/python/{module.replace('.', '/')}.py"
    name = module.removeprefix("winnow.")
    return code(kind), " ".join(map(code, endings)), f"[`{name}.{function}`]({path})"
