"""Notes to decisions, and drafts of them: kept in the results bucket, since they can quote a case.

A decision's event holds only where its note is.
"""

import hashlib

from pydantic import Field, ValidationError

from winnow.errors import ObjectGoneError, StoredDataInvalidError
from winnow.models import FrozenModel, ObjectRef
from winnow.ports import ObjectStore
from winnow.reviews.models import RecordKey
from winnow.storage.paths import JSON, ReviewPaths

MAX_NOTE = 4_000
"""Characters."""


class StoredNote(FrozenModel):
    """What a person typed."""

    text: str = Field(max_length=MAX_NOTE)


class Notes:
    """The notes of one bucket."""

    def __init__(self, store: ObjectStore, bucket: str) -> None:
        self._store = store
        self._bucket = bucket

    def save(self, key: RecordKey, version: int, text: str) -> ObjectRef:
        """Keep a note to the decision of a record of this version; the same twice is one object.

        If the record was erased meanwhile, nothing is kept: see `Forget`.
        """
        ref = self.place(key, version, text)
        self._store.create(ref, StoredNote(text=text).model_dump_json().encode(), JSON)
        return ref

    def place(self, key: RecordKey, version: int, text: str) -> ObjectRef:
        """Where `save` keeps a note. It has the text's whole digest: no text replaces another."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        return self._paths(key).note(key.record, version, digest)

    def read(self, ref: ObjectRef) -> str | None:
        """The text of a note; None if it was erased or has expired."""
        try:
            with self._store.open(ref) as stream:
                content = stream.read()
            # Of an erased record there may be an empty object, so that no note comes after it.
            return StoredNote.model_validate_json(content).text if content else None
        except ObjectGoneError:
            return None
        except ValidationError:
            raise StoredDataInvalidError("A stored note is damaged.") from None

    def save_draft(self, user: str, key: RecordKey, text: str) -> None:
        """Keep what a person has typed so far; an empty text replaces it, too."""
        draft = StoredNote(text=text)
        self._store.put(self._draft(user, key), draft.model_dump_json().encode(), JSON)

    def draft(self, user: str, key: RecordKey) -> str | None:
        """What the person had typed and not sent; None: nothing."""
        return self.read(self._draft(user, key)) or None

    def _draft(self, user: str, key: RecordKey) -> ObjectRef:
        return self._paths(key).draft(hashlib.sha256(user.encode()).hexdigest()[:16], key.record)

    def _paths(self, key: RecordKey) -> ReviewPaths:
        return ReviewPaths(self._bucket, "", key.upload)
