"""What a run cost, in the view of its upload: what is said, when it is loaded, who can read it."""

from decimal import Decimal

import pytest

from tests.browser.person import Person
from tests.browser.test_access import violations
from tests.browser.test_views import upload_of
from tests.fakes.stage import Stage
from winnow.costs.money import shown
from winnow.models import RunCost

COST = RunCost(
    region="eu-central-1",
    prices="2026-11-27",
    usd=0.0123,
    per_1000_records=1.5,
    steps={"serialize": 0.0003, "classify": 0.01, "filter": 0.0015, "workflow": 0.0005},
)
SAID = (
    "Cost: $0.012, $1.50 for 1,000 records (serialize $0.00030, classify $0.010, filter $0.0015, "
    "workflow $0.00050; list prices of eu-central-1, 2026-11-27)"
)


def open_upload(open_page, stage: Stage, cost: RunCost | None, **options: object) -> Person:
    """The view of an upload whose run cost so much."""
    upload = upload_of(stage, "cases.csv")
    row = stage.uploads.rows[upload]
    written = cost and cost.model_dump_json()
    stage.uploads.rows[upload] = row.model_copy(update={"run_cost": written})
    person: Person = open_page(f"#/uploads/{upload}", **options)
    person.page.locator(".records tr").first.wait_for()
    return person


def loaded(person: Person) -> list[str]:
    return [address for address in person.requests if "costs.js" in address]


def test_a_run_tells_what_it_cost_by_step_with_the_prices_it_is_of(open_page, stage):
    person = open_upload(open_page, stage, COST)
    line = person.page.locator(".cost")
    line.wait_for()
    assert line.inner_text() == SAID
    assert line.count() == 1


def test_what_has_no_known_price_makes_it_at_least(open_page, stage):
    person = open_upload(open_page, stage, COST.model_copy(update={"missing": ("event",)}))
    person.see("Cost: at least $0.012")


def test_a_run_that_was_not_measured_says_nothing_and_loads_nothing(open_page, stage):
    person = open_upload(open_page, stage, None)
    assert person.page.locator(".cost").count() == 0
    assert loaded(person) == []


def test_it_is_loaded_with_the_first_upload_that_needs_it(open_page, stage):
    open_upload(open_page, stage, COST)
    person = open_page("#/uploads")
    person.page.locator(".card").first.wait_for()
    assert loaded(person) == []
    person.page.locator(".card", has_text="cases.csv").get_by_role("link").first.click()
    person.see("Cost: ")
    assert len(loaded(person)) == 1


def test_without_it_the_upload_is_shown_all_the_same(open_page, stage):
    upload = upload_of(stage, "cases.csv")
    written = COST.model_dump_json()
    rows = stage.uploads.rows
    rows[upload] = rows[upload].model_copy(update={"run_cost": written})
    person: Person = open_page("#/uploads")
    person.page.route("**/costs.js*", lambda route: route.abort())
    person.go(f"#/uploads/{upload}")
    person.until(lambda: loaded(person))
    assert person.page.locator(".cost").count() == 0


def test_amounts_are_written_as_in_e_mails(open_page, stage):
    person = open_upload(open_page, stage, COST)
    person.page.locator(".cost").wait_for()
    amounts = ["0", "0.1", "0.0999", "1234.5", "0.000012345", "0.0123", "2"]
    told = person.page.evaluate(
        "([module, amounts]) => import(module).then(({ dollars }) => amounts.map(dollars))",
        [loaded(person)[0], [float(usd) for usd in amounts]],
    )
    assert told == [shown(Decimal(usd)) for usd in amounts]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, stage, scheme):
    person = open_upload(open_page, stage, COST, color_scheme=scheme)
    person.page.locator(".cost").wait_for()
    assert violations(person) == []


@pytest.mark.parametrize("width", [320, 640])
def test_on_a_narrow_screen_nothing_scrolls_sideways(open_page, stage, width):
    person = open_upload(open_page, stage, COST, viewport={"width": width, "height": 640})
    person.page.locator(".cost").wait_for()
    over = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert person.page.evaluate(over) == 0
