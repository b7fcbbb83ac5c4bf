"""Versions that were published, with their files in a store in memory."""

import hashlib

from tests.fakes.registry import MemoryRegistry, a_version
from tests.fakes.store import MemoryStore
from winnow.processes.loader import load_definition
from winnow.registry.files import VersionPaths, version_sha256
from winnow.registry.models import ModelVersion, StoredFile

BUCKET = "models"
MOODS = """\
id: moods
version: {number}.0.0
kind: labels
title: Moods
labels:
  - {{id: joy, examples: [I am glad.]}}
  - {{id: sadness, examples: [I am sad.]}}
"""


def published(
    registry: MemoryRegistry, store: MemoryStore, number: int, **fields: object
) -> ModelVersion:
    """A version of `moods`, as it is stored; another number is another version."""
    text = MOODS.format(number=number)
    definition = load_definition(text, "moods.yaml")
    sha256 = version_sha256(definition.info.sha256, None)
    paths = VersionPaths(BUCKET, "moods", sha256)
    contents = {
        "definition.yaml": text.encode(),
        "definition.json": definition.model_dump_json().encode(),
    }
    files = tuple(
        StoredFile(
            name=name,
            object=store.add(BUCKET, paths.file(name).key, content),
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
        )
        for name, content in contents.items()
    )
    given: dict[str, object] = {
        "definition_sha256": definition.info.sha256,
        "sha256": sha256,
        "files": files,
    }
    version = a_version("moods", number, **(given | fields))
    registry.add(version)
    return version
