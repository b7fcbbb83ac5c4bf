"""The table of prices: every price has a source and a date, and what is unknown stays unknown."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from winnow.costs import prices
from winnow.costs.prices import price_list, regions, units

TABLE = tomllib.loads(Path(prices.__file__).with_name("prices.toml").read_text("utf-8"))
STATED = [
    (name, region, stated)
    for name, entry in TABLE["prices"].items()
    for region, stated in entry.items()
    if region != "per"
]


@pytest.mark.parametrize(("name", "region", "stated"), STATED, ids=lambda value: str(value)[:40])
def test_every_price_is_a_decimal_with_a_source_that_has_a_date(name, region, stated):
    assert Decimal(stated["usd"]) >= 0
    assert isinstance(stated["usd"], str), "a float is not what the source said"
    source = TABLE["sources"][stated["source"]]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", source["date"])
    assert source["date"] <= TABLE["table"]
    assert region in {*regions(), "any"}


def test_no_source_is_left_over():
    assert {stated["source"] for _, _, stated in STATED} == set(TABLE["sources"])


def test_a_list_is_of_its_region_and_of_what_is_the_same_everywhere():
    frankfurt = price_list("eu-central-1")
    assert frankfurt.get("s3_put").usd == Decimal("0.0000054")
    assert frankfurt.get("kms_key_month").usd == Decimal("1.00")
    assert price_list("us-east-1").get("s3_put").usd == Decimal("0.000005")


def test_a_region_without_prices_has_those_of_every_region_alone():
    nowhere = price_list("mars-north-1")
    assert nowhere.get("s3_put") is None
    assert nowhere.get("dashboard_month").usd == Decimal("3.00")


def test_a_name_that_no_region_has_is_a_mistake_and_not_an_unknown_price():
    with pytest.raises(KeyError, match="s3_putt"):
        price_list("us-east-1").get("s3_putt")


def test_the_three_regions_price_what_a_run_uses_but_for_what_is_listed_here():
    used = {
        *("lambda_gb_second", "lambda_request", "states_transition", "event", "sns_publish"),
        *("sns_mail", "s3_put", "s3_get", "dynamodb_write", "dynamodb_read", "log_gb"),
        "kms_request",
    }
    assert used <= set(units())
    missing = {
        region: {name for name in used if price_list(region).get(name) is None}
        for region in regions()
    }
    assert missing == {
        "us-east-1": set(),
        "eu-central-1": {"event"},
        "eu-west-1": {"event", "s3_get"},
    }
