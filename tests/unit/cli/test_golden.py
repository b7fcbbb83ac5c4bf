"""The golden set on the command line: judged as the stack would judge."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.registry import AT, MemoryRegistry, a_version
from tests.fakes.store import MemoryStore
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import DataManifest, DataPart
from winnow.registry.training_rows import TrainingRow, dump_rows
from winnow_cli import golden
from winnow_cli.models import StackModels


def a_target(**parameters: str) -> Any:
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    cloudformation = SimpleNamespace(
        describe_stacks=lambda **_: {"Stacks": [{"Parameters": given}]}
    )
    return SimpleNamespace(
        local=False, name="prod", stack_name="prod", client=lambda _: cloudformation
    )


@pytest.mark.parametrize(
    ("parameters", "threshold"),
    [
        ({"Threshold": "0.95"}, 0.95),
        ({"Threshold": "0"}, 0.0),
        ({"Threshold": ""}, None),
        ({}, None),
    ],
)
def test_both_versions_are_judged_at_the_threshold_in_force(
    monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str], threshold: float | None
) -> None:
    store, registry = MemoryStore(), MemoryRegistry()
    row = TrainingRow(id="1", text="a", label="joy", held_out=True)
    ref = store.add("models", "data/moods/rows.jsonl", dump_rows([row]))
    part = DataPart(kind="reviews", object=ref, sha256="0" * 64, rows=1, name="reviews")
    champion = a_version("moods", 1)
    challenger = a_version("moods", 2, data=DataManifest(parts=(part,), rows=1))
    registry.add(champion)
    registry.add(challenger)
    registry.change(None, *aliases.first(champion, Who("winnow", AT)))
    models = StackModels(registry, store, "models", lambda: "ann")
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(golden, "load_encoder", lambda _: None)
    monkeypatch.setattr(golden, "ReferenceVectors", lambda *_: None)
    monkeypatch.setattr(golden, "judged_unseen", lambda *given: asked.append(given[:4]))

    golden.check(
        models, models.entry("moods"), challenger, 0.9, Path("model"), a_target(**parameters)
    )
    assert asked == [
        (champion, [row], champion.guarantee, threshold),
        (challenger, [row], 0.9, threshold),
    ]
