"""Makes samples/prior-auth-scan.pdf: `python -m tests.fakes.make_scan_sample`.

The sample note as a fax machine would have sent it: 200 dpi, black or white, a little askew.
"""

from pathlib import Path

from PIL import Image

from tests.fakes import scans

SAMPLES = Path(__file__).parents[2] / "samples"


def main() -> None:
    """Write the file."""
    note = (SAMPLES / "prior-auth-note.txt").read_text(encoding="utf-8")
    askew = scans.page(note).rotate(-0.4, Image.Resampling.BICUBIC, fillcolor=255)
    fax = askew.point(lambda value: 255 * (value > 140)).convert("1")
    (SAMPLES / "prior-auth-scan.pdf").write_bytes(scans.pdf([fax]))


if __name__ == "__main__":
    main()
