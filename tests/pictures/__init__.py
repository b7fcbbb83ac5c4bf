"""The pictures of docs/pictures, made from what they show.

`make pictures` writes all of them; `python -m tests.pictures KIND...` writes some. One module a
kind: `terminal` (what commands print, as SVG), `report` and `mails` (pages in a browser, as PNG),
`review` (the review page, used by somebody), `menu` (a tour of the menu, recorded as SVG).
What is generated as text in the pages is in tests/pages.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
