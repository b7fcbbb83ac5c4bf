"""CloudFormation gets an answer, whatever happens."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from winnow.errors import EndpointUnreachableError, EventInvalidError, ProcessInvalidError
from winnow_aws.custom_resource import resource_handler


class Answers(list[dict[str, Any]]):
    """What was sent to the address."""

    url = ""
    headers: list[str | None]
    refuse = 0
    """How many answers are refused first."""


@pytest.fixture
def answers() -> Iterator[Answers]:
    received = Answers()
    received.headers = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refused, received.refuse = received.refuse > 0, received.refuse - 1
            if not refused:
                received.append(json.loads(body))
                received.headers.append(self.headers["Content-Type"])
            self.send_response(503 if refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/answer?signature=x"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield received
    server.shutdown()
    server.server_close()
    thread.join()


def event(url: str, kind: str = "Create", **fields: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "arn:stack",
        "RequestId": "r1",
        "LogicalResourceId": "ShippedProcesses",
        "ResourceType": "Custom::ShippedProcesses",
        "ResourceProperties": {"ServiceToken": "arn:function", "PublishVersion": "3"},
        **fields,
    }


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_it_is_called_with_the_properties_and_answers_its_attributes(answers, kind):
    handle = resource_handler(lambda properties: {"version": properties["PublishVersion"]})
    handle(event(answers.url, kind), None)
    assert answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "ShippedProcesses",
            "StackId": "arn:stack",
            "RequestId": "r1",
            "LogicalResourceId": "ShippedProcesses",
            "Data": {"version": "3"},
        }
    ]
    # The address is signed without one.
    assert answers.headers == [""]


def test_a_resource_keeps_its_id_or_an_update_would_delete_it(answers):
    handle = resource_handler(lambda _: {})
    handle(event(answers.url, "Update", PhysicalResourceId="of-old"), None)
    assert answers[0]["PhysicalResourceId"] == "of-old"


def test_when_it_is_deleted_nothing_is_done(answers):
    def fail(_: dict[str, Any]) -> dict[str, str]:
        raise AssertionError

    resource_handler(fail)(event(answers.url, "Delete"), None)
    assert answers[0]["Status"] == "SUCCESS"


def test_our_errors_are_told_with_their_code(answers):
    def fail(_: dict[str, Any]) -> dict[str, str]:
        raise ProcessInvalidError("moods.yaml:3: kind: is missing")

    resource_handler(fail)(event(answers.url), None)
    assert answers[0]["Status"] == "FAILED"
    assert answers[0]["Reason"] == "process_invalid: moods.yaml:3: kind: is missing"


def test_of_other_errors_only_the_place_is_told(answers):
    def fail(_: dict[str, Any]) -> dict[str, str]:
        raise ValueError("Jane Doe")

    resource_handler(fail)(event(answers.url), None)
    assert answers[0]["Status"] == "FAILED"
    assert answers[0]["Reason"].startswith("internal: ValueError at test_custom_resource.py:")
    assert "Jane" not in answers[0]["Reason"]


def test_an_answer_that_is_too_long_is_cut(answers):
    def fail(_: dict[str, Any]) -> dict[str, str]:
        raise ProcessInvalidError("x" * 10_000)

    resource_handler(fail)(event(answers.url), None)
    assert len(answers[0]["Reason"]) < 1_000


def test_an_answer_that_is_not_taken_is_sent_again(answers):
    answers.refuse = 2
    resource_handler(lambda _: {})(event(answers.url), None)
    assert len(answers) == 1


def test_an_address_where_nobody_listens_is_an_error_of_ours(answers):
    answers.refuse = 3
    with pytest.raises(EndpointUnreachableError, match="could not be answered"):
        resource_handler(lambda _: {})(event(answers.url), None)
    assert not answers


@pytest.mark.parametrize("changed", [{"ResponseURL": "file:///etc/passwd"}, {"RequestType": "x"}])
def test_what_is_no_event_of_a_resource_is_refused(answers, changed):
    with pytest.raises(EventInvalidError):
        resource_handler(lambda _: {})(event(answers.url) | changed, None)
