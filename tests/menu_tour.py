"""What a new user does with the menu, stop by stop: a test walks it, and a picture shows it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

ENTER, UP, DOWN, ERASE = "\r", "\x1b[A", "\x1b[B", "\x15"
ENTRY = ("deploy",)
"""What the user types, after `winnow`."""

NO_AWS = {
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-central-1",
}
"""A machine without an account: the local stage needs none."""
TIMEOUT_S = 200.0
"""A stack starts and judges a file, on a machine that may do much else."""


@dataclass(frozen=True)
class Stop:
    """One way from the first list to a command, and back."""

    path: tuple[str, ...]
    line: str
    """How the command line begins that is printed; empty: a sentence is told instead."""
    shows: str
    """What is printed then, as a regular expression."""
    answers: tuple[tuple[str, str], ...] = ()
    """Questions, by how they begin, and the keys that answer them."""
    meanwhile: tuple[tuple[str, str], ...] = ()
    """What the command itself shows and waits for, and the keys then."""


def write_definition(folder: Path) -> Path:
    """A process of one's own: `emotions` with another threshold, so another version."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "processes" / "emotions.yaml").read_text("utf-8")
    text = re.sub(r"(?m)^version: .*$", "version: 1.1.0", text)
    file = folder / "emotions.yaml"
    file.write_text(re.sub(r"(?m)^threshold: .*$", "threshold: 0.5", text), "utf-8")
    return file


def process(words: str = "Which process?") -> tuple[str, str]:
    """Answer with `emotions`, the second that is published."""
    return words, DOWN + ENTER


def tour(definition: str) -> tuple[Stop, ...]:
    """The stops; `definition` is the path of a process, as it is typed."""
    return (*_BEFORE, _publish(definition), *_AFTER)


_BEFORE = (
    Stop(
        ("Infrastructure", "New stage"),
        "stages set test --account 123456789012",
        "stages.toml has test",
        (
            ("Name of the new stage", ENTER),
            ("AWS account", f"{ERASE}123456789012{ENTER}"),
            ("AWS region", ENTER),
            ("Parameters", ENTER),
        ),
    ),
    Stop(("Infrastructure", "Deploy"), "deploy local", "records judged in"),
    Stop(("Infrastructure", "Overview"), "stages", r"local.*\n(.*\n)*.*test"),
    Stop(
        ("Files and reviews", "Submit a file"),
        "submit",
        r"winnow results [0-9a-f]{32}",
        (("Which file?", ENTER), ("Judge it by", ENTER)),
    ),
    Stop(
        ("Files and reviews", "Results"),
        "results",
        r"not_met|Not met|undetermined",
        (("Which upload?", ENTER),),
    ),
    Stop(
        ("Files and reviews", "Review"),
        "review --terminal",
        r"You decided|as the machine|the machine had",
        meanwhile=(("Q quit", "2"), ("takes it back", "q")),
    ),
    Stop(("Training", "Create infrastructure"), "training create local", "nothing to make"),
    Stop(("Training", "Status"), "training status local", "a process on this machine"),
)


def _publish(definition: str) -> Stop:
    return Stop(
        ("Training", "Publish"),
        "process publish",
        "It is the challenger",
        (
            # The last line of the list: another one, that is typed.
            ("Which process?", UP + ENTER),
            ("Which process?:", definition + ENTER),
            ("As what?", ENTER),
        ),
    )


_AFTER = (
    Stop(("Training", "Versions"), "model list", r"(?i)champion"),
    Stop(
        ("Releases", "Canary"),
        "release canary emotions --percent 10",
        "decides 10 % of the uploads",
        (process(), ("Percent of the uploads", ENTER)),
    ),
    Stop(("Releases", "Status"), "release status", "canary, 10 % of the uploads"),
    Stop(
        ("Releases", "Blue-green"),
        "release blue-green emotions",
        "is kept ready until",
        (process(),),
        (("judge every new upload of emotions", f"y{ENTER}"),),
    ),
    Stop(
        ("Releases", "Roll back"),
        "release rollback emotions",
        r"release rollback emotions\n(.*\n)*.*decides every new upload",
        (process(), ("Why?", ENTER)),
    ),
    Stop(("Releases", "Code", "Canary"), "", "one version of the workflow"),
    Stop(
        ("Releases", "Code", "Blue-green"),
        "release blue-green --code",
        "winnow-green is ready",
    ),
    Stop(
        ("Releases", "Code", "Promote"),
        "release promote --code",
        "winnow-green has every new run",
        (("Why?", ENTER),),
        (("have every new run of", f"y{ENTER}"),),
    ),
    Stop(
        ("Releases", "Code", "Roll back"),
        "release rollback --code",
        "winnow has every new run",
        (("Why?", ENTER),),
    ),
    Stop(("Releases", "Code", "Stop"), "release stop --code", r"stop --code\n(.*\n)*.*has every"),
    Stop(
        ("Metrics and notices", "Dashboard"),
        "dashboard --hours 24",
        r"(?i)alarms",
        (("Hours to look back", ENTER),),
    ),
    Stop(("Metrics and notices", "Costs"), "costs", "A month without a file"),
    Stop(("Metrics and notices", "Mails"), "mail", r"prior-auth|records"),
    Stop(
        ("Users and policies", "Policy"),
        "policy drop",
        r'"Statement"',
        (("What does the person do?", ENTER),),
    ),
    Stop(
        ("Infrastructure", "Destroy"),
        "destroy local",
        "The local stack has ended",
        meanwhile=(("Type local to go on", f"local{ENTER}"),),
    ),
)
