"""`winnow process publish` and `winnow model` on a stack that is deployed to AWS (moto)."""

import json
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from typer.testing import CliRunner

from tests.fakes.model_table import create_model_table
from tests.fakes.versions import MOODS
from winnow_cli import target
from winnow_cli.app import app
from winnow_cli.commands import publish
from winnow_cli.target import Target

REGION: Final = "eu-west-1"
NAMES = {
    "UploadsBucket": "uploads",
    "ResultsBucket": "results",
    "Table": "uploads-table",
    "ModelsBucket": "models",
    "ModelsTable": "models-table",
}


@pytest.fixture
def deployed(moto_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stacks: `prod`, and `old`, which an earlier version deployed."""
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr(publish, "_vectors", lambda _: None)
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
    create_model_table(boto3.client("dynamodb", region_name=REGION), "models-table")

    def found(stack: str) -> Target:
        outputs = {k: v for k, v in NAMES.items() if stack == "prod" or "Models" not in k}
        session = boto3.Session(region_name=REGION)
        return Target(stack, outputs, session, endpoint=None, config=Config())

    # CloudFormation's part is in tests/e2e/test_command_line.py.
    monkeypatch.setattr(target, "find_target", found)


def winnow(*arguments: str, stack: str = "prod", code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--stack", stack, "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_a_version_goes_its_way_on_a_deployed_stack(deployed: None, tmp_path: Path) -> None:
    file = tmp_path / "moods.yaml"
    file.write_text(MOODS.format(number=1), "utf-8")
    first = winnow("process", "publish", str(file))
    assert (first["alias"], first["version"]["by"]) == ("champion", "moto")
    assert not winnow("process", "publish", str(file))["changed"]
    file.write_text(MOODS.format(number=2), "utf-8")
    second = winnow("process", "publish", str(file), "--reason", "New law.")
    assert second["alias"] == "challenger"
    sha256 = second["version"]["sha256"]
    (listed,) = winnow("model", "list")["processes"]
    assert [v["aliases"] for v in listed["versions"]] in (
        [["challenger"], ["champion"]],
        [["champion"], ["challenger"]],
    )
    diff = winnow("model", "diff", "moods", "champion", sha256[:8])
    assert "+version: 2.0.0" in diff["definition"]
    assert winnow("model", "promote", "moods")["champion"] == sha256
    error = winnow("model", "promote", "moods", "previous", "--revision", "2", code=1)["error"]
    assert error["code"] == "release_conflict"
    assert winnow("model", "rollback", "moods")["champion"] == first["champion"]
    shown = winnow("model", "show", "moods", sha256[:6])
    assert [change["reason"] for change in shown["history"]] == ["", "New law.", "", ""]
    assert {change["by"] for change in shown["history"]} == {"moto"}


def test_an_altered_object_is_found(deployed: None, tmp_path: Path) -> None:
    file = tmp_path / "moods.yaml"
    file.write_text(MOODS.format(number=1), "utf-8")
    told = winnow("process", "publish", str(file))
    s3 = boto3.client("s3", region_name=REGION)
    (stored,) = (f["object"] for f in told["version"]["files"] if f["name"] == "definition.yaml")
    # Another version under the same key changes nothing: the item names the one that was published.
    s3.put_object(Bucket="models", Key=stored["key"], Body=b"id: other")
    assert winnow("model", "diff", "moods", "champion", "champion")["definition"] == []
    s3.delete_object(Bucket="models", Key=stored["key"], VersionId=stored["version_id"])
    error = winnow("model", "diff", "moods", "champion", "champion", code=1)["error"]
    assert error["code"] == "version_altered"


def test_a_stack_of_an_earlier_version_has_no_registry(deployed: None, tmp_path: Path) -> None:
    file = tmp_path / "moods.yaml"
    file.write_text(MOODS.format(number=1), "utf-8")
    for words in (("model", "list"), ("process", "publish", str(file)), ("model", "show", "moods")):
        error = winnow(*words, stack="old", code=1)["error"]
        assert error["code"] == "stack_unknown"
        assert "earlier version" in error["message"]
