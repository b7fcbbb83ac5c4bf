"""How fast files are read, and in how much memory: `python -m tests.bench.reading` prints JSON.

Peers: pandas for tables, a plain loop of pypdf for PDFs, a plain loop of RapidOCR for scans. Every
figure is taken in a process of its own. Large files are written to a temporary folder and read from
there; what is measured includes the making of records, which the peers do not do, and the loading
of OCR's models, which its peer does too.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 3
NOTE = "the patient reports melena and fatigue for weeks; colonoscopy found no source. "
CHARS = 4_500
"""Of a scanned page: as many as on ocrmypdf_linn.pdf."""
LARGE = {"100 MB": 100_000_000, "1 GB": 1_000_000_000}


# -- the files -------------------------------------------------------------------------------------


def write_table(path: Path, size: int) -> None:
    """A CSV or JSONL of about `size` bytes, rows of 330 bytes."""
    lines = path.suffix == ".jsonl"
    with path.open("w") as out:
        written = 0 if lines else out.write("case_id,age,sex,note\n")
        number = 0
        while written < size:
            block = []
            for _ in range(1_000):
                number += 1
                note = NOTE * 4
                block.append(
                    json.dumps({"case_id": str(number), "age": 63, "sex": "F", "note": note})
                    if lines
                    else f'{number},63,F,"{note}"'
                )
            written += out.write("\n".join(block) + "\n")


def write_scan(folder: Path) -> None:
    """A PDF of full pages of text as a scanner makes them, 200 dpi, without a text layer."""
    from tests.fakes import scans
    from tests.quality.ocr import cases

    text = " ".join(" ".join(cases()).split())
    pages = (text[CHARS * n : CHARS * (n + 1)] for n in range(PAGES["scan.pdf"]))
    (folder / "scan.pdf").write_bytes(scans.pdf([scans.clean(page) for page in pages]))


def write_documents(folder: Path) -> None:
    """One file of each format, 10 MB where that is usual."""
    from tests.fakes import files

    write_table(folder / "table.csv", 10_000_000)
    write_table(folder / "table.jsonl", 10_000_000)
    rows = (folder / "table.jsonl").read_text().splitlines()
    (folder / "array.json").write_text("[" + ",\n".join(rows) + "]")
    (folder / "text.txt").write_text((NOTE + "\n") * 100_000)
    cells: list[list[object]] = [
        ["case_id", "age", "sex", "note"],
        *[[n, 63, "F", NOTE * 4] for n in range(20_000)],
    ]
    (folder / "table.xlsx").write_bytes(files.xlsx({"Cases": cells}))
    page = files.lines([NOTE.strip()] * 45, top=80, pitch=15)
    (folder / "pages.pdf").write_bytes(
        files.pdf([page] * PAGES["pages.pdf"], size=9, compress=True)
    )
    body = "".join(files.paragraph(NOTE) for _ in range(20_000))
    (folder / "text.docx").write_bytes(files.docx(body))
    (folder / "page.html").write_text("<html><body>" + f"<p>{NOTE}</p>\n" * 60_000)
    (folder / "mail.eml").write_text(
        "From: a@b.example\nMIME-Version: 1.0\n\n" + (NOTE + "\n") * 60_000
    )
    (folder / "archive.zip").write_bytes(
        files.package({"table.csv": (folder / "table.csv").read_bytes()})
    )


# -- one measurement, in a process of its own ------------------------------------------------------


def peak_mb() -> float:
    """Peak resident memory of this process and of its largest child, in MB (10^6 bytes).

    Linux counts what a process had before `exec` into getrusage's figure; the kernel's own high
    mark of the program is without it. A child's is not to be had that way: at most this much.
    """
    status = Path("/proc/self/status")
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    if status.exists():
        marks = dict(line.split(":", 1) for line in status.read_text().splitlines())
        own = int(marks["VmHWM"].split()[0]) * 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    return (own + children) / 1e6


def cpu_seconds() -> float:
    """Processor time of this process and its children: fair on a machine that does other things."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in times)


def by_winnow(path: Path) -> int:
    from winnow.readers import ReadLimits, Source, read
    from winnow.storage.jsonl import dump_line

    limits = ReadLimits(max_ratio=1_000, max_spool_bytes=2_000_000_000)
    ocr = None
    if path.name == "scan.pdf":
        from winnow_ocr.pages import Pages
        from winnow_ocr.rapid import RapidEngine

        ocr = Pages(RapidEngine(), limits, time.monotonic)
    count = 0
    with (
        path.open("rb") as stream,
        Source(stream, path.name, ["note"], ["case_id"], limits, ocr=ocr) as source,
    ):
        for record in read(source):
            dump_line(record)
            count += 1
    return count


def by_pandas(path: Path) -> int:
    import pandas as pd

    if path.suffix == ".csv":
        return len(pd.read_csv(path, dtype=str))
    if path.suffix == ".xlsx":
        return len(pd.read_excel(path, dtype=str))
    return len(pd.read_json(path, lines=path.suffix == ".jsonl"))


def by_pypdf(path: Path) -> int:
    import pypdf

    return sum(len(page.extract_text()) > 0 for page in pypdf.PdfReader(path).pages)


def by_rapidocr(path: Path) -> int:
    import numpy as np
    import pypdfium2 as pdfium
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})
    document = pdfium.PdfDocument(path)
    drawn = (page.render(scale=200 / 72).to_pil().convert("RGB") for page in document)
    return sum(len(engine(np.asarray(page)).txts) for page in drawn)


READERS: dict[str, Callable[[Path], int]] = {
    "winnow": by_winnow,
    "pandas": by_pandas,
    "pypdf": by_pypdf,
    "rapidocr": by_rapidocr,
}
PEERS = {
    ".csv": "pandas",
    ".jsonl": "pandas",
    ".json": "pandas",
    ".xlsx": "pandas",
    ".pdf": "pypdf",
}
PAGES = {"pages.pdf": 200, "scan.pdf": 2}


def child(engine: str, path: Path) -> None:
    started, cpu = time.perf_counter(), cpu_seconds()
    count = READERS[engine](path)
    figures = {
        "seconds": time.perf_counter() - started,
        "cpu_s": cpu_seconds() - cpu,
        "count": count,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(figures))


# -- all of them -----------------------------------------------------------------------------------


def measured(engine: str, path: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """Medians of seconds (by the clock and of the processor), their rates, the highest peak."""
    found = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.reading", engine, str(path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    seconds = statistics.median(one["seconds"] for one in found)
    size = path.stat().st_size
    cpu = statistics.median(one["cpu_s"] for one in found)
    figures = {
        "seconds": round(seconds, 3),
        "cpu_s": round(cpu, 3),
        "mb_per_s": round(size / seconds / 1e6, 2),
        "peak_mb": round(max(one["peak_mb"] for one in found), 1),
        "mb": round(size / 1e6, 2),
        "mb_per_cpu_s": round(size / cpu / 1e6, 2),
    }
    if pages := PAGES.get(path.name):
        figures["pages_per_s"] = round(pages / seconds, 2)
        figures["pages_per_cpu_s"] = round(pages / cpu, 2)
    return figures


def measure(sizes: dict[str, int] | None = None) -> dict[str, object]:
    """Every format against its peer, scans, and the memory of large files."""
    formats: dict[str, dict[str, dict[str, float]]] = {}
    memory: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
        folder = Path(name)
        write_documents(folder)
        for path in sorted(folder.iterdir()):
            formats[path.name] = {"winnow": measured("winnow", path)}
            if peer := PEERS.get(path.suffix):
                formats[path.name][peer] = measured(peer, path)
        for path in folder.iterdir():
            path.unlink()
        write_scan(folder)
        scan = {who: measured(who, folder / "scan.pdf", rounds=2) for who in ("winnow", "rapidocr")}
        for suffix in (".csv", ".jsonl"):
            for title, size in (sizes if sizes is not None else LARGE).items():
                path = folder / f"large{suffix}"
                write_table(path, size)
                memory.setdefault(suffix[1:], {})[title] = measured("winnow", path, rounds=1)
                path.unlink()
    return {"formats": formats, "scan": scan, "memory": memory}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        print(json.dumps(measure(), indent=2))
