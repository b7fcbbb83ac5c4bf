"""A version trained again from its manifest is the same; if not, it is said by how much."""

import hashlib
import io
from dataclasses import replace

import numpy as np
import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.retraining import CREATED, LATER, champion, file_rows, reviewed, reviews_of
from winnow.errors import NotReproducibleError
from winnow.heads.card import HeadFiles
from winnow.models import ModelInfo
from winnow.registry.models import DataManifest
from winnow_train.fit import Fitted
from winnow_train.reproduce import compared, reproduce, reproduce_from_file
from winnow_train.retrain import Retrained, retrain
from winnow_train.train import train
from winnow_train.training_set import Champion, Options, labelled_data, manifest


@pytest.fixture(scope="module")
def made() -> Retrained:
    options = Options(seed=7, max_weight=5)
    return retrain(
        champion(), reviews_of(reviewed()), FakeEncoder(), created=LATER, options=options
    )


def data_of(made: Retrained) -> DataManifest:
    return manifest(champion(), made.prepared, (), Options(seed=7, max_weight=5))


def again(made: Retrained, rows=None, data=None, encoder=None, workers=1):
    return reproduce(
        made.challenger.definition,
        made.challenger.head,
        made.challenger.fitted.training,
        data or data_of(made),
        made.prepared.rows if rows is None else rows,
        encoder or FakeEncoder(),
        workers=workers,
    )


def test_trained_again_it_is_the_same(made: Retrained):
    found = again(made)
    assert found.same
    assert (found.arrays, found.decisions, found.confidence) == ({}, 0, 0.0)
    assert found.sentence.endswith("is the same, bit for bit.")


def test_folds_in_several_processes_give_the_same(made: Retrained, monkeypatch):
    monkeypatch.setattr("winnow_train.fit.MANY", 10)
    found = again(made, workers=2)
    assert found.same
    assert found.decisions == 0
    # With one value of C the fit of all rows is one of the tasks.
    fixed = retrain(champion(), reviews_of(reviewed()), FakeEncoder(), created=LATER, workers=2)
    alone = retrain(champion(), reviews_of(reviewed()), FakeEncoder(), created=LATER, workers=1)
    monkeypatch.setattr("winnow_train.training_set.MANY", 10)
    kept = retrain(champion(), reviews_of(reviewed()), FakeEncoder(), created=LATER, workers=2)
    assert fixed.challenger.fitted.arrays == alone.challenger.fitted.arrays
    card = champion().card
    assert card is not None
    assert list(kept.challenger.head.card().metrics.accuracy_by_c) == [f"{card.regularisation:g}"]


def test_another_seed_gives_another_head_and_the_difference_is_told(made: Retrained):
    found = again(made, data=data_of(made).model_copy(update={"seed": 8}))
    assert not found.same
    assert found.arrays
    assert 0 < max(found.arrays.values()) < 5
    assert "differs by" in found.sentence


def test_erased_rows_cannot_be_trained_on_again(made: Retrained):
    with pytest.raises(NotReproducibleError, match="are left"):
        again(made, rows=made.prepared.rows[1:])


def test_another_encoder_cannot_give_the_same(made: Retrained):
    encoder = FakeEncoder()
    encoder.info = ModelInfo(name="other", version="1", sha256="1" * 64, engine="fake")
    with pytest.raises(NotReproducibleError, match="encoder"):
        again(made, encoder=encoder)


def test_a_head_of_a_file():
    before, rows = champion(), file_rows()
    assert before.head is not None
    labelled = labelled_data(before.definition, rows, "bank.csv")
    found = reproduce_from_file(
        before.definition, before.head, before.training, labelled, FakeEncoder()
    )
    assert found.same
    with pytest.raises(NotReproducibleError, match="another version of its file"):
        reproduce_from_file(
            before.definition,
            before.head,
            before.training,
            labelled_data(before.definition, rows[1:], "bank.csv"),
            FakeEncoder(),
        )


def test_arrays_of_another_shape_are_another_head():
    before = champion()
    assert before.head is not None
    fitted = fitted_again(before)
    with np.load(io.BytesIO(fitted.arrays)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    stream = io.BytesIO()
    np.savez_compressed(stream, **{**arrays, "references": arrays["references"][:-1]})
    found = compared(before.head, before.training, replace(fitted, arrays=stream.getvalue()))
    assert found.shapes_differ == ("references",)
    assert not found.same
    assert isinstance(before.head, HeadFiles)


def test_a_head_with_the_weights_of_all_places_is_the_same():
    before = champion()
    assert before.head is not None
    card = before.head.card()
    with np.load(io.BytesIO(before.head.read()[1])) as stored:
        arrays = {name: stored[name] for name in stored.files}
    for block in ("characters", "words"):
        rows = arrays[block]
        arrays[block] = np.zeros((1 << card.gram_bits, rows.shape[1]), rows.dtype)
        arrays[block][arrays.pop(f"{block}_places")] = rows
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    content = stream.getvalue()
    sums = {"arrays_sha256": hashlib.sha256(content).hexdigest(), "arrays_bytes": len(content)}
    older = card.model_copy(update=sums).model_dump_json().encode()
    found = compared(HeadFiles.of(older, content), before.training, fitted_again(before))
    assert found.same


def fitted_again(before: Champion) -> Fitted:
    return train(
        before.definition, labelled_data(before.definition, file_rows(), "bank.csv"), FakeEncoder(),
        label_column="label", text_column="text", created=CREATED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 9.0),
        ("labels", ("loan", "card", "app")),
        ("understood", ("whether",)),
        ("caps", {"past": 1.0}),
        ("kind", "criteria"),
        ("criteria", ("pain",)),
        ("features", ("length",)),
        ("gram_bits", 15),
        ("judging", "0" * 64),
        ("encoder", ModelInfo(name="other", version="1", sha256="1" * 64, engine="fake")),
        ("scope", None),
        ("calibration", None),
    ],
)
def test_a_card_that_judges_otherwise_is_another_head(field: str, value: object):
    before = champion()
    assert before.head is not None
    fitted = fitted_again(before)
    card, arrays = before.head.checked()
    changed = {field: value}
    if field == "scope":
        assert card.scope is not None
        changed = {"scope": card.scope.model_copy(update={"strangeness": (0.0, 1.0)})}
    if field == "calibration":
        assert card.calibration is not None
        changed = {"calibration": card.calibration.model_copy(update={"rows": 3})}
    other = card.model_copy(update=changed)
    found = compared(
        HeadFiles.of(other.model_dump_json().encode(), arrays), before.training, fitted
    )
    assert field in found.card_differs
    assert not found.same
    assert field in found.sentence


@pytest.mark.parametrize(
    "changed",
    [
        {"created": "2030-01-01T00:00:00+00:00"},
        {"promise": None},
        {"profile": None},
        {"judging": None},
        {"evidence_encoder": None},
    ],
)
def test_what_tuning_writes_and_older_cards_lack_is_no_difference(changed: dict[str, object]):
    before = champion()
    assert before.head is not None
    card, arrays = before.head.checked()
    assert card.scope is not None
    scope = card.scope.model_copy(update={"threshold": 0.5})
    other = card.model_copy(update={**changed, "scope": scope})
    files = HeadFiles.of(other.model_dump_json().encode(), arrays)
    found = compared(files, before.training, fitted_again(before))
    assert (found.same, found.card_differs) == (True, ())
