"""The images' base: one name, one digest where one is locked, and no build by chance."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "functions" / "base.lock"
DOCKERFILE = (ROOT / "functions" / "Dockerfile").read_text("utf-8")
[BASE] = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE, re.M)
NAME = BASE.rpartition(":")[0]
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64

# A registry of one image, and an engine that keeps the digest of what it was given.
DOCKER = """#!/bin/sh
echo "$*" >>"$LAB/calls"
case "$1 $2" in
    "image inspect") [ -f "$LAB/here" ] && cat "$LAB/here" ;;
    "pull -q")
        [ -f "$LAB/registry" ] || exit 1
        case $3 in *@*) digest=${3##*@} ;; *) digest=$(cat "$LAB/registry") ;; esac
        echo "NAME@$digest" >"$LAB/here" ;;
    tag*) ;;
    *) exit 9 ;;
esac
""".replace("NAME", NAME)


def test_every_image_starts_from_the_one_base():
    stages = dict(reversed(pair) for pair in re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.M))
    outside = {base for base in stages.values() if base not in stages}
    assert outside == {"${BASE}"}
    assert re.fullmatch(r"[a-z0-9./-]+:[0-9.]+", BASE)


def test_a_lock_names_that_base_and_a_digest():
    if LOCK.exists():
        assert re.fullmatch(re.escape(BASE) + r"@sha256:[0-9a-f]{64}\n", LOCK.read_text("utf-8"))
    assert "base.lock" not in (ROOT / ".gitignore").read_text("utf-8")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A checkout with the script and the Dockerfile, and a docker of its own."""
    for name in (".ci/base.sh", "functions/Dockerfile"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return tmp_path


def run(lab: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{lab / 'bin'}:{os.environ['PATH']}", "LAB": str(lab)}
    return subprocess.run(
        [lab / ".ci" / "base.sh", command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_digest_that_the_registry_tells_is_locked_and_used(lab: Path):
    (lab / "registry").write_text(OLD)
    assert run(lab, "lock").returncode == 0
    assert (lab / "functions" / "base.lock").read_text() == f"{BASE}@{OLD}\n"
    # The tag has moved on, and so has the image that lies here.
    (lab / "registry").write_text(NEW)
    (lab / "here").write_text(f"{NAME}@{NEW}\n")
    assert run(lab, "use").returncode == 0
    assert f"tag {NAME}@{OLD} {BASE}" in (lab / "calls").read_text()
    assert (lab / "here").read_text() == f"{NAME}@{OLD}\n"


def test_what_is_here_already_is_not_brought_again(lab: Path):
    (lab / "functions" / "base.lock").write_text(f"{BASE}@{OLD}\n")
    (lab / "here").write_text(f"{NAME}@{OLD}\n")
    assert run(lab, "use").returncode == 0
    assert "pull" not in (lab / "calls").read_text()


def test_without_a_registry_nothing_is_locked_and_nothing_else_is_used(lab: Path):
    done = run(lab, "lock")
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert not (lab / "functions" / "base.lock").exists()
    done = run(lab, "use")
    assert done.returncode == 0
    assert "there is no functions/base.lock" in done.stderr
    (lab / "functions" / "base.lock").write_text(f"{BASE}@{OLD}\n")
    (lab / "here").write_text("\n")  # a stand-in, built here
    done = run(lab, "use")
    assert done.returncode == 1
    assert "not the image that is locked" in done.stderr


def test_a_lock_of_another_base_is_refused(lab: Path):
    (lab / "registry").write_text(OLD)
    (lab / "functions" / "base.lock").write_text(f"{NAME}:3.12@{OLD}\n")
    assert run(lab, "use").returncode == 1


def test_an_image_with_an_entry_point_of_its_own_says_its_command() -> None:
    """Docker forgets the base's command there, and Lambda would not know what to call."""
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)
    with_entry_point = [stage for stage in stages if "\nENTRYPOINT " in stage]
    assert with_entry_point
    assert all('\nCMD ["app.handler"]' in stage for stage in with_entry_point)
