"""What the pages say of the template."""

import json
import re

from tests.template.expand import TEMPLATE, expand
from tests.template.test_roles import ROLES

PARAMETERS = set(expand()["Parameters"])
ROLE_NAMES = {
    "serialize": "SerializeRole",
    "scan": "ScanRole",
    "classify": "ClassifyRole",
    "filter": "FilterRole",
    "sweep": "SweepRole",
    "workflow": "TriageRole",
    "machine for stopped runs": "StoppedRole",
    "rules": "StartRole",
    "dispatch": "DispatchRole",
    "digest": "DigestRole",
    "schedule of the sweep": "SweepScheduleRole",
    "schedule of dispatch": "DispatchScheduleRole",
    "schedule of the digest": "DigestScheduleRole",
}
# How the table of roles words a statement; what the paragraph below it says of several at once.
WORDED = {
    "ReadUploads": "read `inbox/*`",
    "WriteChunks": "write `runs/*` but no scores",
    "ReadPictures": "ask Textract with `OcrEngine=textract`",
    "ReadChunks": "read `runs/*`",
    "WriteScores": "write `runs/*/scored/*`",
    "ReadScores": "read `runs/*`",
    "WriteFiltered": "write `runs/*/filtered/*`",
    "SeeWhoseResultsLieThere": "read `results/*`",
    "WriteResults": "write `results/*`",
    "ListInbox": "list uploads",
    "RememberHowFar": "keep `sweep/state.json`",
    "ReadRuns": "read rows",
    "FindRuns": "read rows",
    "GiveUp": "change rows",
    "StartAgain": "start runs",
    "SeeWhetherItRuns": "look at runs",
    "SendMail": "mail",
    "InvokeVersions": "call the versions of the four functions",
    "RecordRuns": "write rows",
    "ReadManifest": "read manifests of runs",
    "StartChildren": "start runs",
    "WatchAndStopChildren": "look at and stop runs",
    "StartRuns": "start the two machines",
    "CallSweep": "call the sweep",
    "HandOver": "let uploads wait",
    "TakeWaiting": "take uploads that wait",
    "StartWaiting": "start runs",
    "SeeWhatRuns": "look at runs",
    "KeepBook": "keep `dispatch/book.json`",
    "CallDispatch": "call dispatch",
    "TakeMails": "take mails that were gathered",
    "CallDigest": "call the digest",
}
LISTS = "list the bucket that they read"
WORDED_BELOW = {
    "WriteLogs": "write logs",
    "DeliverLogs": "write logs",
    "WriteTraces": "and traces",
    "UseCustomerKey": "use the customer's key",
    "EncryptMail": "use the topic's key",
    "KnowThatAnUploadIsGone": LISTS,
    "KnowThatAChunkIsGone": LISTS,
    "KnowThatItIsNotThereYet": LISTS,
}
OUR_SERVICES = {"s3", "dynamodb", "sns", "sqs", "kms", "lambda", "states", "logs", "xray"}


def page(name: str) -> str:
    return (TEMPLATE.parent / "docs" / name).read_text("utf-8")


def test_every_question_of_a_guided_deployment_is_explained():
    asked = page("deploying.md").partition("| it asks for |")[2].partition("| Confirm")[0]
    questions = [line.split("|")[1] for line in asked.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(questions))) == sorted(PARAMETERS)
    assert len(PARAMETERS) < 17


def test_the_policy_of_a_customer_key_lets_in_whatever_has_no_role():
    _, _, block = page("security.md").partition("<!-- key policy -->\n```json\n")
    policy = json.loads(block.partition("```")[0])
    # Log groups and the queue are written by services; the buckets and the table through roles.
    assert [one["Principal"]["Service"] for one in policy] == [
        "logs.REGION.amazonaws.com",
        ["events.amazonaws.com", "sns.amazonaws.com"],
    ]
    for one in policy:
        assert one["Effect"] == "Allow"
        assert "kms:Decrypt" in one["Action"]


def test_the_table_of_roles_says_what_each_may_do():
    _, _, table = page("security.md").partition("| role | may |")
    table, _, below = table.partition("\n\n")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    assert {ROLE_NAMES[row[1].strip()]: row[2].strip() for row in rows} == {
        role: ", ".join(dict.fromkeys(WORDED[sid] for sid in given if sid not in WORDED_BELOW))
        for role, given in ROLES.items()
    }
    said = " ".join(below.partition("\n\n")[0].split())
    assert all(words in said for words in WORDED_BELOW.values())


def test_what_the_table_of_roles_says_of_several_is_true_of_each():
    def those(*sids: str) -> set[str]:
        return {role for role, given in ROLES.items() if set(sids) & set(given)}

    functions = {f"{name}Role" for name in ("Serialize", "Scan", "Classify", "Filter", "Sweep")}
    called = {"DispatchRole", "DigestRole"}
    machines = {"TriageRole", "StoppedRole"}
    assert those("WriteLogs", "DeliverLogs") == functions | called | machines
    assert those("WriteTraces") == functions | called | machines
    assert those("UseCustomerKey") == functions | {"DispatchRole"} | machines
    assert those("EncryptMail") == {"SweepRole", "DigestRole"} | machines
    assert those(*(sid for sid, words in WORDED_BELOW.items() if words == LISTS)) == (
        functions | {"DispatchRole"}
    )


def test_where_else_document_text_goes_is_said():
    asked = {
        action.partition(":")[0]
        for given in ROLES.values()
        for actions, _ in given.values()
        for action in actions
    }
    assert asked - OUR_SERVICES == {"textract"}
    privacy = page("security.md").partition("## Privacy")[2].partition("\n## ")[0]
    assert "unless you choose `OcrEngine=textract`" in " ".join(privacy.split())
