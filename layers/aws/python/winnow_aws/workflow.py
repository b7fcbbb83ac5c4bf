"""Starting runs on Step Functions: at once, or through the queue of uploads that wait."""

import json
import secrets
from typing import TYPE_CHECKING, Any

from winnow.ports import StartOutcome
from winnow_aws.aws_errors import translated
from winnow_aws.waiting_queue import SqsWaitingQueue

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_WHERE = "in Step Functions"


class StatesWorkflow:
    """The state machine with this ARN, and its executions."""

    def __init__(self, states: "SFNClient", arn: str) -> None:
        self._states = states
        self._arn = arn

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        # AWS answers a start of the same name and input with the execution that runs, as if it had
        # been started now: so no two starts have the same input.
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
            stateMachineArn=self._arn,
            statusFilter="RUNNING",
            # The most: dispatch asks every two seconds, and five pages a second are allowed.
            PaginationConfig={"PageSize": 1_000},
        )
        with translated(_WHERE):
            return {execution["name"] for page in pages for execution in page["executions"]}

    def status_of(self, name: str) -> StartOutcome | None:
        """RUNNING or ENDED; None where there is no execution of this name."""
        with translated(_WHERE):
            try:
                return self._describe(name)
            except self._states.exceptions.ExecutionDoesNotExist:
                return None

    def _describe(self, name: str) -> StartOutcome:
        execution = self._arn.replace(":stateMachine:", ":execution:") + f":{name}"
        status = self._states.describe_execution(executionArn=execution)["status"]
        return StartOutcome.RUNNING if status == "RUNNING" else StartOutcome.ENDED


class QueueingWorkflow:
    """Adds to the queue instead of starting, where a start would pass the limit of runs.

    The sweep and a redrive start runs so. With `only_when_empty` nothing is added while uploads
    wait: one without a row may be among them.
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
        """A new call of the function: what an earlier one added may be waiting still."""
        self._must_look = self._only_when_empty

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        if self._must_look:
            # Once a call: what the call itself adds is known to be lost.
            self._uploads_wait, self._must_look = self._queue.all() > 0, False
        if self._uploads_wait:
            return StartOutcome.RUNNING
        outcome = self._workflow.status_of(name)
        if outcome is not None:
            return outcome
        self._queue.add(name, event)
        return StartOutcome.STARTED
