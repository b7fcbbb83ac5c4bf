"""Labelled rows of a table, or of an export of reviews."""

import csv
import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.errors import NoTextColumnError, TrainingDataError
from winnow.judging.text.similarity import count
from winnow.limits.budget import RecordBudget
from winnow.limits.unicode import nfkc
from winnow.models import InvalidRecord, Record
from winnow.processes.schema import CriteriaProcess, ProcessDefinition
from winnow.readers import ReadLimits, Source, read
from winnow.readers.cases import joined
from winnow.reviews.export import (
    COLUMNS,
    DECISION_COLUMN,
    FORMAT,
    FORMAT_COLUMN,
    TEXT_COLUMN,
    ReadRow,
    read_export,
)
from winnow.storage.file_names import name_of
from winnow.tables.columns import plain_name
from winnow.tables.formulas import restored
from winnow.tables.numbers import numbers_of, wrong_column
from winnow_train.near_copies import near_copies, normalised

VERDICTS = ("met", "not_met", "undetermined")
_NO_PUNCTUATION = frozenset("!?%*\u00a1\u00bf\u203d")
"""Of the class of punctuation, what negates, doubts or counts."""
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_IN_DOUBT = re.compile(r"[(\[{/]\s{0,3}(?:not|no|non|un|in|dis|neg)\s{0,3}[)\]}/]")
"""A negation in brackets: one that holds perhaps."""
_OPEN = ("partly", "partial", "partlymet", "unclear", "unknown")
"""What people call a case of criteria that is neither met nor not met."""
_HEADER_BYTES = 1 << 16
NONE = "none"
"""The label in the data of pictures that have none of the process's labels."""
MAX_NAMED = 12
"""Columns that an error names."""
_DELIMITERS = re.compile(r"[,;\t]")


@dataclass(frozen=True)
class LabelledPicture:
    """What is kept of a picture."""

    features: NDArray[np.float32]
    """As the picture encoder gives them."""
    key: bytes
    """64 bits that stand for its pixels; for its features, where no more of it was kept."""
    kept_key: bytes
    """64 bits that stand for its features as results keep them."""
    thumbnail: bytes
    """A small JPEG."""


@dataclass(frozen=True)
class LabelledRow:
    """One labelled record; `label` is None where the process does not know it."""

    record: int
    """Its place in the file, from 1. In a further file the places go on."""
    text: str
    """Of a picture, its name."""
    fields: Mapping[str, str]
    label: str | None
    named: str
    """The label as it stands in the data."""
    picture: LabelledPicture | None = None


@dataclass(frozen=True)
class LabelledData:
    """Labelled records of one file, or of several."""

    file: str
    """Its name; several are joined by commas."""
    sha256: str
    """Of the file; of several, of their digests one after the other."""
    rows: tuple[LabelledRow, ...]
    left_out: int
    """Rows without text, label or number, or with more text than a record may have."""

    @property
    def known(self) -> tuple[LabelledRow, ...]:
        """The rows whose label the process has."""
        return tuple(row for row in self.rows if row.label is not None)

    @property
    def unknown(self) -> tuple[LabelledRow, ...]:
        """The rows with a label that the process does not know: out of its scope."""
        return tuple(row for row in self.rows if row.label is None)


def left_out_note(labelled: LabelledData) -> str:
    """A line on the rows left out."""
    rows = "1 row" if labelled.left_out == 1 else f"{labelled.left_out:,} rows"
    if any(row.picture for row in labelled.rows):
        return f"Left out: {rows} (no picture that can be read)."
    return f"Left out: {rows} (no text, label or number, or too long)."


_NAME = re.compile(r"[\w#](?:[\w.()/%#-]|[ ](?!$)){,39}(?<![.])")
"""What a column may be called where a message names it: a text has commas, quotes, full stops."""
_TABLES = {".csv", ".tsv", ".tab", ".psv"}
_LONGEST_QUOTED = 40
"""Characters of a name that a message shows: what is longer may be a text, in the wrong column."""


def unknown_labels_note(labelled: LabelledData, process: str) -> str:
    """A line on the rows with a label that the process does not know."""
    count = len(labelled.unknown)
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    some = shown_label(labelled.unknown[0].named)
    return (
        f"{rows} a label that {process} does not have, such as {some}: "
        "they count as out of scope, and as mistakes if they are accepted."
    )


@dataclass(frozen=True)
class LabelledTable:
    """The rows of a table that have what is needed, each with the label that it names."""

    rows: tuple[tuple[Record, str], ...]
    left_out: int


def read_table(
    path: Path,
    label_column: str,
    text_columns: Sequence[str],
    numeric_columns: Sequence[str],
    case_columns: Sequence[str] | None = None,
) -> LabelledTable:
    """The rows with a text (where text columns are given), every number, and a label.

    Args:
        case_columns: Columns with the case id that rows are joined by; None: they are not.

    Raises:
        TrainingDataError: There is no such column, or no such row, or a case has two labels.
    """
    rows: list[tuple[Record, str]] = []
    left_out = 0
    unnamed = False
    wanted = plain_name(label_column)
    budget = RecordBudget()
    for line, own in _named_lines(path, text_columns, numeric_columns, wanted, case_columns):
        if not isinstance(line, Record) or line.unread or budget.rejection(line.text, count):
            left_out += 1
            continue
        cells = (*own.items(), *line.fields.items())
        cell = next((value for name, value in cells if plain_name(name) == wanted), None)
        unnamed |= cell is None
        if cell is None or not cell.strip() or wrong_column(line.fields, numeric_columns):
            left_out += 1
            continue
        rows.append((line, " ".join(cell.split())))
    if not rows and unnamed:
        beside = " beside that of the text" if wanted in map(plain_name, text_columns) else ""
        raise TrainingDataError(
            f"{name_of(path)} has no column {label_column}{beside}.",
            hint=f"Name the column with the true label: --label-column C, {one_of(path)}.",
        )
    if not rows:
        what = "a label and a number in each column" if numeric_columns else "a text and a label"
        raise TrainingDataError(
            f"{name_of(path)} holds no row with {what}.",
            hint=f"Name the columns with --text-column and --label-column, {one_of(path)}.",
        )
    return LabelledTable(tuple(rows), left_out)


def _named_lines(
    path: Path,
    text_columns: Sequence[str],
    numeric_columns: Sequence[str],
    label_column: str,
    case_columns: Sequence[str] | None,
) -> "Iterator[Line]":
    """The lines; without a text column the error says with which option to name it."""
    try:
        yield from _lines(path, text_columns, numeric_columns, label_column, case_columns)
    except NoTextColumnError as error:
        raise NoTextColumnError(
            error.message, hint=f"Name the column with the text: --text-column C, {one_of(path)}."
        ) from None


def one_of(path: Path) -> str:
    """`one of id, note, label`: the columns of a table, as its first line names them."""
    names = [name for name in _header(path) if name]
    if path.suffix.lower() not in _TABLES or not all(map(_NAME.fullmatch, names)):
        return "one of the names in its first line"  # which may be a text, not a header
    shown = ", ".join(printable(name) for name in names[:MAX_NAMED])
    return f"one of {shown}{', ...' if len(names) > MAX_NAMED else ''}"


def shown_label(label: str) -> str:
    """A label in quotes, for a message; a long one may be a record's text and is not shown."""
    if len(label) > _LONGEST_QUOTED:
        return f"one of {len(label):,} characters"
    return repr(label)


def printable(text: str) -> str:
    """A text that a comment of a file may hold: `?` for what is not printable."""
    return "".join(c if c.isprintable() else "?" for c in text)


def default_label_column(path: Path) -> str | None:
    """The column with the label if a file is an export of reviews, else None.

    A spreadsheet may have saved it again, with another delimiter.
    """
    return DECISION_COLUMN if set(_header(path)).issuperset(COLUMNS) else None


def label_column_in(path: Path, given: str) -> str:
    """The column with the label in one of several files: an export has its own."""
    if plain_name(given) in map(plain_name, _header(path)):
        return given
    return default_label_column(path) or given


def _header(path: Path) -> list[str]:
    with path.open("rb") as stream:
        first = stream.readline(_HEADER_BYTES).decode("utf-8-sig", "replace")
    return [cell.strip().strip('"') for cell in _DELIMITERS.split(first)]


Line = tuple[Record | InvalidRecord, Mapping[str, str]]
"""A record, and the columns of an export that are not the record's own fields."""


def _lines(
    path: Path,
    text_columns: Sequence[str],
    numeric_columns: Sequence[str],
    label_column: str,
    case_columns: Sequence[str] | None,
) -> Iterator[Line]:
    limits = ReadLimits()
    if default_label_column(path) is not None:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            exported = read_export(text, limits.max_line_chars)
            if exported is not None:
                yield from _exported(path, exported, text_columns)
                return
    with (
        path.open("rb") as stream,
        Source(
            stream,
            path.name,
            text_columns,
            case_columns or (),
            limits,
            numeric_columns=tuple(numeric_columns),
            unit="row",
            answers_beside=False,  # a label is given
        ) as source,
    ):
        lines: Iterator[Record | InvalidRecord] = map(_restored, read(source))
        if case_columns is not None:
            lines = joined(source, _one_label_a_case(lines, label_column, path.name))
        for line in lines:
            yield line, {}


def _one_label_a_case(
    lines: Iterable[Record | InvalidRecord], label_column: str, file: str
) -> Iterator[Record | InvalidRecord]:
    """The lines. Raises TrainingDataError where one has another label than one of its case."""
    known: dict[str, tuple[str, int]] = {}
    for line in lines:
        case = (line.source_id or "").strip()
        if case and isinstance(line, Record):
            cells = line.fields.items()
            cell = next((value for name, value in cells if plain_name(name) == label_column), "")
            if label := " ".join(cell.split()):
                first, record = known.setdefault(case, (label, line.record))
                if first != label:
                    raise TrainingDataError(
                        f"{file} gives the records {record:,} and {line.record:,} two labels, and "
                        "they are one case: give a case one label."
                    )
        yield line


def _exported(path: Path, rows: Iterator[ReadRow], text_columns: Sequence[str]) -> Iterator[Line]:
    """The records of an export of reviews: its `text`, or a field that is asked for instead."""
    asked = plain_name(text_columns[0]) if len(text_columns) == 1 else ""
    try:
        for number, row in enumerate(rows, 1):
            fields = (cell for name, cell in row.fields.items() if plain_name(name) == asked)
            text = next(fields, row.own[TEXT_COLUMN]) if text_columns else ""
            if text_columns and not text.strip():
                reason = "Its text is empty."
                yield InvalidRecord(record=number, code="text_empty", reason=reason), {}
                continue
            yield Record(record=number, line=row.line, text=text, fields=row.fields), row.own
    except csv.Error:
        raise TrainingDataError(
            f"{name_of(path)} is an export of reviews that was damaged: a quote is not closed."
        ) from None


def _restored(line: Record | InvalidRecord) -> Record | InvalidRecord:
    """A row of an export that a spreadsheet has saved again, with its texts restored."""
    if not isinstance(line, Record) or line.fields.get(FORMAT_COLUMN) != FORMAT:
        return line
    fields = {restored(name): restored(cell) for name, cell in line.fields.items()}
    return line.model_copy(update={"text": restored(line.text), "fields": fields})


def read_labelled(
    path: Path,
    definition: ProcessDefinition,
    label_column: str,
    text_column: str | None = None,
) -> LabelledData:
    """The labelled rows of a table, as a process takes them.

    Args:
        text_column: None: the process's own, or none where it takes numbers alone.

    Raises:
        TrainingDataError: There is no such column, or no usable row.
    """
    texts = definition.input.text_columns if text_column is None else (text_column,)
    columns = definition.input
    cases = columns.id_columns if columns.case == "join" else None
    table = read_table(path, label_column, texts, columns.numeric_columns, cases)
    label_of = label_finder(definition)
    rows = tuple(
        LabelledRow(line.record, line.text, line.fields, label_of(named), named)
        for line, named in table.rows
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LabelledData(name_of(path), digest, rows, table.left_out)


def read_labelled_files(
    paths: Sequence[Path],
    definition: ProcessDefinition,
    label_column: str,
    text_column: str | None = None,
) -> LabelledData:
    """The labelled rows of several tables, one file after the other.

    An export of reviews among them needs no column of the others' name: its label is `decision`.

    Raises:
        TrainingDataError: As `read_labelled`, for each file.
    """
    if len(paths) == 1:
        return read_labelled(paths[0], definition, label_column, text_column)
    rows: list[LabelledRow] = []
    left_out = lines = 0
    digest = hashlib.sha256()
    for path in paths:
        part = read_labelled(path, definition, label_column_in(path, label_column), text_column)
        rows += [replace(row, record=row.record + lines) for row in part.rows]
        left_out += part.left_out
        lines += len(part.rows) + part.left_out
        digest.update(bytes.fromhex(part.sha256))
    names = ", ".join(name_of(path) for path in paths)
    return LabelledData(names, digest.hexdigest(), tuple(rows), left_out)


def labels_of(definition: ProcessDefinition) -> tuple[str, ...]:
    """What a process decides between."""
    if isinstance(definition, CriteriaProcess):
        return VERDICTS
    return tuple(label.id for label in definition.labels)


def label_finder(definition: ProcessDefinition) -> Callable[[str], str | None]:
    """From what data call a label to its id.

    An id or title as it stands goes first; then one that is alike but for case, blanks and
    punctuation, where only one label is. A sign that negates or doubts is no punctuation.
    """
    if isinstance(definition, CriteriaProcess):
        names = [(label, label) for label in VERDICTS]
        names += [(name, "undetermined") for name in _OPEN]
    else:
        names = [
            (" ".join(label.title.split()), label.id) for label in definition.labels if label.title
        ]
        names += [(label.id, label.id) for label in definition.labels]
    exact = dict(names)
    alike: dict[str, set[str]] = defaultdict(set)
    for name, label in names:
        alike[_plain(name)].add(label)

    def find(named: str) -> str | None:
        if named in exact:
            return exact[named]
        found = alike.get(_plain(named), set())
        return next(iter(found)) if len(found) == 1 and _plain(named) else None

    return find


def is_of_none(row: LabelledRow) -> bool:
    """Whether the data say that a row has none of the process's labels."""
    return row.label is None and _plain(row.named) == NONE


def features_of(rows: Sequence[LabelledRow]) -> NDArray[np.float32]:
    """The features of labelled pictures, shape [rows, 1280]."""
    return np.stack([row.picture.features for row in rows if row.picture is not None])


def keys_of(
    rows: Sequence[LabelledRow], numeric_columns: Sequence[str], cells_read: Sequence[str] = ()
) -> NDArray[np.uint64]:
    """64 bits that stand for what a judge sees of each row.

    Args:
        rows: The rows.
        numeric_columns: The columns that a head takes numbers from.
        cells_read: The columns that criteria read; where there are none, a key is as it was before
            criteria read any.
    """
    if rows and rows[0].picture is not None:
        keys = [row.picture.key for row in rows if row.picture is not None]
        return np.frombuffer(b"".join(keys), np.uint64)
    numbers = numbers_of([row.fields for row in rows], numeric_columns, len(rows))
    wanted = tuple(map(plain_name, cells_read))
    digests = [
        hashlib.blake2b(
            row.text.encode() + b"\0" + values.tobytes() + _cells(row, wanted), digest_size=8
        ).digest()
        for row, values in zip(rows, numbers, strict=True)
    ]
    return np.frombuffer(b"".join(digests), np.uint64)


def copy_keys_of(
    rows: Sequence[LabelledRow], numeric_columns: Sequence[str], cells_read: Sequence[str] = ()
) -> NDArray[np.uint64]:
    """64 bits that stand for the words of each row: the same whatever their layout is."""
    plain = [replace(row, text=normalised(row.text)) for row in rows]
    return keys_of(plain, numeric_columns, cells_read)


def record_groups(
    definition: ProcessDefinition,
    rows: Sequence[LabelledRow],
    groups: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """The group of each row: near copies are one record.

    Where numbers are judged, too, rows with other numbers are other records. Rows without words
    are one where a judge cannot tell them apart.

    Args:
        definition: The process.
        rows: The rows.
        groups: Those of their texts; None: they are looked for.
    """
    if groups is None:
        groups = near_copies([row.text for row in rows])
    numeric, cells = definition.input.numeric_columns, definition.cells_read
    if not numeric and all(normalised(row.text) for row in rows):
        return groups
    keys = keys_of([replace(row, text="") for row in rows], numeric, cells)
    own = [bool(numeric) or not normalised(row.text) for row in rows]
    pairs = np.stack([groups.astype(np.uint64), np.where(own, keys, np.uint64(0))], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)


def layouts_of(text: str) -> tuple[str, ...]:
    """A text as it stands, and as programs that save it again may have changed it."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return tuple(dict.fromkeys((text, lines, lines.strip(), " ".join(lines.split()))))


def kept_key(kept: str) -> bytes:
    """64 bits that stand for a picture's features, as results keep them."""
    return hashlib.sha256(kept.encode()).digest()[:8]


def kept_keys_of(rows: Sequence[LabelledRow]) -> NDArray[np.uint64] | None:
    """64 bits that stand for what results keep of each row's picture; None: rows are texts."""
    if not rows or rows[0].picture is None:
        return None
    keys = [row.picture.kept_key for row in rows if row.picture is not None]
    return np.frombuffer(b"".join(keys), np.uint64)


def _cells(row: LabelledRow, wanted: Sequence[str]) -> bytes:
    if not wanted:
        return b""
    cells = {plain_name(name): value for name, value in row.fields.items()}
    return json.dumps([cells.get(name) for name in wanted]).encode()


def _plain(name: str) -> str:
    """A name without case, blanks and punctuation; what negates or doubts is none.

    >>> _plain("Not met."), _plain("not-met"), _plain("met?"), _plain("HER2-")
    ('notmet', 'notmet', 'met?', 'her2-')
    """
    text = nfkc(name).casefold().translate(_DASHES).strip()
    if _IN_DOUBT.search(text):
        return text
    # At either end stands what is no letter, digit or blank.
    return "".join(
        char
        for before, char, after in zip("." + text, text, text[1:] + ".", strict=False)
        if not _is_dropped(before, char, after)
    )


def _is_dropped(before: str, char: str, after: str) -> bool:
    """Whether a character makes no difference between names, by those beside it."""
    if char == "!" and before.isalnum() and after == ".":
        return True  # it stresses; in front it negates
    if char in _NO_PUNCTUATION or unicodedata.category(char)[0] not in "PZC":
        return False
    if before.isdigit() and after.isdigit():
        return False  # 1.5, 1-5 and 1 5 are not 15
    if char != "-":
        return True
    # A hyphen, or a dash between blanks; else it is a minus.
    return (before.isalnum() and after.isalnum()) or before == after == " "
