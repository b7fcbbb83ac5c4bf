"""Times as reviews write them: texts that sort by time."""

from datetime import UTC, datetime


def iso(seconds: float) -> str:
    """A time in epoch seconds as ISO 8601 in UTC, with milliseconds.

    >>> iso(1_800_000_000.25)
    '2027-01-15T08:00:00.250Z'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
