"""The sections of docs/reliability.md that runs write themselves."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def replace_section(name: str, text: str) -> None:
    """Puts the text between the section's two marks."""
    page = PAGE.read_text("utf-8")
    begin, end = f"<!-- {name}: written by a run -->", f"<!-- end of {name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"docs/reliability.md has no section {name!r}")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    PAGE.write_text(pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page), "utf-8")
