"""What the local stack adds to MiniStack, which is not changed itself."""

import json
import threading
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

pytest.importorskip("ministack")

from ministack.services import eventbridge, lambda_svc, s3

from winnow.models import ObjectRef
from winnow_api.s3_objects import ApiObjects, links
from winnow_local.emulator import is_ours, name_versions, retry_events

BUCKET = "uploads-of-a-test"


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events that EventBridge is given, of a bucket that sends it all."""
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(eventbridge, "_dispatch_event", given.append)
    monkeypatch.setattr(s3, "_fire_s3_event", s3._fire_s3_event)
    s3._bucket_notifications[BUCKET] = "<N><EventBridgeConfiguration/></N>"
    name_versions()
    return given


def fire(**named: Any) -> None:
    before = set(threading.enumerate())
    s3._fire_s3_event_async(BUCKET, "inbox/p/a.csv", "s3:ObjectCreated:Put", **named)
    for thread in set(threading.enumerate()) - before:
        thread.join()


def test_an_event_names_its_own_version(events: list[dict[str, Any]]) -> None:
    for version in ("v1", "v2", None, "v3"):
        fire(version_id=version)
    things = [json.loads(event["Detail"])["object"] for event in events]
    assert [thing.get("version-id") for thing in things] == ["v1", "v2", None, "v3"]
    assert len({thing["sequencer"] for thing in things}) == 4


def test_events_of_others_stay_as_they_are(events: list[dict[str, Any]]) -> None:
    own = {"Source": "mine", "Detail": "no JSON"}
    eventbridge._dispatch_event(own)
    assert events == [own]


@pytest.mark.parametrize("alias", ["live", ""])
def test_a_call_by_a_rule_is_made_again_and_what_fails_for_good_is_kept(
    monkeypatch: pytest.MonkeyPatch, alias: str
) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:queue" + (f":{alias}" if alias else "")
    invoke = {"MaximumRetryAttempts": 2, "DestinationConfig": {"OnFailure": {"Destination": "q"}}}
    function = {"event_invoke_configs": {alias: invoke}}
    config = {"FunctionName": "queue", "FunctionArn": arn}
    calls: list[Any] = []
    kept: list[Any] = []

    def failing(record: Any, event: Any) -> dict[str, Any]:
        calls.append(event)
        return {"error": True}

    for name, value in {
        "_get_func_record_for_ref": lambda ref: (
            (function, config, "queue") if ref == arn else (None, None, "")
        ),
        "_functions": {"queue": function},
        "_execute_function": failing,
        "_route_async_failure": lambda target, _, event, __: kept.append((target, event)),
        "_LAMBDA_ASYNC_RETRY_BASE_SECONDS": 0.001,
    }.items():
        monkeypatch.setattr(lambda_svc, name, value)
    monkeypatch.setattr(eventbridge, "_dispatch_to_lambda", None)
    retry_events()
    before = set(threading.enumerate())
    eventbridge._dispatch_to_lambda(arn, '{"detail": 1}')
    eventbridge._dispatch_to_lambda(f"{arn}-of-nothing", "{}")
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert calls == [{"detail": 1}] * 3
    assert kept == [("q", {"detail": 1})]


PAGE = "0ab1c2d3.execute-api.localhost:4566"
S3 = "127.0.0.1:4566"
BRIDGE = "172.17.0.1"
PICTURE = "/results-1/results/p/u/pages/1.jpg"
SIGNED = "X-Amz-Algorithm=a&X-Amz-Expires=300&X-Amz-Signature=b&versionId=c"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64)"


def fetched(site: str, mode: str = "no-cors", dest: str = "image", **more: str) -> dict[str, str]:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    return {**headers, "user-agent": FIREFOX, **more}


OPENED = fetched("cross-site", "navigate", "document")


def ours(
    host: str, headers: dict[str, str], path: str = "/", query: str = "", method: str = "GET"
) -> bool:
    return is_ours(method, path, query, {"host": host, **headers}, {BRIDGE})


@pytest.mark.parametrize(
    ("host", "headers", "path", "query", "method"),
    [
        # Programs: a command, a function, a container.
        (S3, {}, "/", "Action=ListQueues", "POST"),
        (S3, {"user-agent": "Boto3/1.40"}, "/bucket/key", "", "GET"),
        (f"{BRIDGE}:4566", {"user-agent": "Boto3/1.40"}, "/bucket/key", "", "GET"),
        ("host.docker.internal:4566", {}, "/bucket/key", "", "GET"),
        # The page: opened by hand, by a link, on return from sign-in; its parts; its API.
        (PAGE, fetched("none", "navigate", "document"), "/", "", "GET"),
        (PAGE, OPENED, "/", "", "GET"),
        (PAGE, OPENED, "/signed-in", "code=a&state=b", "GET"),
        (PAGE, fetched("same-origin", "cors", "script"), "/assets/main.js", "", "GET"),
        (PAGE, fetched("same-origin", "cors", "empty"), "/v1/queue", "", "GET"),
        (PAGE, {"origin": f"http://{PAGE}"}, "/v1/leases", "", "POST"),
        # What it has of S3: a form, a picture, a file.
        (S3, fetched("cross-site", "cors", "empty", origin=f"http://{PAGE}"), "/b", "", "POST"),
        (S3, {"origin": f"http://{PAGE}"}, "/b", "", "OPTIONS"),
        (S3, fetched("cross-site"), PICTURE, SIGNED, "GET"),
        (S3, OPENED, "/results-1/results/p/u/result.json", SIGNED, "GET"),
        (S3, {"origin": f"http://{BRIDGE}:4566"}, "/b", "", "POST"),
    ],
)
def test_the_page_and_programs_are_answered(
    host: str, headers: dict[str, str], path: str, query: str, method: str
) -> None:
    assert ours(host, headers, path, query, method)


def test_a_link_as_the_api_signs_it_is_answered() -> None:
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=f"http://{S3}",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=links(local=True),
    )
    ref = ObjectRef(bucket="results-1", key="results/p/u/pages/1.jpg", version_id="v")
    link = urlsplit(ApiObjects(s3).link(ref, 300))
    assert ours(link.netloc, fetched("cross-site"), link.path, link.query)


@pytest.mark.parametrize(
    "origin",
    [
        "http://192.168.1.1",
        "http://10.0.0.7:8080",
        "http://169.254.1.1",
        "http://0.0.0.0:4566",
        "http://172.17.0.2",
        "https://example.org",
        "http://localhost.example.org",
        "http://[",
        "null",
        "",
    ],
)
def test_an_origin_that_is_not_this_machine_is_refused(origin: str) -> None:
    assert not ours(S3, {"origin": origin}, method="POST")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize(
    ("host", "mode", "dest", "path", "query"),
    [
        (S3, "no-cors", "image", "/", "Action=DeleteQueue&QueueUrl=x"),
        (S3, "no-cors", "image", "/", f"Action=DeleteQueue&{SIGNED}"),
        (S3, "no-cors", "image", PICTURE, f"Action=DeleteQueue&{SIGNED}"),
        (S3, "no-cors", "image", PICTURE, ""),
        (S3, "no-cors", "image", f"/_aws{PICTURE[10:]}", SIGNED),
        (S3, "no-cors", "image", "/uploads-1/inbox/a.png", SIGNED),
        (S3, "no-cors", "script", PICTURE, SIGNED),
        (S3, "navigate", "document", "/", "Action=DeleteQueue"),
        (S3, "navigate", "document", "/", ""),
        (S3, "navigate", "iframe", PICTURE, SIGNED),
        (PAGE, "no-cors", "image", "/", ""),
        (PAGE, "no-cors", "script", "/assets/main.js", ""),
        (PAGE, "navigate", "document", "/v1/queue", ""),
        (PAGE, "navigate", "iframe", "/", ""),
        (PAGE, "no-cors", "image", PICTURE, SIGNED),
    ],
)
def test_what_a_page_of_others_asks_for_without_an_origin_is_refused(
    site: str, host: str, mode: str, dest: str, path: str, query: str
) -> None:
    assert not ours(host, fetched(site, mode, dest), path, query)


@pytest.mark.parametrize("host", [f"{BRIDGE}:4566", "0.0.0.0:4566", "host.docker.internal:4566"])
def test_a_browser_is_not_answered_where_it_does_not_say_who_asks(host: str) -> None:
    assert not ours(host, {"user-agent": FIREFOX}, query="Action=DeleteQueue")


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org:4566", "[", ""])
def test_a_name_that_was_made_to_lead_here_is_refused(host: str) -> None:
    assert not ours(host, {})


def test_a_form_of_another_site_is_refused_even_without_an_origin() -> None:
    assert not ours(S3, OPENED, PICTURE, SIGNED, "POST")
