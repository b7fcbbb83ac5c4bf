"""The shipped processes on the shipped samples, with the real encoder.

The samples come out as samples/README.md says. The sentences below are the ones that the cues and
neutral statements were developed on: what must never be heard as support.
"""

import csv
import hashlib
import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

from tests.quality.labelled import SAMPLE, SCREENING, labelled, main, screening, write_screening
from winnow.judging import build_judge
from winnow.models import CriteriaDecision, Judgement, LabelDecision, Verdict
from winnow.ports import Judge
from winnow.processes.registry import ProcessRegistry

ROOT = Path(__file__).parents[2]
MODEL = Path(os.environ.get("WINNOW_MODEL_DIR", ROOT / "build" / "model"))
DATA = Path(os.environ.get("WINNOW_DATA", ROOT.parent / "shared" / "data"))

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not (MODEL / "manifest.json").exists(), reason="no model: make model"),
]


@cache
def book() -> ProcessRegistry:
    return ProcessRegistry.from_directory(ROOT / "processes")


@cache
def judge(name: str) -> Judge:
    from winnow_encoder import load_encoder

    process = book().find(name)
    return build_judge(process, load_encoder(MODEL), book().heads.get(process.id))


def outcome(judgement: Judgement, threshold: float) -> str:
    if judgement.decision.value == Verdict.UNDETERMINED or judgement.confidence < threshold:
        return "review"
    return str(judgement.decision.value)


@cache
def readme_cases() -> dict[str, str]:
    text = (ROOT / "samples" / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| (PA-\d+) \|.*\| (\w+) \|$", text, re.MULTILINE))


def test_the_head_of_l33774_was_trained_on_the_sample(tmp_path: Path) -> None:
    main(tmp_path / "labelled.csv")
    content = (tmp_path / "labelled.csv").read_bytes()
    assert SAMPLE.read_bytes() == content, "run `python -m tests.quality.labelled`"
    data = book().heads["L33774"].card().data
    assert data.sha256 == hashlib.sha256(content).hexdigest()
    assert data.rows == len(labelled())


def test_the_head_of_screening_colonoscopy_was_trained_on_the_sample(tmp_path: Path) -> None:
    write_screening(tmp_path / "labelled.csv")
    content = (tmp_path / "labelled.csv").read_bytes()
    assert SCREENING.read_bytes() == content, "run `python -m tests.quality.labelled`"
    data = book().heads["screening-colonoscopy"].card().data
    assert data.sha256 == hashlib.sha256(content).hexdigest()
    assert data.rows == len(screening())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("52-year-old, never had a colonoscopy. No symptoms. No family history.", "met"),
        ("52-year-old, last colonoscopy 2012, normal. No symptoms.", "met"),
        ("52-year-old, last colonoscopy 2019, normal. No symptoms.", "not_met"),
        ("40-year-old, never had a colonoscopy. No symptoms.", "not_met"),
        ("40-year-old, never had a colonoscopy. Her mother had colon cancer at 50.", "met"),
        ("52-year-old, never had a colonoscopy. Rectal bleeding for two months.", "not_met"),
        ("Never had a colonoscopy. No symptoms.", "undetermined"),
    ],
)
def test_screening_by_age_interval_risk_and_symptoms(text: str, value: str) -> None:
    (result,) = judge("screening-colonoscopy")([text], [{"record_date": "2024-04-15"}])
    assert result.decision.value == value


LISTS = (
    "\n- fever\n- {}\n- weight loss\n",
    "\n\n* {}\n\n* weight loss\n",
    "\nfever\n{}\n",
    "\n1. {}\n2. weight loss\n",
)


@pytest.mark.parametrize("items", LISTS)
@pytest.mark.parametrize(
    "heading",
    [
        *("Negative for:", "Denies:", "None of the following:", "Has never had:", "Ruled out:"),
        *("Resolved problems:", "Healed:", "Mother:", "Watch for:", "Things to expect:"),
        *("Side effects of the drug:", "Policy requires:", "Leaflet given on:", "Unconfirmed:"),
    ],
)
def test_what_stands_under_a_heading_that_takes_it_back_is_not_accepted_as_met(
    heading: str, items: str
) -> None:
    text = heading + items.format("recurrent melena")
    (result,) = judge("L33774")([f"{text}\nHgb 7.9. EGD and colonoscopy were negative."])
    assert outcome(result, book().find("L33774").threshold) != "met"


@pytest.mark.parametrize("items", LISTS)
@pytest.mark.parametrize(
    "heading",
    [
        *("Assessment:", "Problem list:", "Reports:", "Positive for:", "Indications:", "HPI:"),
        *("The patient has the following:", "Current symptoms:", "Chief complaint:"),
        *("72 y/o man with", "# Impression", "Denies: fever\nEndorses:", "Assessment and plan:"),
    ],
)
def test_what_stands_under_any_other_heading_is_accepted(heading: str, items: str) -> None:
    if not heading.endswith(":") and items == LISTS[2]:
        return
    text = heading + items.format("recurrent melena")
    (result,) = judge("L33774")([f"{text}\nHgb 7.9. EGD and colonoscopy were negative."])
    assert outcome(result, book().find("L33774").threshold) == "met"


MARKS = [("☐", "☑"), ("◻", "◼"), ("⬜", "✅"), ("□", "■"), ("❏", "✔"), ("✗", "✓"), ("[ ]", "[x]")]


@pytest.mark.parametrize(("empty", "ticked"), [*MARKS, ("○", "●"), ("_", "_x_"), ("\uf0a8", "☑")])
@pytest.mark.parametrize("front", ["", "- "])
def test_an_item_that_is_not_ticked_is_not_accepted(empty: str, ticked: str, front: str) -> None:
    items = f"{front}{ticked} Anemia\n{front}{empty} Recurrent melena\n{front}{empty} fever"
    (result,) = judge("L33774")([f"{items}\n\nHgb 7.9. EGD and colonoscopy were negative."])
    assert outcome(result, book().find("L33774").threshold) != "met"


@pytest.mark.parametrize(("empty", "ticked"), [*MARKS, ("○", "●"), ("_", "_x_")])
def test_an_item_that_is_ticked_is_accepted(empty: str, ticked: str) -> None:
    text = f"{ticked} Recurrent melena\n{empty} fever\n{ticked} EGD and colonoscopy negative"
    (result,) = judge("L33774")([f"{text}\n\nHgb 7.9."])
    assert outcome(result, book().find("L33774").threshold) == "met"
    assert isinstance(result.decision, CriteriaDecision)
    quoted = [e for finding in result.decision.criteria for e in finding.evidence if e.end]
    assert [f"{text}\n\nHgb 7.9."[e.start : e.end] for e in quoted] == [e.text for e in quoted]


@pytest.mark.parametrize(
    "answer",
    [
        *(": 0", " 0/7 days", " x0", " = 0", " ✗", " ❌", " (0)", " [0]", " -", ": --", " gone"),
        *(": ○ Yes ● No", "? □ Yes ■ No", ": ✔ No ☐ Yes", "\n☐ Yes\n☒ No", " Yes [ ] No [x]"),
    ],
)
def test_an_answer_that_says_no_or_nothing_is_not_accepted(answer: str) -> None:
    text = f"Hgb 7.9.\nRecurrent melena{answer}\nEGD and colonoscopy were negative."
    (result,) = judge("L33774")([text])
    assert outcome(result, book().find("L33774").threshold) != "met"


@pytest.mark.parametrize(
    "answer",
    [
        *(": Choose an item.", ": [enter]", ": «melena»", " (Y/N)", " (Y/N): N", " .......", ": F"),
        *(":\nHgb: 7.9", ":\nNo", "\nNo", "\nNone reported", "\n- Denied", "\nAnswer: no"),
        *(" ....... No", "\nNo\nPain\nYes", "?\nNot at this time"),
    ],
)
def test_a_form_that_was_not_filled_in_or_says_no_is_not_accepted(answer: str) -> None:
    text = f"Recurrent melena{answer}\nEGD and colonoscopy were negative.\nHgb 7.9."
    (judgement,) = judge("L33774")([text])
    assert outcome(judgement, book().find("L33774").threshold) != "met"


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("                      X", "not met"),
        ("                X", "met"),
        ("                          X", "not met"),
        ("                 (x)  ( )", "met"),
        ("                 ( )  (x)", "not met"),
    ],
)
def test_a_mark_of_a_typed_table_says_what_it_stands_below(row: str, value: str) -> None:
    table = (
        f"Symptom                  Yes   No\nRecurrent melena{row[7:]}\nFever                    X"
    )
    text = f"{table}\n\nEGD and colonoscopy were negative.\nHgb 7.9."
    (judgement,) = judge("L33774")([text])
    assert (outcome(judgement, book().find("L33774").threshold) == "met") is (value == "met")


@pytest.mark.parametrize("answer", [" (Y/N): Y", "\nYes", ":\nYes", "\nAnswer: yes", " ..... Yes"])
def test_a_form_that_says_yes_is_accepted(answer: str) -> None:
    text = f"Recurrent melena{answer}\nEGD and colonoscopy were negative.\nHgb 7.9."
    (judgement,) = judge("L33774")([text])
    assert outcome(judgement, book().find("L33774").threshold) == "met"


@pytest.mark.parametrize("answer", ["", " x3", ": ● Yes ○ No", ": ■ Yes □ No", " ✓", ", pain 0/10"])
def test_an_answer_that_says_yes_is_accepted(answer: str) -> None:
    text = f"Hgb 7.9.\nRecurrent melena{answer}\nEGD and colonoscopy were negative."
    (result,) = judge("L33774")([text])
    assert outcome(result, book().find("L33774").threshold) == "met"


def test_each_list_has_its_own_heading() -> None:
    text = (
        "52-year-old, never had a colonoscopy. No family history.\nDenies:\n- {}\nEndorses:\n- {}"
    )
    texts = [text.format("fever", "rectal bleeding"), text.format("rectal bleeding", "good health")]
    bleeds, well = judge("screening-colonoscopy")(texts, [{"record_date": "2024-04-15"}] * 2)
    assert (bleeds.decision.value, well.decision.value) == ("not_met", "met")


def test_every_case_is_in_the_readme() -> None:
    with (ROOT / "samples" / "prior-auth-cases.csv").open(encoding="utf-8", newline="") as file:
        assert [row["case_id"] for row in csv.DictReader(file)] == list(readme_cases())


def test_prior_authorization_cases() -> None:
    with (ROOT / "samples" / "prior-auth-cases.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["note"].strip()]
    threshold = book().find("91110").threshold
    results = judge("91110")([row["note"] for row in rows])
    found = {
        row["case_id"]: outcome(result, threshold)
        for row, result in zip(rows, results, strict=True)
    }
    assert found == {k: v for k, v in readme_cases().items() if v != "invalid"}
    for row, result in zip(rows, results, strict=True):
        assert isinstance(result.decision, CriteriaDecision)
        for finding in result.decision.criteria:
            for evidence in finding.evidence:
                assert row["note"][evidence.start : evidence.end] == evidence.text


def test_the_clinic_note_is_met() -> None:
    text = (ROOT / "samples" / "prior-auth-note.txt").read_text(encoding="utf-8")
    (result,) = judge("L33774")([text])
    assert result.decision.value == Verdict.MET
    assert result.confidence >= book().find("L33774").threshold


def test_feelings() -> None:
    readme = (ROOT / "samples" / "README.md").read_text(encoding="utf-8")
    expected = {
        name: word
        for names, word in re.findall(r"^\| (f\d\d(?:, f\d\d)*) \| (\w+)", readme, re.MULTILINE)
        for name in names.split(", ")
    }
    lines = (ROOT / "samples" / "feelings.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert {row["id"] for row in rows} == set(expected)
    threshold = book().find("emotions").threshold
    rows = [row for row in rows if row["text"].strip()]
    results = judge("emotions")([row["text"] for row in rows])
    found = {
        row["id"]: outcome(result, threshold) for row, result in zip(rows, results, strict=True)
    }
    assert found == {k: v for k, v in expected.items() if v != "invalid"}


NEVER_SUPPORT = {
    "blood-loss": [
        "No evidence of ongoing gastrointestinal bleeding.",
        "He denies black stools, melena or bleeding.",
        "If melena recurs, return to the emergency room.",
        "Her mother had recurrent gastrointestinal bleeding.",
        "Stool guaiac was negative times three.",
        "He is at risk of gastrointestinal bleeding.",
        "GI bleed was ruled out.",
        "Blood transfusion was not needed.",
    ],
    "anemia": [
        "She is not anemic.",
        "Iron deficiency anemia was ruled out.",
        "Screen for anemia.",
        "Anemia workup.",
        "Her father has sickle cell anemia.",
        "Anemia has resolved.",
        "Hemoglobin 14.9 g/dL.",
    ],
    "obscure-bleeding": [
        "Small bowel bleeding was ruled out.",
        "No small bowel source of bleeding is suspected.",
        "Small bowel obstruction.",
    ],
    "endoscopy-negative": [
        "Colonoscopy was not done.",
        "The patient refused colonoscopy.",
        "No EGD was done.",
        "EGD is scheduled.",
        "Colonoscopy showed no polyps but active bleeding from a diverticulum.",
        "Colonoscopy was not normal.",
        "Her sister's colonoscopy was normal.",
        "EGD was aborted because of low oxygen.",
    ],
    "imaging-negative": [
        "CT enterography was not done.",
        "No small bowel imaging was obtained.",
        "CT enterography was declined.",
        "The small bowel series was not normal.",
        "Small bowel follow-through was cancelled and never done.",
    ],
    "intraoperative-enteroscopy": [
        "Intraoperative enteroscopy is not indicated.",
        "Intraoperative enteroscopy was performed in 2018.",
    ],
    "crohns-suspected": [
        "No suspicion of Crohn's disease.",
        "Known Crohn's disease since 2001.",
        "His sister was diagnosed with Crohn's disease.",
    ],
    "crohns-tests-negative": [
        "No tests for Crohn's disease have been done.",
        "The terminal ileum could not be intubated.",
        "CT enterography was not done.",
    ],
}


@pytest.mark.parametrize("criterion", NEVER_SUPPORT)
def test_turned_sentences_are_never_met(criterion: str) -> None:
    sentences = NEVER_SUPPORT[criterion]
    for message, result in zip(sentences, judge("L33774")(sentences), strict=True):
        assert isinstance(result.decision, CriteriaDecision)
        (finding,) = (f for f in result.decision.criteria if f.id == criterion)
        assert finding.verdict is not Verdict.MET, (message, finding)


NEVER_MET = [
    # A source was found after all.
    "Recurrent melena and anemia, hemoglobin 7. EGD was normal. Colonoscopy was normal. CT "
    "enterography showed a bleeding mass in the jejunum. Small bowel bleeding, source identified.",
    # Nothing has been done yet.
    "Recurrent melena with iron deficiency anemia. Obscure small bowel bleeding possible. EGD and "
    "colonoscopy are scheduled for next week. If negative, will proceed with capsule endoscopy.",
    # Long ago.
    "Obscure GI bleeding in 2015, worked up with negative EGD and colonoscopy. No bleeding since "
    "then. Anemia has resolved, hemoglobin 14.",
    # Somebody else.
    "Mother had obscure gastrointestinal bleeding and iron deficiency anemia; her colonoscopy and "
    "EGD were negative. The patient herself has no bleeding and is not anemic.",
    # Talk.
    "Discussed indications for capsule endoscopy: obscure GI bleeding with anemia after negative "
    "colonoscopy and EGD. He wishes to think about it.",
    # Denied throughout.
    "Denies melena, hematochezia or other blood loss. No anemia. Normal EGD and colonoscopy. No "
    "suspicion of Crohn's disease or small bowel bleeding.",
    # Crohn's disease is known.
    "Established Crohn's disease on ustekinumab. Suspected flare. CT enterography showed no active "
    "inflammation. Colonoscopy normal.",
]


def test_notes_with_all_the_words_and_not_the_facts_are_never_met() -> None:
    values = [result.decision.value for result in judge("L33774")(NEVER_MET)]
    assert "met" not in values


def test_every_label_finds_its_own_examples() -> None:
    definition = book().find("emotions")
    for label in definition.labels:
        results = judge("emotions")(label.examples)
        values = [r.decision.value for r in results if isinstance(r.decision, LabelDecision)]
        assert values.count(label.id) >= 0.8 * len(values), label.id


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="no measuring data (WINNOW_DATA)")
def test_no_public_note_is_met() -> None:
    """None of ten notes that a reader found not met, or met in part, nor any of 390 in all."""
    with (DATA / "notes" / "mtsamples-400.csv").open(encoding="utf-8", newline="") as file:
        notes = {row["note_id"]: row["transcription"] for row in csv.DictReader(file)}
    with (DATA / "notes" / "mtsamples-l33774-reading.csv").open(encoding="utf-8") as file:
        read = [row["note_id"] for row in csv.DictReader(file)]
    results = dict(zip(notes, judge("L33774")(list(notes.values())), strict=True))
    assert {results[name].decision.value for name in read} <= {"undetermined", "not_met"}
    assert [name for name, result in results.items() if result.decision.value == "met"] == []
