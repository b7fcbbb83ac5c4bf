"""Opens a release of code on a target: the adapters, and the package of the new code."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.errors import CodeReleaseUnsupportedError, ReleaseInvalidError
from winnow_cli.code_release.blue_green import BlueGreen
from winnow_cli.code_release.canary import OUTPUT, open_code
from winnow_cli.code_release.second_stack import Template
from winnow_cli.code_release.stacks import Stacks
from winnow_cli.code_release.store import StacksTable
from winnow_cli.models import TABLE
from winnow_cli.reviews import caller
from winnow_cli.target import Target

if TYPE_CHECKING:
    from winnow_cli.deployment.cloud import Cloud
    from winnow_cli.deployment.images import Images
    from winnow_cli.deployment.stages import Stage
    from winnow_local.template import Checkout

_LOCAL_POLL_S = 0.2


def open_stacks(target: Target) -> BlueGreen:
    """The first and the second stack of a target."""
    return BlueGreen(
        target,
        _stacks(target),
        StacksTable(target.dynamodb(), target.output(TABLE)),
        lambda: caller(target),
        refuse=lambda: _refuse_canary(target),
    )


def refuse_second(stacks: BlueGreen) -> None:
    """Raises ReleaseInvalidError while there is a second stack."""
    if stacks.there:
        raise ReleaseInvalidError(
            f"{stacks.second} is there: a canary would be of the first stack alone. Flip back and "
            "delete it first (`winnow release stop --code`)."
        )


def packaged(
    target: Target, template: Path | None, report: Callable[[str], None] = lambda _: None
) -> Template:
    """The template of the new code, which is in a bucket and a registry by then.

    Args:
        template: What `sam package` wrote; None: this checkout is built and pushed.
        report: Gets what is built and pushed.

    Raises:
        CodeReleaseUnsupportedError: The template is not packaged.
        ImageFailedError: An image cannot be built or pushed.
    """
    if template is not None:
        return _of_sam(template)
    if target.local:
        from winnow_local.deploy import package
        from winnow_local.stack import function_environment
        from winnow_local.template import Checkout

        checkout = Checkout.here()
        return package(str(target.endpoint), checkout, function_environment(checkout))
    from winnow_cli.deployment.cloud import AwsCloud
    from winnow_cli.deployment.images import DockerImages
    from winnow_cli.deployment.stages import Stage
    from winnow_local.template import Checkout

    stage = Stage(name=target.name, region=target.session.region_name, stack=target.stack_name)
    checkout = Checkout.here()
    return built(stage, AwsCloud(stage, target.session), checkout, DockerImages(checkout), report)


def built(
    stage: "Stage",
    cloud: "Cloud",
    checkout: "Checkout",
    images: "Images",
    report: Callable[[str], None],
) -> Template:
    """The template of a checkout, whose images are built and pushed by digest.

    Args:
        stage: Where the second stack is made; its account is the credentials', and it has the
            architecture of the first.

    Raises:
        ImageFailedError: An image cannot be built or pushed.
    """
    from winnow_cli.deployment.images import ImagePackager, architecture_of

    first = cloud.stack(stage.stack)
    packager = ImagePackager(checkout, images, architecture_of(first.parameters if first else {}))
    packager.build(report)
    there = stage.model_copy(update={"account": cloud.identity().account})
    return packager.push(there, cloud, report)


def _of_sam(path: Path) -> Template:
    from winnow_local.template import read_template

    made = read_template(path)
    for name, resource in made["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and "ImageUri" not in properties:
            raise CodeReleaseUnsupportedError(
                f"{path.name} is not packaged: {name} has no image. `sam package --resolve-s3 "
                "--resolve-image-repos` names them; without --template this checkout is built."
            )
    return made


def _stacks(target: Target) -> Stacks:
    if target.local:
        from winnow_local.deploy import ARTIFACTS_BUCKET

        bucket, address = ARTIFACTS_BUCKET, f"{target.endpoint}/{ARTIFACTS_BUCKET}"
        poll_s = _LOCAL_POLL_S
    else:
        # The template holds no text and no secret; the bucket is private, and the prefix expires.
        bucket = target.results_bucket
        region = target.session.region_name
        address, poll_s = f"https://{bucket}.s3.{region}.amazonaws.com", 5.0
    return Stacks(target.client("cloudformation"), target.s3(), bucket, address, poll_s=poll_s)


def _refuse_canary(target: Target) -> None:
    if OUTPUT in target.outputs and open_code(target).canary_under_way():
        raise ReleaseInvalidError(
            "A canary of code is under way. End it first (`winnow release stop --code`)."
        )
