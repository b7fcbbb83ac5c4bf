"""20,000 records in files of every sort, 200 of them decided: every number is equal everywhere.

`pytest -s` prints the table of what is compared.
"""

import csv
import io
import itertools
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import chromium
from tests.conftest import ROOT, needs_model
from tests.fakes import files
from winnow.recovery.upload_row import UploadRow
from winnow.search.shapes import SearchRequest
from winnow_aws.reviews import ReviewTable
from winnow_aws.search_function import SearchFunction
from winnow_cli.target import find_target
from winnow_local.stack import start_detached, stop
from winnow_local.state import STATE_DIR_VARIABLE, StateDir

from . import figures
from .conftest import RUN_TIMEOUT_S, Answer, Stack, until, winnow
from .signed_in import request, signed_in_as

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(1800)]

RECORDS = 20_000
DECISIONS = 200
PEOPLE = {"ann": "reviewer", "ben": "reviewer", "cleo": "admin"}
PASSWORD = "Entirely-new-1-password"
LABELS = ("joy", "fear", "anger", "sadness", "disgust", "shame", "guilt")
LATE = "late"
"""A process that nobody has published when its file is dropped."""
PARAMETERS = {"Threshold": "0.25", "ReviewAuditShare": "1"}
"""Some in a hundred records are for review."""
FEELINGS = (
    "I was overjoyed and full of happiness when {who} {what}.",
    "I was terrified and my heart beat with fear when {who} {what}.",
    "I cried for days and felt deep sadness after {who} {what}.",
    "I was furious and shouted in anger when {who} {what}.",
    "It was disgusting and I felt sick when {who} {what}.",
    "I felt guilty and blamed myself because {who} {what}.",
    "I was so ashamed that I blushed when {who} {what}.",
)
WHO = ("my daughter", "my son", "the neighbour", "our teacher", "the doctor", "my grandfather")
WHAT = ("came home", "moved away", "called at night", "lost the keys", "forgot my birthday")


def texts() -> Iterator[str]:
    """Short accounts, no two of which are the same."""
    for number, feeling, who, what in (
        (number, *one)
        for number in itertools.count()
        for one in itertools.product(FEELINGS, WHO, WHAT)
    ):
        yield feeling.format(who=who, what=f"{what} on day {number}")


def table(some: Iterator[str], rows: int, blank: int = 0) -> str:
    """A CSV file, whose last rows have no text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("id", "text"))
    for number in range(rows):
        writer.writerow((f"case-{number}", next(some) if number < rows - blank else ""))
    return out.getvalue()


def lines(some: Iterator[str], rows: int, broken: int = 0) -> str:
    """A JSONL file, whose last lines are no JSON."""
    good = [json.dumps({"text": next(some)}) for _ in range(rows - broken)]
    return "\n".join([*good, *("{broken" for _ in range(broken))]) + "\n"


def archive(some: Iterator[str]) -> bytes:
    """A ZIP with 4,000 records, one of which nothing can read."""
    notes = {f"note-{number}.txt": next(some) for number in range(199)}
    return files.package(
        {"a.csv": table(some, 2_000), "b.jsonl": lines(some, 1_800), **notes, "program": b"\x7fELF"}
    )


def mail(some: Iterator[str]) -> str:
    return (
        f"From: a@example.org\r\nSubject: An account\r\nMIME-Version: 1.0\r\n\r\n{next(some)}\r\n"
    )


class Client:
    """A person at the API."""

    def __init__(self, page: str, token: str) -> None:
        self._page = page.removesuffix("/")
        self._token = token

    def post(self, path: str, given: Any, wants: int = 0) -> Any:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
        }
        reply = request(f"{self._page}{path}", "POST", headers, json.dumps(given))
        assert reply.status == wants if wants else reply.status in (200, 201), reply.body
        return reply.document()


@dataclass
class World:
    """A stack to which all of it has happened."""

    stack: Stack
    dropped: int
    """Records of the files that were read."""
    decided: Counter[str] = field(default_factory=Counter)
    """Decisions that people have made and not taken back."""

    @property
    def target(self) -> Any:
        return self.stack.target


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    needs_model()
    state_dir = StateDir(tmp_path_factory.mktemp("numbers") / ".winnow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_DIR_VARIABLE, str(state_dir.path))
        try:
            state = start_detached(state_dir, lambda _: None, PARAMETERS)
            yield Stack(state, state_dir, find_target(None))
        finally:
            stop(state_dir)


@pytest.fixture(scope="module")
def world(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> World:
    made = drop_all(stack, tmp_path_factory.mktemp("processes"))
    decide(made)
    return made


# -- what happens to the stack -------------------------------------------------------------------


def drop_all(stack: Stack, folder: Path) -> World:
    """Drop the files; some fail, come twice, are run again, or are taken back."""
    some = texts()
    put = stack.put
    twice = table(some, 500)
    keys = {
        "table": put("feelings.csv", table(some, 7_000, blank=40)),
        "lines": put("notes.jsonl", lines(some, 6_000, broken=30)),
        "archive": put("all.zip", archive(some)),
        "gone": put("gone.csv", table(some, 460)),
        "deleted": put("deleted.jsonl", lines(some, 500)),
        "late": put("late.csv", table(some, 1_000), LATE),
        "failed": put("failed.exe", b"MZ\x90\x00"),
        "again": put("again.csv", twice),
    }
    for number in range(20):
        keys[f"text {number}"] = put(f"{number}.txt", next(some))
        keys[f"mail {number}"] = put(f"{number}.eml", mail(some))
    rows = {name: ended(stack, key) for name, key in keys.items()}
    failed = {name: row.error_code for name, row in rows.items() if row.state == "FAILED"}
    assert failed == {"late": "process_unknown", "failed": "file_type"}
    rows["late"] = redriven(stack, rows["late"], folder)
    rows["twice"] = dropped_again(stack, rows["again"], twice)
    delivered_again(stack, rows["lines"])
    said(winnow("forget", rows["gone"].upload_id, "--yes", "--json"))
    said(winnow("forget", rows["table"].upload_id, "7", "--yes", "--json"))
    delete_results(stack, rows["deleted"])
    return World(stack, sum(row.records or 0 for row in rows.values()))


def ended(stack: Stack, key: str) -> UploadRow:
    row: UploadRow = until(lambda: (one := stack.uploads.by_key(key)) and one.ended and one, 300)
    return row


def said(answer: Answer) -> Any:
    assert answer.code == 0, answer.err
    return answer.document()


def redriven(stack: Stack, row: UploadRow, folder: Path) -> UploadRow:
    """The upload of a process that was unknown, once it is known and the upload is run again."""
    shipped = (ROOT / "processes" / "emotions.yaml").read_text("utf-8")
    file = folder / f"{LATE}.yaml"
    file.write_text(shipped.replace("id: emotions", f"id: {LATE}"), "utf-8")
    said(winnow("process", "publish", file, "--json"))
    said(winnow("redrive", row.upload_id, "--json"))
    again: UploadRow = until(
        lambda: (one := stack.uploads.find(row.upload_id)).state == "SUCCEEDED" and one
    )
    return again


def dropped_again(stack: Stack, row: UploadRow, content: str) -> UploadRow:
    """A second upload: the same file under the same key."""
    bucket = stack.target.uploads_bucket
    stack.s3.put_object(Bucket=bucket, Key=row.object_key, Body=content.encode())
    again: UploadRow = until(
        lambda: next(
            (
                one
                for one in stack.uploads.every()
                if one.object_key == row.object_key and one.upload_id != row.upload_id and one.ended
            ),
            None,
        )
    )
    return again


def delivered_again(stack: Stack, row: UploadRow) -> None:
    """A second delivery of the event of an upload: nothing comes of it."""
    described = stack.workflow.describe_execution(executionArn=str(row.run))
    started = stack.workflow.start_execution(
        stateMachineArn=stack.target.output("StateMachineArn"), input=described["input"]
    )
    until(
        lambda: (
            stack.workflow.describe_execution(executionArn=started["executionArn"])["status"]
            == "SUCCEEDED"
        )
    )
    assert stack.uploads.find(row.upload_id) == row


def delete_results(stack: Stack, row: UploadRow) -> None:
    """Delete the results of an upload in all versions, as when they have expired."""
    bucket = stack.target.results_bucket
    folder = str(row.result_key).removesuffix("result.json")
    for one in stack.s3.list_object_versions(Bucket=bucket, Prefix=folder)["Versions"]:
        stack.s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def decide(world: World) -> None:
    """Several people decide records at the API, in turns; some decisions are taken back."""
    clients = {name: signed_in(world.stack, name, group) for name, group in PEOPLE.items()}
    turns = itertools.cycle(PEOPLE)
    until(lambda: len(clients["ann"].post("/v1/leases", {"count": 1})["items"]) == 1)
    while world.decided.total() < DECISIONS:
        name = next(turns)
        leased = clients[name].post("/v1/leases", {"count": 10})
        for item in leased["items"][: DECISIONS - world.decided.total()]:
            decide_one(world, name, clients[name], item)


def decide_one(world: World, name: str, client: Client, item: Any) -> None:
    """Decide a record as its number says; every twentieth is then taken back."""
    record, version = item["record"], item["version"]
    named = {"upload": item["upload"], "record": record, "run": item["run"]}
    if record % 13 == 0:
        given: dict[str, Any] = {"cannot_tell": True}
    elif record % 3 == 0 or item["decision"] is None:
        given = {"decision": LABELS[record % len(LABELS)]}
    else:
        given = {"decision": item["decision"]["value"]}
    kept = client.post("/v1/reviews", {**named, "version": version, **given})
    # The same request again, as a page sends it that has not heard the answer.
    assert client.post("/v1/reviews", {**named, "version": version, **given}, wants=409)
    if record % 20 == 0:
        client.post("/v1/reviews/undo", {**named, "version": kept["version"]})
    else:
        world.decided[name] += 1


def signed_in(stack: Stack, name: str, group: str) -> Client:
    """Somebody of a group, who has typed a password."""
    cognito, pool = stack.target.client("cognito-idp"), stack.state.outputs["UserPool"]
    said(winnow("users", "add", f"{name}@example.org", "--group", group, "--json"))
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True
    )
    endpoint, outputs = stack.state.endpoint, stack.state.outputs
    token = signed_in_as(endpoint, outputs, name, PASSWORD)["access_token"]
    return Client(outputs["ReviewPage"], token)


# -- what is to be seen of it --------------------------------------------------------------------


def test_every_number_is_equal_everywhere(world: World) -> None:
    assert world.dropped == RECORDS
    until(partial(indexed, world), 400)
    rows = figures.rows_with_results(world.target)
    reviews = ReviewTable(world.target.client("dynamodb"), world.target.output("ReviewsTable"))
    until(partial(figures.all_queued, reviews, rows))
    wanted = figures.of_results(world.target)
    admin = signed_in(world.stack, "dora", "admin")
    places = {
        "results": wanted,
        "rows": figures.of_rows(rows),
        "reviews": figures.of_reviews(reviews, rows),
        "function": figures.of_function(figures.function_of(world.target), wanted),
        "charts": figures.of_charts(figures.function_of(world.target)),
        "API": figures.of_api(admin.post, wanted),
        "API charts": figures.of_api_charts(admin.post),
        "search": figures.of_command(wanted),
        "stats": figures.of_command_charts(),
        **of_page(world),
    }
    print(figures.shown(places))
    assert figures.unlike(places) == {}
    assert decided_of(wanted) == world.decided
    assert not found(figures.function_of(world.target)) ^ kept(world)


def test_the_index_that_is_made_again_has_the_same_numbers(world: World) -> None:
    wanted = figures.of_results(world.target)
    said(winnow("index", "rebuild", "--json"))
    until(partial(indexed, world), 400)
    places = {
        "results": wanted,
        "function": figures.of_function(figures.function_of(world.target), wanted),
        "charts": figures.of_charts(figures.function_of(world.target)),
    }
    assert figures.unlike(places) == {}


def indexed(world: World) -> bool:
    """Whether nothing waits to be indexed, and what was done last, decisions, is found."""
    status = said(winnow("index", "status", "--json"))
    assert status["failed"] == 0
    function = figures.function_of(world.target)
    by_person = {f"by {name}": float(count) for name, count in world.decided.items()}
    done = not status["waiting"] and not function.search(SearchRequest(limit=0)).indexing
    return done and figures.of_function(function, by_person) == by_person


def of_page(world: World) -> dict[str, figures.Figures]:
    """What the page shows."""
    address = world.stack.state.outputs["ReviewPage"]
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(RUN_TIMEOUT_S * 1000)
        return {
            "page charts": figures.of_page(page, address),
            "page": figures.of_page_searches(page, address),
        }


def decided_of(wanted: figures.Figures) -> dict[str, float]:
    return {name.removeprefix("by "): n for name, n in wanted.items() if name.startswith("by ")}


def found(function: SearchFunction) -> set[tuple[str, int]]:
    """Every record that the search function shows, page by page."""
    records: list[tuple[str, int]] = []
    offset: int | None = 0
    while offset is not None:
        answer = function.search(SearchRequest(limit=1_000, offset=offset))
        records += [(hit.upload, hit.record) for hit in answer.hits]
        offset = answer.next_offset
    assert len(records) == len(set(records)), "no record is shown twice"
    return set(records)


def kept(world: World) -> set[tuple[str, int]]:
    """Every record of the results."""
    return {
        (row.upload_id, record.record)
        for row in figures.rows_with_results(world.target)
        for record in world.stack.result(row)[1]
    }
