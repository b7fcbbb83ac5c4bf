"""Posts to a chat on a server of this machine; the address from moto's Secrets Manager."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from winnow.errors import (
    RetryableError,
    WebhookAddressInvalidError,
    WebhookAddressMissingError,
    WebhookRefusedError,
)
from winnow_aws.webhook import ATTEMPTS, Webhook

pytestmark = pytest.mark.usefixtures("moto_aws")


class Chat:
    """What was posted, and what is answered next: a status, or None for no answer."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[int | None] = []
        self.waits: list[float] = []
        self.address = ""


@pytest.fixture
def chat() -> Iterator[Chat]:
    made = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.posts.append((self.path, content))
            status = made.answers.pop(0) if made.answers else 200
            if status is None:
                return
            self.send_response(status)
            self.send_header("Location", made.address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}/services/T/B?sig=a%2Fb"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def webhook(chat: Chat, address: str | None = None, *, local: bool = True) -> Webhook:
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    given = {} if address == "" else {"SecretString": address or chat.address}
    arn = secrets.create_secret(Name="webhook", **given)["ARN"]
    return Webhook(secrets, arn, "slack", chat.waits.append, local=local)


def test_a_notice_is_posted_as_json_to_the_secret_address(chat: Chat):
    webhook(chat).post({"text": "ä"})
    assert chat.posts == [("/services/T/B?sig=a%2Fb", {"text": "ä"})]
    assert not chat.waits


@pytest.mark.parametrize("first", [500, 503, 429, 408, None])
def test_what_may_pass_is_tried_again_later(chat: Chat, first: int | None):
    chat.answers = [first, first]
    webhook(chat).post({})
    assert len(chat.posts) == 3
    assert 1 <= chat.waits[0] <= 1.5
    assert 2 <= chat.waits[1] <= 3


def test_in_the_end_it_is_for_lambda_to_try_again(chat: Chat):
    chat.answers = [503] * ATTEMPTS
    with pytest.raises(
        RetryableError, match=r"Slack did not take the notice, 3 times \(HTTP 503\)"
    ):
        webhook(chat).post({})
    assert len(chat.posts) == ATTEMPTS


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 403, 404, 410])
def test_a_redirect_is_not_followed_and_a_refusal_not_repeated(chat: Chat, status: int):
    chat.answers = [status]
    with pytest.raises(WebhookRefusedError) as raised:
        webhook(chat).post({})
    assert len(chat.posts) == 1
    assert chat.address not in str(raised.value)


def test_without_an_address_nothing_is_called(chat: Chat):
    with pytest.raises(WebhookAddressMissingError):
        webhook(chat, "").post({})


@pytest.mark.parametrize("address", ["https://169.254.169.254/x", "https://evil.example/x", "{}"])
def test_an_address_of_nobody_we_know_is_not_called(chat: Chat, address: str):
    with pytest.raises(WebhookAddressInvalidError) as raised:
        webhook(chat, address).post({})
    assert address not in str(raised.value)


def test_in_aws_no_address_of_the_machine_is_called(chat: Chat):
    with pytest.raises(WebhookAddressInvalidError):
        webhook(chat, local=False).post({})
    assert not chat.posts


def test_a_chat_that_is_not_there_is_tried_again(chat: Chat):
    with pytest.raises(RetryableError, match="ConnectionRefusedError"):
        webhook(chat, "http://127.0.0.1:1/x").post({})
    assert len(chat.waits) == ATTEMPTS - 1
