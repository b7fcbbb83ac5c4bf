"""What `winnow results` and the demo say of a record."""

import pytest

from winnow.models import (
    Alias,
    Counts,
    CriteriaDecision,
    CriterionFinding,
    Evidence,
    ObjectRef,
    Outcome,
    Polarity,
    ProcessInfo,
    Result,
    ResultRecord,
    ShadowCounts,
    Timings,
    Upload,
    Verdict,
    VersionRef,
)
from winnow_cli.render.records import basis_of, evidence_of, grounds_of, print_results


def evidence(text: str, polarity: Polarity, similarity: float) -> Evidence:
    return Evidence(start=0, end=len(text), text=text, polarity=polarity, similarity=similarity)


def record(verdict: Verdict, *found: Evidence, calibrated: bool = False) -> ResultRecord:
    criterion = CriterionFinding(
        id="bleeding", title="Bleeding", verdict=verdict, score=0.5, evidence=found
    )
    decision = CriteriaDecision(value=verdict, because=("bleeding",), criteria=(criterion,))
    return ResultRecord(
        outcome=Outcome.ACCEPTED,
        record=1,
        decision=decision,
        score=0.9,
        confidence=0.9,
        calibrated=calibrated,
    )


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [(Verdict.MET, "✓ bleeding: “melena”"), (Verdict.NOT_MET, "✗ bleeding: “no bleeding”")],
)
def test_the_evidence_shown_speaks_as_the_verdict_does(verdict: Verdict, shown: str) -> None:
    one = record(
        verdict,
        evidence("melena", Polarity.SUPPORTS, 0.7 if verdict is Verdict.MET else 0.9),
        evidence("no bleeding", Polarity.OPPOSES, 0.8),
    )
    assert grounds_of(one, 40) == shown


def test_evidence_on_the_other_side_is_shown_where_there_is_no_other() -> None:
    one = record(Verdict.NOT_MET, evidence("melena", Polarity.SUPPORTS, 0.3))
    assert [found.text for _, found in evidence_of(one)] == ["melena"]


def test_without_evidence_the_criteria_that_lack_it_are_named() -> None:
    assert grounds_of(record(Verdict.UNDETERMINED), 40) == "no evidence on bleeding"


def test_a_table_says_what_its_confidences_are() -> None:
    raw, measured = record(Verdict.MET), record(Verdict.MET, calibrated=True)
    broken = ResultRecord(outcome=Outcome.INVALID, record=2, code="text_empty", reason="Empty.")
    assert "raw score, not a probability" in basis_of([raw, broken])
    assert "probability that the decision is right" in basis_of([measured])
    assert "some records" in basis_of([raw, measured])
    assert basis_of([broken]) == ""


def result_of(records: list[ResultRecord]) -> Result:
    return Result(
        upload=Upload(upload_id="0" * 32, object=ObjectRef(bucket="b", key="inbox/x"), size=1),
        process=ProcessInfo(id="x", version="1.0.0", sha256="0" * 64, kind="labels"),
        threshold=0.7,
        threshold_from="process",
        counts=Counts(records=len(records), invalid=len(records)),
        decisions={},
        timings=Timings(serialize_s=0, classify_s=0, filter_s=0),
        files={},
    )


def test_results_of_an_archive_name_the_member(capsys: pytest.CaptureFixture[str]) -> None:
    def invalid(number: int, part: str | None) -> ResultRecord:
        return ResultRecord(
            outcome=Outcome.INVALID, record=number, part=part, code="file_type", reason="No."
        )

    records = [invalid(1, "a/broken.pdf"), invalid(2, None)]
    print_results(result_of(records), records)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:4] == ["outcome", "record", "part", "id"]
    assert lines[1][2] == "a/broken.pdf"
    print_results(result_of(records), records[1:])
    assert "part" not in capsys.readouterr().out


def test_results_name_the_version_and_one_that_judged_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = result_of([])
    print_results(plain, [])
    assert "version" not in capsys.readouterr().err
    version = VersionRef(sha256="ab" * 32, alias=Alias.CHALLENGER)
    beside = ShadowCounts(version="cd" * 32, records=7, same=5, differed=2)
    print_results(plain.model_copy(update={"version": version, "shadow": beside}), [])
    said = capsys.readouterr().err
    assert f"({'ab' * 6}, challenger)" in said
    assert f"version {'cd' * 6}" in said
    assert "2 otherwise" in said
