"""Changes the template and the machines in every way there is, and sees who notices.

`python -m tests.template.mutate` makes every change of mutants.py and named.py, one at a time, on a
copy: first the rules look at it, then, where only an expression of a machine was changed, the tests
that run the machines. It writes the table into docs/reliability-tables.md. Exit code 1 where fewer
than 97 of 100 are noticed, or one of named.py is not.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.faults.page import replace_section
from tests.template import rules
from tests.template.mutants import Mutant, mutants
from tests.template.named import named
from tests.template.rules import machines
from tests.template.rules.stack import Stack, written

LEAST = 0.97
# What changes nothing that anybody could notice: pattern of the change -> why.
SETS = (
    "AllowedValues|Statement|Action|Resource|AttributeDefinitions|GlobalSecondaryIndexes|AWS"
    "|ErrorEquals|Metrics|Rules|status|skip|aws:SourceArn|kms:ViaService|And|Or|alarms|metrics"
    "|widgets"
)
EQUIVALENT = {
    rf"\.({SETS}) swapped \(\d+ and \d+\)$": "the order of a set means nothing",
    r"ParameterGroups(\[\d+\]\.Parameters)? swapped": "questions may have any order",
    r"\.claim emptied .*⟦'none'⟧": "no run is called '', as none is called 'none'",
    r"Record\..*ConditionExpression clause \(#run = :run AND #state > :failed\)$": (
        "of all states FAILED is the first by the alphabet"
    ),
    r"Explain\.Output\.process removed .*serialized⟦\.process⟧": (
        "what Serialize says has a process, or it is left out"
    ),
    r"^(triage|stopped) .*\.Comment removed$": "a state needs no comment",
    r"Threshold\.AllowedPattern number .*⟦01⟧ → '10'": "[10] takes the same characters as [01]",
}


@dataclass(frozen=True)
class Judged:
    """A change, and who noticed it; None: nobody did."""

    mutant: Mutant
    by: str | None

    @property
    def equivalent(self) -> str | None:
        """Why nobody could have noticed."""
        told = str(self.mutant)
        found = (why for pattern, why in EQUIVALENT.items() if re.search(pattern, told))
        return None if self.by else next(found, None)


def by_rules(stack: Stack, made: Iterable[Mutant]) -> Iterator[Judged]:
    """What the rules say of each change: the first thing that is wrong."""
    for mutant in made:
        changed = mutant.applied(stack)
        try:
            said = next(_said(mutant, changed), None)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            # A test that cannot even read it has failed.
            said = f"a rule: {error!r}"
        yield Judged(mutant, said)


def _said(mutant: Mutant, changed: Stack) -> Iterator[str]:
    if mutant.document == "template":
        # What was changed is looked at first.
        if mutant.path[0] == "Resources" and len(mutant.path) > 1:
            name = str(mutant.path[1])
            if name in changed.resources:
                yield from rules.of_resource(name, changed)
        yield from rules.violations(changed)
    yield from machines.violations(changed)


def by_running(stack: Stack, judged: list[Judged]) -> list[Judged]:
    """The same, with what the machines do where the rules had nothing to say."""
    from tests.template.by_running import in_parallel

    open_ = [
        (number, one)
        for number, one in enumerate(judged)
        if one.mutant.document != "template" and not one.by and not one.equivalent
    ]
    changed = [(_state(one.mutant), one.mutant.applied(stack).machines) for _, one in open_]
    answers = in_parallel(changed)
    found = list(judged)
    for (number, one), by in zip(open_, answers, strict=True):
        found[number] = Judged(one.mutant, by)
    return found


def _state(mutant: Mutant) -> str:
    """The state that was changed; of changes of several, none."""
    return str(mutant.path[1]) if len(mutant.path) > 1 else ""


def score(judged: Iterable[Judged]) -> float:
    """The share that is noticed, of all that could be."""
    could = [one for one in judged if not one.equivalent]
    return sum(one.by is not None for one in could) / len(could)


def lives(judged: Iterable[Judged]) -> list[str]:
    return [str(one.mutant) for one in judged if not one.by and not one.equivalent]


def main() -> int:
    stack = written()
    if wrong := [*rules.violations(stack), *machines.violations(stack)]:
        print("The template as it is breaks its rules: mend that first.", *wrong, sep="\n")
        return 1
    start = time.monotonic()
    once = named(stack)
    made = [mutant for _, mutant in once] + mutants(stack)
    judged = list(by_rules(stack, made))
    print(f"{sum(one.by is None for one in judged)} of {len(judged)} pass the rules", flush=True)
    judged = by_running(stack, judged)
    living = lives(judged)
    print(*living, sep="\n")
    took = time.monotonic() - start
    print(f"{score(judged):.4f} in {took:.0f} s")
    replace_section("mutations", page(judged, took))
    return int(score(judged) < LEAST or any(" named " in one for one in living))


def page(judged: list[Judged], took: float) -> str:
    """What the page on reliability shows of it."""
    could = [one for one in judged if not one.equivalent]
    noticed = [one for one in could if one.by]
    without = Counter(one.equivalent for one in judged if one.equivalent)
    lines = [
        f"{len(noticed):,} of {len(could):,} changes are noticed.",
        f"The run took {took / 60:.0f} minutes, on {os.cpu_count()} cores with a load "
        f"average of {os.getloadavg()[2]:.0f}.",
        "",
        "| of | how | changes | noticed by a rule | by running | no effect | survived |",
        "|---|---|---|---|---|---|---|",
    ]
    for (document, change), those in _grouped(judged).items():
        by_rule = sum(one.by is not None and ".py::" not in one.by for one in those)
        ran = sum(one.by is not None and ".py::" in one.by for one in those)
        same = sum(one.equivalent is not None for one in those)
        live = len(those) - by_rule - ran - same
        numbers = " | ".join(f"{number:,}" for number in (len(those), by_rule, ran, same, live))
        lines.append(f"| {document} | {change} | {numbers} |")
    lines += ["", "Not in the score, because they have no effect:", ""]
    lines += [f"- {number:,} times: {why}" for why, number in without.most_common()]
    living = [one for one in could if not one.by]
    lines += ["", f"Not noticed, {len(living)}:" if living else "No other change survived.", ""]
    lines += [f"- `{one.mutant}`".replace("|", "\\|") for one in living]
    lines += ["", "Changes that survived in the past:", "", "| change | noticed by |", "|---|---|"]
    for one in judged:
        if one.mutant.change == "named":
            lines.append(f"| {one.mutant.detail} | {_who(one.by)} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def _grouped(judged: list[Judged]) -> dict[tuple[str, str], list[Judged]]:
    found: dict[tuple[str, str], list[Judged]] = {}
    for one in sorted(judged, key=lambda one: (one.mutant.document, one.mutant.change)):
        found.setdefault((one.mutant.document, one.mutant.change), []).append(one)
    return found


def _who(by: str | None) -> str:
    if by is None:
        return "**nobody**"
    return f"`{by if '.py::' in by else by.split(': ')[0]}`"


if __name__ == "__main__":
    raise SystemExit(main())
