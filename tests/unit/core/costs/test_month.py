"""The idle month of a template, by hand, and what a change of it does."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from winnow.costs.month import (
    METRICS_OF_A_SWEEP,
    idle_month,
    monthly_difference,
    resources_month,
)
from winnow.costs.prices import price_list
from winnow_local.template import read_template

ROOT = Path(__file__).parents[4]
US, EU = price_list("us-east-1"), price_list("eu-central-1")
ALARM: dict[str, Any] = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
KEY: dict[str, Any] = {"Type": "AWS::KMS::Key", "Properties": {}}


def sum_of(*metrics: str) -> dict[str, Any]:
    measured = [{"Id": name, "MetricStat": {}} for name in metrics]
    properties = {"Metrics": [*measured, {"Id": "all", "Expression": "SUM(METRICS())"}]}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def test_a_month_by_hand():
    template = {
        "Resources": {
            "Alarm": ALARM,
            "Sum": sum_of("a", "b", "c"),
            "Key": KEY,
            "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {}},
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        }
    }
    # Four metrics that are watched, a key and a dashboard.
    assert idle_month(template, US).usd == Decimal("0.40") + Decimal(1) + Decimal(3)
    assert "Bucket" not in resources_month(template, US)


def test_a_notebook_is_an_endpoint_and_a_volume_and_an_hour_of_its_own():
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"Parameters": {"Notebook": {"Ref": "TrainNotebook"}}},
    }
    template = {
        "Parameters": {"TrainNotebook": {"Default": "none"}},
        "Resources": {"Training": nested},
    }
    with_it = {"TrainNotebook": "ml.m5.xlarge"}
    assert idle_month(template, US).items == ()
    month = idle_month(template, US, with_it)
    assert (month.usd, month.missing) == (Decimal("7.30"), ("notebook_gb_month",))
    new = monthly_difference(template, template, US, after_parameters=with_it)
    assert new.notebook_hour.usd == Decimal("0.23")
    kept = monthly_difference(
        template, template, US, before_parameters=with_it, after_parameters=with_it
    )
    assert kept.notebook_hour.items == ()


def test_a_schedule_is_its_calls_by_hand():
    function = {"Type": "AWS::Serverless::Function", "Properties": {"MemorySize": 1_024}}
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "ScheduleExpression": {"Fn::FindInMap": ["Often", {"Ref": "How"}, "Every"]},
            "Target": {"Arn": {"Ref": "TickFunction.Alias"}},
        },
    }
    template = {
        "Parameters": {"How": {"Default": 0}},
        "Mappings": {"Often": {"0": {"Every": "rate(1 hour)"}, "1": {"Every": "rate(1 day)"}}},
        "Resources": {"TickFunction": function, "Tick": schedule},
    }
    used = {item.name: item.quantity for item in resources_month(template, US)["Tick"].items}
    assert used["schedule"] == used["lambda_request"] == 730
    # 730 calls of 200 ms with one GB.
    assert used["lambda_gb_second"] == 146
    assert used["metric_month"] == 2
    daily = resources_month(template, US, {"How": "1"})["Tick"]
    assert daily.items[0].quantity == Decimal(730) / 24


@pytest.mark.parametrize("where", ["function", "globals"])
def test_a_schedule_of_a_function_on_arm_has_the_price_of_arm(where: str):
    processors = {"Architectures": [{"Ref": "Architecture"}]}
    own, common = (processors, {}) if where == "function" else ({}, processors)
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "ScheduleExpression": "rate(1 hour)",
            "Target": {"Arn": {"Ref": "TickFunction.Alias"}},
        },
    }
    template = {
        "Parameters": {"Architecture": {"Default": "x86_64"}},
        "Globals": {"Function": common},
        "Resources": {
            "TickFunction": {"Type": "AWS::Lambda::Function", "Properties": own},
            "Tick": schedule,
        },
    }
    for parameters, name in (
        ({}, "lambda_gb_second"),
        ({"Architecture": "arm64"}, "lambda_gb_second_arm"),
    ):
        names = [item.name for item in resources_month(template, US, parameters)["Tick"].items]
        assert [one for one in names if one.startswith("lambda_gb")] == [name]
    less = monthly_difference(template, template, US, after_parameters={"Architecture": "arm64"})
    assert less.usd < 0


RESOURCE_ARNS = ({"Fn::GetAtt": ["Source", "Arn"]}, {"Fn::GetAtt": "Source.Arn"})


@pytest.mark.parametrize("arn", RESOURCE_ARNS)
@pytest.mark.parametrize(
    ("kind", "polls"), [("AWS::SQS::Queue", 657_000), ("AWS::DynamoDB::Table", 0)]
)
def test_a_queue_is_asked_for_messages_day_and_night(arn: dict, kind: str, polls: int):
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": arn}}
    template = {"Resources": {"Source": {"Type": kind}, "Mapping": mapping}}
    found = {item.name: item.quantity for item in idle_month(template, US).items}
    assert found.get("sqs_request", 0) == polls


@pytest.mark.parametrize(("value", "alarms"), [("on", 1), ("off", 0)])
def test_a_resource_is_counted_only_where_its_condition_is_met(value: str, alarms: int):
    template = {
        "Parameters": {"Watch": {"Default": "off"}},
        "Conditions": {
            "IsOn": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Watch"}, "off"]}]},
            "Both": {"Fn::And": [{"Condition": "IsOn"}, {"Fn::Equals": ["1", "1"]}]},
        },
        "Resources": {"Alarm": {**ALARM, "Condition": "Both"}},
    }
    assert len(resources_month(template, US, {"Watch": value})) == alarms


def test_what_a_change_does_to_a_month():
    before = {"Resources": {"Alarm": ALARM, "Key": KEY}}
    board = {"Type": "AWS::CloudWatch::Dashboard"}
    after = {"Resources": {"Alarm": sum_of("a", "b"), "Board": board}}
    found = monthly_difference(before, after, US)
    assert found.usd == Decimal("0.20") + 3 - Decimal("0.10") - 1
    assert [change.name for change in found.changes] == ["Alarm", "Board", "Key"]
    assert monthly_difference(after, before, US).usd == -found.usd
    assert monthly_difference(after, after, US).changes == ()


def test_a_new_stack_and_one_that_goes_differ_by_its_whole_month():
    template = {"Resources": {"Key": KEY}}
    assert monthly_difference({}, template, US).usd == 1
    assert monthly_difference(template, {}, US).usd == -1


def test_a_function_with_more_memory_is_named():
    def of(mb: int) -> dict[str, Any]:
        properties = {"MemorySize": mb}
        return {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}

    assert monthly_difference(of(128), of(256), US).memory == {"F": (128, 256)}
    assert monthly_difference(of(128), of(128), US).memory == {}


def test_a_price_that_is_not_known_is_named_if_it_changes():
    template = read_template(ROOT / "template.yaml")
    assert "metric_month" in monthly_difference({}, template, EU).missing
    assert monthly_difference(template, template, EU).missing == ()


def test_the_idle_month_of_the_shipped_template_is_complete_in_us_east_1():
    template = read_template(ROOT / "template.yaml")
    plain = idle_month(template, US)
    assert plain.complete
    kinds = {item.name: item.quantity for item in plain.items}
    assert (kinds["dashboard_month"], kinds["kms_key_month"]) == (1, 1)
    # Sweep, dispatch and digest are called without a file, too.
    assert kinds["metric_month"] == 3 * 2 + METRICS_OF_A_SWEEP
    with_page = idle_month(template, US, {"ReviewPage": "true"})
    assert with_page.usd > plain.usd
    assert 3 < plain.usd < 20


def test_a_chat_costs_its_secret_its_logs_and_its_alarm():
    template = read_template(ROOT / "template.yaml")
    change = monthly_difference(template, template, US, after_parameters={"NotifyWebhook": "slack"})
    costs = {one.name: one.after.usd for one in change.changes}
    assert costs["WebhookSecret"] == Decimal("0.40")
    assert change.missing == ()
