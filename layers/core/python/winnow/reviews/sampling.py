"""Which records are blind, and which accepted ones people check: the same ones every time.

A record's share of the hash space decides, so that a second delivery of an event, or another
machine, draws the same sample.
"""

import hashlib

from winnow.reviews.models import RecordKey

_SPACE = 2**64


def in_sample(key: RecordKey, share: float, purpose: str) -> bool:
    """Whether a record is in the sample of this share, in [0, 1]; independent for each purpose."""
    text = f"{purpose}\n{key.upload}\n{key.record}".encode()
    drawn = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    return drawn < share * _SPACE
