"""What `winnow submit` remembers, so that an interrupted submit can be run again.

Each submit writes its own log in `.winnow/submissions/`: before a file is dropped, its key;
afterwards, that it was dropped. A submit that succeeds deletes its log. The log of an interrupted
or killed submit is used by the next one to the same stack, with the same process and threshold. A
file of the same path and content that was dropped is not dropped again. One that was being sent is
sent under the same key, which S3 accepts only once. Each log is used once: the submit after that
makes new uploads.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_S = 24 * 3600
"""The log of a submit that was interrupted longer ago is not used."""


@dataclass(frozen=True)
class Drop:
    """One file that is dropped into the inbox."""

    file: str
    """Its absolute path."""
    sha256: str
    key: str
    at: float
    """When it was first tried, in epoch seconds."""
    dropped: bool = False
    version_id: str | None = None

    @property
    def content(self) -> tuple[str, str]:
        return self.file, self.sha256


class Submission:
    """The log of one submit. If the disk cannot be written, nothing is remembered."""

    def __init__(self, log: BinaryIO | None, left: list[Drop]) -> None:
        self._log = log
        self._unfinished: dict[tuple[str, str], list[Drop]] = {}
        for drop in left:
            self._unfinished.setdefault(drop.content, []).append(drop)
        self._own: dict[str, Drop] = {}

    def plan(self, path: Path, new_key: "Callable[[], str]", now: float) -> Drop:
        """How to drop a file: with the key of an earlier try, or with a new one.

        Raises OSError if the file cannot be read.
        """
        with path.open("rb") as stream:
            content = str(path.absolute()), hashlib.file_digest(stream, "sha256").hexdigest()
        before = self._unfinished.get(content)
        drop = before.pop(0) if before else Drop(*content, key=new_key(), at=now)
        self._remember(drop)
        return drop

    def dropped(self, drop: Drop, version_id: str | None) -> Drop:
        """The file is in the inbox."""
        dropped = replace(drop, dropped=True, version_id=version_id)
        self._remember(dropped)
        return dropped

    def settled(self, key: str) -> None:
        """Its run has ended, or is not waited for: no later submit needs its line."""
        if self._own.pop(key, None) is not None:
            self._write({"key": key, "settled": True})

    def unsettled(self) -> list[Drop]:
        """The drops that the next submit may need."""
        return [
            *self._own.values(),
            *(drop for drops in self._unfinished.values() for drop in drops),
        ]

    def _remember(self, drop: Drop) -> None:
        self._own[drop.key] = drop
        self._write(asdict(drop))

    def _write(self, line: dict[str, Any]) -> None:
        if self._log is not None:
            try:
                self._log.write(json.dumps(line).encode("ascii") + b"\n")
                self._log.flush()
            except OSError:
                self._log = None  # Files can be dropped even if the disk is full.


@contextmanager
def submission(
    folder: Path, about: dict[str, str], anew: bool, note: "Callable[[str], None]"
) -> Iterator[Submission]:
    """A submit's log, with the drops of earlier ones that have the same `about`.

    `anew`: earlier ones are ignored and deleted. When the block ends, a log with only settled
    drops is deleted.
    """
    try:
        with _locked(folder):
            file = folder / f"{time.time_ns():x}-{os.getpid()}.jsonl"
            log = file.open("x+b")
            _lock(log, wait=True)
            left = [] if anew else list(_unfinished(folder, about, file))
            _begin(log, about, left)
            for other in _others(folder, file):
                # Only now, when its drops are in the new log.
                if anew or other.name in {source for source, _ in left}:
                    _remove_unless_in_use(other, about)
    except OSError as error:
        note(
            f"{folder} cannot be written ({error.strerror}): if this submit is interrupted and "
            "run again, files that were dropped are dropped again."
        )
        yield Submission(None, [])
        return
    memory = Submission(log, [drop for _, drop in left])
    try:
        yield memory
    finally:
        with suppress(OSError), _locked(folder):
            log.close()
            if not memory.unsettled():
                file.unlink(missing_ok=True)
            # Deletes the folders if they are empty.
            folder.rmdir()
            folder.parent.rmdir()


def _unfinished(folder: Path, about: dict[str, str], own: Path) -> Iterator[tuple[str, Drop]]:
    for file in _others(folder, own):
        with file.open("rb") as stream:
            if not _lock(stream, wait=False):
                continue  # That submit is still running.
            lines = list(_lines(stream))
        if not lines or lines[0].get("about") != about:
            continue
        drops: dict[str, Drop] = {}
        for line in lines[1:]:
            if line.get("settled"):
                drops.pop(str(line.get("key")), None)
            else:
                with suppress(TypeError):
                    drop = Drop(**line)
                    drops[drop.key] = drop
        for drop in drops.values():
            if drop.at > time.time() - KEPT_S:
                yield file.name, drop


def _others(folder: Path, own: Path) -> list[Path]:
    oldest = time.time() - KEPT_S
    others = []
    for file in sorted(folder.glob("*.jsonl")):
        if file == own:
            continue
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
        else:
            others.append(file)
    return others


def _remove_unless_in_use(file: Path, about: dict[str, str]) -> None:
    with file.open("rb") as stream:
        if _lock(stream, wait=False) and next(_lines(stream), {}).get("about") == about:
            file.unlink(missing_ok=True)


def _begin(log: BinaryIO, about: dict[str, str], left: list[tuple[str, Drop]]) -> None:
    lines = [{"about": about}, *(asdict(drop) for _, drop in left)]
    log.write("".join(json.dumps(line) + "\n" for line in lines).encode("ascii"))
    log.flush()


def _lines(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    for line in stream:
        # The last line may be incomplete.
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                yield entry


def _lock(stream: BinaryIO | int, wait: bool) -> bool:
    """Locks the file until it is closed, or the process ends; False if another has it."""
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is created if it is missing."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
        try:
            _lock(opened, wait=True)
            if not _is_at(opened, folder):
                continue  # Another submit has ended meanwhile, and removed the folder.
            yield
            return
        finally:
            os.close(opened)


def _is_at(opened: int, folder: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(opened), folder.stat())
    return False
