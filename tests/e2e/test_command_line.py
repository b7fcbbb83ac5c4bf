"""The contract of the command line: exit codes, one JSON document, no traceback."""

import csv
import io
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from winnow.models import ObjectRef
from winnow_aws.s3 import S3Store
from winnow_cli.uploads import Uploads
from winnow_local.template import Checkout

from .conftest import RUN_TIMEOUT_S, SURE, UNSURE, Answer, Stack, winnow

ROOT = Checkout.here().root


@pytest.fixture(scope="module")
def feelings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "feelings.csv"
    file.write_text(
        f'id,text\n"=cmd()",{SURE}\n+1,{UNSURE}\n3,\n\x1b[31mred,"{SURE}"\n', encoding="utf-8"
    )
    return file


@pytest.fixture(scope="module")
def submitted(stack: Stack, feelings: Path) -> dict[str, Any]:
    answer = winnow("submit", feelings, "--process", "emotions", "--wait", "--json")
    assert answer.code == 0, answer.err
    (upload,) = answer.document()["uploads"]
    return dict(upload)


def started(*arguments: str | Path) -> Answer:
    """A command in a process of its own, as a user starts it."""
    ran = subprocess.run(
        [sys.executable, "-m", "winnow_cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    return Answer(ran.returncode, ran.stdout, ran.stderr)


def test_submit_waits_and_tells_where_the_results_lie(
    stack: Stack, submitted: dict[str, Any]
) -> None:
    assert submitted["state"] == "SUCCEEDED"
    assert submitted["records"] == 4
    assert submitted["invalid"] == 1
    assert submitted["object_key"].startswith("inbox/emotions/")
    assert submitted["object_key"].endswith("/feelings.csv")
    assert submitted["results_at"].startswith(f"s3://{stack.target.results_bucket}/results/")


def test_submit_takes_several_files_and_fails_if_one_run_does(
    stack: Stack, feelings: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    answer = winnow("submit", feelings, empty, "--process", "emotions", "--wait", "--json")
    assert answer.code == 1
    first, second = answer.document()["uploads"]
    assert (first["state"], second["state"]) == ("SUCCEEDED", "FAILED")
    assert second["error_code"] == "file_empty"


def test_submit_without_wait_returns_at_once(stack: Stack, feelings: Path) -> None:
    answer = winnow("submit", feelings, "--process", "emotions", "--threshold", "0.9")
    assert answer.code == 0
    key = answer.out.strip().removeprefix(f"s3://{stack.target.uploads_bucket}/")
    result, _ = stack.result(stack.wait(key))
    assert (result.threshold, result.threshold_from) == (0.9, "upload")


@pytest.mark.parametrize("size", [100, 9 << 20], ids=["one put", "in parts"])
def test_s3_takes_a_drop_once_also_where_its_answer_was_lost(
    stack: Stack, tmp_path: Path, size: int
) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x" * size)
    key = stack.uploads.new_key(file, "unknown")
    first = stack.uploads.drop(file, key, None)
    assert first is not None
    # A submit that was interrupted comes back with the key it had, in a process of its own.
    assert Uploads(stack.target).drop(file, key, None) == first
    listed = stack.s3.list_object_versions(Bucket=stack.target.uploads_bucket, Prefix=key)
    assert [version["VersionId"] for version in listed["Versions"]] == [first]


def test_status_is_one_line_an_upload(stack: Stack, submitted: dict[str, Any]) -> None:
    answer = winnow("status")
    assert answer.code == 0
    header, *rows = answer.out.splitlines()
    assert header.split("\t")[:2] == ["state", "upload id"]
    (row,) = (row for row in rows if submitted["upload_id"] in row)
    assert row.startswith("SUCCEEDED\t")

    listed = winnow("status", "--json").document()["uploads"]
    # One that comes between the two calls stands before all others.
    shown = [row.split("\t")[1] for row in rows]
    assert [upload["upload_id"] for upload in listed][-len(shown) :] == shown
    times = [upload["claimed_at"] for upload in listed]
    assert times == sorted(times, reverse=True)


def test_an_upload_is_found_by_the_beginning_of_its_id(
    stack: Stack, submitted: dict[str, Any]
) -> None:
    answer = winnow("status", submitted["upload_id"][:10], "--json")
    (found,) = answer.document()["uploads"]
    assert found["upload_id"] == submitted["upload_id"]


@pytest.mark.parametrize("command", ["status", "why", "results"])
@pytest.mark.parametrize("unknown", ["0" * 32, "ffffffffff", "x"])
def test_an_unknown_upload_is_an_error_with_a_code(
    stack: Stack, command: str, unknown: str
) -> None:
    answer = winnow(command, unknown, "--json")
    assert answer.code == 1
    assert answer.document()["error"]["code"] == "upload_unknown"
    assert answer.err.startswith("upload_unknown: ")


def test_why_says_what_happened_and_what_to_do(stack: Stack) -> None:
    row = stack.run("cases.csv", "text\nhello\n", "L99999")
    document = winnow("why", row.upload_id, "--json").document()
    assert document["code"] == "process_unknown"
    assert "L33774" in document["message"], "the processes that there are"
    assert "L99999" not in document["message"], "a folder may be called after a person"
    assert "inbox/" in document["advice"]
    plain = winnow("why", row.upload_id)
    assert plain.code == 0
    assert document["advice"] in plain.out

    refused = winnow("results", row.upload_id, "--json")
    assert (refused.code, refused.document()["error"]["code"]) == (1, "not_finished")


def test_results_as_json_csv_and_table_agree(stack: Stack, submitted: dict[str, Any]) -> None:
    upload = submitted["upload_id"]
    document = winnow("results", upload, "--json").document()
    assert document == winnow("results", upload, "--format", "json").document()
    assert document["result"]["counts"]["records"] == len(document["records"]) == 4

    rows = list(csv.DictReader(io.StringIO(winnow("results", upload, "--format", "csv").out)))
    assert [row["outcome"] for row in rows] == [r["outcome"] for r in document["records"]]

    table = winnow("results", upload)
    assert len(table.out.splitlines()) == 5
    assert "threshold" in table.err


def test_one_record_is_shown_whole(stack: Stack, submitted: dict[str, Any]) -> None:
    upload = submitted["upload_id"]
    every = winnow("results", upload, "--json").document()["records"]
    for outcome in ("accepted", "review", "invalid"):
        document = winnow("results", upload, "--json", "--outcome", outcome).document()
        assert document["records"] == [r for r in every if r["outcome"] == outcome]
    for record in every:
        number = str(record["record"])
        document = winnow("results", upload, "--record", number, "--json").document()
        # Its review is beside it here, and in the list it is a part of it.
        assert document["record"] == {name: record[name] for name in record if name != "review"}
        shown = winnow("results", upload, "--record", number).out
        assert record.get("text", record.get("reason")) in shown
        assert record["outcome"] in shown
    store = S3Store(stack.s3)
    ref = ObjectRef.model_validate(
        winnow("results", upload, "--json").document()["result"]["files"]["review"]
    )
    size = store.head(ref).size
    assert store.read_range(ref, size, 10) == b""
    assert len(store.read_range(ref, size - 3, 10)) == 3
    absent = winnow("results", upload, "--record", "5", "--json")
    assert (absent.code, absent.document()["error"]["code"]) == (1, "record_unknown")


def test_a_spreadsheet_takes_no_cell_for_a_formula(stack: Stack, submitted: dict[str, Any]) -> None:
    out = winnow("results", submitted["upload_id"], "--format", "csv").out
    cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]
    assert "'=cmd()" in cells
    assert "'+1" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_a_file_cannot_steer_the_terminal(stack: Stack, submitted: dict[str, Any]) -> None:
    out = winnow("results", submitted["upload_id"]).out
    assert "red" in out
    assert "\x1b" not in out


def test_mail_lists_what_was_sent(stack: Stack, submitted: dict[str, Any]) -> None:
    stack.mails(submitted["upload_id"])
    mails = winnow("mail", "--json").document()["mails"]
    about = [mail for mail in mails if submitted["upload_id"] in mail["body"]]
    assert len(about) == 1
    assert Path(about[0]["file"]).is_file()
    assert about[0]["subject"] in winnow("mail").out


def test_a_second_up_says_that_one_is_running(stack: Stack) -> None:
    for arguments in (
        ["up"],
        ["up", "--detach"],
        ["up", "--docker"],
        ["up", "--parameter=Threshold=0.5"],
    ):
        answer = winnow(*arguments, "--json")
        assert answer.code == 0
        assert answer.document()["endpoint"] == stack.state.endpoint
        assert "running already" in answer.err
        assert ("Its settings stay as they are" in answer.err) is (
            arguments[-1] in ("--docker", "--parameter=Threshold=0.5")
        )


def test_what_up_says_to_try_works_as_it_stands(stack: Stack) -> None:
    (said,) = (line for line in winnow("up").out.splitlines() if " submit " in line)
    answer = winnow(*shlex.split(said)[1:])
    assert answer.code == 0, answer.err
    assert "8 accepted, 5 to review, 1 invalid" in answer.out


def test_up_names_a_process_that_the_stack_has(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (ROOT / "processes" / "emotions.yaml").read_text("utf-8")
    (tmp_path / "own.yaml").write_text(own.replace("id: emotions", "id: moods", 1), "utf-8")
    monkeypatch.setenv("WINNOW_PROCESSES", str(tmp_path))
    out = winnow("up").out
    assert "submit FILE --process moods" in out
    assert "inbox/moods/" in out
    assert "L33774" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["submit"],
        ["submit", "does-not-exist.csv", "--process", "emotions"],
        ["submit", str(ROOT / "samples"), "--process", "emotions"],
        ["submit", str(ROOT / "pyproject.toml")],
        ["submit", str(ROOT / "pyproject.toml"), "--process", "a/b"],
        ["submit", str(ROOT / "pyproject.toml"), "--process", "emotions", "--threshold", "2"],
        ["results", "abcdef", "--format", "xml"],
        ["predict", "--process", "emotions"],
        ["predict", "--process", "emotions", " "],
        ["predict", "hello"],
        ["evaluate-similarity"],
        ["up", "--parameter", "novalue"],
        ["no-such-command"],
    ],
)
def test_a_wrong_call_ends_with_2(arguments: list[str]) -> None:
    answer = winnow(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert "Traceback" not in answer.err


def test_without_a_stack_the_answer_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path / "none"))
    answer = winnow("status", "--json")
    assert answer.code == 1
    error = answer.document()["error"]
    assert error["code"] == "stack_not_running"
    assert "winnow up" in error["advice"]
    # It may run in another folder.
    assert str(tmp_path / "none") in error["message"]
    assert str(tmp_path / "none") in winnow("down").out
    assert winnow("down", "--json").document() == {"ended": False}


def test_processes_are_checked_with_line_and_field(tmp_path: Path) -> None:
    good = winnow("process", "validate", ROOT / "processes" / "emotions.yaml", "--json")
    assert (good.code, good.document()["valid"]) == (0, True)

    file = tmp_path / "bad.yaml"
    file.write_text("id: x\nversion: 1.0.0\nkind: labels\ntitle: T\nlabels: 5\n", "utf-8")
    bad = winnow("process", "validate", file, "--json")
    assert bad.code == 1
    assert bad.document()["valid"] is False
    assert any(problem.startswith("bad.yaml:5: labels") for problem in bad.document()["problems"])


@pytest.mark.model
def test_predict_judges_a_text_and_a_file(feelings: Path) -> None:
    document = winnow("predict", "--process", "emotions", SURE, "--json").document()
    (record,) = document["records"]
    assert record["judgement"]["decision"]["kind"] == "labels"
    assert 0 <= record["judgement"]["confidence"] <= 1

    several = winnow("predict", "--process", "emotions", "--file", feelings, "--json").document()
    assert len(several["records"]) == 4
    assert several["records"][2]["code"] == "text_empty"


@pytest.mark.model
def test_predict_and_the_pipeline_say_the_same(
    stack: Stack, submitted: dict[str, Any], feelings: Path
) -> None:
    here = winnow("predict", "--process", "emotions", "--file", feelings, "--json").document()
    there = winnow("results", submitted["upload_id"], "--json").document()["records"]
    by_record = {record["record"]: record for record in there}
    for record in here["records"]:
        if "judgement" in record:
            assert by_record[record["record"]]["decision"] == record["judgement"]["decision"]
            assert by_record[record["record"]]["confidence"] == record["judgement"]["confidence"]


@pytest.mark.model
def test_predict_loads_nothing_that_is_slow_to_load() -> None:
    code = (
        "import sys; from winnow_cli.app import app; "
        f"app(['predict', '--process', 'emotions', {SURE!r}], standalone_mode=False); "
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in ran.stderr.split()}
    assert "winnow_encoder" in loaded
    slow = {"boto3", "botocore", "tensorflow", "winnow_local", "ministack", "samtranslator"}
    assert not loaded & slow


@pytest.mark.model
def test_similarity_is_measured_on_pairs(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(
        "A man plays a guitar.,A man is playing the guitar.,5\n"
        "A man plays a guitar.,A person makes music.,3\n"
        "A man plays a guitar.,The stock market fell.,0\n",
        "utf-8",
    )
    document = winnow("evaluate-similarity", "--data", file, "--json").document()
    assert document["pairs"] == 3
    assert document["spearman"] == pytest.approx(1.0)

    file.write_text("only,two\n", "utf-8")
    assert winnow("evaluate-similarity", "--data", file).code == 1


@pytest.mark.model
def test_model_info_checks_every_file() -> None:
    document = winnow("model", "info", "--json").document()
    assert document["name"] == "use-lite"
    assert "use-lite-int8.tflite" in document["files"]


@pytest.fixture
def as_in_aws(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own AWS set-up, which here leads to the local stack's CloudFormation."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.state.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", stack.state.region)
    monkeypatch.setenv("WINNOW_STATE_DIR", "nowhere")


@pytest.mark.usefixtures("as_in_aws")
def test_a_deployed_stack_answers_to_the_same_commands(
    submitted: dict[str, Any], feelings: Path
) -> None:
    name = ["--stack", "winnow", "--json"]
    answer = winnow("submit", feelings, "--process", "emotions", "--wait", *name)
    assert answer.code == 0
    (upload,) = answer.document()["uploads"]
    ids = {u["upload_id"] for u in winnow("status", *name).document()["uploads"]}
    assert {upload["upload_id"], submitted["upload_id"]} <= ids
    records = winnow("results", upload["upload_id"], *name).document()["records"]
    assert len(records) == upload["records"]
    assert winnow("why", upload["upload_id"], *name).document()["state"] == "SUCCEEDED"


@pytest.mark.usefixtures("as_in_aws")
def test_a_stack_that_is_not_there_or_not_ours_is_refused(stack: Stack) -> None:
    missing = winnow("status", "--stack", "no-such-stack", "--json")
    assert missing.code == 1
    assert missing.document()["error"]["code"] == "stack_unknown"

    cloudformation = stack.target.session.client(
        "cloudformation", endpoint_url=stack.target.endpoint
    )
    other = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation.create_stack(StackName="other", TemplateBody=json.dumps(other))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="other")
    foreign = winnow("status", "--stack", "other", "--json")
    assert foreign.document()["error"]["code"] == "stack_unknown"
    assert "UploadsBucket" in foreign.document()["error"]["message"]


def test_every_command_has_json(stack: Stack) -> None:
    for command in (
        ["up"],
        ["down"],
        ["submit"],
        ["status"],
        ["why"],
        ["results"],
        ["mail"],
        ["predict"],
        ["evaluate-similarity"],
        ["process", "validate"],
        ["model", "build"],
        ["model", "info"],
    ):
        assert "--json" in winnow(*command, "--help").out, command


def test_a_pipe_gets_plain_text(stack: Stack, submitted: dict[str, Any]) -> None:
    answer = started("results", submitted["upload_id"])
    assert answer.code == 0
    assert "\x1b[" not in answer.out + answer.err
    assert json.loads(started("status", "--json").out)["uploads"]
    assert answer.out.count("\n") == 5
