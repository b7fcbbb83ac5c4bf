"""Saved searches on the page: saved, opened by their id alone, shared, deleted, by keys as well."""

import re

import pytest

from tests.browser.person import Person
from tests.browser.searching import asking, find, total
from tests.browser.test_access import violations
from tests.browser.test_search import expected
from tests.fakes.http_api import call

NAME = "Mrs Quixotic's <b>bleeding</b>"
PHRASE = '"iron deficiency"'


def menu(person: Person) -> None:
    with person.page.expect_response("**/v1/searches"):
        person.page.locator("details.saved summary").click()


def ask_to_save(person: Person, name: str, who: str = "Only me") -> None:
    person.page.get_by_label("Name of the search").fill(name)
    person.page.get_by_label("Who else has it").select_option(who)
    person.page.get_by_role("button", name="Save this search").click()


def save(person: Person, name: str = NAME, who: str = "Only me") -> None:
    ask_to_save(person, name, who)
    person.page.get_by_role("link", name=name, exact=True).wait_for()


def test_a_search_is_saved_and_opened_again_by_its_id_alone(open_page, stage):
    person = open_page("#/search?outcome=review")
    total(person.page)
    found = find(person.page, PHRASE)
    with asking(person.page):
        person.page.get_by_label("Order").select_option("oldest")
    menu(person)
    save(person)
    person.page.get_by_role("link", name="Uploads", exact=True).click()
    person.page.locator(".card").first.wait_for()
    person.page.get_by_role("link", name="Search", exact=True).click()
    total(person.page)
    assert person.page.get_by_label("Words to find").input_value() == ""
    menu(person)
    link = person.page.get_by_role("link", name=NAME, exact=True)
    with asking(person.page):
        link.click()
    assert total(person.page) == found
    assert re.search(r"#/search\?saved=[0-9a-f]{32}$", person.page.url)
    assert person.page.get_by_label("Words to find").input_value() == PHRASE
    assert person.page.get_by_label("Outcome", exact=True).input_value() == "review"
    assert person.page.get_by_label("Order").input_value() == "oldest"
    # The address alone opens it, too; what is changed then is in the address as ever.
    person.page.reload()
    assert total(person.page) == found
    with asking(person.page):
        person.page.get_by_label("Outcome", exact=True).select_option("")
    assert total(person.page) == expected(stage, query=PHRASE)
    assert "saved=" not in person.page.url
    for address in [*person.requests, person.page.url]:
        assert not re.search("quixotic|iron", address, re.IGNORECASE)


def test_what_no_address_has_is_shown_and_can_be_removed(open_page, stage):
    (first, *_) = call(stage, "POST /v1/search", {"limit": 1}).json["hits"]
    search = {
        "filters": {"cases": [first["source_id"]], "processes": [first["process"]]},
        "like_text": first["text"],
        "sort": "newest",
    }
    made = call(stage, "POST /v1/searches", {"name": "One case", "search": search})
    assert made.status == 201
    person = open_page(f"#/search?saved={made.json['id']}")
    assert total(person.page) == expected(stage, **search) == 1
    assert person.page.get_by_label("Order").input_value() == "newest"
    assert person.page.get_by_label("Process", exact=True).input_value() == first["process"]
    assert violations(person) == []
    with asking(person.page):
        person.page.get_by_role("button", name=f"Remove case {first['source_id']}").click()
    more = total(person.page)
    assert more == expected(
        stage, filters={"processes": [first["process"]]}, like_text=first["text"]
    )
    assert more > 1
    # What is shown is what is saved.
    menu(person)
    save(person, "Like that")
    (kept,) = (
        one for one in call(stage, "GET /v1/searches").json["items"] if one["name"] == "Like that"
    )
    opened = call(stage, "GET /v1/searches/{id}", path={"id": kept["id"]}).json["search"]
    assert opened["like_text"] == first["text"]
    assert opened["filters"]["processes"] == [first["process"]]
    assert opened["filters"]["cases"] == []


def test_a_bar_keeps_the_words(open_page, stage):
    person = open_page("#/search?chart=decisions")
    total(person.page)
    find(person.page, "iron")
    with asking(person.page):
        person.page.locator(".chart .behind").first.click()
    narrowed = total(person.page)
    assert person.page.get_by_label("Words to find").input_value() == "iron"
    (decision,) = re.findall(r"decision=([^&]+)", person.page.url)
    assert narrowed == expected(stage, query="iron", filters={"decisions": [decision]})


def test_it_is_shared_and_only_its_own_is_deleted(open_page, stage):
    ada = open_page("#/search")
    total(ada.page)
    menu(ada)
    save(ada, "For all", "Everybody")
    save(ada, "Mine")
    grace = open_page("#/search", user="other")
    total(grace.page)
    menu(grace)
    grace.see("For all")
    assert grace.page.get_by_role("link", name="Mine").count() == 0
    assert grace.page.get_by_role("button", name="Delete For all").count() == 0
    ada.page.get_by_role("button", name="Delete For all").click()
    assert ada.page.evaluate("document.activeElement.textContent") == "Keep it"
    assert violations(ada) == []
    ada.page.get_by_role("button", name="Delete it").click()
    ada.page.get_by_role("link", name="For all").wait_for(state="detached")
    ada.see("Mine")
    with grace.page.expect_response("**/v1/searches/*"):
        grace.page.get_by_role("link", name="For all").click()
    grace.see("No saved search of this id is open to you.")


def test_it_is_all_done_by_keys(open_page, stage):
    person = open_page("#/search")
    total(person.page)
    person.page.locator("details.saved summary").focus()
    with person.page.expect_response("**/v1/searches"):
        person.press("Enter")
    person.press("Tab")
    person.page.keyboard.type("By keys")
    with person.page.expect_response("**/v1/searches"):
        person.press("Enter")
    # What is told to screen readers comes before the list.
    person.page.get_by_role("link", name="By keys", exact=True).wait_for()
    assert person.page.evaluate("document.activeElement.tagName") == "SUMMARY"
    person.press("Tab")
    with asking(person.page):
        person.press("Enter")
    assert "saved=" in person.page.url
    person.page.locator("details.saved summary").focus()
    person.press("Enter", "Tab", "Escape")
    assert not person.page.locator("details.saved").evaluate("box => box.open")
    assert person.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_what_is_refused_is_said(open_page, stage):
    person = open_page("#/search")
    total(person.page)
    menu(person)
    save(person, "Twice")
    ask_to_save(person, "twice")
    person.see("There is a saved search of this name.")


@pytest.mark.parametrize("width", [320, 1280])
def test_the_menu_is_not_wider_than_the_screen(open_page, width):
    person = open_page("#/search", viewport={"width": width, "height": 800})
    total(person.page)
    menu(person)
    save(person, "W" * 100)
    box = person.page.locator(".saved .panel").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
