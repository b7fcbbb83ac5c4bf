"""What `winnow results --record N` says of one record."""

import csv
import io
import sys

import pytest

from tests.unit.cli.conftest import Terminal
from winnow.models import (
    PART_SEPARATOR,
    CasePart,
    CriteriaDecision,
    CriterionFinding,
    Evidence,
    EvidencePart,
    LabelDecision,
    LabelScore,
    Outcome,
    Polarity,
    ResultRecord,
    ShadowDecision,
    SourceLocation,
    Verdict,
)
from winnow_cli.commands.results import OutcomeName
from winnow_cli.render.csv_cells import write_csv
from winnow_cli.render.record import _spans, print_record

TEXT = "Melena for weeks. No anemia."
FOR = Evidence(
    start=0,
    end=17,
    text=TEXT[:17],
    similarity=0.8,
    places=(SourceLocation(start=0, page=2, line=3), SourceLocation(start=9, page=2, line=4)),
)
AGAINST = Evidence(
    start=18,
    end=28,
    text=TEXT[18:],
    polarity=Polarity.OPPOSES,
    similarity=0.7,
    context=("negated",),
)


def finding(name: str, verdict: Verdict, *evidence: Evidence) -> CriterionFinding:
    return CriterionFinding(
        id=name.lower(), title=name, verdict=verdict, score=0.5, evidence=evidence
    )


DECISION = CriteriaDecision(
    value=Verdict.UNDETERMINED,
    because=("imaging",),
    criteria=(
        finding("Bleeding", Verdict.MET, FOR),
        finding("Anemia", Verdict.NOT_MET, AGAINST),
        finding("Imaging", Verdict.UNDETERMINED),
        finding("Crohn", Verdict.NOT_MET),
    ),
)


def record(text: str | None = TEXT, **more) -> ResultRecord:
    return ResultRecord(
        **{
            "outcome": Outcome.REVIEW,
            "record": 9,
            "line": 10,
            "source_id": "PA-9",
            "fields": {"age": "63"},
            "decision": DECISION,
            "confidence": 0.5,
            "calibrated": False,
            "code": "undetermined",
            "reason": "The evidence is not enough to decide.",
            "text": text,
            **more,
        }
    )


def shown(of: ResultRecord, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_record(of)
    return capsys.readouterr().out.splitlines()


def test_text_reason_and_every_criterion_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(record(), capsys)
    assert lines[0] == "record 9  review"
    assert TEXT in lines
    heads = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:] if line[:2] == "  "}
    assert heads["reason"] == "undetermined: The evidence is not enough to decide."
    assert (heads["missing"], heads["age"], heads["id"]) == ("Imaging", "63", "PA-9")
    assert lines[-6:] == [
        "  Bleeding: met (0.50)",
        "    ✓ “Melena for weeks.”  0.80  page 2, lines 3-4",
        "  Anemia: not_met (0.50)",
        "    ✗ “No anemia.”  0.70  (negated)",
        "* Imaging: nothing said",
        "  Crohn: nothing said, counts as not_met",
    ]


def test_a_terminal_shows_evidence_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_record(record())
    assert "\x1b[32mMelena for weeks.\x1b[0m \x1b[31mNo anemia.\x1b[0m" in screen.getvalue()


def test_where_evidence_overlaps_both_sides_are_told() -> None:
    overlap = AGAINST.model_copy(update={"start": 7})
    assert list(_spans([FOR, overlap], len(TEXT))) == [
        (0, 7, "green"),
        (7, 17, "yellow"),
        (17, 28, "red"),
    ]


def test_no_text_steers_the_terminal_and_offsets_stay(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(record("\x1b[31m\u202eMelena.\nNo"), capsys)
    assert "?[31m?Melena." in lines
    assert "No" in lines


def test_results_without_text_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert any("before schema 1.4" in line for line in shown(record(None), capsys))


def test_an_invalid_record_has_its_reason_alone(capsys: pytest.CaptureFixture[str]) -> None:
    invalid = ResultRecord(outcome=Outcome.INVALID, record=3, code="text_empty", reason="Empty.")
    assert shown(invalid, capsys) == ["record 3  invalid", "  reason  text_empty: Empty."]


def test_labels_are_shown_with_their_scores(capsys: pytest.CaptureFixture[str]) -> None:
    scores = (LabelScore(label="glad", score=0.75), LabelScore(label="sad", score=0.25))
    decision = LabelDecision(value="glad", scores=scores, evidence=(FOR,))
    lines = shown(record(decision=decision, calibrated=True), capsys)
    assert lines[-3:-1] == ["  glad: 0.75", "  sad: 0.25"]
    assert any("0.50 (calibrated)" in line for line in lines)
    assert not [line for line in lines if "missing" in line]


def test_the_outcomes_to_choose_from_are_those_there_are() -> None:
    assert [name.value for name in OutcomeName] == [outcome.value for outcome in Outcome]


def case() -> ResultRecord:
    """Two parts: an e-mail's text, and what is attached to it."""
    parts = (
        CasePart(record=9, line=1, start=0, end=17),
        CasePart(record=10, part="b\x1b.pdf", line=1, start=20, end=30),
    )
    attached = EvidencePart(record=10, part="b\x1b.pdf", line=1, start=0, end=10)
    behind = AGAINST.model_copy(update={"start": 20, "end": 30, "part": attached})
    ahead = FOR.model_copy(update={"part": EvidencePart(record=9, line=1, start=0, end=17)})
    criteria = (finding("Bleeding", Verdict.MET, ahead), finding("Anemia", Verdict.NOT_MET, behind))
    decision = DECISION.model_copy(update={"criteria": criteria})
    return record(PART_SEPARATOR.join((TEXT[:17], TEXT[18:])), parts=parts, decision=decision)


def test_a_case_is_shown_part_by_part(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(case(), capsys)
    begin = lines.index("[text of the e-mail]")
    assert lines[begin + 1 : begin + 5] == ["Melena for weeks.", "", "[b?.pdf]", "No anemia."]
    assert "    ✓ “Melena for weeks.”  0.80  text of the e-mail, page 2, lines 3-4" in lines
    assert "    ✗ “No anemia.”  0.70  b?.pdf  (negated)" in lines


def test_a_case_in_csv_has_no_control_character() -> None:
    out = io.StringIO()
    write_csv([case()], out)
    (row,) = csv.DictReader(io.StringIO(out.getvalue()))
    assert row["text"] == "Melena for weeks.\n\nNo anemia."


def test_a_fact_is_told_with_what_is_asked_and_a_doubt_with_its_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    age = Evidence(
        start=0, end=5, text="44 yo", similarity=1, fact="age 44", reference="45 or over"
    )
    decision = CriteriaDecision(
        value=Verdict.UNDETERMINED,
        because=("age",),
        criteria=(
            finding("Age", Verdict.NOT_MET, age),
            finding("Interval", Verdict.UNDETERMINED, FOR).model_copy(
                update={"doubt": "ten or eleven years\x1b[31m"}
            ),
        ),
    )
    lines = shown(record(decision=decision), capsys)
    told = "\n".join(lines)
    assert "“44 yo”  age 44 (asked: 45 or over)" in told
    assert "Interval: undetermined, in doubt: ten or eleven years" in told
    assert "\x1b" not in told


def test_what_a_version_beside_it_decided_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_record(record())
    assert "only compared" not in capsys.readouterr().out
    shadow = ShadowDecision(version="ab" * 6, decision="met", confidence=0.81)
    print_record(record(shadow=shadow))
    assert f"version {'ab' * 6} decided met, with confidence 0.81" in capsys.readouterr().out
