"""What is imported up to the first classified record, and why: `python -m tests.bench.imports`.

As `-X importtime` has it, but in CPU time, which other work on the machine does not change: of each
module the least of several fresh processes. Prints the table of docs/benchmarks.md.
"""

import compileall
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from pathlib import Path

from winnow.processes.registry import ProcessRegistry

ROOT = Path(__file__).parents[2]
ROUNDS = 15
VARIABLES = {"PYDANTIC_DISABLE_PLUGINS": "1", "OPENBLAS_NUM_THREADS": "1"}
_TIMED = """
import atexit, importlib._bootstrap as machinery, json, runpy, sys, time
own, open_, load = {}, [0], machinery._find_and_load_unlocked
def timed(name, import_):
    began = time.process_time_ns()
    open_.append(0)
    try:
        return load(name, import_)
    finally:
        whole = time.process_time_ns() - began
        own[name] = whole - open_.pop()
        open_[-1] += whole
machinery._find_and_load_unlocked = timed
atexit.register(lambda: print(json.dumps(own)))
runpy.run_module("tests.bench.child", run_name="__main__")
"""
"""What prints, at the end, the nanoseconds of each import without those that it makes itself."""
_OURS = "winnow"
_STANDARD = "standard library"
REASONS = {
    _OURS: "reading and judging a record; models of definitions and results; no other judge",
    "winnow_encoder": "tokens, batches, verified files",
    "numpy": "vectors and products",
    "pydantic": "definition and manifest are validated; with `pydantic_core` and what it needs",
    "rapidfuzz": "misspelt and inflected words",
    "ai_edge_litert": "the interpreter of the encoder",
    _STANDARD: "what all of these import",
}
_OF_PYDANTIC = ("pydantic_core", "annotated_types", "typing_inspection", "typing_extensions")


def package(module: str) -> str:
    """The row of the table that a module belongs to."""
    top = module.partition(".")[0]
    if top in _OF_PYDANTIC:
        return "pydantic"
    return top if top in REASONS else _STANDARD


def measure(rounds: int = ROUNDS) -> dict[str, int]:
    """The least nanoseconds by module."""
    compileall.compile_dir(ROOT / "layers", quiet=1)  # as in the images
    paths = [ROOT / "layers" / "core" / "python", ROOT / "layers" / "encoder" / "python"]
    places = [*map(str, paths), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    variables = {**os.environ, **VARIABLES, "PYTHONPATH": os.pathsep.join(places)}
    least: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as scratch:
        definition = Path(scratch) / "definition.json"
        book = ProcessRegistry.from_directory(ROOT / "processes")
        definition.write_text(book.find("L33774").model_dump_json(), "utf-8")
        call = [sys.executable, "-S", "-c", _TIMED, "first-record", "litert", "0", str(definition)]
        for _ in range(rounds):
            done = subprocess.run(
                call, cwd=ROOT, env=variables, capture_output=True, text=True, check=True
            )
            for module, own in json.loads(done.stdout.splitlines()[-1]).items():
                if not module.startswith("tests"):
                    least[module] = min(own, least.get(module, own))
    return least


def table(least: dict[str, int]) -> str:
    """A line for each package."""
    times: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for module, own in least.items():
        times[package(module)] += own
        modules[package(module)] += 1
    rows = [
        f"| {name} | {modules[name]} | {times[name] / 1e6:.0f} | {reason} |"
        for name, reason in REASONS.items()
    ]
    return "\n".join(["| imported | modules | CPU ms | why |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    print(table(measure()))
