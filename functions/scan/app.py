"""Scan: Serialize for scanned pages and pictures. It also decodes one picture, and draws pages."""

import os
import time
from functools import cache

from winnow.models import (
    DecodedSquare,
    DecodePicture,
    DrawnPages,
    DrawPages,
    ScanInput,
    Serialized,
)
from winnow.registry.ports import Models
from winnow.steps.serialize import SerializeOptions, serialize
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import logger, used
from winnow_aws.read_settings import ScanSettings
from winnow_aws.run_models import run_models
from winnow_aws.s3 import S3Store, s3_store
from winnow_ocr.drawing import draw_pages
from winnow_ocr.engine import OcrEngine
from winnow_ocr.jpeg import page_jpeg
from winnow_ocr.pages import Pages
from winnow_ocr.squares import decode_pictures, decode_square


@cache
def build() -> tuple[S3Store, Models, SerializeOptions, Pages]:
    """What all calls share: the store, the versions, the stack's options and the OCR engine."""
    settings = ScanSettings.from_environment(os.environ)
    pages = Pages(_engine(settings), settings.limits, time.monotonic, packed=page_jpeg)
    store = s3_store()
    return store, run_models(settings, store), settings.options, pages


def _engine(settings: ScanSettings) -> OcrEngine:
    """The engine that the stack's OcrEngine names; the other one is not loaded."""
    if settings.ocr_engine == "textract":
        from winnow_ocr.textract import textract_engine

        return textract_engine()
    from winnow_ocr.rapid import RapidEngine

    return RapidEngine(settings.ocr_threads)


@lambda_handler(ScanInput, lambda event: event.ids)
def handler(event: ScanInput) -> Serialized | DrawnPages | DecodedSquare:
    """Read a file of pictures into chunks of records, draw pages of a file, or decode a picture."""
    match event.root:
        case DrawPages() as asked:
            return _draw(asked)
        case DecodePicture(decode=content):
            settings = ScanSettings.from_environment(os.environ)
            return decode_square(content, settings.limits)
        case given:
            store, models, options, pages = build()
            return serialize(
                given.upload,
                store,
                models,
                options,
                time.monotonic,
                ocr=pages,
                decode=decode_pictures,
                run=given.run,
                meter=used,
            )


def _draw(asked: DrawPages) -> DrawnPages:
    settings = ScanSettings.from_environment(os.environ)
    drawn = draw_pages(asked, s3_store(), settings.results_bucket, settings.limits, page_jpeg)
    if drawn.code is None:
        logger.info("pages drawn", pages=drawn.pages)
    else:
        logger.warning("pages not drawn", code=drawn.code, pages=drawn.pages)
    return drawn
