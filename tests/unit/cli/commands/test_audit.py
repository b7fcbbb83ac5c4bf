"""`winnow audit` that breaks off amid its list."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from typer.testing import CliRunner

from winnow.errors import AwsUnreachableError
from winnow.recovery.status import UploadStatus
from winnow_cli import audit, target
from winnow_cli.app import app
from winnow_cli.audit import AuditRow


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsUnreachableError("AWS does not answer."), "aws_unreachable"),
        (ConnectTimeoutError(endpoint_url="https://x"), "aws_unreachable"),
        (ValueError("x"), "internal"),
    ],
)
def test_a_command_that_breaks_off_amid_its_list_leaves_one_document(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_: Any) -> Iterator[AuditRow]:
        yield AuditRow("1" * 32, UploadStatus.FAILED, "inbox/p/a.csv", "v", None)
        raise error

    monkeypatch.setattr(audit, "audit", found)
    monkeypatch.setattr(target, "find_target", lambda _: None)
    ran = CliRunner().invoke(app, ["audit", "--json", "--stack", "prod"])
    document = json.loads(ran.stdout)
    assert (ran.exit_code, document["error"]["code"]) == (1, code)
    assert [one["standing"] for one in document["uploads"]] == ["FAILED"]
    assert ran.stderr.startswith(f"{code}: ")
