"""Live precision in memory, under the same contract as DynamoDB's."""

import threading
from collections.abc import Iterator

from winnow.models import Mail, ShadowCounts
from winnow.releases.models import Observation, VersionWatch
from winnow.reviews.models import RecordKey


class MemoryLive:
    """Observations and bounds; safe to share between threads."""

    def __init__(self) -> None:
        self._watches: dict[tuple[str, str], VersionWatch] = {}
        self._observations: dict[tuple[str, str], dict[RecordKey, Observation]] = {}
        self._differences: dict[tuple[str, str, str], ShadowCounts] = {}
        self._lock = threading.Lock()
        self.refused = 0
        """How often something else had been written before."""

    def watch(self, process: str, version: str) -> VersionWatch | None:
        return self._watches.get((process, version))

    def observation(self, process: str, version: str, key: RecordKey) -> Observation | None:
        return self._observations.get((process, version), {}).get(key)

    def observations(self, process: str, version: str) -> Iterator[Observation]:
        with self._lock:
            return iter(list(self._observations.get((process, version), {}).values()))

    def keep_differences(
        self, process: str, challenger: str, run: str, counts: ShadowCounts
    ) -> None:
        self._differences[process, challenger, run] = counts

    def differences(self, process: str, challenger: str) -> ShadowCounts | None:
        total = None
        for (owner, version, _), counts in self._differences.items():
            if (owner, version) == (process, challenger):
                total = counts if total is None else total + counts
        return total

    def keep(
        self,
        watch: VersionWatch,
        seen: int | None,
        observation: Observation | None = None,
        replaced: int | None = None,
    ) -> bool:
        key = watch.process, watch.version
        with self._lock:
            there = self._watches.get(key)
            same = (there.revision if there else None) == seen
            if observation is not None:
                record = RecordKey(observation.upload, observation.record)
                known = self._observations.get(key, {}).get(record)
                same = same and (known.event if known else None) == replaced
            if not same:
                self.refused += 1
                return False
            self._watches[key] = watch
            if observation is not None:
                self._observations.setdefault(key, {})[record] = observation
            return True


class MailBox:
    """A Mailer that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    def send(self, mail: Mail, attributes: object = None) -> None:
        self.sent.append(mail)
