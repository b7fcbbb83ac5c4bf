"""Hostile texts, columns, file names, labels and ids are text, in every view."""

from pathlib import Path

import pytest

from tests.browser.person import Person, labelled
from tests.fakes.http_api import call
from tests.fakes.stage import Stage

ATTACKS = (
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 2'>",
    "<svg onload='window.pwned = 3'><a href='javascript:window.pwned=4'>",
    "javascript:window.pwned=5",
    "\"'><iframe srcdoc='<script>top.pwned=6</script>'>",
    "{{7*7}} ${window.pwned=8} <style>*{display:none}</style>",
    "invoice\u202excod.exe \u2066hidden\u2069 \u200f שלום",
    "\U0001f600\u0301 \ud7ff \ufffd \u0000".replace("\u0000", ""),
)
EVERYTHING = " ".join(ATTACKS)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Everything that a user can name has a hostile name."""
    return labelled(
        tmp_path,
        [*ATTACKS, "plain"],
        # A record that begins with such markup is invalid: it may hide what its words deny.
        texts=[f"A note: {attack}" for attack in (*ATTACKS, EVERYTHING)],
        title=ATTACKS[1],
        description=EVERYTHING,
        key=f"inbox/many/x/{ATTACKS[1].replace('/', '')}\u202egpj.jsonl",
        **{ATTACKS[0]: ATTACKS[1], "note": ATTACKS[2]},
    )


def check(person: Person) -> None:
    page = person.page
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script, main iframe, main img, main style, main object").count() == 0
    bad = page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(one => [...one.attributes]"
        ".filter(a => /^on/i.test(a.name) || (/^(href|src|action)$/.test(a.name)"
        " && /^\\s*javascript:/i.test(a.value))).map(a => a.name))"
    )
    assert bad == []
    # Nothing turns the direction of what stands beside it.
    assert not set(page.evaluate("document.body.innerText")) & set(
        "\u061c\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('main')).display") != "none"


def test_every_view_shows_them_as_text(open_page, stage):
    (row,) = stage.uploads.rows.values()
    made = call(stage, "POST /v1/predictions", {"process": "many", "text": EVERYTHING}).json
    person = open_page("#/review")
    dialogs: list[str] = []

    def dismiss(dialog):
        dialogs.append(dialog.message)
        dialog.dismiss()

    person.page.on("dialog", dismiss)
    name = person.wait_for_record()
    seen = set()
    for index in range(len(ATTACKS)):
        check(person)
        seen.add(person.page.locator(".text").inner_text())
        person.press("n")
        person.page.keyboard.type(ATTACKS[index].replace("\n", " "))
        person.press("Escape", str(index % 8 + 1))
        name = person.wait_for_record(other_than=name)
    check(person)
    assert any("<script>window.pwned = 1</script>" in text for text in seen)
    person.saved()
    person.page.get_by_text("What is waiting").click()
    person.page.locator(".ahead tbody tr").first.wait_for()
    check(person)
    for route in (
        f"#/try/{made['id']}",
        "#/uploads",
        f"#/uploads/{row.upload_id}",
        *(f"#/uploads/{row.upload_id}/{number}" for number in range(1, len(ATTACKS) + 2)),
        "#/uploads/%3Cscript%3Ewindow.pwned=9%3C%2Fscript%3E/1",
        "#/review?process=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        "#/javascript:window.pwned=10",
    ):
        person.go(route)
        check(person)
    assert dialogs == []


def test_a_conflict_and_an_error_show_them_as_text(open_page, stage):
    person = open_page("#/review")
    person.wait_for_record()
    body = {
        "title": ATTACKS[0], "detail": EVERYTHING, "hint": ATTACKS[1], "code": ATTACKS[2],
        "status": 409, "version": 1,
        "review": {"state": "decided", "decision": ATTACKS[0], "cannot_tell": False,
                   "by": ATTACKS[1], "at": ATTACKS[2], "changed": True, "note": EVERYTHING},
    }  # fmt: skip
    person.page.route("**/v1/reviews", lambda route: route.fulfill(status=409, json=body))
    person.press("1")
    person.page.locator("dialog.conflict").wait_for()
    check(person)
    person.wait_for_keys()
    person.press("k")
    person.page.locator("dialog.conflict").wait_for(state="detached")
    person.wait_for_keys()
    body["status"] = 422
    person.page.unroute("**/v1/reviews")
    person.page.route("**/v1/reviews", lambda route: route.fulfill(status=422, json=body))
    person.press("1")
    person.page.locator("#failures .problem").wait_for()
    check(person)


def test_an_address_from_the_server_is_no_script(open_page, stage):
    """Links to files and pictures come from the API: other schemes than the web's are left out."""
    (row,) = stage.uploads.rows.values()
    person = open_page("#/try")

    def poisoned(route):
        answer = route.fetch()
        body = answer.json()
        body["files"] = [{"name": "result.json", "size": 1, "url": "javascript:window.pwned=11"}]
        route.fulfill(response=answer, json=body)

    person.page.route(f"**/v1/uploads/{row.upload_id}", poisoned)
    person.go(f"#/uploads/{row.upload_id}")
    link = person.page.locator("a.button", has_text="result.json")
    link.wait_for()
    assert link.get_attribute("href") is None
    check(person)


def test_the_policy_stops_markup_even_if_the_code_would_not(open_page):
    """Trusted Types: a string is no HTML, whoever tries."""
    person = open_page("#/uploads")
    refused = person.page.evaluate(
        """() => {
            const script = document.createElement("script");
            try { script.text = "window.pwned = 12"; document.body.append(script); }
            catch (error) { return error.name; }
            return "taken";
        }"""
    )
    assert refused == "TypeError"
    assert person.page.evaluate("window.pwned") is None
    assert any("TrustedScript" in error for error in person.errors)
    person.errors.clear()
