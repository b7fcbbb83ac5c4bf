"""A part of `make mutations` that runs in seconds: what changes the template is noticed.

tests/statemachine/test_mutations.py has what can only be noticed by running the machines.
"""

import re

import pytest

from tests.template.mutants import Mutant, hash_of, mutants
from tests.template.mutate import EQUIVALENT, LEAST, by_rules, lives, score
from tests.template.named import named
from tests.template.rules.stack import written

WRITTEN = written()
EVERY = mutants(WRITTEN)
ONE_IN = 5


def sample(document: str) -> list[Mutant]:
    """The same part on every machine."""
    those = [one for one in EVERY if (one.document == "template") == (document == "template")]
    return [one for one in those if hash_of(str(one)) % ONE_IN == 0]


def test_there_are_changes_of_everything():
    changed = {one.path[:2] for one in EVERY if one.document == "template"}
    for part in ("Resources", "Parameters", "Conditions", "Outputs"):
        assert {(part, name) for name in WRITTEN.template[part]} <= changed
    for machine, definition in WRITTEN.machines.items():
        states = {one.path[1] for one in EVERY if one.document == machine and len(one.path) > 2}
        assert set(definition["States"]) <= states


def test_a_change_is_made_on_a_copy_and_is_one():
    before = written()
    for one in (*sample("template"), *sample("machines"))[::7]:
        changed = one.applied(WRITTEN)
        assert (changed.template, changed.machines) != (before.template, before.machines), one
    assert (WRITTEN.template, WRITTEN.machines) == (before.template, before.machines)


@pytest.mark.parametrize(("name", "mutant"), named(WRITTEN), ids=lambda one: str(one)[:40])
def test_what_once_nobody_noticed_is_noticed(name: str, mutant: Mutant):
    [judged] = by_rules(WRITTEN, [mutant])
    assert judged.by, name


def test_changes_of_the_template_are_noticed():
    judged = list(by_rules(WRITTEN, sample("template")))
    assert len(judged) > 1000
    assert score(judged) >= LEAST, "\n".join(lives(judged))


def test_what_changes_nothing_is_little_and_has_its_reason():
    told = [str(one) for one in EVERY]
    of_each = {
        why: sum(bool(re.search(pattern, one)) for one in told)
        for pattern, why in EQUIVALENT.items()
    }
    assert all(of_each.values()), of_each
    assert sum(of_each.values()) < len(told) / 20
