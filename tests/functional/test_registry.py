"""One contract for the registry in memory and on DynamoDB."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.model_table import create_model_table
from tests.fakes.registry import AT, MemoryRegistry, a_version
from winnow.errors import ReleaseConflictError, VersionUnknownError
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import DataManifest, DataPart, VersionMetrics
from winnow.registry.ports import ModelRegistry
from winnow_aws.registry import RegistryTable

pytestmark = pytest.mark.stack

WHO = Who("ann", AT, "Because it is better.")


@pytest.fixture(params=["memory", "dynamodb"])
def registry(request: pytest.FixtureRequest) -> ModelRegistry:
    if request.param == "memory":
        return MemoryRegistry()
    dynamodb = request.getfixturevalue("dynamodb")
    return RegistryTable(dynamodb, create_model_table(dynamodb, f"models-{uuid.uuid4().hex}"))


def publish(registry: ModelRegistry, process: str = "triage") -> aliases.Changed:
    version = a_version(process)
    registry.add(version)
    changed = aliases.first(version, WHO)
    registry.change(None, *changed)
    return changed


def test_an_empty_registry_has_no_process(registry):
    assert registry.entries() == ()
    assert registry.entry("triage") is None
    assert registry.versions("triage") == ()
    assert registry.history("triage") == ()


def test_an_entry_is_read_as_it_was_written(registry):
    later, earlier = publish(registry, "triage"), publish(registry, "emotions")
    assert registry.entries() == (earlier.entry, later.entry)
    assert registry.entry("triage") == later.entry
    assert registry.history("triage") == (later.change,)


def test_a_version_is_added_once_and_stays_as_it_was(registry):
    part = DataPart(kind="reviews", sha256="a" * 64, rows=3, name="reviews")
    version = a_version(
        codes=("91110",),
        metrics=VersionMetrics(accuracy=0.875, rows=40, better=True),
        data=DataManifest(parts=(part,), rows=3, rows_of={"glad": 2, "sad": 1}),
    )
    assert registry.add(version)
    assert not registry.add(version.model_copy(update={"by": "bob"}))
    assert registry.version("triage", version.sha256) == version


def test_versions_are_listed_newest_first_and_by_process(registry):
    added = [a_version(number=number) for number in (2, 3, 1)]
    for version in (*added, a_version("other")):
        registry.add(version)
    assert [v.process_version for v in registry.versions("triage")] == ["3.0.0", "2.0.0", "1.0.0"]


def test_a_version_that_is_not_there_is_an_error(registry):
    publish(registry)
    with pytest.raises(VersionUnknownError):
        registry.version("triage", "0" * 64)
    with pytest.raises(VersionUnknownError):
        registry.mark_reproducible("triage", "0" * 64, False)


def test_only_reproducible_of_a_version_is_changed(registry):
    version = a_version()
    registry.add(version)
    registry.mark_reproducible("triage", version.sha256, False)
    assert registry.version("triage", version.sha256) == version.model_copy(
        update={"reproducible": False}
    )


def test_a_change_that_saw_an_older_entry_changes_nothing(registry):
    before = publish(registry).entry
    second, third = a_version(number=2), a_version(number=3)
    promoted = aliases.promote(before, second, WHO)
    registry.change(before, *promoted)
    with pytest.raises(ReleaseConflictError):
        registry.change(before, *aliases.promote(before, third, WHO))
    with pytest.raises(ReleaseConflictError):
        registry.change(None, *aliases.first(third, WHO))
    assert registry.entry("triage") == promoted.entry
    assert [change.revision for change in registry.history("triage")] == [1, 2]


def test_a_change_whose_answer_was_lost_may_be_sent_again(registry):
    before = publish(registry).entry
    promoted = aliases.promote(before, a_version(number=2), WHO)
    registry.change(before, *promoted)
    registry.change(before, *promoted)
    assert len(registry.history("triage")) == 2


def test_of_many_changes_at_once_one_wins(registry):
    before = publish(registry).entry

    def promote(number: int) -> bool:
        who = Who(f"user-{number}", AT)
        try:
            registry.change(before, *aliases.promote(before, a_version(number=number), who))
        except ReleaseConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(promote, range(2, 18)))
    assert won.count(True) == 1
    winner = a_version(number=won.index(True) + 2)
    entry = registry.entry("triage")
    assert entry is not None
    assert entry.champion == winner.sha256
    assert [change.by for change in registry.history("triage")][1:] == [entry.changed_by]
