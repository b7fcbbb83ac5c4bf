"""The files of one `winnow submit`: dropped one after another, then waited for."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow.errors import AccessDeniedError
from winnow.steps.upload import upload_id
from winnow_cli.console import stderr
from winnow_cli.options import unusable_file
from winnow_cli.render.uploads import row_document

if TYPE_CHECKING:
    from rich.progress import Progress

    from winnow.recovery.upload_row import UploadRow
    from winnow_cli.submissions import Drop, Submission
    from winnow_cli.target import Target
    from winnow_cli.uploads import Uploads

MAX_LOOKS = 100
"""Number of uploads that are polled before a pause."""


class FileBatch:
    """The files of one submit, and its progress."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.dropped: list[tuple[Path, Drop]] = []
        self.taken_up: set[str] = set()
        """Keys of files that an earlier submit had dropped."""
        self.uncertain: Path | None = None
        """The file that was being sent: it is unknown whether S3 has it."""

    @property
    def remaining(self) -> Sequence[Path]:
        """The files not dropped yet; first the one that was being sent."""
        return self._paths[len(self.dropped) :]

    def drop(
        self,
        uploads: "Uploads",
        memory: "Submission",
        path: Path,
        process: str,
        threshold: float | None,
    ) -> None:
        """Drop a file, unless an earlier submit had dropped it."""

        def plan() -> "Drop":
            try:
                return memory.plan(path, lambda: uploads.new_key(path, process), time.time())
            except OSError as error:
                raise unusable_file(error) from None

        drop = plan()
        while drop.dropped and _failed(uploads, drop.key):
            # Its run failed: the user drops the file again.
            memory.settled(drop.key)
            drop = plan()
        if drop.dropped:
            self.taken_up.add(drop.key)
        else:
            self.uncertain = path
            drop = memory.dropped(drop, uploads.drop(path, drop.key, threshold))
            self.uncertain = None
        self.dropped.append((path, drop))

    def document(self, rows: "Mapping[str, UploadRow]", target: "Target") -> dict[str, Any]:
        """The uploads as JSON, with all known fields."""
        return {
            "uploads": [
                {
                    "file": str(path),
                    "bucket": target.uploads_bucket,
                    "object_key": drop.key,
                    **identity(drop, target),
                    **({"taken_up": True} if drop.key in self.taken_up else {}),
                    **(row_document(rows[drop.key]) if drop.key in rows else {}),
                }
                for path, drop in self.dropped
            ]
        }


def _failed(uploads: "Uploads", key: str) -> bool:
    try:
        row = uploads.by_key(key)
    except AccessDeniedError:
        return False  # A user may be allowed to drop files but not to read the table.
    return row is not None and row.state == "FAILED"


def identity(drop: "Drop", target: "Target") -> dict[str, str]:
    """Upload id and version id of a dropped file; empty if S3 returned no version."""
    if drop.version_id is None:
        return {}
    own = upload_id(target.uploads_bucket, drop.key, drop.version_id)
    return {"upload_id": own, "version_id": drop.version_id}


def with_progress(title: str, paths: Sequence[Path]) -> Iterator[Path]:
    """The files one after another, with a progress bar on a terminal if there are several."""
    if len(paths) == 1 or not stderr().is_terminal:
        yield from paths
        return
    with progress_bar() as progress:
        yield from progress.track(paths, description=title)


def wait_for_all(
    uploads: "Uploads",
    keys: Sequence[str],
    timeout_s: float,
    poll_s: float,
    seen: dict[str, "UploadRow"],
) -> None:
    """Polls until the run of every key has ended or the time is up; `seen` gets the rows by key."""
    deadline = time.monotonic() + timeout_s
    with progress_bar() as progress:
        task = progress.add_task("waiting for runs", total=len(keys))
        pending, looks = deque(keys), 0
        while pending and (looks < len(keys) or time.monotonic() < deadline):
            # In turn, MAX_LOOKS at a time, so that early ends among many are seen early.
            count = min(len(pending), MAX_LOOKS)
            for key in [pending.popleft() for _ in range(count)]:
                row = uploads.by_key(key)
                if row is not None:
                    seen[key] = row
                if row is None or not row.ended:
                    pending.append(key)
            looks += count
            progress.update(task, completed=len(keys) - len(pending))
            if pending:
                time.sleep(poll_s)


def progress_bar() -> "Progress":
    """A progress bar that disappears at the end; none if stderr is not a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    screen = stderr()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
