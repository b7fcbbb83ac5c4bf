"""Which records are blind, and which accepted ones people check: the same ones every time.

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
    text = f"{purpose}\n{key.upload}\n{key.record}".encode()
    drawn = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    return drawn < share * _SPACE


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
