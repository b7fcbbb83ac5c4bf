"""How long a training takes and how much memory, by its rows and labels.

Measured with the model that ships, with one value of C and one process for the folds, on generated
rows (`python -m tests.bench.retraining ROWS LABELS --memory`, the peak that getrusage tells):

| rows | labels | processor seconds | MB over the start |
|---|---|---|---|
| 2,000 | 10 | 9.8 | 96 |
| 4,000 | 50 | 28.6 | 166 |
| 8,000 | 10 | 22.2 | 272 |
| 8,000 | 50 | 60.2 | 273 |
| 15,000 | 150 | 292 | 513 |

The start has 208 to 228 MB. The machine did other work meanwhile, which lengthens short trainings
most. So a row costs 1 to 2 ms, and 0.12 to 0.15 ms for each label; memory hangs on the rows: 0.034
to 0.048 MB each. The figures below are larger: a processor of a cloud is slower.
"""

from typing import NamedTuple

SECONDS = 5.0
"""To load what a training needs."""
SECONDS_PER_ROW = 0.0015
SECONDS_PER_ROW_AND_LABEL = 0.00022
MB = 400.0
"""Of the process before it has read a row: Python, scikit-learn and the encoder."""
MB_PER_ROW = 0.06
_FITS = 6
"""Five folds and all rows: what may be fitted side by side."""
MB_PER_CORE = 1_769.0
"""AWS Lambda gives one core for as much memory."""
SHARE = 0.75
"""Of the time and the memory that there are: what a training may be expected to take."""


class Need(NamedTuple):
    """What a training is expected to take."""

    seconds: float
    """Of processors, all added up."""
    megabytes: float
    """With one process for the folds."""

    def fits(self, seconds: float, megabytes: float) -> bool:
        """Whether a function with this time limit and this memory can do it."""
        cores = max(1, int(megabytes / MB_PER_CORE))
        side_by_side = min(cores, _FITS)
        memory = self.megabytes + (side_by_side - 1) * (self.megabytes - MB)
        wall = self.seconds / side_by_side
        return wall <= SHARE * seconds and memory <= SHARE * megabytes


def need_of(rows: int, labels: int, strengths: int = 1) -> Need:
    """What a training of so many rows takes.

    Args:
        rows: All of them, with those that are held out.
        labels: Of the process; a criteria process has three.
        strengths: How many values of C are tried: one for a champion with a head.
    """
    one = SECONDS_PER_ROW_AND_LABEL * rows * labels * strengths
    return Need(SECONDS + SECONDS_PER_ROW * rows + one, MB + MB_PER_ROW * rows)
