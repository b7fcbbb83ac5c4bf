"""Measure Winnow against its peers: writes build/bench.json and the tables of docs/benchmarks.md.

`python -m tests.bench` measures all, `python -m tests.bench engines imports` only those parts.

Every figure is taken in a process of its own. Rounds go round the engines, so that a machine that
gets slower does so for all of them; what is quoted are medians and ratios of medians.
"""

import argparse
import compileall
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from tests.bench import imports, judging_pictures, older, page, reading, streaming
from tests.bench.child import sts_sentences
from tests.bench.page import ENGINES
from winnow.processes.registry import ProcessRegistry

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("WINNOW_BENCH_ROUNDS", "5"))
STARTS = 5
"""Starts a round: they are short, and the processor's pace varies by a fifth within minutes."""
ROWS = int(os.environ.get("WINNOW_BENCH_ROWS", "10000"))
SENTENCES = 4_000
CHUNK_RECORDS = 1_000
INSTRUCTIONS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")
"""The sets that the int8 and fp32 kernels choose among, as /proc/cpuinfo names them."""
AS_IN_THE_IMAGES = {"PYDANTIC_DISABLE_PLUGINS": "1", "OPENBLAS_NUM_THREADS": "1"}

console = Console(stderr=True)


def run(
    *arguments: str, flags: Sequence[str] = (), variables: Mapping[str, str] = AS_IN_THE_IMAGES
) -> tuple[dict[str, Any], float]:
    """A child's JSON and its wall time in seconds."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *flags, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        console.print(done.stderr[-2000:], markup=False)
        raise SystemExit(f"{' '.join(arguments)} failed with {done.returncode}.")
    return json.loads(done.stdout.strip().splitlines()[-1]), seconds


@contextmanager
def cold_start() -> Iterator[Callable[[str], float]]:
    """What takes an engine's cold start, in seconds, with everything where the images have it.

    The code lies on PYTHONPATH, where a development environment has a hook in `site`; the
    definition is JSON; the reference sentences of every engine, the peer's too, were encoded
    beforehand.
    """
    paths = [ROOT / "layers" / "core" / "python", ROOT / "layers" / "encoder" / "python"]
    places = [*map(str, paths), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    variables = {**AS_IN_THE_IMAGES, "PYTHONPATH": os.pathsep.join(places)}
    for engine in ENGINES:
        run("tests.bench.child", "references", engine, "0", str(ROOT / "processes"))
    book = ProcessRegistry.from_directory(ROOT / "processes")
    with tempfile.TemporaryDirectory() as scratch:
        definition = Path(scratch) / "definition.json"
        definition.write_text(book.find("L33774").model_dump_json(), "utf-8")

        def measure(engine: str) -> float:
            call = ("tests.bench.child", "first-record", engine, "0", str(definition))
            return run(*call, flags=["-S"], variables=variables)[1]

        yield measure


def measure_engines() -> dict[str, Any]:
    """Each engine's cold start and rates, Classify with it, and the machine's limit."""
    engines: dict[str, dict[str, list[float]]] = {engine: defaultdict(list) for engine in ENGINES}
    limit = run("tests.bench.child", "limit", "litert", "1", "0")[0]
    with cold_start() as start:
        for engine in track([*ENGINES] * ROUNDS, "encoder", console=console):
            rounds = engines[engine]
            rounds["cold_start_s"] += [start(engine) for _ in range(STARTS)]
            for threads in ("1", "2"):
                found, _ = run("tests.bench.child", "throughput", engine, threads, str(SENTENCES))
                rounds[f"sentences_per_s_{threads}"].append(found["sentences_per_s"])
                limit["clinical_tokens"] = found["tokens"]
            if sts_sentences().exists():
                found, _ = run("tests.bench.child", "throughput-sts", engine, "2", "0")
                rounds["sts_per_s_2"].append(found["sentences_per_s"])
                limit["sts_tokens"] = found["tokens"]
    for engine in track([*ENGINES] * min(3, ROUNDS), "Classify", console=console):
        found, _ = run("tests.bench.child", "classify", engine, "2", str(CHUNK_RECORDS))
        engines[engine]["classify_peak_mb"].append(found["peak_mb"])
        engines[engine]["classify_records_per_s"].append(found["records_per_s"])
    return {"rounds": ROUNDS, "engines": engines, "limit": limit}


def measure_engines_with_avx2() -> dict[str, Any] | None:
    """The same on this processor, played as one with AVX2 alone."""
    if not older.can_be_played():
        return None
    with older.played():
        found = measure_engines()
    return {**found, "machine": {**machine(), "instructions": "avx2 alone, played"}}


def measure_end_to_end() -> dict[str, Any]:
    """From a dropped file to its result, with each engine."""
    return {
        engine: run("tests.bench.end_to_end", engine, str(ROWS))[0]
        for engine in track(ENGINES, "drop to result", console=console)
    }


def measure_people() -> dict[str, Any]:
    """The API and the page of a local stack."""
    return {**run("tests.bench.people")[0], "container": container("api")}


def container(*arguments: str) -> dict[str, Any] | None:
    """The first answer of the classify image, or of the API's, where a Docker engine answers."""
    if shutil.which("docker") is None:
        return None
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return None
    return run("tests.bench.container_start", *arguments)[0]


def machine() -> dict[str, Any]:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "instructions": instructions(cpuinfo),
    }


def instructions(cpuinfo: Path) -> str:
    """The sets of instructions that kernels can choose on this processor."""
    if not cpuinfo.exists():
        return platform.machine()
    flags = next(
        (line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), ""
    ).split()
    return ", ".join(name for name in INSTRUCTIONS if name in flags) or "no AVX2"


PARTS: Mapping[str, Callable[[], Mapping[str, Any] | None]] = {
    "engines": measure_engines,
    "engines-avx2": measure_engines_with_avx2,
    "end-to-end": measure_end_to_end,
    "imports": lambda: {"modules": imports.measure()},
    "container": container,
    "reading": reading.measure,
    "pictures": judging_pictures.measure,
    "streaming": lambda: {"sizes": streaming.measure()},
    "people": measure_people,
    "retraining": lambda: run("tests.bench.retraining", "--before")[0],
    "searching": lambda: run("tests.bench.searching")[0],
    "versions": lambda: run("tests.bench.versions")[0],
}
"""Part -> what measures it; None where the machine lacks what it takes."""


def main(parts: list[str]) -> None:
    """Measure these parts, or all; the tables of the others stay as they are."""
    # As in the images: pip has compiled what it installed, our own code is compiled there, too.
    compileall.compile_dir(ROOT / "layers", quiet=1)
    raw: dict[str, Any] = {}
    for part in parts or PARTS:
        with console.status(part):
            found = PARTS[part]()
        if found is None:
            console.print(f"{part}: not measured, this machine lacks what it takes")
            continue
        raw[part] = {"date": f"{date.today():%Y-%m-%d}", "machine": machine(), **found}
        figures = ROOT / "build" / "bench.json"
        figures.parent.mkdir(exist_ok=True)
        figures.write_text(json.dumps(raw, indent=2) + "\n")
        page.write(ROOT / "docs" / "benchmarks.md", {part: raw[part]})
        if part == "engines":
            page.plot(raw[part], ROOT / "docs" / "benchmarks.svg")
    console.print("wrote build/bench.json and docs/benchmarks.md")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    arguments.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parts = arguments.parse_args().parts
    if unknown := set(parts) - set(PARTS):
        arguments.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(PARTS)}")
    main(parts)
