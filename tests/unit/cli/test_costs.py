"""Which processors' prices the command line tells."""

from platform import machine
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from winnow_cli.costs import processors_of
from winnow_cli.target import Target


class Deployed(Target):
    """A stack whose parameters CloudFormation says."""

    parameters: tuple[dict[str, str], ...] = ()

    def client(self, service: str) -> Any:
        assert service == "cloudformation"
        return SimpleNamespace(describe_stacks=self._describe)

    def _describe(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName == "winnow-prod"
        return {"Stacks": [{"Parameters": list(self.parameters)}]}


def target(endpoint: str | None) -> Deployed:
    return Deployed("prod", {}, boto3.Session(), endpoint, Config(), stack="winnow-prod")


ARM = {"ParameterKey": "Architecture", "ParameterValue": "arm64"}


@pytest.mark.parametrize(("parameters", "processors"), [((ARM,), "arm64"), ((), "x86_64")])
def test_of_a_stack_they_are_those_of_its_parameter(
    monkeypatch: pytest.MonkeyPatch, parameters: tuple[dict[str, str], ...], processors: str
) -> None:
    monkeypatch.setattr(Deployed, "parameters", parameters)
    assert processors_of(target(None)) == processors


def test_of_the_local_stack_they_are_this_machine_s() -> None:
    assert processors_of(target("http://127.0.0.1:4566")) == machine()
