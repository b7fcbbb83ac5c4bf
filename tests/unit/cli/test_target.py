"""The command line's own parts: cells, keys, tables and errors."""

from concurrent.futures import CancelledError
from typing import Any

import boto3
import pytest
import typer
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from winnow.errors import (
    AccessDeniedError,
    AwsBusyError,
    AwsRefusedError,
    AwsUnreachableError,
    InternalError,
    StackNotRunningError,
)
from winnow_cli.commands.uploads import advice_for, safe_cell
from winnow_cli.console import clean, shorten
from winnow_cli.options import handle_errors
from winnow_cli.target import Target, aws_errors, item_values
from winnow_cli.uploads import UploadRow


def a_target(endpoint: str | None) -> Target:
    return Target(
        name="winnow",
        outputs={},
        session=boto3.Session(region_name="us-east-1"),
        endpoint=endpoint,
        config=Config(),
    )


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret text"}}, "Scan")


@pytest.mark.parametrize(
    ("endpoint", "raised", "ours"),
    [
        (None, refusal("AccessDeniedException"), AccessDeniedError),
        (None, refusal("ExpiredTokenException"), AccessDeniedError),
        (None, refusal("ThrottlingException"), AwsBusyError),
        (None, EndpointConnectionError(endpoint_url="x"), AwsUnreachableError),
        (None, refusal("ResourceNotFoundException"), AwsRefusedError),
        (None, NoCredentialsError(), AccessDeniedError),
        (None, ParamValidationError(report="secret text"), InternalError),
        ("http://127.0.0.1:1", EndpointConnectionError(endpoint_url="x"), StackNotRunningError),
    ],
)
def test_what_botocore_raises_becomes_ours(
    endpoint: str | None, raised: Exception, ours: type[Exception]
) -> None:
    with pytest.raises(ours) as caught, aws_errors(a_target(endpoint)):
        raise raised
    assert "secret text" not in str(caught.value)


def test_an_item_becomes_a_row() -> None:
    item: dict[str, Any] = {
        "upload_id": {"S": "a" * 32},
        "state": {"S": "SUCCEEDED"},
        "bucket": {"S": "b"},
        "object_key": {"S": "inbox/p/x/cases.csv"},
        "claimed_at": {"S": "2026-03-01T00:00:00.000Z"},
        "accepted": {"N": "3"},
        "result_bucket": {"S": "r"},
        "result_key": {"S": "results/p/id/result.json"},
        "from_a_later_version": {"L": []},
    }
    row = UploadRow.model_validate(item_values(item))
    assert row.accepted == 3
    assert row.file_name == "cases.csv"
    assert row.results_at == "s3://r/results/p/id/"
    assert row.ended


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_run_is_marked_as_text(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(("value", "cell"), [(-0.5, "-0.5"), ("plain", "plain"), ("", "")])
def test_numbers_and_plain_text_stay(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_control_characters_never_reach_the_terminal() -> None:
    assert clean("a\x1b[31mb\x07\u202e\r\nc\t d") == "a?[31mb?? c d"


def test_a_text_is_cut_with_an_ellipsis() -> None:
    assert shorten("one two three", 8) == "one two…"
    assert shorten("one", 8) == "one"


@pytest.mark.parametrize("code", ["workflow_states_timeout", "something_new", None])
def test_every_failure_has_advice(code: str | None) -> None:
    assert advice_for(code, "")
    assert advice_for(code, "Do this.") == "Do this."


@pytest.mark.parametrize(
    ("raised", "code"),
    [(KeyboardInterrupt(), 130), (CancelledError("KeyboardInterrupt()"), 130), (ValueError(), 1)],
)
def test_what_goes_wrong_after_ctrl_c_is_no_defect(
    raised: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    @handle_errors
    def at_once() -> None:
        raise raised

    @handle_errors
    def in_winding_up() -> None:
        try:
            raise raised
        finally:
            [].pop()

    for command in (at_once, in_winding_up):
        with pytest.raises(typer.Exit) as ended:
            command()
        assert ended.value.exit_code == code
        assert ("Interrupted." in capsys.readouterr().err) is (code == 130)
