"""stages.toml: what it may hold, and how it is changed without losing anything."""

import multiprocessing
import os
import shutil
import tomllib
from pathlib import Path

import pytest

from winnow.errors import StagesInvalidError, StageUnknownError
from winnow_cli.deployment.samconfig import MARK
from winnow_cli.deployment.stages import (
    Stage,
    edit_stages,
    parse_stages,
    read_stages,
    remove_stage,
    write_stage,
)

ROOT = Path(__file__).parents[4]
WRITTEN = """\
# Ours, by Maria.
[stages.test]  # where we try
account = "123456789012"
region = 'eu-central-1'  # GDPR

[stages.test.parameters]
Threshold = 0.80  # agreed in May
MailFileNames = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A stages.toml beside this checkout's template.yaml and samconfig.toml."""
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, tmp_path)
    path = tmp_path / "stages.toml"
    path.write_text(WRITTEN)
    return path


def a_stage(name: str = "prod", **more: object) -> Stage:
    own = {"account": "210987654321", "region": "us-east-1", "stack": f"winnow-{name}", **more}
    return Stage(name=name, **own)


def test_values_are_read_as_cloudformation_takes_them(file: Path) -> None:
    stage = read_stages(file).get("test")
    assert stage.stack == "winnow-test"
    assert stage.parameters == {"Threshold": "0.8", "MailFileNames": "true"}


def test_the_local_stage_is_there_without_a_file(tmp_path: Path) -> None:
    stages = read_stages(tmp_path / "stages.toml")
    assert list(stages.by_name) == ["local"]
    assert stages.deployed == []
    assert stages.get("local").local


def test_an_unknown_stage_is_told_with_those_there_are(file: Path) -> None:
    with pytest.raises(StageUnknownError, match="local, test"):
        read_stages(file).get("prod")


ACCOUNT = 'account = "123456789012"\n'
REGION = 'region = "eu-central-1"\n'


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[stages.test\n", "line 1"),
        ("[other]\n", "other"),
        ("stages = 1\n", "not a table"),
        ("[stages]\ntest = 1\n", "[stages.test]"),
        (f"[stages.test]\n{REGION}", "account is missing"),
        (f"[stages.test]\naccount = 123456789012\n{REGION}", "12 digits"),
        (f'[stages.test]\naccount = "12345678901"\n{REGION}', "12 digits"),
        (f'[stages.test]\n{ACCOUNT}region = "Frankfurt"\n', "region"),
        (f"[stages.test]\n{ACCOUNT}{REGION}stack = '1st'\n", "stack"),
        (f"[stages.test]\n{ACCOUNT}{REGION}colour = 'blue'\n", "colour"),
        (f"[stages.Test]\n{ACCOUNT}{REGION}", "[stages.Test]"),
        (f"[stages.default]\n{ACCOUNT}{REGION}", "[stages.default]"),
        (f"[stages.local]\n{ACCOUNT}", "account"),
        (f"[stages.test]\n{ACCOUNT}{REGION}profile = 3\n", "profile"),
        (f"[stages.test]\n{ACCOUNT}{REGION}parameters = 3\n", "parameters"),
        (f"[stages.test]\n{ACCOUNT}{REGION}parameters.MaxRuns = [1]\n", "parameters.MaxRuns"),
        (f"[stages.test]\n{ACCOUNT}{REGION}tags.'aws:x' = 'y'\n", "tags.aws:x"),
        (f"[stages.test]\n{ACCOUNT}{REGION}tags.owner = 'a\"b'\n", "tags.owner"),
        (f"[stages.test]\n{ACCOUNT}{REGION}tags.owner = '{'x' * 257}'\n", "owner"),
        (
            "".join(f"[stages.{name}]\n{ACCOUNT}{REGION}stack = 'one'\n" for name in "ab"),
            "[stages.a]",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_table(text: str, where: str) -> None:
    with pytest.raises(StagesInvalidError) as caught:
        parse_stages(text, Path("stages.toml"))
    assert where in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("owner", "AKIA" + "ABCDEFGHIJKLMNOP"),
        ("owner", "ghp_" + "a1" * 18),
        ("owner", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"),
        ("db_password", "x"),
    ],
)
def test_secrets_are_refused_and_not_repeated(name: str, value: str) -> None:
    text = f'[stages.test]\n{ACCOUNT}{REGION}tags.{name} = "{value}"\n'
    with pytest.raises(StagesInvalidError) as caught:
        parse_stages(text, Path("stages.toml"))
    assert name in caught.value.message
    assert len(value) == 1 or value not in caught.value.message


def test_the_arn_of_a_key_is_not_a_secret() -> None:
    arn = "arn:aws:kms:eu-central-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    text = f"[stages.test]\n{ACCOUNT}{REGION}parameters.KmsKeyArn = '{arn}'\n"
    assert parse_stages(text, Path("stages.toml")).get("test").parameters["KmsKeyArn"] == arn


def test_a_stage_is_added_and_every_comment_stays(file: Path) -> None:
    write_stage(a_stage(parameters={"MaxRuns": "20"}, tags={"owner": "claims team"}), file)
    assert file.read_text().startswith(WRITTEN)
    assert read_stages(file).get("prod") == a_stage(
        parameters={"MaxRuns": "20"}, tags={"owner": "claims team"}
    )


def test_a_file_from_windows_stays_one(file: Path) -> None:
    config = file.with_name("samconfig.toml")
    file.write_bytes(b"\xef\xbb\xbf" + WRITTEN.replace("\n", "\r\n").encode())
    config.write_bytes(config.read_bytes().replace(b"\n", b"\r\n"))
    assert list(read_stages(file).by_name) == ["local", "test"]
    write_stage(a_stage(), file)
    for path in (file, config):
        assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
        assert b"prod" in path.read_bytes()
    assert file.read_bytes().startswith(WRITTEN.replace("\n", "\r\n").encode())
    remove_stage("prod", file)
    assert file.read_bytes().rstrip() == WRITTEN.replace("\n", "\r\n").encode().rstrip()


def test_a_link_to_a_file_of_stages_stays_one(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked" / "stages.toml"
    link.parent.mkdir()
    link.symlink_to(file)
    write_stage(a_stage(), link)
    assert link.is_symlink()
    assert "prod" in read_stages(file).by_name


@pytest.mark.parametrize("name", ["stages.toml", "samconfig.toml"])
def test_a_file_that_is_not_utf_8_is_named(file: Path, name: str) -> None:
    path = file.with_name(name)
    path.write_bytes(b"# caf\xe9\n" + path.read_bytes())
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    with pytest.raises(StagesInvalidError, match=f"{name} is not in UTF-8"):
        write_stage(a_stage(), file)
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before


def test_only_what_changes_is_written(file: Path) -> None:
    test = read_stages(file).get("test")
    changed = test.model_copy(update={"parameters": {"Threshold": "0.8", "MaxRuns": "3"}})
    write_stage(changed, file)
    assert "Threshold = 0.80  # agreed in May" in file.read_text()
    assert read_stages(file).get("test") == changed


def test_parameters_of_the_local_stage_are_kept_without_an_account(file: Path) -> None:
    write_stage(Stage(name="local", parameters={"MaxRuns": "2"}), file)
    assert read_stages(file).local.parameters == {"MaxRuns": "2"}
    assert "[local" not in (file.parent / "samconfig.toml").read_text()


@pytest.mark.parametrize(
    "parameters",
    [{"Treshold": "0.8"}, {"Threshold": "2"}, {"MaxRuns": "1001"}, {"Local": "true"}],
)
def test_parameters_that_the_template_refuses_are_not_written(
    file: Path, parameters: dict[str, str]
) -> None:
    with pytest.raises(StagesInvalidError, match=next(iter(parameters))):
        write_stage(a_stage(parameters=parameters), file)
    assert file.read_text() == WRITTEN


def test_ctrl_c_leaves_the_old_file_and_nothing_beside_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_text() for path in file.parent.iterdir()}

    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_stage(a_stage(), file)
    assert {path.name: path.read_text() for path in file.parent.iterdir()} == before


def test_an_edit_that_is_given_up_changes_nothing(file: Path) -> None:
    with pytest.raises(KeyboardInterrupt), edit_stages(file) as document:
        document["stages"].remove("test")
        raise KeyboardInterrupt
    assert file.read_text() == WRITTEN


def _write(path: Path, name: str) -> None:
    write_stage(a_stage(name), path)


def test_writers_at_once_lose_nothing(file: Path) -> None:
    names = [f"s{number}" for number in range(6)]
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(file, name)) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert set(read_stages(file).by_name) == {"local", "test", *names}


def test_sam_gets_an_environment_a_stage(file: Path) -> None:
    write_stage(a_stage(parameters={"MaxRuns": "20"}, tags={"owner": "claims team"}), file)
    written = (file.parent / "samconfig.toml").read_text()
    assert written.startswith((ROOT / "samconfig.toml").read_text())
    config = tomllib.loads(written)
    assert config["prod"]["global"]["parameters"] == {
        "stack_name": "winnow-prod",
        "region": "us-east-1",
    }
    options = config["prod"]["deploy"]["parameters"]
    assert options == {
        **config["default"]["deploy"]["parameters"],
        "s3_prefix": "winnow-prod",
        "parameter_overrides": {"MaxRuns": "20"},
        "tags": ['"owner"="claims team"'],
    }
    assert config["test"]["deploy"]["parameters"]["parameter_overrides"]["Threshold"] == "0.8"


def test_the_environment_of_a_stage_goes_with_it(file: Path) -> None:
    write_stage(a_stage(), file)
    remove_stage("test", file)
    config = tomllib.loads((file.parent / "samconfig.toml").read_text())
    assert set(config) == {"version", "default", "prod"}


def test_writing_again_changes_nothing(file: Path) -> None:
    write_stage(a_stage(tags={"a": "b"}, parameters={"MaxRuns": "20"}), file)
    once = {path.name: path.read_text() for path in file.parent.iterdir()}
    write_stage(a_stage(tags={"a": "b"}, parameters={"MaxRuns": "20"}), file)
    assert {path.name: path.read_text() for path in file.parent.iterdir()} == once


def test_an_environment_that_somebody_wrote_is_left_alone(file: Path) -> None:
    config = file.parent / "samconfig.toml"
    config.write_text(config.read_text() + '\n[prod.deploy.parameters]\nstack_name = "mine"\n')
    before = config.read_text()
    with pytest.raises(StagesInvalidError, match="prod"):
        write_stage(a_stage(), file)
    assert config.read_text() == before
    assert file.read_text() == WRITTEN
    assert MARK not in before


def test_removing_a_stage_that_is_not_there(file: Path) -> None:
    with pytest.raises(StageUnknownError, match="prod"):
        remove_stage("prod", file)
