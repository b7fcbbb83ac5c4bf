"""What a page points at is there: files, headings and tests."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = [f for f in ROOT.iterdir() if f.is_dir() and f.name[0] != "." and f.name != "build"]
PAGES = sorted([*ROOT.glob("*.md"), *(page for f in FOLDERS for page in f.rglob("*.md"))])


def _names(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def _links(page: Path) -> Iterator[tuple[Path, str]]:
    """The relative links of a page: file, and heading or ""."""
    shown = re.sub(r"`[^`\n]*`", "", _prose(page))
    for link in re.findall(r"\]\(<?([^)\s>]+)", shown):
        if not re.match(r"[a-z]+:", link):
            path, _, heading = unquote(link).partition("#")
            yield (page.parent / path if path else page), heading


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?)[ #]*$", _prose(page), flags=re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


@pytest.mark.parametrize("page", PAGES, ids=_names)
def test_every_relative_link_names_a_file_and_a_heading_that_are_there(page: Path):
    dead = [
        f"{os.path.relpath(target, ROOT)}#{heading}"
        for target, heading in _links(page)
        if not target.exists() or (heading and heading not in _anchors(target))
    ]
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=_names)
def test_every_test_that_a_page_names_is_there(page: Path):
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?", page.read_text("utf-8"))
    gone = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).is_file()
        or (test and f"def {test}(" not in (ROOT / path).read_text("utf-8"))
    ]
    assert not gone


@pytest.mark.parametrize("page", PAGES, ids=_names)
def test_no_page_holds_what_a_merge_left_unresolved(page: Path):
    assert not re.findall(r"^(?:<{7}|>{7}|={7}$).*", page.read_text("utf-8"), flags=re.MULTILINE)


def test_every_decision_is_listed_once_under_its_own_title():
    folder = ROOT / "docs" / "adr"
    titles = []
    for page in sorted(folder.glob("0*.md")):
        heading = page.read_text("utf-8").partition("\n")[0]
        number, _, title = heading.removeprefix("# ").partition(" ")
        titles.append(f"- [{number}]({page.name}) {title}")
    listed = [
        one for one in (folder / "README.md").read_text("utf-8").splitlines() if one[:1] == "-"
    ]
    assert listed == titles


def test_the_links_are_found():
    assert (ROOT / "docs" / "security.md", "a-key-of-your-own") in [
        (target.resolve(), heading) for target, heading in _links(ROOT / "docs" / "deploying.md")
    ]
