"""Makes the projection of the search index, and measures it: `python -m tests.quality.projection`.

The greatest principal components (without centring: cosines are kept) of the vectors of public
texts: the rows of this repository, ACI-Bench and BANKING77. It is measured on texts that it was not
made of: of the ten records most alike by exact cosines, how many are found. With `--write` it
replaces the file; then every index has to be built again, and the SHA-256 of the module changed.
"""

import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.quality.row import ROOT, data_folder
from winnow.judging.text.vectors import encode_segments, packed
from winnow_encoder import load_encoder
from winnow_search.projection import DIMENSIONS, projected

TEXTS = 6_000
"""Of a source at most."""
QUERIES, ALIKE = 300, 10
FILE = ROOT / "layers" / "search" / "python" / "winnow_search" / "projection.npy"
_PIECES = re.compile(r"\n+|\[(?:doctor|patient)\]|(?<=\.) (?=[A-Z])")
_LEAST = 30
"""Characters of a piece of a note."""


def made_of() -> Iterator[list[str]]:
    """The texts that the projection is made of, by source."""
    own = sorted((ROOT / "tests" / "quality" / "data").rglob("*.csv"))
    yield [
        text for path in (*own, *sorted((ROOT / "samples").glob("*.csv"))) for text in longest(path)
    ]
    notes = data_folder() / "notes" / "aci_bench_notes.csv"
    yield [
        piece
        for name in ("note", "dialogue")
        for text in column(notes, name)
        for piece in pieces(text)
    ]
    yield column(data_folder() / "banking77" / "train.csv", "text")


def measured_on() -> Iterator[tuple[str, list[str]]]:
    """Texts that it is not made of."""
    yield "isear", column(data_folder() / "isear" / "isear-train.csv", "text")
    notes = column(data_folder() / "notes" / "mtsamples-400.csv", "transcription")
    yield "mtsamples", [piece for text in notes for piece in pieces(text)]
    with (data_folder() / "sts" / "stsb-en-train.csv").open(encoding="utf-8") as stream:
        yield "sts", [row[0] for row in csv.reader(stream) if row]


def column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        return [row[name] for row in csv.DictReader(stream) if row[name]]


def longest(path: Path) -> list[str]:
    """The column with the most text."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        rows = list(csv.DictReader(stream))
    name = max(rows[0], key=lambda name: sum(len(row[name] or "") for row in rows))
    return [row[name] for row in rows if row[name]]


def pieces(text: str) -> list[str]:
    return [piece.strip() for piece in _PIECES.split(text) if len(piece.strip()) > _LEAST]


class Encoded:
    """Vectors of a part of some texts, chosen by chance that is always the same."""

    def __init__(self) -> None:
        self._encoder = load_encoder(ROOT / "build" / "model")

    def __call__(self, texts: list[str], most: int = TEXTS) -> NDArray[np.float32]:
        distinct = list(dict.fromkeys(texts))
        chosen = sorted(np.random.default_rng(0).permutation(len(distinct))[:most])
        encoded = encode_segments([distinct[place] for place in chosen], self._encoder)
        return encoded.text_vectors()[0]


def components(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Shape [512, DIMENSIONS]."""
    rows = vectors.astype(np.float64)
    _, found = np.linalg.eigh(rows.T @ rows)
    kept = found[:, ::-1][:, :DIMENSIONS]
    matrix: NDArray[np.int8] = np.rint(kept * (127 / np.abs(kept).max())).astype(np.int8)
    return matrix


def recall(vectors: NDArray[np.float32]) -> float:
    """Of the ten most alike of each query, the share that the index finds, too."""
    whole = np.stack([np.frombuffer(row, np.int8) for row in packed(vectors) if row])
    small = projected(whole).astype(np.float64)
    small /= np.linalg.norm(small, axis=1, keepdims=True)
    exact = vectors[np.abs(vectors).max(axis=1) > 0].astype(np.float64)
    queries = np.random.default_rng(1).permutation(len(exact))[:QUERIES]
    true, found = most_alike(exact, queries), most_alike(small, queries)
    shares = [len({*a} & {*b}) / ALIKE for a, b in zip(true, found, strict=True)]
    return float(np.mean(shares))


def most_alike(rows: NDArray[np.float64], queries: NDArray[np.intp]) -> list[list[int]]:
    cosines = rows[queries] @ rows.T
    cosines[np.arange(len(queries)), queries] = -np.inf
    chosen: list[list[int]] = np.argpartition(-cosines, ALIKE, axis=1)[:, :ALIKE].tolist()
    return chosen


def main(arguments: list[str]) -> None:
    csv.field_size_limit(10**9)
    encoded = Encoded()
    if "--write" in arguments:
        stream = BytesIO()
        np.save(stream, components(np.concatenate([encoded(texts) for texts in made_of()])))
        FILE.write_bytes(stream.getvalue())
        print(hashlib.sha256(stream.getvalue()).hexdigest())
        return
    print(
        json.dumps({name: round(recall(encoded(texts, 3_000)), 3) for name, texts in measured_on()})
    )


if __name__ == "__main__":
    main(sys.argv[1:])
