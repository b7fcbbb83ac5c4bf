"""Whether Classify answers on arm64 as on x86-64: `python -m tests.arm`.

Runs the packages and the code of classify's image for arm64 under emulation, and the same code
here: the same sentences to encode, and the same chunk to judge. Prints one JSON document; fails if
a vector is too far from the one here, or a decision is another.
"""

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.arm.compare import Answer, apart, good
from tests.arm.function import assemble
from tests.arm.machine import FOLDER, Machine, machine
from tests.container.engine import ROOT
from tests.container.storage import RESULTS, Storage, storage
from tests.container.upload import for_classify, get, put
from tests.functional.awkward_lines import ODD, SENTENCES
from winnow.models import ChunkTask, Record
from winnow.storage.jsonl import dump_line
from winnow_encoder import load_encoder
from winnow_encoder.precomputed import read_precomputed

PROCESSORS = ("neoverse-n1", "neoverse-v1")
"""Emulated ones: those of Graviton2, which Lambda has, and Graviton3."""
Run = Callable[[str, dict[str, str]], None]
"""Runs the probe on a folder, with an environment."""
_PROBE = str(Path(__file__).with_name("probe.py"))
_MODEL = ROOT / "build" / "model"
_NOTES, _REFERENCES = 40, 100
"""Records of the chunk; sentences of the processes' references to encode."""


def sentences() -> list[str]:
    """Ordinary and odd ones, and some of those that the shipped processes refer to."""
    known = read_precomputed(_MODEL, "litert")
    if known is None:
        raise SystemExit(f"{_MODEL} has no references: run make model")
    return [*SENTENCES, *known[0][:_REFERENCES]]


def notes() -> list[str]:
    """Texts of the samples, of every kind of record."""
    with (ROOT / "samples" / "prior-auth-labelled.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["note"] for row in csv.DictReader(file)]
    return rows[:: len(rows) // _NOTES][:_NOTES]


def chunk(s3: Storage) -> ChunkTask:
    """A chunk of the notes, to judge by L33774."""
    task = ChunkTask.model_validate(for_classify(s3))
    lines = [dump_line(Record(record=n, text=text)) for n, text in enumerate(notes(), start=1)]
    put(s3, task.source, b"".join(lines))
    return task.model_copy(update={"records": len(lines)})


def answer(run: Run, texts: list[str], task: ChunkTask, s3: Storage) -> Answer:
    """What the probe makes of the texts and of the chunk."""
    settings = {"RESULTS_BUCKET": RESULTS, "MODEL_DIR": str(_MODEL)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "texts.json").write_text(json.dumps(texts), "utf-8")
        (folder / "event.json").write_text(task.model_dump_json(), "utf-8")
        run(name, {**s3.environment, **settings})
        return Answer.read(folder / "vectors.npz", get(s3, task.scored))


def here(path: str) -> Run:
    """Run the probe with this Python, whose packages have the versions of the image's."""

    def run(folder: str, environment: dict[str, str]) -> None:
        environment = environment | {"PYTHONPATH": path}
        subprocess.run([sys.executable, _PROBE, folder], check=True, env=environment)

    return run


def on(arm: Machine, processor: str, path: str) -> Run:
    """Run the probe on the emulated machine."""

    def run(folder: str, environment: dict[str, str]) -> None:
        environment = environment | {"PYTHONPATH": path}
        arm.python(_PROBE, folder, environment=environment, processor=processor)

    return run


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    arm = machine()
    code, packages = assemble("classify", arm)
    ordinary = sentences()
    texts = [*ordinary, *ODD]
    fp32 = load_encoder(_MODEL, "litert-fp32", precomputed=False)(ordinary)
    with tempfile.TemporaryDirectory() as folder, storage(Path(folder)) as s3:
        task = chunk(s3)
        expected = answer(here(str(code)), texts, task, s3)
        runs = {name: on(arm, name, f"{code}:{packages}") for name in PROCESSORS}
        found = {
            name: apart(answer(run, texts, task, s3), expected, fp32) for name, run in runs.items()
        }
    print(json.dumps({"x86_64": apart(expected, expected, fp32), **found}, indent=2))
    return 0 if all(map(good, found.values())) else 1


if __name__ == "__main__":
    raise SystemExit(main())
