"""Idempotency keys: a request that is sent again has no second effect.

Kept is not the answer, which may be document text, but what it is made from: the id of what was
made. It is claimed before anything is written, so a first attempt that broke off is completed by
the second under the same id.
"""

import hashlib
import re

from winnow.errors import IdempotencyKeyMissingError, IdempotencyKeyReusedError
from winnow_api.ports import Claimed, RequestKeys

HEADER = "idempotency-key"
_KEY = re.compile(r"[\x21-\x7e]{1,64}")


def checked(key: str | None) -> str:
    """The key of a request. Raises IdempotencyKeyMissingError."""
    if key is None or not _KEY.fullmatch(key):
        raise IdempotencyKeyMissingError("The request has no valid Idempotency-Key header.")
    return key


def scoped(user: str, route: str, key: str) -> str:
    """What a key is kept under: users and routes do not share keys."""
    return hashlib.sha256("\n".join((user, route, key)).encode()).hexdigest()


def once(keys: RequestKeys, scoped_key: str, body: bytes, value: str) -> str:
    """The value of the first request of this key: this one's, or an earlier one's.

    Raises IdempotencyKeyReusedError when that had another body.
    """
    return claimed(keys, scoped_key, body, value).value


def claimed(keys: RequestKeys, scoped_key: str, body: bytes, value: str) -> Claimed:
    """The same, with whether this request is the first one of its key."""
    digest = hashlib.sha256(body).hexdigest()
    found = keys.claim(scoped_key, digest, value)
    if found.body != digest:
        raise IdempotencyKeyReusedError("Another request was sent with this Idempotency-Key.")
    return found
