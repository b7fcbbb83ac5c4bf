"""Versions are published whole, once, and the shipped ones decide until somebody chooses."""

from pathlib import Path

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS, trained
from tests.fakes.registry import AT, MemoryRegistry
from tests.fakes.store import MemoryStore
from winnow.errors import (
    ProcessInvalidError,
    ProcessUnknownError,
    PublishInvalidError,
    VersionAlteredError,
    VersionUnknownError,
)
from winnow.heads.card import HeadFiles
from winnow.judging import build_judge
from winnow.models import Alias, ModelInfo, ObjectRef
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import CriteriaProcess, Group
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.champions import Champions
from winnow.registry.folder import FolderModels
from winnow.registry.models import Action, ModelVersion
from winnow.registry.publish import (
    Draft,
    Models,
    Vectors,
    appoint,
    guarantee_of,
    publish,
    seed,
)
from winnow.registry.runs import RegistryModels

ROOT = Path(__file__).parents[4]
WHO = Who("ann", AT, "Because it is better.")
ENCODER = ModelInfo(name="fake", version="0", sha256="0" * 64, engine="fake")
VECTORS = Vectors(ENCODER, lambda definition, head: definition.id.encode())
MOODS = """
id: moods
version: {version}
kind: labels
title: Moods
codes: [{codes}]
threshold: {threshold}
labels:
  - {{id: glad, examples: [I am glad.]}}
  - {{id: sad, examples: [I am sad.]}}
"""


def moods(version: str = "1.0.0", codes: str = '"77"', threshold: float = 0.6) -> str:
    return MOODS.format(version=version, codes=codes, threshold=threshold)


class Room:
    """A registry and a bucket in memory."""

    def __init__(self) -> None:
        self.registry = MemoryRegistry()
        self.store = MemoryStore()
        self.models = Models(self.registry, self.store, "models")

    def publish(self, text: str, head: HeadFiles | None = None) -> ModelVersion:
        draft = Draft.of(text, "moods.yaml", head)
        return publish(draft, self.models, "ann", AT, VECTORS)

    def seed(self, folder: Path, *texts: str) -> list[bool]:
        for file in folder.glob("*.yaml"):
            file.unlink()
        for number, text in enumerate(texts):
            (folder / f"p{number}.yaml").write_text(text)
        return [each.decides for each in seed(folder, self.models, "stack", AT, VECTORS)]

    def runs(self) -> RegistryModels:
        """With nothing in its cache."""
        return RegistryModels(self.registry, self.store)

    def champion(self, process: str = "moods") -> str:
        entry = self.registry.entry(process)
        assert entry is not None
        return self.registry.version(process, entry.champion).process_version


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_version_has_its_files_and_says_what_they_are(room):
    version = room.publish(moods())
    assert {file.name for file in version.files} == {
        *("definition.yaml", "definition.json", "references-fake.vectors"),
    }
    assert version.codes == ("77",)
    yaml = version.file("definition.yaml")
    assert yaml is not None
    assert room.store.content(yaml.object).decode() == moods()
    assert version.references is not None
    assert room.store.content(version.references.object) == b"moods"
    assert yaml.object.key.startswith(f"models/moods/{version.sha256}/")


def test_what_is_published_again_is_the_same_version_and_writes_nothing(room):
    first = room.publish(moods())
    objects = len(room.store.keys("models"))
    assert room.publish(moods()) == first
    assert room.publish(f"# A remark.{moods()}") == first
    assert len(room.store.keys("models")) == objects
    assert len(room.registry.versions("moods")) == 1


def test_a_version_of_a_folder_has_the_name_that_the_registry_gives_it(room):
    draft = Draft.of(moods(), "moods.yaml")
    version = FolderModels(ProcessRegistry([draft.definition])).resolve("77", "u")
    assert version.ref.sha256 == room.publish(moods()).sha256


def test_what_broke_off_is_published_again(room):
    whole = Room().publish(moods())
    file = whole.file("definition.json")
    assert file is not None
    room.store.put(ObjectRef(bucket="models", key=file.object.key), b"{", "")
    version = room.publish(moods())
    appoint(version, room.registry, WHO)
    assert room.runs().resolve("moods", "u").definition.id == "moods"


def test_a_version_without_an_alias_decides_nothing(room):
    room.publish(moods())
    with pytest.raises(ProcessUnknownError):
        room.runs().resolve("moods", "u")


def test_a_definition_that_is_wrong_is_not_published(room):
    with pytest.raises(ProcessInvalidError):
        room.publish(moods(threshold=7))
    assert room.store.keys("models") == []


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> HeadFiles:
    """A head for three labels, of text alone."""
    return trained(tmp_path_factory.mktemp("bank"), 60).heads["bank"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  - {id: app}\n", "  - {id: app}\n  - {id: mortgage}\n", "other than those"),
        ("  - {id: app}\n", "", "other than those"),
        ("  - {id: app}\n", "  - {id: apps}\n", "other than those"),
        ("threshold:", "input: {text_columns: [text], numeric_columns: [age]}\nthreshold:", "num"),
        ("threshold:", "input: {modality: image}\nthreshold:", "trained on texts"),
        ("id: bank", "id: banks", "is one of bank, not of banks"),
    ],
    ids=["a label more", "one fewer", "another", "a number more", "pictures", "another process"],
)
def test_a_head_that_no_run_could_judge_by_is_not_published(room, bank, before, after, said):
    assert before in PROCESS
    text = PROCESS.replace(before, after)
    with pytest.raises(PublishInvalidError, match=said):
        publish(Draft.of(text, "bank.yaml", bank), room.models, "ann", AT)
    assert room.registry.versions("bank") == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("threshold: 0.7", "threshold: 0.8"),
        ("title: Bank", "title: A bank"),
        ("  - {id: card}\n  - {id: loan, title: A loan}", "  - {id: loan}\n  - {id: card}"),
        ("  - {id: card}", "  - {id: card, examples: [My card is gone.]}"),
    ],
    ids=["threshold", "title", "order of labels", "examples"],
)
def test_what_a_head_does_not_depend_on_may_change(room, bank, before, after):
    assert before in PROCESS
    text = PROCESS.replace(before, after)
    publish(Draft.of(text, "bank.yaml", bank), room.models, "ann", AT)
    build_judge(load_definition(text, "bank.yaml"), FakeEncoder(), bank)


def test_a_head_of_other_criteria_is_not_published(room):
    file = ROOT / "processes" / "L33774.yaml"
    head = HeadFiles.beside(file, "L33774")
    text = file.read_text("utf-8")
    one = load_definition(text, file.name)
    assert isinstance(one, CriteriaProcess)
    fewer = one.model_copy(update={"criteria": one.criteria[::-1]})
    with pytest.raises(PublishInvalidError, match="criteria other than those"):
        publish(Draft(text, fewer, head), room.models, "ann", AT)


def test_a_name_of_another_process_is_refused_case_aside(room):
    appoint(room.publish(moods(codes="ABC")), room.registry, WHO)
    other = moods(codes="abc").replace("id: moods", "id: others")
    with pytest.raises(PublishInvalidError, match="moods"):
        publish(Draft.of(other, "o.yaml"), room.models, "ann", AT)


def test_the_first_version_is_champion_whatever_was_asked_for(room):
    entry = appoint(room.publish(moods()), room.registry, WHO, Alias.CHALLENGER)
    assert entry.champion
    assert entry.challenger is None
    second = room.publish(moods("2.0.0"))
    assert appoint(second, room.registry, WHO, Alias.CHALLENGER).challenger == second.sha256
    assert appoint(second, room.registry, WHO).champion == second.sha256
    again = appoint(second, room.registry, WHO)
    assert again.revision == 3


# -- what runs and predictions see ----------------------------------------------------------------


def test_a_promotion_holds_for_the_next_run_of_the_same_process(room):
    appoint(room.publish(moods()), room.registry, WHO)
    runs = room.runs()
    assert runs.resolve("77", "u").definition.version == "1.0.0"
    appoint(room.publish(moods("2.0.0", '"78"')), room.registry, WHO)
    found = runs.resolve("78", "u")
    assert (found.definition.version, found.ref.alias) == ("2.0.0", Alias.CHAMPION)
    assert found.stored is not None
    assert found.stored.version_id
    with pytest.raises(ProcessUnknownError):
        runs.resolve("77", "u")


def test_a_run_reads_a_version_once(room):
    appoint(room.publish(moods()), room.registry, WHO)
    runs = room.runs()
    first = runs.resolve("moods", "u").definition
    assert runs.resolve("moods", "v").definition is first
    assert room.registry.reads == 3


@pytest.mark.parametrize("content", [b"{}", b"", None], ids=["other", "empty", "gone"])
def test_a_definition_that_was_altered_is_refused(room, content):
    version = room.publish(moods())
    appoint(version, room.registry, WHO)
    file = version.file("definition.json")
    assert file is not None
    versions = room.store._versions["models", file.object.key]
    if content is None:
        versions.clear()
    else:
        versions[:] = [(version_id, content, meta) for version_id, _, meta in versions]
    with pytest.raises(VersionAlteredError, match=version.short):
        room.runs().resolve("moods", "u")


def test_a_new_object_under_the_same_name_changes_nothing(room):
    version = room.publish(moods())
    appoint(version, room.registry, WHO)
    file = version.file("definition.json")
    assert file is not None
    room.store.put(file.object.model_copy(update={"version_id": None}), b"{}", "")
    assert room.runs().resolve("moods", "u").ref.sha256 == version.sha256


def test_a_definition_under_the_name_of_another_version_is_refused(room):
    one, two = room.publish(moods()), room.publish(moods("2.0.0"))
    swapped = one.model_copy(update={"files": two.files})
    room.registry._versions["moods", one.sha256] = swapped
    appoint(swapped, room.registry, WHO)
    with pytest.raises(VersionAlteredError):
        room.runs().resolve("moods", "u")


def test_a_shadow_that_cannot_be_read_fails_no_run(room):
    appoint(room.publish(moods()), room.registry, WHO)
    second = room.publish(moods("2.0.0"))
    entry = appoint(second, room.registry, WHO, Alias.CHALLENGER)
    room.registry.change(entry, *aliases.start_shadow(entry, WHO, "0f"))
    shadow = room.runs().resolve("moods", "u").shadow
    assert shadow is not None
    assert shadow.ref.sha256 == second.sha256
    del room.registry._versions["moods", second.sha256]
    assert room.runs().resolve("moods", "u").shadow is None


def test_a_version_that_decides_and_is_not_there_fails_the_run(room):
    version = room.publish(moods())
    appoint(version, room.registry, WHO)
    del room.registry._versions["moods", version.sha256]
    with pytest.raises(VersionUnknownError):
        room.runs().resolve("moods", "u")


def test_champions_are_looked_up_again_after_a_moment(room):
    appoint(room.publish(moods()), room.registry, WHO)
    now = [100.0]
    champions = Champions(room.registry, room.store, lambda: now[0], max_age_s=2)
    before = champions()
    assert before.registry.find("77").version == "1.0.0"
    appoint(room.publish(moods("2.0.0")), room.registry, WHO)
    now[0] += 1.9
    assert champions() is before
    now[0] += 0.2
    after = champions()
    assert after.of("moods").definition.version == "2.0.0"
    now[0] += 5
    assert champions() is after
    with pytest.raises(ProcessUnknownError):
        after.of("none")


def test_a_champion_that_cannot_be_read_takes_no_other_along(room):
    appoint(room.publish(moods()), room.registry, WHO)
    other = room.publish(moods(codes="").replace("id: moods", "id: other"))
    appoint(other, room.registry, WHO)
    del room.registry._versions["other", other.sha256]
    assert Champions(room.registry, room.store, lambda: 0.0)().registry.ids == ("moods",)


# -- the shipped processes ------------------------------------------------------------------------


def test_the_shipped_processes_decide_when_they_are_new(room):
    seeded = seed(ROOT / "processes", room.models, "stack", AT, VECTORS)
    assert all(each.decides for each in seeded)
    assert room.runs().resolve("91110", "u").definition.id == "L33774"
    calibrated = next(each.version for each in seeded if each.version.process == "L33774")
    promise = HeadFiles.beside(ROOT / "processes" / "L33774.yaml", "L33774").card().promise
    assert calibrated.guarantee == (promise.precision if promise else None)
    assert calibrated.head_ref is not None
    assert {"head.json", "head.npz", "training.npz"} <= {file.name for file in calibrated.files}


def test_a_guarantee_is_of_the_definition_and_the_threshold_that_it_was_found_for():
    file = ROOT / "processes" / "L33774.yaml"
    text, head = file.read_text("utf-8"), HeadFiles.beside(file, "L33774")
    definition = load_definition(text, file.name)
    card = head.card()
    assert guarantee_of(definition, card) == card.promise.precision
    assert guarantee_of(definition, None) is None
    surer, laxer = (
        definition.model_copy(update={"threshold": definition.threshold + by}) for by in (0.1, -0.1)
    )
    # Of the shipped cards nothing but their own threshold is known.
    assert guarantee_of(surer, card) is None
    assert guarantee_of(laxer, card) is None
    shown = card.promise.model_copy(update={"shown": (surer.threshold, 0.99)})
    wider = card.model_copy(update={"promise": shown})
    assert guarantee_of(surer, wider) == guarantee_of(definition, wider) == shown.precision
    assert guarantee_of(laxer, wider) is None
    between = definition.model_copy(update={"threshold": definition.threshold + 0.05})
    assert guarantee_of(between, wider) is None

    promise = card.promise.model_copy(update={"judging": definition.judging_sha256})
    found = card.model_copy(update={"promise": promise})
    renamed = definition.model_copy(update={"version": "9.0.0", "title": "Another name"})
    assert guarantee_of(renamed, found) == promise.precision
    one = definition.logic
    logic = Group(all_of=one.any_of, any_of=one.all_of, none_of=one.none_of)
    assert logic != one
    changed = definition.model_dump() | {"logic": logic.model_dump()}
    assert guarantee_of(CriteriaProcess.model_validate(changed), found) is None


def test_what_ships_anew_replaces_what_shipped_before_also_backwards(room, tmp_path):
    for version in ("1.0.0", "2.0.0", "1.0.0"):
        assert room.seed(tmp_path, moods(version)) == [True]
        assert room.champion() == version
    assert [change.action for change in room.registry.history("moods")] == [Action.PUBLISHED] * 3


def test_a_deployment_that_changes_no_process_changes_nothing(room, tmp_path):
    room.seed(tmp_path, moods())
    room.seed(tmp_path, moods())
    assert len(room.registry.history("moods")) == 1


def test_what_somebody_promoted_stays(room, tmp_path):
    room.seed(tmp_path, moods())
    appoint(room.publish(moods("1.5.0")), room.registry, WHO)
    assert room.seed(tmp_path, moods("2.0.0")) == [False]
    assert room.champion() == "1.5.0"
    assert "2.0.0" in [version.process_version for version in room.registry.versions("moods")]


def test_what_somebody_rolled_back_to_stays(room, tmp_path):
    room.seed(tmp_path, moods())
    room.seed(tmp_path, moods("2.0.0"))
    entry = room.registry.entry("moods")
    assert entry is not None
    assert entry.previous is not None
    previous = room.registry.version("moods", entry.previous)
    room.registry.change(entry, *aliases.roll_back(entry, previous, WHO))
    assert room.seed(tmp_path, moods("2.0.1")) == [False]
    assert room.champion() == "1.0.0"


def test_a_name_that_somebody_gave_fails_no_deployment(room, tmp_path):
    mine = moods().replace("id: moods", "id: mine")
    appoint(room.publish(mine), room.registry, WHO)
    others = moods(codes="").replace("id: moods", "id: others")
    assert room.seed(tmp_path, moods(), others) == [False, True]
    assert room.registry.entry("moods") is None
    assert len(room.registry.versions("moods")) == 1
