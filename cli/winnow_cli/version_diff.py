"""What differs between two versions of a process."""

import difflib
from dataclasses import dataclass
from typing import Any

from winnow.registry.models import ModelVersion
from winnow_cli.render.versions import facts_of

_LEFT_OUT = ("process", "version")


@dataclass(frozen=True)
class VersionDiff:
    """Two versions side by side."""

    before: ModelVersion
    after: ModelVersion
    definition: tuple[str, ...]
    """Lines of a unified diff of the two YAML files; none: they are equal."""
    facts: tuple[tuple[str, str, str], ...]
    """Name, value before, value after."""

    @property
    def changed(self) -> tuple[tuple[str, str, str], ...]:
        """The facts that differ."""
        return tuple(fact for fact in self.facts if fact[1] != fact[2])

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "process": self.after.process,
            "before": self.before.sha256,
            "after": self.after.sha256,
            "definition": list(self.definition),
            "facts": {
                name: {"before": before, "after": after, "same": before == after}
                for name, before, after in self.facts
            },
        }


def diff_of(before: ModelVersion, old: str, after: ModelVersion, new: str) -> VersionDiff:
    """Compare two versions; `old` and `new` are the YAML of their definitions."""
    lines = difflib.unified_diff(
        old.splitlines(),
        new.splitlines(),
        f"{before.sha256[:12]}/definition.yaml",
        f"{after.sha256[:12]}/definition.yaml",
        lineterm="",
    )
    sides = _sides(before), _sides(after)
    names = dict.fromkeys((*sides[0], *sides[1]))
    return VersionDiff(
        before,
        after,
        tuple(lines),
        tuple((name, sides[0].get(name, ""), sides[1].get(name, "")) for name in names),
    )


def _sides(version: ModelVersion) -> dict[str, str]:
    facts = {name: value for name, value in facts_of(version).items() if name not in _LEFT_OUT}
    if version.data is not None:
        for part in version.data.parts:
            facts[f"data {part.name}"] = f"{part.rows:,} rows, sha256 {part.sha256[:12]}"
    return facts
