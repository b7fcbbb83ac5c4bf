"""The review page on the stack: signed in by the local sign-in, in a real browser."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import searching
from tests.browser.chromium import chromium
from tests.conftest import ROOT
from tests.e2e.conftest import RUN_TIMEOUT_S, UNSURE, Stack, until, winnow
from tests.fakes.drawn_pictures import archive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = "two-wheels"
FIRST = ".found .card:first-child img.thumbnail"
"""Those further down are loaded when somebody scrolls there."""
ROWS = "text\n" + "".join(f"{UNSURE} Number {number}.\n" for number in range(3))


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as running:
        yield running


@pytest.fixture
def page(stack: Stack, browser: "Browser") -> "Iterator[Page]":
    context = browser.new_context()
    context.set_default_timeout(RUN_TIMEOUT_S * 1000)
    problems: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


@pytest.mark.model
def test_what_was_set_aside_is_decided_on_the_page(stack: Stack, page: "Page"):
    row = stack.run("doubtful.csv", ROWS)
    assert row.review == 3
    page.goto(f"{stack.state.outputs['ReviewPage']}#/uploads/{row.upload_id}")
    page.get_by_role("link", name="Review (3 open)").click()
    # Other tests have set records of this process aside, too: these are decided by their links.
    page.locator("#record-name").wait_for()
    for number in (1, 2, 3):
        page.goto(f"{stack.state.outputs['ReviewPage']}#/uploads/{row.upload_id}/{number}")
        page.wait_for_function(
            "n => document.querySelector('.text')?.textContent.includes(`Number ${n}.`)",
            arg=number - 1,
        )
        page.wait_for_selector("body:not(.fresh)")
        page.keyboard.press("1")
        page.locator(".decided").get_by_text("you@winnow.local").wait_for()

    def decided() -> bool:
        document = winnow("results", row.upload_id, "--json").document()
        states = [record.get("review", {}).get("state") for record in document["records"]]
        return states == ["decided"] * 3

    until(decided)


@pytest.mark.model
def test_a_text_is_tried_and_a_file_is_dropped(stack: Stack, page: "Page"):
    page.goto(f"{stack.state.outputs['ReviewPage']}#/try")
    page.get_by_label("Process").select_option("emotions")
    page.get_by_label("Text").fill(UNSURE)
    page.get_by_role("button", name="Submit").click()
    page.locator(".verdict").wait_for()
    page.wait_for_selector("body:not(.fresh)")
    page.keyboard.press("2")
    page.locator(".decided").get_by_text("you@winnow.local").wait_for()
    page.get_by_role("link", name="Uploads", exact=True).click()
    page.locator("#drop-process").select_option("emotions")
    page.locator("#drop-input").set_input_files(
        {"name": "from-the-page.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
    )
    card = page.locator(".card", has_text="from-the-page.csv")
    card.wait_for()
    card.locator(".chip.succeeded").wait_for()
    with page.expect_download() as download:
        card.get_by_role("link").click()
        page.get_by_role("link", name="result.json").click()
    assert download.value.path().read_bytes().startswith(b"{")


@pytest.mark.model
def test_pictures_are_seen_decided_and_found(stack: Stack, page: "Page"):
    samples = sorted((ROOT / "samples" / "two-wheels").glob("*.png"))
    row = stack.run("rides.zip", archive({one.name: one.read_bytes() for one in samples}), PICTURES)
    assert (row.accepted, row.review) == (2, 1)
    _, records = stack.result(row)
    [house] = [one.record for one in records if one.part == "house.png"]
    page.goto(f"{stack.state.outputs['ReviewPage']}#/uploads/{row.upload_id}/{house}")
    loaded(page, ".sheet img")
    page.wait_for_selector("body:not(.fresh)")
    page.keyboard.press("1")
    page.locator(".decided").get_by_text("you@winnow.local").wait_for()

    def found() -> bool:
        reviewed = ("search", "--upload", row.upload_id, "--reviewed", "--json")
        return bool(winnow(*reviewed).document()["total"] == 1)

    until(found)
    page.goto(f"{stack.state.outputs['ReviewPage']}#/search?process={PICTURES}")
    searching.total(page)
    loaded(page, FIRST)
    with searching.asking(page):
        page.get_by_role("button", name="Records like this one").first.click()
    loaded(page, FIRST)
    shown = page.locator(".found .meta").all_inner_texts()
    likeness = [float(one[1]) for text in shown if (one := re.search(r"likeness ([-\d.]+)", text))]
    assert len(likeness) > 1
    assert likeness == sorted(likeness, reverse=True)


def loaded(page: "Page", selector: str) -> None:
    """Wait until there are pictures, and all are loaded."""
    page.wait_for_function(
        "chosen => { const all = [...document.querySelectorAll(chosen)];"
        " return all.length && all.every((one) => one.complete && one.naturalWidth); }",
        arg=selector,
    )
