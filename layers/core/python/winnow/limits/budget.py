"""What judging one record may cost: so many segments, so many characters, so many seconds.

Every step of judging takes time and memory in proportion to the text, about 4 KB and half a
millisecond a segment; the budget bounds the text. No clock is read here: it is passed in.
"""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from winnow.limits.unicode import GROWTH, nfkc_length

Check = Callable[[], None]
"""Called between two pieces of work; raises DeadlineError when there is no time for more."""


class DeadlineError(Exception):
    """The time that was given is over. Whoever gave it catches this."""


class Deadline:
    """A Check that raises from a moment of the clock on."""

    def __init__(self, clock: Callable[[], float], until: float) -> None:
        self._clock = clock
        self._until = until

    def __call__(self) -> None:
        if self._clock() >= self._until:
            raise DeadlineError


def no_deadline() -> None:
    """The Check of a caller who waits as long as it takes."""


class RecordRejection(NamedTuple):
    """Why a record is not judged: a code of docs/errors.md, and a message."""

    code: str
    reason: str


TOO_SLOW = RecordRejection(
    "record_too_slow",
    "Judging it takes longer than one record is allowed. Split the record, or remove what is "
    "not text.",
)


class RecordBudget(BaseModel):
    """What one record may cost; beyond it the record is invalid, and the others are judged."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    max_segments: int = Field(
        25_000, gt=0, description="sentences of a record, and windows over them"
    )
    max_characters: int = Field(
        2_000_000, gt=0, description="characters of a record after Unicode normalisation (NFKC)"
    )
    max_seconds: float = Field(60.0, gt=0, description="seconds in which a record is judged")

    def rejection(self, text: str, segments: Callable[[str], int]) -> RecordRejection | None:
        """Why a text is too long to be judged; `segments` counts if an estimate is too high."""
        if len(text) * GROWTH > self.max_characters and (
            len(text) > self.max_characters or nfkc_length(text) > self.max_characters
        ):
            return RecordRejection(
                "record_too_long",
                f"Its text has more than {self.max_characters:,} characters when Unicode's "
                "compatibility forms are written out. Split the record, or remove what is not "
                "text.",
            )
        if most_segments(text) > self.max_segments and segments(text) > self.max_segments:
            return RecordRejection(
                "record_too_long",
                f"It has more than {self.max_segments:,} segments (sentences, and windows of two "
                "or three sentences). Split the record.",
            )
        return None


def estimated_segments(text: str) -> int:
    """Estimated sentences (and clauses at semicolons): never too few, seldom a third too many.

    Cheap: every one of them needs a line break, a mark or box of its own, or 200 characters
    (winnow.judging.text.segments).
    """
    count = text.count
    marks = sum(map(count, (*".?!):", *"]☐☒☑", "Dear "))) + 2 * count("; ")
    return len(text.splitlines()) + marks + len(text) // 200


def most_segments(text: str) -> int:
    """Upper bound on a text's segments, windows of two and three sentences included."""
    return 3 * estimated_segments(text)
