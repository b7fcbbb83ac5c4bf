"""`winnow redrive`: times and ages, and what it has started when it breaks off."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from winnow.errors import AwsUnreachableError
from winnow_cli import redrive, target
from winnow_cli.app import app
from winnow_cli.commands.redrive import moment
from winnow_cli.redrive import Redriven
from winnow_cli.render.listing import Listing


class Pretended:
    """A redrive without a stack."""

    under_way: tuple[str, ...] = ()
    failures: tuple[()] = ()
    unmailed: tuple[()] = ()
    unreadable = mailed = 0

    def __init__(self, _: object) -> None:
        pass


def test_a_redrive_that_breaks_off_tells_what_it_started_and_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Work(Pretended):
        def failed_since(self, _: float) -> Iterator[Redriven]:
            yield Redriven("1" * 32, "run", from_queue=False)
            raise AwsUnreachableError("AWS does not answer.")

    monkeypatch.setattr(redrive, "Redrive", Work)
    monkeypatch.setattr(target, "find_target", lambda _: None)
    ran = CliRunner().invoke(app, ["redrive", "--failed-since", "1d", "--json"])
    document = json.loads(ran.stdout)
    assert [one["upload_id"] for one in document["started"]] == ["1" * 32]
    assert (ran.exit_code, document["error"]["code"]) == (1, "aws_unreachable")


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("closed_at", [1, 2, 3])
def test_a_redrive_whose_output_is_closed_says_how_far_it_came(
    closed_at: int, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    class Work(Pretended):
        def failed_since(self, _: float) -> Iterator[Redriven]:
            for number in range(1, 4):
                started.append(str(number) * 32)
                yield Redriven(started[-1], "run", from_queue=False)

    def closed(listing: Listing, *_: object) -> None:
        if len(started) == closed_at:
            raise BrokenPipeError

    there = SimpleNamespace(hint=lambda words: f"winnow {words} --stack s", outputs={})
    monkeypatch.setattr(redrive, "Redrive", Work)
    monkeypatch.setattr(target, "find_target", lambda _: there)
    monkeypatch.setattr(Listing, "add", closed)
    ran = CliRunner().invoke(app, ["redrive", "--failed-since", "1d", *options])
    assert ran.exit_code == 141
    assert len(started) == closed_at
    assert f"The output was closed: {closed_at} were started" in ran.stderr
    assert "`winnow redrive --failed-since 1d --stack s` starts the rest." in ran.stderr


def test_a_redrive_that_is_through_before_its_output_is_closed_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Work:
        under_way = failures = unmailed = ()
        unreadable = mailed = 0

        def __init__(self, _: object) -> None:
            pass

        def failed_since(self, _: float) -> Iterator[Redriven]:
            yield Redriven("1" * 32, "run", from_queue=False)

    def closed(*_: object) -> None:
        raise BrokenPipeError

    there = SimpleNamespace(hint=lambda words: f"winnow {words}", outputs={})
    monkeypatch.setattr(redrive, "Redrive", Work)
    monkeypatch.setattr(target, "find_target", lambda _: there)
    monkeypatch.setattr("winnow_cli.waiting.limits_runs", lambda _: False)
    monkeypatch.setattr(Listing, "__exit__", closed)
    ran = CliRunner().invoke(app, ["redrive", "--failed-since", "1d"])
    assert ran.exit_code == 141
    assert "1 started; `winnow status` shows their state." in ran.stderr


@pytest.mark.parametrize(
    "text",
    [
        *("", "d", "²d", "99999999999d", f"{'9' * 30}s", f"{'9' * 5_000}m", "-1d", "soon", "1w"),
        # in UTC, before the first year and after the last
        *("0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00"),
    ],
)
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    ran = CliRunner().invoke(app, ["redrive", "--failed-since", text])
    assert (ran.exit_code, ran.stdout) == (2, "")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("12h", 43_200), ("3d", 259_200), ("2026-01-01T01:00+01:00", 0)],
)
def test_a_time_or_an_age(text: str, seconds: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert moment(text, now) == now - timedelta(seconds=seconds)
