"""Models: what everybody sees, what an admin does, and what becomes of two who do it at once."""

import re

import pytest

from tests.browser.person import Person
from tests.browser.test_access import violations
from tests.fakes.http_api import call
from tests.fakes.live import Audits, MemoryAlarm, made, publish
from tests.fakes.stage import Clock, Stage
from winnow.errors import AccessDeniedError
from winnow.models import ObjectRef
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.files import EVALUATION_PAGE
from winnow.registry.models import ModelVersion, ProcessEntry, StoredFile, VersionMetrics
from winnow_api.call import iso
from winnow_api.ports import Differences

PROCESS = "letters"
ROUTE = f"#/models/{PROCESS}"
METRICS = VersionMetrics(
    accuracy=0.914,
    ece=0.021,
    accepted_precision=0.974,
    accepted_precision_lower=0.958,
    rows=400,
    mcnemar_p=0.013,
    better=True,
)
PAGE = StoredFile(
    name=EVALUATION_PAGE,
    object=ObjectRef(bucket="models", key="models/evaluation.html"),
    sha256="0" * 64,
    size=1,
)


@pytest.fixture
def stage() -> Stage:
    """A stack with two processes in its registry; the one has three versions."""
    stage = Stage(clock=Clock(None)).sample()
    champion, challenger, _ = publish(
        stage.models, PROCESS, 3, guarantee=0.95, metrics=METRICS, files=(PAGE,)
    )
    publish(stage.models, "emotions", 1)
    stage.store.put(PAGE.object, b"<title>Evaluation</title>", "text/html")
    stage.live.audits[PROCESS, champion.sha256] = Audits(812, 797, 0.957, 0.991)
    stage.live.audits[PROCESS, challenger.sha256] = Audits(240, 236, 0.953, 0.996)
    return stage


def versions(stage: Stage) -> list[ModelVersion]:
    """Champion, challenger, and one that is neither, as the stage begins."""
    return list(reversed(stage.models.versions(PROCESS)))


def entry_of(stage: Stage) -> ProcessEntry:
    entry = stage.models.entry(PROCESS)
    assert entry is not None
    return entry


def start(stage: Stage, action: str = "canary", **given: object) -> None:
    """A release that another admin has started."""
    body = {"process": PROCESS, "action": action, "revision": entry_of(stage).revision} | given
    assert call(stage, "POST /v1/releases", body, user="admin").status == 200


def admin(open_page, route: str = ROUTE, **options: object) -> Person:
    person: Person = open_page(route, user="admin", **options)
    person.page.locator(".model tbody tr, .models .card").first.wait_for()
    return person


def press(person: Person, name: str) -> None:
    person.page.get_by_role("button", name=name, exact=True).click()


def confirm(person: Person, name: str) -> None:
    """Press a button of the dialog, and wait until it is gone."""
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_role("button", name=name, exact=True).click()
    dialog.wait_for(state="detached")


# -- what is seen ----------------------------------------------------------------------------------


def test_processes_are_listed_and_lead_to_their_versions(open_page, stage):
    person = open_page("#/review")
    person.page.get_by_role("link", name="Models", exact=True).click()
    cards = person.page.locator(".card")
    cards.first.wait_for()
    assert cards.count() == 2
    assert "98.2 % are right" in cards.filter(has_text=PROCESS).inner_text()
    assert "No accepted record was checked yet." in cards.filter(has_text="Seven").inner_text()
    cards.get_by_role("link", name=PROCESS).click()
    rows = person.page.locator(".records tbody tr")
    rows.first.wait_for()
    champion, challenger, third = versions(stage)
    found = [row.inner_text() for row in rows.all()]
    assert [text[:12] for text in found] == [
        version.sha256[:12] for version in (third, challenger, champion)
    ]
    assert "Champion" in found[2]
    assert "Challenger" in found[1]
    assert "91.4 %" in found[0]
    assert "at least 95.8 %" in found[0]


def test_the_picture_says_in_words_what_the_table_says_in_numbers(open_page, stage):
    start(stage, percent=20)
    person = open_page(ROUTE)
    picture = person.page.get_by_role("img", name="Live precision and guarantee")
    picture.wait_for()
    described = person.page.locator("#intervals-text").text_content()
    assert described == (
        "Champion: 98.2 %, between 95.7 % and 99.1 %, above the guarantee. "
        "Challenger: 98.3 %, between 95.3 % and 99.6 %, above the guarantee. "
        "The guarantee is 95 %."
    )
    cells = person.page.locator(".release tbody tr").nth(1).locator("td").all_inner_texts()
    assert cells == ["240", "236", "98.3 %", "95.3 %", "99.6 %"]
    # The guarantee is drawn left of both intervals, as it is below both lower bounds.
    promised = float(picture.locator("line.guarantee").get_attribute("x1").removesuffix("%"))
    bounds = picture.locator("line.bound").all()
    assert all(float(b.get_attribute("x1").removesuffix("%")) > promised for b in bounds)


def test_a_release_is_told_with_its_share_and_its_differences(open_page, stage):
    start(stage, percent=20, automatic=True)
    stage.live.differences[PROCESS, versions(stage)[1].sha256] = Differences(1203, 14)
    person = open_page(ROUTE)
    person.see("20 % of uploads are decided by the challenger, 80 % by the champion.")
    person.see("Both have judged 1,203 records: 14 decisions differ (1.2 %).")
    person.see(re.compile("promoted by itself when the lower bound is above 95 %"))
    person.see("Canary began")


def test_a_version_has_its_facts_and_its_evaluation(open_page, stage):
    version = versions(stage)[2]
    person = open_page(f"{ROUTE}/{version.sha256[:12]}")
    person.see(version.sha256)
    with person.context.expect_page() as opened:
        press(person, "Evaluation")
    opened.value.wait_for_load_state()
    assert "models/evaluation.html" in opened.value.url
    assert opened.value.evaluate("opener") is None


@pytest.mark.parametrize("route", ["#/models/nothing", f"{ROUTE}/000000", "#/models/%00"])
def test_what_is_not_there_is_said(open_page, route):
    person = open_page(route)
    person.page.locator(".problem").first.wait_for()


def test_who_reviews_sees_and_changes_nothing(open_page, stage):
    start(stage)
    for user in ("reviewer", "auditor"):
        person = open_page(ROUTE, user=user)
        person.page.locator(".records tbody tr").first.wait_for()
        buttons = person.page.locator("main button").all_inner_texts()
        assert buttons == []


def test_a_reason_is_text_and_nothing_else(open_page, stage):
    entry = entry_of(stage)
    who = Who("barbara@example.org", iso(stage.clock()))
    entry = made(stage.models, entry, aliases.start_canary(entry, who, "00", 10))
    reason = '<img src=x onerror="document.title=1"> ‮ evil'
    gate = Who("gate", iso(stage.clock()), reason, "guarantee_broken", automatic=True)
    made(stage.models, entry, aliases.roll_back(entry, None, gate))
    person = open_page(ROUTE)
    person.page.locator(".history li").first.wait_for()
    assert "<img src=x" in person.page.locator(".history li").first.inner_text()
    assert "<img src=x" in person.page.locator("#bells").inner_text()
    assert person.page.locator("main img, #bells img").count() == 0
    assert "‮" not in person.page.locator("body").inner_text()


def test_records_and_predictions_name_the_version_that_judged_them(open_page, stage):
    made = call(stage, "POST /v1/predictions", {"process": "emotions", "text": "I was glad."}).json
    sha256 = made["judged_by"]["sha256"]
    upload = next(i for i, row in stage.uploads.rows.items() if row.process == "emotions")
    person = open_page(f"#/try/{made['id']}")
    for route in ("", f"#/uploads/{upload}", f"#/uploads/{upload}/1"):
        if route:
            person.go(route)
        link = person.page.get_by_role("link", name=f"version {sha256[:12]}")
        link.wait_for()
        assert link.get_attribute("href") == f"#/models/emotions/{sha256[:12]}"


# -- what rings ------------------------------------------------------------------------------------


def test_a_broken_guarantee_rings_in_every_view_of_who_may_see_it(open_page, stage):
    champion = versions(stage)[0]
    stage.live.audits[PROCESS, champion.sha256] = Audits(500, 450, 0.87, 0.93)
    person = open_page("#/review")
    banner = person.page.locator("#bells .notice")
    banner.wait_for()
    assert "breaks its guarantee" in banner.inner_text()
    person.page.wait_for_function(
        "() => document.getElementById('alerts').textContent.includes('breaks its guarantee')"
    )
    for name in ("Try", "Uploads", "Models"):
        person.page.get_by_role("link", name=name, exact=True).click()
        person.page.get_by_role("heading", level=1).first.wait_for()
        assert banner.is_visible()
    banner.get_by_role("link").click()
    person.page.locator(".records tbody tr").first.wait_for()
    assert person.page.url.endswith(ROUTE)
    limited = open_page("#/models", user="limited")
    limited.page.locator(".card").first.wait_for()
    assert limited.page.locator("#bells .notice").count() == 0
    # It is gone when nothing rings any more, in a view that looks again.
    stage.live.audits[PROCESS, champion.sha256] = Audits(900, 880, 0.951, 0.99)
    person.page.get_by_role("link", name="Models", exact=True).first.click()
    banner.wait_for(state="detached")


def test_an_alarm_rings_in_every_view_and_ends(open_page, stage):
    stage.alarms.rung = [MemoryAlarm("RunsFailed", "Many <b>runs</b> failed.", iso(stage.clock()))]
    person = open_page("#/review", user="limited")
    banner = person.page.locator("#bells .notice")
    banner.wait_for()
    assert banner.inner_text().startswith("Alarm RunsFailed since ")
    assert banner.inner_text().endswith("Many <b>runs</b> failed.")
    person.page.wait_for_function(
        "() => document.getElementById('alerts').textContent.includes('Alarm RunsFailed.')"
    )
    # A view that has learned of its models' notices leaves the alarm as it is.
    person.page.get_by_role("link", name="Models", exact=True).click()
    person.page.locator(".card").first.wait_for()
    assert banner.is_visible()
    person.page.get_by_role("button", name="Sign out").click()
    person.see("Signed out")
    assert person.page.locator("#bells .notice").count() == 0
    stage.alarms.rung = []
    again = open_page("#/review")
    again.until(lambda: any(address.endswith("/v1/alarms") for address in again.answered))
    assert again.page.locator("#bells .notice").count() == 0


def test_what_cannot_be_asked_keeps_what_is_known_from_ringing_wrongly(open_page, stage):
    champion = versions(stage)[0]
    stage.live.audits[PROCESS, champion.sha256] = Audits(500, 450, 0.87, 0.93)

    def refuse() -> list[MemoryAlarm]:
        raise AccessDeniedError("DescribeAlarms is not allowed in CloudWatch.")

    stage.alarms.ringing = refuse
    person = open_page("#/review")
    person.page.locator("#bells .notice").wait_for()
    assert "breaks its guarantee" in person.page.locator("#bells").inner_text()


# -- what an admin does ----------------------------------------------------------------------------


def test_a_challenger_is_released_step_by_step(open_page, stage):
    champion, challenger, _ = versions(stage)
    person = admin(open_page)
    press(person, "Shadow")
    person.see(re.compile("All decisions stay the champion's"))
    confirm(person, "Shadow")
    person.see("The champion decides everything. The challenger judges the same records,")
    press(person, "Canary")
    share = person.page.get_by_label("Share of uploads in percent")
    share.fill("0")
    person.page.get_by_role("dialog").get_by_role("button", name="Canary").click()
    assert share.evaluate("one => one.validity.rangeUnderflow")
    share.fill("25")
    confirm(person, "Canary")
    person.see("25 % of uploads are decided by the challenger, 75 % by the champion.")
    entry = entry_of(stage)
    assert entry.release is not None
    assert (entry.release.percent, entry.release.guarantee) == (25, 0.95)
    press(person, "Promote")
    person.see("It has proved its guarantee of 95 %.")
    confirm(person, "Promote")
    person.page.locator(".records tr", has_text=challenger.sha256[:12]).get_by_text(
        "Champion"
    ).wait_for()
    assert entry_of(stage).champion == challenger.sha256
    press(person, "Roll back")
    person.see(re.compile(f"decided by version {champion.sha256[:12]} again"))
    confirm(person, "Roll back")
    person.page.wait_for_function(
        "() => document.getElementById('news').textContent.startsWith('Roll back: done')"
    )
    assert entry_of(stage).champion == champion.sha256


def test_a_release_is_stopped(open_page, stage):
    start(stage)
    person = admin(open_page)
    press(person, "Stop")
    confirm(person, "Stop")
    person.page.locator(".split").wait_for(state="detached")
    assert entry_of(stage).release is None


def test_any_version_can_be_released(open_page, stage):
    third = versions(stage)[2]
    person = admin(open_page)
    row = person.page.locator(".records tbody tr", has_text=third.sha256[:12])
    row.get_by_role("button", name="Release").click()
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("Canary").check()
    dialog.get_by_label("Share of uploads in percent").fill("5")
    confirm(person, "Release")
    person.see("5 % of uploads are decided by the challenger, 95 % by the champion.")
    assert entry_of(stage).challenger == third.sha256


def test_nothing_happens_to_who_cancels(open_page, stage):
    before = entry_of(stage)
    person = admin(open_page)
    for name in ("Train again", "Shadow", "Canary", "Promote"):
        press(person, name)
        confirm(person, "Cancel")
        press(person, name)
        person.press("Escape")
        person.page.get_by_role("dialog").wait_for(state="detached")
    assert entry_of(stage) == before
    assert stage.trainer.asked == []


def test_a_training_is_asked_for(open_page, stage):
    person = admin(open_page)
    press(person, "Train again")
    stage.live.running[PROCESS] = iso(stage.clock())
    # It is refused while another one runs; what was asked for is still there.
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Train again").click()
    person.see(re.compile("is being trained already"))
    dialog.get_by_role("button", name="Cancel").click()
    person.see(re.compile("A training is running"))
    stage.live.running.clear()
    press(person, "Train again")
    confirm(person, "Train again")
    assert stage.trainer.asked == [(PROCESS, "barbara@example.org")]


def test_of_two_admins_who_promote_at_once_the_second_sees_the_conflict(open_page, stage):
    first, second = admin(open_page), admin(open_page)
    press(second, "Promote")
    press(first, "Promote")
    confirm(first, "Promote")
    dialog = second.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Promote").click()
    problem = dialog.get_by_role("alert")
    problem.wait_for()
    assert "release_conflict" in problem.inner_text()
    # It cannot be sent again as it is; behind the dialog is what holds now.
    assert not dialog.get_by_role("button", name="Promote").is_visible()
    assert second.page.evaluate("document.activeElement.textContent") == "Cancel"
    second.page.get_by_role("button", name="Roll back", include_hidden=True).wait_for()
    second.press("Escape")
    dialog.wait_for(state="detached")
    assert entry_of(stage).revision == 3


def test_an_answer_that_was_lost_is_no_second_release(open_page, stage):
    person = admin(open_page)
    lost: list[str] = []

    def once(route):
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().text())
            route.abort()

    person.page.route("**/v1/releases", once)
    press(person, "Shadow")
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Shadow").click()
    person.see("The server cannot be reached.")
    confirm(person, "Shadow")
    assert lost
    assert entry_of(stage).revision == 3


# -- for everybody ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, stage, scheme):
    start(stage, percent=20, automatic=True)
    stage.live.audits[PROCESS, versions(stage)[0].sha256] = Audits(500, 450, 0.87, 0.93)
    person = admin(open_page, "#/models", color_scheme=scheme)
    found = {"list": violations(person)}
    person.go(f"{ROUTE}/{versions(stage)[2].sha256[:12]}")
    person.page.locator("#version-title").wait_for()
    found["model"] = violations(person)
    for name in ("Change the canary", "Promote"):
        press(person, name)
        found[name] = violations(person)
        confirm(person, "Cancel")
    press(person, "Stop")
    confirm(person, "Stop")
    person.page.get_by_role("button", name="Release").click()
    found["release"] = violations(person)
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize("width", [320, 640])
def test_nothing_is_cut_off_or_scrolls_sideways(open_page, stage, width):
    start(stage, percent=20)
    stage.live.audits[PROCESS, versions(stage)[0].sha256] = Audits(500, 450, 0.87, 0.93)
    viewport = {"width": width, "height": 640}
    person = admin(open_page, "#/models", viewport=viewport, has_touch=True)
    wide = {"list": person.page.evaluate("document.documentElement.scrollWidth")}
    person.go(f"{ROUTE}/{versions(stage)[2].sha256[:12]}")
    person.page.locator("#version-title").wait_for()
    wide["model"] = person.page.evaluate("document.documentElement.scrollWidth")
    press(person, "Change the canary")
    dialog = person.page.get_by_role("dialog").bounding_box()
    assert dialog is not None
    assert dialog["x"] >= 0
    assert dialog["x"] + dialog["width"] <= width
    assert {name: found for name, found in wide.items() if found > width} == {}


def test_the_keyboard_alone_is_enough(open_page, stage):
    person = admin(open_page)
    page = person.page
    for _ in range(40):
        person.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Promote":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    person.press("Enter")
    # One Enter too many is not yet a promotion.
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    assert page.get_by_role("dialog", name="Promote?").is_visible()
    person.press("Shift+Tab", "Enter")
    page.get_by_role("dialog").wait_for(state="detached")
    page.wait_for_function("() => document.getElementById('news').textContent === 'Promote: done.'")
    assert entry_of(stage).champion == versions(stage)[1].sha256


def test_the_focus_stays_where_it_is_when_the_view_looks_again(open_page, stage):
    person = admin(open_page)
    person.page.get_by_role("button", name="Canary").focus()
    start(stage, "shadow")
    person.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    person.see("Shadow began")
    assert person.page.evaluate("document.activeElement.textContent") == "Canary"


# -- what is loaded --------------------------------------------------------------------------------


def test_the_views_are_loaded_when_they_are_opened(open_page):
    person = open_page("#/review")
    person.wait_for_record()
    person.until(lambda: any(address.endswith("/v1/alarms") for address in person.answered))
    assert not [address for address in person.requests if "/assets/model" in address]
    person.page.get_by_role("link", name="Models", exact=True).click()
    person.page.locator(".models .card").first.wait_for()
    assert [address for address in person.requests if address.endswith("/assets/models.js")]


def test_without_a_network_it_is_said_and_review_goes_on(open_page):
    person = open_page("#/review")
    name = person.wait_for_record()
    person.page.route("**/assets/models.js", lambda route: route.abort())
    person.page.get_by_role("link", name="Models", exact=True).click()
    person.see("A part of the page could not be loaded.")
    person.page.get_by_role("link", name="Review", exact=True).click()
    assert person.wait_for_record() == name
