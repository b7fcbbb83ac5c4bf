"""An S3 of its own: MiniStack, listening on the bridge of a Docker engine if there is one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from winnow_local import ministack
from winnow_local.engine import find_engine_if_any
from winnow_local.state import StateDir

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = "winnow-uploads"
RESULTS = "winnow-results"


@dataclass(frozen=True)
class Storage:
    """A running S3 with the two buckets, the uploads bucket versioned."""

    client: "S3Client"
    environment: dict[str, str]
    """What a function needs to reach it."""

    def queue(self, name: str) -> str:
        """The URL of a new queue beside it."""
        sqs = boto3.client(
            "sqs",
            endpoint_url=self.client.meta.endpoint_url,
            region_name=ministack.REGION,
            aws_access_key_id=ministack.ACCESS_KEY,
            aws_secret_access_key=ministack.SECRET_KEY,
        )
        return sqs.create_queue(QueueName=name)["QueueUrl"]


@contextmanager
def storage(folder: Path) -> Iterator[Storage]:
    """Start an S3 that keeps its files in `folder`; end it with the block."""
    state = StateDir(folder)
    engine = find_engine_if_any()
    started = ministack.spawn(state, engine)
    try:
        ministack.wait_until_healthy(started, state, threading.Event())
        client = boto3.client(
            "s3",
            endpoint_url=started.endpoint,
            region_name=ministack.REGION,
            aws_access_key_id=ministack.ACCESS_KEY,
            aws_secret_access_key=ministack.SECRET_KEY,
        )
        for bucket in (UPLOADS, RESULTS):
            client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration={"Status": "Enabled"})
        endpoint = started.endpoint
        seen = endpoint.replace(engine.listen, engine.seen_as) if engine else endpoint
        yield Storage(
            client,
            {
                "AWS_ENDPOINT_URL": seen,
                "AWS_ACCESS_KEY_ID": ministack.ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": ministack.SECRET_KEY,
                "AWS_DEFAULT_REGION": ministack.REGION,
                "AWS_REGION": ministack.REGION,
            },
        )
    finally:
        ministack.end(started.id)
