"""Versions of processes: a list, one with its history, and two side by side."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from winnow_cli.console import clean, note, say, stdout
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow.registry.models import AliasChange, ModelVersion, ProcessEntry
    from winnow_cli.version_diff import VersionDiff

SHORT_SHA = 12
"""Hex digits of a version on a terminal and in mails; every command accepts them."""
_STYLES = {"champion": "bold green", "challenger": "yellow"}
_TOLD = ("definition", "head", "calibration", "threshold", "guarantee", "accuracy")
"""The facts whose change is told when a version is published."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def aliases_of(entry: "ProcessEntry", sha256: str) -> list[str]:
    """What points to a version: `champion`, `challenger`, `previous`."""
    pointers = {
        "champion": entry.champion,
        "challenger": entry.challenger,
        "previous": entry.previous,
    }
    return [name for name, sha in pointers.items() if sha == sha256]


def version_document(entry: "ProcessEntry", version: "ModelVersion") -> dict[str, Any]:
    """A version as JSON."""
    return {
        **version.model_dump(mode="json"),
        "aliases": aliases_of(entry, version.sha256),
    }


def print_versions(
    listed: "Sequence[tuple[ProcessEntry, Sequence[ModelVersion]]]", now: float
) -> None:
    """A table with one row a version, those of a process newest first."""
    one = len(listed) == 1
    rows: list[tuple[str, ...]] = []
    styles: list[str] = []
    for entry, versions in listed:
        for version in versions:
            aliases = aliases_of(entry, version.sha256)
            styles.append(next((_STYLES[name] for name in aliases if name in _STYLES), ""))
            row = (
                short(version.sha256),
                ", ".join(aliases),
                version.process_version,
                head_of(version),
                _accuracy(version),
                _accepted(version),
                version.source,
                version.by,
                age_of(version.created, now),
            )
            rows.append(row if one else (row[0], version.process, *row[1:]))
    names = (
        *("version", "aliases", "definition", "head", "accuracy", "accepted precision"),
        *("source", "by", "age"),
    )
    table(
        names if one else (names[0], "process", *names[1:]),
        rows,
        styles=styles,
        right=("accuracy", "age"),
        spare=("by", "source", "head"),
    )


def print_version(
    entry: "ProcessEntry", version: "ModelVersion", history: "Sequence[AliasChange]"
) -> None:
    """Everything about a version, and who moved the aliases of its process."""
    lines = facts_of(version)
    lines["aliases"] = ", ".join(aliases_of(entry, version.sha256)) or "none"
    width = max(map(len, lines))
    for name, value in lines.items():
        say(f"{name:<{width}}  {clean(value)}")
    say()
    table(
        ("file", "bytes", "sha256"),
        [(file.name, f"{file.size:,}", short(file.sha256)) for file in version.files],
        right=("bytes",),
    )
    if version.data:
        say()
        table(
            ("data", "kind", "rows", "sha256"),
            [
                (part.name, part.kind, f"{part.rows:,}", short(part.sha256))
                for part in version.data.parts
            ],
            right=("rows",),
        )
    say()
    print_changes(history)
    if entry.release is not None:
        note(
            f"A release is under way: {entry.release.stage.value} of "
            f"{short(entry.release.challenger)}."
        )


def print_changes(history: "Sequence[AliasChange]") -> None:
    """The changes of a process's aliases, the first first."""
    drawn = sys.stdout.isatty()
    table(
        ("", "when (UTC)", "who", "what", "champion", "challenger", "reason"),
        [
            (
                str(change.revision),
                change.at[5 if drawn else 0 : 16 if drawn else 19].replace("T", " "),
                "automatic" if change.automatic else change.by,
                change.action,
                _moved(change.champion_before, change.champion_after),
                _moved(change.challenger_before, change.challenger_after),
                change.reason,
            )
            for change in history
        ],
        spare=("challenger", "who"),
    )


def _moved(before: str | None, after: str | None) -> str:
    return short(after) if before == after else f"{short(before)} → {short(after)}"


def print_diff(diff: "VersionDiff") -> None:
    """The definition line by line, then everything else side by side."""
    for line in diff.definition:
        _print_diff_line(line)
    if diff.definition:
        say()
    else:
        say("The definition is the same, byte for byte.")
    table(
        ("", short(diff.before.sha256), short(diff.after.sha256)),
        [(name, before, after) for name, before, after in diff.facts],
        styles=["bold" if before != after else "" for _, before, after in diff.facts],
    )


def print_changes_of(diff: "VersionDiff") -> None:
    """What differs from the champion, in a few lines."""
    added = sum(line.startswith("+") for line in diff.definition[2:])
    removed = sum(line.startswith("-") for line in diff.definition[2:])
    lines = f"{added} lines added, {removed} removed" if diff.definition else "the same"
    say(f"Against the champion {diff.before.short}: definition {lines}")
    for name, before, after in diff.changed:
        if name in _TOLD:
            say(f"  {name}: {clean(before) or 'none'} → {clean(after) or 'none'}")


def _print_diff_line(line: str) -> None:
    if not sys.stdout.isatty():
        say(line)
        return
    from rich.text import Text

    style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
    stdout().print(Text(line, style="bold" if line.startswith(("+++", "---")) else style))


def facts_of(version: "ModelVersion") -> dict[str, str]:
    """What is known of a version, in words, by name."""
    metrics, data = version.metrics, version.data
    facts = {
        "process": version.process,
        "version": version.sha256,
        "definition": f"{version.process_version}, {version.kind}, "
        f"sha256 {short(version.definition_sha256)}",
        "head": head_of(version),
        "calibration": (version.head and version.head.calibration) or "none",
        "threshold": f"{version.threshold:g}",
        "guarantee": guarantee_of(version.guarantee)
        if version.guarantee is not None
        else "none: never promoted or taken back by itself",
        "source": version.source,
        "created": f"{version.created[:19]} by {version.by}",
        "parents": ", ".join(map(short, version.parents)) or "none",
        "encoder": "none"
        if version.encoder is None
        else f"{version.encoder.name} {version.encoder.version} ({version.encoder.engine})",
        "code": version.code,
        "reproducible": {None: "not tried", True: "yes", False: "no"}[version.reproducible],
    }
    if metrics is None:
        facts["measured"] = "no"
    else:
        facts |= {
            "measured on": f"{metrics.rows:,} rows",
            "accuracy": share(metrics.accuracy),
            "calibration error (ECE)": share(metrics.ece),
            "accepted": share(metrics.accepted),
            "right among the accepted": _accepted(version),
        }
        if metrics.against is not None:
            facts["against"] = short(metrics.against)
            facts["McNemar p"] = "" if metrics.mcnemar_p is None else f"{metrics.mcnemar_p:.2g}"
            facts["better"] = {None: "unknown", True: "yes", False: "no"}[metrics.better]
    if data is not None:
        facts["trained on"] = f"{data.rows:,} rows, seed {data.seed}"
        facts["rows of"] = ", ".join(f"{label}: {rows:,}" for label, rows in data.rows_of.items())
        facts |= {f"option {name}": value for name, value in data.options.items()}
    return facts


def guarantee_of(guarantee: float | None) -> str:
    """The promised precision of what is accepted, in words."""
    return "none" if guarantee is None else f"at least {guarantee:.1%} right"


def head_of(version: "ModelVersion") -> str:
    """The trained head: its version, and whether it is calibrated."""
    if version.head is None:
        return "none"
    return f"{version.head.version}{', calibrated' if version.head.calibration else ''}"


def short(sha256: str | None) -> str:
    """The first digits of a SHA-256."""
    return "none" if sha256 is None else sha256[:SHORT_SHA]


def share(value: float | None) -> str:
    """A share in percent."""
    return "" if value is None else f"{value:.1%}"


def _accuracy(version: "ModelVersion") -> str:
    return share(version.metrics.accuracy) if version.metrics else ""


def _accepted(version: "ModelVersion") -> str:
    """`96.1 % (at least 94.0 %)`: the precision of what is accepted with its lower bound."""
    metrics = version.metrics
    if metrics is None or metrics.accepted_precision is None:
        return ""
    bound = metrics.accepted_precision_lower
    return share(metrics.accepted_precision) + (f" (≥ {share(bound)})" if bound is not None else "")


def age_of(at: str, now: float) -> str:
    """How long ago a time of ISO 8601 is: `5 min`, `3 h`, `12 d`; empty where it is none."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return ""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = max(now - moment.timestamp(), 0.0)
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} d"


def entry_document(entry: "ProcessEntry", versions: "Sequence[ModelVersion]") -> Mapping[str, Any]:
    """A process of the registry with its versions, as JSON. The key of a release is left out."""
    document = entry.model_dump(mode="json")
    if document.get("release"):
        # Who has it can tell which uploads the challenger decides.
        document["release"].pop("key", None)
    return {**document, "versions": [version_document(entry, found) for found in versions]}
