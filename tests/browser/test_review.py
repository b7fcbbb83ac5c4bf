"""Review: one key a decision, and nothing is lost."""

import re
from pathlib import Path

import pytest

from tests.browser.person import Person, decided, labelled, totals
from tests.fakes.http_api import call
from tests.fakes.stage import Clock, Stage


def test_a_record_is_shown_with_its_evidence_and_the_reason_it_was_set_aside(open_page):
    person = open_page("#/review?process=L33774")
    person.wait_for_evidence()
    panel = person.page.locator(".machine")
    assert "The machine says" in panel.inner_text()
    assert panel.locator(".why").inner_text()
    marks = person.page.locator(".text mark")
    assert marks.count() > 0
    # Not by colour alone: each mark begins with a label, for screen readers in words.
    label = marks.first.locator(".unseen").first.inner_text()
    assert re.match(r"\[(for|against) ", label)
    assert person.page.locator(".columns dt").count() >= 1


def test_one_key_a_record_to_the_end_of_the_queue(open_page, stage):
    person = open_page("#/review?process=L33774")
    waiting = totals(stage, "L33774")["open"]
    assert waiting > 3
    names = []
    name = person.wait_for_record()
    for index in range(waiting):
        names.append(name)
        person.press("1" if index % 2 else "2")
        if index + 1 < waiting:
            name = person.wait_for_record(other_than=name)
    person.see("Nothing left to decide")
    person.saved()
    assert len(set(names)) == waiting
    answers = decided(stage)
    assert len(answers) == waiting
    assert all(len(each) == 1 for each in answers.values())
    assert totals(stage, "L33774")["open"] == 0


@pytest.mark.parametrize("size", [(412, 823), (1280, 800)], ids=["phone", "desk"])
def test_little_moves_when_the_first_record_comes(open_page, size):
    """The sum of layout shifts, of which 0.1 is called good. A line below would jump by a page."""
    width, height = size
    person = open_page("#/uploads", viewport={"width": width, "height": height})
    held = []
    person.page.route("**/v1/leases", lambda route: held.append(route))
    person.page.evaluate("location.hash = '#/review?process=L33774'")
    person.page.locator(".skeleton").wait_for()
    began = person.page.evaluate("performance.now()")
    person.page.wait_for_function("began => performance.now() > began + 700", arg=began)
    person.until(lambda: held)
    held[0].continue_()
    person.wait_for_record()
    moved = person.page.evaluate(
        """began => new Promise((done) => {
            let sum = 0;
            const add = (list) => {
                for (const one of list.getEntries()) if (one.startTime > began) sum += one.value;
            };
            new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
            setTimeout(() => done(sum), 300);
        })""",
        began,
    )
    assert moved < 0.1


def test_the_next_record_is_there_before_the_answer(open_page):
    """With the decision's request held back, the next record is on the screen all the same."""
    person = open_page("#/review?process=L33774")
    held = []
    person.page.route("**/v1/reviews", lambda route: held.append(route))
    first = person.wait_for_record()
    # Asked in the same task as the key: no answer of a server can have come in between.
    shown = person.page.evaluate(
        """() => {
            document.dispatchEvent(new KeyboardEvent(
                "keydown", { code: "Digit1", key: "1", bubbles: true }));
            return document.getElementById("record-name").textContent;
        }"""
    )
    assert shown != first
    person.see("1 being saved")
    person.until(lambda: held)
    held[0].continue_()
    person.saved()


@pytest.mark.parametrize("layout", ["q", "ф"], ids=["French", "Russian"])
def test_keys_go_by_their_place(open_page, stage, layout):
    person = open_page("#/review?process=emotions")
    first = person.wait_for_record()
    person.page.evaluate(
        "key => document.dispatchEvent(new KeyboardEvent('keydown', {code: 'KeyA', key}))", layout
    )
    person.wait_for_record(other_than=first)
    person.saved()
    assert totals(stage, "emotions")["approved"] == 1


def test_approve_cannot_tell_skip_and_undo(open_page, stage):
    person = open_page("#/review?process=emotions")
    first = person.wait_for_record()
    person.press("a")
    second = person.wait_for_record(other_than=first)
    person.press("0")
    third = person.wait_for_record(other_than=second)
    person.saved()
    assert totals(stage, "emotions")["approved"] == 1
    assert totals(stage, "emotions")["cannot_tell"] == 1
    person.press("z")
    assert person.wait_for_record(other_than=third) == second
    person.press("2")
    person.wait_for_record(other_than=second)
    person.saved()
    assert totals(stage, "emotions")["cannot_tell"] == 0
    assert totals(stage, "emotions")["decided"] == 2
    name = person.name
    person.press("s")
    person.wait_for_record(other_than=name)
    person.saved()
    assert totals(stage, "emotions")["decided"] == 2


def test_what_was_skipped_can_be_had_again(open_page, stage):
    person = open_page("#/review?process=emotions")
    waiting = totals(stage, "emotions")["open"]
    name = person.wait_for_record()
    for _ in range(waiting - 1):
        person.press("s")
        name = person.wait_for_record(other_than=name)
    person.press("s")
    person.see("Nothing left to decide")
    person.saved()
    person.page.get_by_role("button", name="Show what I skipped").click()
    person.wait_for_record()
    person.press("1")
    person.saved()
    assert totals(stage, "emotions")["decided"] == 1


def test_mouse_does_what_keys_do(open_page, stage):
    person = open_page("#/review?process=emotions")
    first = person.wait_for_record()
    person.page.get_by_role("button", name=re.compile("^Approve")).click()
    second = person.wait_for_record(other_than=first)
    person.page.locator("[data-pick]").nth(1).click()
    third = person.wait_for_record(other_than=second)
    person.page.get_by_role("button", name="Undo").click()
    assert person.wait_for_record(other_than=third) == second
    person.page.get_by_role("button", name="Cannot tell").click()
    third = person.wait_for_record(other_than=second)
    person.page.get_by_role("button", name="Skip").click()
    person.wait_for_record(other_than=third)
    person.saved()
    assert totals(stage, "emotions")["decided"] == 2


def test_touch_on_a_phone(open_page, stage):
    person = open_page(
        "#/review?process=emotions", viewport={"width": 375, "height": 740}, has_touch=True
    )
    first = person.wait_for_record()
    # The buttons are in reach without scrolling.
    button = person.page.locator("[data-pick]").first
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 740
    button.tap()
    person.wait_for_record(other_than=first)
    person.saved()
    assert totals(stage, "emotions")["decided"] == 1


def test_keys_can_be_switched_off(open_page, stage):
    person = open_page("#/review?process=emotions")
    name = person.wait_for_record()
    assert person.page.locator(".dock kbd").count() > 0
    person.page.locator("#keys").click()
    assert person.page.locator(".dock kbd").count() == 0
    person.press("a", "1", "0", "s")
    person.page.wait_for_timeout(200)
    assert person.name == name
    # The address keeps it, and nothing else does.
    person.page.goto(f"{person.served.url}#/review?process=L33774&keys=off")
    person.page.reload()
    person.wait_for_record()
    assert person.page.locator("#keys").get_attribute("aria-pressed") == "false"
    assert decided(stage) == {}


def test_a_note_is_typed_without_deciding_and_goes_with_the_decision(open_page, stage):
    person = open_page("#/review?process=L33774")
    first = person.wait_for_record()
    person.press("n")
    person.page.keyboard.type("a1 s0: ask the ward")
    assert person.name == first
    person.press("Escape", "1")
    person.wait_for_record(other_than=first)
    person.saved()
    (key,) = decided(stage)
    history = call(
        stage,
        "GET /v1/uploads/{id}/records/{n}/history",
        path={"id": key[0], "n": str(key[1])},
    ).json
    assert history["items"][-1]["note"] == "a1 s0: ask the ward"
    assert history["items"][-1]["through"] == "page"


def test_a_record_that_somebody_has_open_is_shown_to_nobody_else(open_page, stage):
    one = open_page("#/review?process=L33774")
    other = open_page("#/review?process=L33774", user="other")
    waiting = totals(stage, "L33774")["open"]
    seen: list[str] = []
    people = [one, other]

    def showing() -> list[Person]:
        return [person for person in people if person.page.locator("#record-name").count()]

    while totals(stage, "L33774")["open"]:
        one.until(showing)
        person, *others = showing()
        assert person.name not in [each.name for each in others], "one record on two screens"
        person.wait_for_keys()
        seen.append(person.name)
        person.press("2")
        person.saved()
        people.reverse()
    assert len(seen) == len(set(seen))
    assert {len(answers) for answers in decided(stage).values()} == {1}
    assert len(decided(stage)) == waiting


def test_filters_are_in_the_address(open_page):
    person = open_page()
    person.wait_for_record()
    person.page.get_by_label("process").select_option("emotions")
    person.page.wait_for_url("**process=emotions**")
    person.page.get_by_text("Seven emotions").filter(visible=True).first.wait_for()
    person.page.get_by_label("reason").select_option("out_of_scope")
    person.see("Nothing left to decide")


def test_the_waiting_list(open_page, stage):
    person = open_page("#/review?process=L33774")
    person.wait_for_record()
    person.page.get_by_text("What is waiting").click()
    rows = person.page.locator(".ahead tbody tr")
    rows.first.wait_for()
    assert rows.count() == totals(stage, "L33774")["open"]
    person.page.locator(".ahead tbody a").last.click()
    person.see("History")


def test_one_criterion_alone(open_page):
    person = open_page("#/review?process=L33774")
    person.wait_for_evidence()
    button = person.page.locator(".criteria button:not([disabled])").first
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    number = button.get_attribute("data-criterion")
    marks = person.page.locator(".text mark")
    for index in range(marks.count()):
        mark = marks.nth(index)
        faded = "faded" in (mark.get_attribute("class") or "")
        assert faded == (mark.get_attribute("data-criterion") != number)
    button.click()
    assert person.page.locator("mark.faded").count() == 0


class TestBlind:
    """The machine's decision is hidden until the person has decided."""

    @pytest.fixture
    def stage(self) -> Stage:
        return Stage(clock=Clock(None), blind_share=1.0).sample()

    def test_nothing_of_it_reaches_the_browser_before(self, open_page, stage):
        person = open_page("#/review?process=emotions")
        first = person.wait_for_record()
        person.see("Blind check")
        assert person.page.locator("mark").count() == 0
        assert person.page.get_by_role("button", name=re.compile("^Approve")).count() == 0
        person.press("a")  # There is nothing to approve.
        assert person.name == first
        person.press("1")
        person.wait_for_record(other_than=first)
        person.see(re.compile("Blind check: the machine says"))
        person.saved()
        assert totals(stage, "emotions")["blind"] == 1


class TestManyLabels:
    """More labels than keys: they are found by typing."""

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        return labelled(tmp_path, [f"title {number}" for number in range(40)])

    def test_typing_finds_one(self, open_page, stage):
        person = open_page("#/review")
        first = person.wait_for_record()
        picks = person.page.locator("[data-pick]")
        assert picks.count() == 40
        assert person.page.locator("[data-pick] kbd").count() == 9
        person.press("/")
        person.page.keyboard.type("title 33")
        assert [one.inner_text() for one in picks.all() if one.is_visible()] == ["title 33"]
        person.press("Enter")
        person.wait_for_record(other_than=first)
        person.saved()
        assert [*decided(stage).values()] == [["label-33"]]

    def test_the_likeliest_have_a_key(self, open_page, stage):
        person = open_page("#/review")
        person.wait_for_record()
        likeliest = person.page.locator(".labels .title").first.inner_text()
        first = person.page.locator("[data-pick]").first
        assert first.inner_text().startswith(likeliest)
