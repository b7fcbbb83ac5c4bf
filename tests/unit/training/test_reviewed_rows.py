"""What people decided becomes rows: the newest answer, with its weight, and nothing erased."""

from tests.fakes.picture_encoder import FakePictureEncoder
from tests.fakes.review_room import LABELS, UPLOAD, Room, criteria_record
from winnow.models import LabelDecision, Outcome, Picture, ResultRecord
from winnow.registry.training_rows import RowSource, TrainingRow
from winnow.reviews.models import Kind, RecordKey
from winnow.reviews.service import Given
from winnow_train.reviews import Reviews, collect


def record(number: int, text: str | None = "I was glad.", **fields: object) -> ResultRecord:
    decision = LabelDecision(value="joy", scores=())
    return criteria_record(number, decision=decision, text=text, **fields)


def room(count: int = 4, kind: Kind = Kind.REVIEW) -> Room:
    made = [record(n, f"Text {n}.", outcome=Outcome.REVIEW) for n in range(1, count + 1)]
    return Room(*made, definition=LABELS, kind=kind)


def rows_of(place: Room, *carried: TrainingRow) -> Reviews:
    return collect(place.store, place.items, LABELS, carried)


def earlier(number: int, label: str = "joy", **fields: object) -> TrainingRow:
    return TrainingRow.model_validate(
        {
            "id": f"a-{number}",
            "text": f"Text {number}.",
            "label": label,
            "source": RowSource(upload=UPLOAD, record=number),
            **fields,
        }
    )


def test_decided_records_are_rows_the_oldest_answer_first():
    place = room()
    place.decide("fear", record=2)
    place.now += 60
    place.decide("joy", record=1)
    place.decide(None, record=3)
    found = rows_of(place)
    assert [(row.text, row.label) for row in found.rows] == [
        ("Text 2.", "fear"),
        ("Text 1.", "joy"),
    ]
    assert found.rows[0].id == f"{UPLOAD[:12]}-2"
    assert found.rows[0].source == RowSource(upload=UPLOAD, record=2)
    assert (found.earlier, found.cannot_tell) == (0, 1)


def test_the_newest_answer_counts_and_the_side_stays():
    place = room()
    place.decide("joy", record=1)
    place.decide("fear", record=1, by="bob")
    found = rows_of(place, earlier(1, held_out=True, weight=50.0))
    assert [(row.label, row.held_out, row.weight) for row in found.rows] == [("fear", True, 50.0)]
    assert found.earlier == 1


def test_weight_and_columns():
    place = room(1, Kind.AUDIT)
    head = place.head()
    place.store.remove(head)
    place.store.add([head.model_copy(update={"probability": 0.02, "blind": True})])
    place.decide("joy")
    row = rows_of(place).rows[0]
    assert row.weight == 50.0
    assert row.blind
    assert row.kind is Kind.AUDIT
    assert row.fields == {}, "the process reads no column beside the text"


def test_what_was_taken_back_or_erased_is_no_row_any_more():
    place = room()
    for number in (1, 2, 3):
        place.decide("joy", record=number)
    place.reviews.undo("ann", RecordKey(UPLOAD, 1), place.head(1).version, Given(None))
    place.decide(None, record=2)
    place.reviews.erase("ann", RecordKey(UPLOAD, 3))
    found = rows_of(place, earlier(1), earlier(2), earlier(3), earlier(4))
    assert found.rows == ()
    assert (found.taken_back, found.erased) == (3, 1)


def test_rows_outlive_the_results():
    place = room()
    place.decide("joy", record=1)
    place.decide("fear", record=2)
    place.objects.delete(place.file)
    found = rows_of(
        place, earlier(1, label="fear"), earlier(9), TrainingRow(id="f", text="x", label="joy")
    )
    assert [(row.text, row.label) for row in found.rows] == [("Text 1.", "joy"), ("Text 9.", "joy")]
    assert found.results_gone == 1


def test_a_picture_has_the_features_that_the_encoder_of_today_has_made():
    picture = Picture(format="png", width=3, height=2)
    place = Room(
        record(1, None, picture=picture, features="AAAA", outcome=Outcome.REVIEW),
        definition=LABELS,
        model="2" * 64,
    )
    place.decide("joy", record=1)
    other = FakePictureEncoder.info
    own = other.model_copy(update={"sha256": "2" * 64})
    for encoder, features in ((own, "AAAA"), (other, None), (None, None)):
        (row,) = collect(place.store, place.items, LABELS, (), encoder).rows
        assert row.features == features


def test_features_of_another_file_with_the_same_vectors_count():
    published = "e3530257692df4cd7f49bdebfd56762a75650d6d55257c3c4a397d199ab12c7c"
    dense = "b223d32885aebabfa87642cf044300d8c11e7d33417ea615e89f36fad081a9e9"
    picture = Picture(format="png", width=3, height=2)
    place = Room(
        record(1, None, picture=picture, features="AAAA", outcome=Outcome.REVIEW),
        definition=LABELS,
        model=published,
    )
    place.decide("joy", record=1)
    today = FakePictureEncoder.info.model_copy(update={"sha256": dense})
    (row,) = collect(place.store, place.items, LABELS, (), today).rows
    assert row.features == "AAAA"
