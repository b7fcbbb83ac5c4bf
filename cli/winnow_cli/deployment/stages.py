"""stages.toml: the stages of this checkout, each a stack in an account and a region.

It is a file for people and for Git: comments are kept, and secrets are refused. What runs in a
stage is never stored here; CloudFormation knows it.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from winnow.errors import StagesInvalidError, StageUnknownError
from winnow.models import FrozenModel
from winnow.storage.file_names import name_of
from winnow.storage.replacing import replace_file
from winnow.storage.text_files import TextFile, read_text
from winnow_cli.deployment.parameters import Parameters, as_text

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

LOCAL = "local"
"""The stage that is always there: the local stack."""
FILE_VARIABLE = "WINNOW_STAGES"
FILE_NAME = "stages.toml"
_CHECKOUT = Path(__file__).resolve().parents[3]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_RESERVED = {
    "default": "samconfig.toml has an environment of that name for other uses",
}
_FIELDS = {"account", "region", "stack", "profile", "parameters", "tags"}
_MAX_TAGS, _MAX_TAG_NAME, _MAX_TAG_VALUE = 50, 128, 256
# Exactly what SAM reads from samconfig.toml, and a subset of what AWS allows.
_TAG = re.compile(r"[A-Za-z0-9 _:./+@=-]*")

_SECRETS = (
    re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    re.compile(r"\b(gh[pousr]_|github_pat_|xox[abprs]-|sk-)[A-Za-z0-9_-]{16,}"),
    re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
)
"""Access keys of AWS with their secrets, private keys, tokens of GitHub, Slack and others."""
_SECRET_NAMES = re.compile(r"(?i)(password|passwd|secret|credential|private_?key|access_?key)")


class Stage(FrozenModel):
    """A stack that this checkout is deployed to."""

    name: str
    account: str = ""
    """12 digits; empty for the local stage alone."""
    region: str = ""
    stack: str = ""
    profile: str | None = None
    """The AWS profile, used where this machine has one of that name; the account is checked."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """Of template.yaml; those not named have the template's default."""
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def local(self) -> bool:
        return self.name == LOCAL


class Stages(FrozenModel):
    """The stages of a file, by name; the local one is always among them."""

    path: Path
    by_name: dict[str, Stage]

    @property
    def deployed(self) -> list[Stage]:
        """Those in AWS, in the file's order."""
        return [stage for stage in self.by_name.values() if not stage.local]

    @property
    def local(self) -> Stage:
        return self.by_name[LOCAL]

    def find(self, name: str) -> Stage | None:
        """The stage of that name; None if there is none."""
        return self.by_name.get(name)

    def get(self, name: str) -> Stage:
        """The stage of that name.

        Raises:
            StageUnknownError: there is none; the message names those there are.
        """
        stage = self.find(name)
        if stage is None:
            raise StageUnknownError(
                f"{name_of(self.path)} has no stage {name!r}; it has {', '.join(self.by_name)}."
            )
        return stage

    def require_valid(self, parameters: Parameters) -> None:
        """Check every stage's parameters against the template's.

        Raises:
            StagesInvalidError: the message has a line for each value that is wrong.
        """
        problems = [
            f"[stages.{stage.name}.parameters] {problem}"
            for stage in self.by_name.values()
            for problem in parameter_problems(stage, parameters)
        ]
        _raise_if_any(self.path, problems)


def default_path() -> Path:
    """stages.toml beside template.yaml, or the file that WINNOW_STAGES names."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else _CHECKOUT / FILE_NAME


def read_stages(path: Path | None = None) -> Stages:
    """The stages of a file (None: the default one); without the file, the local one alone.

    The values of parameters are not compared with the template: `Stages.require_valid` does it.

    Raises:
        StagesInvalidError: the file is not TOML, or not of the shape above.
        LocalFileError: it cannot be read.
    """
    path = default_path() if path is None else path
    return parse_stages(_file(path).text, path)


def _file(path: Path) -> TextFile:
    """A file of stages; an empty one if there is none. Raises StagesInvalidError."""
    try:
        return read_text(path, StagesInvalidError)
    except FileNotFoundError:
        return TextFile("")


def parse_stages(text: str, path: Path) -> Stages:
    """The stages of a file's text.

    Raises:
        StagesInvalidError: it is not TOML, or not of the shape above.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StagesInvalidError(f"{name_of(path)} is not TOML: {error}.") from None
    problems: list[str] = []
    unknown = sorted(set(document) - {"stages"})
    if unknown:
        problems.append(f"the only table is [stages.NAME]; there is {', '.join(unknown)}")
    tables = document.get("stages", {})
    if not isinstance(tables, dict):
        problems.append("`stages` is not a table")
        tables = {}
    stages = {LOCAL: Stage(name=LOCAL)}
    for name, table in tables.items():
        stage, found = _stage(name, table)
        problems += [f"[stages.{name}] {problem}" for problem in found]
        stages[name] = stage
    problems += _shared_stacks(stages.values())
    _raise_if_any(path, problems)
    return Stages(path=path, by_name=stages)


def problems_of(name: str, table: Mapping[str, Any]) -> list[str]:
    """What is wrong with a stage's table, a phrase each; the template is not looked at."""
    return _stage(name, dict(table))[1]


def parameter_problems(stage: Stage, parameters: Parameters) -> list[str]:
    """What is wrong with a stage's parameters, a sentence each."""
    problems = []
    for name, value in stage.parameters.items():
        known = parameters.get(name)
        if known is not None and known.no_echo:
            problems.append(f"{name} is a secret: leave it out, and give it when you deploy.")
        elif problem := parameters.problem(name, value):
            problems.append(problem)
    return problems


@contextmanager
def edit_stages(path: Path | None = None) -> Iterator["TOMLDocument"]:
    """Change stages.toml: the document is read again, yielded, checked, and put in its place.

    Others who do the same wait. If anything is raised, Ctrl-C too, the file stays as it was. Its
    comments stay. samconfig.toml beside it gets one environment a stage.

    Raises:
        StagesInvalidError: the file was not valid before, or would not be valid.
    """
    import tomlkit

    from winnow_cli.deployment.samconfig import synced

    path = default_path() if path is None else path
    template, config = path.with_name("template.yaml"), path.with_name("samconfig.toml")
    if not template.exists():
        template = _CHECKOUT / "template.yaml"
    with _locked(Path(os.path.realpath(path)).parent):
        file = _file(path)
        parse_stages(file.text, path)
        document = tomlkit.parse(file.text)
        yield document
        changed = tomlkit.dumps(document)
        stages = parse_stages(changed, path)
        stages.require_valid(Parameters.read(template))
        # Without the file SAM is not used here.
        before = read_text(config, StagesInvalidError) if config.exists() else None
        after = None if before is None else synced(stages, before.text)
        if changed != file.text:
            replace_file(path, file.content(changed))
        if before is not None and after is not None and after != before.text:
            replace_file(config, before.content(after))


def write_stage(stage: Stage, path: Path | None = None) -> None:
    """Add a stage to the file, or change the values in which it differs from the file's.

    Raises:
        StagesInvalidError: the stage, or the file, is not valid.
    """
    import tomlkit
    from tomlkit.items import Table

    def child(table: Any, name: str) -> Any:
        # A table that only holds tables needs no header of its own.
        if name not in table:
            table.add(name, tomlkit.table(is_super_table=name == "stages"))
        return table[name]

    def set_values(table: Table, values: Mapping[str, object]) -> None:
        for key in [key for key in table if key not in values and not isinstance(table[key], dict)]:
            table.remove(key)
        for key, value in values.items():
            # A value that stays the same stays as it is written: 0.80, or true without quotes.
            if key not in table or as_text(table[key]) != value:
                table[key] = value

    own: dict[str, object] = {"account": stage.account, "region": stage.region}
    own["stack"] = stage.stack
    if stage.profile is not None:
        own["profile"] = stage.profile
    with edit_stages(path) as document:
        table = child(child(document, "stages"), stage.name)
        set_values(table, {} if stage.local else own)
        for name, values in (("parameters", stage.parameters), ("tags", stage.tags)):
            if values:
                set_values(child(table, name), values)
            elif name in table:
                table.remove(name)


def remove_stage(name: str, path: Path | None = None) -> None:
    """Take a stage out of the file.

    Raises:
        StageUnknownError: the file has none of that name.
    """
    with edit_stages(path) as document:
        tables = document.get("stages", {})
        if name not in tables:
            file = name_of(path or default_path())
            raise StageUnknownError(f"{file} has no stage {name!r}.")
        tables.remove(name)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder. The kernel releases it when the process ends, however it ends."""
    import fcntl

    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _stage(name: str, table: object) -> tuple[Stage, list[str]]:
    """A stage, and what is wrong with it."""
    if not isinstance(table, dict):
        return Stage(name=name), ["is not a table"]
    problems = []
    if not _NAME.fullmatch(name):
        problems.append("its name has to be lower-case letters, digits and hyphens, at most 32")
    if name in _RESERVED:
        problems.append(f"cannot be its name: {_RESERVED[name]}")
    unknown = sorted(set(table) - _FIELDS)
    if unknown:
        problems.append(f"{', '.join(unknown)}: it may have {', '.join(sorted(_FIELDS))}")
    if name == LOCAL:
        fields = sorted(set(table) & {"account", "region", "stack", "profile", "tags"})
        if fields:
            problems.append(f"{', '.join(fields)}: the local stage has parameters alone")
        own = {}
    else:
        own = {
            "account": _field(table, "account", _ACCOUNT, "12 digits in quotes", problems),
            "region": _field(table, "region", _REGION, "a region, such as eu-central-1", problems),
            "stack": _field(
                {"stack": f"winnow-{name}", **table},
                "stack",
                _STACK,
                "letters, digits and hyphens, a letter first",
                problems,
            ),
        }
    profile = table.get("profile")
    if profile is not None and not (isinstance(profile, str) and profile.strip()):
        problems.append("profile has to be the name of an AWS profile")
        profile = None
    parameters = _texts(table, "parameters", problems)
    tags = _texts(table, "tags", problems)
    problems += _tag_problems(tags)
    problems += _secrets({**own, "profile": profile or "", **parameters, **tags})
    stage = Stage(name=name, **own, profile=profile, parameters=parameters, tags=tags)
    return stage, problems


def _field(
    table: Mapping[str, Any], name: str, pattern: re.Pattern[str], what: str, problems: list[str]
) -> str:
    value = table.get(name)
    if value is None:
        problems.append(f"{name} is missing: {what}")
    elif not isinstance(value, str) or not pattern.fullmatch(value):
        problems.append(f"{name} has to be {what}")
    return value if isinstance(value, str) else ""


def _texts(table: Mapping[str, Any], name: str, problems: list[str]) -> dict[str, str]:
    """A table of single values, as texts."""
    given = table.get(name, {})
    if not isinstance(given, dict):
        problems.append(f"{name} has to be a table")
        return {}
    texts = {}
    for key, value in given.items():
        text = as_text(value)
        if text is None:
            problems.append(f"{name}.{key} has to be one value: text, a number, true or false")
        else:
            texts[key] = text
    return texts


def _tag_problems(tags: Mapping[str, str]) -> Iterator[str]:
    if len(tags) > _MAX_TAGS:
        yield f"there are {len(tags)} tags, and a stack may have {_MAX_TAGS}"
    for key, value in tags.items():
        if not key or len(key) > _MAX_TAG_NAME or len(value) > _MAX_TAG_VALUE:
            yield f"tags.{key[:40]}: a name has up to {_MAX_TAG_NAME} characters, a value 256"
        elif not (_TAG.fullmatch(key) and _TAG.fullmatch(value)):
            yield f"tags.{key} may have letters, digits, spaces and _ : . / + @ = -"
        elif key.lower().startswith("aws:"):
            yield f"tags.{key}: names that begin with aws: are AWS's own"


def _secrets(values: Mapping[str, str]) -> Iterator[str]:
    for name, value in values.items():
        if any(pattern.search(value) for pattern in _SECRETS):
            yield f"{name} looks like a key or a token; secrets do not belong into this file"
        elif value and _SECRET_NAMES.search(name):
            yield f"{name} is named like a secret; secrets do not belong into this file"


def _shared_stacks(stages: Any) -> list[str]:
    """Two stages that are one stack would overwrite each other."""
    seen: dict[tuple[str, str, str], str] = {}
    problems = []
    for stage in stages:
        if stage.local or not stage.stack:
            continue
        other = seen.setdefault((stage.account, stage.region, stage.stack), stage.name)
        if other != stage.name:
            problems.append(f"[stages.{stage.name}] is the same stack as [stages.{other}]")
    return problems


def _raise_if_any(path: Path, problems: list[str]) -> None:
    if len(problems) == 1:
        raise StagesInvalidError(f"{name_of(path)}: {problems[0]}")
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise StagesInvalidError(f"{name_of(path)} is not valid:\n{lines}")
