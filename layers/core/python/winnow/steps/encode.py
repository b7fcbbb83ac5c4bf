"""What results are compared with that are to be like a picture: Classify encodes it."""

from winnow.judging.pictures.vectors import picture_vectors
from winnow.models import EncodedSquare, EncodeSquare
from winnow.ports import PictureEncoder
from winnow.steps.classify import one_square
from winnow.storage.vectors import DIMENSIONS


def encode_square(task: EncodeSquare, encoder: PictureEncoder) -> EncodedSquare:
    """The vector of one picture, zeros where it has no features; nothing is written.

    Raises StoredDataInvalidError when it is no square.
    """
    [vector] = picture_vectors(encoder([one_square(task.encode)]))
    return EncodedSquare(vector=vector or bytes(DIMENSIONS))
