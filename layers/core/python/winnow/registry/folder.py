"""Versions of a folder of definitions, for what has no registry: the command line, and tests."""

from winnow.models import Alias, VersionRef
from winnow.processes.registry import ProcessRegistry
from winnow.registry.files import version_sha256
from winnow.registry.models import PinnedVersion


class FolderModels:
    """Models of a folder: one version of each process, named as the registry would name it.

    There is no challenger, so every upload has the same one.
    """

    def __init__(self, registry: ProcessRegistry) -> None:
        self._registry = registry

    @property
    def ids(self) -> tuple[str, ...]:
        return self._registry.ids

    def resolve(self, name: str, upload_id: str) -> PinnedVersion:  # noqa: ARG002
        definition = self._registry.find(name)
        files = self._registry.heads.get(definition.id)
        sha256 = version_sha256(definition.info.sha256, files.sha256 if files else None)
        ref = VersionRef(sha256=sha256, alias=Alias.CHAMPION)
        return PinnedVersion(ref, definition, files=files)
