"""A case in several files on the page: its parts by name, and each page's picture."""

import re

import pytest

from tests.fakes.cases import ANEMIA, joining_stage
from tests.fakes.stage import Clock


@pytest.fixture
def stage(tmp_path):
    return joining_stage(tmp_path, Clock(None))


def test_each_part_is_shown_under_its_name_with_its_evidence(open_page):
    person = open_page("#/review?process=letters")
    person.wait_for_record()
    person.see("A part could not be read")
    person.page.get_by_role("button", name="Text", exact=True).click()
    assert person.page.locator(".text > .meta").all_inner_texts() == [
        "letter.txt",
        "a.png",
        "b.png",
    ]
    text = person.page.locator(".text").inner_text()
    assert "\x1d" not in text
    assert text.index("letter.txt") < text.index(ANEMIA[:12]) < text.index("a.png")
    person.page.locator(".criteria button").first.click()
    person.see(re.compile("in letter.txt"))


def test_what_has_no_picture_is_shown_as_text_where_it_stands(open_page):
    person = open_page("#/review?process=letters")
    person.wait_for_record()
    person.see("Without a picture, and shown as text: letter.txt.")
    pages = person.page.locator(".pages > .page")
    assert pages.first.inner_text().startswith("letter.txt, as text")
    assert ANEMIA in pages.first.inner_text()
    assert pages.count() == 3
    person.page.locator(".criteria button").nth(1).click()
    assert pages.first.locator("mark.faded").count() == 1


def test_pages_of_several_files_have_their_own_boxes(open_page):
    person = open_page("#/review?process=letters")
    person.wait_for_record()
    person.page.get_by_role("button", name="Pages", exact=True).click()
    captions = person.page.locator("figcaption").all_inner_texts()
    assert [caption.partition(",")[0] for caption in captions] == ["a.png", "b.png"]
    boxes = person.page.locator("figure.page").evaluate_all(
        "all => all.map(one => one.querySelectorAll('rect').length)"
    )
    assert len(boxes) == 2
    assert all(boxes)
