"""What is kept of a definition's sentences gives the same judgements, and is never out of date."""

import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import FrameType

import pytest

from tests.bench.corpus import cases
from tests.fakes.encoder import FakeEncoder
from winnow.judging import build_judge, readings_of
from winnow.judging.criteria import compile as compiling
from winnow.judging.criteria import readings
from winnow.judging.text.remembering import RememberingEncoder
from winnow.judging.text.shorthand import expand_shorthand
from winnow.models import Judgement
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import CriteriaProcess, ProcessDefinition

ROOT = Path(__file__).parents[4]
BOOK = ProcessRegistry.from_directory(ROOT / "processes")
CRITERIA = [one for one in BOOK.definitions if isinstance(one, CriteriaProcess)]
JUDGING = Path(readings.__file__).parents[1]


class Keeping(FakeEncoder):
    """An encoder that keeps what was read of definitions."""

    def __init__(self, *definitions: ProcessDefinition) -> None:
        super().__init__()
        self._kept = {key: kept for one in definitions for key, kept in readings_of(one).items()}

    def readings(self, key: str) -> str | None:
        return self._kept.get(key)


def judged(definition: ProcessDefinition, encoder: FakeEncoder) -> Sequence[Judgement]:
    notes = [note for _, note in islice(cases(150, seed=3), 150)]
    return build_judge(definition, RememberingEncoder(encoder))(notes)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements were read, side by side."""
    sides: list[int] = []
    read = readings.read_side

    def spy(
        statements: Mapping[int, str], neutral: Mapping[int, str], keywords: Sequence[str]
    ) -> readings.SideReading:
        sides.append(len(statements))
        return read(statements, neutral, keywords)

    monkeypatch.setattr(compiling, "read_side", spy)
    return sides


@pytest.mark.parametrize("definition", CRITERIA, ids=lambda one: one.id)
def test_judgements_are_the_same_and_no_sentence_is_read_again(
    definition: CriteriaProcess, asked: list[int]
) -> None:
    plain = judged(definition, FakeEncoder())
    assert asked
    keeping = Keeping(definition)
    asked.clear()
    assert judged(definition, keeping) == plain
    assert asked == []


def test_another_definition_is_read_anew(asked: list[int]) -> None:
    definition = CRITERIA[0]
    keeping = Keeping(definition)
    asked.clear()
    first, *others = definition.criteria
    edited = definition.model_copy(
        update={"criteria": (first.model_copy(update={"keywords": ("melena",)}), *others)}
    )
    edited.__dict__.pop("info", None)
    assert judged(edited, keeping) == judged(edited, FakeEncoder())
    assert asked


def test_other_code_reads_anew(asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    keeping = Keeping(CRITERIA[0])
    asked.clear()
    monkeypatch.setattr(readings, "_code", lambda: "of another release")
    judged(CRITERIA[0], keeping)
    assert asked


def test_the_hash_is_of_all_code_that_reads() -> None:
    files: set[str] = set()

    def profile(frame: FrameType, _event: str, _argument: object) -> None:
        files.add(frame.f_code.co_filename)

    sides = [
        (side.statements, side.neutral_statements, side.plain_keywords)
        for definition in CRITERIA
        for one in compiling.compile_criteria(definition).criteria
        for side in (one.pro, one.con)
    ]
    sys.setprofile(profile)
    try:
        for side in sides:
            readings.read_side(*side)
        for definition in CRITERIA:
            for criterion in definition.criteria:
                list(map(expand_shorthand, criterion.statements))
    finally:
        sys.setprofile(None)
    ran = {Path(file) for file in files}
    ours = {str(f.relative_to(JUDGING)) for f in ran if f.is_relative_to(JUDGING.parent)}
    assert "criteria/mentions.py" in ours
    assert ours <= set(readings.CODE)


def test_a_process_of_labels_keeps_nothing() -> None:
    (labels,) = [one for one in BOOK.definitions if one.id == "emotions"]
    assert readings_of(labels) == {}
