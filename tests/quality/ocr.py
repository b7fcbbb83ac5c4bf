"""How many words OCR gets right: `python -m tests.quality.ocr` writes them into docs/formats.md.

Word accuracy is 1 - (substituted + left out + added words) / words of the truth, by the least edit
distance of the word sequences, not below 0. Before, both texts are brought to NFKC, dashes and
quotes to their plain forms, and punctuation at the ends of words is left out; case counts.
`--only-print` leaves the document alone. WINNOW_DATA names the folder of the shared data.
"""

import csv
import json
import os
import re
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rapidfuzz.distance import Levenshtein

from tests.fakes import scans
from winnow.limits.reading import ReadLimits
from winnow.readers.ocr import Pictures
from winnow.readers.pages.sentences import sentences_of
from winnow_ocr.pages import Pages
from winnow_ocr.rapid import RapidEngine

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "formats.md"
BEGIN, END = "<!-- ocr: python -m tests.quality.ocr -->", "<!-- /ocr -->"
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', **dict.fromkeys("‐‑–—", "-")})
_EDGES = re.compile(r"^\W+|\W+$")


def words(text: str) -> list[str]:
    """The words of a text as they are compared."""
    plain = unicodedata.normalize("NFKC", text).translate(_PLAIN).replace("-", " ")
    return [word for part in plain.split() if (word := _EDGES.sub("", part))]


def accuracy(truth: str, read: str) -> float:
    """Word accuracy from 0 to 1."""
    expected = words(truth)
    return max(0.0, 1 - Levenshtein.distance(expected, words(read)) / len(expected))


def cases() -> list[str]:
    """The notes of the sample cases, two a page."""
    with (ROOT / "samples" / "prior-auth-cases.csv").open(encoding="utf-8", newline="") as file:
        notes = [row["note"] for row in csv.DictReader(file) if row["note"]]
    return ["\n\n".join(notes[at : at + 2]) for at in range(0, len(notes), 2)]


class Reading:
    """What OCR makes of a file, how sure it is and how long it takes."""

    def __init__(self, reader: Pages, file: IO[bytes], kind: Pictures) -> None:
        started = time.process_time()
        pages = list(reader(file, kind, None))
        self.seconds = (time.process_time() - started) / len(pages)
        self.text = "".join(piece.text for piece in sentences_of(pages)[0])
        lines = [(len(line.text), line.confidence or 0.0) for p in pages for line in p.lines]
        chars = sum(length for length, _ in lines)
        self.confidence = sum(length * sure for length, sure in lines) / max(chars, 1)
        self.pages = len(pages)


def measure(reader: Pages) -> Iterator[tuple[str, int, float | None, float, float]]:
    """Name, pages, word accuracy (None: no truth), mean confidence, processor seconds a page."""
    for name, make in scans.QUALITIES.items():
        readings = []
        for text in cases():
            with tempfile.TemporaryFile() as file:
                file.write(scans.packed(make(text)))
                file.flush()
                readings.append((text, Reading(reader, file, "png")))
        right = sum(accuracy(t, r.text) * len(words(t)) for t, r in readings)
        count = len(readings)
        yield (
            f"sample cases, {name}",
            count,
            right / sum(len(words(t)) for t, _ in readings),
            sum(r.confidence for _, r in readings) / count,
            sum(r.seconds for _, r in readings) / count,
        )
    folder = Path(os.environ.get("WINNOW_DATA", "")) / "documents"
    files: list[tuple[str, Pictures, str | None]] = [
        ("ocrmypdf_linn.pdf", "pdf", "ocrmypdf_linn.txt"),
        ("pytesseract_test.png", "png", None),
        ("markitdown_MEDRPT-2024-PAT-3847_medical_report_scan.pdf", "pdf", None),
    ]
    for name, kind, truth in files if "WINNOW_DATA" in os.environ else ():
        with (folder / name).open("rb") as opened:
            reading = Reading(reader, opened, kind)
        right_share = accuracy((folder / truth).read_text("utf-8"), reading.text) if truth else None
        if name == "pytesseract_test.png":
            right_share = accuracy(PYTESSERACT, reading.text)
        yield name, reading.pages, right_share, reading.confidence, reading.seconds


PYTESSERACT = (
    "This is a lot of 12 point text to test the ocr code and see if it works on all types of file "
    "format. " + "The quick brown dog jumped over the lazy fox. " * 4
)
"""What stands on the picture, typed by hand."""


def table(rows: list[tuple[str, int, float | None, float, float]]) -> str:
    """The measurements as Markdown."""
    head = [
        "| pages | number | word accuracy | mean confidence | processor seconds a page |",
        "|---|---|---|---|---|",
    ]
    return "\n".join(
        head
        + [
            f"| {name} | {pages} | {'no truth' if right is None else f'{right:.3f}'} "
            f"| {sure:.3f} | {seconds:.1f} |"
            for name, pages, right, sure, seconds in rows
        ]
    )


def write(rows: list[tuple[str, int, float | None, float, float]]) -> None:
    """Put the table into the document, in place of the one that is there."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{DOCUMENT.name} has lost its markers")
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    measured = list(measure(Pages(RapidEngine(), ReadLimits(), time.monotonic)))
    if "--only-print" not in sys.argv[1:]:
        write(measured)
    print(json.dumps(measured, indent=1))
