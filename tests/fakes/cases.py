"""A case in several files, as an archive, and a stack whose process joins them."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from PIL import Image

from tests.fakes import files, scans
from tests.fakes.stage import ROOT, Clock, Stage
from winnow.readers.ocr import Pictures
from winnow.readers.pages.geometry import Line, Page

ANEMIA = "The patient has iron deficiency anemia."
SAID = {60: "Colonoscopy was normal.", 61: "Upper endoscopy was normal."}
"""What the pictures say, by their width."""


def archive() -> bytes:
    """A letter, two pictures that say that an endoscopy was normal, and a file that is broken."""
    first, second = (scans.packed(Image.new("L", (width, 40), 255)) for width in SAID)
    return files.package(
        {"letter.txt": ANEMIA, "a.png": first, "b.png": second, "broken.pdf": b"%PDF-1.7 \0"}
    )


def ocr(file: IO[bytes], kind: Pictures, pages: Sequence[int] | None) -> Iterator[Page]:
    """Reads on a picture what one of its width says."""
    said = SAID[Image.open(file).width]
    jpeg = scans.packed(Image.new("L", (60, 40), 255), "JPEG")
    box = (0.1, 0.2, 0.9, 0.4)
    yield Page(1, 60, 40, (Line(said, 6, 8, 54, 16, 0.99, box),), jpeg)


def joining_stage(folder: Path, clock: Clock) -> Stage:
    """A stack with the process `letters`, in which the archive was dropped."""
    shutil.copy(ROOT / "tests" / "e2e" / "processes" / "letters.yaml", folder)
    stage = Stage(processes=folder, clock=clock, ocr=ocr)
    stage.drop(archive(), "inbox/letters/0a1b2c/case.zip")
    return stage
