"""Api: the HTTP API of the review page, and the page itself."""

import os
import secrets
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from winnow.errors import InternalError, RetryableError
from winnow_api.api import Api
from winnow_api.routes import ROUTES
from winnow_api.services import Judging, ProcessJudge, Services
from winnow_aws.handler import measured
from winnow_aws.settings import ApiSettings

if TYPE_CHECKING:
    from winnow.ports import Encoder, ObjectStore
    from winnow.registry.champions import Champions
    from winnow.registry.models import DeployedCode, PinnedVersion
    from winnow.registry.ports import ModelRegistry
    from winnow.reviews.enqueue import PageDrawer
    from winnow.reviews.ports import ReviewStore
    from winnow.search.exports import ExportingSearcher
    from winnow_api.figures import StackFigures
    from winnow_api.page import WebPage
    from winnow_api.request_keys import TableKeys
    from winnow_api.s3_objects import ApiObjects
    from winnow_aws.alarms import StackAlarms
    from winnow_aws.golden_function import GoldenFunction
    from winnow_aws.picture_functions import PictureFunctions
    from winnow_aws.train_function import TrainFunction
    from winnow_aws.upload_list import UploadList

logger = Logger()


@cache
def build() -> Api:
    """What all calls with a token share: the encoder is being loaded before anything needs it."""
    _encoder()
    return _without_encoder()


@cache
def _without_encoder() -> Api:
    """Loads what takes long side by side; it is waited for when needed."""
    clients = {name: _threads().submit(_client, name) for name in ("s3", "dynamodb")}
    return Api(_services(_settings(), clients), _log)


@cache
def _settings() -> ApiSettings:
    return ApiSettings.from_environment(os.environ)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(3, thread_name_prefix="load")


def _log(fields: dict[str, Any]) -> None:
    logger.info("answered", **fields)


@cache
def _encoder() -> "Future[Encoder]":
    return _threads().submit(_load, _settings())


def _load(settings: ApiSettings) -> "Encoder":
    from winnow_encoder import encoder_of

    return encoder_of(settings)


def _vector(text: str) -> bytes:
    from winnow.judging.text.vectors import text_vector

    return text_vector(text, _encoder().result()).tobytes()


def _client(service: str) -> Any:
    from winnow_aws.clients import LOCAL_AWS, client

    if service != "s3":
        return client(service)
    from winnow_api.s3_objects import links

    return client(service, links(local=bool(os.environ.get(LOCAL_AWS))))


def _services(settings: ApiSettings, clients: "dict[str, Future[Any]]") -> Services:
    s3, dynamodb = clients["s3"].result, clients["dynamodb"].result

    @cache
    def models() -> "ModelRegistry":
        from winnow_aws.registry import RegistryTable

        return RegistryTable(dynamodb(), settings.models_table)

    def code() -> "DeployedCode | None":
        from winnow_aws.deployed_code import DeployedCodeTable

        return DeployedCodeTable(dynamodb(), settings.models_table).get()

    @cache
    def champions() -> "Champions":
        from winnow.registry.champions import Champions

        return Champions(models(), store(), time.monotonic)

    @cache
    def live() -> "StackFigures":
        from winnow_api.figures import StackFigures
        from winnow_aws.releases import LiveTable
        from winnow_aws.training_lease import LeaseTable
        from winnow_aws.trainings import TrainingTable

        table = settings.models_table
        lease, audits = LeaseTable(dynamodb(), table), LiveTable(dynamodb(), table)
        trainings = TrainingTable(dynamodb(), table)
        return StackFigures(lease, time.time, audits, trainings)

    @cache
    def alarms() -> "StackAlarms":
        from winnow_aws.alarms import StackAlarms

        return StackAlarms(_client("cloudwatch"), settings.stack_name)

    @cache
    def trainer() -> "TrainFunction | None":
        from winnow_aws.train_function import TrainFunction

        train = settings.train_function
        return TrainFunction(_client("lambda"), train) if train else None

    @cache
    def golden() -> "GoldenFunction | None":
        from botocore.config import Config

        from winnow_aws.clients import client
        from winnow_aws.golden_function import ANSWERS_WITHIN_S, GoldenFunction

        if not settings.train_function:
            return None
        once = Config(read_timeout=ANSWERS_WITHIN_S, retries={"total_max_attempts": 1})
        return GoldenFunction(client("lambda", once), settings.train_function)

    @cache
    def judging() -> Judging:
        return _judging(champions(), _encoder().result(), store(), settings)

    @cache
    def pictures() -> "PictureFunctions":
        from botocore.config import Config

        from winnow_aws.clients import client
        from winnow_aws.picture_functions import ANSWERS_WITHIN_S, PictureFunctions

        once = Config(read_timeout=ANSWERS_WITHIN_S, retries={"total_max_attempts": 1})
        functions = client("lambda", once)
        return PictureFunctions(functions, settings.scan_function, settings.classify_function)

    @cache
    def objects() -> "ApiObjects":
        from winnow_api.s3_objects import ApiObjects

        return ApiObjects(s3())

    @cache
    def store() -> "ObjectStore":
        from winnow_aws.s3 import S3Store

        return S3Store(s3())

    @cache
    def uploads() -> "UploadList":
        from winnow_aws.upload_list import UploadList

        return UploadList(dynamodb(), settings.table_name)

    @cache
    def keys() -> "TableKeys":
        from winnow_api.request_keys import TableKeys

        return TableKeys(dynamodb(), settings.reviews_table)

    @cache
    def reviews() -> "ReviewStore":
        from winnow_aws.reviews import ReviewTable

        return ReviewTable(dynamodb(), settings.reviews_table)

    @cache
    def drawer() -> "PageDrawer | None":
        from winnow_aws.scan_function import ScanFunction

        scan = settings.scan_function
        return ScanFunction(_client("lambda"), scan) if scan else None

    @cache
    def searcher() -> "ExportingSearcher":
        from botocore.config import Config

        from winnow_aws.clients import client
        from winnow_aws.search_function import ANSWERS_WITHIN_S, SearchFunction

        once = Config(read_timeout=ANSWERS_WITHIN_S, retries={"total_max_attempts": 1})
        return SearchFunction(client("lambda", once), settings.search_function, _vector)

    @cache
    def page() -> "WebPage":
        from winnow_api.page import SignIn, WebPage

        sign_in = SignIn(
            settings.sign_in_url, settings.sign_in_client, settings.sign_in_url.startswith("http:")
        )
        origins = objects().origins([settings.results_bucket, settings.uploads_bucket])
        return WebPage(settings.web_dir, sign_in, origins)

    return Services(
        results_bucket=settings.results_bucket,
        uploads_bucket=settings.uploads_bucket,
        registry=lambda: champions()().registry,
        judging=judging,
        champion=lambda process: champions()().of(process),
        pictures=pictures,
        objects=objects,
        store=store,
        uploads=uploads,
        keys=keys,
        reviews=reviews,
        models=models,
        code=code,
        live=live,
        alarms=alarms,
        trainer=trainer,
        golden=golden,
        searcher=searcher,
        page=page,
        now=time.time,
        monotonic=time.monotonic,
        random=secrets.token_hex,
        budget=settings.budget,
        threshold=settings.threshold_override,
        blind_share=settings.blind_share / 100,
        audit_share=settings.audit_share / 100,
        disagreement_share=settings.disagreement_share / 100,
        drawer=drawer,
    )


def _judging(
    champions: "Champions", encoder: "Encoder", store: "ObjectStore", settings: ApiSettings
) -> Judging:
    from winnow.registry.reading import head_files, reference_file
    from winnow_encoder.references import ReferenceVectors

    vectors = ReferenceVectors(encoder, settings.model_dir)

    @lru_cache(maxsize=32)
    def judge_of(version: "PinnedVersion") -> ProcessJudge:
        head = head_files(version.head, store, version.ref)
        references = reference_file(version.references, store)
        read = references.read if references and not settings.model_handle else None
        judge = vectors.judge(version.definition, head, read)
        info = None if head is None else head.card().info
        return ProcessJudge(version.definition, judge, info, version.ref)

    return Judging(encoder.info, lambda process: judge_of(champions().of(process)))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request. Anybody may call a public route: it costs no loading of the encoder."""
    route = ROUTES.get(str(event.get("routeKey")))
    with measured(context) as call:
        answered = (_without_encoder() if route is None or route.public else build())(event)
        if answered["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            defect = answered["statusCode"] == HTTPStatus.INTERNAL_SERVER_ERROR
            call.code = InternalError.code if defect else RetryableError.code
        return answered
