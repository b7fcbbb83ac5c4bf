"""The e-mails of runs: ids and counts, never document text.

The state machine itself writes the e-mail of a run that fails (NotifyFailure in triage.asl.json,
NotifyStopped in stopped.asl.json), since that has to work when no function does.
"""

from typing import TYPE_CHECKING

from winnow.costs.money import shown
from winnow.errors import UploadAbandonedError
from winnow.models import Counts, Mail, ObjectRef, Result

if TYPE_CHECKING:  # not in Filter's image
    from winnow.reviews.reviewed import ReviewSummary

_DRIFT_NAMES = {
    "scores": "scores",
    "decisions": "decisions",
    "embeddings": "content",
    "review": "share set aside",
}
"""The parts of winnow.models.Drift, as named in an e-mail."""

_BASES = {
    True: "The confidence is calibrated: how probable it is that a decision is right.",
    False: "The confidence is the judge's raw score, not a probability: nothing was calibrated.",
}
"""What the confidence means, by whether it was calibrated."""


_SET_BY = {
    "upload": "set by the sender",
    "stack": "set by the stack",
    "process": "the process's own",
}
"""Who set the threshold, by Result.threshold_from."""


def report(result: Result, result_ref: ObjectRef, *, file_name: bool, page_url: str = "") -> Mail:
    """The e-mail of a run that succeeded, with or without records set aside.

    The uploaded key is named only when the stack allows it (`file_name`). `page_url` is the address
    of the review page; empty: the stack has none.
    """
    counts = result.counts
    folder = result_ref.key.rpartition("/")[0]
    body = [
        f"Winnow judged {_number(counts.records, 'record')} by the process {result.process.id} "
        f"(version {result.process.version}).",
        *([f"Version {result.version.short} ({result.version.alias})."] if result.version else []),
        "",
        f"  accepted   {counts.accepted:>9,}   confidence of {result.threshold:g} or more",
        f"  review     {counts.review:>9,}   for a person to decide",
        f"  invalid    {counts.invalid:>9,}   could not be judged; each with its reason",
        "",
        f"The threshold of {result.threshold:g} is {_SET_BY[result.threshold_from]}.",
        _BASES[result.head is not None and result.head.calibration is not None],
        "",
        *_cost(result),
        f"Results    s3://{result_ref.bucket}/{folder}/",
        f"Upload     {result.upload.upload_id}",
    ]
    if file_name:
        # A key may contain line feeds, and text that looks like one of our e-mails.
        shown = "".join(char if char.isprintable() else "?" for char in result.upload.object.key)
        body.append(f"File       {shown}")
    body += [f"Note       {note.text}" for note in result.notes]
    if result.drift is not None and result.drift.drifted:
        parts = ", ".join(_DRIFT_NAMES[name] for name in result.drift.drifted_parts)
        body += [
            "",
            "These records are unlike those that the confidence was measured on, in their",
            f"{parts}. Look at a sample before you rely on what was accepted.",
        ]
    body += ["", f"To see them: winnow results {result.upload.upload_id}"]
    if page_url and counts.review:
        body.append(f"To decide them: {_page(page_url, result.upload.upload_id)}")
    return Mail(subject=subject(counts, result.process.id), body="\n".join(body) + "\n")


def reviewed(summary: "ReviewSummary", page_url: str = "") -> Mail:
    """The e-mail of an upload whose records for review are all decided."""
    totals = summary.totals
    ref = summary.reviewed
    body = [
        f"People have decided every record of an upload that was set aside ({totals.decided:,}), "
        f"by the process {summary.process}.",
        "",
        f"  approved     {totals.approved:>9,}   decided as Winnow had",
        f"  changed      {totals.changed:>9,}   decided differently",
        f"  cannot tell  {totals.cannot_tell:>9,}",
        "",
    ]
    if totals.decisions > totals.decided:
        body.append(
            f"Of these {totals.decisions:,} records {totals.decided:,} had been set aside, "
            f"{totals.audited:,} were checked as a sample, and {totals.corrections:,} corrected."
        )
    if summary.agreement is not None:
        body.append(f"Agreement  {summary.agreement:.0%}")
    if summary.blind_agreement is not None:
        body.append(
            f"           {summary.blind_agreement:.0%} of the {totals.blind:,} that were decided "
            "without seeing Winnow's decision"
        )
    body += [
        f"Results    s3://{ref.bucket}/{ref.key}",
        f"Upload     {summary.upload_id}",
    ]
    if page_url:
        body.append(f"Page       {_page(page_url, summary.upload_id)}")
    subject = f"Winnow {summary.process}: {totals.decisions:,} decided, {totals.changed:,} changed"
    return Mail(subject=subject[:99], body="\n".join(body) + "\n")


def abandoned(upload_id: str, error: UploadAbandonedError) -> Mail:
    """The e-mail of an upload that the sweep gives up."""
    return Mail(
        subject=f"Winnow: upload {upload_id[:8]} failed: {error.code}",
        body=(
            "Winnow gave up an upload.\n\n"
            f"Error      {error.code}\n"
            f"Reason     {error.message}\n"
            f"Upload     {upload_id}\n\n"
            f"What to do: {error.hint}\n"
        ),
    )


def subject(counts: Counts, process_id: str) -> str:
    """The subject: printable ASCII, under 100 characters, as SNS demands (a process id has 64)."""
    parts = [f"{counts.accepted:,} accepted"]
    if counts.review:
        parts.append(f"{counts.review:,} to review")
    if counts.invalid:
        parts.append(f"{counts.invalid:,} invalid")
    return f"Winnow {process_id}: {', '.join(parts)}"[:99]


def _cost(result: Result) -> list[str]:
    """The line that says what the run cost; none if that was not measured."""
    cost = result.cost
    if cost is None:
        return []
    least = "at least " if cost.missing else ""
    return [
        f"Cost       {least}{shown(cost.usd)}, {shown(cost.per_1000_records)} for 1,000 records "
        f"(list prices of {cost.region}, {cost.prices})"
    ]


def _page(page_url: str, upload_id: str) -> str:
    """The address of an upload on the review page: it has ids only."""
    return f"{page_url}#/uploads/{upload_id}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
