"""A conflict, a lost network, a reload: every decision counts once, and no note is lost."""

import pytest

from tests.browser.person import decided, totals
from tests.fakes.http_api import call


def first_of_queue(stage, process: str = "L33774"):
    (item,) = call(stage, "GET /v1/queue", process=process, limit=1).json["items"]
    return item["upload"], item["record"]


def decide_elsewhere(stage, upload: str, record: int, decision: str, note: str | None = None):
    where = {"id": upload, "n": str(record)}
    item = call(stage, "GET /v1/uploads/{id}/records/{n}", user="other", path=where).json
    given = {
        "upload": upload,
        "record": record,
        "version": item["version"],
        "decision": decision,
        "cannot_tell": False,
    }
    answer = call(stage, "POST /v1/reviews", given | ({"note": note} if note else {}), user="other")
    assert answer.status == 201


@pytest.fixture
def conflict(open_page, stage):
    """Somebody else has decided the record that is on the screen; then this person does."""
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    upload, record = first_of_queue(stage)
    decide_elsewhere(stage, upload, record, "met", "she was faster")
    person.press("n")
    person.page.keyboard.type("my note")
    person.press("Escape", "2")
    person.see("Somebody decided it before you")
    person.wait_for_keys()
    return person, name, (upload, record)


def test_of_a_conflict_the_other_decision_is_shown_and_whose_it_is(conflict, stage):
    person, name, key = conflict
    dialog = person.page.locator("dialog.conflict")
    text = dialog.inner_text()
    assert name in text
    assert "grace@example.org" in text
    assert "Met" in text
    assert "You said Not met" in text
    assert "she was faster" in text
    assert "my note" in text
    # Keys of decisions do nothing here: somebody may be typing ahead.
    person.press("1", "2", "0", "a")
    assert dialog.is_visible()
    person.wait_for_keys()
    person.press("k")
    dialog.wait_for(state="detached")
    person.saved()
    assert decided(stage) == {key: ["met"]}


def test_a_conflict_can_be_overruled_with_one_key(conflict, stage):
    person, _, key = conflict
    person.press("o")
    person.page.locator("dialog.conflict").wait_for(state="detached")
    person.saved()
    assert decided(stage) == {key: ["met", "not_met"]}
    where = {"id": key[0], "n": str(key[1])}
    history = call(stage, "GET /v1/uploads/{id}/records/{n}/history", path=where).json["items"]
    assert [event["note"] for event in history] == ["she was faster", "my note"]
    assert totals(stage, "L33774")["decided"] == 1


def test_the_note_of_a_decision_that_does_not_stand_is_a_draft(conflict, stage):
    person, _, key = conflict
    person.press("k")
    person.page.locator("dialog.conflict").wait_for(state="detached")
    where = {"id": key[0], "n": str(key[1])}
    person.until(
        lambda: (
            call(stage, "GET /v1/uploads/{id}/records/{n}", path=where).json["draft"] == "my note"
        )
    )


def test_two_people_at_once_on_one_record(open_page, stage):
    upload, record = first_of_queue(stage)
    one = open_page(f"#/uploads/{upload}/{record}")
    other = open_page(f"#/uploads/{upload}/{record}", user="other")
    for person in (one, other):
        person.wait_for_record()
    one.press("1")
    one.saved()
    other.press("2")
    other.see("Somebody decided it before you")
    other.wait_for_keys()
    other.press("o")
    other.saved()
    other.see("by grace@example.org")
    one.page.reload()
    one.see("by grace@example.org")
    assert [*decided(stage).values()] == [["met", "not_met"]]


def test_without_a_network_decisions_wait_and_arrive_once(open_page, stage):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    person.context.set_offline(True)
    person.press("1")
    name = person.wait_for_record(other_than=name)
    person.see("No network: 1 decision waits, keep this page open.")
    person.press("n")
    person.page.keyboard.type("typed without a network")
    person.see("Note kept on this page")
    person.press("Escape", "2")
    person.wait_for_record(other_than=name)
    person.see("No network: 2 decisions wait, keep this page open.")
    assert decided(stage) == {}
    person.context.set_offline(False)
    person.saved()
    # Of what was decided, by upload and record: the order of the queue is another.
    assert sorted(decided(stage).values()) == [["met"], ["not_met"]]
    notes = [
        (event["to"], event["note"])
        for upload, record in decided(stage)
        for event in call(
            stage,
            "GET /v1/uploads/{id}/records/{n}/history",
            path={"id": upload, "n": str(record)},
        ).json["items"]
    ]
    assert sorted(notes) == [("met", None), ("not_met", "typed without a network")]


def test_an_answer_that_is_lost_on_the_way_counts_once(open_page, stage):
    """The server has the decision, the browser does not know: it is sent again, by the same key."""
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    lost: list[int] = []

    def lose_first(route):
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    person.page.route("**/v1/reviews", lose_first)
    person.press("1")
    person.wait_for_record(other_than=name)
    person.saved()
    assert lost == [201]
    assert [*decided(stage).values()] == [["met"]]


def test_a_server_in_trouble_is_asked_again(open_page, stage, served):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    served.gateway.offline = True
    person.press("1")
    person.wait_for_record(other_than=name)
    person.see("The server has trouble: 1 decision waits, keep this page open.")
    served.gateway.offline = False
    person.saved()
    assert [*decided(stage).values()] == [["met"]]


def test_a_reload_in_the_middle_keeps_record_and_note(open_page, stage):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    person.press("n")
    person.page.keyboard.type("half a thought")
    person.see("Note saved")
    person.page.reload()
    assert person.wait_for_record() == name
    assert person.page.locator("[data-note]").input_value() == "half a thought"


def test_a_reload_just_after_typing_keeps_the_note(open_page, stage):
    """Before the pause after which drafts are saved: it is sent while the page goes."""
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    person.press("n")
    person.page.keyboard.type("just typed")
    person.page.reload()
    assert person.wait_for_record() == name
    if not person.page.locator("[data-note]").input_value():
        # The draft and the request of the new page were under way at once.
        upload, record = first_of_queue(stage)
        where = {"id": upload, "n": str(record)}
        person.until(
            lambda: call(stage, "GET /v1/uploads/{id}/records/{n}", path=where).json["draft"]
        )
        person.page.reload()
        person.wait_for_record()
    assert person.page.locator("[data-note]").input_value() == "just typed"


def test_who_leaves_with_something_unsent_is_warned(open_page):
    person = open_page("#/review?process=L33774")
    name = person.wait_for_record()
    person.context.set_offline(True)
    person.press("1")
    person.wait_for_record(other_than=name)
    assert person.leave() == ["beforeunload"]
    person.context.set_offline(False)
    person.saved()
    assert person.leave() == []
    assert person.page.is_closed()


def nothing_is_held(stage) -> bool:
    items = call(stage, "GET /v1/queue", process="L33774", limit=50).json["items"]
    return bool(items) and not any(item["leased"] for item in items)


def test_what_is_held_is_given_back_when_the_page_goes(open_page, stage):
    one = open_page("#/review?process=L33774")
    name = one.wait_for_record()
    assert not nothing_is_held(stage)
    one.page.goto("about:blank")
    one.until(lambda: nothing_is_held(stage))
    other = open_page("#/review?process=L33774", user="other")
    assert other.wait_for_record() == name


def test_what_is_held_is_given_back_when_the_view_is_left(open_page, stage):
    one = open_page("#/review?process=L33774")
    name = one.wait_for_record()
    one.page.get_by_role("link", name="Uploads", exact=True).click()
    one.see("Drop files here")
    one.until(lambda: nothing_is_held(stage))
    other = open_page("#/review?process=L33774", user="other")
    assert other.wait_for_record() == name


def test_a_decision_at_machine_speed_is_never_lost(open_page, stage):
    """All records of both queues, a key each, as fast as they come."""
    person = open_page("#/review")
    waiting = totals(stage, "L33774")["open"] + totals(stage, "emotions")["open"]
    name = person.wait_for_record()
    for _ in range(waiting - 1):
        person.press("1")
        name = person.wait_for_record(other_than=name)
    person.press("1")
    person.see("Nothing left to decide")
    person.saved()
    assert len(decided(stage)) == waiting
    assert all(len(each) == 1 for each in decided(stage).values())


def test_the_queue_cannot_be_read(open_page, served):
    person = open_page("#/try")
    served.gateway.offline = True
    person.page.get_by_role("link", name="Review", exact=True).click()
    person.see("The queue cannot be read")
    served.gateway.offline = False
    person.page.get_by_role("button", name="Try again").click()
    person.wait_for_record()
