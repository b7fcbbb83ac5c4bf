"""What people decided on the local stack becomes a challenger, which decides nothing yet."""

import json
from pathlib import Path

import pytest

from winnow_cli.models import open_models
from winnow_local import mailbox

from .conftest import Stack, until, winnow
from .decided import decide, publish
from .test_api import Client

pytestmark = pytest.mark.model

RECORDS = 90


def mailed(stack: Stack, subject: str) -> str:
    """The text of the e-mail with this subject."""
    found = until(lambda: [m for m in mailbox.read(stack.state_dir.mail) if m.subject == subject])
    body: str = found[-1].body
    return body


def test_what_people_decided_becomes_a_challenger(stack: Stack, tmp_path: Path) -> None:
    first = publish("tellers", tmp_path)
    refused = winnow("retrain", "tellers", "--json")
    assert (refused.code, refused.document()["error"]["code"]) == (1, "reviews_too_few")
    assert "reviews_too_few" in mailed(stack, "Winnow tellers: the training failed")

    decide(stack, "tellers", RECORDS)
    page = tmp_path / "page.html"
    done = winnow("retrain", "tellers", "--json", "--html", page)
    assert done.code == 0, done.out
    told = done.document()
    assert (told["outcome"], told["published"]) == ("better", True), told["sentence"]
    assert told["champion"] == first
    assert told["metrics"]["accuracy"] > told["champion_metrics"]["accuracy"]
    assert told["challenger"][:12] in mailed(stack, "Winnow tellers: a challenger waits")
    models = open_models(stack.target)
    entry = models.entry("tellers")
    assert (entry.champion, entry.challenger) == (first, told["challenger"])
    version = models.version(entry, "challenger")
    assert (version.source, version.by) == ("trained", "you@winnow.local")
    assert {"evaluation.html", "references-litert.vectors"} <= {f.name for f in version.files}
    assert told["challenger"][:12] in page.read_text("utf-8")
    assert winnow("reproduce", "tellers", "challenger", "--json").document()["same"] is True
    after, _ = stack.result(stack.run("a.jsonl", json.dumps({"text": "my card"}) + "\n", "tellers"))
    assert after.version is not None
    assert after.version.sha256 == first


def test_the_button_trains_in_a_function(stack: Stack, tmp_path: Path) -> None:
    first = publish("clerks", tmp_path)
    client = Client(stack)
    asked = client.post("/v1/models/clerks/train", {})
    assert asked.status == 202, asked.body
    assert "reviews_too_few" in mailed(stack, "Winnow clerks: the training failed")

    def noticed() -> list[str]:
        answer = client.get("/v1/models").document()
        return [n["code"] for n in answer["notices"] if n["process"] == "clerks"]

    assert until(noticed) == ["training_failed"]

    decide(stack, "clerks", RECORDS)
    assert client.post("/v1/models/clerks/train", {}).status == 202
    body = mailed(stack, "Winnow clerks: a challenger waits")
    models = open_models(stack.target)
    entry = models.entry("clerks")
    assert entry.champion == first
    assert entry.challenger is not None
    assert entry.challenger[:12] in body
    assert entry.decisions_at_training == RECORDS
    version = models.version(entry, "challenger")
    assert version.source == "trained"
    assert {"evaluation.html", "references-litert.vectors"} <= {f.name for f in version.files}
    until(lambda: noticed() == [])


def test_a_training_by_itself_looks_once_more_whether_it_is_due(
    stack: Stack, tmp_path: Path
) -> None:
    first = publish("cashiers", tmp_path)
    decide(stack, "cashiers", RECORDS)
    functions = stack.target.client("lambda")
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    (name,) = [one for one in names if "TrainFunction" in one]

    def called() -> str:
        """As the queue function calls it, but waiting for the answer."""
        asked = {"process": "cashiers", "by": "schedule", "every": RECORDS}
        done = functions.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(asked))
        outcome: str = json.loads(done["Payload"].read())["outcome"]
        return outcome

    assert called() == "better"
    models = open_models(stack.target)
    entry = models.entry("cashiers")
    assert (entry.champion, entry.decisions_at_training) == (first, RECORDS)
    assert models.version(entry, "challenger").by == "schedule"
    assert called() == "not_due"
    assert models.entry("cashiers") == entry
