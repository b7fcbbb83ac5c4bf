"""The options that choose records: `winnow search` and `winnow stats` have the same."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from winnow_cli.console import note

if TYPE_CHECKING:
    from winnow.search.shapes import SearchAnswer, SearchFilter, StatsAnswer
    from winnow_cli.searching import StackRecords
    from winnow_cli.target import Target

Request = TypeVar("Request")


class OutcomeName(StrEnum):
    """The names of `winnow.models.Outcome`, without the time that it takes to import."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    INVALID = "invalid"


QueryText = Annotated[
    str,
    typer.Option("--query", metavar="WORDS", help='Only records with these words and "phrases".'),
]
Processes = Annotated[
    list[str] | None,
    typer.Option("--process", metavar="ID", help="Only records of this process; repeatable."),
]
Versions = Annotated[
    list[str] | None,
    typer.Option(
        "--version", metavar="SHA", help="Only of this version: its first 12 digits; repeatable."
    ),
]
Decisions = Annotated[
    list[str] | None,
    typer.Option("--decision", metavar="D", help="Only with this decision; repeatable."),
]
Outcomes = Annotated[
    list[OutcomeName] | None,
    typer.Option("--outcome", help="Only with this outcome; repeatable."),
]
Reasons = Annotated[
    list[str] | None,
    typer.Option(
        "--reason", metavar="CODE", help="Only for review or invalid with this code; repeatable."
    ),
]
ConfidenceRange = Annotated[
    str | None,
    typer.Option(
        "--confidence", metavar="A-B", help="Only with a confidence from A to below B: 0.5-0.8."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="T", help="Judged since this time (2026-11-21) or duration (3d)."
    ),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="T", help="Judged before this time or duration.")
]
UploadIds = Annotated[
    list[str] | None,
    typer.Option(
        "--upload", metavar="ID", help="Only of this upload (6 first digits or more); repeatable."
    ),
]

FromResults = Annotated[
    bool,
    typer.Option(
        "--from-results",
        help="Read the results themselves, not the search index: exact at this moment, but slow.",
    ),
]


def filters_of(
    target: "Target",
    *,
    process: Sequence[str] | None = None,
    version: Sequence[str] | None = None,
    decision: Sequence[str] | None = None,
    outcome: Sequence[str] | None = None,
    reason: Sequence[str] | None = None,
    confidence: str | None = None,
    since: str | None = None,
    until: str | None = None,
    upload: Sequence[str] | None = None,
    case: Sequence[str] | None = None,
    reviewer: Sequence[str] | None = None,
    changed: bool | None = None,
    reviewed: bool | None = None,
) -> "SearchFilter":
    """The filter of what was given. Raises BadParameter for values that no record has."""
    from winnow.models import Outcome
    from winnow.search.shapes import SearchFilter
    from winnow_cli.searching import confidence_range, time_of, upload_ids

    low, high = confidence_range(confidence)
    ids = upload_ids(target, upload or ())
    return request_of(
        SearchFilter,
        processes=tuple(process or ()),
        versions=tuple(one[:12] for one in version or ()),
        decisions=tuple(decision or ()),
        outcomes=tuple(Outcome(one) for one in outcome or ()),
        reasons=tuple(reason or ()),
        confidence_from=low,
        confidence_to=high,
        since=time_of(since, "--since"),
        until=time_of(until, "--until"),
        uploads=ids,
        cases=tuple(case or ()),
        reviewers=tuple(reviewer or ()),
        changed=changed,
        reviewed=reviewed,
    )


def request_of(shape: "Callable[..., Request]", **given: object) -> "Request":
    """A search, a chart or their filter. Raises BadParameter for what no record has."""
    from pydantic import ValidationError

    try:
        return shape(**given)
    except ValidationError as error:
        errors = error.errors(include_input=False)
        fields = sorted({str(line["loc"][0]) for line in errors if line["loc"]})
        raise typer.BadParameter(f"not a value that records have: {', '.join(fields)}") from None


def say_what_is_missing(records: "StackRecords", answer: "SearchAnswer | StatsAnswer") -> None:
    """Notes about what an answer lacks, and how it came about."""
    from winnow_cli.searching import MANY

    if records.read is None:
        if answer.indexing:
            note(
                "Results are being indexed, and some are not found yet: see `winnow index status`. "
                "`--from-results` reads them all."
            )
        if answer.damaged:
            note(
                f"Left out: {answer.damaged:,} uploads or files of the index that cannot be read "
                "now. What is damaged in the index is made again of the results."
            )
        return
    if answer.damaged:
        note(f"Left out: {answer.damaged:,} uploads whose results are damaged.")
    if records.read > MANY:
        note(f"{records.read:,} records were read for this: name a process or an upload.")
