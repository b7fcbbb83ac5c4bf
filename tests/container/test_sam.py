"""`sam build` and `sam local invoke`: template.yaml's functions with the events of events/."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.container.conftest import demand
from tests.container.engine import ROOT
from tests.container.lost import lose
from tests.container.storage import RESULTS, Storage
from tests.container.upload import event as event_file
from tests.container.upload import for_classify, for_filter, for_scan, for_serialize
from winnow.models import ChunkTask, Classified, Filtered, Serialized
from winnow.sweep import SweepReport

pytestmark = [
    pytest.mark.container,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("container"),
]

Invoke = Callable[..., Any]
"""A function's name, its event and further variables to its answer."""


def _sam() -> str | None:
    own = ROOT / ".venv-sam" / "bin" / "sam"
    return os.environ.get("SAM") or (str(own) if own.is_file() else shutil.which("sam"))


@pytest.fixture(scope="session")
def built(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a `sam build`, its template with the images' names in it."""
    sam = _sam()
    if sam is None:
        demand("no SAM CLI: .ci/venv.sh sam puts one into .venv-sam")
    folder = tmp_path_factory.mktemp("sam")
    _run("build", "--template-file", ROOT / "template.yaml", "--build-dir", folder / "build")
    return folder


@pytest.fixture
def invoke(built: Path, s3: Storage) -> Invoke:
    """`sam local invoke` with the local S3 in the environment."""
    template = yaml.safe_load((built / "build" / "template.yaml").read_text("utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # SAM passes on only what the template declares.
            resource["Properties"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    (built / "build" / "local.yaml").write_text(yaml.safe_dump(template), encoding="utf-8")
    common = {
        "AWS_ENDPOINT_URL": s3.environment["AWS_ENDPOINT_URL"],
        "RESULTS_BUCKET": RESULTS,
    }

    def call(function: str, event: dict[str, Any], **variables: str) -> Any:
        settings = {"Parameters": common | variables}
        (built / "variables.json").write_text(json.dumps(settings))
        (built / "event.json").write_text(json.dumps(event))
        printed = _run(
            "local",
            "invoke",
            function,
            "--template-file",
            built / "build" / "local.yaml",
            "--event",
            built / "event.json",
            "--env-vars",
            built / "variables.json",
            "--skip-pull-image",
            environment=s3.environment,
        )
        return json.loads(printed.splitlines()[-1])

    return call


def test_serialize(invoke: Invoke, s3: Storage) -> None:
    event = for_serialize(s3)
    run = Serialized.model_validate(invoke("SerializeFunction", event))
    assert run.upload.object.version_id == event["upload"]["object"]["version_id"]
    assert run.process.id == "L33774"
    assert run.records > 1
    manifest = s3.client.get_object(Bucket=run.manifest.bucket, Key=run.manifest.key)
    tasks = [ChunkTask.model_validate_json(line) for line in manifest["Body"].iter_lines()]
    assert sum(task.records for task in tasks) == run.records


def test_scan(invoke: Invoke, s3: Storage) -> None:
    event = for_scan(s3)
    run = Serialized.model_validate(invoke("ScanFunction", event))
    assert run.upload.object.version_id == event["upload"]["object"]["version_id"]
    assert (run.process.id, run.records) == ("L33774", 1)


def test_classify(invoke: Invoke, s3: Storage) -> None:
    event = for_classify(s3)
    done = Classified.model_validate(invoke("ClassifyFunction", event))
    assert done == Classified(chunk=event["chunk"], records=event["records"])
    scored = s3.client.get_object(Bucket=RESULTS, Key=event["scored"]["key"])["Body"].read()
    assert len(scored.splitlines()) == 1 + event["records"]


def test_filter(invoke: Invoke, s3: Storage) -> None:
    event = for_filter(s3)
    done = Filtered.model_validate(invoke("FilterFunction", event))
    assert done.upload_id == event["upload"]["upload_id"]
    assert done.counts.model_dump() == {
        "records": event["records"],
        "accepted": 1,
        "review": event["records"] - 1,
        "invalid": 0,
    }


def test_sweep(invoke: Invoke, s3: Storage) -> None:
    lost = lose(s3, "sam")
    report = invoke("SweepFunction", event_file("sweep"), **lost.settings)
    assert SweepReport.model_validate(report).restarted >= 1
    assert lost.key in lost.started()


def _run(*arguments: str | Path, environment: dict[str, str] | None = None) -> str:
    """Run SAM away from the user's own AWS settings; what it wrote to standard output."""
    sam = _sam()
    assert sam is not None
    keep = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    own = {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if environment:
        own |= {name: environment[name] for name in environment if name != "AWS_ENDPOINT_URL"}
    done = subprocess.run(
        [sam, *map(str, arguments)],
        cwd=ROOT,
        env=keep | own,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
