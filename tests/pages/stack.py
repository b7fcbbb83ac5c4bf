"""What is deployed, drawn from template.yaml: the flowcharts and tables of docs/architecture.md.

Who reads what comes from the policies of the roles, who starts what from rules, schedules and
policies. A resource that is not placed here, or an action without a meaning, is an error: the
pictures are of the whole stack.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.template.expand import read

Template = dict[str, Any]

# Each arrow is drawn once: in the last picture that has one of its ends. Callers stand before
# what they call, for the layout begins with them.
PLACES: dict[str, tuple[str, ...]] = {
    "run": (
        "UploadedRule",
        "Triage",
        "SerializeFunction",
        "ScanFunction",
        "ClassifyFunction",
        "FilterFunction",
        "UploadsBucket",
        "ResultsBucket",
        "Table",
        "Topic",
        "EmailSubscription",
    ),
    "recovery": (
        "StoppedRule",
        "Stopped",
        "LastResortRule",
        "SweepSchedule",
        "SweepFunction",
        "Undelivered",
    ),
    "limit": (
        "DispatchSchedule",
        "DispatchFunction",
        "Waiting",
    ),
    "digest": (
        "RunMails",
        "MailQueue",
        "MailSubscription",
        "DigestSchedule",
        "DigestFunction",
    ),
    "chat": (
        "NotifyFunction",
        "WebhookSecret",
        "NoticesUndelivered",
    ),
    "review": (
        "UserPool",
        "Api",
        "ApiFunction",
        "EndedRule",
        "QueueFunction",
        "ReviewsTable",
        "ReviewsUndelivered",
    ),
    "search": (
        "ChangedRule",
        "Changes",
        "IndexSchedule",
        "IndexFunction",
        "SearchFunction",
        "Unindexed",
    ),
    "models": (
        "PublishFunction",
        "TrainSchedule",
        "GoldenSchedule",
        "TrainFunction",
        "ModelsBucket",
        "ModelsTable",
    ),
}
KINDS = {
    "AWS::S3::Bucket": "S3 bucket",
    "AWS::DynamoDB::Table": "DynamoDB table",
    "AWS::SQS::Queue": "SQS queue",
    "AWS::SNS::Topic": "SNS topic",
    "AWS::SNS::Subscription": "subscription",
    "AWS::Serverless::Function": "Lambda function",
    "AWS::Serverless::StateMachine": "Step Functions",
    "AWS::Events::Rule": "EventBridge rule",
    "AWS::Scheduler::Schedule": "EventBridge schedule",
    "AWS::ApiGatewayV2::Api": "HTTP API",
    "AWS::Cognito::UserPool": "Cognito user pool",
    "AWS::SecretsManager::Secret": "secret",
}
SHAPES = {
    "S3 bucket": ("[(", ")]"),
    "DynamoDB table": ("[(", ")]"),
    "SQS queue": ("[[", "]]"),
    "SNS topic": ("([", "])"),
    "subscription": ("[/", "/]"),
    "Lambda function": ("[", "]"),
    "Step Functions": ("{{", "}}"),
    "EventBridge rule": ("(", ")"),
    "EventBridge schedule": ("(", ")"),
    "HTTP API": ("(", ")"),
    "Cognito user pool": ("[(", ")]"),
    "secret": ("[(", ")]"),
}
# Own colours for text and background: they read alike in GitHub's light and dark themes.
STYLES = {
    "store": "fill:#dff2e3,stroke:#2f7d46,color:#10331c",
    "message": "fill:#fbe3ee,stroke:#a63d72,color:#43152d",
    "code": "fill:#fdeed9,stroke:#b0680f,color:#452803",
    "flow": "fill:#e1ebfa,stroke:#1f5fa8,color:#0d2747",
}
STYLED = {
    "S3 bucket": "store",
    "DynamoDB table": "store",
    "SQS queue": "message",
    "SNS topic": "message",
    "subscription": "message",
    "Lambda function": "code",
    "Step Functions": "flow",
    "EventBridge rule": "flow",
    "EventBridge schedule": "flow",
    "HTTP API": "flow",
    "Cognito user pool": "store",
    "secret": "store",
}
STORES = ("AWS::S3::Bucket", "AWS::DynamoDB::Table")
LINES = {"call": "==>", "data": "-->", "failure": "-.->"}
ARROWS = list(LINES)
ALARM = "AWS::CloudWatch::Alarm"
# Deployed, and in no picture: what each thing above has of its own.
BESIDE = {
    "AWS::IAM::Role": "roles, one for each that calls anything",
    "AWS::Logs::LogGroup": "log groups",
    "AWS::S3::BucketPolicy": "bucket policies",
    "AWS::SQS::QueuePolicy": "queue policies",
    "AWS::SNS::TopicPolicy": "topic policies",
    "AWS::KMS::Key": "key of the topics",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::Budgets::Budget": "budget of the account",
    "AWS::StepFunctions::StateMachineVersion": "version of the workflow",
    "AWS::StepFunctions::StateMachineAlias": "alias that runs are started by",
    "AWS::CloudFormation::Stack": "AWS Batch for large trainings",
    "AWS::Lambda::Permission": "permissions to call a function",
    "AWS::Lambda::EventSourceMapping": "reader of the table's stream",
    "AWS::Cognito::UserPoolDomain": "address of the sign-in",
    "AWS::Cognito::UserPoolGroup": "groups of users",
    "AWS::Cognito::UserPoolResourceServer": "scopes for programs",
    "AWS::Cognito::UserPoolClient": "clients of the user pool",
    "AWS::ApiGatewayV2::Stage": "stage of the API",
    "AWS::ApiGatewayV2::Integration": "the API's way to its function",
    "AWS::ApiGatewayV2::Authorizer": "check of tokens",
    "AWS::ApiGatewayV2::Route": "routes of the API",
    "AWS::Glue::Database": "database of the search index, with `SearchWithAthena`",
    "AWS::Glue::Table": "table of the search index's files, for Athena",
    "AWS::Athena::WorkGroup": "workgroup of Athena, for searches",
    "Custom::ShippedProcesses": "the processes that ship, published by a deployment",
}
BESIDE_BY_NAME = {
    "AccessLogs": "bucket for the access logs of the others",
    "NoticeSubscription": "subscription of the function that posts notices",
}

READS, WRITES, CALLS, NOTHING = "reads", "writes", "calls", ""
ACTIONS = {
    "s3:GetObject": READS,
    "s3:GetObjectVersion": READS,
    "s3:ListBucketVersions": READS,
    "s3:PutObject": WRITES,
    "s3:DeleteObject": WRITES,
    "s3:DeleteObjectVersion": WRITES,
    "dynamodb:GetItem": READS,
    "dynamodb:GetRecords": READS,
    "dynamodb:BatchGetItem": READS,
    "dynamodb:Query": READS,
    "dynamodb:PutItem": WRITES,
    "dynamodb:UpdateItem": WRITES,
    "sqs:ReceiveMessage": READS,
    "secretsmanager:GetSecretValue": READS,
    "sqs:SendMessage": WRITES,
    "sns:Publish": WRITES,
    "lambda:InvokeFunction": CALLS,
    "states:StartExecution": CALLS,
    # What comes with the above.
    "s3:ListBucket": NOTHING,
    "s3:AbortMultipartUpload": NOTHING,
    "s3:ListMultipartUploadParts": NOTHING,
    "s3:ListBucketMultipartUploads": NOTHING,
    "s3:GetBucketLocation": NOTHING,
    "sqs:DeleteMessage": NOTHING,
    "sqs:ChangeMessageVisibility": NOTHING,
    "sqs:GetQueueAttributes": NOTHING,
    "states:DescribeExecution": NOTHING,
    "dynamodb:ConditionCheckItem": NOTHING,
    "dynamodb:DeleteItem": NOTHING,
    "dynamodb:DescribeStream": NOTHING,
    "dynamodb:GetShardIterator": NOTHING,
    "dynamodb:ListStreams": NOTHING,
    "states:StopExecution": NOTHING,
    "states:ListExecutions": NOTHING,
    "textract:DetectDocumentText": NOTHING,
}
NOTHING_OF = ("kms:", "logs:", "xray:", "athena:", "glue:")


class Arrow(NamedTuple):
    """From where to where something goes."""

    source: str
    target: str
    kind: str
    """data, call or failure."""
    condition: str = ""
    """When there is this arrow, by a parameter."""


def resources(template: Template) -> dict[str, Any]:
    return template["Resources"]  # type: ignore[no-any-return]


def branches(value: Any, template: Template, condition: str = "") -> Iterator[tuple[Any, str]]:
    """The values that may stand here, `Fn::If` resolved, each with its condition."""
    if isinstance(value, dict) and "Fn::If" in value:
        name, then, otherwise = value["Fn::If"]
        parameter = _parameter(template["Conditions"][name])
        yield from branches(then, template, f"with {parameter}")
        yield from branches(otherwise, template, f"without {parameter}")
    elif isinstance(value, list):
        for item in value:
            yield from branches(item, template, condition)
    elif value != {"Ref": "AWS::NoValue"}:
        yield value, condition


def _parameter(condition: Any) -> str:
    found = re.findall(r"'Ref': '(\w+)'", str(condition))
    return str(found[0])


def named(value: Any, template: Template) -> list[str]:
    """The resources that a value names, in any of CloudFormation's ways."""
    found = []
    for way, name in _references(value):
        names = re.findall(r"\$\{([\w.]+)\}", name) if way == "Fn::Sub" else [name]
        found += [one.partition(".")[0] for one in names]
    return [name for name in dict.fromkeys(found) if name in resources(template)]


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("Ref", "Fn::GetAtt", "Fn::Sub"):
                yield key, item if isinstance(item, str) else str(item[0])
            else:
                yield from _references(item)


def arrows(template: Template) -> list[Arrow]:
    """Every arrow of the stack, each once."""
    found = [
        arrow
        for name, resource in resources(template).items()
        for arrow in _arrows_of(name, resource["Type"], resource["Properties"], template)
        if arrow.source != arrow.target
    ]
    return list(dict.fromkeys(found))


def _arrows_of(name: str, kind: str, properties: Any, template: Template) -> Iterator[Arrow]:
    if kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine"):
        failures = named(properties.get("EventInvokeConfig"), template)
        for role in named(properties["Role"], template):
            for arrow in _allowed(name, role, template):
                yield arrow._replace(kind="failure") if arrow.target in failures else arrow
    elif kind == "AWS::Lambda::EventSourceMapping":
        (source,) = named(properties["EventSourceArn"], template)
        (function,) = named(properties["FunctionName"], template)
        yield Arrow(source, function, "call")
    elif kind == "AWS::ApiGatewayV2::Integration":
        (api,) = named(properties["ApiId"], template)
        (function,) = named(properties["IntegrationUri"], template)
        yield Arrow(api, function, "call")
    elif kind == "AWS::ApiGatewayV2::Authorizer":
        (api,) = named(properties["ApiId"], template)
        for pool in named(properties["JwtConfiguration"]["Issuer"], template):
            yield Arrow(pool, api, "data")
    elif kind == "AWS::Events::Rule":
        for source in named(properties["EventPattern"], template):
            yield Arrow(source, name, "data")
        for target, condition in branches(properties["Targets"], template):
            yield from _called(name, target, condition, template)
    elif kind == "AWS::Scheduler::Schedule":
        yield from _called(name, properties["Target"], "", template)
    elif kind == "AWS::SNS::Subscription":
        (topic,) = named(properties["TopicArn"], template)
        queues = named(properties["Endpoint"], template)
        condition = resources(template)[name].get("Condition")
        parameter = _parameter(template["Conditions"][condition]) if condition else ""
        for target in queues or [name]:
            called = resources(template)[target]["Type"] == "AWS::Serverless::Function"
            yield Arrow(
                topic,
                target,
                "call" if called else "data",
                f"with {parameter}" if parameter else "",
            )
        for queue in named(properties.get("RedrivePolicy"), template):
            yield Arrow(topic, queue, "failure")
    elif kind == "AWS::SQS::Queue":
        for queue in named(properties.get("RedrivePolicy"), template):
            yield Arrow(name, queue, "failure")


def _called(name: str, target: Any, condition: str, template: Template) -> Iterator[Arrow]:
    for called in named(target["Arn"], template):
        if resources(template)[called]["Type"] == "AWS::StepFunctions::StateMachineAlias":
            continue  # The machine is named beside it, for where there are no aliases.
        passive = resources(template)[called]["Type"] in ("AWS::SQS::Queue", "AWS::SNS::Topic")
        yield Arrow(name, called, "data" if passive else "call", condition)
    for queue in named(target.get("DeadLetterConfig"), template):
        yield Arrow(name, queue, "failure")


def _allowed(name: str, role: str, template: Template) -> Iterator[Arrow]:
    for policy in resources(template)[role]["Properties"]["Policies"]:
        for statement, _ in branches(policy["PolicyDocument"]["Statement"], template):
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                if action.startswith(NOTHING_OF):
                    continue
                for thing in named(statement["Resource"], template):
                    if ACTIONS[action] == READS:
                        yield Arrow(thing, name, "data")
                    elif ACTIONS[action] == WRITES:
                        yield Arrow(name, thing, "data")
                    elif ACTIONS[action] == CALLS:
                        yield Arrow(name, thing, "call")


def flowchart(picture: str, template: Template) -> str:
    """One of the pictures, as a Mermaid flowchart."""
    drawn = [arrow for arrow in arrows(template) if _picture(arrow) == picture]
    ends = {end for arrow in drawn for end in (arrow.source, arrow.target)}
    places = [name for names in PLACES.values() for name in names]
    order = {place: index for index, place in enumerate(places)}
    lines = ["```mermaid", "flowchart LR"]
    for place in places:
        if place in ends:
            kind = KINDS[resources(template)[place]["Type"]]
            opening, closing = SHAPES[kind]
            title = "e-mail" if kind == "subscription" else f"{place}<br/><i>{kind}</i>"
            lines.append(f'    {place}{opening}"{title}"{closing}:::{STYLED[kind]}')
    data = {(arrow.source, arrow.target) for arrow in drawn if arrow.kind == "data"}
    # Who calls stands first, and what is called or kept after it: so the layout goes one way.
    for arrow in sorted(drawn, key=lambda arrow: (ARROWS.index(arrow.kind), order[arrow.source])):
        line = LINES[arrow.kind]
        if arrow.kind == "data" and (arrow.target, arrow.source) in data:
            if resources(template)[arrow.source]["Type"] in STORES:
                continue
            line = "<-->"
        label = f"|{arrow.condition}|" if arrow.condition else ""
        lines.append(f"    {arrow.source} {line}{label} {arrow.target}")
    used = {STYLED[KINDS[resources(template)[end]["Type"]]] for end in ends}
    lines += [f"    classDef {name} {style}" for name, style in STYLES.items() if name in used]
    return "\n".join([*lines, "```"])


def _picture(arrow: Arrow) -> str:
    order = list(PLACES)
    return order[max(order.index(_place(end)) for end in (arrow.source, arrow.target))]


def _place(name: str) -> str:
    for picture, names in PLACES.items():
        if name in names:
            return picture
    raise KeyError(f"{name} of template.yaml is in no picture: name it in PLACES")


def alarms(template: Template) -> str:
    """The alarms, as a table of what each says and looks at."""
    lines = ["| alarm | looks at | says |", "|---|---|---|"]
    for name, resource in resources(template).items():
        if resource["Type"] == ALARM:
            properties = resource["Properties"]
            looked_at = named([properties.get("Dimensions"), properties.get("Metrics")], template)
            metrics = set(re.findall(r"'MetricName': '(\w+)'", str(properties)))
            shown = ", ".join(f"`{metric}`" for metric in sorted(metrics))
            of = f" of {', '.join(looked_at)}" if looked_at else ""
            says = " ".join(properties["AlarmDescription"].split()).replace("|", "\\|")
            lines.append(f"| `{name}` | {shown}{of} | {says} |")
    return "\n".join(lines)


def beside(template: Template) -> str:
    """What is deployed and is in no picture, as a table."""
    rows: dict[str, list[str]] = {}
    placed = {name for names in PLACES.values() for name in names}
    for name, resource in resources(template).items():
        if name not in placed and resource["Type"] != ALARM:
            what = BESIDE_BY_NAME.get(name) or BESIDE.get(resource["Type"])
            if what is None:
                raise KeyError(f"{name} of template.yaml is in no picture: name it in PLACES")
            rows.setdefault(what, []).append(f"`{name}`")
    lines = [f"| {what} | {', '.join(names)} |" for what, names in rows.items()]
    return "\n".join(["| what | resources |", "|---|---|", *lines])


def blocks() -> dict[str, str]:
    """The generated blocks of docs/architecture.md."""
    template = read()
    return {
        **{picture: flowchart(picture, template) for picture in PLACES},
        "alarms": alarms(template),
        "beside": beside(template),
    }
