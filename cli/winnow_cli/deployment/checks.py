"""What is looked at before a deployment, each with what to do about it.

A check fails if the deployment would. It warns if the deployment would succeed, but not all would
work, or if AWS cannot be asked.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from winnow.errors import AwsError, DockerMissingError, WinnowError
from winnow.models import FrozenModel
from winnow_cli.deployment.cloud import Cloud, Concurrency, StackInfo
from winnow_cli.deployment.parameters import Parameters
from winnow_cli.deployment.stages import Stage, parameter_problems

State = Literal["ok", "warning", "failed"]

_UNRESERVED_LEAST = 100
"""Concurrent executions that Lambda keeps unreserved."""
_USUAL_CONCURRENCY = 1_000
_NEW_ACCOUNT_MEMORY_MB = 3_008
_SERVICES = {
    "AWS::ApiGatewayV2": "apigatewayv2",
    "AWS::CloudWatch": "cloudwatch",
    "AWS::Cognito": "cognito-idp",
    "AWS::DynamoDB": "dynamodb",
    "AWS::Events": "events",
    "AWS::KMS": "kms",
    "AWS::Lambda": "lambda",
    "AWS::S3": "s3",
    "AWS::SNS": "sns",
    "AWS::SQS": "sqs",
    "AWS::Scheduler": "scheduler",
    "AWS::StepFunctions": "stepfunctions",
}
"""Beginning of a type of resource -> the service as botocore calls it."""
_DEAD_STATES = {
    "ROLLBACK_COMPLETE": "its first deployment failed and was taken back",
    "ROLLBACK_FAILED": "its first deployment failed, and so did taking it back",
    "CREATE_FAILED": "its first deployment failed",
    "DELETE_FAILED": "it could not be deleted altogether",
}


class Check(FrozenModel):
    """What one check found."""

    name: str
    state: State
    detail: str
    advice: str = ""

    @property
    def failed(self) -> bool:
        return self.state == "failed"


def ok(name: str, detail: str) -> Check:
    """A check that found nothing wrong."""
    return Check(name=name, state="ok", detail=detail)


def check_parameters(stage: Stage, parameters: Parameters) -> Check:
    """Whether the template takes the stage's parameters."""
    problems = parameter_problems(stage, parameters)
    if problems:
        return Check(
            name="parameters",
            state="failed",
            detail=" ".join(problems),
            advice=f"Correct [stages.{stage.name}.parameters] in stages.toml.",
        )
    return ok("parameters", f"{len(stage.parameters)} set, the others as in template.yaml")


def check_account(stage: Stage, cloud: Cloud) -> Check:
    """Whether there are credentials, AWS accepts them, and they are for the stage's account."""
    try:
        identity = cloud.identity()
    except AwsError as error:
        return Check(name="account", state="failed", detail=error.message, advice=error.hint)
    if identity.account != stage.account:
        return Check(
            name="account",
            state="failed",
            detail=f"the stage is in {stage.account}, the credentials are for {identity.account}",
            advice="Sign in to the stage's account: set AWS_PROFILE, or `profile` of the stage.",
        )
    # The end of the ARN is the role with the session, or the user: enough to know who deploys.
    return ok("account", f"{identity.account}, as {identity.arn.rsplit(':', 1)[-1]}")


def check_stack(stage: Stage, stack: StackInfo | None) -> Check:
    """Whether the stack is in a state in which it can be deployed."""
    if stack is None or stack.only_planned:
        return ok("stack", f"{stage.stack} is not there yet: it will be made")
    if stack.under_way:
        return Check(
            name="stack",
            state="failed",
            detail=f"another deployment is under way ({stack.status})",
            advice=f"Wait for it: `winnow deploy {stage.name} --follow`. To take it back: "
            f"`winnow deploy {stage.name} --cancel`.",
        )
    if stack.status in _DEAD_STATES:
        return Check(
            name="stack",
            state="failed",
            detail=f"{_DEAD_STATES[stack.status]} ({stack.status})",
            advice=f"It cannot be updated. Delete it with `winnow destroy {stage.name}`, then "
            "deploy again.",
        )
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        return Check(
            name="stack",
            state="failed",
            detail="an update failed, and so did taking it back (UPDATE_ROLLBACK_FAILED)",
            advice="Correct what the stack's events name, then `aws cloudformation "
            f"continue-update-rollback --stack-name {stage.stack} --region {stage.region}`.",
        )
    since = f", deployed {stack.changed_at:%Y-%m-%d %H:%M} UTC" if stack.changed_at else ""
    return ok("stack", f"{stage.stack} is there{since}: it will be updated")


def check_docker(find: Callable[[], object]) -> Check:
    """Whether a Docker engine answers; `find` raises DockerMissingError if none does."""
    try:
        find()
    except DockerMissingError as error:
        return Check(
            name="docker",
            state="failed",
            detail=error.message,
            advice="Start Docker and check that `docker info` answers. `winnow stages promote A "
            "B` brings images that are built already, without it.",
        )
    return ok("docker", "an engine answers")


def check_model(build: Callable[[], bool]) -> Check:
    """Whether the model that goes into the images is built."""
    if not build():
        return Check(
            name="model",
            state="failed",
            detail="there is no model for the images in build/model",
            advice="Run `winnow model build`.",
        )
    return ok("model", "built")


def check_code(dirty: bool, commit: str) -> Check:
    """Whether what is deployed can be found again."""
    if dirty:
        return Check(
            name="code",
            state="warning",
            detail=f"this checkout has changes that are in no commit ({commit})",
            advice="Commit them, so that what runs can be found again.",
        )
    return ok("code", commit)


def check_base(locked: bool) -> Check:
    """Whether the images' base is held to a digest."""
    if not locked:
        return Check(
            name="base image",
            state="warning",
            detail="it is whatever its tag names today: there is no functions/base.lock",
            advice="`make base-digest base` holds it to a digest.",
        )
    return ok("base image", "held to the digest of functions/base.lock")


def check_concurrency(
    values: Mapping[str, str], template: Mapping[str, Any], limits: Concurrency
) -> Check:
    """Whether the account's concurrent executions are enough for what is asked."""
    name = "concurrency"
    functions = sum(
        "ReservedConcurrentExecutions" in resource.get("Properties", {})
        for resource in template["Resources"].values()
    )
    reserved = int(values.get("ReservedConcurrency", "0")) * functions
    left = limits.limit - reserved
    if reserved and left < _UNRESERVED_LEAST:
        return Check(
            name=name,
            state="failed",
            detail=f"{reserved} would be reserved of {limits.limit:,}, and {_UNRESERVED_LEAST} "
            "have to stay unreserved",
            advice="Lower ReservedConcurrency, or have the quota `Concurrent executions` of "
            "Lambda raised in Service Quotas.",
        )
    if limits.limit < int(values.get("MapConcurrency", "0")):
        return Check(
            name=name,
            state="warning",
            detail=f"the account has {limits.limit:,}, fewer than MapConcurrency asks for",
            advice="Nothing is lost, calls wait. Lower MapConcurrency, or have the quota "
            "`Concurrent executions` of Lambda raised in Service Quotas.",
        )
    return ok(name, f"{limits.limit:,}, of which {limits.unreserved:,} are unreserved")


def check_memory(
    values: Mapping[str, str], template: Mapping[str, Any], limits: Concurrency
) -> Check:
    """Whether functions may have the memory that they ask for. AWS does not tell: it is a guess.

    New accounts have few concurrent executions, and some of them less memory as well.
    """
    everywhere = template.get("Globals", {}).get("Function", {}).get("MemorySize", 128)
    sizes = {
        name: _megabytes(resource["Properties"].get("MemorySize", everywhere), values)
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    largest = max(sizes, key=lambda one: sizes[one])
    most = sizes[largest]
    if most > _NEW_ACCOUNT_MEMORY_MB and limits.limit < _USUAL_CONCURRENCY:
        return Check(
            name="memory",
            state="warning",
            detail=f"{largest} asks for {most:,} MB, and a new account may have "
            f"{_NEW_ACCOUNT_MEMORY_MB:,}; AWS does not say before it is tried",
            advice="If the deployment fails with MemorySize, ask AWS's support to raise it, or "
            f"lower MemorySize of {largest} in template.yaml.",
        )
    return ok("memory", f"at most {most:,} MB for a function ({largest})")


def _megabytes(given: Any, values: Mapping[str, str]) -> int:
    """A size as it is written, or as a parameter has it; 0 for what depends on more."""
    if isinstance(given, dict):
        given = values.get(given.get("Ref", ""), 0)
    return int(given)


def check_region(
    stage: Stage, values: Mapping[str, str], template: Mapping[str, Any], cloud: Cloud
) -> Check:
    """Whether the region has the services that are asked for."""
    page = values.get("ReviewPage") == "true"
    wanted = {
        service
        for resource in template["Resources"].values()
        for prefix, service in _SERVICES.items()
        if resource["Type"].startswith(f"{prefix}::")
        and (page or resource.get("Condition") != "HasReviewPage")
    } | {"lambda", "stepfunctions", "ecr"}
    if values.get("OcrEngine") == "textract":
        wanted.add("textract")
    missing = sorted(one for one in wanted if not cloud.has_service(one))
    key = values.get("KmsKeyArn", "")
    if key and key.split(":")[3] != stage.region:
        return Check(
            name="region",
            state="failed",
            detail=f"KmsKeyArn is of {key.split(':')[3]}, and the stage in {stage.region}",
            advice="Name a key of the stage's region.",
        )
    if missing:
        # Only botocore's own list is asked, which may be older than a region's services.
        return Check(
            name="region",
            state="failed" if missing == ["textract"] else "warning",
            detail=f"{stage.region} has no {', '.join(missing)}, as far as boto3 knows",
            advice="Choose another region, or OcrEngine=rapidocr for textract.",
        )
    return ok("region", f"{stage.region} has all {len(wanted)} services")


def check_address(values: Mapping[str, str], stack: StackInfo | None, cloud: Cloud) -> Check:
    """Whether somebody gets the e-mails."""
    name = "e-mail"
    topic = stack.outputs.get("TopicArn") if stack else None
    subscriptions = cloud.subscriptions(topic) if topic else []
    if any(one.confirmed for one in subscriptions):
        waiting = sum(not one.confirmed for one in subscriptions)
        return ok(name, "confirmed" + (f"; {waiting} more not yet" if waiting else ""))
    if subscriptions:
        return Check(
            name=name,
            state="warning",
            detail="the address has not confirmed its subscription: it gets no e-mail",
            advice="Follow the link in the e-mail of SNS; after three days ask for a new one.",
        )
    if values.get("NotifyEmail"):
        return ok(name, "SNS will send a link to NotifyEmail; it has to be followed once")
    return Check(
        name=name,
        state="warning",
        detail="NotifyEmail is empty: nobody is told how a run ended",
        advice="Set NotifyEmail, or subscribe to the topic of the output TopicArn.",
    )


def check_webhook(values: Mapping[str, str], stack: StackInfo | None, cloud: Cloud) -> Check:
    """Whether the chat that notices are posted to has its address."""
    name, chat = "chat", values.get("NotifyWebhook", "none")
    if chat == "none":
        return ok(name, "none: NotifyWebhook is none")
    secret = stack.outputs.get("WebhookSecret") if stack else None
    if secret and cloud.has_value(secret):
        return ok(name, f"{chat}, whose address is given")
    return Check(
        name=name,
        state="warning",
        detail=f"the secret of the address has no value yet: nothing is posted to {chat}",
        advice="After the deployment give it with `winnow deploy STAGE --secret notify-webhook`.",
    )


def guarded(name: str, check: Callable[[], Check]) -> Check:
    """A check that may not be allowed to ask: then it warns."""
    try:
        return check()
    except WinnowError as error:
        return unknown(name, error)


def unknown(name: str, error: WinnowError) -> Check:
    """A check that could not ask."""
    detail = f"could not be looked at: {error.message}"
    return Check(name=name, state="warning", detail=detail, advice=error.hint)
