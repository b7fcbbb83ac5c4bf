"""The local mailbox: notifications become mails, once each."""

import json
import threading
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from winnow_local import mailbox

NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "b351964d-61f3-4af2-8f2b-ba68a9401391",
    "TopicArn": "arn:aws:sns:us-east-1:000000000000:winnow",
    "Subject": "Winnow: 3 accepted",
    "Message": "Counts:\n  accepted 3\n\nWhere: s3://results/é/ " + "x" * 200 + "\n",
    "Timestamp": "2026-03-01T10:06:37.512Z",
}


class FakeQueue:
    """As much of SQS as the mailbox uses."""

    def __init__(self, bodies: list[str]) -> None:
        self.held = dict(enumerate(bodies))

    def receive_message(self, **_: Any) -> dict[str, Any]:
        return {
            "Messages": [
                {"Body": body, "ReceiptHandle": str(number)} for number, body in self.held.items()
            ]
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        del self.held[int(ReceiptHandle)]


def test_a_stored_mail_is_a_mail_that_any_reader_reads(tmp_path: Path) -> None:
    file = mailbox.store(mailbox.compose(NOTIFICATION, "you@winnow.local"), tmp_path)

    mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    assert file.suffix == ".eml"
    assert mail["Subject"] == "Winnow: 3 accepted"
    assert mail["To"] == "you@winnow.local"
    assert mail["From"].addresses[0].addr_spec == "no-reply@winnow.local"
    assert mail["Date"].datetime.isoformat() == "2026-03-01T10:06:37+00:00"
    assert mail["Message-ID"].startswith("<b351964d-")
    assert not mail.defects
    assert mail.get_content().replace("\r\n", "\n") == NOTIFICATION["Message"]
    assert [m.subject for m in mailbox.read(tmp_path)] == ["Winnow: 3 accepted"]


def test_a_message_delivered_twice_is_one_mail(tmp_path: Path) -> None:
    for _ in range(2):
        mailbox.store(mailbox.compose(NOTIFICATION, "you@winnow.local"), tmp_path)
    assert len(list(mailbox.read(tmp_path))) == 1


def test_a_subject_cannot_add_a_header(tmp_path: Path) -> None:
    hostile = {**NOTIFICATION, "Subject": "hi\r\nBcc: other@example.org"}
    with pytest.raises(ValueError, match=r"linefeed|carriage"):
        mailbox.compose(hostile, "you@winnow.local")


def test_a_message_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    file = mailbox.store(
        mailbox.compose({**NOTIFICATION, "MessageId": "../../etc/x"}, "you@winnow.local"), tmp_path
    )
    assert file.parent == tmp_path


def test_a_message_leaves_the_queue_only_after_it_is_delivered() -> None:
    queue: Any = FakeQueue([json.dumps(NOTIFICATION)])

    def broken(_: dict[str, Any]) -> None:
        raise OSError

    with pytest.raises(OSError):
        mailbox.drain_once(queue, "url", broken, wait_s=0)
    assert len(queue.held) == 1

    got: list[dict[str, Any]] = []
    assert mailbox.drain_once(queue, "url", got.append, wait_s=0) == 1
    assert got == [NOTIFICATION]
    assert not queue.held


def test_the_mailbox_goes_on_after_a_message_it_cannot_read(tmp_path: Path) -> None:
    stop = threading.Event()
    said: list[str] = []

    class Once(FakeQueue):
        def receive_message(self, **_: Any) -> dict[str, Any]:
            if said:
                stop.set()
                return {}
            return super().receive_message()

    mailbox.run(Once(["not json"]), "url", tmp_path, "a@b", None, stop, said.append)  # type: ignore[arg-type]
    assert said == ["mailbox: JSONDecodeError"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage \xff",
        b"Subject: =?utf-8?b?Gw==?=\nDate: nonsense\n\nbody\n",
        b"Subject: x\nDate: Mon, 99 Jan 2026 10:00:00\n\nbody\n",
        b"Date: Mon, 5 Jan 2026 10:00:00\nContent-Type: text/plain; charset=none\n\nbody \xff\n",
        b"Content-Type: multipart/mixed; boundary=x\n\nno part\n",
        b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n%%%\n",
    ],
)
def test_a_file_that_is_hardly_a_mail_hides_no_other(tmp_path: Path, content: bytes) -> None:
    mailbox.store(mailbox.compose(NOTIFICATION, "you@example.org"), tmp_path)
    (tmp_path / "odd.eml").write_bytes(content)
    (tmp_path / "folder.eml").mkdir()
    found = list(mailbox.read(tmp_path))
    assert len(found) == 2
    assert all(one.sent_at.tzinfo for one in found)
