"""The queue function, called as AWS calls it (moto): a run's end, and decisions by the stream."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.fakes.model_table import create_model_table
from tests.fakes.registry import AT, a_version
from tests.fakes.review_table import create_review_table
from tests.scripts import load
from tests.unit.core.reviews.test_queueing import table
from tests.unit.core.steps.test_steps import Run
from winnow.errors import ConfidenceThresholdNotMetError, EventInvalidError, RetryableError
from winnow.models import DrawPages, ObjectRef, ScanInput, Upload
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.folder import FolderModels
from winnow.releases.live import differences as live_differences
from winnow.reviews.enqueue import Pictures
from winnow.reviews.models import RecordKey, Totals
from winnow.reviews.queueing import Queued
from winnow.reviews.reviewed import ReviewSummary
from winnow.reviews.service import Given, Reviews
from winnow.steps.serialize import serialize
from winnow.steps.upload import upload_id
from winnow_aws.registry import RegistryTable
from winnow_aws.releases import LiveTable
from winnow_aws.review_events import QueueInput, RunEnded
from winnow_aws.review_items import head_key
from winnow_aws.review_queue import TableReviewQueue
from winnow_aws.reviews import ReviewTable
from winnow_cli.reviews import StackReviews

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
KEY = "inbox/moods/Mrs Example.csv"
DROPPED = {
    "bucket": {"name": "uploads"},
    "object": {"key": KEY, "size": 1, "version-id": "v1", "sequencer": "s1"},
}
UPLOAD = upload_id("uploads", KEY, "v1")


class Stack:
    """Buckets, tables and a topic; a finished run, and the function."""

    def __init__(self, function: ModuleType) -> None:
        self.function = function
        self.s3 = boto3.client("s3", region_name=REGION)
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.reviews = ReviewTable(self.dynamodb, "reviews", sleep=lambda _: None)
        self.people = Reviews(self.reviews, lambda: 1_800_000_000.0)
        self.mails: list[dict[str, Any]] = []

    def finish_run(self, *confidences: float, process: str = "moods") -> None:
        """Its results are those of the pipeline in memory; its row is what the workflow writes."""
        pipeline = Run()
        content = table(*confidences)
        ref = pipeline.store.add("uploads", f"inbox/{process}/x.csv", content.encode())
        upload = Upload(upload_id=UPLOAD, object=ref, size=1)
        run = serialize(
            upload,
            pipeline.store,
            FolderModels(_book()),
            pipeline.options,
            pipeline.clock,
            run=pipeline.run,
        )
        pipeline.classify(run)
        row: dict[str, Any] = {
            "upload_id": {"S": UPLOAD},
            "state": {"S": "SUCCEEDED"},
            "process": {"S": process},
        }
        result = f"results/{process}/{UPLOAD}/result.json"
        try:
            pipeline.filter(run)
            row |= {"result_bucket": {"S": "results"}, "result_key": {"S": result}}
        except ConfidenceThresholdNotMetError as error:
            row |= {"state": {"S": "FAILED"}, "error_code": {"S": error.code}}
        self.dynamodb.put_item(TableName="runs", Item=row)
        versions: dict[str, str] = {}
        for key in sorted(pipeline.store.keys("results"), key=lambda key: key == result):
            for version, body, metadata in pipeline.store._versions["results", key]:
                if key == result:
                    for ours, theirs in versions.items():
                        body = body.replace(f'"{ours}"'.encode(), f'"{theirs}"'.encode())
                put = self.s3.put_object(Bucket="results", Key=key, Body=body, Metadata=metadata)
                versions[version] = put["VersionId"]

    def call(self, event: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.function.handler(event, None)
        return answer

    def decide(self, record: int, decision: str | None) -> None:
        key = RecordKey(UPLOAD, record)
        self.people.decide("ann", key, self.reviews.head(key).version, Given(decision))

    def stream(self) -> dict[str, Any]:
        """All items of the table, as if each had just been written."""
        items = self.dynamodb.scan(TableName="reviews")["Items"]
        return {
            "Records": [
                {
                    "eventName": "INSERT",
                    "eventSource": "aws:dynamodb",
                    "dynamodb": {
                        "Keys": {"pk": item["pk"], "sk": item["sk"]},
                        "NewImage": item,
                        "SequenceNumber": str(100 + number),
                    },
                }
                for number, item in enumerate(items)
            ]
        }

    def object(self, name: str) -> bytes:
        key = f"results/moods/{UPLOAD}/{name}"
        return self.s3.get_object(Bucket="results", Key=key)["Body"].read()

    def summary(self) -> ReviewSummary:
        return ReviewSummary.model_validate_json(self.object("review.json"))


def _book() -> Any:
    from tests.fakes.processes import book

    return book()


def ended(status: str = "SUCCEEDED", given: Any = None) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "queue.json").read_text("utf-8"))
    event["detail"]["status"] = status
    event["detail"]["input"] = json.dumps({"detail": DROPPED}) if given is None else given
    return event


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "RESULTS_BUCKET": "results",
        "TABLE_NAME": "runs",
        "REVIEWS_TABLE": "reviews",
        "MODELS_TABLE": "models",
        "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
        "PAGE_URL": "https://page.example/",
        "BLIND_SHARE": "0",
        "AUDIT_SHARE": "0",
        "STACK_NAME": "here",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="results")
        s3.put_bucket_versioning(Bucket="results", VersioningConfiguration={"Status": "Enabled"})
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        create_review_table(dynamodb, "reviews")
        create_model_table(dynamodb, "models")
        dynamodb.create_table(
            TableName="runs",
            KeySchema=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "upload_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        boto3.client("sns", region_name=REGION).create_topic(Name="topic")
        function = load(ROOT / "functions" / "queue" / "app.py")
        made = Stack(function)
        monkeypatch.setattr(
            function.TopicMailer, "send", lambda _, mail, *_more: made.mails.append(mail)
        )
        yield made


def test_the_end_of_a_run_puts_its_doubtful_records_into_the_queue(stack: Stack) -> None:
    stack.finish_run(0.9, 0.5, 0.2)
    report = stack.call(ended())
    assert (report["queued"], report["audits"], report["batchItemFailures"]) == (2, 0, [])
    assert [head.record for head in stack.reviews.heads(UPLOAD)] == [2, 3]
    assert stack.summary().totals == Totals(queued=2)
    assert json.loads(stack.object("process.json"))["id"] == "moods"
    assert stack.call(ended()) == report, "delivered twice"
    assert stack.reviews.totals_of_process("moods") == Totals(queued=2)


def test_the_sweep_has_queued_what_no_event_did(stack: Stack) -> None:
    functions = SimpleNamespace(asked=[])
    functions.invoke = lambda **given: functions.asked.append(given)
    queue = TableReviewQueue(stack.dynamodb, "reviews", functions, "arn:queue", lambda _: None)
    stack.finish_run(0.9, 0.5, 0.2)
    assert queue.queued([UPLOAD]) == {}
    queue.queue(UPLOAD)
    [asked] = functions.asked
    assert (asked["FunctionName"], asked["InvocationType"]) == ("arn:queue", "Event")
    report = stack.call(json.loads(asked["Payload"]))
    assert (report["queued"], report["batchItemFailures"]) == (2, [])
    [(upload, began)] = queue.queued([UPLOAD, UPLOAD, *map(str, range(200))]).items()
    result = json.loads(stack.object("result.json"))
    assert (upload, began) == (UPLOAD, result["run"]["started_at"])


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_a_run_without_results_has_nothing_to_queue(stack: Stack, status: str) -> None:
    assert stack.call(ended(status))["queued"] == 0
    stack.dynamodb.put_item(
        TableName="runs",
        Item={
            "upload_id": {"S": UPLOAD},
            "state": {"S": "FAILED"},
            "error_code": {"S": "file_empty"},
        },
    )
    assert stack.call(ended(status))["queued"] == 0


def test_a_run_that_failed_for_want_of_confidence_is_queued_too(stack: Stack) -> None:
    stack.finish_run(0.5, 0.4, process="strict")
    assert stack.call(ended("FAILED"))["queued"] == 2


def test_results_that_were_deleted_meanwhile_are_no_failure(stack: Stack) -> None:
    stack.finish_run(0.5)
    stack.s3.delete_object(Bucket="results", Key=f"results/moods/{UPLOAD}/result.json")
    assert stack.call(ended())["queued"] == 0


@pytest.mark.parametrize("given", ["", "{}", "[]", "no json", '{"detail": {"object": {}}}'])
def test_an_execution_of_something_else_is_told(stack: Stack, given: str) -> None:
    with pytest.raises(EventInvalidError):
        stack.call(ended(given=given or None) if given else {**ended(), "detail": {}})


def test_decisions_are_written_beside_the_results_and_the_last_one_is_mailed(
    stack: Stack,
) -> None:
    stack.finish_run(0.9, 0.5, 0.2)
    stack.call(ended())
    stack.decide(2, "sad")
    assert stack.call(stack.stream())["decisions"] == 1
    (line,) = stack.object("reviewed.jsonl").splitlines()
    assert json.loads(line)["source_id"] == "C2"
    assert stack.mails == []
    earlier = stack.stream()
    stack.decide(3, None)
    later = stack.stream()
    stack.call(later)
    stack.call(later)
    stack.call(earlier)
    assert stack.summary().totals == Totals(queued=2, decided=2, changed=1, cannot_tell=1)
    assert len(stack.object("reviewed.jsonl").splitlines()) == 2
    assert len(stack.mails) == 1
    assert "Mrs Example" not in str(stack.mails)


def test_what_a_batch_could_not_write_is_repeated_from_there(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.finish_run(0.5, 0.4)
    stack.call(ended())
    stack.decide(1, "glad")
    batch = stack.stream()
    events = [
        record["dynamodb"]["SequenceNumber"]
        for record in batch["Records"]
        if record["dynamodb"]["Keys"]["pk"]["S"] == UPLOAD
        and record["dynamodb"]["Keys"]["sk"]["S"].startswith(("event#", "queued"))
    ]
    files = stack.function.build().files

    def fails(*_: object, **__: object) -> None:
        raise RetryableError("S3 did not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", fails)
        report = stack.call(batch)
    assert report["decisions"] == 0
    assert report["batchItemFailures"] == [{"itemIdentifier": min(events)}]
    assert stack.call(batch)["batchItemFailures"] == []
    assert stack.summary().totals.decided == 1


def test_leases_and_counts_in_the_stream_are_no_reason_to_write(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.finish_run(0.5)
    stack.call(ended())
    batch = stack.stream()
    batch["Records"] = [
        record
        for record in batch["Records"]
        if record["dynamodb"]["Keys"]["sk"]["S"].startswith(("record#", "total#"))
    ]
    assert batch["Records"]
    wrote: list[object] = []
    monkeypatch.setattr(
        stack.function.build().files, "write", lambda *given, **_: wrote.append(given)
    )
    stack.call(batch)
    assert wrote == []


def test_decisions_are_counted_by_process(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.finish_run(0.5, 0.4)
    stack.call(ended())
    stack.decide(1, "sad")
    stack.decide(2, "glad")
    stack.call(stack.stream())
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    by_name = {name: value for line in metrics for name, value in line.items()}
    assert by_name["RecordsQueued"] == [2.0]
    assert by_name["RecordsDecided"] == [2.0]
    assert by_name["RecordsChanged"] == [1.0]
    assert (by_name["process"], by_name["stack"]) == ("moods", "here")


def test_the_example_event_is_one_that_the_function_takes() -> None:
    event = json.loads((ROOT / "events" / "queue.json").read_text("utf-8"))
    dropped = json.loads((ROOT / "events" / "s3_object_created.json").read_text("utf-8"))["detail"]
    parsed = QueueInput.model_validate(event).root
    assert isinstance(parsed, RunEnded)
    assert parsed.upload_id == upload_id(
        dropped["bucket"]["name"], dropped["object"]["key"], dropped["object"]["version-id"]
    )


class Lambda:
    """Lambda's client: keeps what it is asked, or refuses it."""

    def __init__(self, code: str | None = None) -> None:
        self.code = code
        self.calls: list[dict[str, Any]] = []

    def invoke(self, **given: Any) -> None:
        if self.code is not None:
            raise ClientError({"Error": {"Code": self.code}}, "Invoke")
        self.calls.append(given)


def of_scan(stack: Stack, monkeypatch: pytest.MonkeyPatch, functions: Lambda) -> None:
    """Give the function a Scan function to ask."""
    real = stack.function.client
    monkeypatch.setattr(
        stack.function, "client", lambda name: functions if name == "lambda" else real(name)
    )
    monkeypatch.setenv("SCAN_FUNCTION", "arn:scan:live")


def place_on_page(stack: Stack, page: int) -> None:
    """Make the records of the run those of a page of a PDF."""
    ref = f"results/moods/{UPLOAD}/"
    result = json.loads(stack.object("result.json"))
    for name in ("review", "accepted"):
        lines = [json.loads(line) for line in stack.object(f"{name}.jsonl").splitlines()]
        for line in lines:
            line["places"] = [{"start": 0, "page": page, "line": 1, "box": [0.1, 0.1, 0.9, 0.2]}]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        put = stack.s3.put_object(Bucket="results", Key=f"{ref}{name}.jsonl", Body=body)
        result["files"][name]["version_id"] = put["VersionId"]
    stack.s3.put_object(Bucket="results", Key=f"{ref}result.json", Body=json.dumps(result).encode())


def test_scan_is_asked_for_the_pages_of_a_digital_pdf_and_not_waited_for(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = Lambda()
    of_scan(stack, monkeypatch, functions)
    stack.finish_run(0.9, 0.5)
    assert stack.call(ended())["queued"] == 1
    assert functions.calls == [], "a table has no pages"
    place_on_page(stack, 7)
    assert stack.call(ended())["queued"] == 1
    [call] = functions.calls
    assert (call["FunctionName"], call["InvocationType"]) == ("arn:scan:live", "Event")
    asked = ScanInput.model_validate_json(call["Payload"]).root
    assert isinstance(asked, DrawPages)
    assert (asked.draw, asked.process, asked.upload.upload_id) == ((7,), "moods", UPLOAD)
    assert asked.upload.object.version_id is not None


def add_by_command(stack: Stack, functions: Lambda) -> tuple[Queued, Pictures]:
    """What `winnow queue --add` does."""
    parameters = [
        {"ParameterKey": "ReviewBlindShare", "ParameterValue": "0"},
        {"ParameterKey": "ReviewAuditShare", "ParameterValue": "100"},
    ]
    cloudformation = SimpleNamespace(
        describe_stacks=lambda **_: {"Stacks": [{"Parameters": parameters}]}
    )
    clients = {"lambda": functions, "cloudformation": cloudformation}
    target: Any = SimpleNamespace(
        name="here",
        stack_name="here",
        local=False,
        outputs={"ReviewsTable": "reviews", "ScanFunction": "arn:scan:live"},
        results_bucket="results",
        dynamodb=lambda: stack.dynamodb,
        s3=lambda: stack.s3,
        client=clients.__getitem__,
    )
    ref = ObjectRef(bucket="results", key=f"results/moods/{UPLOAD}/result.json")
    return StackReviews(target).add(ref)


def test_the_command_queues_draws_and_counts_as_the_function_does(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.finish_run(0.9, 0.5)
    place_on_page(stack, 7)
    functions = Lambda()
    added, pictures = add_by_command(stack, functions)
    assert (added.queued, added.audits, pictures) == (1, 1, Pictures(asked=1))
    heads = [head.model_copy(update={"waiting_since": ""}) for head in stack.reviews.heads(UPLOAD)]
    counts = stack.summary()
    for head in heads:
        stack.dynamodb.delete_item(TableName="reviews", Key=head_key(head.key))
    monkeypatch.setenv("AUDIT_SHARE", "100")
    of_scan(stack, monkeypatch, functions)
    stack.call(ended())
    assert [
        head.model_copy(update={"waiting_since": ""}) for head in stack.reviews.heads(UPLOAD)
    ] == heads
    assert stack.summary().totals == counts.totals == Totals(queued=1, audits=1)
    first, second = functions.calls
    assert first == second


def test_the_command_queues_although_scan_cannot_be_asked(stack: Stack) -> None:
    stack.finish_run(0.5)
    place_on_page(stack, 1)
    added, pictures = add_by_command(stack, Lambda("AccessDeniedException"))
    assert added.queued == 1
    assert (pictures.asked, pictures.code) == (0, "access_denied")


@pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyRequestsException"])
def test_records_are_queued_although_scan_cannot_be_asked(
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: str,
) -> None:
    of_scan(stack, monkeypatch, Lambda(code))
    stack.finish_run(0.5)
    place_on_page(stack, 1)
    assert stack.call(ended())["queued"] == 1
    assert [head.record for head in stack.reviews.heads(UPLOAD)] == [1]
    assert "no pictures asked for" in caplog.messages


def publish(stack: Stack, guarantee: float) -> tuple[RegistryTable, str]:
    """Put the version that judged the run into the registry, as challenger of another."""
    result = json.loads(stack.object("result.json"))
    registry = RegistryTable(stack.dynamodb, "models")
    challenger = result["version"]["sha256"]
    first = a_version("moods")
    second = a_version("moods", 2, sha256=challenger)
    who = Who("ann", AT)
    registry.add(first)
    registry.add(second)
    made = aliases.first(first, who)
    registry.change(None, *made)
    for change in (
        lambda entry: aliases.set_challenger(entry, second, who),
        lambda entry: aliases.start_canary(
            entry, who, "00", 100, guarantee=guarantee, automatic=True
        ),
    ):
        changed = change(made.entry)
        registry.change(made.entry, *changed)
        made = changed
    return registry, challenger


def test_audited_decisions_are_counted_once_and_a_challenger_that_breaks_its_guarantee_goes(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDIT_SHARE", "100")
    stack.finish_run(*[0.9] * 40)
    stack.call(ended())
    registry, challenger = publish(stack, 0.9)
    stack.decide(1, "glad")
    stack.call(stack.stream())
    stack.call(stack.stream())
    live = LiveTable(stack.dynamodb, "models")
    watch = live.watch("moods", challenger)
    assert watch is not None
    assert (watch.precision.n, watch.precision.right, watch.revision) == (1, 1, 1)
    assert '"LivePrecision":[1.0]' in capsys.readouterr().out
    for record in range(2, 41):
        stack.decide(record, "sad")
    stack.call(stack.stream())
    entry = registry.entry("moods")
    assert entry is not None
    assert (entry.release, entry.challenger, entry.changed_by) == (None, None, "gate")
    mails: list[Any] = stack.mails
    (mail,) = [mail for mail in mails if "taken back" in mail.subject]
    assert "guarantee" in mail.body
    every = list(live.observations("moods", challenger))
    kept = live.watch("moods", challenger)
    assert kept is not None
    assert len(every) == kept.observed == 40
    assert live_differences(kept, every) == []
    stack.call(stack.stream())
    assert live.watch("moods", challenger) == kept


def test_decisions_and_the_schedule_start_trainings(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str, int | None]] = []

    class Trains:
        def __init__(self, _functions: Any, arn: str) -> None:
            self.arn = arn

        def train(self, process: str, by: str, every: int | None = None) -> None:
            asked.append((self.arn, process, by, every))

    monkeypatch.setenv("TRAIN_FUNCTION", "arn:train")
    monkeypatch.setenv("RETRAIN_DECISIONS", "2")
    monkeypatch.setattr("winnow.registry.triggers.MIN_REVIEWS", 2)
    monkeypatch.setattr(stack.function, "TrainFunction", Trains)
    registry = RegistryTable(stack.dynamodb, "models")
    version = a_version("moods")
    registry.add(version)
    registry.change(None, *aliases.first(version, Who("ann", AT)))
    stack.finish_run(0.4, 0.5, 0.6)
    stack.call(ended())
    stack.decide(1, "joy")
    assert stack.call(stack.stream())["trainings"] == 0
    assert stack.call({"train": "due"})["trainings"] == 0
    stack.decide(2, "joy")
    assert stack.call(stack.stream())["trainings"] == 1
    assert stack.call({"train": "due"})["trainings"] == 1
    assert asked == [
        ("arn:train", "moods", "decisions", 2),
        ("arn:train", "moods", "schedule", 2),
    ]
