"""The page on reliability, and the one of its tables, whose sections runs write themselves."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
TABLES = PAGE.with_name("reliability-tables.md")


def replace_section(name: str, text: str) -> None:
    """Puts the text between the section's two marks. Raises ValueError where there are none."""
    page, (begin, end) = TABLES.read_text("utf-8"), _span(name)
    TABLES.write_text(f"{page[:begin]}\n\n{text}\n\n{page[end:]}", "utf-8")


def section(name: str) -> str:
    """What stands between the section's two marks. Raises ValueError where there are none."""
    begin, end = _span(name)
    return TABLES.read_text("utf-8")[begin:end].strip()


def _span(name: str) -> tuple[int, int]:
    begin, end = f"<!-- {name}: written by a run -->", f"<!-- end of {name} -->"
    page = TABLES.read_text("utf-8")
    if begin not in page or end not in page:
        raise ValueError(f"docs/{TABLES.name} has no section {name!r}")
    return page.index(begin) + len(begin), page.index(end)
