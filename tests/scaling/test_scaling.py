"""Twice the text may take twice the time, whatever it holds: more than 2.5 times is too much.

Every reader, parser, normaliser and judge works on texts that make careless code slow, of one size
and of twice that size. A module of theirs that no subject runs through fails here, too.
"""

import inspect
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import FrameType

import pytest

from tests.scaling.measure import MOST, Subject, growth
from tests.scaling.subjects import (
    CONCLUSIONS,
    DEFINITIONS,
    ENCODERS,
    FILES,
    JUDGES,
    NORMALISERS,
    ORDINARY,
    exported_cells,
    safe_cells,
)
from tests.scaling.texts import LINE_FRAMES, LINE_UNITS, TEXTS, lines_of
from winnow.judging.text import punkt
from winnow.parsers.__main__ import PARSERS
from winnow.readers import READERS

CORE = Path(__file__).parents[2] / "layers" / "core" / "python" / "winnow"
ENCODER = CORE.parents[2] / "encoder" / "python" / "winnow_encoder"

KNOWN: dict[str, set[str]] = {}
"""What grows too fast today: subject -> texts. A row that is no longer true fails."""

ROOMS = ("readers", "parsers", "judging")
EXEMPT = {
    "readers/ocr.py": "a port",
    "readers/sandbox.py": "runs the parsers, which are run here without it",
    **dict.fromkeys(
        (
            "parsers/squares.py",
            "readers/pictures.py",
            *(f"pictures/{name}.py" for name in ("base", "classes", "trained", "vectors")),
        ),
        "takes pixels, of which there are only so many",
    ),
    "readers/fragments.py": "stretches of text and rows, without a function",
    "parsers/errors.py": "an error",
    "tabular/dialect.py": "a shape",
    "judging/evidence.py": "two numbers",
    "judging/lazy_patterns.py": "compiles each pattern once, in whichever test needs it first",
    "facts/people.py": "words for people",
}
"""Modules that no text goes through, and why."""

SIZES = {
    **dict.fromkeys(FILES, 12_000),
    **dict.fromkeys(("html", "eml: HTML"), 20_000),
    **dict.fromkeys(NORMALISERS, 20_000),
    **dict.fromkeys(JUDGES, 4_000),
    **dict.fromkeys(ENCODERS, 12_000),
    "CSV cells": 20_000,
    "exported cells": 20_000,
}
FEW = ("line of text", "letter", "blank", "full stop", "marks", "digit", "hyphen", "distinct lines")
"""Texts that `make test` measures; the slow tier measures the others."""
COSTLY = {
    "pdf",
    "pdf: over a picture",
    "docx: symbols",
    "pdf: a form",
    "pdf: rows of cells",
    "pdf: words of a row",
    "pdf: a list of chosen entries",
    "xlsx",
    "zip: names",
    "docx: a table",
    "png",
    "jpeg",
    "tiff",
    "webp",
    "gif",
}
"""Of these the text is the least part of the work: they get the texts of FEW only."""
SUBJECTS: Mapping[str, Subject] = {
    **FILES, **NORMALISERS, **JUDGES, **ENCODERS,
    "CSV cells": safe_cells, "exported cells": exported_cells,
}  # fmt: skip


def measured(name: str, units: Collection[str]) -> None:
    grown = {
        unit: round(ratio, 2)
        for unit in units
        if (ratio := growth(SUBJECTS[name], TEXTS[unit], SIZES[name])) > MOST
    }
    assert grown.keys() == KNOWN.get(name, set()) & set(units), grown


@pytest.mark.parametrize("name", SUBJECTS)
def test_twice_the_text_takes_twice_the_time(name: str):
    measured(name, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SUBJECTS if name not in COSTLY])
def test_twice_of_any_text_takes_twice_the_time(name: str):
    measured(name, [unit for unit in TEXTS if unit not in FEW])


@pytest.mark.slow
@pytest.mark.parametrize("frame", LINE_FRAMES)
def test_lines_of_twice_the_length_take_twice_the_time(frame: str):
    """A line is at most one segment, so a step that is quadratic in a segment shows only here."""
    grown = {
        unit: round(ratio, 2)
        for unit in LINE_UNITS
        if (ratio := growth(SUBJECTS["criteria"], lines_of(frame, unit), 90)) > MOST
    }
    assert not grown


@pytest.mark.slow
@pytest.mark.parametrize("name", CONCLUSIONS)
def test_a_decision_of_twice_the_lines_takes_twice_the_time(name: str):
    subject, text_of = CONCLUSIONS[name]
    assert growth(subject, text_of, 2_000) <= MOST


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFINITIONS)
def test_twice_the_definition_takes_twice_the_time(name: str):
    check, definition_of = DEFINITIONS[name]

    def subject(text: str) -> Callable[[], object]:
        made = definition_of(len(text))
        return lambda: list(check(made))

    assert growth(subject, lambda size: "a" * size, 400) <= MOST


# -- that it can fail ----------------------------------------------------------------------------


def _blanks_again(text: str) -> Callable[[], object]:
    return lambda: re.search(r"\s+#", text)


def _copied_again(text: str) -> Callable[[], object]:
    def run() -> None:
        rest = text
        while rest:
            rest = rest[1:]

    return run


def _once(text: str) -> Callable[[], object]:
    return lambda: [ord(char) ** 0.5 for char in text for _ in range(5)]


def test_what_is_quadratic_is_found():
    assert growth(_blanks_again, lambda size: " " * size, 4_000) > MOST
    assert growth(_copied_again, lambda size: "a" * size, 50_000) > MOST


def test_what_is_in_proportion_passes_and_was_measured():
    assert 1.5 < growth(_once, lambda size: "a" * size, 200_000) <= MOST


# -- that nothing is left out --------------------------------------------------------------------


def _ran() -> Iterator[str]:
    """The files whose functions the subjects run through."""
    seen: set[str] = set()

    def profile(frame: FrameType, _event: str, _argument: object) -> None:
        code = frame.f_code  # of a function: bodies of modules and classes run as they are loaded
        if code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<"):
            seen.add(frame.f_code.co_filename)

    punkt.load.cache_clear()
    for subject in SUBJECTS.values():
        for text in ORDINARY:
            call = subject(text)
            sys.setprofile(profile)
            try:
                call()
            finally:
                sys.setprofile(None)
    return iter(seen)


def test_every_module_that_reads_or_judges_is_run_by_a_subject():
    ran = {Path(file) for file in _ran()}
    modules = [
        *(
            path
            for room in ("readers", "parsers", "judging")
            for path in (CORE / room).rglob("*.py")
        ),
        *(CORE / "tables").glob("*.py"),
        *(CORE / "heads" / f"{name}.py" for name in ("linear", "ngrams")),
        *(CORE / "limits" / f"{name}.py" for name in ("budget", "unicode")),
        *(ENCODER / f"{name}.py" for name in ("batching", "blank", "tokenizer")),
    ]
    missing = {
        "/".join(path.parts[-2:])
        for path in modules
        if path not in ran and not path.name.startswith("__")
    }
    assert not missing - EXEMPT.keys()


def test_every_format_has_a_subject():
    kinds = {name.split(":")[0] for name in FILES}
    assert set(READERS) <= kinds
    # These take pixels, of which there are only so many.
    assert set(PARSERS) - {"pictures", "squares"} <= kinds
