"""Images of the Docker engine, pushed to a registry of ECR: with an engine in memory."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.cloud import FakeCloud, FakeImages
from winnow.errors import ImageFailedError
from winnow_cli.deployment.cloud import RegistryLogin
from winnow_cli.deployment.images import DockerImages, ImagePackager, Made, architecture_of
from winnow_cli.deployment.stages import Stage
from winnow_local.template import Checkout

LOGIN = RegistryLogin(registry="registry.example.org", username="AWS", password="a-secret")
DIGEST = "sha256:" + "d" * 64
STAGE = Stage(name="test", account="123456789012", region="eu-central-1", stack="winnow-test")


class Image:
    def __init__(self, name: str) -> None:
        self.id = f"sha256:{name.encode().hex():0<64}"[:71]
        self.tags: list[tuple[str, str]] = []

    def tag(self, repository: str, tag: str) -> bool:
        self.tags.append((repository, tag))
        return True


class Engine:
    """docker's client, as far as a push needs it. `answers` are the lines of a push."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = answers or (
            {"status": "Preparing"},
            {"status": "Pushed"},
            {"aux": {"Tag": "t", "Digest": DIGEST, "Size": 1}},
        )
        self.known: dict[str, Image] = {}
        self.pushes: list[tuple[str, str, dict[str, str]]] = []

    @property
    def images(self) -> "Engine":
        return self

    def get(self, name: str) -> Image:
        return self.known.setdefault(name, Image(name))

    def push(
        self, uri: str, *, tag: str, auth_config: dict[str, str], stream: bool, decode: bool
    ) -> Iterator[dict[str, Any]]:
        assert stream
        assert decode
        self.pushes.append((uri, tag, auth_config))
        return iter(self.answers)


def images(engine: Engine) -> DockerImages:
    return DockerImages(Checkout.here(), engine)


def test_an_image_is_tagged_pushed_and_named_by_the_registry_s_digest() -> None:
    engine = Engine()
    lines: list[str] = []
    uri = "registry.example.org/winnow/classify"
    assert images(engine).push("winnow-classify:local", uri, "0a1b", LOGIN, lines.append) == DIGEST
    assert engine.known["winnow-classify:local"].tags == [(uri, "0a1b")]
    # The login is given with the push; nothing is written to docker's configuration.
    assert engine.pushes == [(uri, "0a1b", {"username": "AWS", "password": "a-secret"})]
    assert lines == ["Preparing", "Pushed"]
    assert not any("a-secret" in line for line in lines)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([{"status": "Preparing"}, {"error": "no basic auth credentials"}], "no basic auth"),
        ([{"status": "Pushed"}], "named no digest"),
        ([{"aux": {}}], "named no digest"),
    ],
)
def test_a_push_that_fails_says_why(answers: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(ImageFailedError, match=says) as failed:
        images(Engine(*answers)).push("a", "registry/a", "t", LOGIN, lambda _: None)
    assert "a-secret" not in str(failed.value)


class Built(DockerImages):
    """Building takes an engine; tests/unit/local/test_engine.py and tests/container have it."""

    def build(self, targets: list[str], architecture: str, report: Any) -> dict[str, str]:
        return {target: f"winnow-{target}:local" for target in targets}


@pytest.mark.parametrize(
    ("parameters", "architecture", "platform"),
    [
        ({}, "x86_64", "linux/amd64"),
        ({"Architecture": "x86_64"}, "x86_64", "linux/amd64"),
        ({"Architecture": "arm64"}, "arm64", "linux/arm64"),
    ],
)
def test_images_are_built_for_the_stage_s_processors(
    monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str], architecture: str, platform: str
) -> None:
    given: list[Any] = []
    monkeypatch.setattr("winnow_local.engine.build_images", lambda *found: given.append(found))
    assert architecture_of(parameters) == architecture
    images(Engine()).build(["classify"], architecture, print)
    [(_, targets, _, environment)] = given
    assert targets == ["classify"]
    assert environment["DOCKER_DEFAULT_PLATFORM"] == platform


def test_a_template_says_what_its_images_were_built_for() -> None:
    packager = ImagePackager(Checkout.here(), FakeImages(), "arm64")
    packager.build(lambda _: None)
    assert Made.of(packager.push(STAGE, FakeCloud(), lambda _: None)).architecture == "arm64"


def test_an_image_is_tagged_by_its_content_and_pushed_once() -> None:
    engine, cloud = Engine(), FakeCloud()
    packager = ImagePackager(Checkout.here(), Built(Checkout.here(), engine))
    packager.build(lambda _: None)
    template = packager.push(STAGE, cloud, lambda _: None)
    made = Made.of(template)
    assert len(engine.pushes) == len(made.images) > 5
    assert {tag for _, tag, _ in engine.pushes} == {
        image.id.removeprefix("sha256:")[:16] for image in engine.known.values()
    }
    # One login for all of them.
    assert cloud.calls.count("registry_login") == 1
    # The registry has them by now: nothing is pushed, and nobody logs in.
    for uri, tag, _ in engine.pushes:
        cloud.repositories[uri.partition("/")[2]][tag] = DIGEST
    engine.pushes.clear()
    again = packager.push(STAGE, cloud, lambda _: None)
    assert engine.pushes == []
    assert cloud.calls.count("registry_login") == 1
    assert Made.of(again).images == made.images
