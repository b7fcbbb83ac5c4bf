"""Releases: champion and challenger with what audits prove of them, as a table and as bars."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from winnow_cli.console import say
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow.releases.status import ReleaseStatus, VersionLive
    from winnow_cli.code_release.comparison import Comparison
    from winnow_cli.code_release.models import CodeEntry, CodeStatus

WIDTH = 40
"""Cells of a bar."""
_SHOWN = 50
"""Differences of a comparison that are shown."""
_LEFT_ENDS = (0.9, 0.8, 0.5, 0.0)
"""Where bars may begin; all of a process begin at the same."""


def print_releases(processes: "Sequence[ReleaseStatus]") -> None:
    """A table with a row a version, and below it the bars and what follows of each release."""
    rows: list[tuple[str, ...]] = []
    styles: list[str] = []
    for status in processes:
        for version in _versions(status):
            rows.append((version.sha256[:12], status.process, *_cells(version)))
            styles.append("bold red" if version.broken else "")
    table(
        (
            *("version", "process", "alias", "audited", "right", "precision", "from", "to"),
            *("guarantee", "kept"),
        ),
        rows,
        styles=styles,
        right=("audited", "right", "precision", "from", "to", "guarantee"),
    )
    for status in processes:
        _print_release(status)


def print_code(status: "CodeStatus") -> None:
    """A table with a row a version of the code, and below it what is released."""
    release = status.release
    versions = [status.champion, *([status.challenger] if status.challenger else [])]
    table(
        ("version", "stack", "alias", "share", "runs", "running", "succeeded", "failed"),
        [
            (
                version.version,
                status.stack,
                version.alias.value,
                f"{_share(status, version.alias.value)} %",
                *(f"{n:,}" for n in (version.runs, version.running)),
                *(f"{n:,}" for n in (version.succeeded, version.failed)),
            )
            for version in versions
        ],
        right=("share", "runs", "running", "succeeded", "failed"),
    )
    say()
    if release is not None:
        say(
            f"  {status.stack}: {release.stage.value}, {release.percent} % of new runs, since "
            f"{release.started_at} by {release.by}."
        )
    say("  The runs are the newest hundred of a version; a file that cannot be judged fails, too.")
    if status.previous:
        until = f" until {status.previous_until}" if status.previous_until else ""
        say(f"  Before: version {status.previous}, kept ready{until}.")


def print_stacks(entry: "CodeEntry") -> None:
    """Which of two stacks judges, and which may."""
    others = [(entry.challenger, "challenger")] if entry.challenger else []
    if entry.previous and entry.previous != entry.challenger:
        others.append((entry.previous, "previous"))
    table(
        ("stack", "alias", "starts runs", "kept ready until"),
        [
            (entry.champion, "champion", "yes", ""),
            *((name, alias, "no", entry.previous_until or "") for name, alias in others),
        ],
    )


def print_comparison(found: "Comparison") -> None:
    """What a second stack made of retained uploads: counts, then each difference by its number."""
    counts = found.counts
    say(
        f"Replayed {counts.uploads:,} uploads with {counts.records:,} records: {counts.differed:,} "
        f"differ, {counts.failed:,} uploads failed."
    )
    if counts.other_version:
        say(
            f"{counts.other_version:,} were not compared: another version of the process has "
            "judged them since."
        )
    if found.differences:
        shown = found.differences[:_SHOWN]
        table(
            ("upload", "record", "differs"),
            [(one.upload_id, f"{one.record:,}", one.kind) for one in shown],
            right=("record",),
        )
        if len(found.differences) > _SHOWN:
            say(f"... and {len(found.differences) - _SHOWN:,} more (--json has all).")
    for failure in found.failures:
        say(f"{failure.upload_id} failed: {failure.code}")


def _share(status: "CodeStatus", alias: str) -> int:
    percent = status.release.percent if status.release else 0
    return percent if alias == "challenger" else 100 - percent


def bar(version: "VersionLive", left: float) -> str:
    """The bounds of a version from `left` to 1, its estimate and its guarantee.

    >>> from winnow.models import Alias
    >>> from winnow.releases.status import VersionLive
    >>> one = VersionLive(sha256="0" * 64, alias=Alias.CHAMPION, process_version="1", audited=9,
    ...     right=9, estimate=0.95, lower=0.85, upper=0.99, guarantee=0.9)
    >>> bar(one, 0.8)
    '----------==========|========O========--'
    """
    cells = [
        "=" if version.lower <= left + (1 - left) * (n + 0.5) / WIDTH <= version.upper else "-"
        for n in range(WIDTH)
    ]
    for value, mark in ((version.guarantee, "|"), (version.estimate, "O")):
        if value is not None and value >= left:
            cells[min(WIDTH - 1, int((value - left) / (1 - left) * WIDTH))] = mark
    return "".join(cells)


def _print_release(status: "ReleaseStatus") -> None:
    versions = _versions(status)
    release = status.release
    if any(version.audited for version in versions):
        least = min(
            value
            for version in versions
            for value in (version.lower, version.guarantee if version.guarantee else 1.0)
        )
        left = next(end for end in _LEFT_ENDS if end <= least)
        say()
        for version in versions:
            say(f"  {version.alias.value:<10}  {left:>4.0%} {bar(version, left)} 100%")
        say("  = where the precision is, with 95 % confidence   O estimate   | guarantee")
    if release is not None and status.decision is not None:
        share = f", {release.percent} % of the uploads" if release.stage.value == "canary" else ""
        how = "by itself" if release.automatic else "by hand"
        say()
        say(
            f"  {status.process}: {release.stage.value}{share}, since {release.started_at} by "
            f"{release.by}; promoted {how}."
        )
        say(f"  {status.decision.reason}")
    if (counts := status.differences) is not None:
        dropped = f", {counts.dropped:,} not compared" if counts.dropped else ""
        say(f"  Compared {counts.records:,} records: they differ on {counts.differed:,}{dropped}.")
    for banner in status.banners:
        say()
        say(f"  {banner.process}: {banner.text} ({banner.code}, {banner.at})")


def _versions(status: "ReleaseStatus") -> "list[VersionLive]":
    return [status.champion, *([status.challenger] if status.challenger else [])]


def _cells(version: "VersionLive") -> tuple[str, ...]:
    known = version.audited > 0
    kept = "" if version.guarantee is None or not known else "no" if version.broken else "yes"
    if version.alias.value == "challenger" or (kept == "yes" and _open(version)):
        kept = _proven(version)
    return (
        version.alias.value,
        f"{version.audited:,}",
        f"{version.right:,}",
        "" if version.estimate is None else f"{version.estimate:.1%}",
        f"{version.lower:.1%}" if known else "",
        f"{version.upper:.1%}" if known else "",
        "" if version.guarantee is None else f"{version.guarantee:.1%}",
        kept,
    )


def _open(version: "VersionLive") -> bool:
    return version.guarantee is not None and version.lower < version.guarantee


def _proven(version: "VersionLive") -> str:
    if version.guarantee is None or not version.audited:
        return ""
    if version.lower >= version.guarantee:
        return "proven"
    return "no" if version.upper < version.guarantee else "not proven"
