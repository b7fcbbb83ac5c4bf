"""What a deployment needs of AWS: the port, its values, and the adapter over boto3.

Errors of botocore end here, as errors of Winnow. It is the only module of this package that calls
AWS.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from winnow.errors import DeploymentRunningError, ImageFailedError
from winnow.models import FrozenModel
from winnow_cli.deployment.stack_events import last_operation

if TYPE_CHECKING:
    import boto3

    from winnow_cli.deployment.stages import Stage

_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
_OK = 200
_PIECE = 1 << 20
Action = Literal["Add", "Modify", "Remove", "Import", "Dynamic"]


class Identity(FrozenModel):
    """Whom the credentials belong to."""

    account: str
    arn: str


class StackInfo(FrozenModel):
    """A stack as CloudFormation has it."""

    name: str
    id: str = ""
    status: str
    reason: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    outputs: dict[str, str] = Field(default_factory=dict)
    changed_at: datetime | None = None
    """When it was last deployed."""
    drift: str = "NOT_CHECKED"
    """CloudFormation's last result: IN_SYNC, DRIFTED, UNKNOWN, or NOT_CHECKED."""
    drift_checked_at: datetime | None = None
    protected: bool = False

    @property
    def only_planned(self) -> bool:
        """Whether it has a change set and nothing else: its first one was never executed."""
        return self.status == "REVIEW_IN_PROGRESS"

    @property
    def under_way(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and not self.only_planned


class StackResource(FrozenModel):
    """A resource of a stack."""

    logical_id: str
    physical_id: str = ""
    type: str
    status: str = ""


class StackEvent(FrozenModel):
    """Something that happened to a resource of a stack, or to the stack itself."""

    id: str
    at: datetime
    logical_id: str
    physical_id: str = ""
    type: str
    status: str
    reason: str = ""


class PropertyDrift(FrozenModel):
    """A property of a resource that is not as in the stack's template."""

    path: str
    """Such as `/Environment/Variables/LOG_LEVEL`."""
    expected: str = ""
    actual: str = ""


class ResourceDrift(FrozenModel):
    """A resource that is not as in the stack's template."""

    logical_id: str
    type: str
    deleted: bool = False
    properties: tuple[PropertyDrift, ...] = ()


class DriftCheck(FrozenModel):
    """A detection of drift, as it is now."""

    status: Literal["DETECTION_IN_PROGRESS", "DETECTION_COMPLETE", "DETECTION_FAILED"]
    reason: str = ""
    """Why it failed; of the other resources there is a result all the same."""


class Change(FrozenModel):
    """What a change set would do to one resource."""

    action: Action
    logical_id: str
    physical_id: str = ""
    type: str
    replacement: Literal["True", "False", "Conditional"] = "False"
    policy: str = ""
    """PolicyAction: Delete, Retain, ReplaceAndDelete and the like; empty: nothing is deleted."""
    causes: tuple[str, ...] = ()
    """What of it changes: properties, tags."""


class ChangeSet(FrozenModel):
    """A change set: CloudFormation's own plan of a deployment."""

    id: str
    status: str
    reason: str = ""
    changes: tuple[Change, ...] = ()


class ChangeRequest(FrozenModel):
    """What a stack is to become."""

    stack: str
    create: bool
    template_url: str
    parameters: dict[str, str]
    keep: tuple[str, ...] = ()
    """Parameters that keep the value they have."""
    tags: dict[str, str]


class Concurrency(FrozenModel):
    """The concurrent executions of an account's functions in a region."""

    limit: int
    unreserved: int


class Subscription(FrozenModel):
    """Somebody who gets the e-mails of a topic; the address is not kept."""

    protocol: str
    confirmed: bool


class RegistryLogin(FrozenModel):
    """How to push images."""

    registry: str
    username: str
    password: str = Field(repr=False)


class Cloud(Protocol):
    """An account and a region of AWS, as a deployment sees them."""

    def identity(self) -> Identity:
        """Whom the credentials belong to."""

    def stack(self, name: str) -> StackInfo | None:
        """A stack; None if there is none."""

    def template(self, name: str) -> dict[str, Any]:
        """The template that a stack was last deployed with, as it was given."""

    def resources(self, name: str) -> list[StackResource]:
        """The resources of a stack."""

    def events(self, name: str) -> list[StackEvent]:
        """What happened in a stack's latest operation, oldest first."""

    def create_change_set(self, request: ChangeRequest) -> str:
        """Ask for a change set; returns its id. It is made meanwhile."""

    def change_set(self, change_set: str) -> ChangeSet:
        """A change set as it is now."""

    def execute_change_set(self, change_set: str) -> None:
        """Start the deployment that a change set plans."""

    def delete_change_set(self, change_set: str) -> None:
        """Give a change set up."""

    def delete_stack(self, name: str) -> None:
        """Start to delete a stack."""

    def cancel_update(self, name: str) -> None:
        """Have an update under way rolled back."""

    def protect(self, name: str, on: bool) -> None:
        """Set whether a stack may be deleted."""

    def ensure_bucket(self, name: str) -> None:
        """Make a private bucket of the account, if it is not there."""

    def upload(self, bucket: str, key: str, content: bytes) -> str:
        """Store an object; returns the address that CloudFormation reads it at."""

    def download(self, bucket: str, key: str) -> bytes:
        """An object's content."""

    def has_objects(self, bucket: str) -> bool:
        """Whether a bucket has anything in it, old versions too."""

    def ensure_repository(self, name: str) -> str:
        """Make a repository for images, if it is not there; returns its address."""

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest of an image in a repository; None if no image has the tag."""

    def manifest(self, repository: str, digest: str) -> str | None:
        """The manifest of an image, to the byte; None if the registry has no such image."""

    def has_layer(self, repository: str, digest: str) -> bool:
        """Whether a repository has a layer, or an image's configuration."""

    def read_layer(self, repository: str, digest: str) -> Iterator[bytes]:
        """A layer, in pieces."""

    def write_layer(self, repository: str, digest: str, content: Iterator[bytes]) -> None:
        """Store a layer."""

    def put_manifest(self, repository: str, manifest: str, tag: str) -> str:
        """Make an image of layers that are there; returns its digest."""

    def registry_login(self) -> RegistryLogin:
        """How to push and pull images."""

    def concurrency(self) -> Concurrency:
        """What the account's functions may do at once."""

    def has_service(self, service: str) -> bool:
        """Whether the region has a service, as far as the installed botocore knows."""

    def subscriptions(self, topic: str) -> list[Subscription]:
        """Who gets the e-mails of a topic."""

    def has_value(self, secret: str) -> bool:
        """Whether somebody has given a secret its value; the value itself is not read."""

    def ringing(self, stack: str) -> list[str]:
        """The names of a stack's alarms that ring."""

    def detect_drift(self, name: str) -> str:
        """Have CloudFormation compare a stack's resources with its template; returns an id."""

    def drift_check(self, check: str) -> DriftCheck:
        """A detection of drift as it is now."""

    def drifted(self, name: str) -> list[ResourceDrift]:
        """The resources that the last detection found changed or deleted."""


class AwsCloud:
    """The port on AWS."""

    def __init__(self, stage: "Stage", session: "boto3.Session") -> None:
        from botocore.config import Config

        self._stage = stage
        self._session = session
        self._config = Config(retries={"mode": "standard"}, connect_timeout=10)
        self._clients: dict[str, Any] = {}

    @classmethod
    def of(cls, stage: "Stage") -> "AwsCloud":
        """The account and region of a stage, signed in as this machine is."""
        from winnow_cli.target import session_of

        with _aws_errors(stage.name):
            return cls(stage, session_of(stage))

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            with _aws_errors(self._stage.name):
                self._clients[service] = self._session.client(service, config=self._config)  # type: ignore[call-overload]
        return self._clients[service]

    @contextmanager
    def _calls(self) -> Iterator[None]:
        with _aws_errors(self._stage.name):
            yield

    def _pages(self, service: str, operation: str, **arguments: Any) -> list[dict[str, Any]]:
        with self._calls():
            return list(self._client(service).get_paginator(operation).paginate(**arguments))

    def identity(self) -> Identity:
        with self._calls():
            answer = self._client("sts").get_caller_identity()
        return Identity(account=answer["Account"], arn=answer["Arn"])

    def stack(self, name: str) -> StackInfo | None:
        from botocore.exceptions import ClientError

        with self._calls():
            try:
                found = self._client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if _says(error, "ValidationError", "does not exist"):
                    return None
                raise
        if found["StackStatus"] == "DELETE_COMPLETE":
            return None
        return StackInfo(
            name=name,
            id=found.get("StackId", ""),
            status=found["StackStatus"],
            reason=found.get("StackStatusReason", ""),
            parameters=_pairs(found.get("Parameters", []), "ParameterKey", "ParameterValue"),
            outputs=_pairs(found.get("Outputs", []), "OutputKey", "OutputValue"),
            changed_at=found.get("LastUpdatedTime") or found.get("CreationTime"),
            drift=found.get("DriftInformation", {}).get("StackDriftStatus", "NOT_CHECKED"),
            drift_checked_at=found.get("DriftInformation", {}).get("LastCheckTimestamp"),
            protected=bool(found.get("EnableTerminationProtection")),
        )

    def template(self, name: str) -> dict[str, Any]:
        import json

        with self._calls():
            answer = self._client("cloudformation").get_template(
                StackName=name, TemplateStage="Original"
            )
        body = answer["TemplateBody"]
        if isinstance(body, str):
            if body.lstrip().startswith("{"):
                parsed: dict[str, Any] = json.loads(body)
                return parsed
            from samtranslator.yaml_helper import yaml_parse

            body = yaml_parse(body)
        plain: dict[str, Any] = json.loads(json.dumps(body, default=str))
        return plain

    def resources(self, name: str) -> list[StackResource]:
        pages = self._pages("cloudformation", "list_stack_resources", StackName=name)
        return [
            StackResource(
                logical_id=one["LogicalResourceId"],
                physical_id=one.get("PhysicalResourceId", ""),
                type=one["ResourceType"],
                status=one["ResourceStatus"],
            )
            for page in pages
            for one in page["StackResourceSummaries"]
        ]

    def events(self, name: str) -> list[StackEvent]:
        with self._calls():
            return [_event(one) for one in last_operation(self._client("cloudformation"), name)]

    def create_change_set(self, request: ChangeRequest) -> str:
        import secrets

        parameters = [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in request.parameters.items()
        ]
        parameters += [{"ParameterKey": n, "UsePreviousValue": True} for n in request.keep]  # type: ignore[dict-item]
        role = self._execution_role(request.stack)
        with self._calls():
            answer = self._client("cloudformation").create_change_set(
                StackName=request.stack,
                ChangeSetName=f"winnow-{secrets.token_hex(8)}",
                ChangeSetType="CREATE" if request.create else "UPDATE",
                TemplateURL=request.template_url,
                Parameters=parameters,
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
                Tags=[{"Key": key, "Value": value} for key, value in request.tags.items()],
                **({} if role is None else {"RoleARN": role}),
            )
        return str(answer["Id"])

    def _execution_role(self, stack: str) -> str | None:
        """The role that `winnow bootstrap` made for CloudFormation; None: as who deploys."""
        from botocore.exceptions import ClientError

        from winnow_cli.deployment.bootstrap import execution_role

        with self._calls():
            try:
                found = self._client("iam").get_role(RoleName=execution_role(stack))["Role"]
            except ClientError as error:
                # Who may not look deploys as they are, or with the role that the stack has already.
                if _says(error, "NoSuchEntity") or _says(error, "AccessDenied"):
                    return None
                raise
        return str(found["Arn"])

    def change_set(self, change_set: str) -> ChangeSet:
        changes: list[Change] = []
        arguments = {"ChangeSetName": change_set}
        while True:
            with self._calls():
                answer = self._client("cloudformation").describe_change_set(**arguments)
            changes += [_change(one["ResourceChange"]) for one in answer.get("Changes", [])]
            if not answer.get("NextToken"):
                break
            arguments["NextToken"] = answer["NextToken"]
        return ChangeSet(
            id=change_set,
            status=answer["Status"],
            reason=answer.get("StatusReason", ""),
            changes=tuple(changes),
        )

    def execute_change_set(self, change_set: str) -> None:
        from botocore.exceptions import ClientError

        with self._calls():
            try:
                self._client("cloudformation").execute_change_set(ChangeSetName=change_set)
            except ClientError as error:
                # Somebody else has begun meanwhile: the plan is not of this stack any more.
                if _says(error, "InvalidChangeSetStatus") or _says(
                    error, "ValidationError", "_IN_PROGRESS"
                ):
                    raise DeploymentRunningError(
                        f"Another deployment of {self._stage.name!r} has begun meanwhile."
                    ) from None
                raise

    def delete_change_set(self, change_set: str) -> None:
        with self._calls():
            self._client("cloudformation").delete_change_set(ChangeSetName=change_set)

    def delete_stack(self, name: str) -> None:
        with self._calls():
            self._client("cloudformation").delete_stack(StackName=name)

    def cancel_update(self, name: str) -> None:
        with self._calls():
            self._client("cloudformation").cancel_update_stack(StackName=name)

    def protect(self, name: str, on: bool) -> None:
        with self._calls():
            self._client("cloudformation").update_termination_protection(
                StackName=name, EnableTerminationProtection=on
            )

    def ensure_bucket(self, name: str) -> None:
        from botocore.exceptions import ClientError

        s3, region = self._client("s3"), self._stage.region
        where = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        with self._calls():
            try:
                # Somebody else's bucket of this name is refused: the name of ours can be guessed.
                s3.head_bucket(Bucket=name, ExpectedBucketOwner=self._stage.account)
                return
            except ClientError as error:
                if not _says(error, "404") and not _says(error, "NoSuchBucket"):
                    raise
            s3.create_bucket(Bucket=name, **where)
            s3.put_public_access_block(
                Bucket=name,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )

    def upload(self, bucket: str, key: str, content: bytes) -> str:
        s3 = self._client("s3")
        with self._calls():
            s3.put_object(
                Bucket=bucket, Key=key, Body=content, ExpectedBucketOwner=self._stage.account
            )
        return f"{s3.meta.endpoint_url}/{bucket}/{key}"

    def download(self, bucket: str, key: str) -> bytes:
        with self._calls():
            answer = self._client("s3").get_object(
                Bucket=bucket, Key=key, ExpectedBucketOwner=self._stage.account
            )
            content: bytes = answer["Body"].read()
        return content

    def has_objects(self, bucket: str) -> bool:
        with self._calls():
            answer = self._client("s3").list_object_versions(Bucket=bucket, MaxKeys=1)
        return bool(answer.get("Versions") or answer.get("DeleteMarkers"))

    def ensure_repository(self, name: str) -> str:
        import json

        from botocore.exceptions import ClientError

        ecr = self._client("ecr")
        with self._calls():
            try:
                answer = ecr.describe_repositories(repositoryNames=[name])
                return str(answer["repositories"][0]["repositoryUri"])
            except ClientError as error:
                if not _says(error, "RepositoryNotFoundException"):
                    raise
            made = ecr.create_repository(
                repositoryName=name, imageScanningConfiguration={"scanOnPush": True}
            )
            ecr.set_repository_policy(
                repositoryName=name, policyText=json.dumps(_lambda_may_pull(self._stage))
            )
        return str(made["repository"]["repositoryUri"])

    def digest(self, repository: str, tag: str) -> str | None:
        from botocore.exceptions import ClientError

        with self._calls():
            try:
                answer = self._client("ecr").describe_images(
                    repositoryName=repository, imageIds=[{"imageTag": tag}]
                )
            except ClientError as error:
                if _says(error, "ImageNotFoundException"):
                    return None
                raise
        return str(answer["imageDetails"][0]["imageDigest"])

    def manifest(self, repository: str, digest: str) -> str | None:
        from botocore.exceptions import ClientError

        with self._calls():
            try:
                answer = self._client("ecr").batch_get_image(
                    repositoryName=repository,
                    imageIds=[{"imageDigest": digest}],
                    acceptedMediaTypes=list(_MANIFESTS),
                )
            except ClientError as error:
                if _says(error, "RepositoryNotFoundException"):
                    return None
                raise
        return str(answer["images"][0]["imageManifest"]) if answer.get("images") else None

    def has_layer(self, repository: str, digest: str) -> bool:
        with self._calls():
            answer = self._client("ecr").batch_check_layer_availability(
                repositoryName=repository, layerDigests=[digest]
            )
        return any(one.get("layerAvailability") == "AVAILABLE" for one in answer["layers"])

    def read_layer(self, repository: str, digest: str) -> Iterator[bytes]:
        from botocore.awsrequest import AWSRequest
        from botocore.httpsession import URLLib3Session

        with self._calls():
            answer = self._client("ecr").get_download_url_for_layer(
                repositoryName=repository, layerDigest=digest
            )
            # The address is signed by itself; botocore's session knows proxies and certificates.
            request = AWSRequest("GET", answer["downloadUrl"], stream_output=True)
            response = URLLib3Session().send(request.prepare())
            if response.status_code != _OK:
                raise ImageFailedError(f"A layer of {repository} cannot be read.")
            yield from response.raw.stream(_PIECE)

    def write_layer(self, repository: str, digest: str, content: Iterator[bytes]) -> None:
        ecr, first = self._client("ecr"), 0
        with self._calls():
            begun = ecr.initiate_layer_upload(repositoryName=repository)
            upload, size = begun["uploadId"], begun["partSize"]
            for part in _parts(content, size):
                ecr.upload_layer_part(
                    repositoryName=repository,
                    uploadId=upload,
                    partFirstByte=first,
                    partLastByte=first + len(part) - 1,
                    layerPartBlob=part,
                )
                first += len(part)
            ecr.complete_layer_upload(
                repositoryName=repository, uploadId=upload, layerDigests=[digest]
            )

    def put_manifest(self, repository: str, manifest: str, tag: str) -> str:
        with self._calls():
            answer = self._client("ecr").put_image(
                repositoryName=repository, imageManifest=manifest, imageTag=tag
            )
        return str(answer["image"]["imageId"]["imageDigest"])

    def registry_login(self) -> RegistryLogin:
        import base64

        with self._calls():
            given = self._client("ecr").get_authorization_token()["authorizationData"][0]
        username, _, password = (
            base64.b64decode(given["authorizationToken"]).decode().partition(":")
        )
        registry = given["proxyEndpoint"].removeprefix("https://")
        return RegistryLogin(registry=registry, username=username, password=password)

    def concurrency(self) -> Concurrency:
        with self._calls():
            limits = self._client("lambda").get_account_settings()["AccountLimit"]
        return Concurrency(
            limit=limits["ConcurrentExecutions"],
            unreserved=limits["UnreservedConcurrentExecutions"],
        )

    def has_service(self, service: str) -> bool:
        partition = self._session.get_partition_for_region(self._stage.region)
        return self._stage.region in self._session.get_available_regions(
            service, partition_name=partition
        )

    def subscriptions(self, topic: str) -> list[Subscription]:
        pages = self._pages("sns", "list_subscriptions_by_topic", TopicArn=topic)
        return [
            Subscription(
                protocol=one["Protocol"],
                confirmed=one["SubscriptionArn"].startswith("arn:"),
            )
            for page in pages
            for one in page["Subscriptions"]
            # The function that posts notices gets no e-mail.
            if one["Protocol"] != "lambda"
        ]

    def has_value(self, secret: str) -> bool:
        with self._calls():
            found = self._client("secretsmanager").describe_secret(SecretId=secret)
        return any(
            "AWSCURRENT" in stages for stages in found.get("VersionIdsToStages", {}).values()
        )

    def ringing(self, stack: str) -> list[str]:
        from winnow_aws.alarms import StackAlarms

        with self._calls():
            return [one.name for one in StackAlarms(self._client("cloudwatch"), stack).ringing()]

    def detect_drift(self, name: str) -> str:
        with self._calls():
            answer = self._client("cloudformation").detect_stack_drift(StackName=name)
        return str(answer["StackDriftDetectionId"])

    def drift_check(self, check: str) -> DriftCheck:
        with self._calls():
            answer = self._client("cloudformation").describe_stack_drift_detection_status(
                StackDriftDetectionId=check
            )
        return DriftCheck(
            status=answer["DetectionStatus"], reason=answer.get("DetectionStatusReason", "")
        )

    def drifted(self, name: str) -> list[ResourceDrift]:
        arguments: dict[str, Any] = {
            "StackName": name,
            "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"],
        }
        found: list[ResourceDrift] = []
        while True:
            with self._calls():
                answer = self._client("cloudformation").describe_stack_resource_drifts(**arguments)
            found += [_resource_drift(one) for one in answer["StackResourceDrifts"]]
            if not answer.get("NextToken"):
                return found
            arguments["NextToken"] = answer["NextToken"]


@contextmanager
def _aws_errors(stage: str) -> Iterator[None]:
    """Raise botocore's errors as ours, even if an adapter has turned them into those of a run."""
    from botocore.exceptions import BotoCoreError, ClientError

    from winnow.errors import AwsNotSetUpError, WinnowError
    from winnow_cli.aws_errors import from_botocore, with_aws_cause

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and _says(error, "ValidationError", "_IN_PROGRESS"):
            raise DeploymentRunningError(f"A deployment of {stage!r} is under way.") from None
        raise from_botocore(error, stage) from None
    except WinnowError as error:
        raise with_aws_cause(error, stage) from None
    except ValueError as error:
        # An invalid endpoint address in the environment or the profile.
        raise AwsNotSetUpError(
            f"The AWS settings of this machine cannot be used: {error}"
        ) from None


def _parts(content: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in parts of one size; the last is smaller.

    >>> list(_parts(iter([b"ab", b"cde"]), 2))
    [b'ab', b'cd', b'e']
    """
    waiting = bytearray()
    for piece in content:
        waiting += piece
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


def _says(error: Any, code: str, text: str = "") -> bool:
    given = error.response.get("Error", {})
    return given.get("Code") == code and text in str(given.get("Message", ""))


def _pairs(listed: list[dict[str, Any]], key: str, value: str) -> dict[str, str]:
    return {one[key]: str(one.get(value, "")) for one in listed}


def _event(given: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        id=given["EventId"],
        at=given["Timestamp"],
        logical_id=given.get("LogicalResourceId", ""),
        physical_id=given.get("PhysicalResourceId", ""),
        type=given.get("ResourceType", ""),
        status=given.get("ResourceStatus", ""),
        reason=given.get("ResourceStatusReason", ""),
    )


def _resource_drift(given: Mapping[str, Any]) -> ResourceDrift:
    return ResourceDrift(
        logical_id=given["LogicalResourceId"],
        type=given["ResourceType"],
        deleted=given["StackResourceDriftStatus"] == "DELETED",
        properties=tuple(
            PropertyDrift(
                path=one["PropertyPath"],
                expected=one.get("ExpectedValue", ""),
                actual=one.get("ActualValue", ""),
            )
            for one in given.get("PropertyDifferences", [])
        ),
    )


def _change(given: Mapping[str, Any]) -> Change:
    causes: dict[str, None] = {}
    for detail in given.get("Details", []):
        target = detail.get("Target", {})
        name = target.get("Name") or target.get("Attribute")
        if name:
            causes[name] = None
    return Change(
        action=given["Action"],
        logical_id=given["LogicalResourceId"],
        physical_id=given.get("PhysicalResourceId") or "",
        type=given["ResourceType"],
        replacement=given.get("Replacement") or "False",
        policy=given.get("PolicyAction") or "",
        causes=tuple(causes),
    )


def _lambda_may_pull(stage: "Stage") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "LambdaPulls",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": {"StringEquals": {"aws:SourceAccount": stage.account}},
            }
        ],
    }
