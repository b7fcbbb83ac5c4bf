"""Which decisions a person may take of a process's records."""

from typing import NamedTuple

from winnow.errors import DecisionInvalidError
from winnow.models import Verdict
from winnow.processes.schema import CriteriaProcess, LabelsProcess


class Choice(NamedTuple):
    """A decision, and how people call it."""

    id: str
    title: str


_VERDICTS = (Choice(Verdict.MET, "Met"), Choice(Verdict.NOT_MET, "Not met"))
"""`undetermined` is the machine's word: a person who cannot decide says "cannot tell"."""


def choices_of(definition: CriteriaProcess | LabelsProcess) -> tuple[Choice, ...]:
    """The decisions that a person can choose from, in the definition's order."""
    if isinstance(definition, LabelsProcess):
        return tuple(Choice(label.id, label.title or label.id) for label in definition.labels)
    return _VERDICTS


def check_choice(definition: CriteriaProcess | LabelsProcess, decision: str) -> None:
    """Raise DecisionInvalidError unless the process has this decision."""
    allowed = [choice.id for choice in choices_of(definition)]
    if decision not in allowed:
        names = ", ".join(allowed[:20]) + (", …" if len(allowed) > 20 else "")
        raise DecisionInvalidError(
            f"The process {definition.id} has no such decision. It has: {names}."
        )
