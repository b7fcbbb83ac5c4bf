"""Athena answers as the other engines do, on the table and in the workgroup of the template.

MiniStack's Athena is DuckDB: that the statements mean the same is tested, and how they are asked;
not that Athena's own SQL reads them.
"""

import itertools
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from tests.fakes.index_files import MemoryFiles
from tests.fakes.results import Folders, Judged
from tests.unit.core.search.test_memory import FILTERS, NOW, QUERIES, rows_of
from tests.unit.search.test_contract import HOSTILE, INDEX_HISTORIES, Indexed
from winnow.errors import (
    ExportTooLongError,
    IndexDamagedError,
    SearchInvalidError,
    SearchTooSlowError,
)
from winnow.reviews.models import RecordKey
from winnow.search.exports import PREFIX as EXPORTS
from winnow.search.exports import ExportFormat
from winnow.search.files import PREFIX, FileName, IndexFile, IndexFiles
from winnow.search.memory import MemorySearcher
from winnow.search.shapes import (
    ChartId,
    SearchAnswer,
    SearchFilter,
    SearchRequest,
    Sort,
    StatsAnswer,
    StatsRequest,
)
from winnow_aws.athena import AthenaQueries
from winnow_aws.index_files import S3IndexFiles
from winnow_aws.s3 import S3Store
from winnow_local.ministack import ACCESS_KEY, REGION, SECRET_KEY
from winnow_local.template import Checkout, read_template
from winnow_search import athena
from winnow_search.athena import AthenaSearcher
from winnow_search.parquet import write_segment

WITH_ATHENA = ("SearchDatabase", "SearchTable", "SearchWorkGroup")


class Stack:
    """The results bucket, the table and the workgroup, and the engine that asks them."""

    def __init__(self, endpoint: str) -> None:
        session = boto3.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
        )

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]

        self.athena, self.s3 = client("athena"), client("s3")
        whole = read_template(Checkout.here().root / "template.yaml")
        resources = {name: whole["Resources"][name] for name in WITH_ATHENA}
        for one in resources.values():
            del one["Condition"]
        template = {
            "Parameters": {"KmsKeyArn": whole["Parameters"]["KmsKeyArn"]},
            "Conditions": {"HasKmsKey": whole["Conditions"]["HasKmsKey"]},
            "Resources": {"ResultsBucket": {"Type": "AWS::S3::Bucket"}, **resources},
        }
        stacks = client("cloudformation")
        stacks.create_stack(StackName="with-athena", TemplateBody=json.dumps(template))
        stacks.get_waiter("stack_create_complete").wait(
            StackName="with-athena", WaiterConfig={"Delay": 1, "MaxAttempts": 240}
        )
        found = stacks.describe_stack_resources(StackName="with-athena")["StackResources"]
        self.names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
        self.bucket = self.names["ResultsBucket"]
        self.files = S3IndexFiles(self.s3, S3Store(self.s3), self.bucket)
        self.engine = self.searcher()

    def searcher(self, files: IndexFiles | None = None) -> AthenaSearcher:
        """The engine, with time enough on a machine with much to do."""
        names = self.names["SearchWorkGroup"], self.names["SearchDatabase"]
        queries = AthenaQueries(
            self.athena, *names, time.monotonic, sleep=lambda _: time.sleep(0.01)
        )
        return AthenaSearcher(
            files or self.files, queries, lambda: NOW, time.monotonic, limit_s=240.0
        )

    def put(self, contents: dict[FileName, bytes]) -> None:
        """Have these files in the index, and no others."""
        for each in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ()):
            self.s3.delete_object(Bucket=self.bucket, Key=each["Key"])
        for name, content in contents.items():
            self.s3.put_object(Bucket=self.bucket, Key=name.key, Body=content)


@pytest.fixture(scope="module")
def stack(ministack: str) -> Stack:
    return Stack(ministack)


@pytest.fixture
def three(stack: Stack) -> Folders:
    """Three records in one file."""
    folders = Folders()
    folders.run("triage", "u1", [Judged("Iron deficiency."), Judged("Iron."), Judged("No.")])
    stack.put({FileName("triage", "2026-11", "u1"): write_segment(rows_of(folders), "1")})
    return folders


def plain(answered: SearchAnswer | StatsAnswer) -> SearchAnswer | StatsAnswer:
    return answered.model_copy(update={"indexed_at": None})


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(4),
    phases=[Phase.explicit, Phase.generate],
)
@given(
    INDEX_HISTORIES,
    FILTERS,
    st.sampled_from(QUERIES),
    st.sampled_from(list(Sort)[:4]),
    st.sets(st.tuples(st.sampled_from(["u1", "u2"]), st.integers(1, 3)), max_size=3),
)
def test_all_engines_answer_alike(stack, history, filters, query, sort, hidden) -> None:
    indexed = Indexed()
    try:
        for step in history:
            indexed.carry_out(*step)
        stack.put({name: content for name, (content, _) in indexed.files.contents.items()})
        withheld = [RecordKey(*key) for key in hidden]
        request = SearchRequest(query=query, filters=filters, sort=sort, limit=3, offset=1)
        found = plain(stack.engine.search(request, None, withheld))
        assert found == plain(indexed.engine.search(request, None, withheld))
        assert found == indexed.memory().search(request, None, withheld)
        for chart in ChartId:
            stats = StatsRequest(chart=chart, query=query, filters=filters)
            counted = plain(stack.engine.stats(stats, ["triage"]))
            assert counted == plain(indexed.engine.stats(stats, ["triage"]))
    finally:
        indexed.engine.close()


def test_a_query_is_data(stack: Stack) -> None:
    folders = Folders()
    folders.run("triage", "u1", [Judged(f"Iron. {query}") for query in HOSTILE])
    rows = rows_of(folders)
    stack.put({FileName("triage", "2026-11", "u1"): write_segment(rows, "1")})
    memory = MemorySearcher(rows, lambda: NOW)
    for query in HOSTILE:
        text = query[:300]
        filters = SearchFilter(decisions=(text, "met"), uploads=(text, "u1"), until="2027")
        request = SearchRequest(query=query, filters=filters)
        try:
            wanted = memory.search(request)
        except SearchInvalidError as error:
            with pytest.raises(SearchInvalidError, match=re.escape(str(error))):
                stack.engine.search(request)
        else:
            assert plain(stack.engine.search(request)) == wanted


def test_an_export_has_the_whole_texts_in_their_order(stack, three, tmp_path, monkeypatch) -> None:
    file = tmp_path / "found.jsonl"
    request = SearchRequest(query="iron", sort=Sort.OLDEST)
    written = stack.engine.export(request, ExportFormat.JSONL, file)
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert written.records == 2
    assert [(line["record"], line["text"]) for line in lines] == [
        (1, "Iron deficiency."),
        (2, "Iron."),
    ]
    monkeypatch.setattr(athena, "MAX_RECORDS", 1)
    with pytest.raises(ExportTooLongError, match="2 records"):
        stack.engine.export(request, ExportFormat.JSONL, file)


def test_results_of_queries_are_where_exports_are(stack: Stack, three: Folders) -> None:
    stack.engine.search(SearchRequest())
    keys = [one["Key"] for one in stack.s3.list_objects_v2(Bucket=stack.bucket)["Contents"]]
    written = [key for key in keys if not key.startswith(PREFIX)]
    assert written
    assert all(key.startswith(f"{EXPORTS}queries/") for key in written)


def test_what_athena_cannot_do_is_refused(stack: Stack) -> None:
    with pytest.raises(SearchInvalidError, match="compares no vectors"):
        stack.engine.search(SearchRequest(like_text="Iron."))
    many = [RecordKey("u1", number) for number in range(1, 1_002)]
    with pytest.raises(SearchInvalidError, match="name a process"):
        stack.engine.search(SearchRequest(), None, many)
    with pytest.raises(SearchInvalidError, match="longer than Athena takes"):
        stack.engine.search(SearchRequest(query="\ufdfa" * 999))


class Unfinished:
    """Athena, of whose queries each stays in a state."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.started: list[str] = []
        self.stopped: list[str] = []

    def start_query_execution(self, **_: Any) -> dict[str, str]:
        self.started.append(str(len(self.started)))
        return {"QueryExecutionId": self.started[-1]}

    def get_query_execution(self, **_: str) -> dict[str, Any]:
        return {"QueryExecution": {"Status": {"State": self.state}}}

    def stop_query_execution(self, **query: str) -> None:
        self.stopped.append(query["QueryExecutionId"])


@pytest.mark.parametrize(
    ("state", "error", "tries"),
    [
        ("RUNNING", SearchTooSlowError, 1),
        ("CANCELLED", SearchTooSlowError, 1),  # it reads more bytes than the workgroup allows
        ("FAILED", IndexDamagedError, 3),
    ],
)
def test_a_query_that_does_not_end_well_is_stopped(state, error, tries) -> None:
    unfinished = Unfinished(state)
    seconds = itertools.count()

    def monotonic() -> float:
        return float(next(seconds))

    queries = AthenaQueries(unfinished, "group", "base", monotonic, lambda _: None)
    engine = AthenaSearcher(MemoryFiles(), queries, lambda: NOW, monotonic, limit_s=60)
    with pytest.raises(error):
        engine.search(SearchRequest())
    assert len(unfinished.started) == 2 * tries
    assert unfinished.stopped == unfinished.started


def test_where_a_file_was_deleted_meanwhile_it_is_asked_again(stack: Stack, three: Folders) -> None:
    class Compacted(MemoryFiles):
        """Files of which one is gone when they are listed a second time."""

        lists = 0

        def list(self, process: str | None = None) -> Iterator[IndexFile]:
            self.lists += 1
            yield from stack.files.list(process)
            if self.lists == 1:
                yield IndexFile(FileName("triage", "2026-10", "gone"), "etag", 1, "")

    files = Compacted()
    assert stack.searcher(files=files).search(SearchRequest()).total == 3
    assert files.lists == 4
