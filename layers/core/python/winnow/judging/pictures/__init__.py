"""Judging pictures: by ImageNet's classes, or by a trained head."""

from winnow.heads.card import HeadFiles
from winnow.judging.pictures.base import PictureJudge
from winnow.judging.pictures.classes import ClassesJudge
from winnow.judging.pictures.trained import PictureHeadJudge
from winnow.ports import PictureEncoder
from winnow.processes.schema import LabelsProcess

__all__ = ["PictureJudge", "picture_judge"]


def picture_judge(
    definition: LabelsProcess, encoder: PictureEncoder, head: HeadFiles | None = None
) -> PictureJudge:
    """The judge of a process whose records are pictures.

    Raises:
        HeadInvalidError: The head is damaged or was trained for something else.
        HeadMissingError: A label has no classes, and there is no head.
    """
    if head is not None:
        return PictureHeadJudge(definition, encoder, head)
    return ClassesJudge(definition, encoder)
