"""Versions from one registry to another: the same bytes under the same SHA-256, not trained anew.

The rows that a version was trained on stay where they are: they contain text of records, and the
other stack may be read by other people.
"""

from collections.abc import Mapping

from winnow.errors import VersionAlteredError, VersionUnknownError
from winnow.heads.card import HeadFiles
from winnow.ports import ObjectStore
from winnow.processes.schema import parse_definition_json
from winnow.registry.files import (
    DATA,
    DEFINITION,
    HEAD_ARRAYS,
    HEAD_CARD,
    read_file,
    version_sha256,
)
from winnow.registry.models import DataManifest, ModelVersion
from winnow.registry.publish import Models, write_files


def read_files(version: ModelVersion, store: ObjectStore) -> dict[str, bytes]:
    """Every file of a version by name, checked against what names the file and the version.

    Raises:
        VersionAlteredError: A file is gone, or the files are not those of the version.
    """
    of = f"{version.process} {version.short}"
    contents = {file.name: read_file(file, store, of) for file in version.files}
    if DEFINITION not in contents:
        raise VersionAlteredError(f"{of} has no {DEFINITION}.")
    head = None
    if version.head_sha256 is not None:
        if not {HEAD_CARD, HEAD_ARRAYS} <= contents.keys():
            raise VersionAlteredError(f"{of} has no {HEAD_CARD} or {HEAD_ARRAYS}.")
        head = HeadFiles.of(contents[HEAD_CARD], contents[HEAD_ARRAYS]).sha256
    definition = parse_definition_json(contents[DEFINITION]).info.sha256
    if version_sha256(definition, head) != version.sha256:
        raise VersionAlteredError(f"The files of {of} are those of another version.")
    return contents


def publish_copy(
    version: ModelVersion, contents: Mapping[str, bytes], models: Models, by: str, at: str
) -> ModelVersion:
    """Publish a version of another registry; it decides nothing until it has an alias.

    One that is there already stays as it is.

    Args:
        version: As the other registry has it.
        contents: Its files (`read_files`).
        models: Where it is published.
        by: Who publishes it.
        at: When, ISO 8601 in UTC.
    """
    try:
        return models.registry.version(version.process, version.sha256)
    except VersionUnknownError:
        pass
    data = None if version.data is None else _without_rows(version.data)
    if data is not None and DATA in contents:
        contents = {**contents, DATA: data.model_dump_json().encode()}
    files = write_files(contents, models, version.process, version.sha256)
    copied = version.model_copy(update={"files": files, "data": data, "created": at, "by": by})
    if models.registry.add(copied):
        return copied
    return models.registry.version(version.process, version.sha256)


def _without_rows(data: DataManifest) -> DataManifest:
    parts = tuple(part.model_copy(update={"object": None}) for part in data.parts)
    return data.model_copy(update={"parts": parts})
