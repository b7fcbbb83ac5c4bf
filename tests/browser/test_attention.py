"""Keys and presses count for what was to be seen, and letters of a note never decide."""

from typing import Any

import pytest

from tests.browser.person import Person, decided, totals
from tests.browser.test_nothing_lost import decide_elsewhere, first_of_queue
from tests.browser.test_views import upload_of
from tests.fakes.http_api import call

NOTE = "Asked 1 of 2 sons: no known anemia, seen 3.4. (A sample is kept.) U/S was fine, so is he."
"""Most of its letters are keys of the queue, and some of a conflict."""


def holding(person: Person, address: str) -> list[Any]:
    """The first request to an address, which waits until the test lets it go on."""
    held: list[Any] = []
    person.page.route(address, lambda route: route.continue_() if held else held.append(route))
    return held


def answers_of(stage) -> list[str | None]:
    """What was decided, one for each time."""
    return [one for answers in decided(stage).values() for one in answers]


@pytest.mark.parametrize(
    "button", ["[data-pick=met]", "[data-action=unsure]", "[data-action=skip]"]
)
def test_a_double_click_is_for_one_record(open_page, button):
    person = open_page("#/review?process=L33774")
    first = person.wait_for_record()
    person.page.route("**/v1/reviews**", lambda route: None)
    person.page.locator(button).dblclick()
    second = person.wait_for_record(other_than=first)
    person.page.locator(button).click()
    assert person.wait_for_record(other_than=second) not in (first, second)
    assert person.page.locator("#saving").inner_text() == "2 being saved"


@pytest.mark.parametrize("key", ["1", "2", "0", "s", "a", "Enter"])
def test_a_key_that_bounces_is_for_one_record(open_page, key):
    person = open_page("#/review?process=emotions")
    first = person.wait_for_record()
    person.page.route("**/v1/reviews**", lambda route: None)
    person.press(key, key, key)
    person.wait_for_record(other_than=first)
    assert person.page.locator("#saving").inner_text() == "1 being saved"


def test_a_tap_that_bounces_is_for_one_record(open_page):
    phone = {"width": 375, "height": 740}
    person = open_page("#/review?process=emotions", viewport=phone, has_touch=True)
    first = person.wait_for_record()
    person.page.route("**/v1/reviews**", lambda route: None)
    for _ in range(2):
        person.page.locator("[data-pick]").first.tap()
    person.wait_for_record(other_than=first)
    assert person.page.locator("#saving").inner_text() == "1 being saved"


def test_a_record_that_was_just_decided_by_its_link_is_not_decided_twice(open_page, stage):
    person = open_page(f"#/uploads/{upload_of(stage, 'cases.csv')}/1")
    person.wait_for_record()
    person.press("2", "2")
    person.see("by ada@example.org")
    person.saved()
    assert answers_of(stage) == ["not_met"]


def test_who_closes_a_dialog_with_two_presses_decides_nothing(open_page, stage):
    person = open_page("#/review?process=emotions")
    name = person.wait_for_record()
    person.press("?")
    person.page.get_by_role("button", name="Close").wait_for()
    person.press("Enter", "Enter")
    person.page.locator("dialog").wait_for(state="detached")
    assert person.name == name
    person.saved()
    assert decided(stage) == {}


def test_the_last_decision_can_be_taken_back_at_once(open_page, stage):
    person = open_page("#/review?process=emotions")
    name = person.wait_for_record()
    person.press("1", "z")
    assert person.wait_for_record() == name
    person.saved()
    assert totals(stage, "emotions")["decided"] == 0


def test_a_conflict_waits_until_the_note_is_written(open_page, stage):
    person = open_page("#/review?process=L33774")
    first = person.wait_for_record()
    key = first_of_queue(stage)
    decide_elsewhere(stage, key[0], key[1], "met", "she was faster")
    held = holding(person, "**/v1/reviews")
    person.press("2")
    second = person.wait_for_record(other_than=first)
    person.until(lambda: held)
    person.press("n")
    person.page.keyboard.type(NOTE[:40])
    with person.page.expect_response("**/v1/reviews"):
        held[0].continue_()
    person.page.keyboard.type(NOTE[40:])
    assert person.page.locator("[data-note]").input_value() == NOTE
    assert person.page.locator("dialog").count() == 0
    person.press("Escape", "1")
    person.see("Somebody decided it before you")
    assert person.name == second
    person.wait_for_keys()
    assert [*decided(stage).values()] == [["met"]]


def test_a_conflict_is_not_answered_before_it_could_be_read(open_page, stage):
    person = open_page("#/review?process=L33774")
    person.wait_for_record()
    key = first_of_queue(stage)
    decide_elsewhere(stage, key[0], key[1], "met")
    person.press("2")
    dialog = person.page.locator("dialog.conflict")
    dialog.wait_for()
    person.press("o", "k", *"ok ok")
    dialog.get_by_role("button", name="Overrule").dblclick()
    assert dialog.is_visible()
    person.wait_for_keys()
    dialog.get_by_role("button", name="Overrule").click()
    dialog.wait_for(state="detached")
    person.saved()
    assert decided(stage) == {key: ["met", "not_met"]}


@pytest.mark.parametrize("status", [None, 403, 409, 503], ids=str)
def test_a_note_is_typed_on_while_an_answer_comes(open_page, stage, status):
    """On the page of one record; the answer comes between two letters."""
    upload = upload_of(stage, "cases.csv")
    person = open_page(f"#/uploads/{upload}/1")
    person.wait_for_record()
    held = holding(person, "**/v1/reviews")
    person.press("2", "n")
    person.until(lambda: held)
    person.page.keyboard.type(NOTE[:40])
    problem = {"title": "No", "detail": "No.", "version": 1, "review": None}
    with person.page.expect_response("**/v1/reviews"):
        if status:
            held[0].fulfill(status=status, json=problem)
        else:
            held[0].continue_()
    person.page.unroute("**/v1/reviews")
    person.page.keyboard.type(NOTE[40:])
    assert person.page.locator("[data-note]").input_value() == NOTE
    assert person.page.evaluate("document.activeElement.hasAttribute('data-note')")
    assert person.page.locator("dialog").count() == 0
    person.press("Escape")
    assert set(answers_of(stage)) <= {"not_met"}


def test_who_types_on_after_a_text_was_submitted_keeps_the_field(open_page, stage):
    person = open_page("#/try")
    person.page.get_by_label("Process").select_option("L33774")
    area = person.page.locator("#try-text")
    area.fill("Iron deficiency anemia.")
    held = holding(person, "**/v1/predictions")
    area.press("Control+Enter")
    person.until(lambda: held)
    person.page.keyboard.type(" 1 year")
    held[0].continue_()
    person.wait_for_record()
    person.page.keyboard.type(" ago, 2 times.")
    assert area.input_value() == "Iron deficiency anemia. 1 year ago, 2 times."
    assert decided(stage) == {}


def test_who_types_on_when_the_judged_text_comes_decides_nothing(open_page, stage):
    person = open_page("#/try")
    person.page.get_by_label("Process").select_option("L33774")
    area = person.page.get_by_label("Text")
    area.fill("Iron deficiency anemia.")
    area.press("Control+Enter")
    person.page.locator("#record-name").wait_for()
    for letter in NOTE:
        person.press(letter)
    (made,) = call(stage, "GET /v1/predictions", process="L33774").json["items"]
    assert made["review"] is None


def test_letters_after_a_field_that_went_away_are_no_keys(open_page, stage):
    """Whatever takes a field away: who types in it looks at the paper beside the keyboard."""
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    person.press("n")
    person.page.keyboard.type("The 2 sons")
    person.page.evaluate("document.activeElement.blur()")
    person.page.keyboard.type(NOTE)
    assert person.name == name
    assert person.page.locator("#saving").inner_text() == "All saved"
    # Who leaves it has keys at once.
    person.press("n", "x", "Escape", "1")
    person.wait_for_record(other_than=name)
    person.saved()
    assert answers_of(stage) == ["met"]
