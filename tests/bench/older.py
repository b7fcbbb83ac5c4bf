"""This processor played as one with AVX2 alone: without AVX-512, VNNI and AMX.

A library chooses its kernels by what the processor says of itself, and asks it with the instruction
cpuid. `objdump` finds that instruction in the libraries that compute, and older.c, an audit library
made of the places, answers in its stead while a process loads them. No file is changed.
oneDNN makes its kernels when they are first needed, and has a variable for what they may use.
"""

import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

AUDIT = Path(__file__).with_suffix(".c")
COMPUTE = (
    "ai_edge_litert/libpywrap_litert_common.so",
    "numpy/_core/_multiarray_umath.*.so",
    "numpy.libs/libscipy_openblas*.so",
)
"""The libraries that choose by cpuid, in a folder of packages: LiteRT's kernels, and NumPy's."""
VARIABLES = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    # TensorFlow leaves its own kernels for oneDNN's where the processor has VNNI or AMX.
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def can_be_played() -> bool:
    """Whether this machine can run what the play takes: Linux on x86-64, gcc and objdump."""
    tools = all(shutil.which(tool) for tool in ("gcc", "objdump"))
    return tools and (platform.system(), platform.machine()) == ("Linux", "x86_64")


@contextmanager
def played(libraries: Sequence[Path] | None = None) -> Iterator[None]:
    """Processes that are started meanwhile find themselves on the older processor.

    Raises FileNotFoundError when a package no longer has a library that is named here.
    """
    with tempfile.TemporaryDirectory() as scratch:
        audit = build(Path(scratch), computing() if libraries is None else libraries)
        with mock.patch.dict(os.environ, {**VARIABLES, "LD_AUDIT": str(audit)}):
            yield


def computing() -> list[Path]:
    """The libraries of COMPUTE."""
    packages = Path(sysconfig.get_path("platlib"))
    found = []
    for pattern in COMPUTE:
        paths = list(packages.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"{packages} has no {pattern}")
        found += paths
    return found


def build(folder: Path, libraries: Sequence[Path]) -> Path:
    """The audit library for these libraries, made in a folder."""
    places = [f'{{"{path.name}", {place}}},' for path in libraries for place in asking(path)]
    (folder / "places.h").write_text("\n".join(places), "utf-8")
    audit = folder / "older.so"
    command = ["gcc", "-O2", "-shared", "-fPIC", "-I", str(folder), "-o", str(audit), str(AUDIT)]
    subprocess.run(command, check=True)
    return audit


def asking(library: Path) -> list[str]:
    """Where a library has cpuid: offsets as literals of C."""
    command = ["objdump", "--disassemble", "--no-show-raw-insn", str(library)]
    # Line by line: the peak memory of a child counts from that of its parent.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as code:
        assert code.stdout is not None
        lines = [line.split() for line in code.stdout if "cpuid" in line]
    if code.returncode:
        raise subprocess.CalledProcessError(code.returncode, command)
    return [f"0x{line[0].rstrip(':')}" for line in lines if line[1:] == ["cpuid"]]
