"""Labelled records for a process, and the encoder of what it judges."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from winnow.errors import TrainingDataError
from winnow.processes.schema import LabelsProcess, ProcessDefinition
from winnow_cli.console import note
from winnow_cli.options import label_column_of
from winnow_train.data import LabelledData, left_out_note, read_labelled_files

if TYPE_CHECKING:
    from winnow.ports import Encoder, PictureEncoder


class Labelled(NamedTuple):
    """Labelled records, and what encodes them."""

    data: LabelledData
    encoder: "Encoder | PictureEncoder"
    label_column: str


def require_tables(paths: Sequence[Path]) -> None:
    """Raise TrainingDataError if one is a folder."""
    if folder := next((path for path in paths if path.is_dir()), None):
        raise TrainingDataError(
            f"{folder.name} is a folder: that is for processes whose records are pictures.",
            hint="Give a table of texts and labels.",
        )


def load_labelled(
    definition: ProcessDefinition,
    paths: Sequence[Path],
    label_column: str | None,
    text_column: str | None,
    model: Path,
) -> Labelled:
    """The labelled records of files, or of folders of pictures; says how many were left out.

    Raises TrainingDataError as the reader of the files does.
    """
    if isinstance(definition, LabelsProcess) and definition.of_pictures:
        found = _pictures(definition, paths, label_column, model)
    else:
        found = _texts(definition, paths, label_column, text_column, model)
    if found.data.left_out:
        note(left_out_note(found.data))
    return found


def _pictures(
    definition: LabelsProcess, paths: Sequence[Path], label_column: str | None, model: Path
) -> Labelled:
    from winnow_encoder.pictures import load_picture_encoder
    from winnow_train.pictures import LABEL_COLUMN, read_labelled_pictures

    encoder = load_picture_encoder(model)
    label = label_column or LABEL_COLUMN
    return Labelled(read_labelled_pictures(paths, definition, encoder, label), encoder, label)


def _texts(
    definition: ProcessDefinition,
    paths: Sequence[Path],
    label_column: str | None,
    text_column: str | None,
    model: Path,
) -> Labelled:
    from winnow_encoder import load_encoder

    require_tables(paths)
    label = label_column_of(paths, label_column)
    data = read_labelled_files(paths, definition, label, text_column)
    return Labelled(data, load_encoder(model), label)
