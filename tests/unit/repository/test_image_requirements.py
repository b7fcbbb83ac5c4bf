"""The images hold the very versions that the tests run with; every lock has hashes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted(ROOT.glob("functions/*/requirements*.txt"))
LAPTOP = sorted(path.with_suffix(".txt") for path in ROOT.glob("requirements/*.in"))
_PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>.*?))? \\$", re.M)
_NEVER = "sys_platform == 'never'"


def _pins(lock: Path) -> dict[str, str]:
    """Package -> version, for what pip installs on some machine."""
    found = _PIN.finditer(lock.read_text(encoding="utf-8"))
    return {pin["name"]: pin["version"] for pin in found if pin["marker"] != _NEVER}


def test_every_function_has_a_lock() -> None:
    assert {lock.parent.name for lock in LOCKS} == {
        "serialize",
        "scan",
        "classify",
        "filter",
        "api",
        "index",
        "train",
    }
    assert all(_pins(lock) for lock in LOCKS)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_versions_are_those_of_the_tests(lock: Path) -> None:
    tested = _pins(ROOT / "requirements" / "dev.txt")
    assert {name: tested.get(name) for name in _pins(lock)} == _pins(lock)


@pytest.mark.parametrize("lock", LOCKS + LAPTOP, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_pin_has_a_hash_and_no_index_is_named(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"^-|://", text, re.M)
    for line, after in zip(text.splitlines(), text.splitlines()[1:], strict=False):
        if "==" in line and not line.lstrip().startswith("#"):
            assert after.startswith("    --hash=sha256:")


@pytest.mark.parametrize("lock", LOCKS + LAPTOP, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_direct_dependency_is_left_out(lock: Path) -> None:
    direct = {
        re.split(r"[ ;=<[]", line)[0].lower()
        for line in lock.with_suffix(".in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "-"))
    }
    assert direct <= set(_pins(lock))
