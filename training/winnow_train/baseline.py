"""Another version of a process: a file, or one in the history of the checkout."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from winnow.errors import ProcessInvalidError, ProcessUnknownError
from winnow.heads.card import ARRAYS, CARD, TRAINING, HeadFiles
from winnow.processes.loader import load_definition
from winnow.processes.schema import ProcessDefinition
from winnow.storage.text_files import read_text


@dataclass(frozen=True)
class Version:
    """A process with the head that went with it."""

    definition: ProcessDefinition
    head: HeadFiles | None
    file: Path | None
    """Where it lies; None for one from the history."""
    training: bytes | None = None
    """training.npz of a head from the history; None: it is not there."""


def other_version(wanted: str, definition: ProcessDefinition, file: Path) -> Version:
    """The version that `--against` names.

    Args:
        wanted: `untrained`, the path of a process file, or a version such as 1.0.0.

    Raises:
        ProcessUnknownError: There is neither such a file nor such a version in the Git history.
        ProcessInvalidError: The file is not a valid process.
    """
    if wanted == "untrained":
        return Version(definition, None, None)
    path = Path(wanted)
    if path.is_file():
        text = read_text(path, ProcessInvalidError).text
        found = load_definition(text, path.name, published=True)
        return Version(found, HeadFiles.beside(path, found.id), path)
    name = file.resolve().name
    folder = file.resolve().parent
    for commit in _git(folder, "log", "--format=%H", "--", name).decode().split():
        text = _git(folder, "show", f"{commit}:./{name}").decode("utf-8-sig", "replace")
        if not re.search(rf"^version:\s*[\"']?{re.escape(wanted)}[\"']?\s*(#.*)?$", text, re.M):
            continue
        found = load_definition(text, f"{name} at {commit[:10]}", published=True)
        head = f"./{found.id}.head"
        card = _git(folder, "show", f"{commit}:{head}/{CARD}")
        arrays = _git(folder, "show", f"{commit}:{head}/{ARRAYS}")
        if not (card and arrays):
            return Version(found, None, None)
        training = _git(folder, "show", f"{commit}:{head}/{TRAINING}") or None
        return Version(found, HeadFiles.of(card, arrays), None, training)
    raise ProcessUnknownError(
        f"{wanted!r} is neither a process file nor a version of {definition.id} in the Git history."
    )


def _git(folder: Path, *arguments: str) -> bytes:
    """What Git answers; nothing where it has no answer or is not there."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
