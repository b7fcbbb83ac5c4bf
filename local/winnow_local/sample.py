"""Calls each function once on a sample, so that `.winnow/sam/` has its events before any run.

The sample is outside the inbox: no run starts, and neither `winnow status` nor an e-mail mentions
it. The functions write its output to the same places as for an upload; its results are deleted, so
that no search finds them.
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from winnow.errors import StackFailedError
from winnow.models import (
    ChunkTask,
    FilterChunk,
    ObjectRef,
    Part,
    RunRef,
    SerializeInput,
    Upload,
)
from winnow.steps.upload import PROCESS_METADATA, upload_id
from winnow_local.deploy import ARTIFACTS_BUCKET, client_config, patient_config, session
from winnow_local.sam import function_of, record
from winnow_local.template import Checkout

KEY = "samples/prior-auth-cases.csv"
_PROCESS = "L33774"
_WEEK_S = 7 * 24 * 3600
"""The longest time for which a signed address holds."""


def keep_sample_events(
    endpoint: str,
    from_containers: str,
    checkout: Checkout,
    outputs: Mapping[str, str],
    folder: Path,
) -> None:
    """Write one real event of each function to `folder`.

    Args:
        endpoint: The stack's address.
        from_containers: The same for a container.
        checkout: Where the sample and the code are.
        outputs: The stack's.
        folder: Where `sam local invoke` finds the events.

    Raises:
        StackFailedError: a function fails on the sample.
    """
    # The import of the readers is slow, and not every stack needs it.
    from winnow.processes.registry import ProcessRegistry
    from winnow.registry.folder import FolderModels
    from winnow.steps.serialize import SerializeOptions, serialize
    from winnow_aws.s3 import S3Store

    aws = session()
    s3 = aws.client("s3", endpoint_url=endpoint, config=client_config())
    content = (checkout.root / KEY).read_bytes()
    metadata = {PROCESS_METADATA: _PROCESS}
    s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=KEY, Body=content, Metadata=metadata)
    upload = Upload(
        upload_id=upload_id(ARTIFACTS_BUCKET, KEY, "sample"),
        object=ObjectRef(bucket=ARTIFACTS_BUCKET, key=KEY),
        size=len(content),
    )
    # Serialize's role reads only the inbox, so its step is done here, with the same code.
    began = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ref = RunRef(id=f"1-{upload.upload_id[:12]}", attempt=1, started_at=began)
    for reader in ("serialize", "scan"):
        record(folder, reader, SerializeInput(upload=upload, run=ref).model_dump(mode="json"))
    run = serialize(
        upload,
        S3Store(s3),
        FolderModels(ProcessRegistry.from_directory(checkout.root / "processes")),
        SerializeOptions(results_bucket=outputs["ResultsBucket"]),
        time.monotonic,
        run=ref,
    )
    manifest = s3.get_object(Bucket=run.manifest.bucket, Key=run.manifest.key)["Body"].read()
    functions = aws.client("lambda", endpoint_url=endpoint, config=patient_config())
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]

    def call(function: str, event: Any) -> None:
        name = next(name for name in names if function_of(name) == function)
        answer = functions.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(event))
        if "FunctionError" in answer:
            problem = json.loads(answer["Payload"].read())
            raise StackFailedError(f"{name} fails on a sample: {problem.get('errorMessage')}")

    for line in manifest.splitlines():
        task = ChunkTask.model_validate_json(line)
        call("classify", task.model_dump(mode="json"))
        whole = FilterChunk(task=task, parts=(Part(first=0, records=task.records),))
        call("filter", whole.model_dump(mode="json"))
    call("filter", run.model_dump(mode="json"))
    results = f"results/{_PROCESS}/{upload.upload_id}/"
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=outputs["ResultsBucket"], Prefix=results
    )
    for one in [one for page in pages for one in page.get("Contents", ())]:
        s3.delete_object(Bucket=outputs["ResultsBucket"], Key=one["Key"])
    answers = aws.client("s3", endpoint_url=from_containers, config=client_config())
    # For functions that a schedule calls, the event is in events/.
    for function in filter(None, map(function_of, names)):
        called, given = (place / f"{function}.json" for place in (folder, checkout.root / "events"))
        event = json.loads((called if called.exists() else given).read_text("utf-8"))
        if "ResponseURL" in event:
            # Where CloudFormation waits is not to be reached from a container.
            event["ResponseURL"] = answers.generate_presigned_url(
                "put_object",
                {"Bucket": ARTIFACTS_BUCKET, "Key": f"answers/{function}.json"},
                ExpiresIn=_WEEK_S,
            )
        record(folder, function, event)
