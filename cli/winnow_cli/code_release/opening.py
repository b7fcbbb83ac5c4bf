"""Opens a release of code on a target: the adapters, and the package of the new code."""

from pathlib import Path

from winnow.errors import CodeReleaseUnsupportedError, ReleaseInvalidError
from winnow_cli.code_release.blue_green import BlueGreen
from winnow_cli.code_release.canary import OUTPUT, open_code
from winnow_cli.code_release.second_stack import Template
from winnow_cli.code_release.stacks import Stacks
from winnow_cli.code_release.store import StacksTable
from winnow_cli.models import TABLE
from winnow_cli.reviews import caller
from winnow_cli.target import Target

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


def packaged(target: Target, template: Path | None) -> Template:
    """The template of the new code, which is in a bucket by then.

    Args:
        template: What `sam package` wrote; None: the checkout, on the local stack.

    Raises:
        CodeReleaseUnsupportedError: In AWS no template is given, or it is not packaged.
    """
    if target.local and template is None:
        from winnow_local.deploy import package
        from winnow_local.stack import function_environment
        from winnow_local.template import Checkout

        checkout = Checkout.here()
        return package(str(target.endpoint), checkout, function_environment(checkout))
    from winnow_local.template import read_template

    if template is None:
        raise CodeReleaseUnsupportedError(
            "Name the template of the new code with --template: `sam build`, then `sam package "
            "--resolve-s3 --resolve-image-repos --output-template-file FILE`."
        )
    made = read_template(template)
    for name, resource in made["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and "ImageUri" not in properties:
            raise CodeReleaseUnsupportedError(
                f"{template.name} is not packaged: {name} has no image."
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
