"""The picture of a page for people: small enough to load at once, and still readable."""

import io

from PIL import Image

from winnow_ocr.engine import Picture

MAX_BYTES = 200_000
"""What a page should have at most."""
_WAYS = ((1650, 70), (1650, 50), (1400, 50), (1240, 45), (1100, 40))
"""The longer side in pixels and the quality, best first.

A letter page of typed text has about 110 kB in the first. In the last, 6 point print with the noise
of a scanner has 170 kB and is readable. A page that is not small enough then stays as it is.
"""


def page_jpeg(picture: Picture) -> bytes:
    """A page as JPEG, in the best way that takes no more than `MAX_BYTES`.

    It is made of pixels alone: there is no EXIF data in it, nor anything else of the file.
    """
    image = Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)
    packed = b""
    for side, quality in _WAYS:
        if max(image.size) > side:
            image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        packed = out.getvalue()
        if len(packed) <= MAX_BYTES:
            break
    return packed
