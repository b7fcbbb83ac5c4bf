"""What two stacks made of the same uploads, record by record: ids and numbers, never text."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from winnow.models import FrozenModel, Outcome, Result
from winnow.recovery.upload_row import UploadRow
from winnow_cli.code_release.counts import Counts
from winnow_cli.uploads import Uploads

Kind = Literal["decision", "outcome", "missing", "new"]


class Difference(FrozenModel):
    """A record that the two stacks did not make the same of."""

    upload_id: str
    record: int
    """Its number in the file, from 1."""
    kind: Kind
    """missing: only the first stack has such a record; new: only the second."""


class Failure(FrozenModel):
    """An upload that the first stack could judge, and the second could not."""

    upload_id: str
    code: str


class Comparison(FrozenModel):
    """A comparison, and each difference."""

    counts: Counts
    differences: tuple[Difference, ...] = ()
    failures: tuple[Failure, ...] = ()


class _Judged(NamedTuple):
    outcome: Outcome
    decision: str | None


def compare(
    rows: Iterable[UploadRow], first: Uploads, second: Uploads, replayed: dict[str, UploadRow]
) -> Comparison:
    """Compare what the first stack has with what the second made of it.

    Args:
        rows: Uploads of the first stack, with results.
        replayed: The second stack's rows, by upload id.
    """
    differences: list[Difference] = []
    failures: list[Failure] = []
    uploads = records = other = 0
    for row in rows:
        uploads += 1
        again = replayed.get(row.upload_id)
        if again is None or again.state != "SUCCEEDED":
            code = (again and again.error_code) or "not_finished"
            failures.append(Failure(upload_id=row.upload_id, code=code))
            continue
        was, now = first.result(row), second.result(again)
        if _version(was) != _version(now):
            uploads, other = uploads - 1, other + 1
            continue
        records += max(was.counts.records, now.counts.records)
        differences += _differences(row.upload_id, _judged(first, was), _judged(second, now))
    counts = Counts(
        uploads=uploads,
        records=records,
        differed=len(differences),
        failed=len(failures),
        other_version=other,
    )
    return Comparison(counts=counts, differences=tuple(differences), failures=tuple(failures))


def _version(result: Result) -> str:
    return result.version.sha256 if result.version else result.process.sha256


def _judged(uploads: Uploads, result: Result) -> dict[int, _Judged]:
    return {
        record.record: _Judged(outcome, record.decision.value if record.decision else None)
        for outcome in Outcome
        for record in uploads.records(result, (outcome,))
    }


def _differences(
    upload_id: str, was: dict[int, _Judged], now: dict[int, _Judged]
) -> Iterator[Difference]:
    for number in sorted(was.keys() | now.keys()):
        kind: Kind | None = None
        if number not in now:
            kind = "missing"
        elif number not in was:
            kind = "new"
        elif was[number].decision != now[number].decision:
            kind = "decision"
        elif was[number].outcome != now[number].outcome:
            kind = "outcome"
        if kind is not None:
            yield Difference(upload_id=upload_id, record=number, kind=kind)
