"""Writing a tuned threshold into a process: its YAML keeps its comments and its layout."""

import re
from datetime import datetime
from pathlib import Path

from winnow.errors import ProcessInvalidError
from winnow.heads.card import CARD, HeadCard, Scope, ThresholdGuarantee, folder_of
from winnow.processes.loader import load_definition
from winnow_train.data import Labelled
from winnow_train.guarantee import SelectedThreshold


def with_threshold(text: str, source: str, threshold: float, why: str) -> str:
    """The definition's YAML with another threshold, and its version raised by a patch.

    :param why: stands behind the threshold as a comment
    :raises ProcessInvalidError: the text is not the block-style YAML in which a top-level field
        has a line of its own
    """
    before = load_definition(text, source)
    ends = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    version = re.search(r"^version:[ \t]*([\"']?)(\d+)\.(\d+)\.(\d+)\1[ \t]*(#.*)?$", text, re.M)
    if version is None:
        raise ProcessInvalidError(f"{source}: version: give it a line of its own, as in 1.0.0")
    raised = f"version: {version[2]}.{version[3]}.{int(version[4]) + 1}"
    comment = f"  {version[5]}" if version[5] else ""
    text = text[: version.start()] + raised + comment + text[version.end() :]
    line = f"threshold: {threshold:g}  # {why}"
    text, count = re.subn(r"^threshold:.*$", lambda _: line, text, count=1, flags=re.M)
    if not count:
        at = text.index(raised) + len(raised + comment)
        text = f"{text[:at]}\n{line}{text[at:]}"
    after = load_definition(text, source)
    same = {"threshold", "version"}
    if (
        after.model_dump(exclude=same) != before.model_dump(exclude=same)
        or after.threshold != threshold
    ):
        raise ProcessInvalidError(f"{source}: threshold: give it a line of its own")
    return text.replace("\n", ends)


def write_guarantee(
    file: Path,
    process_id: str,
    card: HeadCard | None,
    found: SelectedThreshold,
    labelled: Labelled,
    *,
    held_out: bool,
    scope: Scope | None,
    now: datetime,
) -> None:
    """Put the threshold into the process and, where it has a head, the guarantee onto its card."""
    if found.threshold is None:
        raise ValueError("there is no threshold to write")
    why = (
        f"winnow tune {now:%Y-%m-%d}: {found.precision:g} right with {found.confidence:g} "
        f"confidence, on {labelled.sha256[:12]}"
    )
    text = with_threshold(file.read_bytes().decode("utf-8-sig"), file.name, found.threshold, why)
    if card is not None:
        guarantee = ThresholdGuarantee(
            precision=found.precision,
            confidence=found.confidence,
            threshold=found.threshold,
            coverage=round(found.coverage, 4),
            rows=found.rows,
            accepted=found.accepted,
            right=found.right,
            file=labelled.file,
            data_sha256=labelled.sha256,
            held_out=held_out,
            created=now.isoformat(timespec="seconds"),
        )
        # A run is compared with the review rate that goes with this threshold.
        profile = card.profile and card.profile.model_copy(
            update={"review_rate": round(1 - found.coverage, 4), "threshold": found.threshold}
        )
        card = card.model_copy(
            update={"promise": guarantee, "scope": scope or card.scope, "profile": profile}
        )
        path = folder_of(file, process_id) / CARD
        path.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    file.write_bytes(text.encode())
