"""What a challenger is trained on: the champion's rows and what people decided, on two sides.

The same rows and options give the same sides and the same files. Nothing here reads or writes.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from winnow.errors import ReviewsTooFewError
from winnow.heads.card import HeadCard, HeadFiles
from winnow.judging.pictures.vectors import kept_features
from winnow.judging.text.similarity import count
from winnow.limits.budget import RecordBudget
from winnow.models import FrozenModel
from winnow.processes.schema import ProcessDefinition
from winnow.registry.models import DataManifest, DataPart
from winnow.registry.training_rows import TrainingRow, dump_rows
from winnow.registry.trainings import MIN_REVIEWS
from winnow.reviews.models import Kind
from winnow.tables.numbers import wrong_column
from winnow_train.data import (
    NONE,
    LabelledData,
    LabelledPicture,
    LabelledRow,
    kept_key,
    keys_of,
    labels_of,
)
from winnow_train.fit import MANY
from winnow_train.holdout import Side, sides
from winnow_train.near_copies import like_any, near_copies, text_key
from winnow_train.reviews import Reviews
from winnow_train.stored import HeldOutDecisions, read_training

Ints = NDArray[np.intp]


class Options(FrozenModel):
    """Of a retraining. They are kept with the version, so that it can be trained again."""

    seed: int = 0
    held_out: float = Field(0.2, gt=0, lt=1, description="share of the reviewed texts")
    max_weight: float = Field(
        20.0, ge=1, description="no row counts for more when the head is fitted"
    )
    min_reviews: int = Field(MIN_REVIEWS, ge=1, description="reviews that a training takes")
    min_held_out: int = Field(5, ge=1, description="of these, held out")


DEFAULTS = Options()


@dataclass(frozen=True)
class Champion:
    """The version that a challenger is trained from and compared with."""

    sha256: str
    text: str
    """Its definition as it was written."""
    definition: ProcessDefinition
    head: HeadFiles | None
    training: bytes | None
    """training.npz of its head."""
    rows: tuple[TrainingRow, ...] | None
    """What it was trained on, and what was held out then; None: its rows were not kept."""
    files: tuple[str, ...] = ()
    """What people call the files that it was trained on."""

    @property
    def card(self) -> HeadCard | None:
        """Its head's card."""
        return self.head.card() if self.head else None


class Counts(FrozenModel):
    """Where the rows came from, and which were left out."""

    from_files: int = Field(description="rows that the champion was trained on, of files")
    reviews: int = Field(description="reviewed records that were used")
    new_reviews: int = Field(description="of these, those that no earlier training had")
    blind: int = Field(description="reviews that were given without seeing the machine's decision")
    trained: int = Field(description="rows that the challenger is trained on")
    held_out: int = Field(description="reviews that it is compared with the champion on")
    texts: int = Field(description="groups of near copies among all rows")
    champion_rows_missing: bool = Field(
        description="the champion's own rows were not kept: the challenger knows reviews alone"
    )
    cannot_tell: int = Field(0, description="reviews that could not be decided")
    results_gone: int = Field(0, description="reviews whose results have expired")
    erased: int = Field(0, description="rows of an earlier training that were erased since")
    taken_back: int = Field(0, description="rows of an earlier training, with no decision now")
    label_gone: int = Field(0, description="rows of labels that the definition does not have")
    labels_gone: tuple[str, ...] = Field((), description="these labels")
    unusable: int = Field(0, description="rows with nothing to train with, or too long")
    between: int = Field(0, description="rows that are like rows of both sides")
    seen_by_champion: int = Field(0, description="held-out rows that the champion was trained on")
    seen_unknown: bool = Field(
        False, description="which those are cannot be known: its training.npz does not say"
    )


@dataclass(frozen=True)
class Prepared:
    """Rows, sorted into what is trained on and what is held out."""

    rows: tuple[TrainingRow, ...]
    groups: Ints
    counts: Counts

    def _where(self, *, held_out: bool) -> Ints:
        return np.array([i for i, r in enumerate(self.rows) if r.held_out == held_out], np.intp)

    @property
    def trained(self) -> Ints:
        """Positions of the rows to train on."""
        return self._where(held_out=False)

    @property
    def held_out(self) -> Ints:
        """Positions of the rows that are held out."""
        return self._where(held_out=True)


def prepare(champion: Champion, reviews: Reviews, options: Options = DEFAULTS) -> Prepared:
    """Sort the champion's rows and the reviews into training rows and held-out ones.

    Raises:
        ReviewsTooFewError: There are fewer reviews than a training takes.
    """
    definition = champion.definition
    own = champion.rows or ()
    of_files = [row for row in own if row.source is None]
    every = [*of_files, *reviews.rows]
    known_before = len(of_files) + reviews.earlier
    usable, unusable, gone = _usable(definition, every)
    used = [every[i] for i in usable]
    if (count_ := sum(row.source is not None for row in used)) < options.min_reviews:
        raise _too_few(definition, count_, reviews, gone, unusable, options)
    before = np.array(usable) < known_before
    texts = [row.text for row in used]
    keys = keys_of(
        _labelled(definition, used), definition.input.numeric_columns, definition.cells_read
    )
    if definition.judges_texts:
        groups, names = near_copies(texts), [text_key(text) for text in texts]
    else:
        groups = np.unique(keys, return_inverse=True)[1].astype(np.intp)
        names = [f"{key:016x}" for key in keys.tolist()]
    stored = None if champion.training is None else read_training(champion.training)
    seen = seen_rows(definition, used, keys, stored)
    placed = sides(
        definition.id,
        groups,
        names,
        [_fixed(r, b, s) for r, b, s in zip(used, before, seen, strict=True)],
        [row.kind in (Kind.REVIEW, Kind.AUDIT) for row in used],
        options.held_out,
    )
    kept = [i for i, side in enumerate(placed) if side is not Side.BETWEEN]
    # The champion may have been trained elsewhere, on an export of the same reviews.
    shown = {i for i in kept if placed[i] is Side.HELD_OUT and seen[i]}
    kept = [i for i in kept if i not in shown]
    rows = tuple(used[i].model_copy(update={"held_out": placed[i] is Side.HELD_OUT}) for i in kept)
    held_out = sum(row.held_out for row in rows)
    if held_out < options.min_held_out:
        raise ReviewsTooFewError(
            f"Of {count_:,} reviews of {definition.id} {held_out:,} are held out to compare "
            f"versions on, and it takes {options.min_held_out:,}{_known(used, seen)}."
        )
    counts = Counts(
        from_files=sum(row.source is None for row in rows),
        reviews=sum(row.source is not None for row in rows),
        new_reviews=sum(used[i].source is not None and not before[i] for i in kept),
        blind=sum(row.blind for row in rows),
        trained=len(rows) - held_out,
        held_out=held_out,
        texts=len(set(groups[kept].tolist())),
        champion_rows_missing=champion.rows is None and champion.head is not None,
        cannot_tell=reviews.cannot_tell,
        results_gone=reviews.results_gone,
        erased=reviews.erased,
        taken_back=reviews.taken_back,
        label_gone=sum(gone.values()),
        labels_gone=tuple(sorted(gone)),
        unusable=unusable,
        between=len(used) - len(kept) - len(shown),
        seen_by_champion=len(shown),
        seen_unknown=(definition.of_pictures and stored is not None and stored.kept_keys is None),
    )
    return Prepared(rows, np.unique(groups[kept], return_inverse=True)[1].astype(np.intp), counts)


def seen_rows(
    definition: ProcessDefinition,
    rows: Sequence[TrainingRow],
    keys: NDArray[np.uint64],
    stored: HeldOutDecisions | None,
) -> list[bool]:
    """Whether a head was trained on each row, or on a near copy, as far as it is known.

    Args:
        definition: The process.
        rows: The rows.
        keys: What stands for each (`data.keys_of`).
        stored: training.npz of the head.
    """
    if stored is None:
        return [False] * len(rows)
    known = stored.known
    same = [key in known for key in keys.tolist()]
    if stored.signatures is None or definition.input.numeric_columns:
        return same
    alike = like_any([row.text for row in rows], stored.signatures)
    return [one or bool(other) for one, other in zip(same, alike, strict=True)]


def _known(rows: Sequence[TrainingRow], seen: Sequence[bool]) -> str:
    """How many reviews the champion knows, in brackets; empty without any."""
    known = sum(r.source is not None and s for r, s in zip(rows, seen, strict=True))
    return f" ({known:,} are records that the champion was trained on)" if known else ""


def _usable(
    definition: ProcessDefinition, rows: Sequence[TrainingRow]
) -> tuple[list[int], int, Counter[str]]:
    """Positions of the rows that can be used, how many cannot, and labels that are gone."""
    labels = set(labels_of(definition))
    gone: Counter[str] = Counter()
    found: list[int] = []
    unusable = 0
    budget = RecordBudget()
    for index, row in enumerate(rows):
        if row.label not in labels and not _is_of_none(definition, row):
            gone[row.label] += 1
        elif (
            (definition.judges_texts and not row.text.strip())
            or (definition.of_pictures and row.features is None)
            or budget.rejection(row.text, count)
            or wrong_column(row.fields, definition.input.numeric_columns)
        ):
            unusable += 1
        else:
            found.append(index)
    return found, unusable, gone


def _too_few(
    definition: ProcessDefinition,
    usable: int,
    reviews: Reviews,
    gone: Counter[str],
    unusable: int,
    options: Options,
) -> ReviewsTooFewError:
    left_out = {
        "could not be decided": reviews.cannot_tell,
        "have expired": reviews.results_gone,
        "were erased": reviews.erased,
        "were taken back": reviews.taken_back,
        "have a label that it no longer has": sum(gone.values()),
        "have nothing to train with": unusable,
    }
    rest = ", ".join(f"{number:,} {what}" for what, number in left_out.items() if number)
    return ReviewsTooFewError(
        f"{definition.id} has {usable:,} reviews to train on, and a training takes "
        f"{options.min_reviews:,}{f' ({rest})' if rest else ''}."
    )


def _fixed(row: TrainingRow, before: bool, seen: bool) -> Side | None:
    """The side of a row that was placed before; None: a new row."""
    if before:
        return Side.HELD_OUT if row.held_out else Side.TRAIN
    return Side.TRAIN if seen else None


def _is_of_none(definition: ProcessDefinition, row: TrainingRow) -> bool:
    """Whether a row is a picture of no label, which teaches the scope alone."""
    return definition.of_pictures and row.source is None and row.label == NONE


def of_labels(definition: ProcessDefinition, rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """The rows that have a label of the process: all but pictures of none."""
    labels = set(labels_of(definition))
    return [row for row in rows if row.label in labels]


def _labelled(definition: ProcessDefinition, rows: Sequence[TrainingRow]) -> list[LabelledRow]:
    labels = {label: label for label in labels_of(definition)}
    return [
        LabelledRow(number, row.text, row.fields, labels.get(row.label), row.label, picture)
        for number, (row, picture) in enumerate(zip(rows, _pictures(rows), strict=True), 1)
    ]


def _pictures(rows: Sequence[TrainingRow]) -> list[LabelledPicture] | list[None]:
    """The rows' pictures, as far as they are kept; of texts, None for each."""
    kept = [row.features for row in rows if row.features is not None]
    if len(kept) < len(rows):
        return [None] * len(rows)
    return [
        LabelledPicture(own, key, key, thumbnail=b"")
        for own, key in zip(kept_features(kept), map(kept_key, kept), strict=True)
    ]


def labelled_data(
    definition: ProcessDefinition, rows: Sequence[TrainingRow], name: str
) -> LabelledData:
    """Rows as training and measuring take them; they are numbered from 1."""
    digest = hashlib.sha256(dump_rows(rows)).hexdigest()
    return LabelledData(name, digest, tuple(_labelled(definition, rows)), 0)


# -- what it was trained on -----------------------------------------------------------------------


def strengths_of(card: HeadCard | None, rows: int) -> tuple[float, ...] | None:
    """The values of C to choose from: the champion's where rows are many, else as always.

    A choice of C takes as long for each value as fitting does; where rows are many, C hardly moves.
    """
    if card is None or not card.gram_bits or rows <= MANY:
        return None
    return (card.regularisation,)


@dataclass(frozen=True)
class RowFile:
    """Rows to keep beside the version, by the name that their content gives them."""

    kind: Literal["file", "reviews"]
    name: str
    content: bytes
    rows: int
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.content).hexdigest())


def row_files(champion: Champion, prepared: Prepared) -> tuple[RowFile, ...]:
    """The rows of files and those of reviews, each as one object."""
    of_files = [row for row in prepared.rows if row.source is None]
    reviewed = [row for row in prepared.rows if row.source is not None]
    files = [RowFile("reviews", "reviews", dump_rows(reviewed), len(reviewed))]
    if of_files:
        name = ", ".join(champion.files) or "rows of the champion"
        files.insert(0, RowFile("file", name, dump_rows(of_files), len(of_files)))
    return tuple(files)


def manifest(
    champion: Champion,
    prepared: Prepared,
    parts: Sequence[DataPart],
    options: Options,
) -> DataManifest:
    """What a version was trained on, and how."""
    trained = [prepared.rows[i] for i in prepared.trained.tolist()]
    strengths = strengths_of(champion.card, len(trained))
    values = {name: f"{value}" for name, value in options.model_dump(exclude={"seed"}).items()}
    values["champion"] = champion.sha256
    values["threshold"] = f"{champion.definition.threshold}"
    values["version"] = champion.definition.version
    if strengths:
        values["strengths"] = ", ".join(f"{value}" for value in strengths)
    return DataManifest(
        parts=tuple(parts),
        rows=len(trained),
        rows_of=dict(sorted(Counter(row.label for row in trained).items())),
        seed=options.seed,
        options=values,
    )
