"""How an answer counts: what a change of answers adds to the totals."""

from winnow.reviews.models import Kind, ReviewHead, Totals


def counted(head: ReviewHead) -> Totals:
    """What a record with its answer adds to the totals, apart from that it was queued."""
    answer = head.answer
    blind = Totals(
        blind=head.blind_agreed is not None,
        blind_agreed=head.blind_agreed is True,
    )
    if answer is None:
        return blind
    agreed = answer.decision == head.decision
    known = not answer.cannot_tell
    return blind + Totals(
        decided=head.kind is Kind.REVIEW,
        audited=head.kind is Kind.AUDIT,
        corrections=head.kind in (Kind.CORRECTION, Kind.PREDICTION),
        approved=known and agreed,
        changed=known and not agreed,
        cannot_tell=answer.cannot_tell,
    )


def change(before: ReviewHead, after: ReviewHead) -> Totals:
    """What the totals change by when a record's answer changes; may be negative."""
    return counted(after) - counted(before)


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
