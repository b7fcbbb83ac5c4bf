"""Index: keeps the search index as the results are.

Called by the queue of changed results, by a schedule that compacts the index and compares it with
the results, and by the command line.
"""

import os
import time
from functools import cache

from winnow.errors import WinnowError
from winnow.search.upkeep import Change
from winnow_aws.clients import client
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import logger, seconds_left
from winnow_aws.index_events import Asked, Forget, IndexInput, IndexReport, Maintain, Messages
from winnow_aws.index_files import S3IndexFiles
from winnow_aws.index_queue import S3ResultFolders, SqsChangeQueue
from winnow_aws.s3 import s3_store
from winnow_aws.settings import IndexSettings
from winnow_search.upkeep import Upkeep


@cache
def build() -> Upkeep:
    """What all calls share."""
    settings = IndexSettings.from_environment(os.environ)
    s3, store, bucket = client("s3"), s3_store(), settings.results_bucket
    return Upkeep(
        store,
        S3IndexFiles(s3, store, bucket),
        S3ResultFolders(s3, bucket),
        SqsChangeQueue(client("sqs"), settings.changes_queue_url),
        bucket,
        time.time,
    )


@lambda_handler(IndexInput, lambda _: {})
def handler(given: IndexInput) -> IndexReport:
    """Index what has changed, maintain the index, or take an upload out of it."""
    match given.root:
        case Messages() as messages:
            return _take_in(messages.asked())
        case Maintain(index="rebuild"):
            return IndexReport(upkeep=build().rebuild())
        case Maintain():
            return IndexReport(upkeep=build().maintain())
        case Forget() as forgotten:
            build().forget(forgotten.forget)
            return IndexReport(uploads=1)


def _take_in(asked: list[Asked]) -> IndexReport:
    messages: dict[Change, list[str]] = {}
    for one in asked:
        for change in one.changes:
            messages.setdefault(change, []).append(one.message)
    uploads = records = 0
    failed: set[str] = set()
    for taken in build().take_in(messages, seconds_left):
        if taken.code is not None:
            logger.error(
                "not indexed",
                upload_id=taken.change.upload,
                code=taken.code,
                error_type=taken.error_type,
            )
        elif not taken.again:
            uploads, records = uploads + 1, records + taken.rows
        if taken.again:
            failed.update(messages[taken.change])
    return IndexReport.of(uploads, records, sorted(failed.union(_compare(asked))))


def _compare(asked: list[Asked]) -> list[str]:
    """Compare once, if it was asked for or never done; the messages that asked, if it failed."""
    wanted = [one for one in asked if one.compare]
    if not wanted and build().compared:
        return []
    before = [one.before for one in wanted if one.before is not None]
    try:
        build().compare(max(before) if before and len(before) == len(wanted) else None)
    except WinnowError as error:
        logger.error("not compared", code=error.code)
        return [one.message for one in wanted]
    return []
