"""The ports of core: what it needs from outside, as small Protocols."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol

from winnow.limits.budget import Check, no_deadline
from winnow.models import Judgement, Mail, ModelInfo, ObjectRef, ProcessInfo, StepUnits

if TYPE_CHECKING:  # the images of Serialize and Filter hold no numpy
    import numpy as np
    from numpy.typing import NDArray


class Encoder(Protocol):
    """Texts to vectors.

    `encoder(texts)` returns float32 of shape [len(texts), 512], rows L2-normalised and in the order
    of the texts. A blank text gets a row of zeros: similar to nothing. Text over the model's 128
    tokens is encoded in pieces whose vectors are averaged, never clipped. A text's row is
    bit-identical whatever else is in the call.
    """

    @property
    def info(self) -> ModelInfo:
        """The weights and the engine; written to every result."""
        ...

    def __call__(self, texts: Sequence[str]) -> "NDArray[np.float32]": ...


class PictureEncoder(Protocol):
    """Pictures to vectors.

    `encoder(pictures)` takes pictures of uint8 [224, 224, 3], RGB, and returns float32 of shape
    [len(pictures), 1280], rows L2-normalised and in the order of the pictures. A picture's row is
    bit-identical whatever else is in the call.
    """

    @property
    def info(self) -> ModelInfo:
        """The weights and the engine; written to every result."""
        ...

    def __call__(self, pictures: Sequence["NDArray[np.uint8]"]) -> "NDArray[np.float32]": ...

    def class_logits(self, features: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """What the network itself gives ImageNet's classes, shape [pictures, 1000].

        `features` are rows that the encoder has returned.
        """
        ...


class Judge(Protocol):
    """Judges texts by a process; where that judges pictures, their squares in place of texts."""

    @property
    def process(self) -> ProcessInfo:
        """The process that it judges by; written to every scored chunk."""
        ...

    def __call__(
        self,
        texts: Sequence[Any],
        fields: Sequence[Mapping[str, str]] | None = None,
        /,
        *,
        check: Check = no_deadline,
    ) -> list[Judgement]:
        """One judgement per record, in order. The caller has to refuse blank texts.

        `fields` are the records' other columns, for judges that take numbers from them. `check` is
        called between pieces of work, and what it raises goes through.
        """
        ...


FENCE = "winnow-fence"
"""Name of the metadata that keep the fencing token of an object."""


class StoredObject(NamedTuple):
    """Version, size and metadata of an object, known without reading it."""

    ref: ObjectRef
    """With its `version_id`, if the bucket has versions."""
    size: int
    """Bytes."""
    metadata: Mapping[str, str]
    """User metadata, names in lower case and without `x-amz-meta-`."""
    stored: datetime | None = None
    """When it was stored (UTC), if that is known."""
    etag: str = ""
    """Changes with the content."""

    @property
    def fence(self) -> str:
        """The fencing token that it was published with."""
        return self.metadata.get(FENCE, "")


class Meter(Protocol):
    """Measures the call that is under way."""

    def __call__(self, *, puts: int = 0, gets: int = 0) -> StepUnits:
        """What the call has used until now.

        Args:
            puts: Requests that it will still send and that S3 bills as PUT: those that write the
                output, which says what was used.
            gets: The same of requests that S3 bills as GET.
        """
        ...


class Piece(NamedTuple):
    """An object that becomes part of a larger one."""

    ref: ObjectRef
    size: int
    """Expected bytes."""


class ObjectStore(Protocol):
    """S3 as core sees it.

    Raises ObjectGoneError, AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def head(self, ref: ObjectRef) -> StoredObject:
        """Size and metadata of the version that `ref` names, or of the newest one."""
        ...

    def open(self, ref: ObjectRef) -> AbstractContextManager[BinaryIO]:
        """A stream of the object's bytes; memory does not grow with the object."""
        ...

    def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        """`length` bytes from an offset on; fewer, or none, where the object ends before."""
        ...

    def put(self, ref: ObjectRef, content: bytes, content_type: str) -> None:
        """Write a small object in one request."""
        ...

    def create(self, ref: ObjectRef, content: bytes, content_type: str) -> bool:
        """Write a small object unless there is one of this key; False: there is."""
        ...

    def read_all(self, refs: Sequence[ObjectRef]) -> Iterator[bytes]:
        """The content of many small objects, in this order; several are read at a time."""
        ...

    def publish(self, ref: ObjectRef, content: bytes, content_type: str, fence: str) -> ObjectRef:
        """Write a small object unless the existing one has a higher fencing token.

        A `ref` that names a version is written only if that is still the newest one. The returned
        ref names the version that was written, if the bucket has versions. Raises
        RunSupersededError, and RetryableError when there is another version.
        """
        ...

    def join(
        self, ref: ObjectRef, pieces: Sequence[Piece], content_type: str, fence: str
    ) -> ObjectRef:
        """One object of the pieces' bytes, in their order, as `publish` writes it.

        It appears when it is whole; memory does not grow with it. Raises StoredDataInvalidError
        when a piece has another size than it should, ObjectGoneError when it is missing.
        """
        ...


class SmallObjects(Protocol):
    """Small objects of the results bucket, by their keys.

    Raises ObjectGoneError, AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def create(self, ref: ObjectRef, content: bytes, content_type: str) -> bool:
        """Write an object unless there is one of this key; False: there is."""
        ...

    def read(self, ref: ObjectRef) -> bytes:
        """The content of an object."""
        ...

    def read_many(self, refs: Sequence[ObjectRef]) -> list[bytes | None]:
        """The contents, several read at a time; None for one that is gone."""
        ...

    def keys(self, bucket: str, prefix: str, after: str | None, limit: int) -> list[str]:
        """The first keys with this prefix, in the order of their bytes, behind `after`."""
        ...

    def delete(self, ref: ObjectRef) -> None:
        """Delete an object, if it is there."""
        ...


class StartOutcome(StrEnum):
    """The outcome of an attempt to start an execution."""

    STARTED = "started"
    RUNNING = "running"
    """an execution of this name runs"""
    ENDED = "ended"
    """an execution of this name has ended"""


class Workflow(Protocol):
    """The state machine, for starting runs."""

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        """Start an execution of this name with the event, unless there is or was one."""
        ...


class Mailer(Protocol):
    """The topic that people are subscribed to."""

    def send(self, mail: Mail, attributes: Mapping[str, str] | None = None) -> None:
        """Send an e-mail. The digest uses `attributes` to group and count e-mails."""
        ...
