"""What was refused stays on the screen until it is settled, also when the sign-in ends."""

from contextlib import contextmanager

import pytest

from tests.browser.person import Person, decided
from tests.browser.test_attention import holding
from tests.browser.test_nothing_lost import decide_elsewhere, first_of_queue
from tests.browser.test_views import upload_of
from tests.fakes.http_api import call

REFUSED = {"title": "No", "detail": "Dr. Doe's record is closed.", "status": 403}


@contextmanager
def signed_out(person: Person, address: str = "**/v1/**"):
    """The sign-in has ended: requests of data get 401. Whose a new token is can be asked."""

    def answer(route):
        if route.request.url.endswith("/v1/me"):
            route.continue_()
        else:
            route.fulfill(status=401, json={"message": "Unauthorized"})

    person.page.route(address, answer)
    yield
    person.page.unroute(address)


def sign_in_again(person: Person) -> None:
    with person.context.expect_page() as tab:
        person.page.locator("#saving").get_by_role("button", name="Sign in again").click()
    tab.value.get_by_text("You can close this tab").wait_for()


def in_background(person: Person) -> None:
    """What the page does every two minutes."""
    person.page.evaluate(
        "import('/assets/api.js').then((api) => api.get('/v1/alarms').catch(() => null))"
    )


def draft_of(stage, key) -> str | None:
    where = {"id": key[0], "n": str(key[1])}
    answer = call(stage, "GET /v1/uploads/{id}/records/{n}", path=where).json
    draft: str | None = answer["draft"]
    return draft


def history_of(stage, key) -> list[tuple[str, str | None, str | None]]:
    where = {"id": key[0], "n": str(key[1])}
    items = call(stage, "GET /v1/uploads/{id}/records/{n}/history", path=where).json["items"]
    return [(one["by"], one["to"], one["note"]) for one in items]


@pytest.fixture
def overtaken(open_page, stage):
    """Somebody else has decided a record; this person did, too, and it is on its way."""
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    key = first_of_queue(stage)
    decide_elsewhere(stage, key[0], key[1], "met", "she was faster")
    person.press("n")
    person.page.keyboard.type("my note")
    held = holding(person, "**/v1/reviews")
    person.press("Escape", "2")
    person.wait_for_record(other_than=name)
    person.until(lambda: held)
    return person, name, key, held[0]


@pytest.mark.parametrize("status", [409, 403, 404, 410])
def test_what_is_refused_after_the_sign_out_is_told_by_its_id_alone(overtaken, stage, status):
    person, name, key, request = overtaken
    person.page.get_by_role("button", name="Sign out").click()
    person.see("What you decided is still being saved.")
    if status == 409:
        request.continue_()
    else:
        request.fulfill(status=status, json=REFUSED | {"status": status})
    box = person.page.locator("#failures .problem")
    box.wait_for()
    assert f"Not saved: record {key[1]} of upload {key[0][:8]}" in box.inner_text()
    text = person.page.locator("body").inner_text()
    for other in (name, "my note", "she was faster", "Doe", "grace"):
        assert other not in text
    assert person.page.locator("dialog").count() == 0
    assert decided(stage) == {key: ["met"]}
    if status == 409:
        person.until(lambda: draft_of(stage, key) == "my note")
    box.get_by_role("button", name="Dismiss").click()
    box.wait_for(state="detached")
    person.page.get_by_role("button", name="Sign in again").click()
    person.wait_for_record()


def test_who_does_nothing_before_a_conflict_finds_it_after_the_sign_out(overtaken):
    person, name, key, request = overtaken
    person.page.clock.install()
    request.continue_()
    person.page.locator("dialog.conflict").wait_for()
    person.page.clock.run_for(16 * 60_000)
    person.see("Nothing was done here for 15 minutes.")
    assert person.page.locator("dialog").count() == 0
    assert f"record {key[1]} of" in person.page.locator("#failures").inner_text()
    assert name not in person.page.locator("body").inner_text()


def test_a_conflict_outlasts_the_sign_in(overtaken, stage):
    person, _, key, request = overtaken
    request.continue_()
    dialog = person.page.locator("dialog.conflict")
    dialog.wait_for()
    with signed_out(person, "**/v1/alarms"):
        in_background(person)
        person.page.locator("#saving", has_text="The sign-in has ended").wait_for()
    person.wait_for_keys()
    person.press("o")
    dialog.wait_for(state="detached")
    person.until(lambda: decided(stage) == {key: ["met", "not_met"]})


def test_a_conflict_stays_until_it_is_answered(overtaken, stage):
    person, _, key, request = overtaken
    request.continue_()
    dialog = person.page.locator("dialog.conflict")
    dialog.wait_for()
    for _ in range(5):
        person.press("Escape")
        person.page.locator("dialog.conflict[open]").wait_for()
    person.wait_for_keys()
    person.press("1")
    assert dialog.is_visible()
    person.wait_for_keys()
    person.press("k")
    dialog.wait_for(state="detached")
    assert decided(stage) == {key: ["met"]}


def test_who_leaves_with_a_conflict_is_warned(overtaken):
    person, _, _, request = overtaken
    request.continue_()
    person.page.locator("dialog.conflict").wait_for()
    assert person.leave() == ["beforeunload"]


def test_nobody_else_sends_what_waits(open_page, stage):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    key = first_of_queue(stage)
    with signed_out(person):
        person.press("2")
        person.wait_for_record(other_than=name)
        person.see("The sign-in has ended: 1 decision waits.")
        person.user = "other"
        sign_in_again(person)
        person.see("grace@example.org has signed in. What waits is of ada@example.org")
        assert person.page.locator(".sheet").count() == 0
        person.page.evaluate("dispatchEvent(new Event('online'))")
        person.see("The sign-in has ended: 1 decision waits.")
    assert decided(stage) == {}
    person.user = "reviewer"
    sign_in_again(person)
    person.until(lambda: history_of(stage, key) == [("ada@example.org", "not_met", None)])


def test_a_note_outlasts_the_sign_in(open_page, stage):
    """The sign-in ends between two letters: nothing is lost, nothing is decided."""
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    key = first_of_queue(stage)
    person.press("n")
    person.page.keyboard.type("First half. ")
    person.see("Note saved")
    with signed_out(person):
        person.page.keyboard.type("Second half: 1 of 2 sons ")
        person.see("The sign-in has ended")
        person.page.keyboard.type("has no anemia.")
    person.press("Escape")
    sign_in_again(person)
    note = "First half. Second half: 1 of 2 sons has no anemia."
    person.until(lambda: draft_of(stage, key) == note)
    assert person.name == name
    assert person.page.locator("[data-note]").input_value() == note
    assert decided(stage) == {}


def test_a_note_without_a_sign_in_is_sent_after_the_sign_out(open_page, stage):
    person = open_page("#/review?process=L33774")
    person.wait_for_record()
    key = first_of_queue(stage)
    with signed_out(person):
        person.press("n")
        person.page.keyboard.type("typed late")
        person.see("The sign-in has ended")
        person.page.get_by_role("button", name="Sign out").click()
        person.see("The sign-in has ended: 1 change waits.")
    sign_in_again(person)
    person.until(lambda: draft_of(stage, key) == "typed late")


def test_a_typed_text_is_not_left_for_the_sign_in(open_page):
    person = open_page("#/try")
    person.page.locator("#try-text").fill("Iron deficiency anemia.")
    person.page.evaluate("document.activeElement.blur()")
    with signed_out(person):
        in_background(person)
        person.see("The sign-in has ended: nothing here is lost.")
    assert person.page.locator("#try-text").input_value() == "Iron deficiency anemia."
    sign_in_again(person)
    person.saved()


def test_an_undo_that_is_refused_takes_no_note_away(open_page, stage):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    person.press("1")
    person.wait_for_record(other_than=name)
    person.saved()
    held = holding(person, "**/v1/reviews/undo")
    person.press("z")
    person.wait_for_record()
    assert person.name == name
    person.until(lambda: held)
    person.press("n")
    person.page.keyboard.type("1 of 2 so")
    with person.page.expect_response("**/v1/reviews/undo"):
        held[0].fulfill(status=403, json=REFUSED)
    person.page.keyboard.type("ns is known.")
    person.see("Not taken back")
    assert person.name == name
    assert person.page.locator("[data-note]").input_value() == "1 of 2 sons is known."
    assert [*decided(stage).values()] == [["met"]]


def test_a_conflict_of_one_record_is_settled_on_no_other(open_page, stage):
    """The next record is opened by its link before the answer comes."""
    upload = upload_of(stage, "cases.csv")
    person = open_page(f"#/uploads/{upload}/1")
    person.wait_for_record()
    decide_elsewhere(stage, upload, 1, "met")
    held = holding(person, "**/v1/reviews")
    person.press("2")
    person.until(lambda: held)
    person.go(f"#/uploads/{upload}/2")
    person.wait_for_record()
    held[0].continue_()
    person.page.unroute("**/v1/reviews")
    person.page.locator("dialog.conflict").wait_for()
    person.wait_for_keys()
    person.press("o")
    person.page.locator("dialog.conflict").wait_for(state="detached")
    person.until(lambda: decided(stage) == {(upload, 1): ["met", "not_met"]})


@pytest.mark.parametrize("by_link", [False, True], ids=["queue", "by its link"])
def test_what_a_later_run_has_judged_again_is_shown_anew(open_page, stage, by_link):
    upload, record = first_of_queue(stage)
    person = open_page(f"#/uploads/{upload}/{record}" if by_link else "#/review?process=L33774")
    name = person.wait_for_record()
    again = {"status": 409, "code": "record_judged_again", "detail": "A later run has judged it."}
    person.page.route("**/v1/reviews", lambda route: route.fulfill(status=409, json=again))
    person.press("2")
    person.see("A later run has judged it.")
    person.page.unroute("**/v1/reviews")
    assert person.page.locator("dialog").count() == 0
    with person.page.expect_response(f"**/v1/uploads/{upload}/records/{record}"):
        person.page.get_by_role("link", name="The record", exact=True).click()
    person.see("History")
    assert person.wait_for_record() == name
    person.press("2")
    person.see("by ada@example.org")
    assert decided(stage) == {(upload, record): ["not_met"]}


def test_the_note_of_another_is_not_sent_as_ones_own(open_page, stage):
    key = first_of_queue(stage)
    decide_elsewhere(stage, key[0], key[1], "met", "Dr. Lee confirms it.")
    person = open_page(f"#/uploads/{key[0]}/{key[1]}")
    person.see("Dr. Lee confirms it.")
    person.wait_for_record()
    assert person.page.locator("[data-note]").input_value() == ""
    person.press("2")
    person.see("by ada@example.org")
    person.saved()
    assert history_of(stage, key) == [
        ("grace@example.org", "met", "Dr. Lee confirms it."),
        ("ada@example.org", "not_met", None),
    ]


def test_an_answer_that_was_cut_off_counts_once(open_page, stage):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    cut: list[int] = []

    def first(route):
        if cut:
            route.continue_()
            return
        answer = route.fetch()
        cut.append(answer.status)
        route.fulfill(status=answer.status, content_type="application/json", body='{"versi')

    person.page.route("**/v1/reviews", first)
    person.press("1")
    person.wait_for_record(other_than=name)
    person.saved()
    assert cut == [201]
    assert person.page.locator("#failures").inner_text() == ""
    assert [*decided(stage).values()] == [["met"]]
