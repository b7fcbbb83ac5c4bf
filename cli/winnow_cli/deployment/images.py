"""What a stack is deployed from: the images, by digest, and the template that names them.

The images are built from functions/Dockerfile, as `winnow up --docker` and `sam build` build them.
CloudFormation itself expands the template (`Transform`), as after `sam deploy`.
"""

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any, Protocol

from pydantic import Field

from winnow.errors import ImageFailedError
from winnow.models import FrozenModel
from winnow_cli.deployment.cloud import Cloud, RegistryLogin
from winnow_cli.deployment.stages import Stage
from winnow_local.template import Checkout, CodeUpload, image_targets, read_template, rewrite

REPOSITORIES = "winnow"
"""Repositories are `winnow/<target>`, for all stages of an account and region."""
METADATA = "Winnow"
"""The key of a deployed template's Metadata that says what it was made from."""
_TAG_LENGTH = 16
ARCHITECTURE = "Architecture"
"""The parameter that says what the functions run on."""
X86_64 = "x86_64"
_PLATFORMS = {X86_64: "linux/amd64", "arm64": "linux/arm64"}
"""Architecture -> Docker's name of it."""


def architecture_of(parameters: Mapping[str, str]) -> str:
    """What the functions of a stack with these parameters run on."""
    return parameters.get(ARCHITECTURE, X86_64)


class Made(FrozenModel):
    """What a deployed template was made from: the entry of its Metadata."""

    version: str = ""
    commit: str = ""
    images: dict[str, str] = Field(default_factory=dict)
    """target -> image by digest"""
    source: str = ""
    """SHA-256 of the template before it was packaged."""
    architecture: str = X86_64
    """What the images were built for."""

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> "Made":
        """What a template says; empty fields if it was deployed by something else."""
        given = (template.get("Metadata") or {}).get(METADATA) or {}
        known = {name: given[name] for name in cls.model_fields if name in given}
        return cls.model_validate(known)

    @property
    def label(self) -> str:
        """Version and commit, for people."""
        return f"{self.version} ({self.commit})" if self.commit else self.version


class Packager(Protocol):
    """Makes what a stack is deployed from."""

    def build(self, report: Callable[[str], None]) -> None:
        """Build what is needed, on this machine."""

    def push(self, stage: Stage, cloud: Cloud, report: Callable[[str], None]) -> dict[str, Any]:
        """Bring it to the stage's account; returns the template that names it."""


class Images(Protocol):
    """The Docker engine's images."""

    def build(
        self, targets: list[str], architecture: str, report: Callable[[str], None]
    ) -> dict[str, str]:
        """Build the images for an architecture; returns their names by target."""

    def id(self, name: str) -> str:
        """What identifies an image's content."""

    def push(
        self, name: str, uri: str, tag: str, login: RegistryLogin, report: Callable[[str], None]
    ) -> str:
        """Push an image; returns its digest in the registry."""


class ImagePackager:
    """Images of this checkout, and its template."""

    def __init__(self, checkout: Checkout, images: Images, architecture: str = X86_64) -> None:
        self._checkout = checkout
        self._images = images
        self._architecture = architecture
        self.template = read_template(checkout.template)
        self._built: dict[str, str] = {}

    def build(self, report: Callable[[str], None]) -> None:
        targets = image_targets(self.template)
        self._built = self._images.build(targets, self._architecture, report)

    def push(self, stage: Stage, cloud: Cloud, report: Callable[[str], None]) -> dict[str, Any]:
        login: RegistryLogin | None = None
        pushed: dict[str, str] = {}
        for number, (target, name) in enumerate(self._built.items(), start=1):
            what = f"image {number} of {len(self._built)}, {target}"
            report(what)
            repository = f"{REPOSITORIES}/{target}"
            uri = cloud.ensure_repository(repository)
            tag = self._images.id(name).removeprefix("sha256:")[:_TAG_LENGTH]
            digest = cloud.digest(repository, tag)
            if digest is None:
                login = login or cloud.registry_login()
                digest = self._images.push(name, uri, tag, login, partial(_report_of, report, what))
            pushed[target] = f"{uri}@{digest}"
        bucket = artifacts_bucket(stage)
        template, uploads = rewrite(self.template, self._checkout, bucket, {}, pushed)
        store(cloud, bucket, uploads)
        commit, dirty = commit_of(self._checkout)
        made = Made(
            version=version("winnow"),
            commit=f"{commit}, changed" if dirty else commit,
            images=pushed,
            source=digest_of(self.template),
            architecture=self._architecture,
        )
        return with_made(template, made)


class DockerImages:
    """The engine that the docker command talks to."""

    def __init__(self, checkout: Checkout, client: Any = None) -> None:
        """`client` is docker's; None: one of the engine that is found when it is needed."""
        self._checkout = checkout
        self._client = client

    def _engine(self) -> Any:
        if self._client is None:
            import docker

            from winnow_local.engine import find_engine

            self._client = docker.DockerClient(base_url=find_engine().host)
        return self._client

    def build(
        self, targets: list[str], architecture: str, report: Callable[[str], None]
    ) -> dict[str, str]:
        from winnow_local.engine import build_images

        environment = {
            # Lambda refuses images with an index around them, which attestations make necessary.
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            # Also where this machine has another architecture.
            "DOCKER_DEFAULT_PLATFORM": _PLATFORMS[architecture],
        }
        return build_images(self._checkout, targets, report, environment)

    def id(self, name: str) -> str:
        return str(self._engine().images.get(name).id)

    def push(
        self, name: str, uri: str, tag: str, login: RegistryLogin, report: Callable[[str], None]
    ) -> str:
        engine = self._engine()
        engine.images.get(name).tag(uri, tag)
        # Given for this push alone: nothing is written to Docker's configuration.
        auth = {"username": login.username, "password": login.password}
        digest = ""
        for line in engine.images.push(uri, tag=tag, auth_config=auth, stream=True, decode=True):
            if "error" in line:
                raise ImageFailedError(f"{name} cannot be pushed: {line['error']}")
            digest = line.get("aux", {}).get("Digest", digest)
            if status := line.get("status"):
                report(status)
        if not digest:
            raise ImageFailedError(f"{name} was pushed, but the registry named no digest.")
        return digest


def _report_of(report: Callable[[str], None], what: str, line: str) -> None:
    report(f"{what}: {line}")


def artifacts_bucket(stage: Stage) -> str:
    """The bucket for templates and definitions of workflows, for all stages of an account."""
    return f"winnow-artifacts-{stage.account}-{stage.region}"


def store(cloud: Cloud, bucket: str, uploads: list[CodeUpload]) -> None:
    """Put files into the bucket for them, which is made if it is not there."""
    cloud.ensure_bucket(bucket)
    for upload in uploads:
        cloud.upload(bucket, upload.key, upload.content)


def store_template(stage: Stage, cloud: Cloud, template: Mapping[str, Any]) -> str:
    """Put a template into the bucket; returns the address that CloudFormation reads it at."""
    body = json.dumps(template, sort_keys=True).encode()
    bucket = artifacts_bucket(stage)
    cloud.ensure_bucket(bucket)
    key = f"{stage.stack}/{hashlib.sha256(body).hexdigest()[:16]}/template.json"
    return cloud.upload(bucket, key, body)


def with_made(template: Mapping[str, Any], made: Made) -> dict[str, Any]:
    """The template with what it was made from in its Metadata."""
    metadata = {**(template.get("Metadata") or {}), METADATA: made.model_dump(mode="json")}
    return {**template, "Metadata": metadata}


def digest_of(template: Mapping[str, Any]) -> str:
    """The SHA-256 of a template, whatever the order and format of its file."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()


def commit_of(checkout: Checkout) -> tuple[str, bool]:
    """The commit of a checkout, and whether it has changes; empty without Git."""
    git = ["git", "-C", str(checkout.root)]
    try:
        head = subprocess.run(  # noqa: S603
            [*git, "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, timeout=20
        )
        status = subprocess.run(  # noqa: S603
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "", False
    # stages.toml and samconfig.toml are not deployed.
    changed = [
        line
        for line in status.stdout.splitlines()
        if not line.endswith(("stages.toml", "samconfig.toml"))
    ]
    return head.stdout.strip(), bool(changed)
