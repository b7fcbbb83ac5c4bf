"""What the rules look at: the template as it is written, and the definitions of its machines."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.template.expand import ROOT, read

MACHINES = {"triage": "Triage", "stopped": "Stopped"}


@dataclass(frozen=True)
class Stack:
    """template.yaml as plain data, and each machine's definition by the name of its file."""

    template: Any
    machines: dict[str, Any]

    @property
    def resources(self) -> dict[str, Any]:
        return _mapping(self.template.get("Resources"))

    @property
    def parameters(self) -> dict[str, Any]:
        return _mapping(self.template.get("Parameters"))

    def of_type(self, kind: str) -> list[str]:
        return [
            name
            for name, one in self.resources.items()
            if isinstance(one, dict) and one.get("Type") == kind
        ]

    def copy(self) -> "Stack":
        return Stack(copy.deepcopy(self.template), copy.deepcopy(self.machines))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def written(root: Path | None = None) -> Stack:
    """The stack as it is written."""
    folder = (root or ROOT) / "statemachine"
    return Stack(
        read(),
        {name: json.loads((folder / f"{name}.asl.json").read_text("utf-8")) for name in MACHINES},
    )
