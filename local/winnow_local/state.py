"""The state of the local stack: the folder `.winnow/`, and the file `stack.json` in it.

Everything that the local stack writes is in this folder: this file, logs, e-mails, MiniStack's data
and temporary files. To delete them, delete the folder while no stack runs.
"""

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from winnow.errors import LocalFileError, StackFailedError
from winnow.storage.file_names import name_of

STATE_DIR_VARIABLE = "WINNOW_STATE_DIR"
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class ProcessId:
    """Identifies a process: ids are reused, an id with its start time is not."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process if it still runs, None if it ended (a zombie has ended)."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            # Start times have a precision of 10 ms.
            same = abs(process.create_time() - self.started) < 0.05
            if same and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def ended_within(self, timeout_s: float) -> bool:
        """Waits for the process to end; False if it still runs after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.process() is not None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True


@dataclass(frozen=True)
class StackState:
    """`stack.json`: the processes of the local stack and its address."""

    supervisor: ProcessId
    started_at: str
    """ISO 8601, UTC."""
    endpoint: str = ""
    region: str = ""
    stack: str = ""
    ministack: ProcessId | None = None
    containers: str = ""
    """The label of the containers that MiniStack starts; empty if it starts none."""
    ready: bool = False
    """Deployed, and the mailbox is subscribed: files can be dropped."""
    outputs: dict[str, str] = field(default_factory=dict)
    """The outputs of the CloudFormation stack."""

    def alive(self) -> bool:
        """The supervisor and, once started, MiniStack both run."""
        if self.supervisor.process() is None:
            return False
        return self.ministack is None or self.ministack.process() is not None


@dataclass(frozen=True)
class StateDir:
    """The folder of one local stack."""

    path: Path

    @classmethod
    def default(cls) -> "StateDir":
        """`WINNOW_STATE_DIR`, or `.winnow` in the working directory.

        Raises:
            LocalFileError: it is there and no folder.
        """
        path = Path(os.environ.get(STATE_DIR_VARIABLE) or ".winnow").absolute()
        if path.exists() and not path.is_dir():
            raise LocalFileError(
                f"{name_of(path)} is no folder, and the local stack keeps its files in one.",
                hint=f"Move it away, or name a folder with {STATE_DIR_VARIABLE}.",
            )
        return cls(path)

    @property
    def file(self) -> Path:
        return self.path / "stack.json"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def sam(self) -> Path:
        """Files for `sam local invoke`: see winnow_local.sam."""
        return self.path / "sam"

    @property
    def submissions(self) -> Path:
        """Logs of interrupted `winnow submit` commands."""
        return self.path / "submissions"

    @property
    def data(self) -> Path:
        """MiniStack's files; removed when the stack stops."""
        return self.path / "data"

    @property
    def ministack_log(self) -> Path:
        return self.path / "ministack.log"

    @property
    def supervisor_log(self) -> Path:
        return self.path / "supervisor.log"

    def read(self) -> StackState | None:
        """The last state written; None if there is none or the file is not ours."""
        try:
            raw: dict[str, Any] = json.loads(self.file.read_text("utf-8"))
            supervisor = ProcessId(**raw.pop("supervisor"))
            ministack = raw.pop("ministack")
            return StackState(
                supervisor=supervisor,
                ministack=ProcessId(**ministack) if ministack else None,
                **raw,
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, state: StackState) -> None:
        """Replace `stack.json` in one step: a reader sees the old state or the new one."""
        self.path.mkdir(parents=True, exist_ok=True)
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(asdict(state), indent=2) + "\n", "utf-8")
        new.replace(self.file)

    def clear(self) -> None:
        self.file.unlink(missing_ok=True)

    @contextmanager
    def written(self) -> Iterator[None]:
        """During the block, failures to write become an error that names the file or folder.

        Raises:
            StackFailedError: a file or folder cannot be written.
        """
        try:
            yield
        except OSError as error:
            # A full disk is reported without a file name; other such errors are not about files.
            if error.filename is None and error.errno not in _DISK:
                raise
            raise StackFailedError(
                f"The state folder {self.path} cannot be written: {error.strerror}."
            ) from error

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Hold the folder's lock; yields False if another process has it.

        The kernel releases the lock when its process ends, even if it is killed.
        """
        import fcntl

        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True
