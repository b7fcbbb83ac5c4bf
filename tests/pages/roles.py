"""What each role may do: the policies of template.yaml, with words for each statement's name."""

from typing import Any, NamedTuple

from tests.pages.blocks import code, table
from tests.template.expand import read
from winnow_cli.access.people import Person
from winnow_cli.access.policies import WORDS as WORDS_OF_PEOPLE


class Role(NamedTuple):
    """How a role is called on the page, and what it could do in an attacker's hands."""

    title: str
    misuse: str


ROLES = {
    "SerializeRole": Role(
        "serialize",
        "read every uploaded file; break or falsify runs under way, by changing what is judged",
    ),
    "ScanRole": Role("scan", "the same; replace pictures of pages; cause costs at Textract"),
    "ClassifyRole": Role(
        "classify", "read the records of the last week; falsify decisions under way"
    ),
    "FilterRole": Role(
        "filter",
        "the same; read and write results, with the text of all records; old versions stay",
    ),
    "SweepRole": Role(
        "sweep",
        "learn file names and what people decided; record false ends; start runs again; send false "
        "e-mails",
    ),
    "DispatchRole": Role("dispatch", "learn file names; start runs, or none"),
    "DigestRole": Role("digest", "send false e-mails, or none"),
    "NotifyRole": Role("notify", "post false notices, or none"),
    "PublishRole": Role(
        "publish", "publish versions that decide; old versions and their files stay"
    ),
    "TriageRole": Role("workflow", "record false ends"),
    "StoppedRole": Role("failure handler", "record false ends"),
    "StartRole": Role("rules", "start runs"),
    "SweepScheduleRole": Role("schedule of the sweep", "start runs"),
    "DispatchScheduleRole": Role("schedule of dispatch", "start runs"),
    "DigestScheduleRole": Role("schedule of the digest", "send e-mails early"),
    "GoldenScheduleRole": Role("schedule of the golden set", "start trainings"),
    "TrainScheduleRole": Role("schedule of trainings", "start trainings"),
    "QueueRole": Role(
        "queue",
        "read results; falsify what was decided and who decided; send false e-mails; have Scan "
        "read files again; make another published version champion",
    ),
    "ApiRole": Role(
        "api", "read results and what people typed; falsify decisions; drop files to be judged"
    ),
    "IndexRole": Role(
        "index", "read results; falsify or delete the search index, which is made again of them"
    ),
    "SearchRole": Role("search", "read the search index, with the text of all records"),
    "IndexScheduleRole": Role("schedule of the index", "compact the index early"),
    "TrainRole": Role(
        "train",
        "read results and training rows; publish versions, and make one of them champion; send "
        "false e-mails",
    ),
}
WORDS = {
    "ReadUploads": "read `inbox/*`",
    "WriteChunks": "write `runs/*` but no scores",
    "WritePictures": "write `results/*/pages/*.jpg`",
    "ReadPictures": "ask Textract with `OcrEngine=textract`",
    "ReadChunks": "read `runs/*`",
    "WriteScores": "write `runs/*/scored/*`",
    "ReadScores": "read `runs/*`",
    "WriteFiltered": "write `runs/*/filtered/*`",
    "ReadResults": "read `results/*`",
    "WriteResults": "write `results/*`",
    "ListInbox": "list uploads",
    "ReadWriteSweepState": "keep `sweep/state.json`",
    "ReadRuns": "read rows",
    "FindRuns": "read rows",
    "ReadAges": "read the table of models",
    "FindEnded": "read rows",
    "FindQueued": "read reviews",
    "QueueReviews": "call queue",
    "RecordAbandoned": "change rows",
    "RestartRuns": "start runs",
    "DescribeRuns": "describe runs",
    "SendMail": "send e-mail",
    "InvokeVersions": "call the versions of the four functions",
    "RecordRuns": "write rows",
    "ReadManifest": "read manifests of runs",
    "StartChildren": "start runs",
    "WatchAndStopChildren": "describe and stop runs",
    "StartRuns": "start the workflow and the failure handler",
    "CallSweep": "call the sweep",
    "QueueRuns": "put uploads into the queue",
    "ReceiveWaiting": "take uploads from the queue",
    "StartWaitingRuns": "start runs",
    "ListRuns": "list and describe runs",
    "ReadWriteDispatchState": "keep `dispatch/book.json`",
    "CallDispatch": "call dispatch",
    "ReceiveMails": "take gathered e-mails",
    "CallDigest": "call the digest",
    "ReadWebhook": "read the webhook's address",
    "KeepUnposted": "keep what it could not post in a queue",
    "CallTrain": "call train",
    "CallIndex": "call index",
    "AskSearch": "call search",
    "ListVersions": "list the versions of objects",
    "WriteIndex": "read and write `index/*`, delete its versions",
    "TakeChanges": "take changed results from the queue",
    "SendChanges": "put changed results into the queue",
    "ReadIndex": "read `index/*`",
    "ListIndex": "list objects",
    "CallQueue": "call queue",
    "ReadReviewed": "read `results/*`, `notes/*`, runs' definitions",
    "WriteReviewed": "write `reviewed.jsonl`, `review.json` and `process.json` of `results/*`, and "
    "`judged-*.json` of `notes/*`",
    "ReadWriteReviews": "read and write reviews",
    "TakeOutRecords": "take records out of the queue",
    "ReleaseVersions": "count audits, and change which version is champion",
    "PromoteVersions": "change which version is champion",
    "FindAlarms": "ask which alarms ring",
    "ReadDecisions": "follow the decisions",
    "KeepFailed": "keep what it could not do in a queue",
    "DrawPages": "call Scan",
    "JudgePictures": "call Classify",
    "ReadTexts": "read `results/*`, `predictions/*`, `notes/*`, `drafts/*`, runs' definitions",
    "WriteTyped": "write `predictions/*`, `notes/*`, `drafts/*` and `process.json` of `results/*`",
    "DeleteDrafts": "delete `drafts/*`",
    "ReadExports": "read `exports/*`",
    "WriteExports": "write `exports/*`",
    "AskAthena": "with `SearchWithAthena` ask Athena in one workgroup",
    "FindTable": "find the index's table",
    "KeepQueryResults": "read the results of its queries",
    "FindBucket": "find the bucket's region and unfinished uploads",
    "KeepSearches": "read, write and delete `searches/*`",
    "SignUploads": "let a file be sent to `inbox/*`",
    "ListReviews": "list reviews",
    "StartTraining": "call train",
    "ReadDecided": "read `results/*`, `predictions/*`, `judged-*.json` of `notes/*`, runs' "
    "definitions",
    "ReadReviews": "read reviews",
    "WriteTrained": "read and write `models/*`, `data/*`",
    "AddVersions": "add versions, and change which one is challenger or champion",
    "SubmitJobs": "submit jobs with `TrainOnBatch`",
    "LeaseTraining": "lease a process, to train it",
    "WriteVersions": "read and write `models/*`",
    "ReadWriteModels": "read the table of models, and write to it",
}
SHARED = {
    "ReadVersions": "read files of versions, each in the version that was published",
    "ListModels": "list the bucket of models",
    "FindVersions": "read the table of models",
    "WriteLogs": "write logs",
    "DeliverLogs": "write logs",
    "WriteTraces": "write traces",
    "UseCustomerKey": "use the customer's key, if there is one",
    "EncryptMail": "use the topic's key, to send e-mail",
    "ListUploads": "list the bucket that it reads",
    "ListChunks": "list the bucket that it reads",
    "ListState": "list the bucket that it reads",
    "ListResults": "list the bucket that it reads",
}
"""What several roles may do beside."""


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/security.md."""
    granted = statements(read())
    own = [
        (role.title, ", ".join(_distinct(granted[name], WORDS, SHARED)), role.misuse)
        for name, role in ROLES.items()
    ]
    if unnamed := set(granted) - set(ROLES):
        raise KeyError(f"no words for {', '.join(sorted(unnamed))}")
    shared = [
        (words, ", ".join(ROLES[role].title for role in ROLES if _has(granted[role], words)))
        for words in dict.fromkeys(SHARED.values())
    ]
    people = [(code(f"winnow policy {one}"), *WORDS_OF_PEOPLE[one]) for one in Person]
    return {
        "people": table(("printed by", "may", "may not, for example"), people),
        "roles": table(("role", "may", "if taken over, it could"), own),
        "shared": table(("may", "roles"), shared),
    }


def statements(template: dict[str, Any]) -> dict[str, list[str]]:
    """Return the names of the statements of every role, in the order of the template."""
    return {
        name: [
            statement["Sid"]
            for policy in resource["Properties"]["Policies"]
            for statement in map(_only, _only(policy)["PolicyDocument"]["Statement"])
        ]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    }


def _only(value: dict[str, Any]) -> dict[str, Any]:
    """Return a value that may stand behind a condition; else nothing stands there."""
    if "Fn::If" not in value:
        return value
    _, one, other = value["Fn::If"]
    return dict(one if "Ref" not in one else other)


def _distinct(names: list[str], words: dict[str, str], beside: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(words[name] for name in names if name not in beside))


def _has(names: list[str], words: str) -> bool:
    return words in {SHARED.get(name) for name in names}
