"""What stands beside the evidence of a decision and makes it less sure."""

import pytest

from tests.unit.core.judging.test_criteria import HEAD, judge, toward
from winnow.models import Caution, CriterionFinding, Verdict

PROCESS = (
    HEAD
    + """
criteria:
  - id: loss
    title: Loss
    statements: [Melena goes on.]
    counter_statements: [No melena., Possibly no melena.]
    keywords: [melena]
  - id: crohn
    title: Crohn
    if_silent: not_met
    statements: [Crohn is suspected.]
    keywords: [crohn]
logic: {any_of: [loss, crohn]}
"""
)
DENIED = "No melena."


def cautions(text: str) -> dict[str, tuple[Caution, ...]]:
    sentences = (
        *("Melena goes on.", DENIED, "Possibly no melena.", "No melena?"),
        "Crohn is suspected.",
    )
    axes = (0, 1, 1, 1, 2)
    table = {text: toward((axis, 1.0)) for text, axis in zip(sentences, axes, strict=True)}
    decision = judge(text, PROCESS, **table)
    assert decision.value is Verdict.NOT_MET
    return {finding.id: finding.cautions for finding in decision.criteria}


@pytest.mark.parametrize(
    ("text", "loss", "crohn"),
    [
        (DENIED, (), ()),
        (f"{DENIED} Melena, as one says.", (Caution.UNREAD,), ()),
        (f"{DENIED} Her mother has Crohn.", (), (Caution.UNREAD,)),
        (f"{DENIED} What came later is not recorded.", (Caution.OPEN_BEHIND,), ()),
        (f"{DENIED} She is well.", (), ()),
        ("No melena?", (Caution.ASKED,), ()),
        (f"{DENIED} This is a test record.", (Caution.TAKEN_BACK,), ()),
        (f"This is a test record. {DENIED}", (Caution.TAKEN_BACK,), ()),
        (f"{DENIED} She walks. None of the above is current.", (Caution.TAKEN_BACK,), ()),
        (f"Correction: her name is Ames. {DENIED}", (), ()),
        (f"{DENIED} Addendum: flu shot given.", (), ()),
        (f"{DENIED} Addendum: the specimens were swapped.", (Caution.TAKEN_BACK,), ()),
        (f"{DENIED} All symptoms have resolved.", (), ()),
        (f"{DENIED} On the contrary.", (Caution.DENIAL_UNDONE,), ()),
    ],
)
def test_cautions(text: str, loss: tuple[Caution, ...], crohn: tuple[Caution, ...]) -> None:
    assert cautions(text) == {"loss": loss, "crohn": crohn}


def test_cautions_are_not_written() -> None:
    finding = CriterionFinding(
        id="a", title="A", verdict=Verdict.MET, score=1.0, cautions=(Caution.UNREAD,)
    )
    assert "cautions" not in finding.model_dump()


@pytest.mark.parametrize(
    ("behind", "is_open"),
    [
        ("What the other hospital found is to follow.", True),
        ("What the second laboratory found is to follow shortly.", True),
        ("Pathology to follow in a week, she was told.", True),
        ("A capsule is requested to follow the extent of the disease.", False),
        ("He agreed to follow the diet.", False),
    ],
)
def test_what_is_to_follow_is_open_and_what_one_means_to_follow_is_not(
    behind: str, is_open: bool
) -> None:
    found = cautions(f"{DENIED} {behind}")
    assert (Caution.OPEN_BEHIND in found["loss"]) is is_open


EXCLUDING = (
    HEAD
    + """
criteria:
  - id: loss
    title: Loss
    statements: [Melena goes on.]
    keywords: [melena]
  - id: crohn
    title: Crohn
    if_silent: not_met
    statements: [Crohn is suspected.]
    counter_statements: [No Crohn.]
    keywords: [crohn]
  - id: ulcer
    title: Ulcer
    if_silent: not_met
    statements: [An ulcer bleeds.]
    keywords: [ulcer]
logic: {all_of: [loss], none_of: [crohn, ulcer]}
"""
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Melena goes on.", {Caution.ALL_SILENT}),
        ("Melena goes on. No Crohn.", set()),
        ("Melena goes on. She feels well.", set()),
        ("Melena goes on. Melena (2015). No Crohn.", set()),
        ("Melena goes on. Symptoms: see page 2.", {Caution.ALL_SILENT, Caution.SYMPTOMS}),
        ("Melena goes on. No Crohn. Symptoms for weeks.", {Caution.SYMPTOMS}),
        ("Melena goes on. No Crohn. Was transfused.", {Caution.SYMPTOMS}),
        ("Donor has melena. No Crohn.", {Caution.OF_ANOTHER}),
        ("Melena (2015). No Crohn.", {Caution.OF_PAST}),
        (
            "Melena goes on. All symptoms have resolved. No Crohn.",
            {Caution.TAKEN_BACK, Caution.OF_PAST},
        ),
        ("Melena goes on. No Crohn. Has not recurred.", {Caution.OF_PAST}),
        ("Melena goes on. No Crohn. Order cancelled at his wish.", {Caution.TAKEN_BACK}),
        ("Melena goes on. No Crohn. Unless she drinks, no ulcer.", {Caution.DENIAL_UNDONE}),
    ],
)
def test_cautions_of_what_is_met(text: str, found: set[Caution]) -> None:
    axes = {
        "Melena goes on.": 0,
        "Donor has melena.": 0,
        "Melena (2015).": 0,
        "No Crohn.": 1,
        "Crohn is suspected.": 2,
        "An ulcer bleeds.": 3,
    }
    table = {sentence: toward((axis, 1.0)) for sentence, axis in axes.items()}
    decision = judge(text, EXCLUDING, **table)
    assert decision.value is Verdict.MET
    cautions = {caution for finding in decision.criteria for caution in finding.cautions}
    assert cautions - {Caution.UNREAD} == found


NEGATIVE = (
    HEAD
    + """
criteria:
  - id: scopes
    title: Scopes
    statements: [Colonoscopy negative.]
    keywords: [colonoscopy]
  - id: crohn
    title: Crohn
    if_silent: not_met
    statements: [First suspicion of Crohn.]
    counter_statements: [Recurrence of Crohn.]
    keywords: [crohn]
logic: {all_of: [scopes, crohn]}
"""
)


@pytest.mark.parametrize(
    ("behind", "found"),
    [
        ("", set()),
        ("Suspicion of hepatic Crohn.", {Caution.OF_ANOTHER}),
        ("CT negative.", set()),
        ("CT: bleeding mass.", {Caution.EXPLAINED}),
        ("Diagnosed 2015.", {Caution.EXPLAINED}),
        ("Final diagnosis: gout.", {Caution.EXPLAINED}),
    ],
)
def test_cautions_of_exams_and_suspicions(behind: str, found: set[Caution]) -> None:
    axes = {"Colonoscopy negative.": 0, "First suspicion of Crohn.": 1, "Recurrence of Crohn.": 2}
    axes["Suspicion of hepatic Crohn."] = 1
    table = {sentence: toward((axis, 1.0)) for sentence, axis in axes.items()}
    suspicion = "" if behind.endswith("Crohn.") else "First suspicion of Crohn."
    text = f"Colonoscopy negative. {suspicion} {behind}"
    decision = judge(text, NEGATIVE, **table)
    assert decision.value is Verdict.MET
    cautions = {caution for finding in decision.criteria for caution in finding.cautions}
    assert cautions == found
