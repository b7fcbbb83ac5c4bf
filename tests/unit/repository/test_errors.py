"""The catalogue of errors and the page in the docs are one list."""

import re
from pathlib import Path

from winnow.errors import PermanentError, RetryableError, catalogue

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"
SOURCES = Path(__file__).parents[3] / "layers" / "core" / "python" / "winnow"


def test_every_error_has_its_own_code_and_advice():
    for code, error in catalogue().items():
        assert re.fullmatch(r"[a-z0-9_]+", code)
        assert error.code == code
        assert error.hint, error
        assert issubclass(error, RetryableError | PermanentError)
        assert error.__name__.endswith("Error")


def test_an_error_crosses_the_workflow_as_code_and_sentence():
    for code, error in catalogue().items():
        assert str(error("It broke.")) == f"{code}: It broke."


def test_the_page_lists_every_code_and_no_other():
    listed = re.findall(r"^\| `([a-z0-9_]+)` \|", PAGE.read_text(), flags=re.MULTILINE)
    reasons = {
        found
        for path in SOURCES.rglob("*.py")
        for found in re.findall(
            r'"((?:row|json|text|judging|member|number|record)_[a-z_]+)"', path.read_text()
        )
    }
    reasons |= {"undetermined", "below_threshold", "out_of_scope", "low_ocr_confidence"}
    reasons -= {"text_columns", "text_column", "json_lines", "json_array"}
    workflow = {code for code in listed if code.startswith("workflow_")}
    assert sorted(listed) == sorted({*catalogue(), *reasons, *workflow})
