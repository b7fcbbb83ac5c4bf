"""Reviews: the queue, what is decided of a record, and its history."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from winnow_cli.console import clean, note, say
from winnow_cli.render.records import CANNOT_TELL, answer_of, judged_by
from winnow_cli.render.tables import table
from winnow_cli.render.uploads import SHORT_ID

if TYPE_CHECKING:
    from winnow.models import VersionRef
    from winnow.reviews.items import HistoryEntry, ReviewState
    from winnow.reviews.models import ReviewHead, Totals


def totals_document(totals: "Totals") -> dict[str, Any]:
    """Counts as JSON."""
    return {**totals.model_dump(), "open": totals.open}


def head_document(head: "ReviewHead", now: float) -> dict[str, Any]:
    """A record of the queue as JSON; what a blind one must not tell is null."""
    return {
        "upload": head.upload,
        "record": head.record,
        "process": head.process.id,
        "kind": head.kind.value,
        "outcome": head.outcome.value,
        "reason": None if head.hidden else head.code,
        "decision": None if head.hidden else head.decision,
        "confidence": None if head.hidden else head.confidence,
        "blind": head.blind,
        "waiting_since": head.waiting_since,
        "leased_by": head.lease_by if head.leased_to_other("", now) else None,
    }


def print_queue(totals: "Mapping[str, Totals]", heads: "Sequence[ReviewHead]", now: float) -> None:
    """The counts of each process, and the next records as a table."""
    if totals:
        counted = (
            *("open", "decided", "approved", "changed", CANNOT_TELL),
            *("audits", "audited", "corrections"),
        )
        table(
            ("process", *counted),
            [
                (
                    process,
                    *(
                        f"{count:,}"
                        for count in (
                            counts.open,
                            counts.decided,
                            counts.approved,
                            counts.changed,
                            counts.cannot_tell,
                            counts.audits,
                            counts.audited,
                            counts.corrections,
                        )
                    ),
                )
                for process, counts in totals.items()
            ],
            right=counted,
        )
    if not heads:
        note("Nothing waits for a person.")
        return
    say()
    table(
        ("process", "upload id", "record", "decision", "confidence", "reason", "waiting since"),
        [
            (
                head.process.id,
                head.upload[:SHORT_ID] if sys.stdout.isatty() else head.upload,
                str(head.record),
                *_machine(head),
                f"{head.waiting_since[:16].replace('T', ' ')}{_lease(head, now)}",
            )
            for head in heads
        ],
        right=("record", "confidence"),
    )


def _machine(head: "ReviewHead") -> tuple[str, str, str]:
    if head.hidden:
        return ("(hidden: blind)", "", "")
    reason = "audit of an accepted record" if head.kind == "audit" else head.code or ""
    return (head.decision, f"{head.confidence:.2f}", reason)


def _lease(head: "ReviewHead", now: float) -> str:
    return f", open at {head.lease_by}" if head.leased_to_other("", now) else ""


def print_history(
    entries: "Sequence[HistoryEntry]",
    state: "ReviewState | None",
    version: "VersionRef | None" = None,
) -> None:
    """The events of a record as a table, with the notes below; `version` had judged it."""
    if version is not None:
        note(f"The record was {judged_by(version)}.")
    if not entries:
        note("Nothing has happened to this record yet: it waits for a person.")
        return
    table(
        ("", "when (UTC)", "who", "what", "from", "to", "seconds", "blind", "through"),
        [
            (
                str(entry.number),
                entry.at[:19].replace("T", " "),
                entry.by,
                entry.kind.value,
                _decision(entry.before),
                _decision(entry.after),
                "" if entry.seconds is None else f"{entry.seconds:.1f}",
                "blind" if entry.blind else "",
                entry.through.value,
            )
            for entry in entries
        ],
        right=("seconds",),
    )
    for entry in entries:
        if entry.note:
            say(f"note to {entry.number}: {clean(entry.note)}")
    if state is not None:
        note(f"Now: {clean(answer_of(state))}.")


def _decision(decision: str | None) -> str:
    return CANNOT_TELL if decision is None else decision
