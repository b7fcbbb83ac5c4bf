"""Files in the place of others: whole, or not at all."""

from pathlib import Path

import pytest

from winnow.storage.replacing import replace_file, replace_files


def test_a_file_takes_the_place_of_another_with_its_rights(tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_bytes(b"old")
    old.chmod(0o640)
    replace_file(old, b"new")
    replace_file(tmp_path / "fresh.yaml", b"fresh")
    assert old.read_bytes() == b"new"
    assert old.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh.yaml", "old.yaml"]


def test_if_one_cannot_be_written_all_stay_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        path.write_bytes(b"old")
    synced: list[int] = []

    def full(handle: int) -> None:
        synced.append(handle)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_files({first: b"new", second: b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "first": b"old",
        "second": b"old",
    }


def test_a_link_stays_and_leads_to_the_new_file(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    old, link, second = folder / "old.toml", tmp_path / "link.toml", tmp_path / "second.toml"
    old.write_bytes(b"old")
    link.symlink_to(old)
    second.symlink_to("link.toml")
    replace_file(second, b"new")
    assert (link.is_symlink(), second.is_symlink()) == (True, True)
    assert old.read_bytes() == b"new"
    assert [path.name for path in folder.iterdir()] == ["old.toml"]
    dangling = tmp_path / "dangling.toml"
    dangling.symlink_to(folder / "fresh.toml")
    replace_file(dangling, b"fresh")
    assert (folder / "fresh.toml").read_bytes() == b"fresh"
