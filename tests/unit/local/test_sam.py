"""What a running stack leaves in `.winnow/sam/`, without an engine: tests/container tries it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from winnow_aws import clients
from winnow_local.sam import LOCAL_AWS, function_of, record, variables, write_variables


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("ClassifyFunction", "classify"),
        ("winnow-ClassifyFunction-1A2B", "classify"),
        ("other", None),
        ("Function", None),
    ],
)
def test_a_function_is_known_by_its_logical_id(name: str, function: str | None) -> None:
    assert function_of(name) == function


def test_calls_at_once_leave_one_whole_event(tmp_path: Path) -> None:
    events = [{"number": number, "long": str(number) * 50_000} for number in range(8)]

    def call(number: int) -> None:
        for _ in range(20):
            record(tmp_path, "filter", events[number])
            assert json.loads((tmp_path / "filter.json").read_text("utf-8")) in events

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(8)))
    assert [file.name for file in tmp_path.iterdir()] == ["filter.json"]


def test_containers_are_told_where_the_stack_is(tmp_path: Path) -> None:
    given = variables({"ClassifyFunction": {"A": "1"}}, "http://172.17.0.1:4566")
    write_variables(tmp_path, given)
    address = "http://test:test@172.17.0.1:4566"
    assert json.loads((tmp_path / "env.json").read_text("utf-8")) == {
        "ClassifyFunction": {"A": "1", "LOCAL_AWS": address}
    }
    assert (tmp_path / "classify.env").read_text("utf-8") == f"A=1\nLOCAL_AWS={address}\n"


def test_functions_read_the_variable_that_is_written() -> None:
    # Not imported from there: the emulator would load boto3 for it.
    assert LOCAL_AWS == clients.LOCAL_AWS
