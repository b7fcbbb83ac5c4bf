"""Digest: the e-mails of a period as one: totals by process, failures by code, what was left out.

E-mails are taken from a queue and leave it only after the digest of them was sent: a call that dies
sends some of them again, and loses none.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from winnow.models import Counts, FrozenModel, Mail
from winnow.ports import Mailer

MAX_MAILS = 2_000
"""Maximum e-mails in one digest; the rest follow in another."""
BODY_BYTES = 200_000
"""Maximum size of a body. SNS allows 256 KB, attributes and escapes included."""
GATHERED = {"outcome": "gathered"}
"""Attributes of a digest: it is about files."""
RESERVE_S = 90.0
"""Seconds reserved to send a last digest and delete its e-mails from the queue."""
_MAX_LISTED_FAILURES = 2_000
_MAX_LISTED_SUCCESSES = 200
_MAX_LISTED_CODES = 200
_MAX_CODE = 60
_MAX_FILE_NAME = 200


class QueuedMail(NamedTuple):
    """The e-mail of a run, as it is in the queue."""

    handle: str
    """what it leaves the queue by"""
    subject: str
    body: str
    outcome: Literal["succeeded", "failed"] | None = None
    """None: it is not the e-mail of a run"""
    upload_id: str = ""
    process: str = ""
    counts: Counts = Counts()
    drifted: bool = False
    code: str = ""
    file: str = ""
    """the key of the file, where the stack lets e-mails name it"""


class MailQueue(Protocol):
    """E-mails that wait to be sent."""

    def take(self, most: int) -> Sequence[QueuedMail]:
        """Some of them, which nobody else gets for a while; empty: there are no more."""
        ...

    def drop(self, handles: Sequence[str]) -> None:
        """Take them from the queue for good."""
        ...


class DigestInput(BaseModel):
    """What the schedule sends; nothing in it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DigestReport(FrozenModel):
    """The e-mails that a call collected and sent."""

    gathered: int = Field(0, ge=0)
    sent: int = Field(0, ge=0)


def send_digests(
    queue: MailQueue, mailer: Mailer, clock: Callable[[], float], call_s: float
) -> DigestReport:
    """Send the e-mails in the queue in as few digests as possible. `clock` returns seconds.

    Raises what the ports raise: RetryableError, AccessDeniedError, AwsRefusedError.
    """
    ends_at = clock() + call_s - RESERVE_S
    gathered = sent = 0
    while clock() < ends_at:
        mails: list[QueuedMail] = []
        while len(mails) < MAX_MAILS and clock() < ends_at:
            some = queue.take(MAX_MAILS - len(mails))
            if not some:
                break
            mails += some
        if not mails:
            break
        mailer.send(digest_of(mails), GATHERED)
        queue.drop([mail.handle for mail in mails])
        gathered, sent = gathered + len(mails), sent + 1
        if len(mails) < MAX_MAILS:
            break  # what has come meanwhile, while runs go on ending, is the next period's
    return DigestReport(gathered=gathered, sent=sent)


def digest_of(mails: Sequence[QueuedMail]) -> Mail:
    """One e-mail that summarises all of them; a single one is sent unchanged."""
    # If SNS's response was lost, an e-mail was sent twice.
    unique = list({_identity(mail): mail for mail in mails}.values())
    if len(unique) == 1:
        return Mail(subject=unique[0].subject, body=unique[0].body)
    succeeded = [mail for mail in unique if mail.outcome == "succeeded"]
    failed = [mail for mail in unique if mail.outcome == "failed"]
    other = [mail for mail in unique if mail.outcome is None]
    parts = [f"{len(succeeded):,} succeeded", f"{len(failed):,} failed"]
    parts += [f"{len(other):,} other"] if other else []
    body = _Body()
    body.lines(f"{len(succeeded) + len(failed):,} runs have ended: {', '.join(parts[:2])}.")
    _totals(body, succeeded)
    _failures(body, failed)
    drifted = [mail for mail in succeeded if mail.drifted]
    if drifted:
        body.lines(
            "",
            f"Drift: the records of {_runs(len(drifted))} are unlike those that the confidence was",
            "measured on. Look at a sample before you rely on what was accepted.",
        )
        body.listed(_line(mail) for mail in drifted[:_MAX_LISTED_SUCCESSES])
        body.more(len(drifted) - _MAX_LISTED_SUCCESSES)
    if succeeded:
        # What waits for a person first.
        by_work = sorted(succeeded, key=lambda mail: -mail.counts.review - mail.counts.invalid)
        body.lines("", "Succeeded (accepted / to review / invalid):")
        body.listed(_success(mail) for mail in by_work[:_MAX_LISTED_SUCCESSES])
        body.more(len(by_work) - _MAX_LISTED_SUCCESSES)
        body.lines("", "To see results: winnow results UPLOAD")
    if other:
        body.lines("", "Other mails:")
        body.listed(f"  {mail.subject}" for mail in other[:_MAX_LISTED_SUCCESSES])
        body.more(len(other) - _MAX_LISTED_SUCCESSES)
    body.lines("", "All of them: winnow status")
    return Mail(subject=f"Winnow: {', '.join(parts)}"[:99], body=body.text)


def _identity(mail: QueuedMail) -> tuple[str, ...]:
    return (mail.subject, mail.body, mail.upload_id)


def _totals(body: "_Body", succeeded: Sequence[QueuedMail]) -> None:
    by_process: dict[str, list[Counts]] = defaultdict(list)
    for mail in succeeded:
        by_process[mail.process].append(mail.counts)
    body.listed(_total(process, counts) for process, counts in sorted(by_process.items()))
    body.more(0, "more processes")


def _total(process: str, counts: Sequence[Counts]) -> str:
    return (
        f"\n{process}: {_runs(len(counts))}, {sum(run.records for run in counts):,} records"
        f"\n  accepted   {sum(run.accepted for run in counts):>11,}"
        f"\n  review     {sum(run.review for run in counts):>11,}   for a person to decide"
        f"\n  invalid    {sum(run.invalid for run in counts):>11,}   could not be judged"
    )


def _failures(body: "_Body", failed: Sequence[QueuedMail]) -> None:
    by_code: dict[str, list[QueuedMail]] = defaultdict(list)
    for mail in failed:
        by_code[mail.code].append(mail)
    if by_code:
        body.lines("", "Failed; what to do: winnow why UPLOAD")
    # Every code gets a share of the list; the counts include those that are not listed.
    share = max(1, _MAX_LISTED_FAILURES // max(1, len(by_code)))
    codes = sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0]))
    for code, mails in codes[:_MAX_LISTED_CODES]:
        body.lines(f"  {code[:_MAX_CODE] or 'no code'}: {_runs(len(mails))}")
        body.listed(f"  {_line(mail)}" for mail in mails[:share])
        body.more(len(mails) - share)
    body.more(sum(len(mails) for _, mails in codes[_MAX_LISTED_CODES:]))


def _success(mail: QueuedMail) -> str:
    counts = mail.counts
    shown = f"{counts.accepted:,} / {counts.review:,} / {counts.invalid:,}"
    return f"{_line(mail)}   {mail.process}   {shown}"


def _line(mail: QueuedMail) -> str:
    file = "".join(char if char.isprintable() else "?" for char in mail.file[:_MAX_FILE_NAME])
    return f"  {mail.upload_id}" + (f"   {file}" if file else "")


def _runs(count: int) -> str:
    return f"{count:,} run" if count == 1 else f"{count:,} runs"


class _Body:
    """Text within SNS's limit; list items that do not fit are counted."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._left = BODY_BYTES
        self._unlisted = 0

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def lines(self, *lines: str) -> None:
        for line in lines:
            self._left -= len(line.encode("utf-8", "replace")) + 1
            self._lines.append(line)

    def listed(self, lines: Iterator[str]) -> None:
        for line in lines:
            if self._left < len(line.encode("utf-8", "replace")) + 1:
                self._unlisted += 1
            else:
                self.lines(line)

    def more(self, count: int, what: str = "more") -> None:
        """Add how many items a list leaves out: `count`, and those that did not fit."""
        count = max(0, count) + self._unlisted
        self._unlisted = 0
        if count:
            self.lines(f"  and {count:,} {what}: winnow status")
