"""Finding a threshold with a guarantee, and writing it into a process."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from winnow.errors import HeadInvalidError, ProcessInvalidError
from winnow.heads.card import CARD, HeadCard, HeadFiles, Scope, ThresholdGuarantee, folder_of
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.loader import load_definition
from winnow.processes.schema import ProcessDefinition
from winnow.storage.file_names import name_of
from winnow.storage.replacing import replace_files
from winnow_train.data import LabelledData, labels_of, record_groups
from winnow_train.decisions import decide_labelled
from winnow_train.guarantee import SelectedThreshold, explain_failure, select_threshold
from winnow_train.measure import SliceMetrics, metrics_by_column, metrics_by_label
from winnow_train.scope import scope_threshold
from winnow_train.stored import training_beside


@dataclass(frozen=True)
class TuningGoal:
    """What a threshold is to reach."""

    precision: float
    """Least share of right decisions among the accepted, in (0, 1)."""
    confidence: float
    """Of the guarantee, in (0, 1)."""
    scope_loss: float
    """Share of good records that may be called out of scope, in [0, 1)."""


@dataclass(frozen=True)
class TuneReport:
    """The threshold that was found, and what it does to the labelled rows."""

    target: TuningGoal
    selected: SelectedThreshold
    labelled: LabelledData
    by_label: list[SliceMetrics]
    by_column: Mapping[str, list[SliceMetrics]]
    copies: int
    """Rows that nearly repeat another: as evidence each record counts once."""
    trained_on: int
    """Rows that the head was trained on."""
    held_out_known: bool
    """False: which rows the head was trained on is not known."""
    near_copies: int
    """Rows that were left out: near copies of rows that the head was trained on."""
    notes: tuple[str, ...]
    """What is not known of how far the rows are new to the head."""
    unknown: int
    """Rows with a label that the process does not know."""
    unknown_recognised: int
    """Of these, called out of scope."""
    card: HeadCard | None
    scope: Scope | None
    """With the limit that was found, or that of the card where the rows are too few for one."""
    scope_shown: bool
    """Whether the rows show that the scope loses no more than was asked; True without a scope."""
    failure: str
    """Why there is no threshold; empty where there is one."""

    @property
    def held_out(self) -> bool | None:
        """Whether no row was trained on; None: it is not known."""
        return not self.trained_on if self.held_out_known else None

    def document(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        selected = self.selected
        return {
            "kept": selected.threshold is not None,
            "precision": self.target.precision,
            "confidence": self.target.confidence,
            "threshold": selected.threshold,
            "rows": selected.rows,
            "accepted": selected.accepted,
            "right": selected.right,
            "coverage": selected.coverage,
            "rows_wanted": selected.rows_wanted,
            "held_out": self.held_out,
            "near_copies": self.near_copies,
            "notes": list(self.notes),
            "scope_threshold": self.scope.threshold if self.scope else None,
            "foreign": self.unknown,
            "foreign_recognised": self.unknown_recognised,
            "labels": [_with_coverage(part) for part in self.by_label],
            "slices": {
                column: [_with_coverage(part) for part in parts]
                for column, parts in self.by_column.items()
            },
        }


def _with_coverage(part: SliceMetrics) -> dict[str, Any]:
    return {**asdict(part), "coverage": part.coverage}


def tune(
    definition: ProcessDefinition,
    labelled: LabelledData,
    encoder: Encoder | PictureEncoder,
    head: HeadFiles | None,
    process_file: Path,
    target: TuningGoal,
    columns: Sequence[str] = (),
) -> TuneReport:
    """Find the lowest threshold whose accepted decisions reach a precision target.

    A row with an unknown label counts as wrong: no decision can be right about it. `columns` are
    those to report the coverage by.

    Raises:
        TrainingDataError: There is no such column; or the head was trained on these rows, and what
            the folds without them decided is missing.
        HeadInvalidError: The head was trained for another definition.
    """
    card = head.card() if head else None
    _require_its_own(definition, card)
    training = training_beside(process_file, definition.id)
    decisions = decide_labelled(definition, labelled, encoder, head, training)
    scope = card.scope if card else None
    limit = None
    if scope is not None:
        limit = scope_threshold(decisions.known.novelty, target.scope_loss, target.confidence)
        if limit is not None:
            scope = scope.model_copy(update={"threshold": limit})
            decisions = decisions.with_scope(limit)
    records = None
    if definition.input.text_columns:
        records = record_groups(definition, decisions.rows)
    right, acceptable = decisions.right, decisions.acceptable
    selected = select_threshold(acceptable, right, target.precision, target.confidence, records)
    accepted = (
        np.zeros(len(right), bool)
        if selected.threshold is None
        else acceptable >= selected.threshold
    )
    unknown = ~decisions.has_known_label
    by_label = metrics_by_label(decisions, labels_of(definition), right, accepted)
    return TuneReport(
        target=target,
        selected=selected,
        labelled=labelled,
        by_label=[part for part in by_label if part.rows],
        by_column={
            column: metrics_by_column(decisions.rows, column, right, accepted) for column in columns
        },
        copies=0 if records is None else len(records) - len(np.unique(records)),
        trained_on=decisions.held_out,
        held_out_known=decisions.held_out_known,
        near_copies=len(decisions.left_out),
        notes=decisions.notes,
        unknown=int(unknown.sum()),
        unknown_recognised=int((unknown & decisions.out_of_scope).sum()),
        card=card,
        scope=scope,
        scope_shown=scope is None or limit is not None,
        failure=(
            explain_failure(selected, acceptable, right) if selected.threshold is None else ""
        ),
    )


def _require_its_own(definition: ProcessDefinition, card: HeadCard | None) -> None:
    if card is not None and not card.vouches_for(definition.judging_sha256):
        raise HeadInvalidError(
            f"The head of {definition.id} was trained for another definition of it: how sure it is "
            "of these decisions says nothing of how many are right.",
            hint="Train it again with this definition: `winnow train`.",
        )


def write_guarantee(
    report: TuneReport,
    definition: ProcessDefinition,
    head: HeadFiles | None,
    file: Path,
    now: datetime,
) -> None:
    """Put the threshold into the process and, where it has a head, the guarantee onto its card.

    Args:
        definition: What was measured, with its `head`.

    Raises:
        ProcessInvalidError: The process or its head was changed meanwhile, or see `with_threshold`.
            Nothing is written then.
    """
    selected, labelled, card = report.selected, report.labelled, report.card
    if selected.threshold is None:
        raise ValueError("there is no threshold to write")
    why = (
        f"winnow tune {now:%Y-%m-%d}: {selected.precision:g} right with {selected.confidence:g} "
        f"confidence, on {labelled.sha256[:12]}"
    )
    text = file.read_bytes().decode("utf-8-sig")
    there = HeadFiles.beside(file, definition.id)
    if load_definition(text, file.name).info != definition.info or there != head:
        raise ProcessInvalidError(
            f"{name_of(file)}: (file): it, or its head, was changed while it was measured. Nothing "
            "was written: run `winnow tune` again."
        )
    text = with_threshold(text, file.name, selected.threshold, why)
    contents = {file: text.encode()}
    if card is not None:
        guarantee = ThresholdGuarantee(
            precision=selected.precision,
            confidence=selected.confidence,
            threshold=selected.threshold,
            coverage=round(selected.coverage, 4),
            rows=selected.rows,
            accepted=selected.accepted,
            right=selected.right,
            file=labelled.file,
            data_sha256=labelled.sha256,
            held_out=report.held_out,
            created=now.isoformat(timespec="seconds"),
            judging=definition.judging_sha256,
            shown=selected.shown,
        )
        # A run is compared with the review rate that goes with this threshold.
        profile = card.profile and card.profile.model_copy(
            update={
                "review_rate": round(1 - selected.coverage, 4),
                "threshold": selected.threshold,
            }
        )
        card = card.model_copy(
            update={
                "promise": guarantee,
                "scope": report.scope or card.scope,
                "profile": profile,
            }
        )
        path = folder_of(file, definition.id) / CARD
        contents[path] = (card.model_dump_json(indent=1) + "\n").encode()
    replace_files(contents)


def with_threshold(text: str, source: str, threshold: float, why: str) -> str:
    """The definition's YAML with another threshold, and its version raised by a patch.

    Only these two values change; comments and layout stay, since the YAML parser's own marks say
    where the values stand.

    Args:
        why: Stands behind the threshold as a comment.

    Raises:
        ProcessInvalidError: The fields do not stand on lines of their own.
    """
    before = load_definition(text, source, published=True)
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise ProcessInvalidError(f"{source}: (file): write each field on a line of its own")
    values = {key.value: value for key, value in root.value}
    version = values["version"]
    major, minor, patch = version.value.split(".")
    quote = version.style or ""
    raised = f"{quote}{major}.{minor}.{int(patch) + 1}{quote}"
    changes = [(version.start_mark.index, version.end_mark.index, raised)]
    setting = f"{threshold:g}  # {why}"
    if old := values.get("threshold"):
        changes.append((old.start_mark.index, _end_of_line(text, old), setting))
    else:
        at = _end_of_line(text, version)
        changes.append((at, at, f"\nthreshold: {setting}"))
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    after = load_definition(text, source, published=True)
    unchanged = {"threshold", "version"}
    if (
        after.model_dump(exclude=unchanged) != before.model_dump(exclude=unchanged)
        or after.threshold != threshold
    ):
        raise ProcessInvalidError(f"{source}: threshold: give it a line of its own")
    return text.replace("\n", line_end)


def _end_of_line(text: str, node: yaml.Node) -> int:
    end = text.find("\n", node.end_mark.index)
    return len(text) if end < 0 else end
