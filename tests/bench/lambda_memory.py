"""What a million sentences take and cost by the memory of Classify.

`python -m tests.bench.lambda_memory ONE TWO` takes sentences a second on one core and on two.
Lambda gives a function processor time in proportion to its memory, one core at 1,769 MB. Starts,
requests and S3 are not counted.
"""

import sys

from winnow.costs.prices import price_list

CORE_MB = 1_769
SIZES_MB = (512, 885, CORE_MB, 2_654, 2 * CORE_MB)
REGION = "us-east-1"
SENTENCES = 1_000_000


def rate(memory_mb: int, one: float, two: float) -> float:
    """Sentences a second of a function with so much memory."""
    cores = memory_mb / CORE_MB
    return one * cores if cores <= 1 else one + (two - one) * (cores - 1)


def table(one: float, two: float) -> str:
    """A line for each size of memory."""
    gb_second = {}
    for name in ("lambda_gb_second", "lambda_gb_second_arm"):
        price = price_list(REGION).get(name)
        assert price is not None
        gb_second[name] = float(price.usd)
    lines = [
        "| memory, MB | cores | s | x86, $ | Arm at the same speed, $ |",
        "|---|---|---|---|---|",
    ]
    for memory in SIZES_MB:
        seconds = SENTENCES / rate(memory, one, two)
        x86, arm = (seconds * memory / 1024 * price for price in gb_second.values())
        lines.append(
            f"| {memory:,} | {memory / CORE_MB:.2f} | {seconds:,.0f} | {x86:.4f} | {arm:.4f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(*map(float, sys.argv[1:])))
