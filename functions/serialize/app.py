"""Serialize: an object version to records, in chunks, with a manifest."""

import os
import time
from functools import cache

from winnow.models import ScanNeeded, Serialized, SerializeInput
from winnow.registry.ports import Models
from winnow.steps.serialize import SerializeOptions, serialize_text
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import used
from winnow_aws.read_settings import SerializeSettings
from winnow_aws.run_models import run_models
from winnow_aws.s3 import S3Store, s3_store


@cache
def build() -> tuple[S3Store, Models, SerializeOptions]:
    """What all calls share: the store, the versions of processes and the stack's options."""
    settings = SerializeSettings.from_environment(os.environ)
    store = s3_store()
    return store, run_models(settings, store), settings.options


@lambda_handler(SerializeInput, lambda event: {"upload_id": event.upload.upload_id})
def handler(event: SerializeInput) -> Serialized | ScanNeeded:
    """Read a file into chunks of records."""
    store, models, options = build()
    return serialize_text(
        event.upload, store, models, options, time.monotonic, run=event.run, meter=used
    )
