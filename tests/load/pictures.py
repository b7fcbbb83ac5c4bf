"""One ZIP of many pictures, through the whole way; beside it a tenth of them, for the memory."""

import io
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from tests.fakes.two_wheels import drawing
from tests.load.watched import load_before, local_stack, table_of, wait, write
from winnow_cli.uploads import Uploads

PROCESS = "two-wheels"
KEY = f"inbox/{PROCESS}/load/pictures.zip"
DRAWN = 200
"""Drawings, of which all pictures are made: each another part of one, with a shade of its own."""
SIZE = (480, 360)
FLAT = 1.15
"""A worker's memory for all pictures over that for a tenth, beside PARTS: more is not flat."""
PARTS = 16
"""MB: Filter joins files from parts of 8 MB, its pieces beside it; a tenth fills none."""


class Went(NamedTuple):
    """How a ZIP went."""

    pictures: int
    size: int
    seconds: float
    outcomes: Counter[str]
    stored: int
    """Bytes of the results."""
    memory: Counter[str]
    """MB of the largest worker, by function."""
    spent: Counter[str]
    """Seconds of processor, by function."""
    emulator: int
    """MB"""


def packed(count: int) -> Path:
    """A ZIP of so many JPEG, no two alike, the same for a count. The caller deletes it."""
    rng = np.random.default_rng(count)
    things = ("bicycle", "motorcycle")
    files = (io.BytesIO(drawing(things[seed % 2], seed)) for seed in range(DRAWN))
    drawings = [Image.open(file).resize((800, 800)) for file in files]
    with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as target:
        with zipfile.ZipFile(target, "w") as archive:
            for number in range(count):
                left, top = (int(each) for each in rng.integers(0, (320, 440)))
                part = drawings[number % DRAWN].crop((left, top, left + SIZE[0], top + SIZE[1]))
                shade = Image.new("RGB", SIZE, tuple(int(each) for each in rng.integers(0, 256, 3)))
                out = io.BytesIO()
                Image.blend(part, shade, 0.15).save(out, "JPEG", quality=85)
                archive.writestr(f"{number:05}.jpg", out.getvalue())
        return Path(target.name)


def judged(count: int) -> Went:
    """So many pictures in one ZIP, on a stack of its own."""
    path = packed(count)
    try:
        with local_stack() as (target, _, memory):
            began = time.monotonic()
            target.s3().upload_file(str(path), target.uploads_bucket, KEY)
            seconds, _ = wait(target, 1, began)
            uploads = Uploads(target)
            row = uploads.by_key(KEY)
            if row is None or row.state != "SUCCEEDED":
                raise SystemExit(f"The ZIP was not judged: {row and row.error_code}.")
            result = uploads.result(row)
            most = memory.finish()
            stored = sum(
                target.s3().head_object(Bucket=ref.bucket, Key=ref.key)["ContentLength"]
                for ref in result.files.values()
            )
            return Went(
                pictures=count,
                size=path.stat().st_size,
                seconds=seconds,
                outcomes=Counter(result.counts.model_dump()),
                stored=stored,
                memory=memory.memory,
                spent=memory.seconds,
                emulator=most["emulator"],
            )
    finally:
        path.unlink()


def pictures(count: int) -> list[str]:
    """Judges them, writes the table, and returns what went wrong."""
    load = load_before()
    few, many = judged(count // 10), judged(count)
    print(f"{count} pictures: {many.seconds:.0f} s", flush=True)
    names = [name for name, spent in many.spent.most_common() if spent >= 1]
    outcomes = "; ".join(f"{many.outcomes[name]:,}" for name in ("accepted", "review", "invalid"))
    size = " x ".join(map(str, SIZE))
    rate = f"{count / many.seconds:.0f} a second"
    table = table_of(
        [
            (f"**pictures in one ZIP**, JPEG of {size}", f"{count:,}"),
            ("size of the ZIP", f"{many.size / 1e6:,.0f} MB"),
            ("all judged after", f"{many.seconds:.0f} s ({rate})"),
            ("accepted; for review; invalid", outcomes),
            ("size of the results", f"{many.stored / 1e6:,.0f} MB"),
            load,
        ]
    )
    functions = [
        f"| {name} | {many.spent[name]:.0f} s | {many.memory[name]} MB | {few.memory[name]} MB |"
        for name in names
    ]
    write(
        "pictures",
        [
            *table,
            "",
            f"| function | processor | most memory | with {few.pictures:,} pictures |",
            "|---|---|---|---|",
            *functions,
            f"| the emulator | | {many.emulator} MB | {few.emulator} MB |",
        ],
    )
    problems = [
        f"{went.outcomes['records']} of {went.pictures} pictures have a result"
        for went in (few, many)
        if went.outcomes["records"] != went.pictures
    ]
    problems += [
        f"the memory of {name} grows with the pictures"
        for name in names
        if many.memory[name] > FLAT * few.memory[name] + PARTS
    ]
    return problems
