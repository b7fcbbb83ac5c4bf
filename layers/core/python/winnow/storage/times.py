"""Times as results and reviews have them: texts that sort by time."""

from datetime import UTC, datetime

SINCE = r"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z)?$"
"""A date, or a time in UTC of any precision."""


def iso(seconds: float) -> str:
    """A time in epoch seconds as ISO 8601 in UTC, with milliseconds.

    >>> iso(1_800_000_000.25)
    '2027-01-15T08:00:00.250Z'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normal(since: str) -> str:
    """A text of the pattern SINCE as `iso` writes times, to be compared with those.

    Raises ValueError if there is no such day or time.

    >>> normal("2027-01-15"), normal("2027-01-15T08:00Z")
    ('2027-01-15T00:00:00.000Z', '2027-01-15T08:00:00.000Z')
    """
    moment = datetime.fromisoformat(since.removesuffix("Z"))
    return f"{moment.isoformat(timespec='milliseconds')}Z"
