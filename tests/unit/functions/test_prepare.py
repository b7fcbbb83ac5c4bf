"""What an image leaves out of installed packages."""

from pathlib import Path

import pytest

from functions.prepare import DROP, NEEDED_BY, ONLY_FOR, slim


def installed(folder: Path, package: str) -> None:
    """A package with everything in it that is left out."""
    for pattern in DROP[package]:
        path = folder / package / pattern.replace("**/", "deep/").replace("*", "one")
        path.mkdir(parents=True)
    (folder / package / "kept").mkdir()


@pytest.mark.parametrize("with_scipy", [False, True])
def test_what_another_package_loads_is_kept_where_that_is_installed(
    tmp_path: Path, with_scipy: bool
) -> None:
    installed(tmp_path, "numpy")
    if with_scipy:
        installed(tmp_path, "scipy")
    slim(tmp_path)
    assert (tmp_path / "numpy" / "kept").is_dir()
    assert not (tmp_path / "numpy" / "_core" / "lib").exists()
    assert (tmp_path / "numpy" / "f2py").is_dir() is with_scipy


def test_a_rule_that_matches_nothing_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    with pytest.raises(SystemExit, match="numpy has no"):
        slim(tmp_path)


def test_what_is_kept_for_another_package_would_be_left_out_without_it() -> None:
    for folder in NEEDED_BY:
        package, _, pattern = folder.partition("/")
        assert pattern in DROP[package]


@pytest.mark.parametrize("folder", ONLY_FOR)
def test_what_only_one_machine_s_wheels_have_may_be_missing_on_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    package, _, pattern = folder.partition("/")
    installed(tmp_path, package)
    (tmp_path / package / pattern).rmdir()
    monkeypatch.setattr("functions.prepare.machine", lambda: ONLY_FOR[folder])
    with pytest.raises(SystemExit, match=f"{package} has no {pattern}"):
        slim(tmp_path)
    monkeypatch.setattr("functions.prepare.machine", lambda: "another")
    installed(tmp_path / "again", package)
    (tmp_path / "again" / package / pattern).rmdir()
    slim(tmp_path / "again")
    assert (tmp_path / "again" / package / "kept").is_dir()
