"""Mails are handed to an SMTP server where one is named."""

import socketserver
import threading
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser

import pytest

from winnow_local import mailbox

NOTIFICATION = {
    "MessageId": "b351964d-61f3-4af2-8f2b-ba68a9401391",
    "TopicArn": "arn:aws:sns:us-east-1:000000000000:winnow",
    "Subject": "Winnow: 3 accepted",
    "Message": "First line\n.a line with a dot\nÄrzte\n",
    "Timestamp": "2026-03-01T10:06:37.512Z",
}


class Server(socketserver.TCPServer):
    """As much of an SMTP server as takes a mail."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mails: list[bytes] = []


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Server)
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                content = b""
                for part in iter(self.rfile.readline, b".\r\n"):
                    content += part.removeprefix(b".") if part.startswith(b"..") else part
                self.server.mails.append(content)
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_mail_reaches_the_server_whole(server: Server) -> None:
    port = server.server_address[1]
    mailbox.relay(mailbox.compose(NOTIFICATION, "you@winnow.local"), f"127.0.0.1:{port}")
    (content,) = server.mails
    mail = BytesParser(policy=policy.default).parsebytes(content)
    assert mail["Subject"] == NOTIFICATION["Subject"]
    assert mail.get_content().replace("\r\n", "\n") == NOTIFICATION["Message"]


def test_a_server_that_is_not_there_is_an_error_the_mailbox_survives(server: Server) -> None:
    with pytest.raises(OSError):
        mailbox.relay(mailbox.compose(NOTIFICATION, "you@winnow.local"), "127.0.0.1:1")
