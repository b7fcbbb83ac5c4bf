"""Files on this machine that are put in the place of others at once."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in the place of another: readers see the old one or the new one, whole.

    Raises:
        OSError: It cannot be written; the old one stays.
    """
    replace_files({path: content})


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Put several files in the place of others, once all of them are written.

    Where a path is a symbolic link, the file that it leads to is replaced, and the link stays.

    Raises:
        OSError: One cannot be written; the old ones stay.
    """
    written: dict[Path, Path] = {}
    real = {Path(os.path.realpath(path)): content for path, content in contents.items()}
    try:
        for path, content in real.items():
            written[path] = _beside(path)
            with written[path].open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for path in real:
            written.pop(path).replace(path)
    finally:
        for temporary in written.values():
            with suppress(FileNotFoundError):
                temporary.unlink()


def _beside(path: Path) -> Path:
    """An empty file in the same folder, with the rights of the one at `path`."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    # mkstemp's files are for their owner alone.
    temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    return temporary
