"""Without ReviewPage there is nothing of it; with it, everything is of one piece."""

import re
from typing import Any

import pytest

from tests.template.expand import expand, read
from tests.template.rules.review import PUBLIC, RESOURCES, ROUTES
from winnow_api.routes import ROUTES as API_ROUTES

# Every resource of the stack before there was a review page, by the part of the template.
BEFORE = {
    *("UploadsBucket", "UploadsBucketPolicy", "ResultsBucket", "ResultsBucketPolicy"),
    *("AccessLogs", "AccessLogsPolicy", "Table"),
    *("TopicKey", "Topic", "TopicPolicy", "EmailSubscription", "RunMails", "RunMailsPolicy"),
    *("MailQueue", "MailQueuePolicy", "MailSubscription"),
    *(
        f"{function}{part}"
        for function in (
            *("Serialize", "Scan", "Classify", "Filter", "Sweep", "Dispatch", "Digest"),
            "Publish",
        )
        for part in ("Function", "Role", "Logs")
    ),
    *(
        "Triage",
        "TriageVersion",
        "TriageAlias",
        "Stopped",
        "WorkflowLogs",
        "TriageRole",
        "StoppedRole",
    ),
    *("UploadedRule", "StoppedRule", "LastResortRule", "StartRole"),
    *(f"{name}Schedule{part}" for name in ("Sweep", "Dispatch", "Digest") for part in ("", "Role")),
    *("Waiting", "WaitingPolicy", "Undelivered", "UndeliveredPolicy"),
    *(
        f"{name}Alarm"
        for name in (
            *("Undelivered", "RunsFailed", "RunsTimedOut", "RunsThrottled", "Unfinished"),
            *("SweepFailed", "Waiting", "DigestLate", "MailFailed", "FunctionErrors"),
            *("FunctionThrottles", "ReviewRate", "Drifted", "NotMailed"),
            *("Defects", "GuaranteeBroken", "Concurrency", "ModelAge"),
        )
    ),
    "Dashboard",
    *("ModelsBucket", "ModelsBucketPolicy", "ModelsTable", "ShippedProcesses"),
}
OUTPUTS = {
    *("ModelsBucket", "ModelsTable"),
    *(
        "Intake",
        "Inbox",
        "UploadsBucket",
        "ResultsBucket",
        "Table",
        "RetentionDays",
        "StateMachineArn",
    ),
    *("MaxRuns", "WaitingQueue", "TopicArn", "UndeliveredQueue", "WorkflowAlias"),
}
NOTHING = {"Ref": "AWS::NoValue"}
OFF = {name: one["Default"] for name, one in read()["Parameters"].items()}
ON = {**OFF, "ReviewPage": "true"}


def holds(condition: Any, template: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Whether a condition is true with these parameters."""
    match condition:
        case {"Fn::And": list(several)}:
            return all(holds(one, template, parameters) for one in several)
        case {"Fn::Not": [one]}:
            return not holds(one, template, parameters)
        case {"Fn::Equals": [{"Ref": name}, value]}:
            return bool(parameters[name] == value)
        case {"Condition": name}:
            return holds(template["Conditions"][name], template, parameters)
    raise ValueError(f"no such condition: {condition!r}")


def resolve(value: Any, template: dict[str, Any], parameters: dict[str, Any]) -> Any:
    """The value with every `Fn::If` decided, and without what is nothing then."""

    def of(one: Any) -> Any:
        return resolve(one, template, parameters)

    match value:
        case {"Fn::If": [name, then, otherwise]}:
            there = holds({"Condition": name}, template, parameters)
            return of(then if there else otherwise)
        case dict():
            return {key: made for key, one in value.items() if (made := of(one)) != NOTHING}
        case list():
            return [made for one in value if (made := of(one)) != NOTHING]
    return value


def deployed(parameters: dict[str, Any], template: dict[str, Any] | None = None) -> dict[str, Any]:
    """Resources and outputs of the template with these parameters."""
    written = template or read()

    def part(name: str) -> dict[str, Any]:
        return {
            key: resolve(one, written, parameters)
            for key, one in written[name].items()
            if "Condition" not in one or holds({"Condition": one["Condition"]}, written, parameters)
        }

    return {name: part(name) for name in ("Resources", "Outputs")}


def named(value: Any) -> set[str]:
    """What a part of the template refers to."""
    match value:
        case {"Ref": str(name)}:
            return {re.split(r"\.", name)[0]}
        case {"Fn::GetAtt": [str(name), _]}:
            return {name}
        case {"Fn::Sub": [str(pattern), dict(given)]}:
            own = {one.partition(".")[0] for one in re.findall(r"\$\{([\w.:]+)\}", pattern)}
            return (own - set(given)).union(*map(named, given.values()))
        case {"Fn::Sub": str(pattern)}:
            return {one.partition(".")[0] for one in re.findall(r"\$\{([\w.:]+)\}", pattern)}
        case dict():
            return set().union(*map(named, value.values()))
        case list():
            return set().union(*map(named, value))
    return set()


def test_off_leaves_the_resources_that_were_there_before() -> None:
    off = deployed({**OFF, "NotifyEmail": "a@example.org"})
    assert set(off["Resources"]) == BEFORE
    assert set(off["Outputs"]) == OUTPUTS


def test_off_is_the_default() -> None:
    assert OFF["ReviewPage"] == "false"


def test_on_adds_what_the_rules_call_the_review_page_s() -> None:
    on = deployed({**ON, "NotifyEmail": "a@example.org"})
    assert set(on["Resources"]) - BEFORE == RESOURCES
    assert not BEFORE & RESOURCES


@pytest.mark.parametrize("parameters", [OFF, ON], ids=["off", "on"])
def test_nothing_refers_to_what_is_not_deployed(parameters: dict[str, Any]) -> None:
    stack = deployed(parameters)
    missing = named(stack) & (BEFORE | RESOURCES) - set(stack["Resources"])
    assert missing == set()


def test_off_no_permission_index_or_alarm_is_of_it() -> None:
    off = deployed(OFF)["Resources"]
    # A description names the parameters that Filter's settings depend on, on or off.
    text = str(off).replace("${LocalApiHost}", "")
    for word in ("Reviews", "Api", "api", "cognito", "by_claim", "HasReviewPage", "IsLocal"):
        assert word not in text, word
    indexes = off["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert [one["IndexName"] for one in indexes] == ["by_object", "by_lease"]
    assert "CorsConfiguration" not in off["UploadsBucket"]["Properties"]


def test_what_sam_makes_of_it_is_conditional_too() -> None:
    template = expand()
    functions = ("QueueFunction", "ApiFunction", "TrainFunction", "IndexFunction", "SearchFunction")
    made = {name for name in template["Resources"] if name.startswith(functions)}
    assert len(made) == 17, "function, version and alias of each, and what to do with failures"
    assert {template["Resources"][name].get("Condition") for name in made} == {"HasReviewPage"}


def test_only_routes_without_data_ask_for_no_token() -> None:
    routes = {
        one["Properties"]["RouteKey"]: one["Properties"]["AuthorizationType"]
        for one in deployed(ON)["Resources"].values()
        if one["Type"] == "AWS::ApiGatewayV2::Route"
    }
    assert {key for key, kind in routes.items() if kind != "JWT"} == set(PUBLIC.values())
    assert set(routes) == {*PUBLIC.values(), *ROUTES.values()}
    assert "$default" not in routes, "what is not listed is not there"


def test_the_gateway_has_the_routes_that_the_function_answers() -> None:
    answered = {key for key, route in API_ROUTES.items() if not route.public}
    assert answered == set(ROUTES.values())
    assert set(API_ROUTES) - answered == set(PUBLIC.values())
