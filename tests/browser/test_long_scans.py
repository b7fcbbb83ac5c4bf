"""Documents of which only some pages have a picture: nothing that was judged is left out."""

from collections.abc import Iterator, Sequence
from typing import IO

import pytest
from PIL import Image

from tests.fakes import files, scans
from tests.fakes.stage import RESULTS, Clock, Stage
from winnow.models import ObjectRef
from winnow.readers.ocr import Pictures
from winnow.readers.pages.geometry import Line, Page

CANCELLED = "The colonoscopy was cancelled and never done."
PICTURE = scans.packed(Image.new("L", (60, 40), 255), "JPEG")


def ocr(file: IO[bytes], kind: Pictures, pages: Sequence[int] | None) -> Iterator[Page]:
    for number in range(1, 26):
        said = CANCELLED if number == 25 else f"Page {number} of the chart."
        box = (0.1, 0.2, 0.9, 0.4)
        yield Page(number, 60, 40, (Line(said, 6, 8, 54, 16, 0.99, box),), PICTURE)


@pytest.fixture
def stage() -> Stage:
    stage = Stage(clock=Clock(None), ocr=ocr)
    stage.drop(scans.packed(Image.new("L", (60, 40), 255)), "inbox/L33774/x/chart.png")
    content = files.pdf([files.lines([said]) for said in ("He has anemia.", "Well.", CANCELLED)])
    row = stage.drop(content, "inbox/L33774/x/chart.pdf")
    drawn = ObjectRef(bucket=RESULTS, key=f"results/L33774/{row.upload_id}/pages/1.jpg")
    stage.store.put(drawn, PICTURE, "image/jpeg")
    return stage


@pytest.mark.parametrize(("upload", "pictures", "told"), [(0, 20, "21 to 25"), (1, 1, "2 to 3")])
def test_pages_beyond_the_pictures_are_shown_as_text_behind_them(
    open_page, stage, upload, pictures, told
):
    own_id = list(stage.uploads.rows)[upload]
    person = open_page(f"#/uploads/{own_id}/1")
    person.wait_for_record()
    person.see(f"Without a picture, and shown as text: pages {told}.")
    shown = person.page.locator(".pages > .page")
    assert person.page.locator(".pages figure").count() == pictures
    assert CANCELLED in shown.last.inner_text().replace("\n", " ")
    assert shown.last.locator("mark.against").count() == 1
    person.page.get_by_role("button", name="Text", exact=True).click()
    assert CANCELLED in person.page.locator(".text").inner_text().replace("\n", " ")
