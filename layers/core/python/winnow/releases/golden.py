"""The golden set: labelled rows that stand in for live records while there is no traffic.

They are the reviews that were held out of every training, and are kept with the versions that were
trained beside them (`DataManifest`). What a version accepts of them is bounded as audits of live
records are; a version that is proven to break its guarantee there is not released. It proves
nothing in favour of a version: only live records promote.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from pydantic import Field

from winnow.errors import ObjectGoneError, ReleaseInvalidError, StoredDataInvalidError
from winnow.models import FrozenModel, Judgement, UnitInterval
from winnow.ports import ObjectStore
from winnow.registry.models import ModelVersion
from winnow.registry.training_rows import TrainingRow, load_rows
from winnow.releases.gate import is_broken
from winnow.releases.precision import Audited, Precision, replay, start

CODE = "golden_set_failed"

_SEEN_UNKNOWN = (
    "It was published without what tells which of them it was trained on: if it was on some, it "
    "looks better than it is."
)

RowJudge = Callable[[Sequence[TrainingRow]], list[Judgement]]
"""One judgement a row, in order."""


class GoldenResult(FrozenModel):
    """What a version makes of the golden set."""

    version: str
    rows: int = Field(ge=0)
    accepted: int = Field(ge=0)
    right: int = Field(ge=0, description="of the accepted")
    lower: UnitInterval
    upper: UnitInterval
    guarantee: UnitInterval | None = None
    broken: bool = Field(False, description="it is proven not to keep its guarantee there")
    seen: int = Field(0, ge=0, description="rows that are left out: it was trained on them")
    seen_known: bool = Field(True, description="false: it is not known which those are")

    @property
    def sentence(self) -> str:
        """The result for people."""
        if not self.rows:
            return f"It has no golden set: it was trained on all {self.seen:,} labelled rows."
        left_out = f" {self.seen:,} rows that it was trained on are left out." if self.seen else ""
        flattered = "" if self.seen_known else f" {_SEEN_UNKNOWN}"
        return (
            f"Of {self.rows:,} labelled rows it accepts {self.accepted:,}, {self.right:,} of them "
            f"rightly: a precision of {self.lower:.1%} to {self.upper:.1%}.{left_out}{flattered}"
        )


class GoldenInput(FrozenModel):
    """What a release asks the train function for before its challenger takes traffic."""

    check: Literal["golden"]
    process: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    version: str = Field(pattern=r"^[0-9a-f]{64}$")
    guarantee: UnitInterval | None = Field(None, description="that it has to keep")


class GoldenReport(FrozenModel):
    """What the train function answers to it."""

    result: GoldenResult | None = Field(None, description="absent: there is no golden set")
    code: str | None = Field(None, description="of the error that kept it from being judged")


def may_have_rows(versions: Iterable[ModelVersion]) -> bool:
    """Whether one of the versions was trained on reviews: without any there is no golden set."""
    return any(
        part.object is not None
        for version in versions
        for part in (version.data.parts if version.data else ())
    )


def refuse_broken(process: str, found: GoldenResult | None) -> None:
    """Raise ReleaseInvalidError if a version breaks its guarantee on the golden set."""
    if found is not None and found.broken:
        raise ReleaseInvalidError(
            f"{process}: the challenger breaks its guarantee of {found.guarantee:.1%} on the "
            f"golden set ({CODE}). {found.sentence}"
        )


def golden_rows(versions: Iterable[ModelVersion], store: ObjectStore) -> list[TrainingRow]:
    """The rows that were held out, of the first version that has any.

    Rows that are gone, or that were rewritten because a person was erased, are as they are now.

    Raises:
        StoredDataInvalidError: A line of them is damaged.
    """
    for version in versions:
        parts = version.data.parts if version.data else ()
        rows: list[TrainingRow] = []
        for part in parts:
            if part.object is None:
                continue
            newest = part.object.model_copy(update={"version_id": None})
            try:
                with store.open(newest) as stream:
                    rows += [row for row in load_rows(stream) if row.held_out]
            except ObjectGoneError:
                continue
        if rows:
            return rows
    return []


def judge_golden(
    version: ModelVersion,
    judge: RowJudge,
    rows: Sequence[TrainingRow],
    guarantee: float | None,
    threshold: float | None,
) -> GoldenResult:
    """What a version makes of the golden set.

    Args:
        version: The version.
        judge: Its judge.
        rows: Labelled rows; each counts with its weight.
        guarantee: That it has to keep; None: there is none to break.
        threshold: The stack's, in place of the version's own; None: it has none.
    """
    least = version.threshold if threshold is None else threshold
    judgements = judge(rows) if rows else []
    accepted = [
        (row, judgement.decision.value == row.label)
        for row, judgement in zip(rows, judgements, strict=True)
        if judgement.objection(least) is None
    ]
    known = _bounds([(row.weight, right) for row, right in accepted])
    return GoldenResult(
        version=version.sha256,
        rows=len(rows),
        accepted=len(accepted),
        right=sum(right for _, right in accepted),
        lower=known.lower,
        upper=known.upper,
        guarantee=guarantee,
        broken=guarantee is not None and bool(accepted) and is_broken(known, guarantee),
    )


def _bounds(accepted: Sequence[tuple[float, bool]]) -> Precision:
    """The bounds of the precision; a row of weight w was drawn with a probability of 1/w."""
    if not accepted:
        return start(1.0)
    floor = 1 / max(1.0, *(weight for weight, _ in accepted))
    audits = (Audited(right, 1 / max(1.0, weight), floor) for weight, right in accepted)
    try:
        return replay(audits, start(floor))
    except ValueError:
        raise StoredDataInvalidError("A weight of the labelled rows is none.") from None
