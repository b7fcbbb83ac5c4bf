"""The questions of the menu: their defaults, what there is to choose from, what is no answer."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from winnow_cli.menu.facts import LOCAL, Facts
from winnow_cli.menu.steps import Answers, Choice, Question, Settings

# -- a new stage -----------------------------------------------------------------------------------

GOOD = {"account": "123456789012", "region": "eu-central-1"}
"""Values that a stage may have, beside the one that is checked."""


def _breaks(name: str = "new", **fields: str) -> bool:
    """Whether stages.toml may not have such a stage."""
    from winnow_cli.deployment.stages import problems_of

    return bool(problems_of(name, {**GOOD, **fields}))


def _stage_name(value: str, facts: Facts, _answers: Answers) -> str | None:
    if value in facts.stages().by_name:
        return "There is a stage of that name."
    if _breaks(value):
        return "A name has lower-case letters, digits and hyphens, a letter first; at most 32."
    return None


def _account(value: str, _facts: Facts, _answers: Answers) -> str | None:
    return "An account is a number of 12 digits." if _breaks(account=value) else None


def _region(value: str, _facts: Facts, _answers: Answers) -> str | None:
    return "A region is written like eu-central-1." if _breaks(region=value) else None


def _free_name(facts: Facts, _answers: Answers) -> str:
    taken = facts.stages().by_name
    names = ("test", "staging", "production", *(f"test-{n}" for n in range(2, 100)))
    return next(name for name in names if name not in taken)


def _known_account(facts: Facts, _answers: Answers) -> str:
    known = [stage.account for stage in facts.stages().deployed]
    return known[-1] if known else facts.account()


def _known_region(facts: Facts, _answers: Answers) -> str:
    known = [stage.region for stage in facts.stages().deployed]
    return known[-1] if known else facts.region()


NEW_STAGE = Question(
    "name",
    "Name of the new stage",
    "One stack of your own, such as test or production.",
    _free_name,
    problem=_stage_name,
)
ACCOUNT = Question(
    "account",
    "AWS account",
    "12 digits; the default is that of your AWS credentials.",
    _known_account,
    problem=_account,
)
REGION = Question(
    "region", "AWS region", "Where the stack is, such as eu-central-1.", _known_region,
    problem=_region,
)  # fmt: skip
SETTINGS = Settings(
    "settings",
    "Parameters",
    "Each has a default: Enter goes on.",
)


def _address(value: str, _facts: Facts, _answers: Answers) -> str | None:
    from winnow.errors import WinnowError
    from winnow_cli.access.users import checked_address

    try:
        checked_address(value)
    except WinnowError as error:
        return error.message
    return None


# -- stages ----------------------------------------------------------------------------------------


def _stages(facts: Facts, _answers: Answers) -> Sequence[Choice]:
    deployed = [
        Choice(stage.name, about=f"{stage.region}, account {stage.account}")
        for stage in facts.stages().deployed
    ]
    return [Choice(LOCAL, about="this machine"), *deployed]


def _this_stage(facts: Facts, _answers: Answers) -> str:
    return facts.stage


def _others(facts: Facts, answers: Answers) -> Sequence[Choice]:
    """Stages in AWS, without the one that was answered before."""
    before = answers.get("source", ())
    return [one for one in _stages(facts, answers) if one.value not in (LOCAL, *before)]


WHICH_STAGE = Question("stage", "Work on which stage?", "", _this_stage, _stages, free=False)
SOURCE = Question("source", "Take what runs in", "", _this_stage, _others, free=False)
GOAL = Question("goal", "and bring it to", "", choices=_others, free=False)


def _any_other(facts: Facts, answers: Answers) -> Sequence[Choice]:
    """Stages, the local one too, without the one that was answered before."""
    before = answers.get("source", ())
    return [one for one in _stages(facts, answers) if one.value not in before]


MODELS_FROM = Question("source", "Take the champions of", "", _this_stage, _any_other, free=False)
MODELS_TO = Question("goal", "and bring them to", "", choices=_any_other, free=False)
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


def _repository(value: str, _facts: Facts, _answers: Answers) -> str | None:
    return None if _REPOSITORY.fullmatch(value) else "A repository is written OWNER/NAME."


REPOSITORY = Question(
    "repository", "Which repository on GitHub may deploy?", "OWNER/NAME.", problem=_repository
)

# -- files -----------------------------------------------------------------------------------------

SAMPLE_PROCESSES = {"feelings": "emotions", "screening": "screening-colonoscopy"}
"""What the sample files are judged by, by how their names begin; the others: L33774."""
FIRST_PROCESS = "L33774"


def _files(facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [Choice(str(path), about="a sample") for path in facts.samples()]


def _first_file(facts: Facts, answers: Answers) -> str:
    names = [choice.value for choice in _files(facts, answers)]
    return next((name for name in names if "cases" in name), names[0] if names else "")


def _file(value: str, _facts: Facts, _answers: Answers) -> str | None:
    path = Path(value).expanduser()
    if path.is_dir():
        return "That is a folder: name one file."
    return None if path.is_file() else "There is no such file."


def _process_of_file(facts: Facts, answers: Answers) -> str:
    name = Path(answers.get("file", ("",))[0]).name
    for begin, process in SAMPLE_PROCESSES.items():
        if name.startswith(begin):
            return process
    known = facts.processes()
    return FIRST_PROCESS if FIRST_PROCESS in known or not known else known[0]


def _processes(facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [Choice(process) for process in facts.processes()]


def _process(value: str, _facts: Facts, _answers: Answers) -> str | None:
    return "An id or a code has no '/'." if "/" in value else None


def _uploads(facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [Choice(upload, about=what) for upload, what in facts.uploads()]


SHORTEST_ID = 6


def _upload(value: str, _facts: Facts, _answers: Answers) -> str | None:
    if len(value.strip()) < SHORTEST_ID:
        return f"Type at least the first {SHORTEST_ID} characters of the id."
    return None


FILE = Question("file", "Which file?", "A path.", _first_file, _files, problem=_file)
PROCESS_OF_FILE = Question(
    "process",
    "Judge it by which process?",
    "The id of a process, or one of its codes.",
    _process_of_file,
    _processes,
    problem=_process,
)
UPLOAD = Question(
    "upload",
    "Which upload?",
    "Its id, or the first characters of it.",
    choices=_uploads,
    problem=_upload,
)

# -- releases --------------------------------------------------------------------------------------


def _published(facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [Choice(process) for process in facts.published() or facts.processes()]


def _percent(value: str, _facts: Facts, _answers: Answers) -> str | None:
    if value.isdecimal() and value.isascii() and int(value) <= MAX_PERCENT:
        return None
    return "A whole number from 0 to 100."


def _ten(_facts: Facts, _answers: Answers) -> str:
    return "10"


MAX_PERCENT = 100


def _definitions(facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [Choice(str(path), about="ships with Winnow") for path in facts.definitions()]


def _aliases(_facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [
        Choice("challenger", about="judges nothing before it is released"),
        Choice("champion", about="judges new uploads from now on"),
    ]


DEFINITION = Question(
    "definition",
    "Which process?",
    "The path of its YAML file.",
    choices=_definitions,
    problem=_file,
)
ALIAS = Question("alias", "As what?", choices=_aliases, free=False)
PUBLISHED = Question(
    "process",
    "Which process?",
    "The id of a process, or one of its codes.",
    choices=_published,
    problem=_process,
)
PERCENT = Question(
    "percent",
    "Percent of the uploads that it decides",
    "A whole number from 0 to 100.",
    _ten,
    problem=_percent,
)
PERCENT_OF_RUNS = replace(PERCENT, words="Percent of the new runs that it has")
REASON = Question(
    "reason", "Why?", "Kept in the history; may be empty.", optional=True
)  # fmt: skip

# -- looking back ----------------------------------------------------------------------------------

MAX_HOURS = 336


def _day(_facts: Facts, _answers: Answers) -> str:
    return "24"


def _hours(value: str, _facts: Facts, _answers: Answers) -> str | None:
    if value.isdecimal() and value.isascii() and 1 <= int(value) <= MAX_HOURS:
        return None
    return f"A whole number from 1 to {MAX_HOURS}."


HOURS = Question("hours", "Hours to look back", "", _day, problem=_hours)

# -- people ----------------------------------------------------------------------------------------


def _groups(_facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [
        Choice("reviewer", about="decides records, uploads files"),
        Choice("auditor", about="reads, and changes nothing"),
        Choice("admin", about="everything"),
    ]


def _roles(_facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return [
        Choice("drop", about="drop files"),
        Choice("read", about="read results"),
        Choice("review", about="decide records"),
        Choice("publish", about="publish versions"),
        Choice("promote", about="promote versions"),
        Choice("operate", about="watch only"),
    ]


EMAIL = Question("email", "E-mail address", "Where the invitation is sent.", problem=_address)
GROUP = Question("group", "Which group?", choices=_groups, free=False)
USER = Question("user", "Who?", "The user's name or address.")
ROLE = Question("role", "What does the person do?", choices=_roles, free=False)
