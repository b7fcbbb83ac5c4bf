"""A process of the labels that data name, for a head to be trained on."""

import re
from pathlib import Path

from winnow.errors import TrainingDataError
from winnow.process import load_definition
from winnow_train.data import read_column


def create_process(
    folder: Path,
    process_id: str,
    data: Path,
    label_column: str,
    text_column: str | None,
    numeric_columns: tuple[str, ...],
) -> Path:
    """Write `<process_id>.yaml`: its labels without examples, ids made of the data's names.

    :raises TrainingDataError: the data name fewer than two labels, or two that make one id
    :raises ProcessInvalidError: the id is none
    """
    named = sorted({name.strip() for name in read_column(data, label_column) if name.strip()})
    ids: dict[str, str] = {}
    for name in named:
        made = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:64] or f"label-{len(ids)}"
        if made.casefold() in (known.casefold() for known in ids):
            raise TrainingDataError(
                f"The labels {ids.get(made, made)!r} and {name!r} are too alike."
            )
        ids[made] = name
    if len(ids) < 2:
        raise TrainingDataError(f"{data.name} names {len(ids)} labels in {label_column}.")
    reads_text = text_column is not None or not numeric_columns
    texts = f"[{_quoted(text_column or 'text')}]" if reads_text else "[]"
    numbers = ", ".join(_quoted(name) for name in numeric_columns)
    lines = [
        f"# Made by `winnow train --create` from {data.name}; its labels are taught by the head.",
        f"id: {process_id}",
        "version: 1.0.0",
        "kind: labels",
        f"title: {_quoted(process_id)}",
        "input:",
        f"  text_columns: {texts}",
        *([f"  numeric_columns: [{numbers}]"] if numeric_columns else []),
        "threshold: 0.7",
        "labels:",
        *(f"  - {{id: {made}, title: {_quoted(name)}}}" for made, name in ids.items()),
    ]
    text = "\n".join(lines) + "\n"
    file = folder / f"{process_id}.yaml"
    load_definition(text, file.name)
    file.write_text(text, encoding="utf-8")
    return file


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
