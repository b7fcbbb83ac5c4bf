"""Starting runs on Step Functions: at once, or through the queue of waiting uploads."""

import json
import secrets
from typing import TYPE_CHECKING, Any

from winnow.ports import StartOutcome, Workflow
from winnow_aws.aws_errors import translated
from winnow_aws.waiting_queue import SqsWaitingQueue

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_WHERE = "in Step Functions"


class StatesWorkflow:
    """A state machine, and its executions: those of every version, whatever it was started by.

    Args:
        arn: What executions are started by: the machine's ARN, or that of an alias of it.
    """

    def __init__(self, states: "SFNClient", arn: str) -> None:
        self._states = states
        self._arn = arn
        # arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, and after it :ALIAS.
        self._machine = ":".join(arn.split(":")[:7])

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        # For a start with the name and input of a running execution, AWS returns that execution as
        # if it were new. A random word makes every input different.
        unique = {**event, "start": secrets.token_hex(8)}
        with translated(_WHERE):
            try:
                self._states.start_execution(
                    stateMachineArn=self._arn, name=name, input=json.dumps(unique)
                )
            except self._states.exceptions.ExecutionAlreadyExists:
                return self._describe(name)
        return StartOutcome.STARTED

    def running(self) -> set[str]:
        """Names of the executions that run."""
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=self._machine,
            statusFilter="RUNNING",
            # The maximum: dispatch asks every two seconds, and AWS allows five pages per second.
            PaginationConfig={"PageSize": 1_000},
        )
        with translated(_WHERE):
            return {execution["name"] for page in pages for execution in page["executions"]}

    def status_of(self, name: str) -> StartOutcome | None:
        """RUNNING or ENDED; None if there is no execution of this name."""
        with translated(_WHERE):
            try:
                return self._describe(name)
            except self._states.exceptions.ExecutionDoesNotExist:
                return None

    def _describe(self, name: str) -> StartOutcome:
        execution = self._machine.replace(":stateMachine:", ":execution:") + f":{name}"
        status = self._states.describe_execution(executionArn=execution)["status"]
        return StartOutcome.RUNNING if status == "RUNNING" else StartOutcome.ENDED


class QueueingWorkflow:
    """Queues runs for dispatch instead of starting them, so that MaxRuns holds.

    The sweep and a redrive use it. With `only_when_empty` nothing is added while uploads wait:
    they may include the one that seems lost. `regardless` is for uploads that a run had claimed.
    """

    def __init__(
        self, workflow: StatesWorkflow, queue: SqsWaitingQueue, *, only_when_empty: bool
    ) -> None:
        self._workflow = workflow
        self._queue = queue
        self._only_when_empty = only_when_empty
        self._must_look = only_when_empty
        self._uploads_wait = False

    def begin_call(self) -> None:
        """A new call of the function: uploads that an earlier one queued may still wait."""
        self._must_look = self._only_when_empty

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        if self._others_wait():
            return StartOutcome.RUNNING
        return self._queue_unless_run(name, event)

    def _others_wait(self) -> bool:
        if self._must_look:
            # Once per call: uploads that this call itself queues do not count.
            self._uploads_wait, self._must_look = self._queue.all() > 0, False
        return self._uploads_wait

    def _queue_unless_run(self, name: str, event: dict[str, Any]) -> StartOutcome:
        outcome = self._workflow.status_of(name)
        if outcome is not None:
            return outcome
        self._queue.add(name, event)
        return StartOutcome.STARTED

    @property
    def regardless(self) -> Workflow:
        """The same, for runs that are queued although uploads wait."""
        return _Regardless(self)


class _Regardless:
    def __init__(self, workflow: QueueingWorkflow) -> None:
        self._workflow = workflow

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        # What this call queues must not count as waiting.
        self._workflow._others_wait()
        return self._workflow._queue_unless_run(name, event)
