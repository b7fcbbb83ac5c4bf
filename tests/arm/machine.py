"""An Arm machine under emulation: Debian's Python 3.13 for arm64, and the QEMU that runs it.

Both are unpacked from Debian's packages, so nothing is installed and no root is needed. QEMU 7.2
of Debian 12 hangs or ends with a segmentation fault in XNNPACK's kernels; that of Debian 13 runs
them.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.container.engine import ROOT

FOLDER = ROOT / "build" / "arm"
"""What is downloaded and assembled; kept for the next run."""
_RELEASE = "trixie"
_PYTHON = ("python3", "libstdc++6")
_QEMU = ("qemu-user",)


class Machine(NamedTuple):
    """An emulated machine. It sees the files of this one."""

    qemu: Path
    root: Path

    def python(
        self, *arguments: str, environment: Mapping[str, str], processor: str = "max"
    ) -> None:
        """Run its Python. Raises subprocess.CalledProcessError if that fails."""
        program = self.root / "usr" / "bin" / "python3.13"
        subprocess.run(
            [self.qemu, "-L", self.root, program, *arguments],
            check=True,
            env={"PATH": os.environ["PATH"], "QEMU_CPU": processor, **environment},
        )


def machine() -> Machine:
    """Download and unpack what is missing."""
    root, qemu = FOLDER / "root", FOLDER / "qemu"
    if not root.is_dir():
        _unpack(_PYTHON, "arm64", root)
        (root / "lib").symlink_to("usr/lib")
    if not qemu.is_dir():
        _unpack(_QEMU, "amd64", qemu)
    return Machine(qemu / "usr" / "bin" / "qemu-aarch64", root)


def _unpack(packages: tuple[str, ...], architecture: str, folder: Path) -> None:
    """Unpack Debian's packages, and all they depend on, from the mirror that apt is set up with."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        here = Path(scratch)
        for name in ("lists/partial", "cache/archives/partial", "unpacked"):
            (here / name).mkdir(parents=True)
        (here / "status").touch()
        (here / "sources").write_text(f"deb {_mirror()} {_RELEASE} main\n", "utf-8")
        settings = {
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Install-Recommends": "0",
            "APT::Sandbox::User": "root",
            "Dir::Cache": here / "cache",
            "Dir::Etc::sourcelist": here / "sources",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": here / "lists",
            "Dir::State::status": here / "status",
        }
        apt = ["apt-get", "-qq", *(f"--option={name}={value}" for name, value in settings.items())]
        subprocess.run([*apt, "update"], check=True)
        download = [*apt, "install", "--download-only", "--yes", *packages]
        subprocess.run(download, check=True, stdout=subprocess.DEVNULL)
        for package in sorted((here / "cache" / "archives").glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, here / "unpacked"], check=True)
        (here / "unpacked").rename(folder)


def _mirror() -> str:
    ask = ["apt-get", "indextargets", "--format", "$(SITE)", "Component: main"]
    sites = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.split()
    return next(site for site in sites if site.rstrip("/").endswith("/debian"))
