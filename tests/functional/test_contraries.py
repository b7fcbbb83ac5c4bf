"""A sentence that says the contrary of a reference is not taken for it, with the real encoder.

The process is no shipped one and has no head: nothing but the rules keeps the two apart.
"""

import os
from functools import cache
from pathlib import Path

import pytest

from winnow.judging import build_judge
from winnow.models import Verdict
from winnow.ports import Judge
from winnow.processes.loader import load_definition

ROOT = Path(__file__).parents[2]
MODEL = Path(os.environ.get("WINNOW_MODEL_DIR", ROOT / "build" / "model"))

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not (MODEL / "manifest.json").exists(), reason="no model: make model"),
]

CHEST = """
id: chest
version: 1.0.0
kind: criteria
title: Chest
criteria:
  - id: clear
    title: The X-ray found nothing
    statements: [The chest X-ray was normal., Chest X-ray negative., The chest film is clean.]
    counter_statements: [The chest X-ray showed a mass., The film was not done.]
    keywords: [x-ray, film]
logic: {all_of: [clear]}
"""
GAIT = """
id: gait
version: 1.0.0
kind: criteria
title: Gait
criteria:
  - id: worse
    title: A change of gait
    statements: [His gait has changed., He falls far more often than before., New unsteady gait.]
    counter_statements: [The gait is unchanged., The gait is normal., No change in gait.]
    keywords: [gait, falls, walks, walking]
logic: {all_of: [worse]}
"""


@cache
def judge(text: str) -> Judge:
    from winnow_encoder import load_encoder

    return build_judge(load_definition(text, "t"), load_encoder(MODEL))


def value(definition: str, text: str) -> Verdict:
    (judgement,) = judge(definition)([text])
    found = judgement.decision.value
    assert isinstance(found, Verdict)
    return found


@pytest.mark.parametrize("state", ["normal", "negative", "clean", "unremarkable"])
@pytest.mark.parametrize(
    "form",
    [
        "The chest X-ray was {}.",
        "Chest X-ray {}.",
        "The chest X-ray looks {}.",
    ],
)
def test_what_is_said_plainly_is_heard(form: str, state: str) -> None:
    assert value(CHEST, form.format(state)) is Verdict.MET


@pytest.mark.parametrize("state", ["normal", "negative", "clean", "unremarkable"])
@pytest.mark.parametrize(
    "form",
    [
        "The chest X-ray wasn't {}.",
        "The chest X-ray isn’t {}.",
        "The chest X-ray was never {}.",
        "The chest X-ray is no longer {}.",
        "The chest X-ray is hardly {}.",
        "The chest X-ray did not look {}.",
        "The chest X-ray hasn't come back {}.",
        "The chest X-ray cannot be called {}.",
        "The chest X-ray was not entirely {}.",
        "The chest X-ray failed to be {}.",
        "The chest X-ray is by no means {}.",
        "The chest X-ray was anything but {}.",
        "Neither the chest X-ray nor the film was {}.",
        "None of the chest films was {}.",
        "Not every chest film was {}.",
    ],
)
def test_a_denied_result_is_none(form: str, state: str) -> None:
    assert value(CHEST, form.format(state)) is not Verdict.MET


@pytest.mark.parametrize(
    "text",
    [
        "Gait abnormal.",
        "The gait is not normal.",
        "His gait is no longer normal.",
        "His gait is no longer the same.",
        "The gait is altered.",
        "Gait disturbed.",
    ],
)
def test_what_is_disturbed_is_not_heard_as_unchanged(text: str) -> None:
    assert value(GAIT, text) is not Verdict.NOT_MET


@pytest.mark.parametrize(
    "text",
    ["His gait is as usual.", "Gait regular.", "He walks every morning.", "Gait stable, no falls."],
)
def test_what_is_steady_is_not_heard_as_a_change(text: str) -> None:
    assert value(GAIT, text) is not Verdict.MET


@pytest.mark.parametrize(
    ("reference", "keyword", "text"),
    [
        ("Arthritis of the right hip.", "hip", "Arthritis of the left hip."),
        ("The sodium is low.", "sodium", "The sodium is high."),
        ("The cyst is malignant.", "cyst", "The cyst is benign."),
        ("Mild mitral stenosis.", "stenosis", "Severe mitral stenosis."),
        ("Hypokalemia.", "hypokalemia", "Hyperkalemia."),
        ("Stage IV disease.", "disease", "Stage II disease."),
        ("Class 3 obesity.", "obesity", "Class 1 obesity."),
        ("The second finger is numb.", "finger", "The fourth finger is numb."),
        ("The ulcer is infected.", "ulcer", "The ulcer is uninfected."),
        ("The plaque is growing.", "plaque", "The plaque is shrinking."),
        ("The lower lip is swollen.", "lip", "The upper lip is swollen."),
        ("Bilateral tinnitus.", "tinnitus", "Unilateral tinnitus."),
        ("The rash is getting worse.", "rash", "The rash is getting better."),
        ("The licence was extended.", "licence", "The licence was not extended."),
    ],
)
def test_what_differs_in_the_word_that_counts_is_not_met(
    reference: str, keyword: str, text: str
) -> None:
    definition = (
        CHEST[: CHEST.index("    statements")]
        + f"    statements: [{reference}]\n    keywords: [{keyword}]\n"
        + "logic: {all_of: [clear]}\n"
    )
    assert value(definition, reference) is Verdict.MET
    assert value(definition, text) is not Verdict.MET
