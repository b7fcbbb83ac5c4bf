"""Breaks the template and the machines on purpose, and sees that the tests notice.

`python -m tests.template.mutate` makes one change at a time to a copy, runs the template's tests on
it in this process, and writes the table into docs/reliability-tables.md. Exit code 1 if a change
lives.
"""

import contextlib
import io
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.page import replace_section
from tests.template import expand

HERE = Path(__file__).parent
TESTS = [HERE / f"test_{name}.py" for name in ("template", "roles", "states", "alarms")]
TEMPLATE = "template.yaml"
TRIAGE = "statemachine/triage.asl.json"
STOPPED = "statemachine/stopped.asl.json"


@dataclass(frozen=True)
class Mutation:
    """One change: in `file`, the first `old` after `after` becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    after: str = ""

    def apply(self, root: Path) -> None:
        path = root / self.file
        text = path.read_text("utf-8")
        start = text.index(self.after) if self.after else 0
        at = text.index(self.old, start)
        path.write_text(text[:at] + self.new + text[at + len(self.old) :], "utf-8")


def _template(name: str, after: str, old: str, new: str = "") -> Mutation:
    return Mutation(name, TEMPLATE, old, new, after)


MUTATIONS = [
    # files
    _template(
        "TLS policy of uploads allows", "  UploadsBucketPolicy:", "Effect: Deny", "Effect: Allow"
    ),
    _template(
        "TLS policy of results is for reading only",
        "  ResultsBucketPolicy:",
        "Action: s3:*",
        "Action: s3:GetObject",
    ),
    _template(
        "TLS policy of the queue allows", "  UndeliveredPolicy:", "Effect: Deny", "Effect: Allow"
    ),
    _template(
        "uploads are written over an old TLS",
        "  UploadsBucketPolicy:",
        's3:TlsVersion: "1.2"',
        's3:TlsVersion: "1.0"',
    ),
    _template(
        "results are encrypted with anybody's key",
        "  ResultsBucketPolicy:",
        "Sid: NoOtherKey\n              Effect: Deny",
        "Sid: NoOtherKey\n              Effect: Allow",
    ),
    _template(
        "uploads may name KMS without a key",
        "  UploadsBucketPolicy:",
        's3:x-amz-server-side-encryption-aws-kms-key-id: "true"',
        's3:x-amz-server-side-encryption-aws-kms-key-id: "false"',
    ),
    _template(
        "results may be encrypted with a key sent along",
        "  ResultsBucketPolicy:",
        's3:x-amz-server-side-encryption-customer-algorithm: "false"',
        's3:x-amz-server-side-encryption-customer-algorithm: "true"',
    ),
    _template(
        "the queue leaves the customer's key out",
        "  Undelivered:",
        "      KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n",
    ),
    _template(
        "uploads may be made public",
        "  UploadsBucket:",
        "BlockPublicPolicy: true",
        "BlockPublicPolicy: false",
    ),
    _template(
        "results are not versioned",
        "  ResultsBucket:",
        "VersioningConfiguration: { Status: Enabled }",
        "VersioningConfiguration: { Status: Suspended }",
    ),
    _template(
        "old versions of uploads are kept for ever",
        "  UploadsBucket:",
        "NoncurrentVersionExpiration: { NoncurrentDays: !Ref RetentionDays }",
    ),
    _template(
        "uploads expire",
        "  UploadsBucket:",
        "ExpiredObjectDeleteMarker: true",
        "ExpirationInDays: 30",
    ),
    _template(
        "uploads are deleted with the stack",
        "  UploadsBucket:",
        "DeletionPolicy: RetainExceptOnCreate",
        "DeletionPolicy: Delete",
    ),
    _template(
        "who reads uploads is not logged",
        "  UploadsBucket:",
        "LogFilePrefix: uploads/",
        "LogFilePrefix: results/",
    ),
    _template(
        "the access log never forgets",
        "  AccessLogs:",
        "ExpirationInDays: !Ref LogRetentionDays",
        "ExpirationInDays: 3650",
    ),
    _template(
        "the customer's key is left out for results",
        "  ResultsBucket:",
        'SSEAlgorithm: "aws:kms", KMSMasterKeyID: !Ref KmsKeyArn',
        "SSEAlgorithm: AES256",
    ),
    _template(
        "the table is not encrypted",
        "  Table:\n",
        "- { SSEEnabled: true }",
        "- { SSEEnabled: false }",
    ),
    _template(
        "the table has no backup",
        "  Table:\n",
        "PointInTimeRecoveryEnabled: true",
        "PointInTimeRecoveryEnabled: false",
    ),
    _template(
        "rows never expire",
        "  Table:\n",
        "AttributeName: expires, Enabled: true",
        "AttributeName: expires, Enabled: false",
    ),
    # mail
    _template(
        "mail is encrypted with SNS's own key",
        "  Topic:\n",
        "!GetAtt TopicKey.Arn",
        "alias/aws/sns",
    ),
    _template(
        "the key does not rotate",
        "  TopicKey:",
        "EnableKeyRotation: true",
        "EnableKeyRotation: false",
    ),
    _template(
        "any account's alarms may mail",
        "  TopicPolicy:",
        "            Condition: { StringEquals: { aws:SourceAccount: !Ref AWS::AccountId } }\n",
    ),
    _template(
        "alarms may not use the key",
        "  TopicKey:",
        "cloudwatch.amazonaws.com",
        "logs.amazonaws.com",
    ),
    _template("rules may not mail", "  TopicPolicy:", "events.amazonaws.com", "logs.amazonaws.com"),
    # functions
    _template("no tracing", "Globals:", "Tracing: Active", "Tracing: PassThrough"),
    _template("no alias", "Globals:", "    AutoPublishAlias: live\n"),
    _template(
        "a setting publishes no version",
        "  SerializeFunction:",
        "      AutoPublishAliasAllProperties: true\n",
    ),
    _template(
        "classify may take a quarter of an hour",
        "  ClassifyFunction:",
        "Timeout: 300",
        "Timeout: 900",
    ),
    _template(
        "no reserved concurrency",
        "  FilterFunction:",
        "HasReservedConcurrency, !Ref ReservedConcurrency",
        "HasReservedConcurrency, !Ref MapConcurrency",
    ),
    _template(
        "serialize uses filter's role",
        "  SerializeFunction:",
        "!GetAtt SerializeRole.Arn",
        "!GetAtt FilterRole.Arn",
    ),
    _template(
        "logs are kept for ever",
        "  ClassifyLogs:",
        "      RetentionInDays: !Ref LogRetentionDays\n",
    ),
    # roles
    _template(
        "serialize reads every key",
        "  SerializeRole:",
        "${UploadsBucket.Arn}/inbox/*",
        "${UploadsBucket.Arn}/*",
    ),
    _template(
        "serialize may delete",
        "  SerializeRole:",
        "Action: s3:PutObject",
        "Action: [s3:PutObject, s3:DeleteObject]",
    ),
    _template(
        "classify writes everywhere",
        "  ClassifyRole:",
        "${ResultsBucket.Arn}/runs/*/scored/*",
        "${ResultsBucket.Arn}/*",
    ),
    _template(
        "filter may do anything in S3",
        "  FilterRole:",
        "[s3:PutObject, s3:AbortMultipartUpload]",
        "s3:*",
    ),
    _template("sweep starts any machine", "  SweepRole:", "Resource: !Ref Triage", 'Resource: "*"'),
    _template(
        "the workflow may scan the table",
        "  TriageRole:",
        "[dynamodb:PutItem, dynamodb:UpdateItem]",
        "[dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:Scan]",
    ),
    _template(
        "the customer's key opens everything",
        "  ClassifyRole:",
        "                  Condition:\n                    StringEquals: "
        '{ kms:ViaService: !Sub "s3.${AWS::Region}.${AWS::URLSuffix}" }\n',
    ),
    _template(
        "anybody's rules may take the role",
        "  StartRole:",
        "            Condition: { StringEquals: { aws:SourceAccount: !Ref AWS::AccountId } }\n",
    ),
    _template(
        "anybody's workflow may take the role",
        "  StoppedRole:",
        "            Condition: { StringEquals: { aws:SourceAccount: !Ref AWS::AccountId } }\n",
    ),
    # what starts it
    _template("the rule takes every key", "  UploadedRule:", "prefix: inbox/", 'prefix: ""'),
    _template(
        "the rule has no dead-letter queue",
        "  UploadedRule:",
        "          DeadLetterConfig: { Arn: !GetAtt Undelivered.Arn }\n",
    ),
    _template(
        "the rule gives up after one try",
        "  UploadedRule:",
        "MaximumRetryAttempts: 185",
        "MaximumRetryAttempts: 1",
    ),
    _template(
        "timed-out runs are not noticed",
        "  StoppedRule:",
        "[FAILED, TIMED_OUT, ABORTED]",
        "[FAILED, ABORTED]",
    ),
    _template(
        "the last resort mails the whole event",
        "  LastResortRule:",
        "InputPathsMap: { run: $.detail.executionArn, status: $.detail.status }",
        "InputPathsMap: { run: $.detail.input, status: $.detail.status }",
    ),
    _template("the sweep never runs", "  SweepSchedule:", "State: ENABLED", "State: DISABLED"),
    _template(
        "the queue forgets after a day",
        "  Undelivered:",
        "MessageRetentionPeriod: 1209600",
        "MessageRetentionPeriod: 86400",
    ),
    # dashboard
    _template(
        "a graph's metric is misspelt",
        "  Dashboard:",
        '"ExecutionsTimedOut"',
        '"ExecutionsTimedout"',
    ),
    _template(
        "the dashboard leaves an alarm out",
        "  Dashboard:",
        '              "${UnfinishedAlarm.Arn}",\n',
    ),
    # alarms
    _template(
        "an alarm's dimension is another's", "  RunsFailedAlarm:", "!Ref Triage", "!Ref Stopped"
    ),
    _template(
        "an alarm's dimension has the wrong name",
        "  UndeliveredAlarm:",
        "Name: QueueName",
        "Name: QueueArn",
    ),
    _template(
        "an alarm's metric is misspelt",
        "  RunsTimedOutAlarm:",
        "ExecutionsTimedOut",
        "ExecutionTimedOut",
    ),
    _template(
        "drift rings only when every run has drifted",
        "  DriftedAlarm:",
        "Threshold: 0.5",
        "Threshold: 1",
    ),
    _template(
        "the alarm of drift is of one process alone",
        "  DriftedAlarm:",
        "{ Name: stack, Value: !Ref AWS::StackName }",
        "{ Name: process, Value: emotions }",
    ),
    _template("an alarm tells nobody", "  UnfinishedAlarm:", "      AlarmActions: [!Ref Topic]\n"),
    _template(
        "silence of the sweep is no alarm",
        "  UnfinishedAlarm:",
        "      InsufficientDataActions: [!Ref Topic]\n",
    ),
    _template(
        "a stack that has not swept yet rings",
        "  UnfinishedAlarm:",
        "TreatMissingData: missing",
        "TreatMissingData: breaching",
    ),
    _template(
        "a function's errors are not counted", "  FunctionErrorsAlarm:", "FILL(sweep, 0)", "0"
    ),
    # machines
    _template(
        "the history is logged with its data",
        "  Triage:\n",
        "IncludeExecutionData: false",
        "IncludeExecutionData: true",
    ),
    Mutation(
        "a task has no time-out", TRIAGE, '      "TimeoutSeconds": 930,\n', "", '"Serialize": {'
    ),
    Mutation("the machine has no time limit", TRIAGE, '  "TimeoutSeconds": 14400,\n', ""),
    Mutation(
        "a catch is gone",
        TRIAGE,
        '"ErrorEquals": ["States.ALL"]',
        '"ErrorEquals": ["States.Timeout"]',
        '"Filter": {',
    ),
    Mutation("everything is retried", TRIAGE, '"RetryableError"', '"States.ALL"'),
    Mutation(
        "retries all come at once", TRIAGE, '"JitterStrategy": "FULL"', '"JitterStrategy": "NONE"'
    ),
    Mutation("throttling is tried three times", TRIAGE, '"MaxAttempts": 240', '"MaxAttempts": 3'),
    Mutation("the lease ends before the run", TRIAGE, "+ 18000", "+ 3600"),
    Mutation("the id leaves the bucket out", STOPPED, "$event.detail.bucket.name & '\\\\n' & ", ""),
    Mutation("the Map keeps its children's output", TRIAGE, '      "ResultPath": null,\n', ""),
    Mutation(
        "a failed mail ends as if it had been sent",
        STOPPED,
        '"Next": "NotMailed"',
        '"Next": "Recorded"',
    ),
]


@dataclass(frozen=True)
class Caught:
    """Which test noticed a mutation; None: none did."""

    mutation: Mutation
    by: str | None


class _First:
    """Keeps the name of the first test that fails."""

    name: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.name = self.name or report.nodeid.rpartition("/")[2]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.name is None:
            self.name = f"collecting {Path(report.nodeid).name}"


def first_failure(mutation: Mutation | None) -> str | None:
    """The first test that fails on a copy with the mutation; None: all pass."""
    original = expand.ROOT
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("statemachine", "events", "docs"):
            shutil.copytree(original / name, root / name)
        shutil.copy(original / TEMPLATE, root / TEMPLATE)
        if mutation is not None:
            mutation.apply(root)
        for name in [n for n in sys.modules if n.startswith("tests.template.test_")]:
            del sys.modules[name]
        expand.ROOT, expand.TEMPLATE = root, root / TEMPLATE
        expand.cached.cache_clear()
        first = _First()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                pytest.main(["-x", "-q", "--no-header", *map(str, TESTS)], plugins=[first])
        finally:
            expand.ROOT, expand.TEMPLATE = original, original / TEMPLATE
            expand.cached.cache_clear()
    return first.name


def main() -> int:
    if failing := first_failure(None):
        print(f"{failing} fails on the template as it is: mend that first.")
        return 1
    results = []
    for mutation in MUTATIONS:
        results.append(Caught(mutation, first_failure(mutation)))
        print(f"{'caught' if results[-1].by else 'LIVES '} {mutation.name}", flush=True)
    rows = [
        f"| {one.mutation.name} | `{one.mutation.file.rpartition('/')[2]}` | "
        f"{f'`{one.by}`' if one.by else '**nobody**'} |"
        for one in results
    ]
    lives = [one for one in results if one.by is None]
    table = ["| change | file | caught by |", "|---|---|---|", *rows]
    said = f"{len(results) - len(lives)} of {len(results)} changes are caught."
    replace_section("mutations", "\n".join([said, "", *table]))
    return 1 if lives else 0


if __name__ == "__main__":
    raise SystemExit(main())
