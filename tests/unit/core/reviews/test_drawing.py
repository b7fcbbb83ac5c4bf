"""Which pages of a digital PDF are drawn: those of queued records, the least sure first."""

import pytest

from tests.fakes.review_room import criteria_record
from tests.fakes.store import MemoryStore
from winnow.errors import ObjectGoneError
from winnow.models import (
    Counts,
    ObjectRef,
    Outcome,
    ProcessInfo,
    Result,
    ResultRecord,
    SourceLocation,
    Timings,
    Upload,
)
from winnow.reviews import drawing
from winnow.reviews.drawing import pages_to_draw
from winnow.reviews.items import MAX_PICTURES
from winnow.reviews.queueing import Shares
from winnow.storage.jsonl import dump_line

UPLOAD = Upload(
    upload_id="a" * 32,
    object=ObjectRef(bucket="uploads", key="inbox/capsule/x.pdf", version_id="v7"),
    size=9,
)
BOX = (0.1, 0.1, 0.9, 0.2)


def record(
    number: int, confidence: float, *pages: int, picture: int | None = None, **more
) -> ResultRecord:
    places = (SourceLocation(page=page, line=1, box=BOX, picture=picture) for page in pages)
    made = criteria_record(number, places=tuple(places), **more)
    return made.model_copy(update={"confidence": confidence})


class Finished:
    """The results of a run."""

    def __init__(self, *review: ResultRecord, accepted: tuple[ResultRecord, ...] = ()) -> None:
        self.store = MemoryStore()
        files = {}
        for outcome, records in ((Outcome.REVIEW, review), (Outcome.ACCEPTED, accepted)):
            if records:
                lines = b"".join(map(dump_line, records))
                files[outcome] = self.store.add("results", f"{outcome}.jsonl", lines)
        result = Result(
            upload=UPLOAD,
            process=ProcessInfo(id="capsule", version="1.0.0", kind="criteria", sha256="0" * 64),
            threshold=0.7,
            threshold_from="process",
            counts=Counts(
                records=len(review) + len(accepted), review=len(review), accepted=len(accepted)
            ),
            decisions={},
            timings=Timings(),
            files=files,
        )
        self.ref = self.store.add("results", "result.json", result.model_dump_json().encode())

    def pages(self, audit: float = 0.0) -> tuple[int, ...]:
        asked = pages_to_draw(self.ref, self.store, Shares(audit=audit))
        if asked is None:
            return ()
        assert (asked.upload, asked.process) == (UPLOAD, "capsule"), "the version that was judged"
        return asked.draw


def test_the_pages_of_the_least_sure_record_come_first_and_each_once() -> None:
    run = Finished(record(1, 0.6, 1, 2), record(2, 0.2, 4, 3), record(3, 0.4, 2))
    assert run.pages() == (3, 4, 2, 1)


def test_an_accepted_record_is_drawn_if_it_is_queued_and_after_the_others() -> None:
    accepted = (record(1, 0.9, 1), record(2, 0.8, 2))
    run = Finished(record(3, 0.6, 3), accepted=accepted)
    assert run.pages(audit=0.0) == (3,)
    assert run.pages(audit=1.0) == (3, 2, 1)


def test_a_page_that_ocr_read_has_its_picture_and_is_not_drawn() -> None:
    assert Finished(record(1, 0.5, 1, picture=1), record(2, 0.4, 2)).pages() == (2,)
    assert Finished(record(1, 0.5, 1, picture=1)).pages() == ()


@pytest.mark.parametrize(
    "other",
    [
        record(1, 0.5),
        record(1, 0.5, 1, part="letter.pdf"),
        criteria_record(1, places=(SourceLocation(line=3),)),
    ],
    ids=["row of a table", "PDF in an archive", "text"],
)
def test_only_one_plain_file_of_pages_is_drawn(other: ResultRecord) -> None:
    assert Finished(other).pages() == ()
    assert Finished(other, record(2, 0.4, 2)).pages() == ()


def test_pages_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(range(1, MAX_PICTURES + 11))
    assert Finished(record(1, 0.5, *many)).pages() == many[:MAX_PICTURES]
    monkeypatch.setattr(drawing, "MAX_PAGES", 2)
    assert Finished(record(1, 0.6, 1, 2), record(2, 0.2, 5)).pages() == (5, 1)


def test_an_erased_record_is_not_drawn() -> None:
    erased = record(1, 0.1, 1).model_copy(update={"decision": None, "places": ()})
    assert Finished(erased, record(2, 0.4, 2)).pages() == (2,)


def test_results_that_have_expired() -> None:
    run = Finished(record(1, 0.5, 1))
    run.store.delete(run.ref)
    with pytest.raises(ObjectGoneError):
        run.pages()
