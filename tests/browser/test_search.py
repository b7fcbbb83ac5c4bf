"""Search and charts: hits are marked, a bar leads to its records, no address has a text."""

import re
from dataclasses import replace

import pytest

from tests.browser.searching import asking, find, total
from tests.browser.test_access import violations
from tests.fakes.http_api import call
from tests.fakes.searching import ResultSearcher
from winnow.search.shapes import ChartId, SearchAnswer
from winnow_api.api import Api

PHRASE = '"iron deficiency"'


def expected(stage, **given) -> int:
    return int(call(stage, "POST /v1/search", {**given, "limit": 0}).json["total"])


def test_a_phrase_is_found_and_marked_and_leads_to_its_record(open_page, stage):
    person = open_page("#/search")
    assert total(person.page) == expected(stage)
    assert find(person.page, PHRASE) == expected(stage, query=PHRASE) > 0
    marks = person.page.locator("mark.hit").all_inner_texts()
    assert {text.lower() for text in marks} == {"iron deficiency"}
    person.page.locator(".found .title").first.click()
    person.page.locator("#record-name").wait_for()
    assert re.search(r"#/uploads/[0-9a-f]{32}/\d+$", person.page.url)


def test_a_row_of_the_table_leads_to_as_many_records_as_it_says(open_page):
    person = open_page("#/search?chart=reasons")
    total(person.page)
    person.page.get_by_text("The numbers as a table").click()
    link = person.page.locator(".drawn tbody a").first
    said = int(re.sub(r"\D", "", link.inner_text()))
    with asking(person.page):
        link.click()
    assert total(person.page) == said
    assert "reason=" in person.page.url
    assert "chart=reasons" in person.page.url
    # A bar of the picture does the same.
    with asking(person.page):
        person.page.go_back()
    assert total(person.page) > said
    with asking(person.page):
        person.page.locator(".chart .behind").first.click()
    assert total(person.page) == said


def test_what_was_typed_is_in_no_address_and_gone_with_the_view(open_page):
    person = open_page("#/search")
    total(person.page)
    find(person.page, "anemia quixotic")
    person.see("No record has all of this.")
    with asking(person.page):
        person.page.get_by_label("Outcome", exact=True).select_option("review")
    assert "outcome=review" in person.page.url
    person.page.get_by_role("link", name="Uploads", exact=True).click()
    person.page.locator(".card").first.wait_for()
    person.page.get_by_role("link", name="Search", exact=True).click()
    total(person.page)
    assert person.page.get_by_label("Words to find").input_value() == ""
    for address in [*person.requests, person.page.url]:
        assert "quixotic" not in address
        assert "anemia" not in address.lower()


def test_conditions_are_shown_and_can_be_removed(open_page, stage):
    person = open_page("#/search?confidence=&from=0.5&reviewed=no")
    narrowed = total(person.page)
    assert narrowed == expected(stage, filters={"confidence_from": 0.5, "reviewed": False})
    with asking(person.page):
        person.page.get_by_role("button", name="Remove from 0.5").click()
    assert total(person.page) == expected(stage, filters={"reviewed": False})
    assert "from=" not in person.page.url


def test_what_is_wrong_is_said(open_page):
    person = open_page("#/search")
    total(person.page)
    person.page.get_by_label("Words to find").fill("?!")
    person.press("Enter")
    person.see("The query has no letter and no digit.")
    # An address that somebody has changed by hand.
    person.page.goto(f"{person.served.url}#/search?since=yesterday")
    person.see(re.compile("Wrong in the body"))


def test_who_sees_one_process_finds_only_its_records(open_page, stage):
    person = open_page("#/search", user="limited")
    reply = call(stage, "POST /v1/search", {"limit": 0}, user="limited")
    assert total(person.page) == reply.json["total"] < expected(stage)
    assert "L33774" not in person.page.locator(".found").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("chart", ChartId)
def test_axe_finds_nothing(open_page, chart, scheme):
    person = open_page(f"#/search?chart={chart}", color_scheme=scheme)
    total(person.page)
    find(person.page, "iron")
    table = person.page.get_by_text("The numbers as a table")
    if table.count():
        table.click()
    assert violations(person) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_screen(open_page, width):
    person = open_page("#/search?chart=outcomes", viewport={"width": width, "height": 800})
    total(person.page)
    find(person.page, PHRASE)
    wide = person.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


def test_records_like_one_are_found_by_its_number_alone(open_page, stage):
    person = open_page("#/search?outcome=accepted")
    total(person.page)
    first = person.page.locator(".found .card").first
    upload, record = re.search(
        r"#/uploads/([0-9a-f]{32})/(\d+)$", first.locator(".title").get_attribute("href")
    ).groups()
    with asking(person.page):
        first.get_by_role("button", name="Records like this one").click()
    (like,) = re.findall(r"like=([^&]+)", person.page.url)
    process, *rest = like.replace("%2F", "/").split("/")
    assert rest == [upload, record]
    ref = {"process": process, "upload": upload, "record": int(record)}
    assert total(person.page) == expected(stage, like_record=ref) > 0
    alike = person.page.locator(".found .meta").all_inner_texts()
    shown = [float(found[1]) for text in alike if (found := re.search(r"likeness ([-\d.]+)", text))]
    assert len(shown) > 1
    assert shown == sorted(shown, reverse=True)
    assert violations(person) == []
    # A condition of the address is removed like any other.
    with asking(person.page):
        person.page.get_by_role("button", name=re.compile("^Remove like")).click()
    assert total(person.page) == expected(stage)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_everything_that_is_found_can_be_taken_along(open_page, stage, form):
    person = open_page("#/search?outcome=review")
    total(person.page)
    found = find(person.page, "iron")
    person.page.get_by_label("Format").select_option(form)
    with person.page.expect_response("**/v1/search/export") as answer:
        person.page.get_by_role("button", name="Export all").click()
    assert answer.value.json()["records"] == found
    link = person.page.get_by_role("link", name=f"Download winnow-search.{form}")
    person.see(f"{found} records")
    if form == "csv":
        assert violations(person) == []
    with person.page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == f"winnow-search.{form}"
    content = download.value.path().read_bytes()
    if form == "jsonl":
        assert content.count(b"\n") == found
    # What is searched for next is another file.
    find(person.page, "anemia")
    assert link.count() == 0
    assert all("iron" not in address for address in person.requests)


class Lacking(ResultSearcher):
    """Says that the index is not through, or that results are damaged."""

    def __init__(self, searcher: ResultSearcher, **lacks: object) -> None:
        self.__dict__.update(searcher.__dict__)
        self.lacks = lacks

    def search(self, *given: object) -> SearchAnswer:
        return super().search(*given).model_copy(update=self.lacks)  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_the_answers_lack_is_said(open_page, stage, scheme):
    lacking = Lacking(stage.services.searcher(), indexing=True, damaged=2)
    stage.services = replace(stage.services, searcher=lambda: lacking)
    stage.api = Api(stage.services, stage.logs.append)
    person = open_page("#/search", color_scheme=scheme)
    total(person.page)
    person.see(re.compile("Results are being indexed"))
    person.see(re.compile("The results of 2 uploads cannot be read"))
    assert person.page.locator(".found [role=status]").filter(has_text="indexed").count() == 1
    assert violations(person) == []
