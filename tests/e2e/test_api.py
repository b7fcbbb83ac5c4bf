"""The HTTP API on the local stack: with a real token, over the gateway, with the roles enforced."""

import json
import secrets
import uuid
from typing import Any

import pytest

from tests.fakes import files

from .conftest import UNSURE, Stack, until
from .signed_in import Reply, SignInFlow, request
from .test_sign_in import variables

pytestmark = pytest.mark.model


class Client:
    """A program that is signed in."""

    def __init__(self, stack: Stack) -> None:
        self._page = stack.state.outputs["ReviewPage"].removesuffix("/")
        flow = SignInFlow.of(variables(stack)["SIGN_IN_URL"], stack.state.outputs)
        self._token = flow.access_token()

    def get(self, path: str) -> Reply:
        return request(f"{self._page}{path}", headers={"Authorization": f"Bearer {self._token}"})

    def post(self, path: str, given: Any, key: str = "") -> Reply:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key or secrets.token_hex(8),
        }
        return request(f"{self._page}{path}", "POST", headers, json.dumps(given))


@pytest.fixture(scope="module")
def client(stack: Stack) -> Client:
    return Client(stack)


def test_a_prediction_is_kept_and_found_again(client: Client) -> None:
    asked = {"process": "emotions", "text": "I miss my grandfather."}
    made = client.post("/v1/predictions", asked, key="once")
    assert made.status == 201, made.body
    again = client.post("/v1/predictions", asked, key="once")
    assert again.document() == made.document()
    assert made.document()["decision"]["value"] == "sadness"
    own_id = made.document()["id"]
    assert client.get(f"/v1/predictions/{own_id}").document() == made.document()
    listed = client.get("/v1/predictions?process=emotions&limit=1").document()
    assert [each["id"] for each in listed["items"]] == [own_id]
    review = {"upload": own_id, "record": 1, "version": 0, "decision": "fear", "note": "Typed."}
    assert client.post("/v1/reviews", review).status == 201
    assert client.get(f"/v1/predictions/{own_id}").document()["review"]["note"] == "Typed."


def test_a_file_that_is_sent_with_a_form_is_decided(client: Client) -> None:
    form = client.post("/v1/uploads", {"process": "emotions", "name": "a b.jsonl"}).document()
    content = json.dumps({"id": "7", "text": UNSURE})
    boundary = uuid.uuid4().hex
    fields = {**form["fields"], "file": content}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        + ('; filename="a"' if name == "file" else "")
        + f"\r\n\r\n{value}\r\n"
        for name, value in fields.items()
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    sent = request(form["url"], "POST", kind, f"{body}--{boundary}--\r\n")
    assert sent.status in (200, 201, 204), sent.body

    def ended() -> Any:
        items = client.get("/v1/uploads").document()["items"]
        found = [each for each in items if each["key"] == form["key"]]
        return found and found[0]["ended_at"] and found[0]

    upload = until(ended)
    assert (upload["state"], upload["name"]) == ("SUCCEEDED", "a b.jsonl")
    one = client.get(f"/v1/uploads/{upload['id']}").document()
    (link,) = [each["url"] for each in one["files"] if each["name"] == "review.jsonl"]
    assert request(link).document()["source_id"] == "7"
    (brief,) = client.get(f"/v1/uploads/{upload['id']}/records").document()["items"]
    assert brief["outcome"] == "review"
    assert client.post(f"/v1/uploads/{upload['id']}/queue", {}).document() == {"queued": 1}

    def leased() -> Any:
        items = client.post("/v1/leases", {"process": "emotions", "count": 10}).document()["items"]
        return [each for each in items if each["upload"] == upload["id"]]

    (item,) = until(leased)
    assert item["text"] == UNSURE
    asked = {"upload": item["upload"], "record": 1, "version": item["version"], "decision": "joy"}
    decided = client.post("/v1/reviews", asked)
    assert decided.status == 201, decided.body
    conflict = client.post("/v1/reviews", asked | {"decision": "fear"})
    assert (conflict.status, conflict.document()["review"]["decision"]) == (409, "joy")
    rows = client.get("/v1/reviews/export.csv?process=emotions").body.decode()
    assert upload["id"] in rows


def test_the_page_of_a_pdf_that_ends_in_review_is_drawn_and_linked(
    stack: Stack, client: Client
) -> None:
    content = files.pdf([files.lines([UNSURE])])
    row = stack.run("note.pdf", content)
    assert row.review == 1

    def pages() -> Any:
        return client.get(f"/v1/uploads/{row.upload_id}/records/1").document()["pages"]

    [page] = until(pages)
    assert page["page"] == 1
    picture = request(page["url"])
    assert picture.status == 200
    assert picture.body[:3] == b"\xff\xd8\xff"
    # Queued by a request, it is drawn again.
    folder = (row.result_key or "").rpartition("/")[0]
    bucket = stack.target.results_bucket
    stack.target.s3().delete_object(Bucket=bucket, Key=f"{folder}/pages/1.jpg")
    assert pages() == []
    assert client.post(f"/v1/uploads/{row.upload_id}/queue", {}).status == 200
    assert until(pages)[0]["page"] == 1


def test_an_alarm_that_rings_is_answered_until_it_ends(stack: Stack, client: Client) -> None:
    cloudwatch = stack.target.client("cloudwatch")
    named = cloudwatch.describe_alarms(AlarmNamePrefix=f"{stack.target.name}-RunsFailedAlarm")
    [alarm] = named["MetricAlarms"]

    def ringing(state: str) -> list[str]:
        cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue=state, StateReason="a test"
        )
        items = client.get("/v1/alarms").document()["items"]
        assert all(one["description"] == alarm["AlarmDescription"] for one in items)
        return [one["name"] for one in items]

    try:
        assert ringing("ALARM") == ["RunsFailed"]
    finally:
        assert ringing("OK") == []
