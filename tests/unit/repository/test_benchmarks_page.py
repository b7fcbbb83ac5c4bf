"""A run of the benchmarks finds its blocks on the page, and leaves the others and the prose."""

import re
from pathlib import Path

import pytest

from tests.bench import page
from tests.conftest import ROOT
from tests.pages.blocks import names_of_blocks, replace_block

PAGE = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
HOST = {"processor": "P", "instructions": "avx2", "cores": 2, "python": "3.13.0"}


def figures(engine: str) -> dict[str, list[float]]:
    factor = {"litert": 6, "litert-fp32": 3, "tensorflow": 1}[engine]
    return {
        "cold_start_s": [6 / factor],
        "sts_per_s_2": [200.0 * factor],
        "sentences_per_s_2": [100.0 * factor],
        "sentences_per_s_1": [60.0 * factor],
        "classify_records_per_s": [10.0 * factor],
        "classify_peak_mb": [900 / factor],
    }


RUN = {
    "engines": {
        "date": "2026-01-02",
        "machine": HOST,
        "rounds": 1,
        "engines": {engine: figures(engine) for engine in page.ENGINES},
        "limit": {"gflops": 20.46, "int8_gops": 81.84, "sts_tokens": 11, "clinical_tokens": 22},
    }
}

PLAYED = {
    "engines-avx2": {**RUN["engines"], "machine": {**HOST, "instructions": "avx2 alone, played"}}
}


@pytest.fixture
def written(tmp_path: Path) -> str:
    path = tmp_path / "benchmarks.md"
    path.write_text(PAGE, "utf-8")
    page.write(path, RUN)
    return path.read_text("utf-8")


def rows(text: str, title: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(f"| {title}")).split(" | ")


def test_a_figure_stands_with_how_many_times_better_it_is(written: str) -> None:
    title = "process start to first classified record, s"
    assert rows(written, title)[1:3] == ["1.00 (6.0x)", "2.00 (3.0x)"]
    assert rows(written, "Classify, peak memory, MB")[1] == "150 (6.0x)"


def test_a_rate_stands_with_its_share_of_what_products_allow(written: str) -> None:
    # 20.46 GFLOP/s over 22 tokens of 9.3 MFLOP are 100 sentences a second and core.
    assert rows(written, "clinical sentences, 1 thread: of the 100 that fp32")[1] == "3.60"
    assert rows(written, "clinical sentences, 2 threads: of the 800 that int8")[1] == "0.75"
    assert rows(written, "STS sentences, 2 threads: of the 400 that fp32")[1] == "3.00"


def test_it_says_when_and_on_what(written: str) -> None:
    assert "Measured on 2026-01-02: P (avx2), 2 cores, Python 3.13.0." in written


def without(text: str, *names: str) -> str:
    for name in names:
        text = replace_block(text, name, "", page.COMMAND)
    return text


def test_an_older_processor_has_tables_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(PAGE, "utf-8")
    page.write(path, PLAYED)
    text = path.read_text("utf-8")
    assert text.count("Measured on 2026-01-02: P (avx2 alone, played), 2 cores") == 2
    names = ("engines_avx2", "limits_avx2")
    assert without(text, *names) == without(PAGE, *names)


def test_what_was_not_measured_and_the_prose_stay(written: str) -> None:
    names = ("engines", "limits", "memory")
    assert without(written, *names) == without(PAGE, *names)
    assert written != PAGE


def test_every_block_of_the_page_is_made_by_a_part() -> None:
    source = (ROOT / "tests" / "bench" / "page.py").read_text("utf-8")
    for name in names_of_blocks(PAGE, page.COMMAND):
        assert re.search(rf'"{name}": ', source), f"no part of a run makes {name}"
