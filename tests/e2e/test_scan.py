"""Pictures of pages, dropped into the real local stack."""

import io

import pytest
from PIL import Image

from tests.fakes import scans
from winnow.models import Outcome
from winnow.storage.paths import RunPaths
from winnow_local.template import Checkout

from .conftest import SURE, Stack

SAMPLES = Checkout.here().root / "samples"


@pytest.mark.model
def test_a_scanned_note_is_judged_with_its_place_on_the_page(stack: Stack) -> None:
    scan = SAMPLES / "prior-auth-scan.pdf"
    row = stack.run(scan.name, scan.read_bytes(), "L33774")
    assert row.state == "SUCCEEDED"
    _, [record] = stack.result(row)
    assert record.outcome is Outcome.ACCEPTED
    assert record.ocr_confidence is not None
    assert record.ocr_confidence > 0.97
    assert record.decision is not None
    assert record.decision.kind == "criteria"
    assert record.decision.value == "met"
    evidence = [piece for found in record.decision.criteria for piece in found.evidence]
    assert evidence
    for piece in evidence:
        assert piece.places
        for place in piece.places:
            assert place.page == 1
            assert place.line is not None
            assert place.box is not None
            assert place.confidence is not None
            assert place.picture == 1
    assert record.text is not None
    assert "if the capsule shows a lesion" in record.text
    assert {place.picture for place in record.places} == {1}
    key = RunPaths("results", row.upload_id).picture("L33774", 1).key
    stored = stack.s3.get_object(Bucket=stack.target.results_bucket, Key=key)
    assert stored["ContentType"] == "image/jpeg"
    picture = Image.open(io.BytesIO(stored["Body"].read()))
    assert (picture.format, picture.size) == ("JPEG", (1275, 1650))


def test_a_page_that_cannot_be_trusted_goes_to_review(stack: Stack) -> None:
    page = scans.illegible("\n".join([SURE] * 12)).crop((0, 0, 612, 400))
    _, [record] = stack.result(stack.run("page.png", scans.packed(page)))
    assert record.outcome is Outcome.REVIEW
    assert record.code == "low_ocr_confidence"


def test_a_page_without_text_fails_and_says_so(stack: Stack) -> None:
    row = stack.run("page.png", scans.packed(scans.page("").resize((300, 400))))
    assert (row.state, row.error_code) == ("FAILED", "no_text_found")
