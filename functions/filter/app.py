"""Filter: splits a scored chunk by outcome; at the end joins all chunks, and makes the e-mail."""

import os
import time
from functools import cache
from platform import machine

from winnow.models import FilterChunk, Filtered, FilteredChunk, FilterInput, Serialized
from winnow.steps.filter import filter_chunk, filter_run
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import used
from winnow_aws.metrics import count_outcomes, measure_drift
from winnow_aws.s3 import S3Store, s3_store
from winnow_aws.settings import FilterSettings


@cache
def build() -> tuple[S3Store, FilterSettings]:
    """What all calls share: the store and the settings."""
    return s3_store(), FilterSettings.from_environment(os.environ)


@lambda_handler(FilterInput, lambda given: given.ids)
def handler(given: FilterInput) -> Filtered | FilteredChunk:
    """Filter a chunk by confidence, or join the chunks of a run."""
    store, settings = build()
    match given.root:
        case FilterChunk() as chunk:
            return filter_chunk(chunk, store, time.monotonic, meter=used)
        case Serialized() as run:
            filtered = filter_run(
                run,
                store,
                settings.results_bucket,
                time.monotonic,
                mail_file_names=settings.mail_file_names,
                page_url=settings.page_url,
                meter=used,
                region=settings.prices_region,
                processors=machine(),
                now=time.time,
            )
            stack, process = settings.stack_name, filtered.process
            count_outcomes(stack, process, filtered.counts, run.version)
            measure_drift(stack, process, filtered.drift, run.version)
            return filtered
