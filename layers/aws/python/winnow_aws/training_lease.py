"""Who trains a process now: an item of the table of models, with pk `training#` and the process."""

from contextlib import suppress

from winnow_aws.models_table import IS_NEW, ModelsTable
from winnow_aws.transactions import ConditionFailed


class LeaseTable(ModelsTable):
    """The leases of trainings: a TrainingLease."""

    def take(self, process: str, holder: str, now: float, until: float) -> bool:
        try:
            self._writer.update(
                Key=_key(process),
                UpdateExpression="SET holder = :holder, expires = :until",
                ConditionExpression=(f"{IS_NEW} OR holder = :holder OR expires <= :now"),
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":until": {"N": f"{until:.3f}"},
                    ":now": {"N": f"{now:.3f}"},
                },
            )
        except ConditionFailed:
            return False
        return True

    def release(self, process: str, holder: str) -> None:
        # It may have expired, and somebody else has it; or it was released before.
        with suppress(ConditionFailed):
            self._writer.delete(
                Key=_key(process),
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": {"S": holder}},
            )

    def holder(self, process: str) -> str | None:
        item = self._get(_key(process))
        return str(item["holder"]["S"]) if item else None

    def held_until(self, process: str) -> float | None:
        item = self._get(_key(process))
        return float(item["expires"]["N"]) if item else None


def _key(process: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"training#{process}"}, "sk": {"S": "lease"}}
