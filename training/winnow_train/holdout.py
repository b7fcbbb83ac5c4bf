"""Which reviewed records are held out: kept back for ever, so that versions can be compared.

A champion and its challenger are compared on records that neither was trained on. That has to stay
true when the challenger is champion and another one is trained. So it is no matter of a training: a
record's side is drawn once, by a hash of its text, and stays. Near copies are on one side. A new
text goes to the side of what it is like; one that is like texts of both sides is left out.
"""

import hashlib
from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

_SPACE = 2**64


class Side(Enum):
    """Where a row goes."""

    TRAIN = "train"
    HELD_OUT = "held_out"
    BETWEEN = "between"
    """Nowhere: it is like rows of both sides."""


def drawn(process: str, key: str, share: float) -> bool:
    """Whether the hash holds a text out.

    Args:
        process: Id of the process.
        key: What stands for the text (`near_copies.text_key`).
        share: Of all texts, in [0, 1].
    """
    digest = hashlib.sha256(f"winnow held out\n{process}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * _SPACE


def sides(
    process: str,
    groups: NDArray[np.intp],
    keys: Sequence[str],
    fixed: Sequence[Side | None],
    may_be_held_out: Sequence[bool],
    share: float,
) -> list[Side]:
    """The side of each row.

    Args:
        process: Id of the process.
        groups: Near copies have the same.
        keys: What stands for each text; in a group the first one decides.
        fixed: The sides of rows that were trained on or held out before; None: a new row.
        may_be_held_out: False for rows that were not sampled, such as corrections: a comparison on
            them would say nothing of other records.
        share: That is held out.
    """
    members: dict[int, list[int]] = {}
    for row, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(row)
    placed = [Side.TRAIN] * len(keys)
    for rows in members.values():
        before = {fixed[row] for row in rows} - {None}
        if len(before) > 1:
            side = Side.BETWEEN
        elif before:
            side = before.pop() or Side.TRAIN
        elif all(may_be_held_out[row] for row in rows) and drawn(process, keys[rows[0]], share):
            side = Side.HELD_OUT
        else:
            side = Side.TRAIN
        for row in rows:
            own = fixed[row] or side
            # What was not sampled is no evidence, even if it is like what was.
            wrong = own is Side.HELD_OUT and fixed[row] is None and not may_be_held_out[row]
            placed[row] = Side.BETWEEN if wrong else own
    return placed
