"""The template keeps to the rules over types, in tests/template/rules: each says all that may be.

A resource, a property or a parameter that is new fails here until a rule speaks of it.
"""

import pytest

from tests.template.rules import TYPES, around, machines, nowhere, of_resource, written
from tests.template.rules.stack import Stack

WRITTEN = written()


@pytest.mark.parametrize("name", WRITTEN.resources)
def test_a_resource_is_all_that_its_type_may_be(name: str):
    assert [*of_resource(name, WRITTEN)] == []


def test_so_is_everything_around_the_resources():
    assert [*around(WRITTEN)] == []


def test_nothing_refers_to_what_is_not_there_and_no_parameter_is_idle():
    assert [*nowhere(WRITTEN)] == []


def test_so_is_every_state_of_the_machines():
    assert [*machines.violations(WRITTEN)] == []


def test_there_is_no_rule_for_what_is_not_there():
    assert set(TYPES) == {one["Type"] for one in WRITTEN.resources.values()}


@pytest.mark.parametrize("name", WRITTEN.resources)
def test_a_property_that_no_rule_speaks_of_is_refused(name: str):
    resource = WRITTEN.resources[name]
    changed = {**resource, "Properties": {**resource["Properties"], "Unheard": "of"}}
    template = {**WRITTEN.template, "Resources": {**WRITTEN.resources, name: changed}}
    assert [*of_resource(name, Stack(template, WRITTEN.machines))] == [
        f"Resources.{name}.Properties.Unheard: no rule speaks of it"
    ]
