"""Reviews of accepted records that were drawn for an audit."""

from winnow.models import Alias, ObjectRef, Outcome, ProcessInfo, VersionRef
from winnow.registry.files import version_sha256
from winnow.reviews.models import Answer, Kind, LineRef, ReviewHead, State

PROCESS = "triage"
AT = "2026-02-01T00:00:00.000Z"


def sha_of(number: int) -> str:
    """The sha256 of `tests.fakes.registry.a_version(number=…)`."""
    return version_sha256(f"{number:064x}", None)


VERSION = sha_of(1)


def an_audit(
    record: int,
    *,
    version: str = VERSION,
    process: str = PROCESS,
    probability: float = 1.0,
    sampled_at_least: float | None = None,
) -> ReviewHead:
    """A record that nobody has decided yet."""
    return ReviewHead(
        upload="a" * 32,
        record=record,
        kind=Kind.AUDIT,
        process=ProcessInfo(id=process, version="1.0.0", kind="labels", sha256="0" * 64),
        judged_by=VersionRef(sha256=version, alias=Alias.CHAMPION),
        line=LineRef(object=ObjectRef(bucket="results", key="accepted.jsonl"), start=0, length=1),
        outcome=Outcome.ACCEPTED,
        decision="joy",
        confidence=0.9,
        probability=probability,
        sampled_at_least=sampled_at_least,
        waiting_since=AT,
    )


def answered(head: ReviewHead, *, right: bool | None, version: int = 1) -> ReviewHead:
    """The record when somebody has decided it; None: they cannot tell."""
    decision = None if right is None else head.decision if right else "fear"
    return head.model_copy(
        update={
            "state": State.DECIDED,
            "version": version,
            "answer": Answer(decision=decision, by="ann", at=AT),
        }
    )
