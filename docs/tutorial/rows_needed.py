"""How many accepted rows a guarantee takes: the arithmetic of `winnow tune` itself.

python docs/tutorial/rows_needed.py
"""

import numpy as np

from winnow_train.guarantee import select_threshold

PRECISIONS = (0.80, 0.90, 0.95, 0.99)
WRONG = (0, 1, 2, 5, 10)


def rows_needed(precision: float, wrong: int) -> int:
    """The fewest accepted rows, so many of them wrong, that show this precision at 95%."""

    def shows(rows: int) -> bool:
        right = np.arange(rows) >= wrong
        return select_threshold(np.ones(rows), right, precision).threshold is not None

    few, many = wrong, 10_000
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if shows(middle) else (middle, many)
    return many


def main() -> None:
    """Print the table."""
    print("wrong among the accepted" + "".join(f"{precision:>8.0%}" for precision in PRECISIONS))
    for wrong in WRONG:
        counts = (rows_needed(precision, wrong) for precision in PRECISIONS)
        print(f"{wrong:>24}" + "".join(f"{count:>8,}" for count in counts))


if __name__ == "__main__":
    main()
