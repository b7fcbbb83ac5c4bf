"""The counts of a comparison."""

from winnow.models import FrozenModel


class Counts(FrozenModel):
    """What came of a comparison, as numbers."""

    uploads: int = 0
    """Compared, those that failed included."""
    records: int = 0
    differed: int = 0
    failed: int = 0
    other_version: int = 0
    """Not compared: another version of the process has judged them since."""
