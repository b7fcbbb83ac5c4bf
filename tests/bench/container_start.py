"""Seconds from `docker run` to a container's first answer: `python -m tests.bench.container_start`.

The image is classify as it ships; the event is a chunk of one record, judged by L33774, read from
and written to a local S3. With the argument `api` it is the image of the API, and the event a
prediction of a short text by L33774. Prints one JSON document, or a reason on stderr and exit
status 3 when there is no Docker engine.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import boto3

from tests.container.engine import ROOT, build, missing, running
from tests.container.settings import API
from tests.container.storage import RESULTS, storage
from tests.fakes.review_table import create_review_table
from winnow.models import ChunkTask, Record
from winnow.processes.registry import ProcessRegistry
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import RunPaths
from winnow_local.ministack import free_port

SETTINGS = {"RESULTS_BUCKET": RESULTS, "MODEL_DIR": "/opt/model"}


TEXT = "Melena for two weeks; colonoscopy found no source of bleeding."
REVIEWER = {"token_use": "access", "username": "bench", "cognito:groups": "[reviewer]"}


def first_prediction(rounds: int = 7) -> dict[str, object]:
    """The same for the API: seconds to the first prediction, and of the second one."""
    image = build("api")
    frame = json.loads((ROOT / "events" / "api.json").read_text("utf-8"))
    route = "POST /v1/predictions"

    def event(number: int) -> dict[str, object]:
        headers = {
            **frame["headers"],
            "content-type": "application/json",
            "idempotency-key": f"bench-{number}",
        }
        context = {
            **frame["requestContext"],
            "routeKey": route,
            "authorizer": {"jwt": {"claims": REVIEWER, "scopes": []}},
        }
        body = json.dumps({"process": "L33774", "text": TEXT})
        return {
            **frame,
            "routeKey": route,
            "rawPath": "/v1/predictions",
            "headers": headers,
            "requestContext": context,
            "body": body,
        }

    first, second = [], []
    with tempfile.TemporaryDirectory() as folder, storage(Path(folder)) as s3:
        settings = {**s3.environment, "RESULTS_BUCKET": RESULTS, **API}
        dynamodb = boto3.client(
            "dynamodb",
            endpoint_url=s3.client.meta.endpoint_url,
            region_name=s3.environment["AWS_REGION"],
            aws_access_key_id=s3.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=s3.environment["AWS_SECRET_ACCESS_KEY"],
        )
        # Each key of a request is kept there.
        create_review_table(dynamodb, API["REVIEWS_TABLE"])
        for number in range(rounds + 1):
            port = free_port()
            started = time.perf_counter()
            with running(image, settings, port=port) as container:
                _created(container.invoke(event(2 * number)))
                answered = time.perf_counter()
                _created(container.invoke(event(2 * number + 1)))
                first.append(answered - started)
                second.append(time.perf_counter() - answered)
    return _figures(rounds, first, second)


def _created(answer: dict[str, object]) -> None:
    if answer.get("statusCode") != 201:
        raise SystemExit(f"The API answered {answer.get('statusCode')}: {answer.get('body')}")


def first_answer(rounds: int = 7) -> dict[str, object]:
    """Build the image and start it `rounds` times, after one start that warms the page cache.

    Seconds to the first answer, and of the second answer of the same container.
    """
    image = build("classify")
    layout = RunPaths(RESULTS, "0" * 32)
    definition = ProcessRegistry.from_directory(ROOT / "processes").find("L33774")
    record = Record(record=1, text="Melena for two weeks; colonoscopy found no source of bleeding.")
    task = ChunkTask(
        upload_id="0" * 32,
        chunk=0,
        records=1,
        definition=layout.definition,
        source=layout.chunk(0),
        scored=layout.scored(0),
    )
    first, second = [], []
    with tempfile.TemporaryDirectory() as folder, storage(Path(folder)) as s3:
        for ref, body in (
            (task.definition, definition.model_dump_json().encode()),
            (task.source, dump_line(record)),
        ):
            s3.client.put_object(Bucket=ref.bucket, Key=ref.key, Body=body)
        for _ in range(rounds + 1):
            port = free_port()
            started = time.perf_counter()
            with running(image, {**s3.environment, **SETTINGS}, port=port) as container:
                container.invoke(task.model_dump(mode="json"))
                answered = time.perf_counter()
                container.invoke(task.model_dump(mode="json"))
                first.append(answered - started)
                second.append(time.perf_counter() - answered)
    return _figures(rounds, first, second)


def _figures(rounds: int, first: list[float], second: list[float]) -> dict[str, object]:
    """Medians without the first start, which warmed the page cache."""
    return {
        "rounds": rounds,
        "first_answer_s": round(statistics.median(first[1:]), 3),
        "first_answer_worst_s": round(max(first[1:]), 3),
        "second_answer_s": round(statistics.median(second[1:]), 3),
    }


if __name__ == "__main__":
    if (reason := missing()) is not None:
        print(reason, file=sys.stderr)
        raise SystemExit(3)
    measure = first_prediction if sys.argv[1:] == ["api"] else first_answer
    json.dump(measure(), sys.stdout)
    print()
