"""Every function, every log group, both machines, and what all functions have in common."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tests.template.expand import read
from tests.template.rules import review
from tests.template.rules.files import KEY
from tests.template.rules.mail import GONE, of_runs
from tests.template.rules.shape import AnyOrder, att, given, ref, skips, sub, text
from tests.template.rules.stack import MACHINES, Stack
from winnow_aws.read_settings import ScanSettings, SerializeSettings
from winnow_aws.settings import (
    ApiSettings,
    ClassifySettings,
    DigestSettings,
    DispatchSettings,
    FilterSettings,
    IndexSettings,
    NotifySettings,
    PublishSettings,
    QueueSettings,
    SearchSettings,
    SweepSettings,
    TrainSettings,
)

ROOT = Path(__file__).resolve().parents[3]
# Function -> what it reads its environment with.
SETTINGS: dict[str, type[BaseModel]] = {
    "SerializeFunction": SerializeSettings,
    "ScanFunction": ScanSettings,
    "ClassifyFunction": ClassifySettings,
    "FilterFunction": FilterSettings,
    "SweepFunction": SweepSettings,
    "DispatchFunction": DispatchSettings,
    "DigestFunction": DigestSettings,
    "NotifyFunction": NotifySettings,
    "QueueFunction": QueueSettings,
    "ApiFunction": ApiSettings,
    "PublishFunction": PublishSettings,
    "TrainFunction": TrainSettings,
    "IndexFunction": IndexSettings,
    "SearchFunction": SearchSettings,
}
# A quarter of an hour is the most that Lambda gives; exceptions:
TIMEOUTS = {
    "ClassifyFunction": 300,
    "SweepFunction": 840,
    "DispatchFunction": 120,
    "DigestFunction": 300,
    # Three attempts of six seconds each at most, and the waits between them.
    "NotifyFunction": 60,
    # Less than CloudFormation waits for its answer.
    "PublishFunction": 300,
    # API Gateway waits for 30 seconds at most.
    "ApiFunction": 29,
    # Less than the API waits.
    "SearchFunction": 25,
}
# A core each, which is 1,769 MB; OCR gets two, and what mostly waits a part of one.
MEMORY = {
    **{"ScanFunction": 3538, "DispatchFunction": 512, "NotifyFunction": 512},
    "TrainFunction": ref("TrainMemory"),
}
# Megabytes of /tmp, where it is more than Lambda gives by itself: files of the index.
STORAGE = dict.fromkeys(("IndexFunction", "SearchFunction"), 4096)
# Not steps of the workflow: no concurrency is set aside for these.
BESIDE_THE_WORKFLOW = dict.fromkeys(
    (
        *("SweepFunction", "DispatchFunction", "DigestFunction", "QueueFunction", "ApiFunction"),
        *("PublishFunction", "TrainFunction", "IndexFunction", "SearchFunction"),
        "NotifyFunction",
    ),
    "CKV_AWS_115",
)
FUNCTION_SKIPS = ("CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_173")

# What runs are started by: where there are versions of the workflow, an alias of it.
STARTED = given("HasWorkflowVersions", ref("TriageAlias"), ref("Triage"))
# CodeRelease -> how the alias moves, in percent and minutes. CloudFormation's own words.
RELEASES = {
    "AllAtOnce": {"Type": "ALL_AT_ONCE", "Percent": 100, "Minutes": 0},
    "Canary10Percent5Minutes": {"Type": "CANARY", "Percent": 10, "Minutes": 5},
    "Canary10Percent30Minutes": {"Type": "CANARY", "Percent": 10, "Minutes": 30},
    "Linear10PercentEvery10Minutes": {"Type": "LINEAR", "Percent": 10, "Minutes": 10},
}
# What takes an update back. None of them depends on a function that is told the alias: that would
# be a circle.
TAKES_BACK = ("DefectsAlarm", "RunsFailedAlarm", "RunsTimedOutAlarm", "NotMailedAlarm")

# What every function is told, by Globals.
COMMON = {"LOG_LEVEL", "RESULTS_BUCKET", "LOCAL_AWS", "STACK_NAME"}
# Variable -> what it says, in whichever function it stands. A variable that is named like a
# parameter (RETENTION_DAYS: RetentionDays) refers to it; one that holds a plain value holds the
# default of the function's own settings.
VARIABLES: dict[str, Any] = {
    "LOG_LEVEL": "INFO",
    # Where AWS is; empty for AWS itself. `sam local invoke` fills it in.
    "LOCAL_AWS": "",
    "RESULTS_BUCKET": ref("ResultsBucket"),
    "UPLOADS_BUCKET": ref("UploadsBucket"),
    "TABLE_NAME": ref("Table"),
    "TOPIC_ARN": of_runs(),
    "WAITING_QUEUE_URL": ref("Waiting"),
    "MAIL_QUEUE_URL": ref("MailQueue"),
    "CHANGES_QUEUE_URL": ref("Changes"),
    "WEBHOOK_SECRET": ref("WebhookSecret"),
    "WORKFLOW_ARN": STARTED,
    "STACK_NAME": ref("AWS::StackName"),
    "PRICES_REGION": ref("AWS::Region"),
    "THRESHOLD_OVERRIDE": ref("Threshold"),
    "REVIEWS_TABLE": ref("ReviewsTable"),
    "MODELS_TABLE": ref("ModelsTable"),
    "MODELS_BUCKET": ref("ModelsBucket"),
    "PAGE_URL": review.page(),
    "SIGN_IN_URL": review.SIGN_IN,
    "SIGN_IN_CLIENT": ref("PageClient"),
    "USER_POOL": ref("UserPool"),
    "BLIND_SHARE": ref("ReviewBlindShare"),
    "AUDIT_SHARE": ref("ReviewAuditShare"),
    "DISAGREEMENT_SHARE": ref("DisagreementShare"),
    "SCAN_FUNCTION": ref("ScanFunction.Alias"),
    "CLASSIFY_FUNCTION": ref("ClassifyFunction.Alias"),
    "TRAIN_FUNCTION": ref("TrainFunction.Alias"),
    "SEARCH_FUNCTION": ref("SearchFunction.Alias"),
    "ATHENA_WORKGROUP": given("HasAthena", ref("SearchWorkGroup"), ""),
    "ATHENA_DATABASE": given("HasAthena", ref("SearchDatabase"), ""),
    "TRAIN_QUEUE": given("HasTrainOnBatch", sub("${AWS::StackName}-training"), ""),
}
# What the sweep is told of reviews, where there are any.
OF_REVIEWS = {"REVIEWS_TABLE": ref("ReviewsTable"), "QUEUE_FUNCTION": ref("QueueFunction.Alias")}
# What these mail is not gathered: it is gathered already, or there is one for each upload.
AT_ONCE = {"DigestFunction", "QueueFunction", "TrainFunction"}
# What is only read where a function runs outside of a stack.
OUTSIDE = {one: {"PROCESS_DIR"} for one in ("SerializeFunction", "ScanFunction")}
# Variable -> folder of the image.
FOLDERS = {
    "MODEL_DIR": "/opt/model",
    "PROCESS_DIR": "/opt/processes",
    "WEB_DIR": "/opt/web",
    "SAMPLES_DIR": "/opt/samples",
}


def camel(variable: str) -> str:
    return "".join(word.capitalize() for word in variable.split("_"))


def in_image(function: str, folder: str) -> bool:
    """Whether the function's image has the folder."""
    target = function.removesuffix("Function").lower()
    stage = re.search(rf"^FROM function AS {target}$(.*?)(^FROM |\Z)", _dockerfile(), re.M | re.S)
    return bool(stage and re.search(rf"^COPY .* {re.escape(folder)}$", stage[1], re.M))


@cache
def _dockerfile() -> str:
    return (ROOT / "functions" / "Dockerfile").read_text("utf-8")


def variable(function: str, name: str, stack: Stack) -> Any:
    """What a variable of a function has to be; None where no rule knows."""
    if name == "POWERTOOLS_SERVICE_NAME":
        return function.removesuffix("Function").lower()
    if name == "TOPIC_ARN" and function in AT_ONCE:
        return ref("Topic")
    if name == "PAGE_URL" and function == "FilterFunction":
        return given("HasReviewPage", review.page(), "")
    if function == "SweepFunction" and name in OF_REVIEWS:
        return given("HasReviewPage", OF_REVIEWS[name], "")
    if name in VARIABLES:
        return VARIABLES[name]
    if name in FOLDERS:
        return FOLDERS[name] if in_image(function, FOLDERS[name]) else None
    if camel(name) in stack.parameters:
        return ref(camel(name))
    field = SETTINGS[function].model_fields.get(name.lower())
    return None if field is None or field.is_required() else str(field.default)


def variables(function: str, stack: Stack) -> dict[str, Any]:
    """The variables that the function itself is given: those it reads, but for the common ones."""
    # Limits have defaults; LIMIT_... sets one where a stack needs another.
    read = {name.upper() for name in SETTINGS[function].model_fields} - {"LIMITS", "BUDGET"}
    own = {"POWERTOOLS_SERVICE_NAME", *read} - COMMON - OUTSIDE.get(function, set())
    return {name: variable(function, name, stack) for name in sorted(own)}


# What needs the processes of its own code in the registry.
AFTER_PUBLISHING = {"Triage", "ApiFunction"}
SHIPPED = "Custom::ShippedProcesses"


def shipped(name: str, stack: Stack) -> Any:
    """Calls the function for every version of its code, and waits longer than it may take."""
    return {
        "Type": SHIPPED,
        "Properties": {
            "ServiceToken": ref("PublishFunction.Alias"),
            "ServiceTimeout": 2 * TIMEOUTS["PublishFunction"],
            "PublishVersion": ref("PublishFunction.Version"),
            # Called for new code of a step as well: it notes when that was deployed.
            "JudgingVersions": AnyOrder(
                [
                    ref(f"{step}Function.Version")
                    for step in ("Serialize", "Scan", "Classify", "Filter")
                ]
            ),
        },
    }


# Who calls these does not wait: Lambda tries an event once and so many times more. Of a training
# that died the second attempt tells.
TRIED_AGAIN = {"QueueFunction": 2, "TrainFunction": 1, "NotifyFunction": 2}


def kept_if_failed(function: str) -> dict[str, Any]:
    """An event that fails to the last is kept in a queue."""
    queue = "NoticesUndelivered" if function == "NotifyFunction" else "ReviewsUndelivered"
    return {
        "MaximumEventAgeInSeconds": 6 * 3600,
        "MaximumRetryAttempts": TRIED_AGAIN[function],
        "DestinationConfig": {
            "OnFailure": {"Type": "SQS", "Destination": att(queue)},
        },
    }


def function(name: str, stack: Stack) -> Any:
    """An image with its own role and log, whose settings are those it reads and no other."""
    if name not in SETTINGS:
        return {}
    step = name.removesuffix("Function")
    own = variables(name, stack)
    properties = {
        "PackageType": "Image",
        "AutoPublishAliasAllProperties": True,
        "Description": text(20),
        "Role": att(f"{step}Role"),
        "Timeout": TIMEOUTS.get(name, 900),
        "LoggingConfig": {"LogGroup": ref(f"{step}Logs")},
        "Environment": {"Variables": own},
    }
    if name in MEMORY:
        properties["MemorySize"] = MEMORY[name]
    if name in STORAGE:
        properties["EphemeralStorage"] = {"Size": STORAGE[name]}
    if name in TRIED_AGAIN:
        properties["EventInvokeConfig"] = kept_if_failed(name)
    after = {"DependsOn": "ShippedProcesses"} if name in AFTER_PUBLISHING else {}
    if name in BESIDE_THE_WORKFLOW:
        metadata = skips(BESIDE_THE_WORKFLOW[name], *FUNCTION_SKIPS)
    else:
        metadata = skips(*FUNCTION_SKIPS)
        properties["ReservedConcurrentExecutions"] = given(
            "HasReservedConcurrency", ref("ReservedConcurrency")
        )
    # A version is published when its description changes: it says what settings come from.
    told = (*own.values(), properties.get("MemorySize"))
    said = {one for value in told for one in behind(value, stack)}
    if said:
        properties["VersionDescription"] = _says(said)
    return {
        "Type": "AWS::Serverless::Function",
        **after,
        "Metadata": {
            "DockerContext": ".",
            "Dockerfile": "functions/Dockerfile",
            "DockerBuildTarget": step.lower(),
            **metadata,
        },
        "Properties": properties,
    }


def behind(value: Any, stack: Stack) -> set[str]:
    """The parameters that a value hangs on, by a condition too."""
    match value:
        case {"Ref": name}:
            return {name} & set(stack.parameters)
        case {"Fn::Sub": str(pattern)}:
            return set(re.findall(r"\$\{(\w+)\}", pattern)) & set(stack.parameters)
        case {"Fn::If": [condition, *either]}:
            of_it = stack.template.get("Conditions", {}).get(condition)
            return behind(of_it, stack).union(*(behind(one, stack) for one in either))
        case dict() | list():
            inside = value.values() if isinstance(value, dict) else value
            return {name for one in inside for name in behind(one, stack)}
    return set()


def _says(names: set[str]) -> Any:
    def check(found: Any) -> str | None:
        pattern = found.get("Fn::Sub") if isinstance(found, dict) and len(found) == 1 else None
        if isinstance(pattern, str) and set(re.findall(r"\$\{(\w+)\}", pattern)) == names:
            return None
        return f"a Sub that names {sorted(names)}"

    return check


GLOBALS = {
    "Function": {
        # The images are built for one, so that no function may have another.
        "Architectures": [ref("Architecture")],
        "MemorySize": 1769,
        "Tracing": "Active",
        "AutoPublishAlias": "live",
        "Environment": {"Variables": {name: VARIABLES[name] for name in sorted(COMMON)}},
    }
}

# Step Functions keeps a policy for every log group whose name does not begin like this.
LOG_NAMES = {
    "WorkflowLogs": "/aws/vendedlogs/states/${AWS::StackName}",
    "ApiAccessLogs": "/aws/vendedlogs/apis/${AWS::StackName}",
}


def logs(name: str, stack: Stack) -> Any:
    """Every log group forgets, and is encrypted with the customer's key where one is given."""
    step = name.removesuffix("Logs").lower()
    return {
        "Type": "AWS::Logs::LogGroup",
        **GONE,
        "Metadata": skips("CKV_AWS_158"),
        "Properties": {
            "LogGroupName": sub(LOG_NAMES.get(name, f"/aws/lambda/${{AWS::StackName}}-{step}")),
            "RetentionInDays": ref("LogRetentionDays"),
            "KmsKeyId": given("HasKmsKey", KEY),
        },
    }


# Substitution -> what it says. One that is named like a parameter refers to it, and one that is
# named like a function to the function's version: a run keeps what it began with.
SUBSTITUTIONS: dict[str, Any] = {
    "Partition": ref("AWS::Partition"),
    "TableName": ref("Table"),
    "TopicArn": of_runs(),
    # JSON has no place for a number yet to be filled in: on AWS the Map reads it from its input.
    "MapConcurrencyField": given("IsLocal", "MaxConcurrency", "MaxConcurrencyPath"),
    "MapConcurrencyValue": given("IsLocal", ref("MapConcurrency"), "$.map_concurrency"),
    # As the file has it: what it computes is not looked at here, tests/statemachine runs it.
    "ExplainFailure": read()["Resources"]["Triage"]["Properties"]["DefinitionSubstitutions"][
        "ExplainFailure"
    ],
}


def definition_file(machine: str) -> str:
    return f"statemachine/{machine.lower()}.asl.json"


def _used(machine: str, stack: Stack) -> set[str]:
    files = [name for name, resource in MACHINES.items() if resource == machine]
    written = json.dumps([stack.machines[name] for name in files])
    return set(re.findall(r"\$\{(\w+)\}", written))


def substitution(name: str, stack: Stack) -> Any:
    """What a substitution has to be; None where no rule knows."""
    if name in SUBSTITUTIONS:
        return SUBSTITUTIONS[name]
    if name in SETTINGS:
        return ref(f"{name}.Version")
    return ref(name) if name in stack.parameters else None


def machine(name: str, stack: Stack) -> Any:
    """Traced, logged without the data that passes, and told what its definition asks for."""
    group = {"CloudWatchLogsLogGroup": {"LogGroupArn": att("WorkflowLogs")}}
    after = {"DependsOn": "ShippedProcesses"} if name in AFTER_PUBLISHING else {}
    return {
        "Type": "AWS::Serverless::StateMachine",
        **after,
        "Properties": {
            # Roles name it, and so must the template.
            "Name": sub(f"${{AWS::StackName}}-{name.lower()}"),
            "Type": "STANDARD",
            "Role": att(f"{name}Role"),
            "DefinitionUri": definition_file(name),
            "DefinitionSubstitutions": {
                one: substitution(one, stack) for one in sorted(_used(name, stack))
            },
            "Logging": {"Level": "ERROR", "IncludeExecutionData": False, "Destinations": [group]},
            "Tracing": {"Enabled": True},
        },
    }


def machine_version(name: str, stack: Stack) -> Any:
    """Of the definition as it is deployed; those before are kept, for a rollback."""
    machine = name.removesuffix("Version")
    return {
        "Type": "AWS::StepFunctions::StateMachineVersion",
        "Condition": "HasWorkflowVersions",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "StateMachineArn": ref(machine),
            "StateMachineRevisionId": att(machine, "StateMachineRevisionId"),
        },
    }


def machine_alias(name: str, stack: Stack) -> Any:
    """It moves as CodeRelease says, and back when one of the alarms rings meanwhile."""

    def mapped(what: str) -> Any:
        return {"Fn::FindInMap": ["CodeRelease", ref("CodeRelease"), what]}

    newest = ref(f"{name.removesuffix('Alias')}Version")
    return {
        "Type": "AWS::StepFunctions::StateMachineAlias",
        "Condition": "HasWorkflowVersions",
        "Properties": {
            "Name": "live",
            "DeploymentPreference": {
                # A version that new runs keep is named while a canary of code is made ready.
                "StateMachineVersionArn": given("HasCodeVersion", ref("CodeVersion"), newest),
                "Type": mapped("Type"),
                "Percentage": given("HasCodeRelease", mapped("Percent")),
                "Interval": given("HasCodeRelease", mapped("Minutes")),
                # By name: of an ARN CloudFormation would think that there is no such alarm.
                "Alarms": given("HasCodeRelease", AnyOrder([ref(one) for one in TAKES_BACK])),
            },
        },
    }


RULES = {
    "AWS::StepFunctions::StateMachineVersion": machine_version,
    "AWS::StepFunctions::StateMachineAlias": machine_alias,
    "AWS::Serverless::Function": function,
    SHIPPED: shipped,
    "AWS::Logs::LogGroup": logs,
    "AWS::Serverless::StateMachine": machine,
}
