"""What a function's image for arm64 has, assembled as functions/Dockerfile does, without Docker."""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.arm.machine import FOLDER, Machine
from tests.container.engine import ROOT

_FUNCTIONS = ROOT / "functions"
_NEWEST_GLIBC = 34
"""Minor number of the C library of Lambda's base, which a wheel may not exceed."""


def assemble(function: str, machine: Machine) -> tuple[Path, Path]:
    """Copy the code of the function and install its packages for arm64: the folders of both."""
    code = FOLDER / function / "code"
    _select(function, code)
    return code, packages(_FUNCTIONS / function / "requirements.txt", machine)


def _select(function: str, folder: Path) -> None:
    app = _FUNCTIONS / function / "app.py"
    places = map(str, (_FUNCTIONS / "select_code.py", app, folder, *ROOT.glob("layers/*/python")))
    subprocess.run([sys.executable, *places], check=True)
    (folder / app.name).write_bytes(app.read_bytes())


def packages(lock: Path, machine: Machine) -> Path:
    """The folder of the lock's packages, prepared as in an image; kept for the next run."""
    prepare = _FUNCTIONS / "prepare.py"
    key = hashlib.sha256(lock.read_bytes() + prepare.read_bytes()).hexdigest()[:16]
    folder = FOLDER / f"packages-{key}"
    if not folder.is_dir():
        installed = FOLDER / f"installed-{key}"
        _install(lock, installed)
        machine.python(str(prepare), str(installed), "/var/task", environment={})
        installed.rename(folder)
    return folder


def _install(lock: Path, folder: Path) -> None:
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in range(17, _NEWEST_GLIBC + 1)]
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    options += ["--require-hashes", "--only-binary=:all:", "--ignore-requires-python"]
    options += ["--upgrade", "--implementation=cp", "--python-version=3.13"]
    options += [f"--platform={name}" for name in (*platforms, "manylinux2014_aarch64")]
    pip = [sys.executable, "-m", "pip", "install", *options, f"--target={folder}"]
    subprocess.run([*pip, "--requirement", lock], check=True)
