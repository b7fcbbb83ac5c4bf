"""Try, Uploads and Record; who may see what; what is shown when something is not there."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.browser.person import decided
from tests.fakes.http_api import call
from tests.fakes.stage import RESULTS, ROOT, Clock, Stage
from winnow.models import ObjectRef

CASE = "She continues to pass black stools. Iron deficiency anemia with hemoglobin 7.9 g/dL."


# -- Try -------------------------------------------------------------------------------------------


def test_a_text_is_tried_and_approved(open_page, stage):
    person = open_page("#/try")
    person.page.get_by_label("Process").select_option("emotions")
    person.page.get_by_label("Text").fill("I miss my grandfather.")
    person.page.get_by_role("button", name="Submit").click()
    person.wait_for_record()
    decision = person.page.locator(".verdict").inner_text()
    assert person.page.locator(".text mark").count() == 1
    assert re.search(r"#/try/p-\w+$", person.page.url)
    assert "grandfather" not in person.page.url
    person.page.get_by_role("button", name=f"Approve {decision}").click()
    person.see("by ada@example.org")
    (item,) = call(stage, "GET /v1/predictions", process="emotions").json["items"]
    assert item["review"]["changed"] is False
    assert person.page.locator(".earlier").get_by_text(decision).count() > 0


def test_a_tried_text_is_reclassified_with_a_key_and_found_by_its_link(open_page, stage):
    person = open_page("#/try")
    person.page.get_by_label("Process").select_option("L33774")
    person.page.get_by_label("Text").fill(CASE)
    person.page.get_by_label("Text").press("Control+Enter")
    person.wait_for_record()
    person.press("2")
    person.see("Not met")
    person.saved()
    address = person.page.url
    person.page.reload()
    person.wait_for_record()
    assert person.page.url == address
    person.see(re.compile("by ada@example.org"))


def test_columns_can_be_given(open_page, stage):
    person = open_page("#/try")
    person.page.get_by_label("Text").fill(CASE)
    person.page.get_by_role("button", name="Add a column").click()
    person.page.get_by_label("Name of the column").fill("patient_age")
    person.page.get_by_label("Value").fill("63")
    person.page.get_by_role("button", name="Submit").click()
    person.wait_for_record()
    assert person.page.locator(".columns dt").inner_text() == "patient_age"


class TestNumbers:
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        shutil.copy(ROOT / "processes" / "emotions.yaml", tmp_path)
        return Stage(processes=tmp_path, clock=Clock(None))

    def test_columns_that_a_process_needs_are_asked_for(self, open_page):
        person = open_page("#/uploads")

        def numbers_only(route):
            answer = route.fetch()
            body = answer.json()
            body["items"][0] |= {"text": False, "numbers": ["age", "hemoglobin"]}
            route.fulfill(response=answer, json=body)

        person.page.route("**/v1/processes", numbers_only)
        person.page.reload()
        person.page.get_by_role("link", name="Try", exact=True).click()
        person.page.get_by_role("heading", name="Try", exact=True).wait_for()
        names = person.page.get_by_label("Name of the column")
        assert [one.input_value() for one in names.all()] == ["age", "hemoglobin"]
        assert not person.page.locator("#try-text").is_visible()


def test_nothing_to_submit_is_said(open_page):
    person = open_page("#/try")
    person.page.get_by_role("button", name="Submit").click()
    person.see("There is no text.")


def test_a_text_that_is_too_long_is_answered_with_what_to_do(open_page):
    person = open_page("#/try")
    person.page.get_by_label("Text").fill("word")
    # The browser itself takes seconds to lay out such a text.
    long = json.dumps({"process": "L33774", "text": "word " * 300_000})
    person.page.route("**/v1/predictions", lambda route: route.continue_(post_data=long))
    person.page.get_by_role("button", name="Submit").click()
    problem = person.page.locator(".problem")
    problem.wait_for()
    assert "Code " in problem.inner_text()
    assert person.page.get_by_label("Text").input_value() == "word"


# -- Uploads ---------------------------------------------------------------------------------------


def test_uploads_are_listed_with_counts_and_failures(open_page):
    person = open_page("#/uploads")
    cards = person.page.locator(".card")
    cards.first.wait_for()
    text = person.page.locator(".list").inner_text()
    assert "for review" in text
    assert "accepted" in text
    failed = person.page.locator(".card", has=person.page.locator(".chip.failed"))
    assert failed.locator(".failed").last.inner_text()


def test_a_file_is_chosen_and_judged(open_page, stage):
    person = open_page("#/uploads")
    person.page.locator("#drop-process").select_option("emotions")
    person.page.locator("#drop-input").set_input_files(
        {
            "name": "two.csv",
            "mimeType": "text/csv",
            "buffer": b"text\nI was so happy.\nI was sad.\n",
        }
    )
    card = person.page.locator(".card", has_text="two.csv")
    card.locator(".chip.succeeded").wait_for()
    assert card.locator(".chip").inner_text() == "Done"
    person.page.locator(".sending li").wait_for(state="detached")


def test_a_file_is_dropped(open_page, stage):
    person = open_page("#/uploads")
    person.page.locator("#drop-process").select_option("emotions")
    person.page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["text\\nI was afraid.\\n"], "dropped.csv"));
            document.querySelector(".drop").dispatchEvent(
                new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
        }"""
    )
    person.page.locator(".card", has_text="dropped.csv").wait_for()


def test_a_file_that_cannot_be_sent_can_be_tried_again(open_page):
    person = open_page("#/uploads")
    person.page.route("**/_s3/**", lambda route: route.abort())
    person.page.locator("#drop-input").set_input_files(
        {"name": "late.csv", "mimeType": "text/csv", "buffer": b"text\nI was afraid.\n"}
    )
    person.see("The file could not be sent: no network.")
    person.page.unroute("**/_s3/**")
    person.page.get_by_role("button", name="Try again").click()
    person.page.locator(".card", has_text="late.csv").wait_for()


def upload_of(stage: Stage, name: str) -> str:
    return next(
        row.upload_id for row in stage.uploads.rows.values() if row.object_key.endswith(name)
    )


def test_one_upload_its_records_and_their_outcomes(open_page, stage):
    upload = upload_of(stage, "cases.csv")
    person = open_page(f"#/uploads/{upload}")
    rows = person.page.locator(".records tbody tr")
    rows.first.wait_for()
    result = call(stage, "GET /v1/uploads/{id}", path={"id": upload}).json
    assert rows.count() == result["counts"]["records"]
    person.page.get_by_role("button", name=re.compile("^For review")).click()
    person.page.wait_for_function(
        "n => document.querySelectorAll('.records tbody tr').length === n",
        arg=result["counts"]["review"],
    )
    names = [file["name"] for file in result["files"]]
    for name in names:
        assert person.page.get_by_role("link", name=name).get_attribute("href").startswith("http")
    rows.first.locator("a").click()
    person.wait_for_record()
    person.see("History")


def test_decisions_are_downloaded_and_what_is_left_out_is_told(open_page, stage):
    queued = call(stage, "GET /v1/queue", process="L33774", limit=2).json["items"]
    for item in queued:
        given = {"upload": item["upload"], "record": item["record"], "version": 0}
        given |= {"decision": "met", "cannot_tell": False}
        assert call(stage, "POST /v1/reviews", given).status == 201
    person = open_page("#/uploads")
    button = person.page.get_by_role("button", name="Decisions of people (CSV)")
    with person.page.expect_download() as first:
        button.click()
    assert first.value.suggested_filename == "decisions-L33774.csv"
    assert not person.page.get_by_text("Left out:").count()
    results = f"results/L33774/{queued[0]['upload']}/result.json"
    stage.store.delete(ObjectRef(bucket=RESULTS, key=results))
    button.click()
    person.see("Left out: 2 decided records. Their results have expired or are damaged.")


def test_a_record_by_its_link_is_corrected_and_has_a_history(open_page, stage):
    upload = upload_of(stage, "cases.csv")
    accepted = call(
        stage, "GET /v1/uploads/{id}/records", path={"id": upload}, outcome="accepted"
    ).json["items"][0]
    person = open_page(f"#/uploads/{upload}/{accepted['record']}")
    person.wait_for_record()
    person.see("Nobody has decided it yet.")
    person.press("2")
    person.see("by ada@example.org")
    person.wait_for_keys()
    person.press("1")
    history = person.page.locator(".history li")
    person.page.wait_for_function("() => document.querySelectorAll('.history li').length === 2")
    assert "ada@example.org decided Not met" in history.first.inner_text()
    assert "instead of Not met" in history.last.inner_text()
    assert [*decided(stage).values()] == [["not_met", "met"]]


@pytest.mark.parametrize(
    "route",
    [
        "#/uploads/00000000000000000000000000000000",
        "#/uploads/00000000000000000000000000000000/1",
        "#/uploads/not-an-id/x",
        "#/try/p-00000000000000000000000000000000",
        "#/uploads/%E0%A4%A",
    ],
)
def test_what_is_not_there_is_said(open_page, route):
    person = open_page(route)
    person.page.locator(".problem, .machine, .state h1").first.wait_for()


@pytest.fixture
def two_uploads(stage) -> list[str]:
    return [upload_of(stage, name) for name in ("cases.csv", "feelings.jsonl")]


def test_of_two_uploads_each_shows_its_own_records(open_page, two_uploads):
    person = open_page("#/uploads")
    links = person.page.locator(".records tbody a")
    for upload in [*two_uploads, two_uploads[0]]:
        person.go(f"#/uploads/{upload}")
        links.first.wait_for()
        shown = {link.get_attribute("href").split("/")[2] for link in links.all()}
        assert shown == {upload}
        assert person.page.get_by_role("button", name="All").get_attribute("aria-pressed") == "true"
        person.page.get_by_role("button", name=re.compile("^For review")).click()
        person.go("#/uploads")


@pytest.mark.parametrize("part", ["", "/1"], ids=["upload", "record"])
def test_an_answer_that_comes_late_is_shown_under_no_other_address(open_page, two_uploads, part):
    slow, quick = two_uploads
    person = open_page("#/uploads")
    held = []
    asked = f"**/v1/uploads/{slow}{part and '/records/1'}"
    person.page.route(asked, lambda route: held.append(route))
    person.page.evaluate("route => { location.hash = route; }", f"#/uploads/{slow}{part}")
    person.until(lambda: held)
    person.go(f"#/uploads/{quick}{part}")
    title = person.page.get_by_role("heading", level=1)
    shown = title.inner_text()
    with person.page.expect_response(asked):
        held[0].continue_()
    person.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert title.inner_text() == shown
    assert person.page.locator(f"a[href*='{slow}']").count() == 0


def test_a_key_decides_no_record_that_is_not_shown_any_more(open_page, stage, two_uploads):
    first, second = two_uploads
    person = open_page(f"#/uploads/{first}/1")
    person.wait_for_record()
    held = []
    person.page.route(f"**/v1/uploads/{second}/records/1", lambda route: held.append(route))
    person.page.evaluate("route => { location.hash = route; }", f"#/uploads/{second}/1")
    person.until(lambda: held)
    person.press("1")
    held[0].continue_()
    person.page.wait_for_selector("#main:not([aria-busy])")
    assert decided(stage) == {}


# -- who -------------------------------------------------------------------------------------------


def test_an_auditor_sees_and_does_not_decide(open_page, stage):
    upload = upload_of(stage, "cases.csv")
    person = open_page(f"#/uploads/{upload}/1", user="auditor")
    person.wait_for_record()
    assert person.page.locator(".dock").count() == 0
    assert person.page.get_by_role("link", name="Review", exact=True).count() == 0
    person.press("1")
    person.page.get_by_role("link", name="Uploads", exact=True).click()
    person.page.locator(".card").first.wait_for()
    assert person.page.locator(".drop").count() == 0
    assert decided(stage) == {}


def test_who_is_in_no_group_is_told(open_page):
    person = open_page(user="nobody")
    person.see("You may not see records yet")


def test_who_is_limited_to_a_process_sees_no_other(open_page):
    person = open_page(user="limited")
    person.wait_for_record()
    options = person.page.get_by_label("process").locator("option").all_inner_texts()
    assert options == ["All processes", "Seven emotions"]
    assert "Seven emotions" in person.page.locator(".sheet .meta").inner_text()


class TestUnqueued:
    @pytest.fixture
    def stage(self) -> Stage:
        stage = Stage(clock=Clock(None))
        stage.drop(b"note\nHe is well.\n", "inbox/L33774/x/one.csv", queue=False)
        return stage

    def test_it_says_how_many_could_be_queued(self, open_page, stage):
        person = open_page(f"#/uploads/{upload_of(stage, 'one.csv')}")
        button = person.page.get_by_role("button", name="Queue 1 record for review")
        button.click()
        button.wait_for(state="detached")


class TestNothing:
    @pytest.fixture
    def stage(self) -> Stage:
        return Stage(clock=Clock(None))

    def test_every_view_says_that_it_is_empty(self, open_page):
        person = open_page("#/review")
        person.see("Nothing left to decide")
        person.page.get_by_role("link", name="Uploads", exact=True).click()
        person.see("No uploads yet")
