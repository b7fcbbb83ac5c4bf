"""`winnow search`: finds records in the results of all uploads."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import clean, emit_json, note
from winnow_cli.options import (
    DEFAULT_MODEL,
    FILES,
    AsJson,
    ModelDir,
    StackName,
    handle_errors,
    require_folder,
)
from winnow_cli.search_options import (
    ConfidenceRange,
    Decisions,
    FromResults,
    Outcomes,
    Processes,
    Reasons,
    Since,
    Until,
    UploadIds,
    Versions,
)

if TYPE_CHECKING:
    from winnow.search.shapes import SearchRequest
    from winnow_cli.target import Target


class AudienceName(StrEnum):
    """The names of `winnow.search.saved.Audience`, without the time that it takes to import."""

    EVERYBODY = "everybody"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMIN = "admin"


class SortName(StrEnum):
    """The names of `winnow.search.shapes.Sort`, without the time that it takes to import."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SUREST = "surest"
    LEAST_SURE = "least-sure"
    LIKENESS = "likeness"


FORMATS = (".csv", ".jsonl", ".parquet")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(search)


@handle_errors
def search(
    query: Annotated[
        str,
        typer.Argument(
            metavar="[WORDS]",
            help='Words that the text has to have, and "phrases in double quotes"; iron* finds '
            "words that begin so.",
        ),
    ] = "",
    process: Processes = None,
    version: Versions = None,
    decision: Decisions = None,
    outcome: Outcomes = None,
    reason: Reasons = None,
    confidence: ConfidenceRange = None,
    since: Since = None,
    until: Until = None,
    upload: UploadIds = None,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="ID", help="Only with this id of its own; repeatable."),
    ] = None,
    reviewer: Annotated[
        list[str] | None,
        typer.Option("--reviewer", metavar="NAME", help="Only what they decided; repeatable."),
    ] = None,
    reviewed: Annotated[
        bool | None,
        typer.Option("--reviewed/--unreviewed", help="Only what a person has decided, or not."),
    ] = None,
    changed: Annotated[
        bool | None,
        typer.Option(
            "--changed/--unchanged",
            help="Only what a person decided otherwise than Winnow, or as Winnow.",
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option("--like", metavar="TEXT", help="Records whose text means about the same."),
    ] = None,
    like_record: Annotated[
        str | None,
        typer.Option(
            "--like-record", metavar="UPLOAD/N", help="Records like record N of this upload."
        ),
    ] = None,
    like_picture: Annotated[
        Path | None,
        typer.Option(
            "--like-picture",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Pictures like this one, which is read here and sent nowhere.",
        ),
    ] = None,
    sort: Annotated[
        SortName | None,
        typer.Option("--sort", help="What comes first: the newest, or what is most alike."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, max=1000, help="Records to show.")
    ] = 20,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            dir_okay=False,
            help="Write all that is found, with whole texts, to this .csv, .jsonl or .parquet "
            "file.",
        ),
    ] = None,
    save: Annotated[
        str | None,
        typer.Option(
            "--save", metavar="NAME", help="Save what is searched for under this name, too."
        ),
    ] = None,
    share: Annotated[
        AudienceName | None,
        typer.Option("--share", help="With --save: for everybody, or a group; default: for you."),
    ] = None,
    saved: Annotated[
        str | None,
        typer.Option(
            "--saved", metavar="NAME", help="Search for what was saved under this name, alone."
        ),
    ] = None,
    from_results: FromResults = False,
    model: ModelDir = DEFAULT_MODEL,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Find records in the results of all uploads, by words of their text and by what they are.

    All words and phrases have to be in the text; case does not matter. The number of records that
    were found is exact. `winnow searches` lists the saved searches.
    """
    from winnow.search.shapes import SearchRequest, Sort, VectorSearch
    from winnow_cli.render.hits import print_hits, write_export
    from winnow_cli.saved_searches import StackSearches, search_name
    from winnow_cli.search_options import filters_of, request_of, say_what_is_missing
    from winnow_cli.searching import of_picture, record_ref, records_of
    from winnow_cli.target import aws_errors, find_target

    if export is not None and export.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"--export writes {' or '.join(FORMATS)} files")
    require_folder("--export", export)
    if share is not None and save is None:
        raise typer.BadParameter("--share goes with --save")
    if save is not None and like_picture is not None:
        raise typer.BadParameter("--save keeps no picture: it does not go with --like-picture")
    name = None if save is None else search_name(save)
    target = find_target(stack)
    filters = filters_of(
        target,
        process=process,
        version=version,
        decision=decision,
        outcome=outcome,
        reason=reason,
        confidence=confidence,
        since=since,
        until=until,
        upload=upload,
        case=case,
        reviewer=reviewer,
        changed=changed,
        reviewed=reviewed,
    )
    if sum(one is not None for one in (like, like_record, like_picture)) > 1:
        raise typer.BadParameter("--like, --like-record and --like-picture exclude each other")
    request = request_of(
        SearchRequest if like_picture is None else VectorSearch,
        query=query,
        filters=filters,
        like_text=like,
        like_record=None if like_record is None else record_ref(target, like_record),
        sort=None if sort is None else Sort(sort.replace("-", "_")),
        limit=limit,
        **({} if like_picture is None else of_picture(like_picture, model)),
    )
    if saved is not None:
        request = _saved(target, saved, request)
    records = records_of(target, request.filters, model, from_results=from_results)
    with aws_errors(target):
        answer = records.searcher.search(request)
        if name is not None:
            # Not before it has been answered: what is kept is a search that can be asked for.
            StackSearches(target).save(name, request, None if share is None else share.value)
        written = None if export is None else write_export(records.searcher, request, export)
    if as_json:
        document = answer.model_dump(mode="json", exclude_none=True)
        emit_json(document if written is None else {**document, "exported": written})
    else:
        print_hits(answer)
    if written is not None:
        note(f"Wrote {written:,} records to {clean(str(export))}.")
    if name is not None:
        note(f"Saved as {clean(name)}: `winnow search --saved NAME` asks for it again.")
    say_what_is_missing(records, answer)


def _saved(target: "Target", name: str, given: "SearchRequest") -> "SearchRequest":
    """What was saved under a name, in place of a request that has no conditions of its own."""
    from winnow.search.shapes import SearchRequest
    from winnow_cli.saved_searches import StackSearches

    if given != SearchRequest(limit=given.limit):
        raise typer.BadParameter("--saved has its own words, conditions and order")
    kept = StackSearches(target).find(name).search
    return SearchRequest(**{**dict(kept), "limit": given.limit})
