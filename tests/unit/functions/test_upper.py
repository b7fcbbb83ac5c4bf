"""Packages that images have in common are layers of their own, below the others."""

import re
from pathlib import Path

import pytest

from functions.upper import keep_upper

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "functions" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
PARTS = re.split(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, flags=re.M)[1:]
STAGES = {name: (base, body) for base, name, body in zip(*[iter(PARTS)] * 3, strict=True)}
LOWER = {
    name.removesuffix("-packages"): re.findall(r"--from=(\S+)-packages \S+ below/", body)
    for name, (_, body) in STAGES.items()
    if name.endswith("-packages")
}
"""Packages -> those that they are without."""
IMAGES = {
    name: re.findall(r"--from=(\S+)-packages \S+ \$", body)
    for name, (base, body) in STAGES.items()
    if base == "function"
}
"""Image -> its layers of packages, lowest first."""


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_what_is_the_same_below_is_left_out(tmp_path: Path) -> None:
    every = {"a/same.py": "1", "a/other.py": "1", "b/deep/same.py": "1", "c/new.py": "1"}
    folder = tree(tmp_path / "packages", every)
    below = tree(tmp_path / "below", {"a/same.py": "1", "a/other.py": "2", "b/deep/same.py": "1"})
    keep_upper(folder, below)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert found == {"a", "a/other.py", "c", "c/new.py"}
    assert (below / "b" / "deep" / "same.py").is_file()


def test_what_is_only_below_stops_the_build(tmp_path: Path) -> None:
    folder = tree(tmp_path / "packages", {"a.py": ""})
    below = tree(tmp_path / "below", {"a.py": "", "b/old.py": ""})
    with pytest.raises(SystemExit, match=r"b/old\.py is below"):
        keep_upper(folder, below)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_what_its_own_packages_are_without(image: str) -> None:
    *lower, own = IMAGES[image]
    assert lower == LOWER[own]


def test_what_images_have_in_common_comes_first() -> None:
    """A layer is only the same where those below it are."""
    for image, (base, body) in STAGES.items():
        if base == "function" and "classify" in IMAGES[image]:
            copied = re.findall(r"^COPY --from=(\S+) ", body, re.M)
            assert copied[:3] == ["filter-packages", "classify-packages", "model"], image
    assert {layers[0] for layers in IMAGES.values()} == {"filter", "classify-tensorflow"}
