"""The files of an index in memory."""

import hashlib
from collections.abc import Iterator

from winnow.errors import ObjectGoneError, RunSupersededError
from winnow.search.files import FileName, IndexFile


class MemoryFiles:
    """Files by name, each with the generation that it was written with."""

    def __init__(self) -> None:
        self.contents: dict[FileName, tuple[bytes, str]] = {}
        self.reads = 0
        self.modified = "2026-11-27T10:00:00.000Z"
        """When all files were written."""

    def list(self, process: str | None = None) -> Iterator[IndexFile]:
        for name in sorted(self.contents, key=lambda name: name.key):
            if process in (None, name.process):
                content = self.contents[name][0]
                etag = hashlib.sha256(content).hexdigest()
                yield IndexFile(name, etag, len(content), self.modified)

    def read(self, name: FileName) -> bytes:
        self.reads += 1
        if name not in self.contents:
            raise ObjectGoneError("The file is gone.")
        return self.contents[name][0]

    def write(self, name: FileName, content: bytes, generation: str) -> None:
        if name in self.contents and (
            name.number is not None or self.contents[name][1] > generation
        ):
            raise RunSupersededError("There is a later one.")
        self.contents[name] = (content, generation)

    def delete(self, name: FileName, etag: str | None) -> bool:
        found = next((file for file in self.list() if file.name == name), None)
        if found is None or etag not in (None, found.etag):
            return False
        del self.contents[name]
        return True
