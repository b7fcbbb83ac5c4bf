"""A part of `make mutations`: what an expression computes is noticed where the machine is run."""

import pytest

from tests.template.mutants import hash_of, mutants
from tests.template.mutate import LEAST, by_rules, by_running, lives, score
from tests.template.rules.stack import written

ONE_IN = 40


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_changes_of_the_machines_are_noticed() -> None:
    stack = written()
    made = [one for one in mutants(stack) if one.document != "template"]
    judged = list(by_rules(stack, made))
    # The same part on every machine; of what the rules notice, all of it.
    part = [one for one in judged if one.by or hash_of(str(one.mutant)) % ONE_IN == 0]
    ran = by_running(stack, part)
    assert sum(not one.by for one in part) > 10
    assert score(ran) >= LEAST, "\n".join(lives(ran))
