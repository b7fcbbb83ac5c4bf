"""Judging texts by a process: segments, similarity, keywords, logic."""

from winnow.judging.criteria import CriteriaJudge
from winnow.judging.labels import LabelsJudge
from winnow.ports import Encoder, Judge
from winnow.process import CriteriaProcess, ProcessDefinition

__all__ = ["build_judge"]


def build_judge(definition: ProcessDefinition, encoder: Encoder) -> Judge:
    """The judge of a process; its reference sentences are encoded here, once."""
    if isinstance(definition, CriteriaProcess):
        return CriteriaJudge(definition, encoder)
    return LabelsJudge(definition, encoder)
