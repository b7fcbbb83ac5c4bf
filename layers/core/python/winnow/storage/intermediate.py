"""Reading what the pipeline itself stored: a piece that is gone is damage, not a deleted file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from winnow.errors import ObjectGoneError, StoredDataInvalidError
from winnow.models import ObjectRef
from winnow.ports import ObjectStore


@contextmanager
def open_artifact(store: ObjectStore, ref: ObjectRef) -> Iterator[BinaryIO]:
    """A stream of an intermediate object.

    Raises StoredDataInvalidError where it is missing; its key is made of our own ids and names.
    """
    with _kept(ref), store.open(ref) as stream:
        yield stream


def read_artifact(store: ObjectStore, ref: ObjectRef) -> bytes:
    """The content of a small intermediate object. Raises as `open_artifact`."""
    with _kept(ref):
        (content,) = store.read_all([ref])
    return content


@contextmanager
def _kept(ref: ObjectRef) -> Iterator[None]:
    try:
        yield
    except ObjectGoneError:
        raise StoredDataInvalidError(f"{ref.key} is missing.") from None
