"""What is run on both machines: `python probe.py FOLDER`, with the packages of classify's image.

Encodes FOLDER/texts.json into FOLDER/vectors.npz, all together and each alone, and gives the event
in FOLDER/event.json to the handler of classify.
"""

import importlib
import json
import os
import sys
from pathlib import Path

import numpy as np

from winnow_encoder import load_encoder
from winnow_encoder.batching import Vectors


def encode(texts: list[str]) -> tuple[Vectors, Vectors]:
    """The vectors of the texts: together, and each alone."""
    encoder = load_encoder(Path(os.environ["MODEL_DIR"]), precomputed=False)
    return encoder(texts), np.vstack([encoder([text]) for text in texts])


def main(folder: Path) -> None:
    texts = json.loads((folder / "texts.json").read_text("utf-8"))
    together, alone = encode(texts)
    np.savez(folder / "vectors.npz", together=together, alone=alone)
    handler = importlib.import_module("app").handler
    handler(json.loads((folder / "event.json").read_text("utf-8")), None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
