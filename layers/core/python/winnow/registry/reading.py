"""What a judge reads of a version: only when it is built, and checked then."""

from collections.abc import Callable
from dataclasses import dataclass, field

from winnow.errors import VersionAlteredError
from winnow.heads.card import HeadFiles, digest_of
from winnow.models import HeadRef, StoredFile, VersionRef
from winnow.ports import ObjectStore
from winnow.registry.files import read_file
from winnow.storage.intermediate import read_artifact


@dataclass(frozen=True)
class ReferenceFile:
    """Vectors of a version's reference sentences; equality compares the sha256 alone."""

    sha256: str
    read: Callable[[], bytes] = field(compare=False, repr=False)
    """Raises VersionAlteredError."""


def head_files(
    head: HeadRef | None, store: ObjectStore, version: VersionRef | None
) -> HeadFiles | None:
    """A trained head; its files are read only if its judge has to be built.

    Args:
        head: Where it is; None: there is none.
        store: Where its files are.
        version: The version that it is of; None: a run's own copy.
    """
    if head is None:
        return None

    def read() -> tuple[bytes, bytes]:
        found = read_artifact(store, head.card), read_artifact(store, head.arrays)
        if version is not None and digest_of(*found) != head.sha256:
            raise VersionAlteredError(f"The head of {version.short} is not what was published.")
        return found

    return HeadFiles(head.sha256, read)


def reference_file(file: StoredFile | None, store: ObjectStore) -> ReferenceFile | None:
    """What was encoded beforehand; None: nothing was."""
    if file is None:
        return None
    return ReferenceFile(file.sha256, lambda: read_file(file, store, "a version"))
