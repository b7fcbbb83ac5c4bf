"""The pictures of docs/pictures and the diagrams of the docs, made from what they show.

`make pictures` writes all of them; `python -m tests.pictures KIND...` writes some. One module a
kind: `terminal` (what commands print, as SVG), `report` and `mails` (pages in a browser, as PNG),
`stack` and `states` (Mermaid text, from the template and from the workflow's definitions).
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
