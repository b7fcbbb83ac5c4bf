"""Judging texts by a process: segments, similarity, keywords, logic."""

from typing import TYPE_CHECKING

from winnow.errors import HeadMissingError
from winnow.ports import Encoder, Judge
from winnow.processes.schema import CriteriaProcess, ProcessDefinition

if TYPE_CHECKING:
    from winnow.heads.card import HeadFiles

__all__ = ["build_judge", "readings_of"]


def build_judge(
    definition: ProcessDefinition, encoder: Encoder, head: "HeadFiles | None" = None
) -> Judge:
    """The judge of a process; its reference sentences are encoded here, once.

    Args:
        head: The process's trained head, where it has one.

    Raises:
        HeadInvalidError: The head is damaged or was trained for something else.
        HeadMissingError: The process's labels have no examples, and there is no head.
    """
    # Of the judges only the one that is asked for is loaded.
    if isinstance(definition, CriteriaProcess):
        from winnow.judging.criteria.judge import CriteriaJudge

        rules = CriteriaJudge(definition, encoder)
        if head is None:
            from winnow.judging.criteria.untrained import UntrainedCriteriaJudge

            return UntrainedCriteriaJudge(definition, rules)
        from winnow.judging.criteria.calibrated import CalibratedCriteriaJudge

        return CalibratedCriteriaJudge(definition, rules, encoder, head)
    if head is not None:
        from winnow.judging.labels.trained import HeadJudge

        return HeadJudge(definition, encoder, head)
    if bare := [label.id for label in definition.labels if not label.examples]:
        raise HeadMissingError(
            f"The label {bare[0]} of {definition.id} has no examples, and there is no trained head."
        )
    from winnow.judging.labels.nearest import LabelsJudge

    return LabelsJudge(definition, encoder)


def readings_of(definition: ProcessDefinition) -> dict[str, str]:
    """What its judge reads of the definition's sentences alone, to be kept under a key."""
    if not isinstance(definition, CriteriaProcess):
        return {}
    from winnow.judging.criteria.compile import readings_of

    return readings_of(definition)
