"""The files of versions: their names, the digests that name versions, and how they are read."""

import hashlib

from winnow.errors import ObjectGoneError, VersionAlteredError
from winnow.models import ObjectRef, StoredFile
from winnow.ports import ObjectStore

DEFINITION_YAML = "definition.yaml"
"""The definition as it was written."""
DEFINITION = "definition.json"
"""The definition as runs read it."""
HEAD_CARD = "head.json"
HEAD_ARRAYS = "head.npz"
TRAINING = "training.npz"
EVALUATION_PAGE = "evaluation.html"
EVALUATION = "evaluation.json"
DATA = "data.json"
"""The DataManifest."""


def version_sha256(definition_sha256: str, head_sha256: str | None) -> str:
    """The sha256 that names a version.

    Args:
        definition_sha256: Of the definition's canonical JSON (`definition.info.sha256`).
        head_sha256: Of the head's card and arrays (`heads.card.digest_of`); None: no head.
    """
    text = f"winnow version 1\n{definition_sha256}\n{head_sha256 or '-'}"
    return hashlib.sha256(text.encode()).hexdigest()


def references_name(engine: str) -> str:
    """The name of the file with the vectors of a version's reference sentences."""
    return f"references-{engine}.vectors"


class VersionPaths:
    """The object names of one version."""

    def __init__(self, bucket: str, process: str, sha256: str) -> None:
        self._bucket = bucket
        self._folder = f"models/{process}/{sha256}"

    def file(self, name: str) -> ObjectRef:
        """One of its files."""
        return ObjectRef(bucket=self._bucket, key=f"{self._folder}/{name}")


def training_rows(bucket: str, process: str, sha256: str) -> ObjectRef:
    """Rows that versions were trained on: the only objects of this bucket that contain text."""
    return ObjectRef(bucket=bucket, key=f"data/{process}/{sha256}.jsonl")


def read_file(file: StoredFile, store: ObjectStore, of: str) -> bytes:
    """The content of a file of a version, checked against its SHA-256.

    Args:
        of: The version, for people.

    Raises:
        VersionAlteredError: It is gone, or not what was published.
    """
    try:
        (content,) = store.read_all([file.object])
    except ObjectGoneError:
        raise VersionAlteredError(f"{file.name} of {of} is gone.") from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise VersionAlteredError(f"{file.name} of {of} is not what was published.")
    return content
