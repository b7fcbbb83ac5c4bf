"""The local mailbox: the topic's messages as `.eml` files, as if they were sent by e-mail.

MiniStack only logs e-mail subscriptions, so a queue is subscribed to the topic and read here.
With WINNOW_SMTP=host:port every e-mail is also sent to that server (Mailpit, for example).
"""

import json
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

QUEUE_NAME = "winnow-local-mailbox"
SMTP_VARIABLE = "WINNOW_SMTP"
_DOMAIN = "winnow.local"
# No folding at 78 characters: the body keeps the lines that the pipeline wrote.
_POLICY = policy.SMTP.clone(max_line_length=998)


@dataclass(frozen=True)
class StoredMail:
    """One mail of the mailbox."""

    file: Path
    subject: str
    sent_at: datetime
    body: str


def compose(notification: dict[str, Any], recipient: str) -> EmailMessage:
    """The mail that SNS would send for a notification (its envelope, parsed)."""
    sent_at = datetime.fromisoformat(str(notification["Timestamp"]).replace("Z", "+00:00"))
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address("Winnow (local)", "no-reply", _DOMAIN)
    mail["To"] = recipient
    mail["Subject"] = str(notification.get("Subject") or "AWS Notification Message")
    mail["Date"] = format_datetime(sent_at.astimezone(UTC))
    mail["Message-ID"] = f"<{notification['MessageId']}@{_DOMAIN}>"
    mail["X-Amz-Sns-Topic-Arn"] = str(notification["TopicArn"])
    mail.set_content(str(notification["Message"]))
    return mail


def store(mail: EmailMessage, folder: Path) -> Path:
    """Write the mail, named by time and message id; a message received twice is one file."""
    folder.mkdir(parents=True, exist_ok=True)
    sent = parsedate_to_datetime(str(mail["Date"]))
    message_id = str(mail["Message-ID"]).strip("<>").partition("@")[0]
    safe = "".join(c for c in message_id if c.isalnum() or c == "-")[:64]
    file = folder / f"{sent:%Y%m%dT%H%M%S}-{safe}.eml"
    new = file.with_suffix(".new")
    new.write_bytes(mail.as_bytes())
    new.replace(file)
    return file


def read(folder: Path) -> Iterator[StoredMail]:
    """The mails of the folder, oldest first; other programs' mails as far as they can be read."""
    files = [file for file in folder.glob("*.eml") if file.is_file()]
    for file in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f.name)):
        mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
        yield StoredMail(
            file=file,
            subject=str(mail["Subject"] or ""),
            sent_at=_sent_at(mail["Date"], file),
            body=_text(mail),
        )


def _sent_at(date: str | None, file: Path) -> datetime:
    with suppress(ValueError, TypeError, IndexError):
        sent = parsedate_to_datetime(str(date))
        return sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _text(mail: EmailMessage) -> str:
    # An unknown charset or encoding.
    with suppress(LookupError, ValueError, AttributeError):
        body = mail.get_body(("plain",))
        return "" if body is None else str(body.get_content())
    return ""


def relay(mail: EmailMessage, server: str) -> None:
    """Send the mail to `host:port`; plain SMTP, for a test server.

    Raises:
        OSError, smtplib.SMTPException: the server does not accept it.
    """
    host, _, port = server.rpartition(":")
    with smtplib.SMTP(host or server, int(port) if host else 25, timeout=5) as smtp:
        smtp.send_message(mail)


def subscribe(sns: "SNSClient", sqs: "SQSClient", topic_arn: str) -> str:
    """Subscribe the mailbox's own queue to the topic; returns the queue's URL."""
    url = sqs.create_queue(QueueName=QUEUE_NAME)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    access = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": access})
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    return url


def drain_once(
    sqs: "SQSClient", queue_url: str, deliver: Callable[[dict[str, Any]], None], wait_s: int
) -> int:
    """Receive the queue's messages, waiting up to `wait_s` for the first; returns their number.

    A message is deleted only after `deliver` has returned.
    """
    messages = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s
    ).get("Messages", [])
    for message in messages:
        deliver(json.loads(message["Body"]))
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return len(messages)


def run(
    sqs: "SQSClient",
    queue_url: str,
    folder: Path,
    recipient: str,
    smtp: str | None,
    stop: threading.Event,
    log: Callable[[str], None],
) -> None:
    """Read the queue until `stop` is set. Errors are logged and never end the mailbox."""

    def deliver(notification: dict[str, Any]) -> None:
        mail = compose(notification, recipient)
        file = store(mail, folder)
        log(f"mail {file.name}")
        if smtp:
            try:
                relay(mail, smtp)
            except (OSError, ValueError, smtplib.SMTPException) as error:
                log(f"mail {file.name} was not relayed to {smtp}: {type(error).__name__}")

    while not stop.is_set():
        try:
            drain_once(sqs, queue_url, deliver, wait_s=1)
        except (BotoCoreError, ClientError, OSError, ValueError, KeyError) as error:
            if not stop.is_set():
                log(f"mailbox: {type(error).__name__}")
                stop.wait(1.0)
