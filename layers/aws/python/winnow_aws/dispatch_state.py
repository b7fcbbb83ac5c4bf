"""The state of dispatch, as an object on S3."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from winnow.models import ObjectRef
from winnow.steps.dispatch import DispatchState
from winnow.storage.paths import JSON
from winnow_aws.aws_errors import code_of, from_client_error, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3DispatchStateStore:
    """The state as an object. Its tag is the ETag: S3 rejects a write after another one."""

    def __init__(self, s3: "S3Client", ref: ObjectRef) -> None:
        self._s3 = s3
        self._ref = ref
        self._where = f"in the bucket {ref.bucket}"

    def load(self) -> tuple[DispatchState, str | None]:
        with translated(self._where):
            try:
                stored = self._s3.get_object(Bucket=self._ref.bucket, Key=self._ref.key)
            except self._s3.exceptions.NoSuchKey:
                return DispatchState(), None
            content = stored["Body"].read()
        try:
            return DispatchState.model_validate_json(content), stored["ETag"]
        except ValidationError:
            # Unreadable: begin with an empty state. The list of executions has the runs.
            return DispatchState(), stored["ETag"]

    def save(self, state: DispatchState, tag: str | None) -> str | None:
        condition: Any = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            written = self._s3.put_object(
                Bucket=self._ref.bucket,
                Key=self._ref.key,
                Body=state.model_dump_json().encode(),
                ContentType=JSON,
                **condition,
            )
        except ClientError as error:
            if code_of(error) in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                return None
            raise from_client_error(error, self._where) from None
        return written["ETag"]
