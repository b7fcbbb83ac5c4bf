"""The pictures of the docs are small, load nothing and are all shown; how they are made."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from tests.pictures import PICTURES, ROOT, browser, terminal
from tests.pictures.__main__ import LARGEST
from tests.pictures.desk import Desk

FILES = sorted(PICTURES.iterdir())
SVGS = [file for file in FILES if file.suffix == ".svg"]
UPLOAD = "0528e606017ffba6d833ffe912351198"


def name(file: Path) -> str:
    return file.name


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_picture_is_small(file: Path) -> None:
    assert 1_000 < file.stat().st_size < LARGEST[file.suffix]


@pytest.mark.parametrize("file", SVGS, ids=name)
def test_a_drawn_terminal_loads_nothing(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r'url\((?!#)|@import|@font-face|href=(?!"#)|<script|<image', text)


def test_every_picture_is_shown_on_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = re.findall(
        r"pictures/([\w-]+\.\w+)", "".join(page.read_text("utf-8") for page in pages)
    )
    assert set(shown) == {file.name for file in FILES}


def test_what_is_drawn_keeps_its_words_and_is_folded_where_the_terminal_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "PICTURES", tmp_path)
    out = terminal.draw("\x1b[32maccepted\x1b[0m " + "x" * 40, "one", "winnow", columns=30)
    drawn = re.findall(r">([^<>]+)</text>", out.read_text("utf-8"))
    words = [part.replace("&#160;", " ").strip() for part in drawn]
    assert [word for word in words if word] == ["winnow", "accepted", "x" * 21, "x" * 19]


def test_an_excerpt_that_is_not_there_is_an_error() -> None:
    printed = "1. The stack\n\x1b[1m2. Files\x1b[0m\n3. Records"
    assert terminal.between(printed, "2. ", "3. ") == "\x1b[1m2. Files\x1b[0m"
    with pytest.raises(ValueError, match=r"'4\. '"):
        terminal.between(printed, "4. ", None)


def test_what_differs_from_run_to_run_is_fixed_and_keeps_its_length(tmp_path: Path) -> None:
    place = Desk(tmp_path)
    place.uploads = {"L33774/note.txt": UPLOAD}
    line = f"{UPLOAD} {UPLOAD[:12]} {UPLOAD[:8]} at 2026-11-26 17:30:19, 127.0.0.1:47489, 2.4 s"
    stable = place.stable(line)
    assert len(stable) == len(line)
    assert UPLOAD[:8] not in stable
    assert "17:30:19" not in stable
    assert "47489" not in stable
    assert stable.endswith(", 2.4 s")
    ids = stable.split()[:3]
    assert ids[0].startswith(ids[1])
    assert ids[1].startswith(ids[2])
    assert stable == place.stable(
        line.replace("17:30:19", f"{datetime(2027, 1, 2, 3, 4, 5):%H:%M:%S}")
    )


def test_without_a_browser_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    with pytest.raises(browser.BrowserMissingError, match="apt-get install chromium"):
        browser.find()


def test_a_page_is_cut_where_it_ends() -> None:
    page = Image.new("RGB", (40, 100), "white")
    page.putpixel((5, 30), (0, 0, 0))
    assert browser.cut(page, 9).size == (40, 40)
    assert browser.cut(Image.new("RGB", (40, 100), "white"), 9).size == (40, 100)
