"""The search index of a stack: its state, and the function that keeps it."""

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from winnow.errors import RetryableError
from winnow.search.upkeep import Change, IndexState, read_state
from winnow_aws.index_events import Forget, IndexReport, Maintain
from winnow_aws.index_files import S3IndexFiles
from winnow_aws.s3 import S3Store
from winnow_cli.batch import progress_bar
from winnow_cli.target import Target, aws_errors

_ANSWERS_WITHIN_S = 900
_POLL_S = 2.0
_COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class IndexStatus:
    """What the index has, and what waits for it."""

    files: int
    size: int
    """Bytes."""
    state: IndexState | None
    """What the last comparison found; None: there was none."""
    waiting: int
    failed: int

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "files": self.files,
            "bytes": self.size,
            "waiting": self.waiting,
            "failed": self.failed,
            "compared": None if self.state is None else self.state.model_dump(),
        }


def has_index(target: Target) -> bool:
    """Whether the stack has a search index: those with a review page do."""
    return "IndexFunction" in target.outputs


def read_status(target: Target) -> IndexStatus:
    """The state of the index. Raises StackUnknownError where there is none."""
    s3, bucket = target.s3(), target.results_bucket
    store = S3Store(s3)
    with aws_errors(target):
        files = list(S3IndexFiles(s3, store, bucket).list())
        return IndexStatus(
            files=len(files),
            size=sum(file.size for file in files),
            state=read_state(store, bucket),
            waiting=_messages(target, "ChangesQueue"),
            failed=_messages(target, "UnindexedQueue"),
        )


def rebuild_index(target: Target) -> None:
    """Have the index made again, and wait until it is complete."""
    with aws_errors(target):
        state = _call(target, Maintain(index="rebuild")).upkeep
        assert state is not None
        total = state.state.missing
        with progress_bar() as bar:
            task = bar.add_task("Indexing", total=total)
            while (now := read_status(target)).state is None or now.state.pending:
                bar.update(task, completed=max(0, total - now.waiting))
                time.sleep(_POLL_S)
            bar.update(task, completed=total)


def forget_in_index(target: Target, process: str, upload: str) -> None:
    """Take out of the index what the results of an upload hold no more."""
    with aws_errors(target):
        _call(target, Forget(forget=Change(process=process, upload=upload)))


def _call(target: Target, event: Maintain | Forget) -> IndexReport:
    patient = target.config.merge(
        Config(read_timeout=_ANSWERS_WITHIN_S, retries={"total_max_attempts": 1})
    )
    functions = target.session.client("lambda", endpoint_url=target.endpoint, config=patient)
    answer = functions.invoke(
        FunctionName=target.output("IndexFunction"), Payload=event.model_dump_json().encode()
    )
    content = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise RetryableError(f"The index function failed: {content.get('errorMessage')}")
    return IndexReport.model_validate(content)


def _messages(target: Target, queue: str) -> int:
    attributes = target.client("sqs").get_queue_attributes(
        QueueUrl=target.output(queue), AttributeNames=list(_COUNTED)
    )["Attributes"]
    return sum(int(attributes.get(name, 0)) for name in _COUNTED)
