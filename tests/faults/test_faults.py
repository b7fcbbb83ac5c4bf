"""Whatever breaks: one end an upload, somebody told, and nothing for the audit to say."""

import re
from collections.abc import Iterator

import pytest
import pytest_socket

from tests.faults.page import PAGE, TABLES, section
from tests.faults.run import judge
from tests.faults.scenarios import SCENARIOS, Scenario


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fault_ends_as_it_must(scenario: Scenario) -> None:
    found = judge(scenario)
    assert found.ends == scenario.ends
    assert found.mails == scenario.mails
    assert found.clean


def test_every_name_is_one() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 40


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", TABLES.read_text("utf-8")))
    there = {
        name
        for file in PAGE.parents[1].glob("tests/**/test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    assert len(named) > 20
    assert named <= there


@pytest.mark.parametrize("name", ["faults", "faults on the stack", "mutations"])
def test_the_page_sums_up_what_the_table_says(name: str) -> None:
    said = re.split(r"[.;]", section(name))[0]
    assert re.search(r"\d", said)
    assert f"[{said}]({TABLES.name}#" in PAGE.read_text("utf-8")


def test_the_page_says_of_the_load_what_its_table_says() -> None:
    found = re.findall(r"^\| (lost or failed|double) \| (.+) \|$", section("load"), re.M)
    assert found == [("lost or failed", "0"), ("double", "0")] * 2
    assert re.search(rf"\[none [^]]+\]\({TABLES.name}#load\)", PAGE.read_text("utf-8"))


def test_the_page_says_of_the_reviewers_what_their_table_says() -> None:
    (verdict,) = re.findall(r"^\| lost, decided twice, .+? \| (.+) \|$", section("reviewers"), re.M)
    assert verdict == "0"
    asked, decided = (
        re.search(pattern, section("reviewers"), re.M)
        for pattern in (
            r"^\| \*\*reviewers at once.+; ([\d,]+) \|$",
            r"^\| decided; .+?\| ([\d,]+);",
        )
    )
    assert asked
    assert decided
    assert asked[1] == decided[1]
    assert f"]({TABLES.name}#reviewers)" in PAGE.read_text("utf-8")
