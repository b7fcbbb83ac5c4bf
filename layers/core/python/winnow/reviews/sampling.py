"""Which records are blind, which accepted ones people check, and in which order: always the same.

A record's share of the hash space decides, so that a second delivery of an event, or another
machine, draws the same sample.
"""

import hashlib
from typing import NamedTuple

from winnow.reviews.models import RecordKey

_SPACE = 2**64


def in_sample(key: RecordKey, share: float, purpose: str) -> bool:
    """Whether a record is in the sample of this share, in [0, 1]; independent for each purpose.

    A sample of a greater share has all of a smaller one.
    """
    return _drawn(key, purpose) < share * _SPACE


def lot(key: RecordKey) -> str:
    """A record's place among those that people check: eight hex digits that say nothing of it.

    Not the number that it was drawn into the sample with: that is smaller, the smaller the share.
    """
    return f"{_drawn(key, 'order'):016x}"[:8]


def _drawn(key: RecordKey, purpose: str) -> int:
    """A record's number in the hash space; independent for each purpose."""
    text = f"{purpose}\n{key.upload}\n{key.record}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


class AuditDraw(NamedTuple):
    """With which probabilities the accepted records of a run are drawn; each in [0, 1].

    One number of the hash space decides for both. So a record that is in both samples is drawn
    with the greater probability.
    """

    every: float
    differing: float
    """Of those that the version beside the run's decided differently."""

    def probability(self, *, differs: bool) -> float:
        """With which a record is drawn."""
        return max(self.every, self.differing) if differs else self.every

    def draws(self, key: RecordKey, *, differs: bool) -> bool:
        """Whether it is drawn."""
        return in_sample(key, self.probability(differs=differs), "audit")
