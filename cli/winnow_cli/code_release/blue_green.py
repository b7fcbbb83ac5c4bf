"""Blue-green of code: a second stack judges retained uploads, is compared, and takes over.

The first stack keeps every store. Which of the two starts runs is the parameter `Intake` of each;
while both do, the claim in the one table of uploads lets one of them judge a file.
"""

import json
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from winnow.errors import CodeReleaseUnsupportedError, NotFinishedError, ReleaseInvalidError
from winnow.recovery.restart import claimed_event
from winnow.recovery.upload_row import UploadRow
from winnow.registry.aliases import KEPT_READY_S
from winnow.registry.models import Stage
from winnow.storage.paths import JSON
from winnow.storage.times import iso
from winnow_cli.code_release.canary import CodeStore, changed_entry
from winnow_cli.code_release.comparison import Comparison, compare
from winnow_cli.code_release.models import CodeEntry, CodeRelease
from winnow_cli.code_release.second_stack import Phase, Template, parameters_of, second_template
from winnow_cli.code_release.stacks import Stacks, StackState
from winnow_cli.target import Target
from winnow_cli.uploads import Uploads

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

INTAKE = "Intake"
ON, OFF = "ENABLED", "DISABLED"
_RELEASE_BYTES = 6
_REPLAY_S = 4 * 3600
_POLL_S = 2.0


def second_name(first: str) -> str:
    """The second stack's name; the first stack's queue knows rules of this name."""
    return f"{first}-green"


def _comparison_key(release: str) -> str:
    return f"shadow/{release}/comparison.json"


def _template_key(release: str) -> str:
    # Not under the release's own prefix, where roles of the second stack may write.
    return f"shadow/templates/{release}.json"


class BlueGreen:
    """The first stack of a deployment, and the second that may take its place."""

    def __init__(
        self,
        target: Target,
        stacks: Stacks,
        store: CodeStore,
        user: Callable[[], str],
        *,
        refuse: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`target` is the first stack; `refuse` raises while a canary of code is under way."""
        self._target = target
        self._stacks = stacks
        self._store = store
        self._user = user
        self._refuse = refuse
        self._clock = clock
        self._sleep = sleep
        self.first, self.second = target.stack_name, second_name(target.stack_name)

    def entry(self) -> CodeEntry | None:
        """What holds now; None: there was never a second stack."""
        return self._store.entry()

    @property
    def there(self) -> bool:
        """Whether a second stack is prepared, or judges."""
        entry = self.entry()
        return (entry is not None and entry.challenger is not None) or self.live

    @property
    def live(self) -> bool:
        """Whether the second stack judges."""
        entry = self.entry()
        return entry is not None and entry.champion == self.second

    # -- the steps ---------------------------------------------------------------------------------

    def start(
        self,
        template: Callable[[], Template],
        uploads: int,
        reason: str,
        report: Callable[[str], None] = lambda _: None,
    ) -> CodeEntry:
        """Make the second stack, replay the newest uploads, and compare.

        Called again, it does so with the code as it is then.

        Args:
            template: Packages the new code; its template.
            uploads: How many uploads are replayed at most.
            report: Gets a sentence a step.

        Raises:
            CodeReleaseFailedError: CloudFormation could not make the stack.
            CodeReleaseUnsupportedError: The first stack is of an earlier version.
            ReleaseInvalidError: The second stack judges already, or has judged.
        """
        entry = self.entry() or CodeEntry(stack=self.first, champion=self.first)
        if entry.champion == self.second:
            raise ReleaseInvalidError(f"{self.second} judges already. Flip back first (rollback).")
        if entry.challenger is not None and entry.release is None:
            raise ReleaseInvalidError(
                f"{self.second} has judged and was taken back. Delete it first (`winnow release "
                "stop --code`)."
            )
        self._refuse()
        first = self._first()
        release = secrets.token_hex(_RELEASE_BYTES)
        packaged = template()
        report(f"Making the stack {self.second}.")
        made = second_template(packaged, release, Phase.SHADOW)
        state = self._stacks.write(self.second, made, self._parameters(first, made, Phase.SHADOW))
        comparison = self._replay(state, release, uploads, report)
        self._put(_comparison_key(release), comparison.model_dump_json())
        self._put(_template_key(release), json.dumps(packaged))
        started = CodeRelease(
            stage=Stage.SHADOW,
            challenger=self.second,
            started_at=iso(self._clock()),
            by=self._user(),
            id=release,
            comparison=comparison.counts,
        )
        after = entry.model_copy(
            update={"challenger": self.second, "release": started, "taken_back": False}
        )
        return self._change(entry, after, "shadow", reason)

    def promote(self, reason: str) -> CodeEntry:
        """Let the second stack judge in place of the first, which is kept ready for a day.

        It has the code that was compared, whatever the checkout has by now. For some seconds both
        start runs, so that no file is missed. One of the two claims it.

        Raises:
            CodeReleaseFailedError: CloudFormation could not. The first judges still; call it again.
            ReleaseInvalidError: There is no second stack, or it was compared a week ago.
        """
        entry = self.entry()
        if entry is None or entry.challenger is None:
            raise ReleaseInvalidError(
                "No second stack is ready. Make one first (`winnow release blue-green --code`)."
            )
        state = self._second()
        if entry.release is not None and "Table" not in state.parameters:
            release = str(entry.release.id)
            made = second_template(self._compared(release), release, Phase.LIVE)
            given = self._parameters(self._first(), made, Phase.LIVE)
            self._stacks.write(self.second, made, given)
        else:
            self._stacks.set(self.second, **{INTAKE: ON})
        self._stacks.set(self.first, **{INTAKE: OFF})
        after = entry.model_copy(
            update={
                "champion": self.second,
                "challenger": None,
                "release": None,
                "previous": self.first,
                "previous_until": iso(self._clock() + KEPT_READY_S),
                "taken_back": False,
            }
        )
        return self._change(entry, after, "promoted", reason)

    def roll_back(self, reason: str) -> CodeEntry:
        """Let the first stack judge again; before it was flipped, delete the second.

        Runs under way end where they began. Raises as `promote`.
        """
        entry = self.entry()
        if entry is None or (entry.champion == self.first and entry.release is None):
            raise ReleaseInvalidError(f"Nothing to roll back: {self.first} judges.")
        if entry.champion == self.first:
            return self.stop(reason)
        self._stacks.set(self.first, **{INTAKE: ON})
        self._stacks.set(self.second, **{INTAKE: OFF})
        after = entry.model_copy(
            update={
                "champion": self.first,
                "challenger": self.second,
                "release": None,
                "previous": self.second,
                "previous_until": None,
                "taken_back": True,
            }
        )
        return self._change(entry, after, "rolled_back", reason)

    def stop(self, reason: str) -> CodeEntry:
        """Delete the second stack, which judges nothing. Raises as `promote`."""
        entry = self.entry()
        if entry is None or entry.challenger is None:
            raise ReleaseInvalidError(
                f"{self.second} judges: flip back first (`winnow release rollback --code`)."
                if self.live
                else "No release of code is under way."
            )
        state = self._stacks.describe(self.second)
        if state is not None:
            self._refuse_unfinished(state)
            self._stacks.delete(self.second)
        after = entry.model_copy(update={"challenger": None, "release": None})
        return self._change(entry, after, "stopped", reason)

    def comparison(self) -> Comparison | None:
        """What the second stack made of retained uploads; None: nothing is kept of it."""
        entry = self.entry()
        if entry is None or entry.release is None or entry.release.id is None:
            return None
        kept = self._kept(_comparison_key(entry.release.id))
        return None if kept is None else Comparison.model_validate_json(kept)

    def _compared(self, release: str) -> Template:
        kept = self._kept(_template_key(release))
        if kept is None:
            raise ReleaseInvalidError(
                "What was compared is kept for a week, and is gone. Compare again (`winnow release "
                "blue-green --code`)."
            )
        template: Template = json.loads(kept)
        return template

    # -- replaying ---------------------------------------------------------------------------------

    def _replay(
        self, state: StackState, release: str, uploads: int, report: Callable[[str], None]
    ) -> Comparison:
        first = Uploads(self._target)
        rows = sorted(
            (r for r in first.every() if r.state == "SUCCEEDED" and r.erased_at is None),
            key=lambda row: row.claimed_at,
            reverse=True,
        )[:uploads]
        report(f"Replaying {len(rows)} uploads under shadow/{release}/.")
        second = self._target_of(state)
        self._forget_earlier(second)
        states = second.client("stepfunctions")
        runs = [self._start(states, state, release, row) for row in rows]
        waited = 0.0
        while any(
            states.describe_execution(executionArn=run)["status"] == "RUNNING" for run in runs
        ):
            if waited > _REPLAY_S:
                raise NotFinishedError(f"Replayed runs of {self.second} have not ended.")
            self._sleep(_POLL_S)
            waited += _POLL_S
        report("Comparing the decisions.")
        again = Uploads(second)
        replayed = {row.upload_id: row for row in again.every()}
        return compare(rows, first, again, replayed)

    def _forget_earlier(self, second: Target) -> None:
        """Delete the rows of an earlier replay: they would be claims of the same uploads."""
        if second.table == self._target.table:
            raise ReleaseInvalidError(f"{second.name} has the table of {self.first}: it judges.")
        dynamodb = second.dynamodb()
        for row in Uploads(second).every():
            dynamodb.delete_item(TableName=second.table, Key={"upload_id": {"S": row.upload_id}})

    def _start(self, states: "SFNClient", state: StackState, release: str, row: UploadRow) -> str:
        event = claimed_event(self._target.uploads_bucket, row, 1)
        found = states.start_execution(
            stateMachineArn=state.outputs.get("WorkflowAlias", state.outputs["StateMachineArn"]),
            name=f"{release}-{row.upload_id}",
            input=json.dumps(event),
        )
        return str(found["executionArn"])

    def _put(self, key: str, document: str) -> None:
        self._target.s3().put_object(
            Bucket=self._target.results_bucket, Key=key, Body=document.encode(), ContentType=JSON
        )

    def _kept(self, key: str) -> bytes | None:
        s3 = self._target.s3()
        try:
            return s3.get_object(Bucket=self._target.results_bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None

    # -- stacks ------------------------------------------------------------------------------------

    def _first(self) -> StackState:
        state = self._stacks.describe(self.first)
        if state is None or INTAKE not in state.parameters:
            raise CodeReleaseUnsupportedError(
                f"The stack {self.first!r} was deployed by an earlier version, which could not "
                "leave runs to another stack."
            )
        return state

    def _second(self) -> StackState:
        state = self._stacks.describe(self.second)
        if state is None:
            raise ReleaseInvalidError(f"The stack {self.second!r} is gone.")
        return state

    def _parameters(self, first: StackState, made: Template, phase: Phase) -> dict[str, str]:
        return parameters_of(first.parameters, self._stacks.resources(self.first), made, phase)

    def _target_of(self, state: StackState) -> Target:
        target = self._target
        return Target(self.second, state.outputs, target.session, target.endpoint, target.config)

    def _refuse_unfinished(self, state: StackState) -> None:
        target = self._target_of(state)
        running = target.client("stepfunctions").list_executions(
            stateMachineArn=state.outputs["StateMachineArn"], statusFilter="RUNNING", maxResults=1
        )["executions"]
        if running:
            raise ReleaseInvalidError(f"A run of {self.second} is under way. Wait until it ended.")
        left = target.client("sqs").get_queue_attributes(
            QueueUrl=state.outputs["UndeliveredQueue"],
            AttributeNames=["ApproximateNumberOfMessages"],
        )["Attributes"]["ApproximateNumberOfMessages"]
        if int(left) and "Table" in state.parameters:
            raise ReleaseInvalidError(
                f"{left} events did not reach {self.second}. Start them first "
                f"(`winnow redrive --stack {self.second}`)."
            )

    def _change(
        self,
        before: CodeEntry,
        after: CodeEntry,
        action: Literal["shadow", "promoted", "rolled_back", "stopped"],
        reason: str,
    ) -> CodeEntry:
        entry, change = changed_entry(
            before, after, action, reason, at=iso(self._clock()), by=self._user()
        )
        self._store.change(entry, change)
        return entry
