"""A processor that is played lacks what AVX2 alone lacks, and else is the same."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import older

pytestmark = pytest.mark.skipif(not older.can_be_played(), reason="needs gcc and objdump on x86-64")

LIBRARY = """
#include <cpuid.h>
void ask(unsigned leaf, unsigned part, unsigned *answer) {
  __cpuid_count(leaf, part, answer[0], answer[1], answer[2], answer[3]);
}
void trap(void) { __builtin_trap(); }
"""
ASKING = """
import ctypes, json, sys
library = ctypes.CDLL(sys.argv[1])
def ask(leaf, part=0):
    answer = (ctypes.c_uint * 4)()
    library.ask(leaf, part, answer)
    return list(answer)
print(json.dumps({"vendor": ask(0), "basic": ask(1)[2:], "more": ask(7), "most": ask(7, 1)}))
"""
TRAPPED = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).trap()"
AVX2, AVX512F, AVX512BW, AVX512VL = 5, 16, 30, 31  # of EBX
AVX512_VNNI = 11  # of ECX
AMX_TILE, AMX_INT8 = 24, 25  # of EDX


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "asks.so"
    command = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(path)]
    subprocess.run(command, input=LIBRARY, text=True, check=True)
    return path


def python(code: str, library: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, str(library)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def answers(library: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = json.loads(python(ASKING, library).stdout)
    return found


def test_it_lacks_what_an_older_one_lacks(library: Path) -> None:
    real = answers(library)
    with older.played([library]):
        played = answers(library)
    _, ebx, ecx, edx = played["more"]
    assert not any(ebx >> bit & 1 for bit in (AVX512F, AVX512BW, AVX512VL))
    assert not ecx >> AVX512_VNNI & 1
    assert not any(edx >> bit & 1 for bit in (AMX_TILE, AMX_INT8))
    assert ebx >> AVX2 & 1 == real["more"][1] >> AVX2 & 1
    assert (played["vendor"], played["basic"]) == (real["vendor"], real["basic"])


def test_it_has_nothing_that_the_real_one_lacks(library: Path) -> None:
    real = answers(library)
    with older.played([library]):
        played = answers(library)
    for leaf in ("more", "most"):
        assert not any(ours & ~its for ours, its in zip(played[leaf], real[leaf], strict=True))


def test_another_illegal_instruction_ends_the_process(library: Path) -> None:
    with older.played([library]):
        assert python(TRAPPED, library).returncode == -signal.SIGILL


def test_nothing_is_played_afterwards_and_no_file_is_changed(library: Path) -> None:
    real, bytes_before = answers(library), library.read_bytes()
    with older.played([library]):
        answers(library)
    assert answers(library) == real
    assert library.read_bytes() == bytes_before


def test_a_library_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(older, "COMPUTE", ("gone/*.so",))
    with pytest.raises(FileNotFoundError, match="gone"):
        older.computing()
