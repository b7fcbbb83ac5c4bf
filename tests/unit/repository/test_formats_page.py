"""docs/formats.md says what the code does: kinds, endings, limits, settings, defaults."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from winnow.errors import SettingsError
from winnow.parsers.encodings import TITLES
from winnow.readers import READERS, SUFFIXES, ReadLimits, setting_of
from winnow_aws.read_settings import SerializeSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "formats.md").read_text()
CORE = ROOT / "layers" / "core" / "python" / "winnow"


def rows(first: str) -> list[list[str]]:
    """The rows of the table whose header begins with this."""
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_the_table_lists_every_kind_with_its_endings_and_no_other():
    listed = {row[0].strip("`"): set(re.findall(r"\.\w+", row[1])) for row in rows("format")}
    assert list(listed) == list(READERS)
    assert listed == {
        kind: {ending for ending, promised in SUFFIXES.items() if promised == kind}
        for kind in READERS
    }


def test_limits_that_the_formats_name_exist():
    named = {limit for row in rows("format") for limit in re.findall(r"max_\w+", row[-1])}
    assert named <= set(ReadLimits.model_fields)


def test_the_table_of_limits_is_the_model_s():
    listed = [(row[0].strip("`"), row[1].strip("`"), row[2]) for row in rows("limit")]
    assert listed == [
        (name, setting_of(name), f"{field.default:,} {field.description}")
        for name, field in ReadLimits.model_fields.items()
    ]


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
