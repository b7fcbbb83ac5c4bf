"""Pictures as the picture encoder takes them: upright, RGB, square, all of one size.

Standard input holds pictures one after the other, each behind its length, so that one child serves
thousands. A square goes to `scratch` as raw RGB rows: nothing else of the file is left in it, no
EXIF data and no profile.
"""

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from winnow.parsers.errors import ParseError
from winnow.parsers.pictures import as_rgb, check_size

if TYPE_CHECKING:
    from PIL.Image import Image

    from winnow.parsers.__main__ import Emitter

LENGTH_BYTES = 8
"""Of the number before each picture, little-endian."""
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF")


def parse(
    file: IO[bytes], limits: dict[str, Any], emit: "Emitter", scratch: IO[bytes] | None
) -> None:
    """Emit `["square"]` for each picture when its bytes are written, or `["unread", code, reason]`.

    `limits["side"]` is the length of a side in pixels.
    """
    assert scratch is not None
    for picture in _pictures(file):
        try:
            square = _square(picture, limits)
        except ParseError as error:
            emit(["unread", error.code, error.message])
        else:
            scratch.write(square.tobytes())
            scratch.flush()
            emit(["square"])
        emit.flush()  # if the next one crashes the decoder, it is known which one it was


def _pictures(file: IO[bytes]) -> Iterator[bytes]:
    while length := file.read(LENGTH_BYTES):
        yield file.read(int.from_bytes(length, "little"))


def _square(picture: bytes, limits: dict[str, Any]) -> "Image":
    """The first frame: its middle, as large as fits, reduced or enlarged to the side."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the limit here is ours, and refuses before a pixel is decoded
    side = limits["side"]
    try:
        with Image.open(io.BytesIO(picture), formats=_FORMATS) as image:
            check_size(image, limits)
            image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded at a fraction of its size
            image.load()
            plain = as_rgb(image)
            turned = ImageOps.exif_transpose(plain) if image.format != "TIFF" else plain
            return ImageOps.fit(turned, (side, side), Image.Resampling.BICUBIC)
    except UnidentifiedImageError:
        raise ParseError(
            "file_type", "It is no picture in PNG, JPEG, TIFF, WebP or GIF, or it is damaged."
        ) from None
    except (OSError, SyntaxError, EOFError, ValueError, TypeError, KeyError):
        raise ParseError("file_unreadable", "The picture is damaged or cut off.") from None
