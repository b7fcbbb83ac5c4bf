"""Files of versions, checked against what was published."""

from winnow.errors import VersionAlteredError
from winnow.ports import ObjectStore
from winnow.registry.files import read_file
from winnow.registry.models import ModelVersion


def read_verified(store: ObjectStore, version: ModelVersion, name: str) -> bytes:
    """The content of a version's file of this name.

    Raises:
        VersionAlteredError: It is gone, or is not what was published.
    """
    file = version.file(name)
    if file is None:
        raise VersionAlteredError(f"There is no {name} of {version.process} {version.short}.")
    return read_file(file, store, f"{version.process} {version.short}")
