"""The classes of errors, the tree in their module and the page in the docs are one list."""

import re
from pathlib import Path

from winnow import errors
from winnow.errors import PermanentError, RetryableError, WinnowError, catalogue

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"
SOURCES = Path(__file__).parents[3] / "layers" / "core" / "python" / "winnow"


def classes() -> list[type[WinnowError]]:
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, WinnowError)
    ]


def tree(cls: type[WinnowError], depth: int = 2) -> list[str]:
    """A class and all below it, as the module draws them."""
    branches = [tree(child, depth + 1) for child in cls.__subclasses__()]
    return ["  " * depth + cls.__name__, *(line for branch in branches for line in branch)]


def test_the_tree_in_the_docstring_is_that_of_the_classes():
    drawn = re.findall(r"^ {4,}\w+Error$", errors.__doc__ or "", flags=re.MULTILINE)
    assert drawn == tree(WinnowError)


def test_a_base_that_groups_errors_has_neither_code_nor_hint_of_its_own():
    groups = [cls for cls in classes() if "code" not in vars(cls)]
    assert errors.InputError in groups
    assert not [cls for cls in groups if "hint" in vars(cls)]


def test_every_error_has_its_own_code_and_hint():
    for code, error in catalogue().items():
        assert re.fullmatch(r"[a-z0-9_]+", code)
        assert error.code == code
        assert error.hint, error
        assert issubclass(error, RetryableError | PermanentError)
        assert error.__name__.endswith("Error")


def test_an_error_crosses_the_workflow_as_code_and_message():
    for code, error in catalogue().items():
        assert str(error("It broke.")) == f"{code}: It broke."


def test_the_page_lists_every_code_and_no_other():
    listed = re.findall(r"^\| `([a-z0-9_]+)` \|", PAGE.read_text(), flags=re.MULTILINE)
    reasons = {
        reason
        for path in SOURCES.rglob("*.py")
        for reason in re.findall(
            r'"((?:case|row|json|text|judging|member|number|picture|record)_[a-z_]+)"',
            path.read_text(),
        )
    }
    reasons |= {"undetermined", "below_threshold", "out_of_scope", "low_ocr_confidence"}
    reasons -= {"text_columns", "text_column", "json_lines", "json_array", "record_date"}
    reasons -= {"picture_columns", "picture_judge"}
    workflow = {code for code in listed if code.startswith("workflow_")}
    assert sorted(listed) == sorted({*catalogue(), *reasons, *workflow})
