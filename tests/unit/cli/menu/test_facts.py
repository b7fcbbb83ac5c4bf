"""What the menu looks up on a machine where nothing runs."""

from pathlib import Path

import pytest

from winnow_cli.menu.facts import DEFAULT_REGION, StackFacts


@pytest.fixture(autouse=True)
def _nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "WINNOW_PROCESSES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("WINNOW_STAGES", str(tmp_path / "stages.toml"))


def test_what_is_in_the_checkout_is_found() -> None:
    facts = StackFacts()
    assert facts.processes() == ["L33774", "emotions", "screening-colonoscopy", "two-wheels"]
    assert {path.name for path in facts.samples()} >= {"prior-auth-cases.csv", "feelings.jsonl"}
    assert facts.parameters().get("NotifyEmail") is not None
    assert list(facts.stages().by_name) == ["local"]


def test_what_cannot_be_asked_is_left_out() -> None:
    facts = StackFacts()
    assert facts.state() == "not running"
    assert facts.uploads() == []
    assert facts.published() == []
    assert facts.region() == DEFAULT_REGION


def test_the_region_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert StackFacts().region() == "us-west-2"


def test_a_stage_in_aws_is_told_by_its_region_and_account(tmp_path: Path) -> None:
    (tmp_path / "stages.toml").write_text(
        '[stages.test]\naccount = "123456789012"\nregion = "eu-west-1"\n', "utf-8"
    )
    assert StackFacts("test").state() == "eu-west-1, account 123456789012"
    assert StackFacts("test").uploads() == []


@pytest.mark.parametrize("text", ["[stages.x", "[stages.test]\naccount = 5\n", "\udcff"])
def test_a_file_that_cannot_be_read_leaves_the_local_stage(tmp_path: Path, text: str) -> None:
    (tmp_path / "stages.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    facts = StackFacts()
    assert list(facts.stages().by_name) == ["local"]
    assert facts.trouble is not None
    (tmp_path / "stages.toml").unlink()
    facts.stages()
    assert facts.trouble is None
