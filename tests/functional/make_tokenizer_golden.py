"""Writes data/tokenizer.jsonl: lines of our own and what the reference tokeniser makes of them.

Run it when awkward_lines.py changes: python -m tests.functional.make_tokenizer_golden
"""

import json
import tempfile
from pathlib import Path

from tests.functional.awkward_lines import awkward_lines
from winnow_model.reference import Reference

GOLDEN = Path(__file__).parent / "data" / "tokenizer.jsonl"


def main() -> None:
    lines = awkward_lines(seed=1, count=3000)
    with tempfile.TemporaryDirectory() as folder:
        ids = Reference(Path(folder))(lines)
    with GOLDEN.open("w", encoding="ascii") as stream:
        for line, expected in zip(lines, ids, strict=True):
            stream.write(json.dumps([line, expected], separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
