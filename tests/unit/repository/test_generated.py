"""The generated parts of the pages are fresh, and every page is on the list of pages."""

import re

import pytest

from tests.pages import ROOT, roles, settings
from tests.pages.__main__ import FILES, PAGES, fresh
from tests.pages.blocks import names_of_blocks, replace_block, table
from tests.pages.options import commands
from tests.template.expand import read

BLOCK = "<!-- begin generated: x (make docs) -->\nold\n<!-- end generated: x -->\n"


@pytest.mark.parametrize("page", [*PAGES, *FILES])
def test_what_is_generated_on_a_page_is_fresh(page: str) -> None:
    stale = "stale; run `.venv/bin/python -m tests.pages` (make docs)"
    assert (ROOT / page).read_text("utf-8") == fresh(page), stale


def test_every_page_with_a_generated_part_is_checked() -> None:
    folders = [ROOT, *(ROOT / name for name in ("docs", "statemachine", "functions", "layers"))]
    marked = {
        page.relative_to(ROOT).as_posix()
        for folder in folders
        for page in folder.glob("*.md")
        if names_of_blocks(page.read_text("utf-8"))
    }
    assert marked == set(PAGES)


def test_every_page_of_the_docs_is_listed() -> None:
    listed = re.findall(r"\]\((\w[\w-]*\.md)\)", (ROOT / "docs" / "README.md").read_text("utf-8"))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= set(listed)


def test_every_command_is_shown_with_its_options() -> None:
    shown = (ROOT / "docs" / "options.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (winnow [\w -]+)\n(.*?)(?=^## |\Z)", shown, re.M | re.S))
    assert list(sections) == [name for name, _ in commands()]
    assert "`--docker`" in sections["winnow up"]
    assert "| `--precision X` | `0.95` |" in sections["winnow tune"]
    assert "`WINNOW_PROCESSES`" in sections["winnow predict"]


def test_a_setting_is_shown_with_the_parameter_that_sets_it() -> None:
    rows = {line.split(" | ")[0]: line for line in settings.blocks()["scan"].splitlines()}
    assert "`rapidocr`, `textract` | `rapidocr` | parameter `OcrEngine`" in rows["| `OCR_ENGINE`"]
    assert "number, 0 to 1" in rows["| `THRESHOLD_OVERRIDE`"]
    assert "required" in rows["| `RESULTS_BUCKET`"]


def test_every_setting_says_what_it_is() -> None:
    for function, model in settings.CLASSES.items():
        for name, field in model.model_fields.items():
            assert field.description or name in settings.GROUPS, f"{function}: {name}"


def test_a_permission_without_words_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    template = read()
    policy = template["Resources"]["ScanRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Sid": "DeleteEverything", "Effect": "Allow"})
    monkeypatch.setattr(roles, "read", lambda: template)
    with pytest.raises(KeyError, match="DeleteEverything"):
        roles.blocks()


def test_a_block_is_replaced_and_what_stands_around_it_stays() -> None:
    assert replace_block(f"a\n{BLOCK}b\n", "x", "new") == f"a\n{BLOCK.replace('old', 'new')}b\n"


@pytest.mark.parametrize("page", ["nothing", BLOCK * 2])
def test_a_block_that_is_missing_or_stands_twice_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="blocks are named x"):
        replace_block(page, "x", "new")


def test_a_bar_in_a_cell_parts_no_cells() -> None:
    assert table(("a",), [("b|c",)]).splitlines()[-1] == "| b\\|c |"
