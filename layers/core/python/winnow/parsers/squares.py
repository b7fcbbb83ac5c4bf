"""Pictures as the picture encoder takes them: upright, RGB, square, all of one size.

Standard input holds pictures one after the other, each behind its length, so that one child serves
thousands. A square goes to `scratch` as raw RGB rows, and behind it what people see, a small JPEG.
Both are made of pixels alone: no EXIF data, no profile and no comment of the file is in them.
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
_QUALITY = 80
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF")
_NAMES = {name: name.lower() for name in _FORMATS} | {"MPO": "jpeg"}
"""What a format is called. A JPEG with further pictures behind it is opened as MPO."""
_NO_PICTURE = "It is no picture in PNG, JPEG, TIFF, WebP or GIF, or it is damaged."


def parse(
    file: IO[bytes], limits: dict[str, Any], emit: "Emitter", scratch: IO[bytes] | None
) -> None:
    """Emit an item for each picture when its bytes are written.

    `["square", format, width, height, bytes of the JPEG]`, or `["unread", code, reason]`.
    `limits["side"]` is the side of a square in pixels, `limits["thumbnail"]` the longer side of a
    JPEG; 0: none is made.
    """
    assert scratch is not None
    for picture in _pictures(file):
        try:
            kind, size, square, thumbnail = _decoded(picture, limits)
        except ParseError as error:
            emit(["unread", error.code, error.message])
        else:
            scratch.write(square.tobytes() + thumbnail)
            scratch.flush()
            emit(["square", kind, *size, len(thumbnail)])
        emit.flush()  # if the next one crashes the decoder, it is known which one it was


def _pictures(file: IO[bytes]) -> Iterator[bytes]:
    while length := file.read(LENGTH_BYTES):
        yield file.read(int.from_bytes(length, "little"))


def _decoded(picture: bytes, limits: dict[str, Any]) -> tuple[str, tuple[int, int], "Image", bytes]:
    """Format and size of a file, and of its first frame the square and the JPEG.

    The square is the middle, as large as fits, reduced or enlarged to the side.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the limit here is ours, and refuses before a pixel is decoded
    side, seen = limits["side"], limits["thumbnail"]
    try:
        with Image.open(io.BytesIO(picture), formats=_FORMATS) as image:
            check_size(image, limits)
            kind, size = _NAMES.get(str(image.format)), image.size
            if kind is None:
                raise ParseError("file_type", _NO_PICTURE)
            image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded at a fraction of its size
            image.load()
            plain = as_rgb(image)
            turned = ImageOps.exif_transpose(plain) if image.format != "TIFF" else plain
            square = ImageOps.fit(turned, (side, side), Image.Resampling.BICUBIC)
            return kind, size, square, _jpeg(turned, seen)
    except UnidentifiedImageError:
        raise ParseError("file_type", _NO_PICTURE) from None
    except (OSError, SyntaxError, EOFError, ValueError, TypeError, KeyError):
        raise ParseError("file_unreadable", "The picture is damaged or cut off.") from None


def _jpeg(picture: "Image", side: int) -> bytes:
    """A small copy, of its pixels alone."""
    from PIL import Image

    if not side:
        return b""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=1.0)
    small.info.clear()  # Pillow would write the comment of the file
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
