"""A trained head goes with a run: to every chunk and to Filter; what Filter mails is mailed."""

from typing import Any

from tests.statemachine.conftest import event
from tests.statemachine.machine import World
from winnow.models import ChunkTask, Difference, Drift, Filtered, Serialized

FAR = Difference(distance=0.4, limit=0.1, drifted=True)


def test_the_head_reaches_every_chunk_and_filter(world: World, uploaded: Any) -> None:
    assert world.run("triage", uploaded).status == "SUCCEEDED"
    head = Serialized.model_validate(event("filter")).head
    assert head is not None
    chunks = [ChunkTask.model_validate(payload).head for payload in world.calls["classify"]]
    assert chunks == [head, head]
    assert [Serialized.model_validate(payload).head for payload in world.calls["filter"]] == [head]


def test_a_run_that_has_drifted_succeeds_and_its_mail_is_filters(
    world: World, uploaded: Any, upload_id: str
) -> None:
    filter_ = world.functions["filter"]

    def drifting(payload: Any) -> Any:
        done = Filtered.model_validate(filter_(payload))
        mail = done.mail.model_copy(update={"body": "These records are unlike those."})
        drift = Drift(scores=FAR, decisions=FAR)
        return done.model_copy(update={"drift": drift, "mail": mail}).model_dump()

    world.functions["filter"] = drifting
    assert world.run("triage", uploaded).status == "SUCCEEDED"
    assert [mail["Message"] for mail in world.mails] == ["These records are unlike those."]
    assert world.mails[0]["MessageAttributes"]["drifted"]["StringValue"] == "yes"
    row = world.row(upload_id)
    assert row is not None
    assert row["state"] == "SUCCEEDED"
