"""`winnow stages`, and the plan of `winnow deploy`, on fake accounts: what they say of costs."""

import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.cloud import FakeCloud, FakeImages
from winnow.costs.month import idle_month
from winnow.costs.prices import price_list
from winnow.errors import AccessDeniedError
from winnow.models import RunCost
from winnow.recovery.upload_row import UploadRow
from winnow_cli import target, uploads
from winnow_cli.app import app
from winnow_cli.commands import deploy, stages, up
from winnow_cli.deployment.cloud import AwsCloud
from winnow_cli.deployment.costs import month_so_far
from winnow_cli.deployment.images import ImagePackager, Made, with_made
from winnow_cli.deployment.overview import NOT_DEPLOYED, StageView
from winnow_cli.deployment.stages import Stage
from winnow_local.template import Checkout, read_template

RUNNER = CliRunner()
NOW = datetime.now(UTC)
FILE = """\
[stages.test]
account = "123456789012"
region = "us-east-1"

[stages.prod]
account = "123456789012"
region = "us-east-1"
"""


def a_run(usd: float, ended: datetime = NOW, **more: Any) -> UploadRow:
    cost = RunCost(
        usd=usd,
        per_1000_records=usd,
        region="us-east-1",
        prices="2026-11-27",
        steps={"classify": usd},
        **more,
    )
    return UploadRow(
        upload_id="0" * 32,
        state="SUCCEEDED",
        claimed_at=ended.isoformat(),
        ended_at=ended.isoformat(),
        process="emotions",
        records=1_000,
        run_cost=cost.model_dump_json(),
    )


class Account:
    """An account with the stages of a file, and the rows of their tables."""

    def __init__(self) -> None:
        self.cloud = FakeCloud()
        self.template = read_template(Checkout.here().template)
        self.rows: dict[str, Sequence[UploadRow] | Exception] = {"test": [], "prod": []}

    def put(self, name: str, **parameters: str) -> None:
        self.cloud.put_stack(f"winnow-{name}", parameters=parameters)
        made = Made(version="0.2.0", commit="abc1234")
        self.cloud.templates[f"winnow-{name}"] = with_made(deepcopy(self.template), made)

    def ended_since(self, name: str, _day: str) -> Sequence[UploadRow]:
        rows = self.rows[name]
        if isinstance(rows, Exception):
            raise rows
        return rows


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    file = tmp_path / "stages.toml"
    file.write_text(FILE, "utf-8")
    monkeypatch.setenv("WINNOW_STAGES", str(file))
    monkeypatch.setattr(AwsCloud, "of", lambda _stage: account.cloud)
    monkeypatch.setattr(
        uploads,
        "Uploads",
        lambda there: SimpleNamespace(ended_since=partial(account.ended_since, there.name)),
    )
    monkeypatch.setattr(target, "target_of", lambda stage: stage)
    monkeypatch.setattr(
        stages, "_local", lambda _stage: StageView(name="local", status=NOT_DEPLOYED)
    )

    def parts(_stage: Stage, _parameters: dict[str, str]) -> tuple[Any, ...]:
        packager = ImagePackager(Checkout.here(), FakeImages())
        return account.cloud, packager, packager.template, []

    monkeypatch.setattr(deploy, "_parts", parts)
    return account


def run(*arguments: str, code: int = 0) -> Result:
    done = RUNNER.invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done


# -- what a stage has cost -------------------------------------------------------------------------


def test_each_stage_tells_what_its_runs_of_this_month_cost(account: Account) -> None:
    account.put("test")
    account.put("prod")
    account.rows["test"] = [a_run(0.25), a_run(1.5), a_run(100, NOW - timedelta(days=40))]
    views = {one["name"]: one for one in json.loads(run("stages", "--json").stdout)["stages"]}
    assert Decimal(views["test"]["cost"]["usd"]) == Decimal("1.75")
    assert views["test"]["cost"]["runs"] == 2
    assert views["test"]["cost"]["since"] == NOW.date().replace(day=1).isoformat()
    assert Decimal(views["prod"]["cost"]["usd"]) == 0
    shown = run("stages").stdout
    assert "this month" in shown
    assert "$1.75" in shown


def test_what_has_no_price_makes_it_at_least(account: Account) -> None:
    account.put("test")
    account.rows["test"] = [a_run(0.25, missing=("event",))]
    assert ">= $0.25" in run("stages").stdout


def test_who_may_not_read_the_table_sees_the_rest(account: Account) -> None:
    account.put("test")
    account.put("prod")
    account.rows["test"] = AccessDeniedError("dynamodb:Scan was refused.")
    account.rows["prod"] = [a_run(2)]
    done = run("stages")
    assert "test\tCREATE_COMPLETE\t0.2.0 abc1234" in done.stdout
    assert "$2.00" in done.stdout
    assert "test: what it cost is not known: dynamodb:Scan was refused." in done.stderr


def test_a_stage_that_is_not_deployed_is_not_asked_for_its_cost(account: Account) -> None:
    account.rows["test"] = AccessDeniedError("asked")
    account.rows["prod"] = AccessDeniedError("asked")
    done = run("stages")
    assert "asked" not in done.output
    assert "this month" not in done.stdout


def test_failed_runs_and_those_before_the_month_are_not_in_it() -> None:
    now = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)
    failed = UploadRow(upload_id="1" * 32, state="FAILED", ended_at=now.isoformat())
    before = a_run(1, now - timedelta(hours=1))
    found = month_so_far(lambda _: [failed, before, a_run(3, now)], now)
    assert (found.runs, found.usd, found.since) == (1, 3, "2026-11-01")


# -- what a deployment will cost -------------------------------------------------------------------


def plan(*arguments: str) -> Any:
    return json.loads(run("deploy", "test", "--plan", "--json", *arguments).stdout)


def test_the_plan_of_a_new_stage_tells_its_month(account: Account) -> None:
    month = idle_month(account.template, price_list("us-east-1"))
    cost = plan()["monthly_cost"]
    assert cost["before"] == 0
    assert cost["after"] == cost["difference"] == pytest.approx(float(month.usd))
    assert "Dashboard" in cost["changes"]
    assert cost["missing"] == []
    shown = run("deploy", "test", "--plan").stderr
    assert f"A month without a file will cost ${month.usd:.2f}." in shown


def test_the_plan_of_an_update_tells_the_difference(account: Account) -> None:
    account.put("test", ReviewPage="true")
    function = account.cloud.templates["winnow-test"]["Resources"]["ScanFunction"]
    function["Properties"]["MemorySize"] = 1_769
    cost = plan()["monthly_cost"]
    assert cost["difference"] < 0
    assert cost["difference"] == pytest.approx(cost["after"] - cost["before"])
    assert cost["memory_mb"] == {"ScanFunction": {"before": 1_769, "after": 3_538}}
    shown = run("deploy", "test", "--plan").stderr
    assert " less than now " in shown
    assert "ScanFunction has 3,538 MB instead of 1,769: a second costs 2 times as much." in shown


def test_an_update_that_costs_the_same_says_so(account: Account) -> None:
    account.put("test")
    assert plan()["monthly_cost"]["difference"] == 0
    assert ", as before." in run("deploy", "test", "--plan").stderr


def test_in_a_region_without_all_prices_it_is_at_least(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(FILE.replace("us-east-1", "eu-central-1"), "utf-8")
    assert "metric_month" in plan()["monthly_cost"]["missing"]
    shown = run("deploy", "test", "--plan").stderr
    assert "will cost at least $" in shown
    assert "no price is known for this region: " in shown


def test_a_month_that_cannot_be_told_does_not_hold_the_plan_up(account: Account) -> None:
    account.put("test")
    account.cloud.templates["winnow-test"] = {"Resources": []}
    assert plan()["monthly_cost"] is None
    assert "monthly cost is not known" in run("deploy", "test", "--plan").stderr


@pytest.mark.parametrize("option", ["--plan", "--follow", "--cancel"])
def test_the_local_stack_has_no_plan_and_is_not_started_instead(
    account: Account, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    started: list[object] = []
    monkeypatch.setattr(up, "start", lambda *given: started.append(given))
    done = RUNNER.invoke(app, ["deploy", "local", option, "--no-verify", "--json"])
    assert (done.exit_code, done.stdout, started) == (2, "", [])
    assert "there is no plan" in " ".join(done.stderr.replace("│", "").split())


def test_a_file_of_stages_in_another_encoding_is_told_by_all_commands(
    account: Account, tmp_path: Path
) -> None:
    (tmp_path / "stages.toml").write_bytes("# Münster\n".encode("latin-1"))
    for arguments in (
        ("stages",),
        ("stages", "remove", "test"),
        ("stages", "set", "test", "--region", "eu-west-1"),
    ):
        done = RUNNER.invoke(app, [*arguments, "--json"])
        assert done.exit_code == 1
        assert json.loads(done.stdout)["error"]["code"] == "stages_invalid"


@pytest.mark.parametrize("option", ["--account=123456789012", "--stack=other", "--tag=a=b"])
def test_the_local_stage_takes_nothing_that_it_would_drop(account: Account, option: str) -> None:
    done = RUNNER.invoke(app, ["stages", "set", "local", option])
    assert done.exit_code == 2
    assert "only parameters" in " ".join(done.stderr.replace("│", "").split())
    assert RUNNER.invoke(app, ["stages", "set", "local", "--parameter=MaxRuns=3"]).exit_code == 0
