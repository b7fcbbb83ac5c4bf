"""Files of versions, checked against what was published."""

import hashlib

from winnow.errors import ObjectGoneError, VersionAlteredError
from winnow.ports import ObjectStore
from winnow.registry.models import ModelVersion


def read_verified(store: ObjectStore, version: ModelVersion, name: str) -> bytes:
    """The content of a version's file of this name.

    Raises:
        VersionAlteredError: It is gone, or is not what was published.
    """
    whose = f"{name} of {version.process} {version.short}"
    file = version.file(name)
    if file is None:
        raise VersionAlteredError(f"There is no {whose}.")
    try:
        with store.open(file.object) as stream:
            content = stream.read()
    except ObjectGoneError:
        raise VersionAlteredError(f"{whose} is gone.") from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise VersionAlteredError(f"{whose} is not what was published.")
    return content
