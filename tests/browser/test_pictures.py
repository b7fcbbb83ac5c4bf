"""Pictures as records: in the queue, tried at once, and in searches."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.person import Person, decided
from tests.browser.searching import asking, total
from tests.browser.test_access import violations
from tests.fakes.drawn_pictures import archive, packed, wheels
from tests.fakes.http_api import Served, call, serve
from tests.fakes.stage import RESULTS, ROOT, Clock, Stage

PROCESS = """
id: wheels
version: 1.0.0
kind: labels
title: Bicycle or motorcycle
input: {modality: image}
threshold: 0.999
labels:
  - {id: bicycle, classes: [mountain bike, tandem bicycle]}
  - {id: motorcycle, classes: [moped, motor scooter]}
"""
SIZE = (640, 480)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two pictures and a broken one, and a text, are for review."""
    shutil.copy(ROOT / "processes" / "emotions.yaml", tmp_path)
    (tmp_path / "wheels.yaml").write_text(PROCESS)
    stage = Stage(processes=tmp_path, clock=Clock(None))
    pictures = {f"{count}.png": packed(wheels(count, SIZE), "PNG") for count in (1, 2)}
    stage.drop(archive({**pictures, "cut.png": pictures["1.png"][:300]}), "inbox/wheels/x/two.zip")
    return stage


@pytest.fixture
def served(stage: Stage) -> Iterator[Served]:
    with serve(stage) as page:
        yield page


def seen(person: Person, selector: str) -> list[dict[str, Any]]:
    """The pictures that are shown, once all are there: source, text, pixels."""
    person.page.wait_for_function(
        "chosen => { const all = [...document.querySelectorAll(chosen)];"
        " return all.length && all.every((one) => one.complete && one.naturalWidth); }",
        arg=selector,
    )
    found: list[dict[str, Any]] = person.page.eval_on_selector_all(
        selector,
        "all => all.map((one) => ({src: one.src, alt: one.alt, width: one.naturalWidth}))",
    )
    return found


def only_thumbnails(person: Person) -> bool:
    """Whether the page has asked S3 for nothing but what people see of pictures."""
    keys = [url.partition("/_s3/")[2] for url in person.requests if "/_s3/" in url]
    return all(re.match(rf"{RESULTS}/results/[\w/-]+/pages/\d+\.jpg\?", key) for key in keys)


def test_a_picture_is_seen_and_decided_with_a_key(open_page, stage):
    person = open_page("#/review?process=wheels")
    first = person.wait_for_record()
    [image] = seen(person, ".sheet img")
    assert (image["alt"], image["width"]) == ("The picture that was judged", 320)
    assert violations(person) == []
    person.decide("1")
    person.wait_for_record(other_than=first)
    seen(person, ".sheet img")
    person.saved()
    assert len(decided(stage)) == 1
    assert only_thumbnails(person)


def test_a_picture_is_tried_and_only_its_result_is_kept(open_page, stage):
    person = open_page("#/try")
    person.page.get_by_label("Process").select_option("wheels")
    assert not person.page.locator("#try-text").is_visible()
    person.page.get_by_role("button", name="Submit").click()
    person.see("There is no picture.")
    assert violations(person) == []
    content = packed(wheels(), "PNG")
    chosen = {"name": "bike.png", "mimeType": "image/png", "buffer": content}
    person.page.get_by_label("Picture", exact=True).set_input_files(chosen)
    person.page.get_by_role("button", name="Submit").click()
    assert person.wait_for_record() == "Picture"
    [image] = seen(person, ".sheet img")
    assert image["src"].startswith("blob:")
    assert violations(person) == []
    decision = person.page.locator(".verdict").inner_text()
    person.page.get_by_role("button", name=f"Approve {decision}").click()
    person.see("by ada@example.org")
    [item] = call(stage, "GET /v1/predictions", process="wheels").json["items"]
    assert item["picture"]["width"] == 320
    person.page.reload()
    person.wait_for_record()
    person.see("The picture is not kept")


def test_a_picture_that_cannot_be_judged_says_what_a_dropped_one_does(open_page):
    person = open_page("#/try")
    person.page.get_by_label("Process").select_option("wheels")
    chosen = {"name": "note.png", "mimeType": "image/png", "buffer": b"A note."}
    person.page.get_by_label("Picture", exact=True).set_input_files(chosen)
    person.page.get_by_role("button", name="Submit").click()
    person.see("It is no picture in PNG, JPEG, TIFF, WebP or GIF")


def test_a_search_shows_thumbnails_and_never_the_original(open_page, stage):
    person = open_page("#/search")
    total(person.page)
    images = seen(person, "img.thumbnail")
    assert [image["width"] for image in images] == [320, 320]
    assert all(re.fullmatch(r"Picture of Record [12] of \w+", image["alt"]) for image in images)
    assert violations(person) == []
    assert only_thumbnails(person)


def test_pictures_like_one_are_found_and_no_texts(open_page, stage):
    stage.drop(b'{"id": "1", "text": "I was happy."}', "inbox/emotions/x/text.jsonl")
    person = open_page("#/search")
    image = person.page.locator(".card", has=person.page.locator("img.thumbnail")).first
    with asking(person.page):
        image.get_by_role("button", name="Records like this one").click()
    person.see(re.compile(r"likeness [01]\.\d\d"))
    assert len(seen(person, "img.thumbnail")) == 1
    assert person.page.locator(".found li.card").count() == 1
