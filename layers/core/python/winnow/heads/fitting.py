"""Whether a head is one of a definition: what judging demands, and so publishing does.

No numpy: versions are published where there is none.
"""

from winnow.errors import HeadInvalidError
from winnow.heads.card import HeadCard
from winnow.processes.schema import CriteriaProcess, LabelsProcess, ProcessDefinition


def check_definition(card: HeadCard, definition: ProcessDefinition) -> None:
    """Check that a head was trained for what a definition asks for.

    Raises:
        HeadInvalidError: It was trained for another kind, other labels or criteria, or other input.
    """
    if card.kind != definition.kind:
        raise HeadInvalidError(
            f"The head is one of kind {card.kind}, and {definition.id} is of kind "
            f"{definition.kind}."
        )
    if isinstance(definition, CriteriaProcess):
        if card.criteria != tuple(criterion.id for criterion in definition.criteria):
            raise HeadInvalidError(
                f"The head of {definition.id} was trained for criteria other than those of the "
                "process."
            )
    else:
        _check_labels(card, definition)


def _check_labels(card: HeadCard, definition: LabelsProcess) -> None:
    _check_modality(card, definition)
    if set(card.labels) != {label.id for label in definition.labels}:
        raise HeadInvalidError(
            f"The head of {definition.id} was trained for labels other than those of the process."
        )
    if card.data.numeric_columns != definition.input.numeric_columns:
        raise HeadInvalidError(
            f"The head of {definition.id} reads other numeric columns than the process."
        )


def _check_modality(card: HeadCard, definition: LabelsProcess) -> None:
    if definition.of_pictures and card.picture_encoder is None:
        raise HeadInvalidError(
            f"The head of {definition.id} was trained on texts, and the process judges pictures: "
            "train it on pictures."
        )
    if not definition.of_pictures and card.picture_encoder is not None:
        raise HeadInvalidError(
            f"The head of {definition.id} was trained on pictures, and the process judges texts: "
            "train it on texts."
        )
