"""The tables of docs/benchmarks.md and its plot, made of the figures of a run.

Each stands in a block of its own. A run writes the blocks of what it measured; the others, and what
people wrote around them, stay.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench import imports, lambda_memory
from tests.pages.blocks import replace_block, table

ENGINES = ("litert", "litert-fp32", "tensorflow")
NAMES = {
    "litert": "LiteRT int8 (default)",
    "litert-fp32": "LiteRT fp32",
    "tensorflow": "TensorFlow SavedModel",
}
COMMAND = "make bench"
GFLOP_A_TOKEN = 9.3e-3
"""What the encoder multiplies and adds for a token (shared by all engines)."""


def write(page: Path, raw: Mapping[str, Any]) -> None:
    """Write the tables of the parts that `raw` has figures of."""
    text = page.read_text("utf-8")
    for part, made in BLOCKS.items():
        if part in raw:
            for name, block in made(raw[part]).items():
                text = replace_block(text, name, f"{stamp(raw[part])}\n\n{block}", COMMAND)
    page.write_text(text, "utf-8")


def stamp(found: Mapping[str, Any]) -> str:
    """When and on what a part was measured."""
    host = found["machine"]
    return (
        f"Measured on {found['date']}: {host['processor']} ({host['instructions']}), {host['cores']} cores, "
        f"Python {host['python']}."
    )


def medians(engines: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Engine -> figure -> the median of its rounds."""
    return {
        engine: {name: statistics.median(rounds) for name, rounds in engines[engine].items()}
        for engine in ENGINES
    }


def engine_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """What the engines take, the share of the machine's limit that they reach, and what Lambda asks for it."""
    middle = medians(found["engines"])
    rates = (middle["litert"][f"sentences_per_s_{threads}"] for threads in (1, 2))
    return {
        "engines": engines_table(middle, found["machine"]["instructions"]),
        "limits": limits_table(middle, found["limit"], found["machine"]["instructions"]),
        "memory": lambda_memory.table(*rates),
    }


def avx2_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """The same of the processor played as one with AVX2 alone."""
    blocks = engine_blocks(found)
    return {"engines_avx2": blocks["engines"], "limits_avx2": blocks["limits"]}


def engines_table(middle: Mapping[str, Mapping[str, float]], instructions: str) -> str:
    """Each figure of each engine, and how many times better it is than TensorFlow's."""
    rows: list[Sequence[str]] = []
    for title, name, form, less in (
        ("process start to first classified record, s", "cold_start_s", ".2f", True),
        ("STS sentences a second, 2 threads", "sts_per_s_2", ",.0f", False),
        ("clinical sentences a second, 2 threads", "sentences_per_s_2", ",.0f", False),
        ("clinical sentences a second, 1 thread", "sentences_per_s_1", ",.0f", False),
        (
            "Classify, records a second (4.5 sentences each)",
            "classify_records_per_s",
            ",.0f",
            False,
        ),
        ("Classify, peak memory, MB", "classify_peak_mb", ",.0f", True),
    ):
        peer = middle["tensorflow"].get(name)
        if peer is None:
            rows.append((title, "not measured: no data", "", ""))
            continue
        values = [middle[engine][name] for engine in ENGINES]
        times = [peer / value if less else value / peer for value in values]
        cells = (f"{value:{form}} ({more:.1f}x)" for value, more in zip(values, times, strict=True))
        rows.append((title, *cells))
    return table((instructions, *NAMES.values()), rows)


def limits_table(
    middle: Mapping[str, Mapping[str, float]], limit: Mapping[str, float], instructions: str
) -> str:
    """The rates over what products of matrices alone would allow on the cores that they had."""
    products = {"fp32": limit["gflops"]}
    if "int8_gops" in limit:
        products["int8"] = limit["int8_gops"]
    rows = []
    for title, name, cores, kind in (
        ("STS sentences, 2 threads", "sts_per_s_2", 2, "sts"),
        ("clinical sentences, 2 threads", "sentences_per_s_2", 2, "clinical"),
        ("clinical sentences, 1 thread", "sentences_per_s_1", 1, "clinical"),
    ):
        for form, speed in products.items():
            if f"{kind}_tokens" not in limit:
                continue
            allowed = cores * speed / (GFLOP_A_TOKEN * limit[f"{kind}_tokens"])
            shares = (f"{middle[engine][name] / allowed:.2f}" for engine in ENGINES)
            rows.append((f"{title}: of the {allowed:,.0f} that {form} products allow", *shares))
    return table((instructions, *NAMES.values()), rows)


def drop_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """From a dropped file to its result, over encoding alone."""
    first = found["litert"]
    rows = [
        (title, *(f"{found[engine][name]:.2f}" for engine in ENGINES))
        for title, name in (
            ("encoding alone, s", "encode_s"),
            ("drop to result, s", "drop_to_result_s"),
            ("ratio", "ratio"),
            ("a file of one row, the stack just started, s", "first_file_s"),
            ("a later file of one row, s", "later_file_s"),
        )
    ]
    text = f"A CSV of {first['rows']:,} rows: {first['sentences']:,} sentences, {first['distinct_sentences']:,} of them distinct.\n\n"
    return {"drop": text + table((found["machine"]["instructions"], *NAMES.values()), rows)}


def imports_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """What is imported up to the first record."""
    return {"imports": imports.table(found["modules"])}


def container_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """From `docker run` to the first answer of Classify."""
    seconds = found["first_answer_s"]
    return {
        "container": f"{seconds:.2f} s from `docker run` to the first answer of the image of Classify."
    }


def people_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """The API and the page of a local stack."""
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
    return {"people": _named(rows)}


def retraining_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """From a champion and reviews to an evaluated challenger."""
    rows = [
        ("one fit of scikit-learn's classifier, CPU s", found["one_fit"]["cpu_s"]),
        ("from the reviews to an evaluated challenger, CPU s", found["retrain"]["cpu_s"]),
        ("the same by the clock, s; at most 300 is the goal", found["retrain"]["wall_s"]),
        ("the training over one fit", found["fits"]),
    ]
    if found.get("before"):
        rows.append(("with C chosen anew, over one fit", found["fits_before"]))
    return {"retraining": _named(rows)}


def _named(rows: Sequence[tuple[str, float]]) -> str:
    return table(("", ""), [(title, f"{value:g}") for title, value in rows])


def searching_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """The searcher's requests."""
    cpu = found["cpu_s"]
    rows = [(name, f"{ms['cpu_p50']:.0f}", f"{ms['p95']:.0f}") for name, ms in found["ms"].items()]
    return {
        "searching": f"To load {found['records']:,} records from the index takes {cpu['load']:.0f} CPU seconds, and to index "
        f"their words {cpu['words']:.0f}. The index has {found['index_bytes_a_record']} bytes a record, the searcher's copy "
        f"{found['copy_bytes_a_record']}.\n\n"
        + table(("request", "CPU ms, median", "ms by the clock, p95"), rows)
    }


VERSIONS = {"criteria": "L33774 with a statement more", "head": "77 labels with a trained head"}
STEPS = {
    "serialize": "which version decides, and its definition",
    "read": "definition, head and vectors, read and checked",
    "build": "the judge is made",
}


def versions_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """What a version costs a function that has not seen it."""
    rows = [
        (
            title if step == "serialize" else "",
            what,
            f"{one['cpu_ms']:g}",
            f"{one['table_requests']}",
            f"{one['objects']}",
            f"{one['kilobytes']:,}",
        )
        for name, title in VERSIONS.items()
        for step, what in STEPS.items()
        for one in [found[name][step]]
    ]
    header = ("version", "step", "CPU ms", "requests to the table", "objects", "kB")
    return {"versions": table(header, rows)}


def reading_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """Every format against its peer, scans, and the memory that large files take."""
    rows = []
    for name, engines in found["formats"].items():
        ours = engines["winnow"]
        peer = next((one for one in engines if one != "winnow"), None)
        theirs = engines[peer]["mb_per_cpu_s"] if peer else 0
        pages = ours.get("pages_per_cpu_s")
        rows.append(
            (
                f"`{name}`",
                f"{ours['mb_per_cpu_s']:.2f}",
                f"{pages:.0f}" if pages else "–",
                f"{peer} {theirs:.1f}" if peer else "–",
                f"{ours['mb_per_cpu_s'] / theirs:.2f}" if peer else "–",
            )
        )
    header = (
        "file",
        "Winnow, MB a CPU second",
        "pages a CPU second",
        "peer, MB a CPU second",
        "of the peer's rate",
    )
    peaks = "; ".join(
        f"{kind.upper()} of {size} {one['peak_mb']:.0f}"
        for kind, sizes in found["memory"].items()
        for size, one in sizes.items()
    )
    scan = found.get("scan")
    scans = f"\n\n{scan_text(scan)}" if scan else ""
    return {"reading": f"{table(header, rows)}{scans}\n\nPeak memory while reading, MB: {peaks}."}


def scan_text(scan: Mapping[str, Any]) -> str:
    """The rate of OCR, against a plain loop."""
    ours, theirs = (scan[who]["pages_per_cpu_s"] for who in ("winnow", "rapidocr"))
    return (
        f"Scans, full pages at 200 dpi: {ours:.2f} pages a CPU second ({scan['winnow']['pages_per_s']:.2f} a second by the clock); "
        f"a plain loop of RapidOCR reads {theirs:.2f}, and Winnow's rate is {ours / theirs:.2f} of that."
    )


def picture_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """Pictures from files to features against plain loops, and the first judgement."""
    rows = []
    for name, ways in found["rates"].items():
        whole = {way: sum(took.values()) for way, took in ways.items()}
        ours = ways["winnow"]
        rows.append(
            (
                f"{name}, {found['kilobytes'][name]:,.0f} kB",
                f"{ours['decode_ms']:.1f}",
                f"{ours['encode_ms']:.1f}",
                f"{1_000 / whole['winnow']:.0f}",
                *(f"{whole[way] / whole['winnow']:.2f}" for way in ("litert", "tensorflow")),
            )
        )
    header = (
        "file",
        "decoding, ms",
        "encoding, ms",
        "pictures a second and core",
        "rate over the LiteRT loop's",
        "over TensorFlow's",
    )
    first = found["first_s"]
    return {
        "pictures": f"{table(header, rows)}\n\nFrom the start of a process to the first picture judged by two-wheels: {first['winnow']:.2f} "
        f"CPU seconds; with TensorFlow in place of LiteRT {first['tensorflow']:.1f} ({first['tensorflow'] / first['winnow']:.0f} times)."
    }


def streaming_blocks(found: Mapping[str, Any]) -> dict[str, str]:
    """What a large table takes step by step."""
    rows = []
    for size, steps in found["sizes"].items():
        for title, step, peer in (
            ("Serialize", "serialize", "csv"),
            ("FilterChunk, every chunk", "filter", "json"),
            ("Filter", "join", None),
        ):
            seconds = steps[step]["seconds"]
            rows.append(
                (
                    f"{int(size):,} ({steps['table']['mb']:,.0f} MB)",
                    title,
                    f"{seconds:.1f}",
                    f"{int(size) / seconds:,.0f}",
                    f"{seconds / steps[peer]['seconds']:.2f}" if peer else "–",
                    f"{steps[step]['peak_mb']:.0f}",
                )
            )
    header = ("rows", "step", "s", "rows a second", "time over the peer's", "peak memory, MB")
    return {"streaming": table(header, rows)}


BLOCKS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, str]]] = {
    "engines": engine_blocks,
    "engines-avx2": avx2_blocks,
    "end-to-end": drop_blocks,
    "imports": imports_blocks,
    "container": container_blocks,
    "people": people_blocks,
    "retraining": retraining_blocks,
    "searching": searching_blocks,
    "versions": versions_blocks,
    "reading": reading_blocks,
    "pictures": picture_blocks,
    "streaming": streaming_blocks,
}
"""Part of a run -> what makes its tables."""


def plot(found: Mapping[str, Any], path: Path) -> None:
    """Draw the engines side by side, below the processor's name and instructions."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": "winnow", "font.size": 10}
    middle = medians(found["engines"])
    panels = (
        ("clinical sentences a second, 2 threads", "sentences_per_s_2"),
        ("start to first record, s", "cold_start_s"),
        ("Classify's peak memory, MB", "classify_peak_mb"),
    )
    figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), sharey=True)
    host = found["machine"]
    figure.suptitle(f"{host['processor']} ({host['instructions']})", x=0.01, ha="left", fontsize=10)
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
