"""Strings planted in files, dropped on the stack; everything a run leaves elsewhere is searched.

tests/functional/test_privacy.py has every format and every place; this has every service.
"""

import json

import pytest

from tests.fakes import files
from winnow_local.deploy import STACK_NAME

from .conftest import SURE, Stack, winnow

pytestmark = pytest.mark.model

TEXT = "Zebulon has haemochromatosis"
PERSON = "Quillfeather"
ADDRESS = "zebulon@quillfeather.example"
NAME = "zq-private-quillfeather"
METADATA = {"case-id": PERSON, "author": ADDRESS}

GOOD = (
    json.dumps({"id": PERSON, "text": f"{TEXT}; write to {ADDRESS}. {SURE}", PERSON: ADDRESS})
    + "\n"
    + json.dumps({"text": "", "note": TEXT})
    + "\n{broken "
    + TEXT
    + "\n"
)
MAIL = f"From: {PERSON} <{ADDRESS}>\r\nTo: {ADDRESS}\r\nSubject: {TEXT}\r\n\r\n{SURE} {PERSON}\r\n"
ZIP = files.package(
    {f"{PERSON}.txt": f"{SURE} {TEXT}", f"../{PERSON}.txt": TEXT, PERSON: "\x7fELF"}
)
PDF = files.pdf([files.lines([SURE, f"{PERSON} {ADDRESS}"])])

# file's ending, content, folder, metadata
DROPPED: list[tuple[str, str | bytes, str, dict[str, str]]] = [
    ("jsonl", GOOD, "emotions", METADATA),
    ("eml", MAIL, "emotions", METADATA),
    ("zip", ZIP, "emotions", METADATA),
    ("pdf", PDF, "emotions", METADATA),
    (PERSON, f"{SURE} {TEXT}", "emotions", METADATA),
    ("json", '[{"text": "' + TEXT, "emotions", {}),
    ("csv", f"{PERSON},{ADDRESS}\n1,2\n", "emotions", {}),
    ("csv", f"id,text\n1,{TEXT}\n", PERSON, {}),
    ("csv", f"id,text\n1,{TEXT}\n", "emotions", {"process": PERSON}),
    ("csv", f"id,text\n1,{TEXT}\n", "emotions", {"threshold": PERSON}),
    ("xyz", b"\x7fELF\x02\x01" + TEXT.encode(), "emotions", {}),
    ("pdf", PDF[:300] + PERSON.encode(), "emotions", {}),
]


def _said(stack: Stack) -> dict[str, str]:
    """What runs leave for people and machines other than the buckets and the table, by place."""
    make = lambda service: stack.target.session.client(  # noqa: E731
        service, endpoint_url=stack.target.endpoint, config=stack.target.config
    )
    said = {}
    logs = make("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            events = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            said[name] = "\n".join(
                event["message"] for events_page in events for event in events_page["events"]
            )
    said["metrics"] = json.dumps(make("cloudwatch").list_metrics().get("Metrics", []))
    lines = stack.state_dir.ministack_log.read_text("utf-8", errors="replace").splitlines()
    # The emulator's own access log has the path of every request; AWS keeps none for us.
    said["the emulator's log"] = "\n".join(line for line in lines if "/inbox/" not in line)
    said["mails"] = "\n".join(
        path.read_text("utf-8", errors="replace") for path in stack.state_dir.mail.glob("*.eml")
    )
    return said


def _history(stack: Stack, run: str) -> str:
    """A run's history without the one thing of a file that may stand in it: its key."""
    pages = stack.workflow.get_paginator("get_execution_history").paginate(executionArn=run)
    text = json.dumps([page["events"] for page in pages], default=str, ensure_ascii=False)
    [start] = stack.workflow.get_execution_history(executionArn=run, maxResults=1)["events"]
    key = json.loads(start["executionStartedEventDetails"]["input"])["detail"]["object"]["key"]
    assert key in text
    return text.replace(key, "")


def test_nothing_planted_is_found_where_it_must_not_be(stack: Stack) -> None:
    keys = [
        stack.put(f"{NAME}.{ending}", content, folder, metadata)
        for ending, content, folder, metadata in DROPPED
    ]
    rows = [stack.wait(key) for key in keys]
    assert [row.state for row in rows[:5]] == ["SUCCEEDED"] * 5
    assert [row.state for row in rows[5:]] == ["FAILED"] * 7
    for row in rows:
        assert len(stack.mails(row.upload_id)) == 1
    said = _said(stack)
    # The search would prove nothing where nothing is said.
    for function in ("serialize", "classify", "filter"):
        assert '"message":"done"' in said[f"/aws/lambda/{STACK_NAME}-{function}"]
    assert rows[0].upload_id in said[f"/aws/lambda/{STACK_NAME}-serialize"]
    said |= {f"history of {row.upload_id}": _history(stack, str(row.run)) for row in rows}
    said |= {f"error of {row.upload_id}": f"{row.error_code} {row.error_message}" for row in rows}
    said |= {
        f"winnow why {row.upload_id}": winnow("why", row.upload_id).out.replace(row.object_key, "")
        for row in rows[5:]
    }
    for place, text in said.items():
        for planted in (TEXT, PERSON, ADDRESS, NAME, "haemochromatosis"):
            assert planted.lower() not in text.lower(), (place, planted)
