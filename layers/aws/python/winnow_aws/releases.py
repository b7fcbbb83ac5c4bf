"""Live precision in the table of versions: what was observed, and the bounds.

| item | pk | sk |
|---|---|---|
| the bounds of a version | `watch#` and the process | its sha256 |
| an observation | `observation#`, the process, `#` and the sha256 | upload `#` record, 10 digits |
| how both versions judged a run | `shadow#`, the process, `#` and the challenger | upload, run |

An observation and the bounds that count it are one transaction, on condition of what was read.
"""

from collections.abc import Iterator

from winnow.models import FrozenModel, ShadowCounts
from winnow.releases.models import Observation, VersionWatch
from winnow.reviews.models import RecordKey
from winnow_aws.attributes import Item, texts
from winnow_aws.models_table import IS_NEW, ModelsTable, attributes_of, values_of
from winnow_aws.transactions import ConditionFailed

_NO_RECORD = RecordKey("", 0)


class LiveTable(ModelsTable):
    """The table with this name: a LiveStore."""

    def watch(self, process: str, version: str) -> VersionWatch | None:
        item = self._get(watch_key(process, version))
        return VersionWatch.model_validate(values_of(item)) if item else None

    def observation(self, process: str, version: str, key: RecordKey) -> Observation | None:
        item = self._get(observation_key(process, version, key))
        return Observation.model_validate(values_of(item)) if item else None

    def keep_differences(
        self, process: str, challenger: str, run: str, counts: ShadowCounts
    ) -> None:
        key = texts(pk=_differences_of(process, challenger), sk=run)
        self._writer.put(key | attributes_of(counts))

    def differences(self, process: str, challenger: str) -> ShadowCounts | None:
        total: ShadowCounts | None = None
        for item in self._partition(_differences_of(process, challenger)):
            counts = ShadowCounts.model_validate(values_of(item))
            total = counts if total is None else total + counts
        return total

    def observations(self, process: str, version: str) -> Iterator[Observation]:
        for item in self._partition(_observations_of(process, version)):
            yield Observation.model_validate(values_of(item))

    def keep(
        self,
        watch: VersionWatch,
        seen: int | None,
        observation: Observation | None = None,
        replaced: int | None = None,
    ) -> bool:
        key = watch_key(watch.process, watch.version)
        actions = [{"Put": _put(key, watch, "revision", seen)}]
        record = RecordKey(observation.upload, observation.record) if observation else _NO_RECORD
        if observation is not None:
            place = observation_key(watch.process, watch.version, record)
            actions.append({"Put": _put(place, observation, "event", replaced)})
        try:
            self._writer.transact(actions)
        except ConditionFailed:
            # It may have been written, and the answer to it was lost. The bounds of two records
            # that came at the same time may be equal: the observation says whose they are.
            if observation is None:
                return self.watch(watch.process, watch.version) == watch
            return self.observation(watch.process, watch.version, record) == observation
        return True


def _differences_of(process: str, challenger: str) -> str:
    return f"shadow#{process}#{challenger}"


def watch_key(process: str, version: str) -> Item:
    """The key of a version's bounds."""
    return texts(pk=f"watch#{process}", sk=version)


def observation_key(process: str, version: str, key: RecordKey) -> Item:
    """The key of what was observed of a record."""
    return texts(pk=_observations_of(process, version), sk=f"{key.upload}#{key.record:010d}")


def _observations_of(process: str, version: str) -> str:
    return f"observation#{process}#{version}"


def _put(key: Item, shape: FrozenModel, name: str, seen: int | None) -> Item:
    """Put a shape on condition that a number of the one before is what was read."""
    item = key | attributes_of(shape)
    if seen is None:
        return {"Item": item, "ConditionExpression": IS_NEW}
    return {
        "Item": item,
        "ConditionExpression": "#seen = :seen",
        "ExpressionAttributeNames": {"#seen": name},
        "ExpressionAttributeValues": {":seen": {"N": str(seen)}},
    }
