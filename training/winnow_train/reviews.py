"""What people decided, as rows to train with.

The newest answer of a record counts. Records that could not be decided, or whose decision was taken
back, or that were erased, are no rows, not even if an earlier training had them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from winnow.heads.encoders import same_vectors
from winnow.models import ModelInfo
from winnow.processes.schema import ProcessDefinition
from winnow.registry.training_rows import RowSource, TrainingRow
from winnow.reviews.export import Export, ExportRow
from winnow.reviews.items import Items
from winnow.reviews.models import RecordKey, ReviewHead, State
from winnow.reviews.ports import ReviewStore
from winnow.tables.columns import plain_name


@dataclass(frozen=True)
class Reviews:
    """The reviewed records of a process."""

    rows: tuple[TrainingRow, ...]
    """Those of an earlier training in their order, then new ones, the oldest answer first."""
    earlier: int
    """How many of them an earlier training had."""
    cannot_tell: int
    """Records that people could not decide."""
    results_gone: int
    """Decided records whose results have expired, and which no earlier training had."""
    erased: int
    """Rows of an earlier training whose records were erased since."""
    taken_back: int
    """Rows of an earlier training whose decisions were taken back since."""


def collect(
    store: ReviewStore,
    items: Items,
    definition: ProcessDefinition,
    carried: Sequence[TrainingRow] = (),
    encoder: ModelInfo | None = None,
) -> Reviews:
    """The reviewed records of a process as they are now.

    Args:
        store: The table of reviews.
        items: Reads the records.
        definition: Whose columns are kept.
        carried: Rows of an earlier training; those of files are passed over.
        encoder: Of pictures: features that another one has made are left out.
    """
    export = Export(store, items, cannot_tell=True)
    decided: dict[RecordKey, TrainingRow] = {}
    undecided: set[RecordKey] = set()
    for row in sorted(export.rows(definition.id), key=_age):
        if row.answer.decision is None:
            undecided.add(row.head.key)
        else:
            decided[row.head.key] = _row(row, columns_read(definition), encoder)
    kept: list[TrainingRow] = []
    erased = taken_back = unread = 0
    for old in carried:
        if old.source is None:
            continue
        key = RecordKey(old.source.upload, old.source.record)
        if key in undecided:
            taken_back += 1
        elif key in decided:
            kept.append(decided.pop(key).model_copy(update=_kept(old)))
        else:
            head = store.head(key)
            if head is not None and head.state is State.ERASED:
                erased += 1
            elif head is not None and (head.answer is None or head.answer.decision is None):
                taken_back += 1
            else:
                unread += head is not None
                kept.append(_with_answer(old, head))
    return Reviews(
        rows=(*kept, *decided.values()),
        earlier=len(kept),
        cannot_tell=len(undecided),
        results_gone=max(0, export.gone - unread),
        erased=erased,
        taken_back=taken_back,
    )


def columns_read(definition: ProcessDefinition) -> frozenset[str]:
    """Plain names of the columns that a process judges by, beside the text."""
    names = (*definition.cells_read, *definition.input.numeric_columns)
    return frozenset(map(plain_name, names))


def _age(row: ExportRow) -> tuple[str, str, int]:
    return (row.answer.at, row.head.upload, row.head.record)


def _row(row: ExportRow, columns: frozenset[str], encoder: ModelInfo | None) -> TrainingRow:
    head, record = row.head, row.record
    return TrainingRow(
        id=f"{head.upload[:12]}-{head.record}",
        text=record.text or "",
        features=record.features if _is_of(head, encoder) else None,
        fields={name: cell for name, cell in record.fields.items() if plain_name(name) in columns},
        label=row.answer.decision or "",
        weight=1 / head.probability,
        blind=row.answer.blind,
        source=RowSource(upload=head.upload, record=head.record),
        kind=head.kind,
        code=head.code,
    )


def _is_of(head: ReviewHead, encoder: ModelInfo | None) -> bool:
    """Whether the record's features are as this encoder makes them."""
    return bool(encoder and head.model and same_vectors(head.model, encoder.sha256))


def _kept(old: TrainingRow) -> dict[str, object]:
    """What does not change with a new answer."""
    return {"held_out": old.held_out, "weight": old.weight, "kind": old.kind}


def _with_answer(old: TrainingRow, head: ReviewHead | None) -> TrainingRow:
    if head is None or head.answer is None or head.answer.decision is None:
        return old
    answer = {"label": head.answer.decision, "blind": head.answer.blind}
    return old.model_copy(update=answer)
