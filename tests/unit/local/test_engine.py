"""`winnow up --docker` where there is no engine, and what it asks of one that there is."""

import stat
from pathlib import Path

import pytest

from winnow.errors import DockerMissingError, ModelInvalidError, StackFailedError
from winnow_local.engine import build_images, find_engine, remove_containers
from winnow_local.template import Checkout


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker command of the test's own, the only program on the path but the shell's."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "docker"


def script(docker: Path, body: str) -> None:
    docker.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    model = tmp_path / "build" / "model"
    model.mkdir(parents=True)
    for name in ("manifest.json", "tokenizer.model", "use-lite-int8.tflite"):
        (model / name).touch()
    return Checkout(tmp_path)


def test_no_docker_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DockerMissingError, match="no docker command"):
        find_engine()


def test_an_engine_that_does_not_answer_is_told_in_dockers_words(docker: Path) -> None:
    script(docker, 'echo "Cannot connect to the Docker daemon. Is it running?" >&2; exit 1')
    with pytest.raises(DockerMissingError, match="Is it running"):
        find_engine()


@pytest.mark.parametrize(
    ("config", "listen"),
    [
        ('[{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]', "172.17.0.1"),
        ('[{"Subnet": "fd00::/64"}, {"Subnet": "10.1.0.0/24"}]', "10.1.0.1"),
    ],
)
def test_containers_reach_the_bridges_own_address(
    docker: Path, monkeypatch: pytest.MonkeyPatch, config: str, listen: str
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    script(docker, f"case $1 in context) echo unix:///e.sock ;; network) echo '{config}' ;; esac")
    engine = find_engine()
    assert (engine.host, engine.listen, engine.seen_as) == ("unix:///e.sock", listen, listen)


def test_elsewhere_the_engine_forwards_a_name(
    docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    script(docker, "echo unix:///e.sock")
    engine = find_engine()
    assert (engine.listen, engine.seen_as) == ("127.0.0.1", "host.docker.internal")


def test_every_target_is_built_and_its_progress_told(docker: Path, checkout: Checkout) -> None:
    script(docker, 'echo "$@" >> calls; echo "Step 1/2"')
    lines: list[str] = []
    images = build_images(checkout, ["a", "b"], lines.append)
    assert images == {"a": "winnow-a:local", "b": "winnow-b:local"}
    assert (checkout.root / "calls").read_text() == (
        "build -f functions/Dockerfile --target a -t winnow-a:local .\n"
        "build -f functions/Dockerfile --target b -t winnow-b:local .\n"
    )
    assert lines[-1] == "image 2 of 2, b: Step 1/2"


def test_an_image_that_cannot_be_built_is_told_with_dockers_last_words(
    docker: Path, checkout: Checkout
) -> None:
    script(docker, 'echo "Step 7/9"; echo "no space left on device" >&2; exit 1')
    with pytest.raises(StackFailedError) as failed:
        build_images(checkout, ["classify"], lambda _: None)
    assert "classify" in failed.value.message
    assert "no space left on device" in failed.value.message


def test_without_the_model_no_image_is_begun(docker: Path, checkout: Checkout) -> None:
    script(docker, "touch called")
    (checkout.root / "build" / "model" / "tokenizer.model").unlink()
    with pytest.raises(ModelInvalidError):
        build_images(checkout, ["classify"], lambda _: None)
    assert not (checkout.root / "called").exists()


def test_containers_are_removed_until_there_is_none(docker: Path, checkout: Checkout) -> None:
    script(
        docker,
        "case $1 in ps) mv left now 2>/dev/null && cat now; mv late left 2>/dev/null ;;\n"
        'rm) echo "$@" >> calls ;; esac; true',
    )
    (checkout.root / "left").write_text("one\ntwo\n")
    (checkout.root / "late").write_text("three\n")
    assert remove_containers("ministack.instance=here:1") == 3
    calls = (checkout.root / "calls").read_text().splitlines()
    assert [sorted(call.split()[3:]) for call in calls] == [["one", "two"], ["three"]]


def test_a_container_that_somebody_removes_at_the_same_time_is_no_trouble(
    docker: Path, checkout: Checkout
) -> None:
    script(
        docker,
        "case $1 in ps) cat left 2>/dev/null; true ;;\n"
        'rm) rm left; echo "removal of container one is already in progress" >&2; exit 1 ;; esac',
    )
    (checkout.root / "left").write_text("one\n")
    assert remove_containers("ministack.instance=here:1") == 1


def test_containers_that_docker_does_not_remove_are_told(docker: Path, checkout: Checkout) -> None:
    script(docker, 'case $1 in ps) echo one ;; rm) echo "permission denied" >&2; exit 1 ;; esac')
    with pytest.raises(DockerMissingError, match="permission denied"):
        remove_containers("ministack.instance=here:1", timeout_s=0)


def test_where_the_engine_has_gone_there_is_nothing_to_remove(docker: Path) -> None:
    script(docker, "exit 1")
    assert remove_containers("ministack.instance=here:1") == 0
