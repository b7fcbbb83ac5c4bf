"""The menu's tree. To add a command, add a Step; a test checks its line by the real parser."""

from winnow_cli.menu import questions as q
from winnow_cli.menu.steps import Ask, Menu, Option, Stage, Step

ON = Stage("--stack")

UP = Step(
    "Start it on this machine",
    ("up", "--detach"),
    "the local stage, without an AWS account",
    only_local=True,
)
DOWN = Step(
    "End it",
    ("down",),
    "and delete its data",
    warning="This ends the local stage and deletes its files and results.",
    only_local=True,
)
SUBMIT = Step(
    "Submit a file",
    ("submit", Ask(q.FILE), Option("--process", q.PROCESS_OF_FILE), "--wait", ON),
    "and wait for its result",
)
RESULTS = Step("Results", ("results", Ask(q.UPLOAD), ON), "decisions, confidence, evidence")
REVIEW = Step("Review", ("review", "--terminal", ON), "decide what was set aside")

FILES = Menu(
    "Files and reviews",
    (
        UP,
        SUBMIT,
        Step("Uploads", ("status", ON), "one line each, the latest first"),
        RESULTS,
        Step("Why did it fail?", ("why", Ask(q.UPLOAD), ON), "and what to do"),
        REVIEW,
        DOWN,
    ),
    "submit, results, review",
)
RELEASES = Menu(
    "Releases",
    (
        Step("Status", ("release", "status", ON), "what is proven of each version"),
        Step(
            "Canary",
            ("release", "canary", Ask(q.PUBLISHED), Option("--percent", q.PERCENT), ON),
            "a share of the uploads first",
        ),
        Step(
            "Blue-green",
            ("release", "blue-green", Ask(q.PUBLISHED), ON),
            "all at once, the old one kept ready",
        ),
        Step(
            "Promote",
            ("release", "promote", Ask(q.PUBLISHED), Option("--reason", q.REASON), ON),
            "the challenger becomes champion",
        ),
        Step(
            "Roll back",
            ("release", "rollback", Ask(q.PUBLISHED), Option("--reason", q.REASON), ON),
            "return to the version before",
        ),
        Step("Stop", ("release", "stop", Ask(q.PUBLISHED), ON), "end a release under way"),
    ),
    "canary, blue-green, promote, roll back",
)
TRAINING = Menu(
    "Training",
    (
        Step("Versions", ("model", "list", ON), "what was trained, and what is live"),
        Step(
            "Train again",
            ("retrain", Ask(q.PUBLISHED), ON),
            "with what people decided, on this machine",
        ),
    ),
    "infrastructure to train on, versions",
)
METRICS = Menu(
    "Metrics and notices",
    (
        Step(
            "Dashboard",
            ("dashboard", Option("--hours", q.HOURS), ON),
            "alarms, runs, records, functions, ages",
        ),
        Step("Audit", ("audit", ON), "every upload once, with its end"),
        Step("Mails", ("mail",), "what the local stage has mailed", only_local=True),
    ),
    "dashboard, alarms, mails",
)
TREE = Menu("Winnow", (FILES, TRAINING, RELEASES, METRICS))
