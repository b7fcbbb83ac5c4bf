"""Many mails as one: everything is told or counted, and nothing leaves the queue unsent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from winnow.errors import AwsRefusedError
from winnow.models import Counts, Mail
from winnow.steps.digest import BODY_BYTES, RESERVE_S, QueuedMail, digest_of, send_digests
from winnow_aws.mail_queue import NO_SUBJECT, queued_mail


def good(number: int, process: str = "emotions", **given) -> QueuedMail:
    counts = Counts(records=10, accepted=7, review=2, invalid=1)
    upload_id = f"{number:032x}"
    return QueuedMail(
        f"h{number}",
        f"Winnow {process}: 7 accepted, 2 to review, 1 invalid",
        f"The mail of {upload_id}\n",
        "succeeded",
        **{"upload_id": upload_id, "process": process, "counts": counts, **given},
    )


def bad(number: int, code: str = "no_text_column", **given) -> QueuedMail:
    upload_id = f"{number:032x}"
    body = f"Winnow could not finish an upload.\nUpload     {upload_id}\n"
    return QueuedMail(
        f"h{number}", f"failed: {code}", body, "failed", upload_id=upload_id, code=code, **given
    )


def lines(mail: Mail) -> list[str]:
    return mail.body.splitlines()


def test_a_single_mail_goes_on_as_it_is():
    only = bad(1)
    assert digest_of([only]) == Mail(subject=only.subject, body=only.body)
    # The same one again, whose sender had no answer.
    assert digest_of([only, only._replace(handle="again")]).body == only.body


def test_totals_are_by_process_and_failures_by_code():
    mails = [good(1), good(2), good(3, "L33774"), bad(4), bad(5), bad(6, "file_empty")]
    mail = digest_of(mails)
    assert mail.subject == "Winnow: 3 succeeded, 3 failed"
    told = mail.body
    assert "6 runs have ended: 3 succeeded, 3 failed." in told
    assert "L33774: 1 run, 10 records\n  accepted             7\n" in told
    assert "emotions: 2 runs, 20 records\n  accepted            14\n" in told
    first, second = told.index("no_text_column: 2 runs"), told.index("file_empty: 1 run")
    assert first < second, "what failed most often stands first"
    for one in mails:
        assert one.upload_id in told
    assert "inbox/" not in told


def test_what_has_drifted_is_told():
    told = digest_of([good(1), good(2, drifted=True)]).body
    assert "Drift: the records of 1 run are unlike" in told
    assert told.index("Drift:") < told.index(f"{2:032x}")


def test_a_file_is_named_where_its_mail_may_name_it():
    told = digest_of([good(1, file="inbox/emotions/a.csv"), bad(2, file="inbox/x/b.csv")]).body
    assert f"{1:032x}   inbox/emotions/a.csv   emotions   7 / 2 / 1" in told
    assert f"{2:032x}   inbox/x/b.csv" in told


def test_a_burst_is_within_what_sns_takes_and_everything_is_counted():
    name = "inbox/emotions/" + "ä" * 500
    mails = [good(number, file=name) for number in range(4_000)]
    mails += [bad(10_000 + number, f"code_{number % 50}", file=name) for number in range(5_000)]
    mail = digest_of(mails)
    assert mail.subject == "Winnow: 4,000 succeeded, 5,000 failed"
    assert len(mail.body.encode()) < BODY_BYTES + 20_000 < 256 * 1024
    for number in range(50):
        assert f"code_{number}: 100 runs" in mail.body
    told = sum(one.upload_id in mail.body for one in mails)
    more = sum(
        int(line.split()[1].replace(",", "")) for line in lines(mail) if line.startswith("  and ")
    )
    assert told + more == len(mails)


def test_processes_and_codes_beyond_what_sns_takes_are_counted():
    mails = [good(number, f"{'p' * 58}{number:06}") for number in range(2_000)]
    mails += [bad(number, f"{'c' * 80}{number}") for number in range(2_000, 4_000)]
    mail = digest_of(mails)
    assert len(mail.body.encode()) < BODY_BYTES + 30_000 < 256 * 1024
    assert "more processes: winnow status" in mail.body
    assert "  and 1,800 more: winnow status" in mail.body


def test_the_name_of_a_file_keeps_to_its_line():
    told = digest_of([bad(n, file="a\nSucceeded:\u202e\u061c\x1b") for n in range(2)])
    assert f"    {0:032x}   a?Succeeded:???" in lines(told)


def test_a_thousand_uploads_without_names_are_all_but_listed():
    told = digest_of([bad(number) for number in range(1_000)]).body
    assert all(f"{number:032x}" in told for number in range(1_000))


def test_mails_of_an_older_workflow_are_told_by_their_subject():
    old = QueuedMail("h", "Winnow: upload 12345678 failed: file_type", "body\n")
    mail = digest_of([old, good(1)])
    assert mail.subject == "Winnow: 1 succeeded, 0 failed, 1 other"
    assert old.subject in mail.body


# -- the queue -----------------------------------------------------------------------------------


@dataclass
class Queue:
    mails: list[QueuedMail]
    taken: set[str] = field(default_factory=set)

    def take(self, most: int) -> Sequence[QueuedMail]:
        some = [mail for mail in self.mails if mail.handle not in self.taken][: min(most, 10)]
        self.taken |= {mail.handle for mail in some}
        return some

    def drop(self, handles: Sequence[str]) -> None:
        self.mails = [mail for mail in self.mails if mail.handle not in handles]


@dataclass
class Topic:
    mails: list[Mail] = field(default_factory=list)
    error: Exception | None = None

    def send(self, mail: Mail, attributes: Mapping[str, str] | None = None) -> None:
        assert attributes == {"outcome": "gathered"}, "it is no notice"
        if self.error:
            raise self.error
        self.mails.append(mail)


def test_a_thousand_mails_are_one():
    queue, mailer = Queue([good(number) for number in range(1_000)]), Topic()
    report = send_digests(queue, mailer, lambda: 0.0, 240)
    assert (report.gathered, report.sent) == (1_000, 1)
    assert not queue.mails
    assert len(mailer.mails) == 1


class Busy(Queue):
    """A run ends, and its mail comes, whenever a digest was sent."""

    def drop(self, handles: Sequence[str]) -> None:
        super().drop(handles)
        self.mails.append(good(9_000 + len(handles)))


def test_what_comes_while_a_digest_is_sent_waits_for_the_next_period():
    queue, mailer = Busy([good(1), good(2)]), Topic()
    assert send_digests(queue, mailer, lambda: 0.0, 240).sent == 1
    assert len(mailer.mails) == len(queue.mails) == 1


def test_what_one_digest_cannot_hold_follows_at_once():
    queue, mailer = Queue([good(number) for number in range(4_500)]), Topic()
    assert send_digests(queue, mailer, lambda: 0.0, 240).sent == 3
    assert not queue.mails


def test_an_empty_queue_mails_nothing():
    mailer = Topic()
    assert send_digests(Queue([]), mailer, lambda: 0.0, 240).sent == 0
    assert not mailer.mails


def test_what_could_not_be_sent_stays():
    queue = Queue([good(number) for number in range(25)])
    with pytest.raises(AwsRefusedError):
        send_digests(queue, Topic(error=AwsRefusedError("No.")), lambda: 0.0, 240)
    assert len(queue.mails) == 25


def test_a_call_ends_in_time_and_sends_what_it_has_taken():
    queue, mailer = Queue([good(number) for number in range(1_000)]), Topic()
    ticks = iter(range(1_000))
    report = send_digests(queue, mailer, lambda: float(next(ticks)), RESERVE_S + 50)
    assert 0 < report.gathered < 1_000
    assert report.gathered + len(queue.mails) == 1_000


# -- what SNS makes of a mail --------------------------------------------------------------------


def envelope(**given: object) -> Any:
    return {"ReceiptHandle": "h", "Body": json.dumps({"Type": "Notification", **given})}


def test_a_notification_is_read():
    said = {
        "outcome": "succeeded",
        "upload_id": "0" * 32,
        "process": "L33774",
        "accepted": "7",
        "review": "2",
        "invalid": "0",
        "drifted": "yes",
    }
    attributes = {name: {"Type": "String", "Value": text} for name, text in said.items()}
    found = queued_mail(envelope(Subject="S", Message="M\n", MessageAttributes=attributes))
    assert found == QueuedMail(
        "h",
        "S",
        "M\n",
        "succeeded",
        upload_id="0" * 32,
        process="L33774",
        counts=Counts(records=9, accepted=7, review=2),
        drifted=True,
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "[]",
        "5",
        json.dumps({"Message": 5}),
        json.dumps({"Message": "m", "Subject": None, "MessageAttributes": []}),
        json.dumps({"Message": "m", "Subject": "\n\x07é", "MessageAttributes": {"outcome": "x"}}),
        json.dumps(
            {
                "Message": "m",
                "MessageAttributes": {
                    "outcome": {"Value": "maybe"},
                    "accepted": {"Value": "-1"},
                    "review": {"Value": "²"},
                },
            }
        ),
    ],
)
def test_whatever_lies_in_the_queue_is_mailed_somehow(body: str):
    found = queued_mail({"ReceiptHandle": "h", "Body": body})
    assert found.outcome is None
    assert found.subject == NO_SUBJECT
    assert digest_of([found]).subject
    assert digest_of([found, good(1)]).subject
