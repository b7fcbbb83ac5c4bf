"""Scan: Serialize with OCR, for files with scanned pages."""

import os
import time
from functools import cache

from winnow.models import Serialized, SerializeInput
from winnow.processes.registry import ProcessRegistry
from winnow.steps.serialize import SerializeOptions, serialize
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.read_settings import ScanSettings
from winnow_aws.s3 import S3Store, s3_store
from winnow_ocr.engine import OcrEngine
from winnow_ocr.jpeg import page_jpeg
from winnow_ocr.pages import Pages


@cache
def build() -> tuple[S3Store, ProcessRegistry, SerializeOptions, Pages]:
    """What all calls share: the store, the processes, the stack's options and the OCR engine."""
    settings = ScanSettings.from_environment(os.environ)
    pages = Pages(_engine(settings), settings.limits, time.monotonic, packed=page_jpeg)
    return s3_store(), ProcessRegistry.from_directory(settings.process_dir), settings.options, pages


def _engine(settings: ScanSettings) -> OcrEngine:
    """The engine that the stack's OcrEngine names; the other one is not loaded."""
    if settings.ocr_engine == "textract":
        from winnow_ocr.textract import textract_engine

        return textract_engine()
    from winnow_ocr.rapid import RapidEngine

    return RapidEngine(settings.ocr_threads)


@lambda_handler(SerializeInput, lambda event: {"upload_id": event.upload.upload_id})
def handler(event: SerializeInput) -> Serialized:
    """Read a file with scanned pages into chunks of records."""
    store, registry, options, pages = build()
    return serialize(
        event.upload, store, registry, options, time.monotonic, ocr=pages, run=event.run
    )
