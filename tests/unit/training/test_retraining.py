"""From a champion and reviews to a challenger: what is trained on, what is held out, what comes."""

import json
import random
import re

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS, WORDS
from tests.fakes.retraining import (
    CREATED,
    LABELS,
    LATER,
    champion,
    file_rows,
    review,
    reviewed,
    reviews_of,
    text_of,
)
from winnow.errors import ReviewsTooFewError, TrainingDataError
from winnow.registry.files import version_sha256
from winnow.registry.training_rows import TrainingRow
from winnow.reviews.models import Kind
from winnow_train.comparison import Outcome
from winnow_train.data import keys_of
from winnow_train.near_copies import text_key
from winnow_train.retrain import Retrained, retrain
from winnow_train.stored import read_training
from winnow_train.training_set import (
    Champion,
    Options,
    labelled_data,
    manifest,
    prepare,
    row_files,
    seen_rows,
)


@pytest.fixture(scope="module")
def trained() -> Retrained:
    rows = reviewed(noise=0.06)
    return retrain(champion(), reviews_of(rows), FakeEncoder(), created=LATER)


def next_champion(before: Champion, made: Retrained) -> Champion:
    return Champion(
        sha256=made.report.challenger,
        text=made.challenger.text,
        definition=made.challenger.definition,
        head=made.challenger.head,
        training=made.challenger.fitted.training,
        rows=made.prepared.rows,
        files=before.files,
    )


def test_a_champion_that_new_words_confuse_is_beaten(trained: Retrained):
    report = trained.report
    assert report.outcome is Outcome.BETTER
    assert report.metrics.better
    assert report.metrics.against == report.champion == champion().sha256
    assert report.metrics.accuracy == trained.contest.challenger.accuracy > 0.9
    assert report.champion_metrics.accuracy == trained.contest.champion.accuracy < 0.5
    assert report.metrics.rows == report.counts.held_out
    head = trained.challenger.head
    definition = trained.challenger.definition
    assert report.challenger == version_sha256(definition.info.sha256, head.sha256)
    assert head.card().data.file == "bank.csv, reviews"


def test_a_challenger_that_learned_nothing_new_is_not_better():
    rows = reviewed(words=WORDS, count=60)
    made = retrain(champion(), reviews_of(rows), FakeEncoder(), created=LATER)
    assert made.report.outcome is not Outcome.BETTER
    assert made.report.metrics.better is False


def test_a_challenger_of_wrong_labels_is_worse():
    # Whoever decided these gave every record its neighbour's label; held-out ones are right.
    turned = {"card": "loan", "loan": "app", "app": "card"}
    rows = reviewed(words=WORDS, count=300)
    sorted_rows = prepare(champion(), reviews_of(rows)).rows
    held = {row.id for row in sorted_rows if row.held_out}
    wrong = tuple(
        row if row.id in held else row.model_copy(update={"label": turned[row.label]})
        for row in rows
    )
    made = retrain(champion(), reviews_of(wrong), FakeEncoder(), created=LATER)
    assert made.report.outcome is Outcome.WORSE
    assert made.report.sentence.startswith("Worse.")


# -- sides ----------------------------------------------------------------------------------------


def test_nobody_was_trained_on_what_is_held_out(trained: Retrained):
    prepared = trained.prepared
    held = [prepared.rows[i] for i in prepared.held_out]
    assert len(held) == trained.report.counts.held_out > 10
    groups = set(prepared.groups[prepared.held_out].tolist())
    assert not groups & set(prepared.groups[prepared.trained].tolist())
    assert all(row.source is not None for row in held)


def test_the_sides_stay_over_generations(trained: Retrained):
    second = next_champion(champion(), trained)
    carried = tuple(row for row in second.rows or () if row.source is not None)
    new = reviewed(count=90, seed=5, upload="v", words=WORDS)
    again = prepare(second, reviews_of((*carried, *new), earlier=len(carried)))
    before = {row.id: row.held_out for row in second.rows or ()}
    after = {row.id: row.held_out for row in again.rows}
    assert {key: after[key] for key in before if key in after} == before
    # The next training holds out what it would have held out alone.
    alone = prepare(champion(), reviews_of(new))
    assert {row.id: row.held_out for row in alone.rows if row.source} == {
        key: after[key] for key in after if key.startswith("v-")
    }
    assert again.counts.new_reviews == 90
    assert again.counts.seen_by_champion == 0


def test_copies_of_what_the_champion_knows_are_not_held_out():
    copies = tuple(
        review(number, f"{row.text.upper()}!", row.label, "w")
        for number, row in enumerate(file_rows(), 1)
    )
    prepared = prepare(champion(), reviews_of((*copies, *reviewed())))
    assert not any(row.held_out for row in prepared.rows if row.id.startswith("w-"))
    assert prepared.counts.held_out > 10


def test_what_a_champion_was_trained_on_elsewhere_is_not_held_out(trained: Retrained):
    # A head that somebody trained on an export of all reviews, and published.
    held = [row for row in trained.prepared.rows if row.held_out]
    fresh = tuple(row.model_copy(update={"held_out": False}) for row in trained.prepared.rows)
    everything = retrain(
        champion(),
        reviews_of(
            tuple(
                row.model_copy(update={"kind": Kind.CORRECTION, "held_out": False})
                for row in fresh
                if row.source and row.id in {one.id for one in held}
            )
            + reviewed(seed=9, upload="z")
        ),
        FakeEncoder(),
        created=LATER,
    )
    foreign = Champion(
        "d" * 64,
        PROCESS,
        champion().definition,
        everything.challenger.head,
        everything.challenger.fitted.training,
        rows=None,
    )
    own = tuple(row for row in fresh if row.source)
    with pytest.raises(ReviewsTooFewError, match="the champion was trained on"):
        prepare(foreign, reviews_of(own))
    prepared = prepare(foreign, reviews_of((*own, *reviewed(seed=11, upload="n"))))
    assert foreign.training is not None
    assert read_training(foreign.training).known
    assert not {one.id for one in held} & {row.id for row in prepared.rows if row.held_out}
    assert prepared.counts.champion_rows_missing
    carried = reviews_of(tuple(held) + reviewed(seed=9, upload="z"), earlier=len(held))
    assert prepare(foreign, carried).counts.seen_by_champion == len(held)
    near = [row.model_copy(update={"text": f"{row.text} ab"}) for row in held]
    found = labelled_data(foreign.definition, near, "near").rows
    assert all(
        seen_rows(foreign.definition, near, keys_of(found, ()), read_training(foreign.training))
    )


def test_corrections_and_predictions_are_trained_on_and_not_held_out():
    rows = tuple(
        row.model_copy(update={"kind": kind, "code": None})
        for row, kind in zip(
            reviewed(40, upload="k"), [Kind.CORRECTION, Kind.PREDICTION] * 20, strict=True
        )
    )
    prepared = prepare(champion(), reviews_of((*reviewed(seed=3), *rows)))
    mine = [row for row in prepared.rows if row.id.startswith("k-")]
    assert len(mine) == 40
    assert not any(row.held_out for row in mine)


# -- weights --------------------------------------------------------------------------------------


def test_no_row_weighs_more_than_the_cap():
    rows = tuple(row.model_copy(update={"weight": row.weight * 500}) for row in reviewed())
    made = retrain(champion(), reviews_of(rows), FakeEncoder(), created=LATER)
    other = tuple(row.model_copy(update={"weight": row.weight * 900}) for row in reviewed())
    same = retrain(champion(), reviews_of(other), FakeEncoder(), created=LATER)
    assert made.challenger.fitted.arrays == same.challenger.fitted.arrays
    assert made.prepared.rows[-1].weight == 5_000.0, "kept as it is"
    options = Options(max_weight=1.0)
    plain = retrain(champion(), reviews_of(rows), FakeEncoder(), created=LATER, options=options)
    assert plain.challenger.fitted.arrays != made.challenger.fitted.arrays


# -- the guarantee --------------------------------------------------------------------------------


def promised(precision: float) -> Champion:
    from winnow.heads.card import HeadFiles, ThresholdGuarantee

    before = champion()
    assert before.card is not None
    assert before.head is not None
    card = before.card.model_copy(
        update={
            "promise": ThresholdGuarantee(
                precision=precision, confidence=0.95, threshold=0.7, coverage=0.5, rows=100,
                accepted=50, right=50, file="f", data_sha256="", held_out=False, created=CREATED,
            )
        }
    )  # fmt: skip
    head = HeadFiles.of(card.model_dump_json().encode(), before.head.read()[1])
    return Champion("e" * 64, before.text, before.definition, head, before.training, before.rows)


def test_a_guarantee_is_kept_with_a_threshold_of_its_own():
    made = retrain(promised(0.9), reviews_of(reviewed(300)), FakeEncoder(), created=LATER)
    card = made.challenger.head.card()
    assert card.promise is not None
    assert made.report.guarantee == card.promise.precision == 0.9
    assert made.challenger.definition.threshold == card.promise.threshold == made.report.threshold
    assert "# A comment that tuning must keep." in made.challenger.text
    assert made.challenger.definition.version == "1.2.4"


def audits(
    count: int, wrong: float, *, copies: int = 1, upload: str = "u", **more: object
) -> tuple[TrainingRow, ...]:
    """Audited records of what the champion knows well; some have another label than they say."""
    draw = random.Random(f"{count}")
    rows = []
    for number in range(count):
        label = LABELS[number % 3]
        text = text_of(label, draw, WORDS)
        said = draw.choice(LABELS) if draw.random() < wrong else label
        for copy in range(copies):
            given = {"kind": Kind.AUDIT, "code": None, "weight": 20.0} | more
            place = number * copies + copy + 1
            rows.append(review(place, text + "." * copy, said, upload, **given))
    return tuple(rows)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        (audits(300, 0.0), True),
        (audits(300, 0.0, kind=Kind.REVIEW, code="low_confidence", weight=1.0), False),
        (audits(300, 0.3), False),
        (audits(60, 0.0), False),
        (audits(30, 0.0, copies=10), False),
        ((*audits(30, 0.0), *audits(300, 0.0, upload="v", kind=Kind.CORRECTION)), False),
        ((*audits(30, 0.0), *audits(300, 0.0, upload="v", kind=Kind.PREDICTION)), False),
    ],
    ids=["audits", "reviews", "wrong", "few", "copies", "corrections", "typed"],
)
def test_a_guarantee_rests_on_what_was_drawn_from_live_records(rows, kept):
    """The 120 rows of the champion's file, which are easy, are no evidence."""
    made = retrain(promised(0.95), reviews_of(rows), FakeEncoder(), created=LATER)
    card = made.challenger.head.card()
    assert (card.promise is not None) is kept
    assert (made.report.guarantee == 0.95) is kept
    if kept:
        drawn = [row for row in made.prepared.rows if row.source and not row.held_out]
        assert card.promise.rows == len(drawn)
        assert made.challenger.definition.threshold in card.promise.shown
    else:
        assert made.challenger.definition == champion().definition
        assert any("reviewed records" in note for note in made.report.notes)


def test_a_guarantee_that_cannot_be_kept_is_lost_and_told():
    made = retrain(
        promised(0.999), reviews_of(reviewed(300, noise=0.1)), FakeEncoder(), created=LATER
    )
    assert made.report.guarantee is None
    assert made.challenger.definition == champion().definition
    assert any("99.9%" in note or "100%" in note for note in made.report.notes)


# -- what is published ----------------------------------------------------------------------------


def test_nothing_that_is_published_beside_the_rows_has_a_text(trained: Retrained):
    words = {word for row in trained.prepared.rows for word in re.findall(r"no\d+", row.text)}
    files = (
        trained.page.decode(),
        trained.evaluation.decode(),
        trained.report.model_dump_json(),
        trained.challenger.head.read()[0].decode(),
    )
    for file in files:
        assert not {word for word in words if re.search(rf"\b{word}\b", file)}


def test_the_evaluation_has_the_comparison(trained: Retrained):
    document = json.loads(trained.evaluation)
    assert document["report"]["sentence"] == trained.report.sentence
    assert document["comparison"]["outcome"] == "better"
    slices = document["comparison"]["slices"]
    assert {part["name"] for part in slices["why it was decided"]} == {"audit", "review"}
    assert sum(part["rows"] for part in slices["label"]) == trained.report.counts.held_out
    assert document["challenger"]["accuracy"] > document["champion"]["accuracy"]
    page = trained.page.decode()
    assert trained.report.sentence in page
    assert trained.report.challenger[:12] in page


def test_wrong_labels_are_ranked(trained: Retrained):
    true = {row.id: row.label for row in reviewed()}
    wrong = {row.id for row in trained.prepared.rows if row.source and row.label != true[row.id]}
    assert wrong
    listed = [row.id for row in trained.doubtful]
    assert set(listed[:3]) <= wrong
    assert json.loads(trained.evaluation)["doubtful_labels"][0]["id"] == listed[0]


def test_rows_are_kept_in_two_files(trained: Retrained):
    files, reviews = row_files(champion(), trained.prepared)
    assert (files.kind, files.rows, files.name) == ("file", 120, "bank.csv")
    assert (reviews.kind, reviews.rows) == ("reviews", trained.report.counts.reviews)
    data = manifest(champion(), trained.prepared, (), Options())
    assert data.rows == trained.report.counts.trained == sum(data.rows_of.values())
    # Rows of files are the same object in every generation.
    second = next_champion(champion(), trained)
    assert row_files(second, trained.prepared)[0].sha256 == files.sha256


# -- what cannot be trained -----------------------------------------------------------------------


def test_too_few_reviews():
    with pytest.raises(ReviewsTooFewError, match=r"bank has 20 reviews.*takes 50") as caught:
        prepare(champion(), reviews_of(reviewed(20), cannot_tell=3, erased=7))
    assert "3 could not be decided" in caught.value.message
    assert "7 were erased" in caught.value.message
    assert caught.value.code == "reviews_too_few"


def test_everything_was_erased():
    with pytest.raises(ReviewsTooFewError, match=r"0 reviews .*150 were erased"):
        prepare(champion(), reviews_of((), erased=150))


def test_a_label_that_is_gone_is_left_out_and_told():
    rows = (*reviewed(), *(review(n, f"old {n}", "cheque", "g") for n in range(1, 8)))
    made = retrain(champion(), reviews_of(rows), FakeEncoder(), created=LATER)
    assert (made.report.counts.label_gone, made.report.counts.labels_gone) == (7, ("cheque",))
    assert any("cheque" in note for note in made.report.notes)


def test_one_label_alone():
    rows = tuple(row.model_copy(update={"label": "card"}) for row in reviewed())
    bare = Champion("e" * 64, PROCESS, champion().definition, None, None, None)
    with pytest.raises(TrainingDataError, match="label card: there is nothing to tell apart"):
        retrain(bare, reviews_of(rows), FakeEncoder(), created=LATER)


def test_a_label_without_rows():
    rows = tuple(row for row in reviewed() if row.label != "app")
    bare = Champion("e" * 64, PROCESS, champion().definition, None, None, None)
    with pytest.raises(TrainingDataError, match=r"1 labels of bank .* app \(0\)"):
        retrain(bare, reviews_of(rows), FakeEncoder(), created=LATER)


def test_reviews_alone_where_the_champion_s_rows_were_not_kept():
    before = champion()
    bare = Champion("e" * 64, PROCESS, before.definition, before.head, before.training, None)
    made = retrain(bare, reviews_of(reviewed()), FakeEncoder(), created=LATER)
    assert made.report.counts.from_files == 0
    assert any("reviews alone" in note for note in made.report.notes)
    assert made.challenger.head.card().data.file == "reviews"


def test_rows_without_text_are_left_out():
    blank = tuple(review(n, "  ", "card", "b") for n in range(1, 4))
    assert prepare(champion(), reviews_of((*reviewed(), *blank))).counts.unusable == 3


def test_a_row_like_both_sides_is_left_out():
    held = TrainingRow.model_validate(
        {**review(1, "word " * 3 + " ".join(map(str, range(100, 160))), "card").model_dump(),
         "held_out": True}
    )  # fmt: skip
    copy = review(2, held.text, "card").model_copy(update={"held_out": False})
    between = review(3, held.text.upper(), "card")
    rows = (held, copy, *reviewed(upload="y"), between)
    prepared = prepare(champion(), reviews_of(rows, earlier=2))
    assert prepared.counts.between == 1
    assert text_key(held.text) == text_key(between.text)
