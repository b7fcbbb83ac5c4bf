"""The queue of uploads that wait for their run, in a stack that limits runs (MaxRuns)."""

from typing import TYPE_CHECKING

from winnow_cli.target import Target, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from winnow_aws.waiting_queue import SqsWaitingQueue

MAX_RUNS = "MaxRuns"
"""The stack output with the limit; 0: no limit."""
WAITING_QUEUE = "WaitingQueue"


def limits_runs(target: Target) -> bool:
    """Whether uploads wait for their run: the stack was deployed with MaxRuns."""
    return WAITING_QUEUE in target.outputs and target.outputs.get(MAX_RUNS, "0") != "0"


def count_waiting(target: Target) -> int:
    """Approximate number of uploads that wait for their run; 0 without MaxRuns."""
    if not limits_runs(target):
        return 0
    with aws_errors(target):
        return waiting_queue(target).all()


def waiting_queue(target: Target) -> "SqsWaitingQueue":
    """The queue of a stack that limits runs."""
    from winnow_aws.waiting_queue import SqsWaitingQueue

    sqs: SQSClient = target.client("sqs")
    return SqsWaitingQueue(sqs, target.outputs[WAITING_QUEUE])
