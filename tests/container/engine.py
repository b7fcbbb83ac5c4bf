"""The Docker engine: whether there is one, building our images, running one, calling it."""

import functools
import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BASE = "public.ecr.aws/lambda/python:3.13"
MODEL_FILES = (
    "manifest.json",
    "references-litert.vectors",
    "tokenizer.model",
    "use-lite-int8.tflite",
)
INVOCATIONS = "/2015-03-31/functions/function/invocations"


def docker(*arguments: str, timeout_s: float = 600) -> str:
    """Run the docker command; what it printed, without the last line's end.

    Raises RuntimeError with what it said when it fails.
    """
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout_s, cwd=ROOT
    )
    if done.returncode:
        raise RuntimeError(f"docker {arguments[0]} failed:\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout.strip()


@functools.cache
def missing() -> str | None:
    """Why no image can be built here; None when one can."""
    if shutil.which("docker") is None:
        return "no Docker engine: there is no docker command"
    try:
        docker("version", timeout_s=120)
    except (RuntimeError, subprocess.TimeoutExpired):
        return "no Docker engine answers"
    try:
        docker("image", "inspect", BASE)
    except RuntimeError:
        try:
            docker("pull", "-q", BASE, timeout_s=300)
        except (RuntimeError, subprocess.TimeoutExpired):
            return f"{BASE} cannot be pulled; .ci/docker.sh start builds a stand-in"
    for name in MODEL_FILES:
        if not (ROOT / "build" / "model" / name).is_file():
            return f"build/model has no {name}: run make model"
    return None


def build(function: str) -> str:
    """Build a function's image; its tag."""
    tag = f"winnow-{function}:test"
    docker("build", "-q", "-f", "functions/Dockerfile", "--target", function, "-t", tag, ".")
    return tag


class FunctionError(Exception):
    """A function answered with an error: its type and message."""


class Container:
    """A function's running container behind its runtime interface emulator."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.port = port

    def invoke(self, event: Mapping[str, Any], wait_s: float = 240.0) -> Any:
        """The function's answer to an event. Raises FunctionError when the function raised.

        Repeats until the emulator listens, at most `wait_s` seconds.
        """
        deadline = time.monotonic() + wait_s
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=wait_s)
            try:
                connection.request("POST", INVOCATIONS, json.dumps(event))
                answer = json.loads(connection.getresponse().read())
                break
            except (OSError, http.client.HTTPException):
                # Docker's proxy accepts before the container listens, and then drops the line.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
            finally:
                connection.close()
        if isinstance(answer, dict) and "errorType" in answer:
            raise FunctionError(f"{answer['errorType']}: {answer['errorMessage']}")
        return answer

    def logs(self) -> str:
        """What it has written, both streams."""
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True)
        return done.stdout + done.stderr


@contextmanager
def running(
    image: str, environment: Mapping[str, str], options: Sequence[str] = (), port: int = 0
) -> Iterator[Container]:
    """A container of the image, its emulator on a port of the loopback interface.

    Docker chooses the port, unless one is given: asking for it takes time, too.
    """
    variables = [f"--env={name}={value}" for name, value in environment.items()]
    publish = f"--publish=127.0.0.1:{port or ''}:8080"
    name = docker("run", "--detach", publish, *options, *variables, image)
    try:
        if not port:
            port = int(docker("port", name, "8080/tcp").splitlines()[0].rpartition(":")[2])
        yield Container(name, port)
    finally:
        docker("rm", "--force", "--volumes", name)
