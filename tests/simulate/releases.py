"""How often the release gate errs, and how soon it notices: `python -m tests.simulate.releases`.

Simulates histories of audited records and writes the tables of docs/releases-simulated.md.
`--only-print` leaves the page alone. 10,000 histories take some minutes.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.simulate.watches import Watches
from winnow.releases.change import FALSE_ALARM_EVERY

PAGE = Path(__file__).parents[2] / "docs" / "releases-simulated.md"
COMMAND = "python -m tests.simulate.releases"
BEGIN, END = f"<!-- releases: {COMMAND} -->", "<!-- /releases -->"
LOOKS = 5_000
LONGEST = 10_000
COUNTED = 20
"""Alarms that a rate is worked out from; with fewer, the rate is only bounded."""
SEEN = 0.95
"""Simulations of waiting end when this share of the histories has seen the end of it."""
Array = npt.NDArray[Any]


class Design(NamedTuple):
    """Who is audited: kinds of accepted records that differ in precision and in probability."""

    name: str
    probabilities: tuple[float, ...]
    shares: tuple[float, ...] = (0.6, 0.3, 0.1)
    """Of the accepted records."""
    mistakes: tuple[float, ...] = (0.4, 1.4, 3.4)
    """How often each kind is wrong, as a multiple of the whole; their mean is 1."""

    @property
    def weights(self) -> list[float]:
        """What a record of each kind counts."""
        return [min(self.probabilities) / probability for probability in self.probabilities]

    def draw(self, rng: np.random.Generator, histories: int, truth: float) -> tuple[Array, Array]:
        """The kind of each history's next audited record, and whether it is right."""
        audited = np.cumsum(np.multiply(self.shares, self.probabilities))
        kinds = np.searchsorted(audited / audited[-1], rng.random(histories), side="right")
        wrong = np.array(self.mistakes)[kinds] * (1 - truth)
        return kinds, rng.random(histories) >= wrong


EQUAL = Design("2 % of all", (0.02, 0.02, 0.02))
DOUBTFUL = Design("2, 5, 20 %, doubtful ones most", (0.02, 0.05, 0.2))
SURE = Design("20, 5, 2 %, sure ones most", (0.2, 0.05, 0.02))
DESIGNS = (EQUAL, DOUBTFUL, SURE)


class Settings(NamedTuple):
    """What every simulation is given."""

    histories: int
    seed: int
    every: int = FALSE_ALARM_EVERY

    def rng(self, *key: object) -> np.random.Generator:
        """Random numbers of their own for each simulation."""
        return np.random.default_rng([self.seed, *"|".join(map(str, key)).encode()])


class Errors(NamedTuple):
    """Shares of histories in which something ever went wrong."""

    promoted: float
    """Though the precision is below the guarantee."""
    taken_back: float
    lower_too_high: float
    upper_too_low: float


def errors(
    given: Settings,
    design: Design,
    guarantee: float,
    truth: float,
    looks: int = LOOKS,
    *,
    restarts: bool = True,
    weights: list[float] | None = None,
) -> Errors:
    """What ever happens to versions of one precision, if one looks after every record."""
    rng = given.rng(design.name, guarantee, truth, restarts)
    watches = Watches(
        given.histories, guarantee, weights or design.weights, given.every, restarts=restarts
    )
    ever = np.zeros((4, given.histories), bool)
    for _ in range(looks):
        watches.observe(*design.draw(rng, given.histories, truth))
        lower, upper = watches.lower, watches.upper
        ever |= np.array([lower >= guarantee, upper < guarantee, lower > truth, upper < truth])
    return Errors(*ever.mean(1).tolist())


def promoted_after(
    given: Settings, design: Design, guarantee: float, truth: float, longest: int = LONGEST
) -> Array:
    """Audited records until the gate promotes; `longest` + 1 where it took longer than most."""
    rng = given.rng("power", design.name, guarantee, truth)
    watches = Watches(given.histories, guarantee, design.weights, given.every)
    after = np.full(given.histories, longest + 1)
    for number in range(1, longest + 1):
        watches.observe(*design.draw(rng, given.histories, truth))
        after[(watches.lower >= guarantee) & (after > number)] = number
        if (after <= number).mean() >= SEEN:
            break
    return after


class Delays(NamedTuple):
    """For each history, audited records after the fall; more than all where it took longest."""

    alarm: Array
    taken_back: Array
    """Until the upper bound is below the expected precision."""
    alarmed_before: float
    """Share of histories with a false alarm before the fall."""


def delays(
    given: Settings,
    design: Design,
    good: int,
    *,
    expected: float = 0.95,
    before: float = 0.95,
    after: float = 0.9,
    bounds: bool = True,
    longest: int = LONGEST,
) -> Delays:
    """How soon a fall is noticed."""
    rng = given.rng("delay", design.name, good, expected, before, after)
    watches = Watches(given.histories, expected, design.weights, given.every, bounds=bounds)
    for _ in range(good):
        watches.observe(*design.draw(rng, given.histories, before))
    alarmed = float((watches.alarms > 0).mean())
    first = np.full((2, given.histories), longest + 1)
    for number in range(1, longest + 1):
        ringing = watches.observe(*design.draw(rng, given.histories, after))
        seen = np.array([ringing, watches.upper < expected if bounds else ringing])
        first[seen & (first > number)] = number
        if ((first <= number).mean(1) >= SEEN).all():
            break
    return Delays(first[0], first[1], alarmed)


def records_per_alarm(
    given: Settings, expected: float, truth: float, looks: int
) -> tuple[float, bool]:
    """Audited records to one alarm, while nothing falls; and whether it is more than that."""
    rng = given.rng("alarms", expected, truth)
    watches = Watches(given.histories, expected, EQUAL.weights, given.every, bounds=False)
    for _ in range(looks):
        watches.observe(*EQUAL.draw(rng, given.histories, truth))
    alarms = int(watches.alarms.sum())
    return given.histories * looks / max(alarms, COUNTED), alarms < COUNTED


# -- tables ----------------------------------------------------------------------------------------


Start = Callable[..., "Future[Any]"]


class Table(NamedTuple):
    """A table whose rows are being simulated."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[Callable[[], tuple[object, ...]]]

    def lines(self) -> list[str]:
        """As Markdown; waits for the simulations."""
        rows = [f"| {' | '.join(map(str, row()))} |" for row in self.rows]
        return [
            self.title,
            "",
            f"| {' | '.join(self.header)} |",
            "|---" * len(self.header) + "|",
            *rows,
            "",
        ]


def tables(given: Settings, start: Start) -> list[Table]:
    """All of them, begun at once."""
    return [
        _false_promotions(given, start),
        _coverage(given, start),
        _power(given, start),
        _falls(given, start),
        _false_alarms(given, start),
        _trade_off(given, start),
    ]


def _false_promotions(given: Settings, start: Start) -> Table:
    def row(design: Design, guarantee: float, truth: float, run: "Future[Errors]") -> Any:
        found = run.result()
        return design.name, guarantee, truth, _share(found.promoted), _share(found.taken_back)

    cases = [(d, g, g - 0.0001) for g in (0.9, 0.95) for d in DESIGNS]
    cases += [(EQUAL, 0.95, truth) for truth in (0.95, 0.96, 0.97)]
    return Table(
        f"**Decisions**, if one looks after each of {LOOKS:,} audited records. Below the guarantee,"
        " every promotion is wrong; at it and above, every taking back is.",
        ("audited", "guarantee", "precision", "ever promoted", "ever taken back"),
        [partial(row, *case, start(errors, given, *case)) for case in cases],
    )


def _coverage(given: Settings, start: Start) -> Table:
    def row(design: Design, truth: float, run: "Future[Errors]") -> Any:
        found = run.result()
        return design.name, truth, _share(found.lower_too_high), _share(found.upper_too_low)

    return Table(
        f"**Bounds that are ever wrong**, within {LOOKS:,} audited records and without restarts;"
        " each may be in 2.5 % of the histories.",
        ("audited", "precision", "lower bound too high", "upper bound too low"),
        [
            partial(row, design, 0.9503, start(errors, given, design, 0.95, 0.9503, restarts=False))
            for design in DESIGNS
        ],
    )


def _power(given: Settings, start: Start) -> Table:
    def row(design: Design, guarantee: float, truth: float, run: "Future[Array]") -> Any:
        after = run.result()
        return (design.name, guarantee, truth, *_quantiles(after))

    cases = [
        (EQUAL, 0.9, 0.95),
        (EQUAL, 0.9, 0.97),
        (DOUBTFUL, 0.9, 0.97),
        (SURE, 0.9, 0.97),
        (EQUAL, 0.95, 0.97),
        (DOUBTFUL, 0.95, 0.97),
        (EQUAL, 0.95, 0.98),
        (EQUAL, 0.95, 0.99),
    ]
    return Table(
        "**Audited records until a promotion.**",
        ("audited", "guarantee", "precision", "median", "90 %"),
        [partial(row, *case, start(promoted_after, given, *case)) for case in cases],
    )


def _falls(given: Settings, start: Start) -> Table:
    def row(design: Design, good: int, run: "Future[Delays]") -> Any:
        found = run.result()
        return (
            design.name,
            f"{good:,}",
            *_quantiles(found.alarm),
            *_quantiles(found.taken_back),
            _share(found.alarmed_before),
        )

    cases = [(EQUAL, good) for good in (0, 500, 5_000)] + [(DOUBTFUL, 500), (SURE, 500)]
    return Table(
        "**Audited records until a fall from 95 to 90 % is found**; expected precision and"
        f" guarantee are 0.95, a false alarm comes every {given.every:,} records or less often.",
        (
            "audited",
            "good records before",
            "alarm: median",
            "90 %",
            "upper bound below 0.95: median",
            "90 %",
            "alarm before the fall",
        ),
        [partial(row, *case, start(delays, given, *case)) for case in cases],
    )


def _false_alarms(given: Settings, start: Start) -> Table:
    def row(every: int, runs: "Iterable[Future[tuple[float, bool]]]") -> Any:
        return (f"{every:,}", *(_count(run.result()) for run in runs))

    truths = (0.95, 0.955, 0.96, 0.97)
    rows = []
    for every in (1_000, 10_000, 100_000):
        one = given._replace(every=every)
        runs = [start(records_per_alarm, one, 0.95, truth, LOOKS) for truth in truths]
        rows.append(partial(row, every, runs))
    return Table(
        "**Audited records to a false alarm**, while the precision stays the same; expected: 0.95.",
        ("at least", *(f"at {truth}" for truth in truths)),
        rows,
    )


def _trade_off(given: Settings, start: Start) -> Table:
    def row(every: int, expected: float, runs: "Iterable[Future[Any]]") -> Any:
        rare, *found = (run.result() for run in runs)
        delays_ = (f"{np.median(one.alarm):,.0f}" for one in found)
        return (expected, f"{every:,}", _count(rare), *delays_)

    rows = []
    for expected in (0.93, 0.94, 0.95):
        for every in (100, 1_000, 10_000, 100_000):
            one = given._replace(every=every)
            runs = [start(records_per_alarm, one, expected, 0.95, LOOKS)]
            runs += [
                start(delays, one, EQUAL, good, expected=expected, bounds=False)
                for good in (0, 500)
            ]
            rows.append(partial(row, every, expected, runs))
    return Table(
        "**What a rarer false alarm costs**: medians of audited records until the alarm, for a fall"
        " from 95 to 90 %.",
        (
            "expected",
            "false alarm, at least every",
            "at a precision of 0.95 every",
            "found after 0 good ones",
            "after 500",
        ),
        rows,
    )


def _share(value: Any) -> str:
    return f"{100 * np.mean(value):.2f} %"


def _quantiles(after: Array) -> tuple[str, str]:
    return tuple(  # type: ignore[return-value]
        f"{value:,.0f}" if value <= LONGEST else f"> {LONGEST:,}"
        for value in np.quantile(after, (0.5, 0.9), method="lower")
    )


def _count(found: tuple[float, bool]) -> str:
    value, more = found
    digits = len(str(int(value))) - 2
    return f"{'over ' if more else ''}{round(value, -digits):,.0f}"


def write(lines: list[str]) -> None:
    """Puts the tables between the page's marks."""
    head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise ValueError(f"{PAGE.name} has no section {BEGIN}")
    PAGE.write_text("\n".join([head + BEGIN, "", *lines, END + tail]), "utf-8")


def main() -> int:
    """Simulates, prints and writes."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--only-print", action="store_true", help="leave the page alone")
    options = parser.parse_args()
    given = Settings(options.histories, options.seed)
    ran = f"`{COMMAND} --histories {given.histories} --seed {given.seed}` wrote these tables."
    lines = [ran, ""]
    with ProcessPoolExecutor(options.workers) as pool:
        for table in tables(given, pool.submit):
            lines += table.lines()
            print("\n".join(table.lines()), flush=True)
    if not options.only_print:
        write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
