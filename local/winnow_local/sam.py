"""Files for `sam local invoke` on a running stack: `.winnow/sam/`.

- `env.json` (`--env-vars`): each function's variables on this stack, and the stack's own address
  and key.
- `<function>.env` (`docker run --env-file`): the same for one function.
- `<function>.json` (`--event`): the last event of the function; a sample's until a file is
  dropped.

The emulator writes an event whenever it calls a function; the supervisor writes the rest.
"""

import json
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from winnow_local.ministack import ACCESS_KEY, SECRET_KEY

LOCAL_AWS = "LOCAL_AWS"
"""The variable from which winnow_aws.clients reads the address of a local AWS."""
_LOGICAL_ID = re.compile(r"(?:^|-)(?P<name>[A-Z][A-Za-z]*)Function(?:-|$)")


def function_of(name: str) -> str | None:
    """`classify` of `ClassifyFunction` or `winnow-ClassifyFunction-1A2B`; None for any other."""
    match = _LOGICAL_ID.search(name)
    return match["name"].lower() if match else None


def record(folder: Path, function: str, event: object) -> None:
    """Keep an event as the last one of a function, named as its folder.

    Written to a temporary file and renamed, so that readers never see a part of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{function}.{os.getpid()}.{threading.get_ident()}"
    beside.write_text(json.dumps(event, indent=2) + "\n", "utf-8")
    beside.replace(folder / f"{function}.json")


def variables(
    functions: Mapping[str, Mapping[str, str]], endpoint: str
) -> dict[str, dict[str, str]]:
    """The variables of each function's container, by logical id.

    `functions` are the variables of the stack's functions, `endpoint` is where a container reaches
    the stack.
    """
    parts = urlsplit(endpoint)
    local = f"{parts.scheme}://{ACCESS_KEY}:{SECRET_KEY}@{parts.netloc}"
    return {name: {**own, LOCAL_AWS: local} for name, own in sorted(functions.items())}


def write_variables(folder: Path, given: Mapping[str, Mapping[str, str]]) -> None:
    """Write env.json, and one `<function>.env` per function."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "env.json").write_text(json.dumps(given, indent=2) + "\n", "utf-8")
    for name, own in given.items():
        lines = "".join(f"{variable}={value}\n" for variable, value in own.items())
        (folder / f"{function_of(name)}.env").write_text(lines, "utf-8")
