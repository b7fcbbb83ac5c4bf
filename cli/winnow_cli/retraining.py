"""What a training needs of a stack, as the command line has it."""

import time
from collections.abc import Mapping
from pathlib import Path

from winnow.errors import WinnowError
from winnow.models import Mail
from winnow.registry.publish import Models, Vectors
from winnow.storage.times import iso
from winnow_aws.topic import TopicMailer
from winnow_aws.training_lease import LeaseTable
from winnow_aws.trainings import TrainingTable
from winnow_cli.console import note
from winnow_cli.models import TABLE, StackModels
from winnow_cli.reviews import PAGE, StackReviews
from winnow_cli.target import Target
from winnow_encoder import load_encoder
from winnow_encoder.pictures import load_picture_encoder
from winnow_encoder.references import ReferenceVectors
from winnow_train.publishing import Stack
from winnow_train.trainings import Telling

TOPIC = "TopicArn"
"""Output of a stack: the topic of its e-mails."""
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
"""The files that the heads of the checkout were trained on."""


def training_stack(target: Target, models: StackModels, model: Path) -> Stack:
    """The registry, the reviews and the lease of a stack, with the model of this machine.

    Raises:
        ReviewOffError: The stack was deployed without reviews.
        ModelInvalidError: The model is not built here, or was altered.
    """
    reviews = StackReviews(target)
    encoder = load_encoder(model)
    return Stack(
        models=Models(models.registry, models.store, models.bucket),
        reviews=reviews.store,
        items=reviews.items,
        lease=LeaseTable(target.dynamodb(), target.output(TABLE)),
        encoder=encoder,
        pictures=lambda: load_picture_encoder(model),
        vectors=Vectors(encoder.info, ReferenceVectors(encoder, model).of),
        samples=(SAMPLES,),
        clock=time.time,
        at=iso,
    )


def telling(target: Target) -> Telling:
    """Where the end of a training is told: in the table of models, and by e-mail."""
    return Telling(
        TrainingTable(target.dynamodb(), target.output(TABLE)),
        _Mailer(TopicMailer(target.client("sns"), target.output(TOPIC))),
        target.outputs.get(PAGE, ""),
    )


class _Mailer:
    """Who trains may not be allowed to send e-mails: that is told, and changes nothing else."""

    def __init__(self, topic: TopicMailer) -> None:
        self._topic = topic

    def send(self, mail: Mail, attributes: Mapping[str, str] | None = None) -> None:
        try:
            self._topic.send(mail, attributes)
        except WinnowError as error:
            note(f"No e-mail was sent ({error.code}).")
