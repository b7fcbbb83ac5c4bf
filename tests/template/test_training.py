"""The nested stack for large trainings: it fits the stack that it is a part of."""

import ast
import re
from typing import Any

import pytest

from tests.template.expand import ROOT, read
from tests.template.rules.stack import written
from tests.template.rules.steps import variables
from tests.template.test_review_page import OFF, ON, deployed
from winnow_local.template import Checkout, read_template, rewrite

NESTED: dict[str, Any] = read_template(ROOT / "infra" / "training.yaml")
RESOURCES: dict[str, Any] = NESTED["Resources"]


def properties(name: str) -> Any:
    return RESOURCES[name]["Properties"]


def test_it_is_there_only_with_the_parameter_and_with_reviews() -> None:
    assert OFF["TrainOnBatch"] == "false"
    assert "Training" not in deployed(ON)["Resources"]
    assert "Training" not in deployed({**OFF, "TrainOnBatch": "true"})["Resources"]
    there = deployed({**ON, "TrainOnBatch": "true"})["Resources"]
    assert "Training" in there
    told = there["TrainFunction"]["Properties"]["Environment"]["Variables"]
    name = {"Fn::Sub": "${AWS::StackName}-training"}
    assert told["TRAIN_QUEUE"] == name
    for one, key in (("Queue", "JobQueueName"), ("Job", "JobDefinitionName")):
        assert properties(one)[key] == {"Fn::Sub": "${Name}-training"}


def test_it_is_told_every_parameter_and_uses_it() -> None:
    given = read()["Resources"]["Training"]["Properties"]["Parameters"]
    assert set(given) == set(NESTED["Parameters"])
    text = str(RESOURCES)
    for name in given:
        assert f"{{'Ref': '{name}'}}" in text or f"${{{name}}}" in text, name


def test_nothing_is_named_that_is_not_there() -> None:
    there = {*RESOURCES, *NESTED["Parameters"]}
    text = str(NESTED)
    named = set(re.findall(r"'Ref': '(\w+)'", text)) | set(re.findall(r"GetAtt': \['(\w+)'", text))
    named |= {one.split(".")[0] for one in re.findall(r"\$\{([\w.]+)\}", text)}
    assert named <= there


def test_a_job_is_told_what_the_function_is_told() -> None:
    own = variables("TrainFunction", written())
    job = {
        one["Name"]: one["Value"] for one in properties("Job")["ContainerProperties"]["Environment"]
    }
    # A job decides for itself how many threads it has, and submits no job.
    beside = {"TRAIN_QUEUE", "MODEL_ENGINE", "MODEL_HANDLE", "ENCODER_THREADS"}
    assert set(job) == (set(own) - beside) | {"RESULTS_BUCKET", "STACK_NAME"}
    for name in ("SAMPLES_DIR", "MODEL_DIR", "POWERTOOLS_SERVICE_NAME"):
        assert job[name] == own[name]


def test_between_jobs_nothing_runs_and_nobody_gets_in() -> None:
    resources = properties("Compute")["ComputeResources"]
    assert resources["Type"] == "FARGATE"
    assert "MinvCpus" not in resources
    assert "SecurityGroupIngress" not in properties("OutOnly")
    assert [one["FromPort"] for one in properties("OutOnly")["SecurityGroupEgress"]] == [443]
    assert not [one for one in RESOURCES.values() if one["Type"] == "AWS::EC2::NatGateway"]


def test_a_job_ends_and_is_tried_once_more() -> None:
    job = properties("Job")
    assert job["RetryStrategy"] == {"Attempts": 2}
    assert job["Timeout"]["AttemptDurationSeconds"] == 86400
    assert job["ContainerProperties"]["JobRoleArn"] == {"Ref": "RoleArn"}
    assert "Privileged" not in job["ContainerProperties"]


@pytest.mark.parametrize("role", ["ImageRole", "StartRole"])
def test_its_roles_reach_what_is_named(role: str) -> None:
    for policy in properties(role)["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            assert "*" not in str(actions)
            assert (statement["Resource"] == "*") == (actions == "ecr:GetAuthorizationToken")


def test_the_image_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    code = properties("ImageFunction")["Code"]["ZipFile"]
    assert len(code.encode()) < 4096
    sent: list[Any] = []

    class Lambda:
        def get_function(self, FunctionName: str) -> Any:  # noqa: N803 - boto3's name
            assert FunctionName == "arn:train:3"
            return {"Code": {"ResolvedImageUri": "1.ecr.test/winnow/train@sha256:abc"}}

    class Boto3:
        client = staticmethod(lambda _: Lambda())

    class Response:
        SUCCESS, FAILED = "SUCCESS", "FAILED"
        send = staticmethod(lambda *answer: sent.append(answer[2:]))

    monkeypatch.setitem(__import__("sys").modules, "cfnresponse", Response)
    monkeypatch.setitem(__import__("sys").modules, "boto3", Boto3)
    names: dict[str, Any] = {}
    exec(compile(ast.parse(code), "index.py", "exec"), names)
    event = {"RequestType": "Create", "ResourceProperties": {"FunctionArn": "arn:train:3"}}
    names["handler"](event, None)
    names["handler"]({**event, "RequestType": "Delete"}, None)
    names["handler"]({"RequestType": "Update", "ResourceProperties": {}}, None)
    found = {"Uri": "1.ecr.test/winnow/train@sha256:abc", "Repository": "winnow/train"}
    assert sent == [
        ("SUCCESS", found, "train-image"),
        ("SUCCESS", {}, "train-image"),
        ("FAILED", {}, "train-image"),
    ]


def test_a_deployment_uploads_it() -> None:
    images = {one.name: "image" for one in (ROOT / "functions").iterdir() if one.is_dir()}
    made, uploads = rewrite(read(), Checkout.here(), "files", {}, images)
    (key,) = [one.key for one in uploads if one.key.endswith("training.yaml")]
    url = made["Resources"]["Training"]["Properties"]["TemplateURL"]
    assert url == {"Fn::Sub": f"https://files.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{key}"}
