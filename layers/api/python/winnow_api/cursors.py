"""Cursors: opaque to the client, checked when they come back.

A cursor says where in a list to go on, not how many items were shown, so that a list stays the same
under writes. It is not secret and not signed: it holds nothing that its user may not ask for, and
what it names is checked as anything else in a request.
"""

import base64
import binascii
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from winnow.errors import CursorInvalidError
from winnow.models import FrozenModel

MAX_CURSOR = 4_000
T = TypeVar("T", bound=BaseModel)


class Cursor(FrozenModel):
    """Base of a list's cursor: the list, and the filters that it was given for."""

    of: str


def encode(cursor: BaseModel) -> str:
    """The cursor as text for a URL."""
    content = cursor.model_dump_json(exclude_defaults=True).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def decode(text: str, shape: type[T], of: str) -> T:
    """The cursor of a text. Raises CursorInvalidError."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = shape.model_validate_json(content)
    except (binascii.Error, ValidationError, ValueError):
        raise CursorInvalidError("The cursor is not one that this list has given.") from None
    if getattr(cursor, "of", None) != of:
        raise CursorInvalidError("The cursor was given by another list, or for another filter.")
    return cursor
