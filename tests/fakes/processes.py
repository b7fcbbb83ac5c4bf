"""Small processes, and a judge that says what its texts say."""

from collections.abc import Sequence

from winnow.limits.budget import Check, no_deadline
from winnow.models import (
    Judgement,
    LabelDecision,
    LabelScore,
    ModelInfo,
    ProcessInfo,
)
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import ProcessDefinition
from winnow.registry.folder import FolderModels
from winnow.storage.vectors import DIMENSIONS

MOODS = """
id: moods
version: 1.0.0
kind: labels
title: Moods
codes: ["77"]
threshold: 0.6
input: {text_columns: [note, text], id_columns: [case_id]}
labels:
  - {id: glad, examples: [I am glad.]}
  - {id: sad, examples: [I am sad.]}
"""
STRICT = MOODS.replace("id: moods", "id: strict\non_none: fail").replace('"77"', '"78"')

MODEL = ModelInfo(name="fake", version="0", sha256="0" * 64, engine="fake")


def book() -> ProcessRegistry:
    return ProcessRegistry([load_definition(MOODS, "moods"), load_definition(STRICT, "strict")])


def models() -> FolderModels:
    """The same, as Serialize takes them."""
    return FolderModels(book())


class SayingJudge:
    """Reads `glad 0.8` as the label glad with score 0.8; breaks on the text `poison`."""

    def __init__(self, definition: ProcessDefinition) -> None:
        self._definition = definition
        self.calls = 0

    @property
    def process(self) -> ProcessInfo:
        return self._definition.info

    def __call__(
        self, texts: Sequence[str], fields: object = None, *, check: Check = no_deadline
    ) -> list[Judgement]:
        self.calls += 1
        if "poison" in texts:
            raise ZeroDivisionError("poison")
        return [self._judge(text) for text in texts]

    def _judge(self, text: str) -> Judgement:
        label, score = text.split()
        other = "sad" if label == "glad" else "glad"
        scores = (
            LabelScore(label=label, score=float(score)),
            LabelScore(label=other, score=1 - float(score)),
        )
        return Judgement(
            decision=LabelDecision(value=label, scores=scores),
            score=float(score),
            confidence=float(score),
            segments=1,
            vector=vector_of(text),
        )


def vector_of(text: str) -> bytes:
    """A vector that tells its text."""
    return text.encode().ljust(DIMENSIONS, b".")


MELENA = """\
id: t
version: 1.0.0
kind: criteria
title: T
threshold: 0.7
input: {text_columns: [note]}
criteria:
  - id: a
    title: A
    statements: [The melena continues., It is seemingly melena.]
    counter_statements: [No melena.]
    keywords: [melena]
logic: {all_of: [a]}
"""
"""A process of one criterion."""


def melena_vectors(*alike: str) -> dict[str, list[float]]:
    """Vectors for MELENA, by which these texts are like its statement."""
    return {
        **{text: [1.0, *[0.0] * 7] for text in ("The melena continues.", *alike)},
        "No melena.": [0.0, 1.0, *[0.0] * 6],
    }
