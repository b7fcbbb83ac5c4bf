"""A process of the labels that data name, for a head to be trained on."""

import re
from collections.abc import Sequence
from pathlib import Path

from winnow.errors import TrainingDataError
from winnow.tables.columns import plain_name
from winnow_train.data import LabelledTable, label_column_in, printable, read_table, shown_label

_LONGEST_ID = 64
_ID = re.compile(r"(?i:(?:^|[\W_])id$|^(?:case|record|ticket)$)|[a-z]I[Dd]$")
"""Names of columns of ids: `id`, `case_id`, `caseId`, `ticket`; not `paid`."""
_LONGEST_TITLE = 1_000


def new_process(
    process_id: str,
    data: Sequence[Path],
    label_column: str,
    text_column: str | None,
    numeric_columns: tuple[str, ...],
    id_column: str | None = None,
) -> str:
    """The YAML of a process: its labels without examples, named as in the data, ids made of that.

    Args:
        text_column: None: `text`, or no text where there are numeric columns.
        id_column: None: the column that looks like it, if one does.

    Raises:
        TrainingDataError: The data name fewer than two labels, or two alike but for case.
    """
    reads_text = text_column is not None or not numeric_columns
    texts = (text_column or "text",) if reads_text else ()
    tables = [
        read_table(path, label_column_in(path, label_column), texts, numeric_columns)
        for path in data
    ]
    names = sorted({named for table in tables for _, named in table.rows})
    files = ", ".join(path.name for path in data)
    if len(names) < 2:
        raise TrainingDataError(
            f"{files} names one label alone in {label_column}: there is nothing to tell apart."
        )
    if id_column is None:
        id_column = _id_column(tables, {label_column, *texts, *numeric_columns})
    lines = [
        f"# Made by `winnow train --create` from {printable(files)}; its labels are taught by "
        "the head.",
        f"id: {quoted(process_id)}",
        "version: 1.0.0",
        "kind: labels",
        f"title: {quoted(process_id)}",
        "input:",
        f"  text_columns: [{', '.join(map(quoted, texts))}]",
        *(
            [f"  numeric_columns: [{', '.join(map(quoted, numeric_columns))}]"]
            if numeric_columns
            else []
        ),
        *([f"  id_columns: [{quoted(id_column)}]"] if id_column else []),
        "threshold: 0.7",
        "labels:",
        *(f"  - {{id: {quoted(made)}, title: {quoted(name)}}}" for made, name in _ids(names)),
    ]
    return "\n".join(lines) + "\n"


def _id_column(tables: Sequence[LabelledTable], taken: set[str]) -> str | None:
    """The first column that is called an id, and has another value in each row."""
    rows = [record.fields for table in tables for record, _ in table.rows]
    used = {plain_name(name) for name in taken}
    for name in rows[0] if rows else ():
        values = [fields.get(name, "").strip() for fields in rows]
        named = _ID.search(name.strip()) is not None
        distinct = all(values) and len(set(values)) == len(values)
        if named and distinct and plain_name(name) not in used:
            return name
    return None


def _ids(names: list[str]) -> list[tuple[str, str]]:
    """An id for each name: its letters and digits, and a number where those are taken."""
    ids: list[tuple[str, str]] = []
    taken: dict[str, str] = {}
    plain: dict[str, str] = {}
    for name in names:
        if len(name) > _LONGEST_TITLE:
            raise TrainingDataError(
                f"A label of {len(name):,} characters is longer than {_LONGEST_TITLE:,}: is "
                "--label-column the column with the label?"
            )
        if (same := plain.setdefault(name.casefold(), name)) != name:
            both = " and ".join(shown_label(printable(one)) for one in (same, name))
            raise TrainingDataError(
                f"The labels {both} differ in case alone: give both one spelling."
            )
        base = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:_LONGEST_ID] or "label"
        made, number = base, 1
        while made.casefold() in taken:
            number += 1
            made = f"{base[: _LONGEST_ID - 1 - len(str(number))]}-{number}"
        taken[made.casefold()] = name
        ids.append((made, name))
    return ids


def quoted(text: str) -> str:
    """A double-quoted YAML scalar."""

    def escaped(char: str) -> str:
        if char in '"\\':
            return "\\" + char
        return char if char.isprintable() else f"\\U{ord(char):08x}"

    return f'"{"".join(map(escaped, text))}"'
