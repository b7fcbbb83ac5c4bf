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
CODE = Menu(
    "Code",
    (
        Step("Status", ("release", "status", "--code", ON), "which code new runs have"),
        Step(
            "Canary",
            ("release", "canary", "--code", Option("--percent", q.PERCENT_OF_RUNS), ON),
            "a share of the new runs first",
            local="The local stack has one version of the workflow, so there is no canary of "
            "code. Blue-green compares new code here, too.",
        ),
        Step(
            "Blue-green",
            ("release", "blue-green", "--code", ON),
            "a second stack judges what came before, and is compared",
        ),
        Step(
            "Promote",
            ("release", "promote", "--code", Option("--reason", q.REASON), ON),
            "all new runs have the new code",
        ),
        Step(
            "Roll back",
            ("release", "rollback", "--code", Option("--reason", q.REASON), ON),
            "to the code before",
        ),
        Step("Stop", ("release", "stop", "--code", ON), "end a release under way"),
    ),
    "the same for new code",
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
        CODE,
    ),
    "canary, blue-green, promote, roll back",
)
TRAINING = Menu(
    "Training",
    (
        Step(
            "Create infrastructure",
            ("training", "create", Stage()),
            "to train on what is too large for a function",
        ),
        Step("Status", ("training", "status", Stage()), "the infrastructure, and what trains"),
        Step(
            "Train",
            ("training", "run", Stage(), Ask(q.PUBLISHED)),
            "with what people decided",
        ),
        Step(
            "Train on this machine",
            ("retrain", Ask(q.PUBLISHED), ON),
            "with what people decided in the stage",
        ),
        Step(
            "Publish",
            ("process", "publish", Ask(q.DEFINITION), Option("--as", q.ALIAS), ON),
            "a process of your own, with its trained head",
        ),
        Step("Versions", ("model", "list", ON), "what was trained, and what is live"),
        Step(
            "Destroy infrastructure",
            ("training", "destroy", Stage()),
            "no version and no review is touched",
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
        Step("Costs", ("costs", ON), "by day, process and step; the month without a file"),
        Step("Audit", ("audit", ON), "every upload once, with its end"),
        Step("Mails", ("mail",), "what the local stage has mailed", only_local=True),
    ),
    "dashboard, alarms, costs, mails",
)
INFRASTRUCTURE = Menu(
    "Infrastructure",
    (
        Step(
            "Deploy",
            ("deploy", Stage()),
            "create the stage, or update it",
        ),
        Step(
            "Address of the chat",
            ("deploy", Stage(), "--secret=notify-webhook"),
            "that notices are posted to, with NotifyWebhook",
        ),
        Step("Overview", ("stages",), "all stages side by side"),
        Step("Drift", ("stages", "--drift"), "what was changed by hand in AWS; takes minutes"),
        Step(
            "New stage",
            (
                "stages",
                "set",
                Ask(q.NEW_STAGE),
                Option("--account", q.ACCOUNT),
                Option("--region", q.REGION),
                Option("--parameter", q.SETTINGS),
            ),
            "account, region, parameters",
        ),
        Step(
            "Change its parameters",
            ("stages", "set", Stage(), Option("--parameter", q.SETTINGS)),
            "in stages.toml; then deploy",
        ),
        Step(
            "Promote",
            ("stages", "promote", Ask(q.SOURCE), Ask(q.GOAL)),
            "what runs in one stage to the next",
        ),
        Step(
            "Promote models",
            ("stages", "promote", Ask(q.MODELS_FROM), Ask(q.MODELS_TO), "--models"),
            "the champions of one stage to the next",
        ),
        Step("Destroy", ("destroy", Stage()), "the stage and its data; asks for its name"),
        Step(
            "Deploy from GitHub",
            ("bootstrap", Stage(), Option("--repository", q.REPOSITORY)),
            "roles for GitHub Actions, without a key",
            local="Only stages in AWS are deployed from GitHub. Choose another stage first.",
        ),
    ),
    "of the application: deploy, stages, destroy",
)
ACCESS = Menu(
    "Users and policies",
    (
        Step("Users", ("users", "list", ON), "who may sign in to the review page"),
        Step(
            "Invite somebody",
            ("users", "add", Ask(q.EMAIL), Option("--group", q.GROUP), ON),
            "to the review page",
        ),
        Step("Remove somebody", ("users", "remove", Ask(q.USER), ON), "from the review page"),
        Step("Policy", ("policy", Ask(q.ROLE), ON), "what a person needs in IAM"),
    ),
    "who may do what",
)
TREE = Menu("Winnow", (INFRASTRUCTURE, FILES, TRAINING, RELEASES, METRICS, ACCESS))
