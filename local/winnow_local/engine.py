"""The Docker engine, for `winnow up --docker`: whether one answers, the images, the containers.

MiniStack itself runs image functions in containers; this module does the rest.
"""

import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from winnow.errors import DockerMissingError, ModelInvalidError, StackFailedError
from winnow_local.template import Checkout

_LABEL = "ministack.instance"
_ANSWER_TIMEOUT_S = 60.0
_MODEL_FILES = ("manifest.json", "tokenizer.model", "use-lite-int8.tflite")
_LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class Engine:
    """An engine that answers."""

    host: str
    """Its address, in the form of DOCKER_HOST."""
    listen: str
    """The address of this machine on which a server is reachable from containers."""
    seen_as: str
    """The name of that address in a container."""


def find_engine() -> Engine:
    """The engine that the docker command talks to.

    On Linux, containers reach this machine at the bridge's address, which other machines cannot
    reach. Elsewhere the engine forwards a name to this machine's loopback interface.

    Raises:
        DockerMissingError: there is no docker command, or no engine answers it.
    """
    if shutil.which("docker") is None:
        raise DockerMissingError("There is no docker command.")
    host = _docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    bridge = _docker("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
    if sys.platform != "linux":
        return Engine(host, "127.0.0.1", "host.docker.internal")
    pool = next(pool for pool in json.loads(bridge) if ":" not in pool["Subnet"])
    # Not every engine names the gateway; it is the first address then.
    gateway = pool.get("Gateway") or str(next(ipaddress.ip_network(pool["Subnet"]).hosts()))
    return Engine(host, gateway, gateway)


def find_engine_if_any() -> Engine | None:
    """The engine that the docker command talks to; None if there is none."""
    with suppress(DockerMissingError):
        return find_engine()
    return None


def has_model(checkout: Checkout) -> bool:
    """Whether the model that the images contain has been built."""
    return all((checkout.model / name).is_file() for name in _MODEL_FILES)


def build_images(
    checkout: Checkout,
    targets: Sequence[str],
    progress: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Builds the image of each target of functions/Dockerfile; returns their names by target.

    `progress` is called with each line of docker's output, and `environment` is added to that of
    docker. Unchanged layers come from its cache.

    Raises:
        ModelInvalidError: the model, which the images contain, has not been built.
        StackFailedError: an image cannot be built; the message has the end of docker's output.
    """
    if not has_model(checkout):
        raise ModelInvalidError(f"There is no model for the images in {checkout.model}.")
    images = {target: f"winnow-{target}:local" for target in targets}
    for number, (target, image) in enumerate(images.items(), start=1):
        what = f"image {number} of {len(images)}, {target}"
        progress(what)
        with subprocess.Popen(
            ["docker", "build", "-f", "functions/Dockerfile", "--target", target, "-t", image, "."],
            cwd=checkout.root,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as building:
            assert building.stdout is not None
            output = []
            for line in building.stdout:
                output.append(line.rstrip())
                progress(f"{what}: {line.strip()}")
        if building.returncode:
            end = "\n".join(output[-_LOG_TAIL_LINES:])
            raise StackFailedError(f"docker cannot build the image of {target}.\n{end}")
    return images


def containers_of(port: int) -> str:
    """The label that MiniStack gives to the containers it starts while it listens on the port."""
    return f"{_LABEL}={socket.gethostname()}:{port}"


def remove_containers(label: str, timeout_s: float = 60.0) -> int:
    """Ends and removes the containers with the label; returns how many there were.

    If no engine answers any more, no container runs, and nothing is done.

    Raises:
        DockerMissingError: docker does not remove them.
    """
    seen: set[str] = set()
    deadline = time.monotonic() + timeout_s
    # Meanwhile one may be created or removed.
    while containers := _containers(label):
        seen |= containers
        try:
            _docker("rm", "--force", "--volumes", *containers)
        except DockerMissingError:
            if time.monotonic() > deadline:
                raise
    return len(seen)


def _containers(label: str) -> set[str]:
    with suppress(DockerMissingError):
        return set(_docker("ps", "--all", "--quiet", "--filter", f"label={label}").split())
    return set()


def _docker(*arguments: str) -> str:
    try:
        # In its own session, so that Ctrl-C does not end the cleaning up.
        process = subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ANSWER_TIMEOUT_S,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DockerMissingError(f"docker does not answer ({type(error).__name__}).") from None
    if process.returncode:
        output = process.stderr.strip().splitlines() or ["it does not say why"]
        raise DockerMissingError(f"docker {arguments[0]} failed: {output[-1]}")
    return process.stdout.strip()
