"""What is written by hand in docs/formats.md speaks of what the code has: kinds, limits, notes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from winnow.errors import SettingsError
from winnow.parsers.encodings import TITLES
from winnow.readers import READERS, ReadLimits, setting_of
from winnow_aws.read_settings import SerializeSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "formats.md").read_text()
CORE = ROOT / "layers" / "core" / "python" / "winnow"


def rows(first: str) -> list[list[str]]:
    """The rows of the table whose header begins with this."""
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_what_is_read_is_told_of_every_kind_and_no_other():
    assert [row[0].strip("`") for row in rows("format | a record is")] == list(READERS)


def test_limits_that_the_formats_name_exist():
    told_of = rows("format | a record is")
    assert {limit for row in told_of for limit in re.findall(r"max_\w+", row[-1])} <= set(
        ReadLimits.model_fields
    )


def told(tree: ast.AST) -> Iterator[str]:
    """The codes that stand before a sentence, after "note", or are given to `note`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "note":
            parts: list[ast.expr | None] = [ast.Constant("note"), *node.args]
        elif isinstance(node, ast.Tuple | ast.List):
            parts = [None, *node.elts, None]
        else:
            continue
        for before, part, after in zip(parts, parts[1:], [*parts[2:], None], strict=False):
            code = getattr(part, "value", None)
            first = after.values[0] if isinstance(after, ast.JoinedStr) else after
            message = getattr(first, "value", None)
            follows = isinstance(message, str) and re.match("[A-Z{].* ", message)
            if isinstance(code, str) and (follows or getattr(before, "value", None) == "note"):
                yield code


def test_every_code_of_a_note_is_explained():
    errors = (ROOT / "docs" / "errors.md").read_text()
    codes = {
        code
        for folder in ("readers", "parsers")
        for file in (CORE / folder).rglob("*.py")
        for code in told(ast.parse(file.read_text()))
    }
    assert {"hidden_text", "rows_before_header", "bytes_replaced", "pages_damaged"} <= codes
    assert {code for code in codes if f"`{code}`" not in PAGE + errors} == set()


def test_the_encodings_that_are_guessed_are_named():
    shown = PAGE.replace("1253 to 1257", "1253, 1254, 1255, 1256, 1257")
    for title in TITLES.values():
        assert re.search(re.findall(r"\w+", title.split(" (")[0])[-1], shown), title


def test_each_limit_is_set_by_its_environment_variable():
    needed = {"RESULTS_BUCKET": "b", "PROCESS_DIR": "/p"}
    for name in ReadLimits.model_fields:
        settings = SerializeSettings.from_environment({**needed, setting_of(name): "7"})
        assert settings.limits == ReadLimits(**{name: 7})
    with pytest.raises(SettingsError, match="LIMIT_PAGES"):
        SerializeSettings.from_environment({**needed, "LIMIT_PAGES": "many"})
