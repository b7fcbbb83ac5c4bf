"""How an answer counts: what a change of answers adds to the totals."""

from winnow.reviews.models import Answer, Kind, ReviewHead, Totals


def counted(head: ReviewHead, answer: Answer | None) -> Totals:
    """What a record with this answer adds to the totals, apart from that it was queued."""
    if answer is None:
        return Totals()
    agreed = answer.decision == head.decision
    known = not answer.cannot_tell
    blind = head.blind and known and head.machine_decided
    return Totals(
        decided=head.kind is Kind.REVIEW,
        audited=head.kind is Kind.AUDIT,
        corrections=head.kind in (Kind.CORRECTION, Kind.PREDICTION),
        approved=known and agreed,
        changed=known and not agreed,
        cannot_tell=answer.cannot_tell,
        blind=blind,
        blind_agreed=blind and agreed,
    )


def change(head: ReviewHead, before: Answer | None, after: Answer | None) -> Totals:
    """What the totals change by when the answer changes; may be negative."""
    return counted(head, after) - counted(head, before)


def queued(head: ReviewHead) -> Totals:
    """What a record adds to the totals when it is put into the queue."""
    return Totals(queued=head.kind is Kind.REVIEW, audits=head.kind is Kind.AUDIT)


def outdated(run: str, counts: Totals, new_run: str, new_counts: Totals) -> bool:
    """Whether a count of queued records, made for a run, gives way to another one.

    A later run's does, and of the same run one that has found more: a run's records are never
    taken out of the queue again.
    """
    if run != new_run:
        return run < new_run
    return new_counts.queued > counts.queued or new_counts.audits > counts.audits
