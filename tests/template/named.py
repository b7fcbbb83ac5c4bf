"""Changes that once nobody noticed, by name: each has to be caught, whatever the rest scores."""

from typing import Any

from tests.template.mutants import REMOVED, Mutant
from tests.template.rules.shape import ref, where_it_holds
from tests.template.rules.stack import Stack

ARCHIVE = "archive/"
GLACIER = [{"StorageClass": "GLACIER", "TransitionInDays": 0}]
LIFECYCLE = "Properties.LifecycleConfiguration.Rules"
VARIABLES = "Properties.Environment.Variables"
CLAIMABLE = (
    "attribute_not_exists(upload_id) OR (#state = :running AND (#run = :run OR lease_until < :now))"
    " OR (#state = :failed AND #run = :supersedes)"
)


def negated(condition: Any) -> Any:
    return condition["Fn::Not"][0] if "Fn::Not" in condition else {"Fn::Not": [condition]}


# Name, document, path below it (`Rules/x` is the entry of a list with the Id x), and what stands
# there instead: a value, or a function of what stood there.
_NAMED: list[tuple[str, str, str, Any]] = [
    *(
        (f"{bucket}: {what} only under archive/", "template", f"{at}/{rule}.Prefix", ARCHIVE)
        for bucket, rules in {
            "UploadsBucket": ("expire-old-versions", "abort-unfinished-uploads"),
            "ResultsBucket": ("expire-old-versions", "abort-unfinished-uploads"),
            "AccessLogs": ("expire-logs",),
        }.items()
        for rule in rules
        for at in [f"Resources.{bucket}.{LIFECYCLE}"]
        for what in [rule.replace("-", " ")]
    ),
    *(
        (
            f"{bucket}: to Glacier on the first day",
            "template",
            f"Resources.{bucket}.{LIFECYCLE}/expire-old-versions.Transitions",
            GLACIER,
        )
        for bucket in ("UploadsBucket", "ResultsBucket")
    ),
    *(
        (f"{bucket}: {key} is missing", "template", f"Resources.{bucket}.Properties.{key}", REMOVED)
        for bucket in ("UploadsBucket", "ResultsBucket", "AccessLogs")
        for key in ("PublicAccessBlockConfiguration",)
    ),
    *(
        (
            f"{bucket}: deleted with the stack",
            "template",
            f"Resources.{bucket}.DeletionPolicy",
            "Delete",
        )
        for bucket in ("UploadsBucket", "ResultsBucket", "AccessLogs")
    ),
    *(
        (f"{bucket}: {key}", "template", f"Resources.{bucket}.Properties.{key}", value)
        for bucket in ("UploadsBucket", "ResultsBucket", "AccessLogs")
        for key, value in {
            "WebsiteConfiguration": {"IndexDocument": "index.html"},
            "CorsConfiguration": {
                "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]
            },
        }.items()
    ),
    *(
        (f"review page: {what}", "template", f"Resources.{at}", value)
        for what, at, value in (
            ("anybody signs up", "UserPool.Properties.AdminCreateUserConfig", REMOVED),
            ("a route asks for no token", "GetQueueRoute.Properties.AuthorizationType", "NONE"),
            ("a route that takes all", "GetMeRoute.Properties.RouteKey", "$default"),
            ("tokens of any client", "ApiAuthorizer.Properties.JwtConfiguration.Audience", ["*"]),
            ("the page may be admin", "PageClient.Properties.AllowedOAuthScopes.0", "winnow/admin"),
            ("a token in the address", "PageClient.Properties.AllowedOAuthFlows.0", "implicit"),
            (
                "an auditing program decides",
                "AuditorClient.Properties.AllowedOAuthScopes.0",
                {"Fn::Sub": "${ResourceServer}/reviewer"},
            ),
            ("paths are logged", "ApiStage.Properties.AccessLogSettings.Format", "$context.path"),
            ("nothing is throttled", "ApiStage.Properties.DefaultRouteSettings", REMOVED),
            ("anybody may call often", "ApiStage.Properties.RouteSettings", REMOVED),
            ("any page reads the API", "Api.Properties.CorsConfiguration", {"AllowOrigins": ["*"]}),
            ("any API calls the function", "ApiPermission.Properties.SourceArn", REMOVED),
            ("what fails is lost", "QueueFunction.Properties.EventInvokeConfig", REMOVED),
            ("decisions are lost", "DecidedStream.Properties.DestinationConfig", REMOVED),
            ("reviews go with the stack", "ReviewsTable.DeletionPolicy", "Delete"),
            ("users go with the stack", "UserPool.DeletionPolicy", "Delete"),
            ("there without the parameter", "ApiFunction.Condition", REMOVED),
        )
    ),
    (
        "the table streams",
        "template",
        "Resources.Table.Properties.StreamSpecification",
        {"StreamViewType": "NEW_IMAGE"},
    ),
    *(
        (f"{condition} inverted", "template", f"Conditions.{condition}", negated)
        for condition in (
            *("HasNotifyEmail", "HasTextract", "HasReservedConcurrency", "HasKmsKey"),
            "HasReviewPage",
        )
    ),
    *(
        (f"{rule}: {what}", "template", f"Resources.{rule}.Properties.{at}", value)
        for rule, target in (
            ("UploadedRule", "Targets.0.Fn::If.2"),
            ("StoppedRule", "Targets.0"),
            ("LastResortRule", "Targets.0"),
        )
        for what, at, value in (
            ("disabled", "State", "DISABLED"),
            ("on another bus", "EventBusName", "other"),
            ("no second try", f"{target}.RetryPolicy.MaximumRetryAttempts", 0),
        )
    ),
    (
        "RESULTS_BUCKET is another",
        "template",
        "Globals.Function.Environment.Variables.RESULTS_BUCKET",
        ref("UploadsBucket"),
    ),
    (
        "everything is logged",
        "template",
        "Globals.Function.Environment.Variables.LOG_LEVEL",
        "DEBUG",
    ),
    *(
        (
            f"{function}: {name} {value}",
            "template",
            f"Resources.{function}.{VARIABLES}.{name}",
            value,
        )
        for function, name, value in (
            ("SweepFunction", "UPLOADS_BUCKET", ref("ResultsBucket")),
            ("SweepFunction", "WORKFLOW_ARN", ref("Stopped")),
            ("SweepFunction", "MISSED_SECONDS", "17000"),
            ("SerializeFunction", "CHUNK_RECORDS", "100000"),
            ("ScanFunction", "CHUNK_RECORDS", "100000"),
            ("ClassifyFunction", "MODEL_ENGINE", "tensorflow"),
            ("ClassifyFunction", "MODEL_DIR", "/opt/other"),
            ("ClassifyFunction", "LOG_LEVEL", "DEBUG"),
        )
    ),
    *(
        (f"output {one} is {other}", "template", f"Outputs.{one}.Value", ref(other))
        for one, other in (
            ("UploadsBucket", "ResultsBucket"),
            ("ResultsBucket", "UploadsBucket"),
            ("Table", "UploadsBucket"),
            ("StateMachineArn", "Stopped"),
            ("TopicArn", "Undelivered"),
            ("UndeliveredQueue", "Topic"),
            ("RetentionDays", "LogRetentionDays"),
        )
    ),
    *(
        (
            f"{machine}: {name} {value}",
            "template",
            f"Resources.{machine}.Properties.DefinitionSubstitutions.{name}",
            value,
        )
        for machine in ("Triage", "Stopped")
        for name, value in (
            ("RetentionDays", ref("LogRetentionDays")),
            ("TableName", "runs"),
            ("MailFileNames", "true"),
        )
    ),
    (
        "ten chunks of a file and no more",
        "triage",
        "States.Classify.ItemReader.ReaderConfig.MaxItems",
        10,
    ),
    (
        "whatever ends with a slash is a folder",
        "triage",
        "States.IsFolder.Choices",
        lambda found: [{**found[0]["And"][0], "Next": found[0]["Next"]}],
    ),
    *(
        (what, "triage", "States.Claim.Arguments.ConditionExpression", CLAIMABLE.replace(*change))
        for what, change in {
            "the claim of a run that died is for ever": (" OR lease_until < :now", ""),
            "a failed upload is not redriven": (
                " OR (#state = :failed AND #run = :supersedes)",
                "",
            ),
            "whatever failed is run again": (" AND #run = :supersedes", ""),
        }.items()
    ),
    (
        "any run may record",
        "triage",
        "States.Record.Arguments.ConditionExpression",
        "#state <> :failed",
    ),
    (
        "the failure handler writes another table",
        "stopped",
        "States.RecordStopped.Arguments.TableName",
        "runs",
    ),
    (
        "the failure handler always names the file",
        "stopped",
        "States.NotifyStopped.Arguments.Message",
        lambda found: found.replace("'${MailFileNames}' = 'true'", "true"),
    ),
]


def named(stack: Stack) -> list[tuple[str, Mutant]]:
    """All of them, as changes of this stack."""
    return [
        (name, Mutant(document, _path(stack, document, at), "named", _edit(value), name))
        for name, document, at, value in _NAMED
    ]


def _edit(value: Any) -> Any:
    return value if callable(value) else lambda _: value


def _path(stack: Stack, document: str, at: str) -> tuple[str | int, ...]:
    node: Any = stack.template if document == "template" else stack.machines[document]
    path: list[str | int] = []
    for part in at.replace("/", ".").split("."):
        key: str | int = part
        if isinstance(node, list):
            if part.isdigit():
                key = int(part)
            else:
                key = [where_it_holds(entry).get("Id") for entry in node].index(part)
        path.append(key)
        if isinstance(node, list):
            node = node[int(key)]
        elif key in node:
            node = node[key]
        else:
            node = {}
    return tuple(path)
