"""Records and their results: decisions, evidence and reasons, in tables and lines.

`winnow results`, `winnow predict` and the demo show records with the functions of this module.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from winnow_cli.console import clean, note, shorten, stdout
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow.models import (
        CriterionFinding,
        Evidence,
        Judgement,
        Result,
        ResultRecord,
        ShadowCounts,
        VersionRef,
    )
    from winnow.reviews.items import ReviewState

OUTCOME_STYLES = {"accepted": "green", "review": "yellow", "invalid": "red"}
CANNOT_TELL = "cannot tell"
"""What a person decided who could not decide."""
EVIDENCE_WIDTH = 100
"""Characters of a sentence in a table or a line."""

Column = tuple[str, Callable[["ResultRecord"], str]]
"""A column's name, and its cell of a record."""

RECORD: Column = ("record", lambda record: str(record.record))
PART: Column = ("part", lambda record: record.part or "")
"""The member of an archive, the attachment or the sheet that a record comes from."""
SOURCE_ID: Column = ("id", lambda record: record.source_id or "")
OUTCOME: Column = ("outcome", lambda record: record.outcome.value)
DECISION: Column = ("decision", lambda record: decision_of(record))
CONFIDENCE: Column = ("confidence", lambda record: confidence_of(record))


def answer_of(state: "ReviewState") -> str:
    """`met by ann`, or what else is known of a record's review, in a few words."""
    if state.state == "erased":
        return "erased"
    if state.state == "expired":
        return "results expired"
    if state.by is None:
        return "open"
    return f"{CANNOT_TELL if state.cannot_tell else state.decision} by {state.by}"


def print_results(
    result: "Result",
    records: Sequence["ResultRecord"],
    reviews: "Mapping[int, ReviewState] | None" = None,
) -> None:
    """The records of a run as a table, and lines about the run: counts, process, notes.

    `reviews` has what people decided of records, by their numbers. Records that only wait are not
    marked: their outcome says so.
    """
    answers = {
        record: answer_of(state)
        for record, state in (reviews or {}).items()
        if state.state != "open"
    }

    def answer(record: "ResultRecord") -> str:
        return answers.get(record.record, "")

    reviewed: tuple[Column, ...] = (("reviewed", answer),) if answers else ()
    grounds: Column = ("evidence or reason", lambda record: grounds_of(record, EVIDENCE_WIDTH))
    _print_records(
        records,
        (OUTCOME, RECORD, PART, SOURCE_ID, DECISION, CONFIDENCE, *reviewed, grounds),
        styles=[OUTCOME_STYLES[record.outcome.value] for record in records],
    )
    counts = result.counts
    note(
        f"{counts.accepted:,} accepted, {counts.review:,} to review, {counts.invalid:,} invalid; "
        f"process {result.process.id} {result.process.version}{_version(result)}, "
        f"threshold {result.threshold:g} "
        f"(from the {result.threshold_from})"
    )
    if result.shadow is not None:
        note(_shadow(result.shadow))
    if basis := basis_of(records):
        note(basis)
    for line in result.notes:
        note(f"note {line.code}: {clean(line.text)}")


def judged_by(version: "VersionRef") -> str:
    """Which version of the process decided."""
    return f"judged by version {version.short}, the {version.alias.value}"


def _shadow(counts: "ShadowCounts") -> str:
    """What another version decided of the same records."""
    return (
        f"version {counts.version[:12]} judged {counts.records:,} of these records, too, and only "
        f"for comparison: {counts.differed:,} otherwise"
    )


def print_predictions(records: Sequence["ResultRecord"]) -> None:
    """The records of a file that was judged here, as a table."""
    outcome: Column = ("outcome", _outcome_and_code)
    because: Column = ("because", _because_or_reason)
    _print_records(records, (RECORD, PART, SOURCE_ID, outcome, DECISION, CONFIDENCE, because))


def _print_records(
    records: Sequence["ResultRecord"], columns: Sequence[Column], styles: Sequence[str] = ()
) -> None:
    """A table with a row for each record; without the column `part` if no record has one."""
    parts = any(record.part for record in records)
    shown = [column for column in columns if parts or column is not PART]
    table(
        [name for name, _ in shown],
        [[cell(record) for _, cell in shown] for record in records],
        styles=styles,
        right=("record", "confidence"),
    )


def _outcome_and_code(record: "ResultRecord") -> str:
    if record.decision is not None and record.code:
        return f"{record.outcome.value} ({record.code})"
    return record.outcome.value


def _because_or_reason(record: "ResultRecord") -> str:
    return reason_of(record) if record.decision is None else ", ".join(because_of(record))


def print_judgement(judgement: "Judgement") -> None:
    """The result of one text: decision, confidence, then each criterion or label."""
    from rich.text import Text

    screen = stdout()
    decision = judgement.decision
    basis = "calibrated" if judgement.calibrated else "uncalibrated"
    screen.print(
        Text.assemble(
            (str(decision.value), "bold"), f"  confidence {judgement.confidence:.2f} ({basis})"
        )
    )
    if decision.kind == "criteria":
        for criterion in decision.criteria:
            mark = "*" if criterion.id in decision.because else " "
            screen.print(
                Text(f"{mark} {criterion.id}: {criterion.verdict.value} ({criterion.score:.2f})")
            )
            for evidence in criterion.evidence:
                screen.print(Text(f"    {evidence_line(evidence)}"))
    else:
        for scored in decision.scores:
            screen.print(Text(f"  {scored.label}: {scored.score:.2f}"))
        for evidence in decision.evidence:
            screen.print(Text(f"    {evidence_line(evidence)}"))


def decision_of(record: "ResultRecord") -> str:
    """`met`, or a label; empty for an invalid record."""
    return "" if record.decision is None else str(record.decision.value)


def confidence_of(record: "ResultRecord") -> str:
    """Two decimals; empty for an invalid record."""
    return "" if record.confidence is None else f"{record.confidence:.2f}"


def because_of(record: "ResultRecord") -> tuple[str, ...]:
    """The ids of the criteria behind the decision; none for labels and invalid records."""
    decision = record.decision
    return decision.because if decision is not None and decision.kind == "criteria" else ()


def evidence_of(record: "ResultRecord") -> list[tuple[str, "Evidence"]]:
    """The evidence behind the decision, the most similar first; each with its criterion's id.

    For criteria: one piece for each criterion behind the decision, if possible one that
    supports its verdict. For a label: all pieces, with an empty id.
    """
    decision = record.decision
    if decision is None:
        return []
    if decision.kind == "labels":
        pieces = [("", evidence) for evidence in decision.evidence]
    else:
        pieces = [
            (criterion.id, _strongest(criterion))
            for criterion in decision.criteria
            if criterion.id in decision.because and criterion.evidence
        ]
    return sorted(pieces, key=lambda piece: -piece[1].similarity)


def _strongest(criterion: "CriterionFinding") -> "Evidence":
    side = "opposes" if criterion.verdict == "not_met" else "supports"
    return max(
        criterion.evidence, key=lambda evidence: (evidence.polarity == side, evidence.similarity)
    )


def quoted(criterion: str, evidence: "Evidence", width: int) -> str:
    """A piece of evidence on one line, marked as for (✓) or against (✗) its criterion."""
    text = f"“{shorten(evidence.text, width)}”"
    mark = "✓" if evidence.polarity == "supports" else "✗"
    return f"{mark} {criterion}: {text}" if criterion else text


def said_of(evidence: "Evidence") -> str:
    """A similarity, or the fact and what is asked: `age 44 (age 45 or over)`."""
    if evidence.fact is None:
        return f"{evidence.similarity:.2f}"
    return f"{clean(evidence.fact)} (asked: {clean(evidence.reference or '')})"


def evidence_line(evidence: "Evidence") -> str:
    """A piece of evidence with its polarity, similarity and span: `supports 0.81 [0:12] “...”`."""
    return (
        f"{evidence.polarity.value} {said_of(evidence)} [{evidence.start}:{evidence.end}] "
        f"“{shorten(evidence.text, EVIDENCE_WIDTH)}”"
    )


def _version(result: "Result") -> str:
    """The version that judged, as people are shown it; empty if the run is older than versions."""
    return "" if result.version is None else f" ({result.version.short}, {result.version.alias})"


def basis_of(records: Sequence["ResultRecord"]) -> str:
    """What the confidences of a table mean, in a few words; empty if it has none."""
    calibrated = {record.calibrated for record in records if record.calibrated is not None}
    if calibrated == {True}:
        return "confidence is calibrated: the probability that the decision is right"
    if calibrated == {False}:
        return "confidence is the raw score, not a probability: this process has no calibration"
    if calibrated:
        return "confidence is calibrated for some records only: --format json says which"
    return ""


def grounds_of(record: "ResultRecord", width: int) -> str:
    """The strongest evidence, or the reason for its absence; on one line."""
    pieces = evidence_of(record)
    return quoted(*pieces[0], width) if pieces else shorten(reason_of(record), width)


def reason_of(record: "ResultRecord") -> str:
    """Why a record has no evidence: its error, the criteria that lack any, or the reason given."""
    if record.decision is None:
        return f"{record.code}: {record.reason}"
    lacking = ", ".join(because_of(record))
    return f"no evidence on {lacking}" if lacking else record.reason or ""
