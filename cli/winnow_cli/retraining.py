"""What a training needs of a stack, as the command line has it."""

import time
from pathlib import Path

from winnow.registry.publish import Models, Vectors
from winnow.reviews.times import iso
from winnow_aws.training_lease import LeaseTable
from winnow_cli.models import TABLE, StackModels
from winnow_cli.reviews import StackReviews
from winnow_cli.target import Target
from winnow_encoder import load_encoder
from winnow_encoder.references import ReferenceVectors
from winnow_train.publishing import Stack

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
        vectors=Vectors(encoder.info, ReferenceVectors(encoder, model).of),
        samples=(SAMPLES,),
        clock=time.time,
        at=iso,
    )
