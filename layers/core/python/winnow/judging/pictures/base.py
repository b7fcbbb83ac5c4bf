"""What judges of pictures have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.limits.budget import Check, no_deadline
from winnow.models import Judgement, ProcessInfo
from winnow.ports import PictureEncoder
from winnow.processes.schema import LabelsProcess

Square = NDArray[np.uint8]
"""A picture as the encoder takes it: [224, 224, 3], RGB."""
Features = NDArray[np.float32]
"""Shape [pictures, 1280], as the encoder gives them."""

BATCH = 16
"""Pictures that are encoded between two looks at the clock."""


class PictureJudge(ABC):
    """Judges pictures by a process of kind `labels`."""

    def __init__(self, definition: LabelsProcess, encoder: PictureEncoder) -> None:
        self._process = definition.info
        self._encoder = encoder

    @property
    def process(self) -> ProcessInfo:
        """What it judges by."""
        return self._process

    def __call__(
        self,
        pictures: Sequence[Square],
        fields: Sequence[Mapping[str, str]] | None = None,
        *,
        check: Check = no_deadline,
    ) -> list[Judgement]:
        """One judgement a picture, in order (see `winnow.ports.Judge`).

        `check` is called between pieces of work, and what it raises goes through.
        """
        return self.judge(self.features(pictures, check)) if len(pictures) else []

    def features(self, pictures: Sequence[Square], check: Check = no_deadline) -> Features:
        """What it computes with; another judge with the same encoder may judge by it, too."""
        rows = []
        for at in range(0, len(pictures), BATCH):
            check()
            rows.append(self._encoder(pictures[at : at + BATCH]))
        return np.concatenate(rows)

    @abstractmethod
    def judge(self, features: Features) -> list[Judgement]:
        """One judgement a row of the features, in order."""
