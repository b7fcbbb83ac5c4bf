"""The second stack of a release of code: what it is made of, and what it may not do.

Its template is made from template.yaml; tests/e2e/test_blue_green.py deploys it.
"""

import fnmatch
import json
import re
from typing import Any

import pytest

from tests.template.expand import read
from winnow_cli.code_release.second_stack import (
    FIRST_STACKS,
    OF_STORES,
    STORES,
    Phase,
    parameters_of,
    second_template,
)

RELEASE = "0a1b2c3d4e5f"
PREFIX = f"shadow/{RELEASE}/"
FIRST = read()
MADE = {phase: second_template(FIRST, RELEASE, phase) for phase in Phase}
KEPT = {
    name for name, one in FIRST["Resources"].items() if "Retain" in one.get("DeletionPolicy", "")
} - {"TriageVersion"}
"""Stores that outlive the first stack."""
IN_SHADOW = {
    name: one
    for name, one in MADE[Phase.SHADOW]["Resources"].items()
    if one.get("Condition") != "HasReviewPage"
}
ROLES = {name: one for name, one in IN_SHADOW.items() if one["Type"] == "AWS::IAM::Role"}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        one["Fn::If"][1] if "Fn::If" in one else one
        for policy in role["Properties"]["Policies"]
        for one in policy["PolicyDocument"]["Statement"]
    ]


@pytest.mark.parametrize("phase", Phase)
def test_everything_that_is_named_is_there(phase: Phase):
    made = MADE[phase]
    text = json.dumps(made)
    named = set(re.findall(r'"Ref": "([A-Za-z]+)', text))
    named |= set(re.findall(r'"Fn::GetAtt": \["([A-Za-z]+)"', text))
    for inside in re.findall(r"\$\{([A-Za-z]+)(?:\.[A-Za-z.]+)?\}", text):
        # The variables of Fn::Sub itself.
        named |= {inside} - {"AWS", "Id", "Name"}
    assert named - {"AWS"} <= {*made["Resources"], *made["Parameters"]}
    for one in made["Resources"].values():
        needs = one.get("DependsOn", [])
        assert {needs} <= set(made["Resources"]) if isinstance(needs, str) else True
        assert one.get("Condition", "IsLocal") in made["Conditions"]
    # An attribute of a parameter cannot be asked for.
    for name in STORES[phase]:
        assert f'"Fn::GetAtt": ["{name}"' not in text
        assert f"${{{name}." not in text


def test_it_has_no_store_of_its_own_when_it_is_live():
    made = MADE[Phase.LIVE]
    assert not KEPT & set(made["Resources"])
    assert KEPT - {"AccessLogs"} <= set(made["Parameters"])
    assert not {one["Type"] for one in made["Resources"].values()} & {
        "AWS::S3::Bucket",
        "AWS::DynamoDB::Table",
        "AWS::Cognito::UserPool",
    }


def test_the_first_stack_is_not_changed_by_it():
    assert read() == FIRST
    untouched = {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"}
    for name, one in FIRST["Resources"].items():
        assert (one["Type"] in untouched) == (name in KEPT)


def test_in_the_shadow_it_has_a_table_of_its_own_which_goes_with_it():
    table = MADE[Phase.SHADOW]["Resources"]["Table"]
    assert {table["DeletionPolicy"], table["UpdateReplacePolicy"]} == {"Delete"}
    assert [n for n in KEPT if n in IN_SHADOW] == ["Table"]


@pytest.mark.parametrize("phase", Phase)
def test_what_belongs_to_the_first_stacks_stores_is_only_there(phase: Phase):
    """A second bucket policy or queue policy would replace the first."""
    resources = MADE[phase]["Resources"]
    assert not FIRST_STACKS & set(resources)
    for store, names in OF_STORES.items():
        for name in names:
            assert (name in resources) == (store not in STORES[phase])
    for name, one in resources.items():
        if one["Type"].endswith("Policy") and one["Type"] != "AWS::IAM::ManagedPolicy":
            properties = one["Properties"]
            of = [properties.get(key) for key in ("Bucket", "Queues", "Topics")]
            changed = set(re.findall(r'"Ref": "([A-Za-z]+)"', json.dumps(of)))
            assert changed, name
            assert not changed & set(STORES[phase]), name
    streams = [n for n, one in resources.items() if one["Type"].endswith("EventSourceMapping")]
    assert streams == []


def test_two_stacks_do_nothing_twice_by_a_schedule():
    """What is left starts runs, and only in the stack whose intake is open."""
    live = MADE[Phase.LIVE]["Resources"]
    schedules = {n: one for n, one in live.items() if one["Type"] == "AWS::Scheduler::Schedule"}
    assert set(schedules) == {"SweepSchedule", "DispatchSchedule"}
    for one in schedules.values():
        assert one["Properties"]["State"] == {"Ref": "Intake"}
    # A role that only a schedule took goes with it.
    takes = json.dumps(live)
    for name, one in live.items():
        if one["Type"] == "AWS::IAM::Role" and name.endswith("ScheduleRole"):
            assert f'"Fn::GetAtt": ["{name}", "Arn"]' in takes, name
    assert "AWS::Budgets::Budget" not in {one["Type"] for one in live.values()}


def test_nothing_starts_by_itself_before_it_is_live():
    starters = [
        name
        for name, one in MADE[Phase.SHADOW]["Resources"].items()
        if one["Type"] in ("AWS::Scheduler::Schedule", "AWS::Events::Rule")
        and one.get("Condition") != "HasReviewPage"
    ]
    # Those two wait for runs of its own machines.
    own = {"StoppedRule", "LastResortRule"}
    assert own < set(starters)
    for name in set(starters) - own:
        assert IN_SHADOW[name]["Properties"]["State"] == {"Ref": "Intake"}, name
    for name in own:
        detail = IN_SHADOW[name]["Properties"]["EventPattern"]["detail"]
        assert detail["stateMachineArn"][0]["Ref"] in IN_SHADOW
    given = parameters_of({}, {}, MADE[Phase.SHADOW], Phase.SHADOW)
    assert (given["Intake"], given["ReviewPage"], given["NotifyEmail"]) == ("DISABLED", "false", "")
    assert parameters_of({}, {}, MADE[Phase.LIVE], Phase.LIVE)["Intake"] == "ENABLED"


def test_a_shadow_mails_nobody():
    """Its topics are its own, and nobody has subscribed to them."""
    kinds = [one["Type"] for one in IN_SHADOW.values()]
    assert kinds.count("AWS::SNS::Topic") == 2
    subscribed = [n for n, one in IN_SHADOW.items() if one["Type"] == "AWS::SNS::Subscription"]
    # A queue of its own, which nothing reads; and no chat.
    assert subscribed == ["MailSubscription", "NoticeSubscription"]
    assert IN_SHADOW["NoticeSubscription"]["Condition"] == "HasNotifyWebhook"
    for phase in Phase:
        given = parameters_of({"NotifyWebhook": "slack"}, {}, MADE[phase], phase)
        assert given["NotifyWebhook"] == "none"
    assert IN_SHADOW["MailSubscription"]["Properties"]["Protocol"] == "sqs"


# -- roles ---------------------------------------------------------------------------------------

WRITES = {
    "s3:PutObject": [
        "arn:aws:s3:::res/results/moods/{id}/result.json",
        "arn:aws:s3:::res/runs/{id}/1-0/manifest.jsonl",
        "arn:aws:s3:::res/sweep/state.json",
        "arn:aws:s3:::res/dispatch/book.json",
        "arn:aws:s3:::res/shadow/ffffffffffff/results/moods/{id}/result.json",
        "arn:aws:s3:::res/shadow/",
        "arn:aws:s3:::up/inbox/moods/a.csv",
        "arn:aws:s3:::mod/models/moods/{id}/head.json",
    ],
    "s3:DeleteObject": ["arn:aws:s3:::res/results/moods/{id}/result.json"],
    "s3:DeleteObjectVersion": ["arn:aws:s3:::up/inbox/moods/a.csv"],
    "dynamodb:PutItem": [
        "arn:aws:dynamodb:us-east-1:123456789012:table/first",
        "arn:aws:dynamodb:us-east-1:123456789012:table/models",
    ],
    "dynamodb:UpdateItem": ["arn:aws:dynamodb:us-east-1:123456789012:table/first"],
    "dynamodb:DeleteItem": ["arn:aws:dynamodb:us-east-1:123456789012:table/reviews"],
    "dynamodb:BatchWriteItem": ["arn:aws:dynamodb:us-east-1:123456789012:table/models"],
}
NAMES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "ResultsBucket": "res",
    "UploadsBucket": "up",
    "ModelsBucket": "mod",
    "ModelsTable": "models",
    "AWS::StackName": "winnow-green",
}


def arn(node: Any) -> str:
    """A resource of a statement, with names instead of references."""
    if isinstance(node, str):
        return node
    if "Fn::Sub" in node and isinstance(node["Fn::Sub"], str):
        return re.sub(r"\$\{([^}]+)\}", lambda m: NAMES.get(m[1], f"own-{m[1]}"), node["Fn::Sub"])
    return "own-" + "-".join(node.get("Fn::GetAtt", ["ref"]))


def arns(found: Any) -> list[str]:
    return [arn(one) for one in (found if isinstance(found, list) else [found])]


def may(role: dict[str, Any], action: str, resource: str) -> bool:
    """What IAM answers: an explicit denial, else an allowance, else no."""

    def matches(patterns: Any, value: str) -> bool:
        listed = patterns if isinstance(patterns, list) else [patterns]
        return any(fnmatch.fnmatchcase(value, pattern) for pattern in listed)

    allowed = False
    for one in statements(role):
        if not matches(one["Action"], action):
            continue
        if "NotResource" in one:
            hit = not matches(arns(one["NotResource"]), resource)
        else:
            hit = matches(arns(one["Resource"]), resource)
        if hit and one["Effect"] == "Deny":
            return False
        allowed |= hit
    return allowed


@pytest.mark.parametrize("name", sorted(ROLES))
def test_no_role_of_a_shadow_may_write_what_is_the_first_stacks(name: str):
    for action, resources in WRITES.items():
        for resource in resources:
            assert not may(ROLES[name], action, resource.format(id="0" * 32)), (action, resource)


@pytest.mark.parametrize("name", sorted(ROLES))
def test_it_is_denied_even_if_the_role_were_given_more(name: str):
    role = json.loads(json.dumps(ROLES[name]))
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role["Properties"]["Policies"].append({"PolicyDocument": {"Statement": [everything]}})
    assert may(role, "s3:GetObject", "arn:aws:s3:::res/results/a")
    assert may(role, "s3:PutObject", f"arn:aws:s3:::res/{PREFIX}results/a")
    for action, resources in WRITES.items():
        for resource in resources:
            assert not may(role, action, resource.format(id="0" * 32)), (action, resource)


def test_the_steps_may_write_under_the_prefix_and_read_what_they_need():
    folder = f"arn:aws:s3:::res/{PREFIX}"
    for name, action, resource in (
        ("SerializeRole", "s3:GetObject", "arn:aws:s3:::up/inbox/moods/a.csv"),
        ("SerializeRole", "s3:PutObject", f"{folder}runs/0/1-0/manifest.jsonl"),
        ("SerializeRole", "s3:GetObjectVersion", "arn:aws:s3:::mod/models/m/0/definition.json"),
        ("ScanRole", "s3:PutObject", f"{folder}results/m/0/pages/1.jpg"),
        ("ClassifyRole", "s3:GetObject", f"{folder}runs/0/1-0/chunks/0.jsonl"),
        ("ClassifyRole", "s3:PutObject", f"{folder}runs/0/1-0/scored/0.jsonl"),
        ("FilterRole", "s3:PutObject", f"{folder}results/m/0/result.json"),
        ("TriageRole", "s3:GetObject", f"{folder}runs/0/1-0/manifest.jsonl"),
    ):
        assert may(ROLES[name], action, resource), (name, resource)
    assert not may(ROLES["FilterRole"], "s3:GetObject", "arn:aws:s3:::res/results/m/0/result.json")
    assert may(ROLES["TriageRole"], "dynamodb:PutItem", "own-Table-Arn")


def test_what_it_writes_begins_with_the_prefix():
    for name in ("Serialize", "Scan"):
        for phase, prefix in ((Phase.SHADOW, PREFIX), (Phase.LIVE, "")):
            function = MADE[phase]["Resources"][f"{name}Function"]["Properties"]
            assert function["Environment"]["Variables"]["RESULTS_PREFIX"] == prefix
    assert "shadow/" not in json.dumps(MADE[Phase.LIVE]["Resources"])


def test_live_it_may_what_the_first_stack_may():
    """The same statements, with the stores' names written out."""

    def shape(template: dict[str, Any], role: str) -> list[tuple[str, Any]]:
        found = statements(template["Resources"][role])
        return [(one["Sid"], one["Action"]) for one in found]

    for name, one in MADE[Phase.LIVE]["Resources"].items():
        if one["Type"] == "AWS::IAM::Role":
            assert shape(MADE[Phase.LIVE], name) == shape(FIRST, name)


def test_files_wait_in_the_first_stacks_queue_for_either_stack():
    policy = FIRST["Resources"]["WaitingPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    sources = arns(policy["Condition"]["ArnLike"]["aws:SourceArn"])
    assert any("rule/winnow-green-green-UploadedRule-*" in one for one in sources)
    live = MADE[Phase.LIVE]["Resources"]
    waiting = live["UploadedRule"]["Properties"]["Targets"][0]["Fn::If"][1]
    assert waiting["Arn"]["Fn::Sub"][0].endswith(":${Name}")
    assert {"Ref": "Waiting"} in live["DispatchFunction"]["Properties"]["Environment"][
        "Variables"
    ].values()


@pytest.mark.parametrize("bad", ["", "../x", "0A1B2C3D", "0a1b2c3d/*", "${AWS::Region}"])
def test_a_release_is_hex_digits_and_nothing_else(bad: str):
    with pytest.raises(ValueError, match="no release"):
        second_template(FIRST, bad, Phase.SHADOW)
