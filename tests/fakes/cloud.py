"""An account of AWS for the tests of deployments: a Cloud that remembers, and fails as told."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from winnow.errors import DeploymentRunningError
from winnow_cli.deployment.cloud import (
    Change,
    ChangeRequest,
    ChangeSet,
    Concurrency,
    DriftCheck,
    Identity,
    RegistryLogin,
    ResourceDrift,
    StackEvent,
    StackInfo,
    StackResource,
    Subscription,
)

ACCOUNT = "123456789012"
BEGAN = datetime(2026, 11, 27, 9, tzinfo=UTC)
NEW_TABLE = Change(action="Add", logical_id="Table", type="AWS::DynamoDB::Table")


class FakeCloud:
    """One account and region.

    `fail` are events of the next operation that end it badly; `before` is called with each call's
    name, and may raise.
    """

    def __init__(self, account: str = ACCOUNT) -> None:
        self.account = account
        self.stacks: dict[str, StackInfo] = {}
        self.templates: dict[str, dict[str, Any]] = {}
        self.stack_events: dict[str, list[StackEvent]] = {}
        self.stack_resources: dict[str, list[StackResource]] = {}
        self.planned: tuple[Change, ...] = (NEW_TABLE,)
        self.plan_fails: str | None = None
        self.fail: Sequence[tuple[str, str, str, str]] = ()
        """logical id, type, status, reason"""
        self.ends_as: str | None = None
        self.polls = 1
        """How often an operation is seen under way before it has ended."""
        self.outputs = {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:topic"}
        self.subscribed: list[Subscription] = []
        self.limits = Concurrency(limit=1_000, unreserved=1_000)
        self.missing_services: set[str] = set()
        self.alarms: list[str] = []
        self.given_secrets: set[str] = set()
        self.requests: list[ChangeRequest] = []
        self.change_sets: dict[str, ChangeRequest] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.repositories: dict[str, dict[str, str]] = {}
        self.manifests: dict[tuple[str, str], str] = {}
        self.layers: dict[tuple[str, str], bytes] = {}
        self.drift_checks: list[DriftCheck] = []
        """What a detection is, poll by poll."""
        self.drifts: dict[str, list[ResourceDrift]] = {}
        self.full_buckets: set[str] = set()
        self.calls: list[str] = []
        self.before: Callable[[str], None] = lambda _call: None
        self._left: dict[str, int] = {}
        self._ids = itertools.count(1)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.before(name)

    def event(self, stack: str, logical: str, kind: str, status: str, reason: str = "") -> None:
        number = next(self._ids)
        self.stack_events.setdefault(stack, []).append(
            StackEvent(
                id=f"e{number}",
                at=BEGAN + timedelta(seconds=number),
                logical_id=logical,
                type=kind,
                status=status,
                reason=reason,
            )
        )

    def put_stack(self, name: str, status: str = "CREATE_COMPLETE", **more: Any) -> StackInfo:
        given = {"id": f"arn:{name}", "outputs": self.outputs, "changed_at": BEGAN, **more}
        self.stacks[name] = StackInfo(name=name, status=status, **given)
        return self.stacks[name]

    # -- the port ----------------------------------------------------------------------------------

    def identity(self) -> Identity:
        self._call("identity")
        return Identity(account=self.account, arn=f"arn:aws:sts::{self.account}:assumed-role/a/b")

    def stack(self, name: str) -> StackInfo | None:
        self._call("stack")
        found = self.stacks.get(name)
        if found is None or not found.under_way or name not in self._left:
            return found
        self._left[name] -= 1
        if self._left[name] < 0:
            self._end(name, found)
        return self.stacks.get(name)

    def _end(self, name: str, found: StackInfo) -> None:
        del self._left[name]
        if found.status == "DELETE_IN_PROGRESS" and not self.fail:
            del self.stacks[name]
            return
        for logical, kind, status, reason in self.fail:
            self.event(name, logical, kind, status, reason)
        begun = found.status.split("_")[0]
        bad = {"CREATE": "ROLLBACK_COMPLETE", "UPDATE": "UPDATE_ROLLBACK_COMPLETE"}
        status = bad.get(begun, "DELETE_FAILED") if self.fail else f"{begun}_COMPLETE"
        status = self.ends_as or status
        self.event(name, name, "AWS::CloudFormation::Stack", status)
        self.stacks[name] = found.model_copy(update={"status": status})

    def template(self, name: str) -> dict[str, Any]:
        self._call("template")
        return self.templates[name]

    def resources(self, name: str) -> list[StackResource]:
        self._call("resources")
        return self.stack_resources.get(name, [])

    def events(self, name: str) -> list[StackEvent]:
        self._call("events")
        return self.stack_events.get(name, [])

    def create_change_set(self, request: ChangeRequest) -> str:
        self._call("create_change_set")
        self.requests.append(request)
        if request.create and request.stack not in self.stacks:
            self.put_stack(request.stack, "REVIEW_IN_PROGRESS", outputs={})
            self.event(
                request.stack, request.stack, "AWS::CloudFormation::Stack", "REVIEW_IN_PROGRESS"
            )
        name = f"change-set-{next(self._ids)}"
        self.change_sets[name] = request
        return name

    def change_set(self, change_set: str) -> ChangeSet:
        self._call("change_set")
        if self.plan_fails is not None:
            return ChangeSet(id=change_set, status="FAILED", reason=self.plan_fails)
        return ChangeSet(id=change_set, status="CREATE_COMPLETE", changes=self.planned)

    def execute_change_set(self, change_set: str) -> None:
        self._call("execute_change_set")
        request = self.change_sets.pop(change_set)
        stack = self.stacks[request.stack]
        if stack.under_way:
            raise DeploymentRunningError("Another deployment has begun meanwhile.")
        status = "CREATE_IN_PROGRESS" if request.create else "UPDATE_IN_PROGRESS"
        self.put_stack(request.stack, status, parameters=request.parameters)
        self.event(request.stack, request.stack, "AWS::CloudFormation::Stack", status)
        self.event(request.stack, "Table", "AWS::DynamoDB::Table", "CREATE_IN_PROGRESS")
        if not self.fail:
            self.event(request.stack, "Table", "AWS::DynamoDB::Table", "CREATE_COMPLETE")
        self._left[request.stack] = self.polls

    def delete_change_set(self, change_set: str) -> None:
        self._call("delete_change_set")
        del self.change_sets[change_set]

    def delete_stack(self, name: str) -> None:
        self._call("delete_stack")
        if self.stacks[name].only_planned:
            del self.stacks[name]
            return
        self.put_stack(name, "DELETE_IN_PROGRESS")
        self.event(name, name, "AWS::CloudFormation::Stack", "DELETE_IN_PROGRESS")
        self._left[name] = self.polls

    def cancel_update(self, name: str) -> None:
        self._call("cancel_update")
        self.put_stack(name, "UPDATE_ROLLBACK_IN_PROGRESS")
        self._left[name] = self.polls
        self.ends_as = "UPDATE_ROLLBACK_COMPLETE"

    def protect(self, name: str, on: bool) -> None:
        self._call("protect")
        self.stacks[name] = self.stacks[name].model_copy(update={"protected": on})

    def ensure_bucket(self, name: str) -> None:
        self._call("ensure_bucket")

    def upload(self, bucket: str, key: str, content: bytes) -> str:
        self._call("upload")
        self.objects[bucket, key] = content
        return f"https://s3.example.org/{bucket}/{key}"

    def has_objects(self, bucket: str) -> bool:
        self._call("has_objects")
        return bucket in self.full_buckets

    def ensure_repository(self, name: str) -> str:
        self._call("ensure_repository")
        self.repositories.setdefault(name, {})
        return f"{self.account}.dkr.ecr.eu-central-1.amazonaws.com/{name}"

    def digest(self, repository: str, tag: str) -> str | None:
        self._call("digest")
        return self.repositories.get(repository, {}).get(tag)

    def download(self, bucket: str, key: str) -> bytes:
        self._call("download")
        return self.objects[bucket, key]

    def manifest(self, repository: str, digest: str) -> str | None:
        self._call("manifest")
        return self.manifests.get((repository, digest))

    def has_layer(self, repository: str, digest: str) -> bool:
        return (repository, digest) in self.layers

    def read_layer(self, repository: str, digest: str) -> Iterator[bytes]:
        self._call("read_layer")
        yield self.layers[repository, digest]

    def write_layer(self, repository: str, digest: str, content: Iterator[bytes]) -> None:
        self._call("write_layer")
        self.layers[repository, digest] = b"".join(content)

    def put_manifest(self, repository: str, manifest: str, tag: str) -> str:
        self._call("put_manifest")
        digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        self.manifests[repository, digest] = manifest
        return digest

    def registry_login(self) -> RegistryLogin:
        self._call("registry_login")
        return RegistryLogin(registry=f"{self.account}.example.org", username="AWS", password="x")

    def concurrency(self) -> Concurrency:
        self._call("concurrency")
        return self.limits

    def has_service(self, service: str) -> bool:
        return service not in self.missing_services

    def subscriptions(self, topic: str) -> list[Subscription]:
        self._call("subscriptions")
        return self.subscribed

    def has_value(self, secret: str) -> bool:
        self._call("has_value")
        return secret in self.given_secrets

    def ringing(self, stack: str) -> list[str]:
        self._call("ringing")
        return self.alarms

    def detect_drift(self, name: str) -> str:
        self._call("detect_drift")
        status = "DRIFTED" if self.drifts.get(name) else "IN_SYNC"
        update = {"drift": status, "drift_checked_at": BEGAN}
        self.stacks[name] = self.stacks[name].model_copy(update=update)
        return name

    def drift_check(self, check: str) -> DriftCheck:
        self._call("drift_check")
        if self.drift_checks:
            return self.drift_checks.pop(0)
        return DriftCheck(status="DETECTION_COMPLETE")

    def drifted(self, name: str) -> list[ResourceDrift]:
        self._call("drifted")
        return self.drifts.get(name, [])


class FakeImages:
    """A Docker engine whose images are their names."""

    def __init__(self) -> None:
        self.pushed: list[str] = []
        self.built_for: list[str] = []

    def build(
        self, targets: list[str], architecture: str, report: Callable[[str], None]
    ) -> dict[str, str]:
        self.built_for.append(architecture)
        for target in targets:
            report(f"image of {target}")
        return {target: f"winnow-{target}:local" for target in targets}

    def id(self, name: str) -> str:
        return f"sha256:{name.encode().hex():0<64}"[:71]

    def push(
        self, name: str, uri: str, tag: str, login: RegistryLogin, report: Callable[[str], None]
    ) -> str:
        report("Pushed")
        self.pushed.append(name)
        return f"sha256:{'0' * 63}{len(self.pushed) % 10}"


class Recorder:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.lines: list[str] = []
        self.found: list[Any] = []
        self.seen: list[Any] = []

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def checks(self, found: Sequence[Any]) -> None:
        self.found = list(found)

    def progress(self, found: Sequence[Any]) -> None:
        self.seen.append(list(found))
