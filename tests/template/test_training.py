"""The nested stack for large trainings: it fits the stack that it is a part of."""

import ast
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from tests.template.expand import ROOT, read
from tests.template.rules.stack import written
from tests.template.rules.steps import variables
from tests.template.test_review_page import OFF, ON, deployed
from winnow.costs.month import NOTEBOOK_GB
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
    text = str((RESOURCES, NESTED["Conditions"]))
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
    # A job decides for itself how many threads it has, submits no job, and accepts nothing.
    beside = {
        "THRESHOLD_OVERRIDE",
        "TRAIN_QUEUE",
        "MODEL_ENGINE",
        "MODEL_HANDLE",
        "ENCODER_THREADS",
    }
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


def test_a_job_has_the_processors_that_its_image_is_built_for() -> None:
    platform = properties("Job")["ContainerProperties"]["RuntimePlatform"]
    assert NESTED["Conditions"]["IsArm"] == {"Fn::Equals": [{"Ref": "Architecture"}, "arm64"]}
    assert platform["CpuArchitecture"] == {"Fn::If": ["IsArm", "ARM64", "X86_64"]}
    assert NESTED["Parameters"]["Architecture"]["AllowedValues"] == ["x86_64", "arm64"]


def test_a_job_ends_and_is_tried_once_more() -> None:
    job = properties("Job")
    assert job["RetryStrategy"] == {"Attempts": 2}
    assert job["Timeout"]["AttemptDurationSeconds"] == 86400
    assert job["ContainerProperties"]["JobRoleArn"] == {"Ref": "RoleArn"}
    assert "Privileged" not in job["ContainerProperties"]


@pytest.mark.parametrize("role", ["ImageRole", "StartRole", "NotebookRole"])
def test_its_roles_reach_what_is_named(role: str) -> None:
    for policy in properties(role)["Policies"]:
        for written_statement in policy["PolicyDocument"]["Statement"]:
            statement = written_statement.get("Fn::If", [None, written_statement])[1]
            actions = statement["Action"]
            assert "*" not in str(actions)
            assert (statement["Resource"] == "*") == (actions == "ecr:GetAuthorizationToken")


def test_the_image_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    code = properties("ImageFunction")["Code"]["ZipFile"]
    assert len(code.encode()) < 4096
    sent: list[Any] = []

    denied = [Exception("An error occurred (AccessDeniedException) when calling")] * 2
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)

    class Lambda:
        def get_function(self, FunctionName: str) -> Any:  # noqa: N803 - boto3's name
            assert FunctionName == "arn:train:3"
            if denied:
                raise denied.pop()
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
    event = {"RequestType": "Create", "ResourceProperties": {"FunctionVersion": "arn:train:3"}}
    names["handler"](event, None)
    names["handler"]({**event, "RequestType": "Delete"}, None)
    names["handler"]({"RequestType": "Update", "ResourceProperties": {}}, None)
    found = {"Uri": "1.ecr.test/winnow/train@sha256:abc", "Repository": "winnow/train"}
    assert sent == [
        ("SUCCESS", found, "train-image"),
        ("SUCCESS", {}, "train-image"),
        ("FAILED", {}, "train-image"),
    ]
    assert waited == [3, 6]
    sent.clear()
    denied.extend([Exception("(AccessDeniedException)")] * 9)
    names["handler"](event, None)
    assert [status for status, *_ in sent] == ["FAILED"]
    assert sum(waited) < 60, "the function's own time"


NOTEBOOK = ("NotebookInstance", "NotebookStart", "NotebookRole", "Stop", "FromInside")
NOTEBOOK_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:"
    "notebook-instance/${Name}-training"
}


def test_the_notebook_is_there_only_when_asked_for() -> None:
    assert OFF["TrainNotebook"] == NESTED["Parameters"]["Notebook"]["Default"] == "none"
    conditional = [name for name, one in RESOURCES.items() if one.get("Condition")]
    assert sorted(conditional) == sorted(NOTEBOOK)
    assert {RESOURCES[name]["Condition"] for name in NOTEBOOK} == {"HasNotebook"}
    rest = {name: one for name, one in RESOURCES.items() if name not in NOTEBOOK}
    assert not [name for name in NOTEBOOK if f"'{name}'" in str(rest)]


def test_the_notebook_is_closed() -> None:
    notebook = properties("NotebookInstance")
    assert notebook["RootAccess"] == "Disabled"
    assert notebook["DirectInternetAccess"] == "Disabled"
    versions = notebook["InstanceMetadataServiceConfiguration"]
    assert versions == {"MinimumInstanceMetadataServiceVersion": "2"}
    key = {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    assert notebook["KmsKeyId"] == key
    assert notebook["VolumeSizeInGB"] == NOTEBOOK_GB
    # No address of the internet is given to what is started in the subnet.
    assert "MapPublicIpOnLaunch" not in properties("SubnetA")


def test_on_its_way_out_it_can_stop_itself_and_no_more() -> None:
    [way] = properties("Stop")["PolicyDocument"]["Statement"]
    assert (way["Action"], way["Resource"]) == ("sagemaker:StopNotebookInstance", NOTEBOOK_ARN)
    interfaces = [
        name
        for name, one in RESOURCES.items()
        if one["Type"] == "AWS::EC2::VPCEndpoint"
        and one["Properties"]["VpcEndpointType"] == "Interface"
    ]
    assert interfaces == ["Stop"]
    [ingress] = properties("FromInside")["SecurityGroupIngress"]
    assert (ingress["FromPort"], ingress["ToPort"]) == (443, 443)
    assert ingress["SourceSecurityGroupId"] == {"Ref": "OutOnly"}


def test_it_reads_training_rows_and_writes_its_own_folder_alone() -> None:
    [policy] = properties("NotebookRole")["Policies"]
    own = {
        one["Sid"]: one
        for given in policy["PolicyDocument"]["Statement"]
        for one in [given.get("Fn::If", [None, given])[1]]
    }
    bucket = "arn:${AWS::Partition}:s3:::${ModelsBucket}"
    assert {
        (action, one["Resource"]["Fn::Sub"])
        for one in own.values()
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        if action.startswith("s3:")
    } == {
        ("s3:GetObject", f"{bucket}/data/*"),
        ("s3:GetObject", f"{bucket}/notebooks/*"),
        ("s3:PutObject", f"{bucket}/notebooks/*"),
        ("s3:ListBucket", bucket),
    }
    assert own["ListThem"]["Condition"] == {"StringLike": {"s3:prefix": ["data/*", "notebooks/*"]}}
    assert own["StopItself"]["Resource"] == NOTEBOOK_ARN
    assert set(own) == {
        *("ReadRows", "KeepWork", "ListThem", "UseCustomerKey", "StopItself"),
        *("MakeLogs", "WriteLogs"),
    }


def start_script() -> str:
    [start] = properties("NotebookStart")["OnStart"]
    script: str = start["Content"]["Fn::Base64"]["Fn::Sub"]
    values = {"AWS::Region": "eu-central-1", "ModelsBucket": "models", "Name": "winnow-test"}
    return re.sub(r"\$\{([\w:]+)\}", lambda found: values[found[1]], script)


def test_the_rows_are_put_in_place_when_it_starts() -> None:
    script = start_script()
    checked = subprocess.run(
        [shutil.which("bash") or "bash", "-n"], input=script, text=True, check=False
    )
    assert checked.returncode == 0
    # SageMaker takes 16,384 characters of base64.
    assert len(script) < 12_000
    assert "s3://models/data/ /home/ec2-user/SageMaker/data/" in script
    # What somebody had erased since the last start goes here, too.
    assert "--delete --exact-timestamps" in script


HOUR_AGO, NOW = "2026-11-27T10:59:00.000000Z", "2026-11-27T11:59:00.000000Z"


@pytest.mark.parametrize(
    ("uptime", "kernels", "terminals", "stops"),
    [
        (4_000, [], [], True),
        (60, [], [], False),
        (4_000, [("idle", HOUR_AGO)], [HOUR_AGO], True),
        (4_000, [("idle", HOUR_AGO), ("idle", NOW)], [], False),
        (4_000, [("busy", HOUR_AGO)], [], False),
        (4_000, [], [NOW], False),
    ],
)
def test_it_stops_itself_after_an_idle_hour(
    monkeypatch: pytest.MonkeyPatch,
    uptime: int,
    kernels: list[tuple[str, str]],
    terminals: list[str],
    stops: bool,
) -> None:
    code = start_script().split("<<'END'\n")[1].split("END\n")[0]
    answers = {
        "kernels": [{"execution_state": state, "last_activity": last} for state, last in kernels],
        "terminals": [{"last_activity": last} for last in terminals],
    }
    called: list[list[str]] = []

    def urlopen(address: str, **_: Any) -> StringIO:
        return StringIO(json.dumps(answers[address.removeprefix("https://localhost:8443/api/")]))

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: noon)
    monkeypatch.setattr("subprocess.run", lambda command, check: called.append(command))
    names = {"open": lambda _path: StringIO(f"{uptime}.12 1.0")}
    exec(compile(code, "stop-when-idle", "exec"), names)
    stop = "aws sagemaker stop-notebook-instance --region eu-central-1 --notebook-instance-name"
    assert called == ([[*stop.split(), "winnow-test-training"]] if stops else [])


def test_a_deployment_uploads_it() -> None:
    images = {one.name: "image" for one in (ROOT / "functions").iterdir() if one.is_dir()}
    made, uploads = rewrite(read(), Checkout.here(), "files", {}, images)
    (key,) = [one.key for one in uploads if one.key.endswith("training.yaml")]
    url = made["Resources"]["Training"]["Properties"]["TemplateURL"]
    assert url == {"Fn::Sub": f"https://files.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{key}"}
