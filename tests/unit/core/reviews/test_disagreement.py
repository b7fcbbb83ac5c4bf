"""Accepted records that two versions decide differently: a share of them goes to people."""

from typing import Literal

import pytest

from tests.fakes.review_room import criteria_record
from tests.fakes.reviews import MemoryReviews
from tests.fakes.store import MemoryStore
from winnow.models import (
    Counts,
    ObjectRef,
    Outcome,
    ProcessInfo,
    Result,
    ShadowCounts,
    ShadowDecision,
    Timings,
    Upload,
)
from winnow.processes.loader import load_definition
from winnow.releases import live
from winnow.reviews.models import Kind, ReviewHead
from winnow.reviews.queueing import Shares, queue_upload
from winnow.reviews.sampling import AuditDraw
from winnow.storage.jsonl import dump_line

UPLOAD = Upload(
    upload_id="b" * 32, object=ObjectRef(bucket="uploads", key="inbox/capsule/x.csv"), size=9
)
DEFINITION = """
id: capsule
version: 1.0.0
kind: criteria
title: Capsule
threshold: 0.4
criteria:
  - {id: bleeding, title: Bleeding, statements: [The patient has melena.]}
logic: {all_of: [bleeding]}
"""
RECORDS = 400
DIFFERING = range(1, RECORDS + 1, 4)
"""Records that the version beside the run's decided differently: one in four."""


def queued(
    shares: Shares,
    differing: range = DIFFERING,
    threshold: float = 0.4,
    threshold_from: Literal["upload", "stack", "process"] = "process",
) -> list[ReviewHead]:
    """The heads of a run whose records are all accepted."""
    store, reviews = MemoryStore(), MemoryReviews()
    told = ShadowDecision(version="0" * 12, decision="not_met", confidence=0.8)
    records = [
        criteria_record(n, outcome=Outcome.ACCEPTED, code=None, reason=None).model_copy(
            update={"shadow": told if n in differing else None}
        )
        for n in range(1, RECORDS + 1)
    ]
    accepted = store.add("results", "accepted.jsonl", b"".join(map(dump_line, records)))
    differed = len(differing)
    own = load_definition(DEFINITION, "t").model_dump_json().encode()
    definition = store.add("runs", "definition.json", own)
    result = Result(
        upload=UPLOAD,
        process=ProcessInfo(id="capsule", version="1.0.0", kind="criteria", sha256="0" * 64),
        definition=definition,
        threshold=threshold,
        threshold_from=threshold_from,
        counts=Counts(records=RECORDS, accepted=RECORDS),
        decisions={},
        timings=Timings(),
        shadow=ShadowCounts(
            version="0" * 64, records=RECORDS, same=RECORDS - differed, differed=differed
        ),
        files={Outcome.ACCEPTED: accepted},
    )
    ref = store.add("results", "result.json", result.model_dump_json().encode())
    queue_upload(ref, store, reviews, shares, lambda: 1_800_000_000.0)
    return list(reviews.heads(UPLOAD.upload_id))


def test_a_share_of_them_is_audited_with_its_own_probability() -> None:
    heads = queued(Shares(blind=0.0, audit=0.05, disagreement=0.5))
    differing = [head for head in heads if head.record in DIFFERING]
    others = [head for head in heads if head.record not in DIFFERING]
    assert all(head.kind is Kind.AUDIT for head in heads)
    assert 35 <= len(differing) <= 65
    assert 4 <= len(others) <= 30
    assert {(h.probability, h.sampled_at_least) for h in differing} == {(0.5, 0.05)}
    assert {(h.probability, h.sampled_at_least) for h in others} == {(0.05, None)}


@pytest.mark.parametrize(
    ("threshold", "threshold_from", "counts"),
    [
        (0.4, "process", True),
        (0.9, "stack", True),
        (0.4, "upload", True),
        (0.9, "upload", False),
        (0.1, "upload", False),
    ],
)
def test_an_upload_with_a_threshold_of_its_own_says_nothing_of_its_version(
    threshold: float, threshold_from: Literal["upload", "stack", "process"], counts: bool
) -> None:
    shares = Shares(blind=0.0, audit=0.2, disagreement=0.5)
    heads = queued(shares, threshold=threshold, threshold_from=threshold_from)
    assert heads
    assert {live.audited(head) for head in heads if head.judged_by is not None} <= {counts}
    assert all((head.sampled_at_least == 0) is not counts for head in heads)
    # People audit the same records all the same.
    assert {head.record for head in heads} == {head.record for head in queued(shares)}


def test_one_number_draws_for_both_samples() -> None:
    """Whoever is in the sample of all is in that of the differing ones, at any share of it."""
    of_all = {h.record for h in queued(Shares(blind=0.0, audit=0.2, disagreement=0.0))}
    both = {h.record for h in queued(Shares(blind=0.0, audit=0.2, disagreement=0.6))}
    assert of_all < both
    assert both - of_all <= set(DIFFERING)
    less = queued(Shares(blind=0.0, audit=0.2, disagreement=0.1))
    assert {h.record for h in less} == of_all
    assert {h.probability for h in less} == {0.2}


def test_without_an_audit_of_all_they_say_nothing_of_precision() -> None:
    heads = queued(Shares(blind=0.0, audit=0.0, disagreement=1.0))
    assert [head.record for head in heads] == list(DIFFERING)
    assert {head.sampled_at_least for head in heads} == {0.0}
    assert not any(map(live.audited, heads))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_or_all_of_them(share: float) -> None:
    heads = queued(Shares(blind=0.0, audit=0.0, disagreement=share))
    assert len(heads) == len(DIFFERING) * share


def test_a_record_that_does_not_differ_is_drawn_with_the_share_of_all() -> None:
    draw = AuditDraw(0.02, 0.1)
    assert draw.probability(differs=False) == 0.02
    assert draw.probability(differs=True) == 0.1
