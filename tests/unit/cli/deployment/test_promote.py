"""Promoting a stage: the same images by digest, with the parameters of the second stage."""

import hashlib
import json

import pytest

from tests.fakes.cloud import FakeCloud, FakeImages, Recorder
from winnow.errors import ImageFailedError, StackStuckError
from winnow_cli.deployment.deploy import Deployment, Outcome
from winnow_cli.deployment.images import ImagePackager, Made
from winnow_cli.deployment.promote import PromotedPackager, copy_image
from winnow_cli.deployment.stages import Stage
from winnow_local.template import Checkout

TEST = Stage(name="test", account="123456789012", region="eu-central-1", stack="winnow-test")
PROD = Stage(
    name="prod",
    account="210987654321",
    region="eu-west-1",
    stack="winnow-prod",
    parameters={"MaxRuns": "50"},
)
CONFIG, LAYER = (f"sha256:{hashlib.sha256(text).hexdigest()}" for text in (b"config", b"layer"))
LAYERS = {CONFIG: b"config", LAYER: b"layer"}
MANIFEST = json.dumps({"config": {"digest": CONFIG}, "layers": [{"digest": LAYER}]})
DIGEST = f"sha256:{hashlib.sha256(MANIFEST.encode()).hexdigest()}"


class OneImage(FakeImages):
    """Each function has the same image."""

    def push(self, name, uri, tag, login, report) -> str:
        return DIGEST


def run(stage: Stage, cloud: FakeCloud, packager: ImagePackager | PromotedPackager) -> Outcome:
    return Deployment(
        stage,
        cloud,
        packager,
        packager.template,
        Recorder(),
        lambda _plan: None,
        sleep=lambda _s: None,
    ).run()


@pytest.fixture
def staging() -> FakeCloud:
    """The account in which the first stage runs."""
    cloud = FakeCloud(TEST.account)
    run(TEST, cloud, ImagePackager(Checkout.here(), OneImage()))
    key = next(key for bucket, key in cloud.objects if key.endswith("template.json"))
    cloud.templates["winnow-test"] = json.loads(
        cloud.objects["winnow-artifacts-123456789012-eu-central-1", key]
    )
    for repository in cloud.repositories:
        cloud.manifests[repository, DIGEST] = MANIFEST
        cloud.layers.update({(repository, digest): text for digest, text in LAYERS.items()})
    return cloud


def test_the_second_stage_runs_the_same_images_with_its_own_parameters(
    staging: FakeCloud,
) -> None:
    prod = FakeCloud(PROD.account)
    outcome = run(PROD, prod, PromotedPackager(TEST, staging))
    before = Made.of(staging.templates["winnow-test"])
    assert outcome.made.commit == before.commit
    assert {uri.rpartition("@")[2] for uri in outcome.made.images.values()} == {DIGEST}
    assert all(uri.startswith(PROD.account) for uri in outcome.made.images.values())
    assert set(prod.manifests) == {(f"winnow/{target}", DIGEST) for target in before.images}
    assert prod.requests[0].parameters["MaxRuns"] == "50"


def test_the_template_names_only_what_the_second_account_has(staging: FakeCloud) -> None:
    prod = FakeCloud(PROD.account)
    run(PROD, prod, PromotedPackager(TEST, staging))
    template = next(
        json.loads(body) for (_, key), body in prod.objects.items() if key.endswith("template.json")
    )
    assert TEST.account not in json.dumps(template)
    nested = template["Resources"]["Training"]["Properties"]["TemplateURL"]["Fn::Sub"]
    bucket, _, key = nested.removeprefix("https://").partition("/")
    assert bucket.startswith("winnow-artifacts-210987654321-eu-west-1.s3.")
    assert (bucket.partition(".")[0], key) in prod.objects
    buckets = {bucket for bucket, _ in prod.objects}
    assert buckets == {"winnow-artifacts-210987654321-eu-west-1"}


def test_in_one_account_and_region_nothing_is_copied(staging: FakeCloud) -> None:
    near = PROD.model_copy(update={"account": TEST.account, "region": TEST.region})
    outcome = run(near, staging, PromotedPackager(TEST, staging))
    assert outcome.made.images == Made.of(staging.templates["winnow-test"]).images
    assert not {"read_layer", "put_manifest", "download"} & set(staging.calls)


def test_a_stage_on_other_processors_is_refused(staging: FakeCloud) -> None:
    on_arm = PROD.model_copy(update={"parameters": {"Architecture": "arm64"}})
    prod = FakeCloud(on_arm.account)
    with pytest.raises(
        ImageFailedError, match=r"'test' are built for x86_64, .* Architecture=arm6"
    ):
        run(on_arm, prod, PromotedPackager(TEST, staging))
    assert (prod.objects, prod.manifests, prod.requests) == ({}, {}, [])


def test_an_image_that_is_there_is_not_copied_again(staging: FakeCloud) -> None:
    prod = FakeCloud(PROD.account)
    copy_image(staging, prod, "winnow/classify", DIGEST)
    copies = prod.calls.count("write_layer")
    copy_image(staging, prod, "winnow/classify", DIGEST)
    assert copies == len(LAYERS)
    assert prod.calls.count("write_layer") == copies


def test_an_image_that_is_gone(staging: FakeCloud) -> None:
    with pytest.raises(ImageFailedError, match="winnow/classify"):
        copy_image(FakeCloud(), FakeCloud(), "winnow/classify", DIGEST)


def test_an_image_that_changes_on_the_way_is_refused(staging: FakeCloud) -> None:
    staging.manifests["winnow/classify", DIGEST] = MANIFEST + " "
    with pytest.raises(ImageFailedError, match="another image"):
        copy_image(staging, FakeCloud(), "winnow/classify", DIGEST)


def test_a_stage_that_is_not_deployed_cannot_be_promoted() -> None:
    with pytest.raises(StackStuckError, match="not deployed"):
        PromotedPackager(TEST, FakeCloud())


def test_a_stage_that_something_else_deployed_cannot_be_promoted() -> None:
    cloud = FakeCloud()
    cloud.put_stack("winnow-test")
    cloud.templates["winnow-test"] = {"Resources": {}}
    with pytest.raises(StackStuckError, match="which images"):
        PromotedPackager(TEST, cloud)
