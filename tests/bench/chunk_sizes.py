"""What a chunk's size costs Classify: `python -m tests.bench.chunk_sizes` prints a table.

By processor time, which other work on the machine does not change.
"""

from tests.bench.__main__ import run

SIZES = (50, 100, 250, 500, 1_000, 2_000, 4_000)


def main() -> None:
    print("| records a chunk | records a CPU second | peak memory, MB |\n|---|---|---|")
    for size in SIZES:
        found, _ = run("tests.bench.child", "classify", "litert", "2", str(size))
        print(
            f"| {size:,} | {found['records_per_cpu_s']:.0f} | {found['peak_mb']:.0f} |", flush=True
        )


if __name__ == "__main__":
    main()
