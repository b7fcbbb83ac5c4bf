"""Search: answers searches and charts from the search index, and exports what was found."""

import os
import secrets
import time
from functools import cache

from winnow.errors import WinnowError
from winnow.search.files import IndexFiles
from winnow_aws.athena import AthenaQueries
from winnow_aws.clients import client
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.index_files import S3IndexFiles
from winnow_aws.index_queue import SqsChangeQueue
from winnow_aws.s3 import s3_store
from winnow_aws.search_events import Refused, SearchInput, SearchOutput
from winnow_aws.search_function import REFUSALS
from winnow_aws.settings import SearchSettings
from winnow_search.answering import Answering, Engine
from winnow_search.athena import AthenaSearcher
from winnow_search.duck import DuckSearcher


@cache
def build() -> Answering:
    """What all calls share: the engine, with its copy of the index if it has one."""
    settings = SearchSettings.from_environment(os.environ)
    store, bucket = s3_store(), settings.results_bucket
    return Answering(
        _engine(settings, S3IndexFiles(client("s3"), store, bucket)),
        store,
        bucket,
        SqsChangeQueue(client("sqs"), settings.changes_queue_url).compare_now,
        time.monotonic,
        secrets.token_hex,
    )


def _engine(settings: SearchSettings, files: IndexFiles) -> Engine:
    if not settings.athena_workgroup:
        return DuckSearcher(files, time.time)
    names = settings.athena_workgroup, settings.athena_database
    queries = AthenaQueries(client("athena"), *names, time.monotonic)
    return AthenaSearcher(files, queries, time.time, time.monotonic)


@lambda_handler(SearchInput, lambda _: {})
def handler(given: SearchInput) -> SearchOutput:
    """Answer a search or a chart, or write what a search finds to a file."""
    try:
        if given.search is not None and given.export is not None:
            whom = given.visible, given.withheld
            return SearchOutput(exported=build().export(given.search, given.export, *whom))
        if given.search is not None:
            found = build().search(given.search, given.visible, given.withheld)
            return SearchOutput(search=found)
        assert given.stats is not None
        return SearchOutput(stats=build().stats(given.stats, given.visible, given.withheld))
    except WinnowError as error:
        if error.code not in REFUSALS:
            raise
        return SearchOutput(refused=Refused(code=error.code, message=error.message))
