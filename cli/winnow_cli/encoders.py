"""The encoder of what a process judges."""

from pathlib import Path

from winnow.ports import Encoder, PictureEncoder
from winnow.processes.schema import ProcessDefinition


def encoder_for(definition: ProcessDefinition, model: Path) -> Encoder | PictureEncoder:
    """That of texts or that of pictures, of the folder `winnow model build` made.

    Raises:
        ModelInvalidError: It is not built, or was altered.
    """
    from winnow_encoder import load_encoder
    from winnow_encoder.pictures import load_picture_encoder

    return load_picture_encoder(model) if definition.of_pictures else load_encoder(model)
