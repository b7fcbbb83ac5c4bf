"""Labelled pictures: a folder a label, a ZIP of such folders, or a table of files and labels.

A row is a picture's features, and a thumbnail to show: the files themselves are not kept.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from winnow.errors import TrainingDataError
from winnow.judging.pictures.vectors import as_kept
from winnow.limits.budget import RecordRejection
from winnow.limits.reading import ReadLimits
from winnow.ports import PictureEncoder
from winnow.processes.schema import LabelsProcess
from winnow.readers import Source, read
from winnow.storage.file_names import name_of
from winnow_ocr.squares import SIDE, decode_pictures
from winnow_train.data import (
    LabelledData,
    LabelledPicture,
    LabelledRow,
    kept_key,
    label_finder,
    read_table,
)

LABEL_COLUMN = "label"
"""The column of a table with the labels, unless another is named."""
_BATCH = 64
_ZIP = b"PK\x03\x04"


class _File(NamedTuple):
    """A file that may be a picture."""

    name: str
    """With the folder that it is in."""
    label: str
    content: bytes | None
    """None: it could not be read."""


def read_labelled_pictures(
    paths: Sequence[Path],
    definition: LabelsProcess,
    encoder: PictureEncoder,
    label_column: str = LABEL_COLUMN,
) -> LabelledData:
    """The pictures of all sources, one after the other, in the order of their names.

    Raises:
        TrainingDataError: A source has no picture, or no label.
    """
    label_of = label_finder(definition)
    rows: list[LabelledRow] = []
    number = 0
    digest = hashlib.sha256()
    every = _files(paths, definition, label_column)
    while files := list(islice(every, _BATCH)):
        decoded = iter(decode_pictures([f.content for f in files if f.content], ReadLimits()))
        read_ = [(file, next(decoded) if file.content else None) for file in files]
        usable = [
            (number + at, file, picture)
            for at, (file, picture) in enumerate(read_, start=1)
            if picture is not None and not isinstance(picture, RecordRejection)
        ]
        number += len(files)
        squares = [
            np.frombuffer(picture.square, np.uint8).reshape(SIDE, SIDE, 3)
            for _, _, picture in usable
        ]
        features = encoder(squares) if squares else ()
        for (place, file, picture), row in zip(usable, features, strict=True):
            key = hashlib.sha256(picture.square).digest()
            digest.update(key + file.label.encode() + b"\0")
            shown = LabelledPicture(row, key[:8], kept_key(as_kept(row)), picture.thumbnail)
            rows.append(LabelledRow(place, file.name, {}, label_of(file.label), file.label, shown))
    names = ", ".join(name_of(path) for path in paths)
    if not rows:
        raise TrainingDataError(f"No file of {names} can be read as a picture.")
    return LabelledData(names, digest.hexdigest(), tuple(rows), number - len(rows))


def _files(paths: Sequence[Path], definition: LabelsProcess, label_column: str) -> Iterator[_File]:
    for path in paths:
        if path.is_dir():
            yield from _of_folders(path)
        elif _is_zip(path):
            yield from _of_zip(path)
        else:
            yield from _of_table(path, definition, label_column)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_ZIP)) == _ZIP


def _of_folders(folder: Path) -> Iterator[_File]:
    """The files of each subfolder, whose name is their label."""
    labels = sorted(path for path in folder.iterdir() if path.is_dir())
    if not labels:
        raise TrainingDataError(
            f"{name_of(folder)} has no folders.",
            hint="Give a folder with one folder for each label, and pictures in them.",
        )
    for label in labels:
        for path in sorted(path for path in label.iterdir() if _is_picture_file(path)):
            yield _File(f"{label.name}/{path.name}", label.name, path.read_bytes())


def _is_picture_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _of_zip(path: Path) -> Iterator[_File]:
    """The members, each with the name of its folder as its label."""
    with (
        path.open("rb") as stream,
        Source(stream, path.name, (), (), ReadLimits(), modality="image") as source,
    ):
        for line in read(source):
            name = PurePosixPath(line.part or "")
            if not name.parent.name:
                raise TrainingDataError(
                    f"{name_of(path)} has a file outside of a folder.",
                    hint="Put the pictures of each label into a folder of its name.",
                )
            content = line.file if line.kind == "record" else None
            yield _File(str(name), name.parent.name, content)


def _of_table(path: Path, definition: LabelsProcess, label_column: str) -> Iterator[_File]:
    """The files that a table names; a relative path is relative to the table's folder."""
    table = read_table(path, label_column, definition.input.picture_columns, ())
    for record, label in table.rows:
        try:
            content = (path.parent / record.text.strip()).read_bytes()
        except OSError:
            content = None
        yield _File(record.text.strip(), label, content)
