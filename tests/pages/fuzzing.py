"""What each reader has had of fuzzing, from the record of the campaign."""

import json
from itertools import groupby

from tests.fuzz.campaign import RECORD, Fuzzed, reader_of
from tests.pages.blocks import code, table


def blocks() -> dict[str, str]:
    """Return the block of docs/formats.md that says how long each reader was fuzzed."""
    record: dict[str, Fuzzed] = json.loads(RECORD.read_text("utf-8"))
    by_reader = sorted(record, key=lambda target: (target == "any", reader_of(target)))
    rows = [
        _row(reader, list(targets), record) for reader, targets in groupby(by_reader, reader_of)
    ]
    header = ("reader", "kinds of file", "processor time", "inputs")
    return {"fuzzing": table(header, [*rows, _row("all", [], record)])}


def _row(reader: str, targets: list[str], record: dict[str, Fuzzed]) -> tuple[str, str, str, str]:
    had = [record[target] for target in targets or record]
    return (
        "all" if reader == "all" else _name(reader),
        " ".join(map(code, targets)),
        f"{sum(each['cpu_seconds'] for each in had) / 60:,.0f} min",
        f"{sum(each['inputs'] for each in had):,}",
    )


def _name(reader: str) -> str:
    return (
        "each, as the file's content says"
        if reader == "any"
        else code(reader.removeprefix("winnow."))
    )
