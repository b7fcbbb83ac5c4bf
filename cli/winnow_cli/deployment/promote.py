"""Promoting a stage: what runs in one goes to another, by digest, without a build.

The template is that of the first stage's stack, the parameters are the second one's own. Images
are copied between registries as they are, layer by layer: their digests stay the same, and no
Docker engine is needed.
"""

import json
from collections.abc import Callable
from typing import Any

from winnow.errors import ImageFailedError, StackStuckError
from winnow_cli.deployment.cloud import Cloud
from winnow_cli.deployment.images import (
    ARCHITECTURE,
    REPOSITORIES,
    Made,
    architecture_of,
    artifacts_bucket,
    with_made,
)
from winnow_cli.deployment.stages import Stage
from winnow_local.template import NESTED


class PromotedPackager:
    """What runs in a stage, as a package for another."""

    def __init__(self, source: Stage, cloud: Cloud) -> None:
        """Read what runs in the stage.

        Raises:
            StackStuckError: it is not deployed, or not by `winnow deploy`.
        """
        self._source, self._cloud = source, cloud
        stack = cloud.stack(source.stack)
        if stack is None or stack.status not in (
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
        ):
            status = "not deployed" if stack is None else stack.status
            raise StackStuckError(f"{source.name!r} cannot be promoted: it is {status}.")
        self.template = cloud.template(source.stack)
        self.made = Made.of(self.template)
        if not self.made.images:
            raise StackStuckError(
                f"{source.name!r} does not say which images it runs: `winnow deploy` has not "
                "deployed it.",
                hint=f"Deploy it once with `winnow deploy {source.name}`.",
            )

    def build(self, report: Callable[[str], None]) -> None:
        report("nothing to build")

    def push(self, stage: Stage, cloud: Cloud, report: Callable[[str], None]) -> dict[str, Any]:
        self._require_same_architecture(stage)
        template: dict[str, Any] = json.loads(json.dumps(self.template))
        addresses: dict[str, str] = {}
        images: dict[str, str] = {}
        for number, (target, image) in enumerate(self.made.images.items(), start=1):
            report(f"image {number} of {len(self.made.images)}, {target}")
            digest = image.rpartition("@")[2]
            images[target] = self._image(stage, cloud, target, digest)
            addresses[image] = images[target]
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if isinstance(properties.get("ImageUri"), str):
                properties["ImageUri"] = addresses[properties["ImageUri"]]
            definition = properties.get("DefinitionUri")
            if isinstance(definition, dict):
                properties["DefinitionUri"] = self._definition(stage, cloud, definition)
            if resource["Type"] == NESTED:
                properties["TemplateURL"] = self._nested(stage, cloud, properties["TemplateURL"])
        return with_made(template, self.made.model_copy(update={"images": images}))

    def _require_same_architecture(self, stage: Stage) -> None:
        wanted, built = architecture_of(stage.parameters), self.made.architecture
        if wanted != built:
            raise ImageFailedError(
                f"The images of {self._source.name!r} are built for {built}, and {stage.name!r} "
                f"has {ARCHITECTURE}={wanted}.",
                hint=f"Nothing is deployed. Give both stages the same {ARCHITECTURE}, or build for "
                f"{stage.name!r} with `winnow deploy {stage.name}`.",
            )

    def _image(self, stage: Stage, cloud: Cloud, target: str, digest: str) -> str:
        repository = f"{REPOSITORIES}/{target}"
        uri = cloud.ensure_repository(repository)
        if not self._same_place(stage):
            copy_image(self._cloud, cloud, repository, digest)
        return f"{uri}@{digest}"

    def _definition(self, stage: Stage, cloud: Cloud, definition: dict[str, Any]) -> dict[str, Any]:
        bucket = self._copy(stage, cloud, definition["Key"])
        return {**definition, "Bucket": bucket}

    def _nested(self, stage: Stage, cloud: Cloud, url: dict[str, str]) -> dict[str, str]:
        bucket = self._copy(stage, cloud, url["Fn::Sub"].split("/", 3)[3])
        return {"Fn::Sub": url["Fn::Sub"].replace(artifacts_bucket(self._source), bucket)}

    def _copy(self, stage: Stage, cloud: Cloud, key: str) -> str:
        """Bring a file of the first stage to the second one's bucket, whose name it returns."""
        bucket = artifacts_bucket(stage)
        if not self._same_place(stage):
            cloud.ensure_bucket(bucket)
            cloud.upload(bucket, key, self._cloud.download(artifacts_bucket(self._source), key))
        return bucket

    def _same_place(self, stage: Stage) -> bool:
        source = self._source
        return (source.account, source.region) == (stage.account, stage.region)


def copy_image(source: Cloud, into: Cloud, repository: str, digest: str) -> None:
    """Copy an image between registries, unless it is there.

    Raises:
        ImageFailedError: it is not in the first registry, or has another digest in the second.
    """
    if into.manifest(repository, digest) is not None:
        return
    manifest = source.manifest(repository, digest)
    if manifest is None:
        raise ImageFailedError(
            f"The registry has no image {digest[:19]}… of {repository} any more.",
            hint="Deploy the first stage again, then promote it.",
        )
    parsed = json.loads(manifest)
    for layer in [parsed["config"], *parsed["layers"]]:
        if not into.has_layer(repository, layer["digest"]):
            into.write_layer(
                repository, layer["digest"], source.read_layer(repository, layer["digest"])
            )
    there = into.put_manifest(repository, manifest, digest.removeprefix("sha256:")[:16])
    if there != digest:
        raise ImageFailedError(f"{repository} became another image on the way: {there[:19]}….")
