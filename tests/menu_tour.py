"""What a new user does with the menu, stop by stop: a test walks it, and a picture shows it."""

from dataclasses import dataclass

ENTER, DOWN, ERASE = "\r", "\x1b[B", "\x15"
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


TOUR = (
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
    Stop(("Training", "Create infrastructure"), "", "The local stage has no infrastructure"),
    Stop(("Training", "Versions"), "model list", r"(?i)publish|champion"),
    Stop(("Releases", "Status"), "release status", r"(?i)publish|champion"),
    Stop(
        ("Metrics and notices", "Dashboard"),
        "dashboard --hours 24",
        r"(?i)alarms",
        (("Hours to look back", ENTER),),
    ),
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
