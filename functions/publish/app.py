"""Publish: puts the processes that ship into the registry, when the stack is made or updated.

It notes the code that was deployed, too: whose age is a metric.
"""

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from winnow import __version__
from winnow.registry.models import DeployedCode
from winnow.registry.publish import Models, Vectors, seed
from winnow.storage.times import iso
from winnow_aws.clients import client
from winnow_aws.custom_resource import resource_handler
from winnow_aws.deployed_code import DeployedCodeTable
from winnow_aws.handler import logger
from winnow_aws.registry import RegistryTable
from winnow_aws.s3 import s3_store
from winnow_aws.settings import PublishSettings
from winnow_encoder import encoder_of
from winnow_encoder.references import ReferenceVectors

BY = "stack"


@cache
def build() -> tuple[Path, Models, Vectors | None]:
    """What all calls share: the folder of processes, the registry, and the encoder."""
    settings = PublishSettings.from_environment(os.environ)
    table = RegistryTable(client("dynamodb"), settings.models_table)
    models = Models(table, s3_store(), settings.models_bucket)
    encoder = encoder_of(settings)
    vectors = None
    if not settings.model_handle:
        vectors = Vectors(encoder.info, ReferenceVectors(encoder, settings.model_dir).of)
    return settings.process_dir, models, vectors


@resource_handler
def handler(_properties: dict[str, Any]) -> dict[str, str]:
    """Publish them; returns the version of each, for whoever looks at the stack."""
    folder, models, vectors = build()
    now = iso(time.time())
    seeded = seed(folder, models, BY, now, vectors)
    for each in seeded:
        logger.info(
            "published",
            process_id=each.version.process,
            version=each.version.short,
            decides=each.decides,
        )
    # CloudFormation calls this for every new version of a function that judges.
    settings = PublishSettings.from_environment(os.environ)
    deployed = DeployedCodeTable(client("dynamodb"), settings.models_table)
    deployed.put(DeployedCode(version=__version__, at=now))
    return {each.version.process: each.version.short for each in seeded}
