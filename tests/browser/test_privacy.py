"""What the page keeps, and for how long; what it weighs."""

import gzip
import re

from tests.browser.person import decided
from tests.browser.test_views import CASE
from tests.fakes.http_api import call

BUDGET = 40_000
"""Bytes that somebody who reviews loads, compressed."""
BUDGET_LATER = 24_000
"""Bytes of what is loaded when it is opened: all of it together."""


def storages(person):
    return person.page.evaluate(
        "async () => [{...localStorage}, {...sessionStorage}, document.cookie,"
        " await indexedDB.databases(), await caches.keys()]"
    )


def test_nothing_is_stored_and_no_text_is_in_an_address(open_page):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    person.press("n")
    person.page.keyboard.type("noteworthy")
    person.press("Escape", "1")
    person.wait_for_record(other_than=name)
    person.saved()
    person.page.goto(f"{person.served.url}#/try")
    person.page.get_by_label("Text").fill(CASE)
    person.page.get_by_role("button", name="Submit").click()
    person.wait_for_record()
    assert storages(person) == [{}, {}, "", [], []]
    assert person.requests
    for address in person.requests:
        assert "noteworthy" not in address
        assert "anemia" not in address.lower()
        assert "ada@" not in address
        assert name not in address
    # The code of the sign-in is used up, and not in the history either.
    assert "code=" not in person.page.url


def test_answers_are_not_cached(open_page):
    person = open_page()
    answers = []
    person.page.on("response", lambda response: answers.append(response))
    person.page.reload()
    person.wait_for_record()
    data = [one for one in answers if "/v1/" in one.url]
    assert data
    assert {one.headers.get("cache-control") for one in data} == {"no-store"}


def test_the_page_is_cleared_when_it_goes(open_page):
    person = open_page("#/review?process=L33774")
    person.wait_for_record()
    left = person.page.evaluate(
        """() => {
            dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
            return document.getElementById("main").textContent;
        }"""
    )
    assert left == ""


def test_back_shows_nothing_of_before(open_page):
    person = open_page("#/review?process=L33774")
    person.wait_for_record()
    person.page.get_by_role("button", name="Sign out").click()
    person.see("Signed out")
    assert person.page.locator(".sheet").count() == 0
    assert person.page.locator("#news").inner_text() in ("", "Signed out.")
    person.page.get_by_role("button", name="Sign in again").click()
    person.wait_for_record()


def test_who_does_nothing_is_warned_and_signed_out(open_page):
    person = open_page()
    clock = person.page.clock
    clock.install()
    person.open("?clock#/uploads")
    # The clock stands from here on, and something was done just now.
    clock.pause_at(person.page.evaluate("Date.now()") / 1000 + 60)
    person.press("Shift")
    clock.fast_forward("13:50")
    assert person.page.locator("dialog.warning").count() == 0
    clock.fast_forward("00:20")
    person.page.locator("dialog.warning").wait_for()
    person.page.get_by_role("button", name="Stay signed in").click()
    person.page.locator("dialog.warning").wait_for(state="detached")
    clock.fast_forward("13:50")
    assert person.page.locator(".card").count() > 0
    clock.fast_forward("01:20")
    person.page.get_by_text("Nothing was done here for 15 minutes.").wait_for()
    assert person.page.locator(".card, dialog").count() == 0


def test_an_ended_sign_in_is_renewed_by_going_there_and_back(open_page):
    person = open_page("#/review?process=L33774")
    person.wait_for_record()
    ended: list[str] = []

    def once(route):
        if ended:
            route.continue_()
        else:
            ended.append(route.request.url)
            route.fulfill(status=401, json={"message": "Unauthorized"})

    person.page.route("**/v1/uploads?*", once)
    person.page.get_by_role("link", name="Uploads", exact=True).click()
    person.page.locator(".card").first.wait_for()
    assert ended
    assert person.page.url.endswith("#/uploads")


def test_a_sign_in_that_ended_with_something_unsent_is_renewed_beside_it(open_page, stage):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    ended = {"now": True}

    def while_ended(route):
        if ended["now"]:
            route.fulfill(status=401, json={"message": "Unauthorized"})
        else:
            route.continue_()

    person.page.route("**/v1/reviews", while_ended)
    person.press("1")
    person.wait_for_record(other_than=name)
    person.see("The sign-in has ended: 1 decision waits.")
    ended["now"] = False
    with person.context.expect_page() as tab:
        person.page.get_by_role("button", name="Sign in again").click()
    tab.value.get_by_text("You can close this tab").wait_for()
    person.saved()
    assert [*decided(stage).values()] == [["met"]]


def test_a_sign_in_that_was_not_begun_here_is_refused(open_page):
    person = open_page("signed-in?code=stolen&state=of-another")
    person.see("Not signed in")
    assert "stolen" not in person.page.url


def test_what_a_reviewer_loads_is_at_most_40_kb_and_the_rest_24(stage):
    frame = call(stage, "GET /", user=None)
    at_once, later = len(gzip.compress(frame.body, 6)), 0
    names = [file.name for file in stage.web.iterdir() if file.suffix not in (".html", ".md")]
    assert len(names) > 10
    for name in names:
        answer = call(
            stage,
            "GET /assets/{file}",
            user=None,
            path={"file": name},
            headers={"accept-encoding": "gzip"},
        )
        assert answer.status == 200
        # What the frame names is loaded with it; tests/unit/web holds that nothing else is.
        if f"/assets/{name}".encode() in frame.body:
            at_once += len(answer.body)
        else:
            later += len(answer.body)
    assert at_once <= BUDGET
    assert 0 < later <= BUDGET_LATER


def test_a_reviewer_loads_what_the_frame_names_and_no_more(open_page, stage):
    person = open_page("#/review")
    person.wait_for_record()
    person.until(lambda: any(address.endswith("/v1/alarms") for address in person.answered))
    frame = call(stage, "GET /", user=None).body.decode()
    loaded = {
        address.rpartition("/assets/")[2] for address in person.requests if "/assets/" in address
    }
    # What rings is asked for when the first view is there.
    loaded.remove("bells.js")
    assert loaded - {"icon.svg"} == set(re.findall(r'/assets/([^"]+)"', frame)) - {"icon.svg"}
