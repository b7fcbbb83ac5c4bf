"""Models and releases: what is shown, who may change it, and what becomes of two who do."""

import json
from typing import Any

import pytest

from tests.fakes.http_api import Reply, call
from tests.fakes.live import Audits, MemoryAlarm, made, publish
from tests.fakes.stage import NEW_YEAR, Clock, Stage
from winnow.errors import RetryableError
from winnow.models import ObjectRef
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.files import EVALUATION_PAGE
from winnow.registry.models import Action, DataManifest, DataPart, StoredFile, VersionMetrics
from winnow.releases.golden import GoldenReport, GoldenResult
from winnow_api.call import iso
from winnow_api.models import MAX_HISTORY
from winnow_api.ports import Differences, FailedTraining

PROCESS = "letters"
"""A process of this file's own: nothing here depends on what ships."""
OTHER = "emotions"
METRICS = VersionMetrics(accuracy=0.91, ece=0.02, accepted_precision=0.97, rows=400, better=True)


@pytest.fixture
def stage() -> Stage:
    stage = Stage(clock=Clock(NEW_YEAR + 40 * 86_400))
    publish(stage.models, PROCESS, 3, guarantee=0.95, metrics=METRICS)
    publish(stage.models, OTHER, 1)
    return stage


def shas(stage: Stage) -> list[str]:
    """The versions of the process: champion, challenger, and one that is neither."""
    return [version.sha256 for version in reversed(stage.models.versions(PROCESS))]


def model(stage: Stage, user: str = "reviewer", **query: Any) -> Reply:
    return call(stage, "GET /v1/models/{process}", path={"process": PROCESS}, user=user, **query)


def release(
    stage: Stage, action: str, user: str = "admin", key: str = "new", **given: Any
) -> Reply:
    revision = given.pop("revision", None)
    if revision is None:
        entry = stage.models.entry(PROCESS)
        assert entry is not None
        revision = entry.revision
    body = {"process": PROCESS, "action": action, "revision": revision} | given
    return call(stage, "POST /v1/releases", body, user=user, key=key)


# -- what is shown ---------------------------------------------------------------------------------


def test_every_process_is_listed_with_its_versions_in_use(stage):
    champion, challenger, _ = shas(stage)
    stage.live.audits[PROCESS, champion] = Audits(200, 196, 0.951, 0.99)
    answer = call(stage, "GET /v1/models", user="auditor").json
    assert answer["code"] == {"version": "1.2.3", "deployed_at": "2026-01-01T00:00:00.000Z"}
    items = answer["items"]
    assert [item["process"] for item in items] == [OTHER, PROCESS]
    item = items[1]
    assert (item["champion"]["sha256"], item["challenger"]["sha256"]) == (champion, challenger)
    assert item["champion"]["aliases"] == ["champion"]
    assert item["release"] is None
    assert item["live"] == {
        "champion": {
            "records": 200,
            "correct": 196,
            "precision": 0.98,
            "lower": 0.951,
            "upper": 0.99,
        },
        "challenger": None,
    }
    # A process that ships has its title from its definition.
    assert items[0]["title"] == "Seven emotions"


def test_who_is_limited_to_a_process_sees_no_other(stage):
    assert [i["process"] for i in call(stage, "GET /v1/models", user="limited").json["items"]] == [
        OTHER
    ]
    for key, path in {
        "GET /v1/models/{process}": {},
        "GET /v1/models/{process}/{sha}": {"sha": shas(stage)[0]},
        "GET /v1/models/{process}/{sha}/evaluation": {"sha": shas(stage)[0]},
    }.items():
        reply = call(stage, key, path={"process": PROCESS, **path}, user="limited")
        assert (reply.status, reply.json["code"]) == (404, "process_not_open")
        assert PROCESS not in reply.json["detail"]


def test_versions_come_newest_first_and_page_by_page(stage):
    seen, cursor = [], None
    while True:
        reply = model(stage, limit=1, cursor=cursor)
        assert reply.status == 200
        seen += [version["sha256"] for version in reply.json["versions"]]
        cursor = reply.json["cursor"]
        if cursor is None:
            break
    assert seen == shas(stage)[::-1]
    other = call(
        stage,
        "GET /v1/models/{process}",
        path={"process": OTHER},
        cursor=model(stage, limit=1).json["cursor"],
    )
    assert (other.status, other.json["code"]) == (400, "cursor_invalid")


def test_the_history_is_newest_first_and_ends_somewhere(stage):
    for _ in range(MAX_HISTORY):
        assert release(stage, "shadow").status == 200
    history = model(stage).json["history"]
    assert len(history) == MAX_HISTORY
    assert history[0]["revision"] == stage.models.entry(PROCESS).revision
    assert history[0]["action"] == "shadow"
    assert history[0]["by"] == "barbara@example.org"
    assert history[0]["revision"] > history[-1]["revision"] > 1


def test_a_version_is_found_by_its_digits(stage):
    sha = shas(stage)[1]
    for name in (sha, sha[:12], sha[:6]):
        reply = call(
            stage, "GET /v1/models/{process}/{sha}", path={"process": PROCESS, "sha": name}
        )
        assert reply.json["sha256"] == sha
        assert reply.json["metrics"]["accuracy"] == METRICS.accuracy
        assert reply.json["aliases"] == ["challenger"]


@pytest.mark.parametrize("name", ["0" * 64, "000000"])
def test_a_version_that_is_not_there_is_said_so(stage, name):
    for key in ("GET /v1/models/{process}/{sha}", "GET /v1/models/{process}/{sha}/evaluation"):
        reply = call(stage, key, path={"process": PROCESS, "sha": name})
        assert (reply.status, reply.json["code"]) == (404, "version_unknown")


def test_the_evaluation_is_a_link_that_ends(stage):
    page = StoredFile(
        name=EVALUATION_PAGE,
        object=ObjectRef(bucket="models", key="models/x/evaluation.html", version_id="v1"),
        sha256="0" * 64,
        size=1,
    )
    publish(stage.models, "with-page", 1, files=(page,))
    (version,) = stage.models.versions("with-page")
    path = {"process": "with-page", "sha": version.sha256}
    reply = call(stage, "GET /v1/models/{process}/{sha}/evaluation", path=path)
    assert "models/x/evaluation.html" in reply.json["url"]
    assert "seconds=300" in reply.json["url"]
    assert reply.json["expires_at"] == iso(stage.clock() + 300)
    without = call(
        stage,
        "GET /v1/models/{process}/{sha}/evaluation",
        path={"process": PROCESS, "sha": shas(stage)[0]},
    )
    assert without.status == 404


def test_the_key_of_a_canary_is_told_to_nobody(stage):
    assert release(stage, "canary", percent=20).status == 200
    entry = stage.models.entry(PROCESS)
    assert entry is not None
    assert entry.release is not None
    for key, path in {
        "GET /v1/models": None,
        "GET /v1/models/{process}": {"process": PROCESS},
        "GET /v1/releases": None,
    }.items():
        assert entry.release.key not in call(stage, key, path=path, user="admin").body.decode()


# -- what rings ------------------------------------------------------------------------------------


def notices(stage: Stage, user: str = "reviewer") -> list[str]:
    rings = call(stage, "GET /v1/models", user=user).json["notices"]
    own = model(stage, user=user)
    if own.status == 200:
        assert own.json["notices"] == rings
    return [one["code"] for one in rings]


@pytest.mark.parametrize(
    ("upper", "rings"), [(0.9499, ["guarantee_broken"]), (0.95, []), (0.99, [])]
)
def test_a_broken_guarantee_rings(stage, upper, rings):
    stage.live.audits[PROCESS, shas(stage)[0]] = Audits(500, 450, 0.87, upper)
    assert notices(stage) == rings
    assert notices(stage, user="limited") == []


def test_a_challenger_taken_back_by_itself_rings_until_somebody_changes_something(stage):
    entry = stage.models.entry(PROCESS)
    who = Who("barbara@example.org", iso(stage.clock()))
    entry = made(stage.models, entry, aliases.start_canary(entry, who, "00", 10))
    gate = Who("gate", iso(stage.clock()), "Precision fell.", "guarantee_broken", automatic=True)
    made(stage.models, entry, aliases.roll_back(entry, None, gate))
    (notice,) = call(stage, "GET /v1/models").json["notices"]
    assert notice["code"] == "taken_back"
    assert "Precision fell." in notice["text"]
    stage.clock.wait(8 * 86_400)
    assert notices(stage) == []
    stage.clock.wait(-8 * 86_400)
    assert release(stage, "shadow", version=shas(stage)[2]).status == 200
    assert notices(stage) == []


def test_alarms_of_the_stack_are_answered_to_everybody_who_is_signed_in(stage):
    assert call(stage, "GET /v1/alarms", user="limited").json == {"items": []}
    rung = MemoryAlarm("RunsFailed", "Many runs failed.", "2026-01-01T00:00:00+00:00")
    stage.alarms.rung = [rung]
    for user in ("reviewer", "auditor", "admin", "limited"):
        assert call(stage, "GET /v1/alarms", user=user).json == {"items": [rung._asdict()]}
    assert call(stage, "GET /v1/alarms", user="nobody").status == 403


def test_a_failed_training_rings(stage):
    stage.live.failed[PROCESS] = FailedTraining(iso(stage.clock()), "training_data_invalid")
    (notice,) = call(stage, "GET /v1/models").json["notices"]
    assert notice["code"] == "training_failed"
    assert "training_data_invalid" in notice["text"]


# -- releases --------------------------------------------------------------------------------------


def test_a_challenger_becomes_champion_step_by_step(stage):
    champion, challenger, _ = shas(stage)
    shadow = release(stage, "shadow").json
    assert shadow["release"]["stage"] == "shadow"
    stage.live.differences[PROCESS, challenger] = Differences(900, 12)
    under_way = call(stage, "GET /v1/releases").json["items"]
    assert [item["process"] for item in under_way] == [PROCESS]
    assert under_way[0]["shadow"] == {"records": 900, "differed": 12}
    canary = release(stage, "canary", percent=20, automatic=True).json
    assert canary["release"]["percent"] == 20
    # What has to be proved is what the version promises, unless something else is said.
    assert canary["release"]["guarantee"] == 0.95
    promoted = release(stage, "promote").json
    assert promoted["champion"]["sha256"] == challenger
    assert promoted["release"] is promoted["challenger"] is None
    assert promoted["previous"] == champion
    assert promoted["previous_until"] == iso(stage.clock() + 86_400)
    back = release(stage, "rollback").json
    assert back["champion"]["sha256"] == champion
    assert [change.action for change in stage.models.history(PROCESS)] == [
        Action.PUBLISHED,
        Action.CHALLENGER,
        Action.SHADOW,
        Action.CANARY,
        Action.PROMOTED,
        Action.ROLLED_BACK,
    ]
    assert call(stage, "GET /v1/releases", process=PROCESS).json["items"] == []


def test_another_version_is_made_challenger_first(stage):
    third = shas(stage)[2]
    reply = release(stage, "canary", version=third[:12], guarantee=0.9)
    assert reply.json["challenger"]["sha256"] == third
    assert reply.json["release"]["guarantee"] == 0.9
    assert reply.json["release"]["percent"] == 10
    assert [change.action for change in stage.models.history(PROCESS)][-2:] == [
        Action.CHALLENGER,
        Action.CANARY,
    ]


def test_a_release_is_stopped_and_its_challenger_stays(stage):
    release(stage, "canary")
    stopped = release(stage, "stop").json
    assert stopped["release"] is None
    assert stopped["challenger"]["sha256"] == shas(stage)[1]


def test_of_two_who_promote_at_once_the_second_is_told(stage):
    revision = stage.models.entry(PROCESS).revision
    assert release(stage, "promote", revision=revision).status == 200
    late = release(stage, "promote", revision=revision, version=shas(stage)[2])
    assert (late.status, late.json["code"]) == (409, "release_conflict")
    assert late.json["version"] == stage.models.entry(PROCESS).revision
    assert stage.models.entry(PROCESS).champion == shas(stage)[1]


def test_a_change_between_reading_and_writing_is_a_conflict_too(stage, monkeypatch):
    entry = stage.models.entry(PROCESS)
    assert release(stage, "shadow").status == 200
    # Read before the other's change, written after it.
    monkeypatch.setattr(stage.models, "entries", lambda: (entry,))
    late = release(stage, "promote", revision=entry.revision)
    assert (late.status, late.json["code"]) == (409, "release_conflict")
    assert stage.models.entry(PROCESS).champion == shas(stage)[0]


@pytest.mark.parametrize(
    ("action", "given", "status", "code"),
    [
        ("stop", {}, 422, "release_invalid"),
        ("rollback", {}, 422, "release_invalid"),
        ("promote", {"version": "champion"}, 400, "request_invalid"),
        ("promote", {"version": "000000"}, 404, "version_unknown"),
        ("canary", {"percent": 101}, 400, "request_invalid"),
        ("canary", {"guarantee": 1.5}, 400, "request_invalid"),
        ("publish", {}, 400, "request_invalid"),
        ("shadow", {"process": "nothing"}, 404, "process_not_open"),
        ("shadow", {"revision": 0}, 400, "request_invalid"),
    ],
)
def test_what_does_not_fit_changes_nothing(stage, action, given, status, code):
    before = stage.models.entries()
    reply = release(stage, action, **given)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert stage.models.entries() == before


def test_without_a_guarantee_nothing_is_promoted_by_itself(stage):
    publish(stage.models, "plain", 2)
    body = {"process": "plain", "action": "canary", "automatic": True, "revision": 2}
    reply = call(stage, "POST /v1/releases", body, user="admin")
    assert (reply.status, reply.json["code"]) == (422, "release_invalid")


def test_without_a_challenger_there_is_nothing_to_promote(stage):
    body = {"process": OTHER, "action": "promote", "revision": 1}
    reply = call(stage, "POST /v1/releases", body, user="admin")
    assert (reply.status, reply.json["code"]) == (422, "release_invalid")


@pytest.mark.parametrize("user", ["reviewer", "auditor", "other", "program"])
def test_who_reviews_neither_releases_nor_trains(stage, user):
    before = stage.models.entries()
    assert release(stage, "promote", user=user).status == 403
    assert train(stage, user=user).status == 403
    assert stage.models.entries() == before
    assert stage.trainer.asked == []


# -- again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"version": True}])
def test_a_release_that_is_sent_again_is_made_once(stage, given):
    revision = stage.models.entry(PROCESS).revision
    given = {"version": shas(stage)[2]} if given else {}
    first = release(stage, "canary", key="k", revision=revision, **given)
    again = release(stage, "canary", key="k", revision=revision, **given)
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert stage.models.entry(PROCESS).revision == revision + (2 if given else 1)


def test_a_release_that_broke_off_halfway_is_completed(stage, monkeypatch):
    revision = stage.models.entry(PROCESS).revision
    third = shas(stage)[2]
    real = stage.models.change

    def breaks(before, after, change):
        if change.action is Action.CANARY:
            raise RuntimeError
        real(before, after, change)

    monkeypatch.setattr(stage.models, "change", breaks)
    assert release(stage, "canary", key="k", revision=revision, version=third).status == 500
    monkeypatch.setattr(stage.models, "change", real)
    again = release(stage, "canary", key="k", revision=revision, version=third)
    assert again.status == 200
    assert again.json["release"]["stage"] == "canary"
    assert again.json["revision"] == revision + 2


def test_a_conflict_stays_one_when_it_is_sent_again(stage):
    revision = stage.models.entry(PROCESS).revision
    release(stage, "shadow")
    stage.clock.wait(1)
    for _ in range(2):
        late = release(stage, "promote", key="late", revision=revision)
        assert late.json["code"] == "release_conflict"
    assert stage.models.entry(PROCESS).champion == shas(stage)[0]


def test_a_key_is_for_one_release(stage):
    assert release(stage, "shadow", key="k").status == 200
    reply = release(stage, "promote", key="k")
    assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")


# -- training --------------------------------------------------------------------------------------


# -- the golden set before a release ---------------------------------------------------------------

LABELLED = DataManifest(
    parts=(
        DataPart(
            kind="reviews",
            object=ObjectRef(bucket="models", key="rows", version_id="1"),
            sha256="0" * 64,
            rows=60,
            name="reviews",
        ),
    ),
    rows=60,
)


def golden(stage: Stage, *, broken: bool) -> GoldenReport:
    result = GoldenResult(
        version=shas(stage)[1], rows=60, accepted=50, right=30, lower=0.4, upper=0.8,
        guarantee=0.95, broken=broken,
    )  # fmt: skip
    return GoldenReport(result=result)


@pytest.fixture
def labelled() -> Stage:
    """A process whose versions were trained on reviews."""
    stage = Stage(clock=Clock(NEW_YEAR + 40 * 86_400))
    publish(stage.models, PROCESS, 3, guarantee=0.95, data=LABELLED)
    return stage


@pytest.mark.parametrize("action", ["canary", "promote"])
def test_a_challenger_that_breaks_its_guarantee_on_the_golden_set_is_refused(labelled, action):
    labelled.golden.report = golden(labelled, broken=True)
    before = labelled.models.entry(PROCESS)
    reply = release(labelled, action)
    assert (reply.status, reply.json["code"]) == (422, "release_invalid")
    assert "golden_set_failed" in reply.json["detail"]
    assert labelled.models.entry(PROCESS) == before
    assert labelled.golden.asked == [(PROCESS, shas(labelled)[1], 0.95)]
    # One that keeps it is released with the next request.
    labelled.golden.report = golden(labelled, broken=False)
    assert release(labelled, action, key="again").status == 200


def test_one_that_cannot_be_judged_is_refused(labelled):
    labelled.golden.report = GoldenReport(code="version_altered")
    reply = release(labelled, "canary", guarantee=0.5)
    assert (reply.status, reply.json["code"]) == (422, "release_invalid")
    assert "version_altered" in reply.json["detail"]
    assert labelled.golden.asked[0][2] == 0.5


def test_a_function_that_does_not_answer_is_asked_again_with_the_same_request(labelled):
    def late(*_: Any) -> GoldenReport:
        raise RetryableError("ReadTimeoutError.")

    judged, labelled.golden.judged = labelled.golden.judged, late
    assert release(labelled, "canary").status == 503
    labelled.golden.judged = judged
    assert release(labelled, "canary").status == 200


def test_what_decides_already_or_nothing_is_not_judged_again(labelled):
    assert release(labelled, "shadow", key="a").status == 200
    assert labelled.golden.asked == []
    assert release(labelled, "canary", key="b").status == 200
    assert release(labelled, "promote", key="c").status == 200
    assert len(labelled.golden.asked) == 1
    assert release(labelled, "rollback", key="d").status == 200
    assert len(labelled.golden.asked) == 1


def test_without_labelled_rows_or_a_guarantee_nobody_is_asked(stage):
    assert release(stage, "canary").status == 200
    assert stage.golden.asked == []
    free = Stage(clock=Clock(NEW_YEAR + 40 * 86_400))
    publish(free.models, PROCESS, 3, data=LABELLED)
    assert release(free, "canary").status == 200
    assert free.golden.asked == []


def train(stage: Stage, user: str = "admin", key: str = "new", process: str = PROCESS) -> Reply:
    path = {"process": process}
    return call(stage, "POST /v1/models/{process}/train", path=path, user=user, key=key)


def test_a_training_is_asked_for_once(stage):
    first = train(stage, key="k")
    stage.clock.wait(60)
    again = train(stage, key="k")
    assert (first.status, again.status) == (202, 202)
    assert first.json == again.json
    assert stage.trainer.asked == [(PROCESS, "barbara@example.org")]
    assert train(stage).status == 202
    assert len(stage.trainer.asked) == 2


def test_a_training_that_could_not_be_started_is_started_by_the_next_attempt(stage, monkeypatch):
    def breaks(process, by):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(stage.trainer, "train", breaks)
        assert train(stage, key="k").status == 500
    for _ in range(2):
        assert train(stage, key="k").status == 202
    assert len(stage.trainer.asked) == 1


def test_nothing_is_answered_as_requested_before_it_was_started(stage):
    """However often it failed before, and whatever kept it from being started."""
    start = stage.trainer.train

    def late(*_: Any) -> None:
        raise RetryableError("ReadTimeoutError.")

    stage.trainer.train = late
    assert [train(stage, key="k").status for _ in range(3)] == [503] * 3
    stage.trainer.train = start
    stage.live.running[PROCESS] = iso(stage.clock())
    assert [train(stage, key="k").status for _ in range(3)] == [409] * 3
    del stage.live.running[PROCESS]
    assert [train(stage, key="k").status for _ in range(3)] == [202] * 3
    assert len(stage.trainer.asked) == 1


def test_one_training_at_a_time(stage):
    stage.live.running[PROCESS] = iso(stage.clock())
    reply = train(stage)
    assert (reply.status, reply.json["code"]) == (409, "training_running")
    assert stage.trainer.asked == []
    assert model(stage).json["training"] == {"until": iso(stage.clock())}


def test_a_stack_that_trains_nothing_says_so(stage):
    stage.trainer = None
    reply = train(stage)
    assert (reply.status, reply.json["code"]) == (404, "training_off")
    assert "winnow retrain" in reply.json["hint"]


def test_what_is_not_there_is_not_trained(stage):
    assert train(stage, process="nothing").status == 404
    assert json.loads(train(stage, process="nothing").body)["code"] == "process_not_open"
