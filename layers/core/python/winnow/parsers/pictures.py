"""Pages as pictures: PDF pages drawn by PDFium, images opened by Pillow, frames of a TIFF.

Every page goes to `scratch` as raw RGB rows, after an item that says how large it is: what decodes
a hostile image is this child, and what reads the text never sees the file.
"""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, cast

from winnow.parsers.errors import ParseError

if TYPE_CHECKING:
    from PIL.Image import Image

    from winnow.parsers.__main__ import Emitter

_DPI = 200
"""What a PDF page is drawn at: finer gains no accuracy, coarser loses small print."""
_MAX_SIDE = 3_300
"""Pixels of the longer side that a picture is reduced to: a letter page at 300 dpi."""
_POINTS = 792.0
"""The longer side of a page whose size on paper is not known: that of a letter page."""
_REDUCED = 1
"""TIFF's NewSubfileType of a smaller copy of another page."""
_SUBFILE = 254
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "tiff": "TIFF", "webp": "WEBP", "gif": "GIF"}


def parse(
    file: IO[bytes], limits: dict[str, Any], emit: "Emitter", scratch: IO[bytes] | None
) -> None:
    """Emit `["picture", page, width, height, columns, rows]` (points, pixels), then its bytes.

    `limits["file_kind"]` is the kind of file; `limits["pages"]` the page numbers, or None for all.
    """
    assert scratch is not None
    pages = _of_pdf if limits["file_kind"] == "pdf" else _of_image
    for number, width, height, picture in pages(file, limits):
        emit(["picture", number, round(width, 1), round(height, 1), *picture.size])
        emit.flush()
        scratch.write(picture.tobytes())
        scratch.flush()


Drawn = tuple[int, float, float, "Image"]


def _of_pdf(file: IO[bytes], limits: dict[str, Any]) -> Iterator[Drawn]:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(file)
        document.init_forms()  # what is filled in is drawn too
        count = len(document)
    except pdfium.PdfiumError:
        raise ParseError("file_unreadable", "The PDF is damaged or cut off.") from None
    numbers = limits["pages"] or range(1, count + 1)
    _check_pages(len(numbers), limits)
    for number in numbers:
        try:
            page = document[number - 1]
            width, height = page.get_size()
            scale = min(_DPI / 72, _MAX_SIDE / max(width, height, 1.0))
            drawn = page.render(scale=scale).to_pil().convert("RGB")
        except pdfium.PdfiumError:
            continue  # the parser of the text layer reports it
        # A poster is laid out like a page: what follows knows distances in points.
        shrink = min(1.0, _MAX_SIDE * 72 / _DPI / max(width, height, 1.0))
        yield number, width * shrink, height * shrink, drawn


def _of_image(file: IO[bytes], limits: dict[str, Any]) -> Iterator[Drawn]:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the limit here is ours, and refuses before a pixel is decoded
    try:
        with Image.open(file, formats=[_FORMATS[limits["file_kind"]]]) as image:
            frames = list(_frames(image, limits))
            _check_pages(len(frames), limits)
            for number, frame in enumerate(frames, start=1):
                image.seek(frame)
                drawn = _upright(image)
                scale = _POINTS / max(drawn.size)
                yield number, drawn.width * scale, drawn.height * scale, drawn
    except UnidentifiedImageError:
        raise ParseError("file_unreadable", "The picture is damaged, or empty.") from None
    except (OSError, SyntaxError, EOFError, ValueError, TypeError, KeyError):
        raise ParseError("file_unreadable", "The picture is damaged or cut off.") from None


def _frames(image: "Image", limits: dict[str, Any]) -> Iterator[int]:
    """The frames that are pages: all of a TIFF but its previews, the first of anything else."""
    frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    numbers = limits["pages"]
    _check_pages(frames, limits)
    number = 0
    for frame in range(frames):
        if frames > 1:
            image.seek(frame)
            if cast("Any", image).tag_v2.get(_SUBFILE, 0) & _REDUCED:
                continue
        number += 1
        check_size(image, limits)
        if numbers is None or number in numbers:
            yield frame


def _check_pages(count: int, limits: dict[str, Any]) -> None:
    most = limits["max_scanned_pages"]
    if count > most:
        raise ParseError(
            "file_too_large",
            f"{count:,} pages would have to be read by OCR, more than {most:,} "
            "(limit max_scanned_pages).",
        )


def check_size(image: "Image", limits: dict[str, Any]) -> None:
    """Refuse an image of too many pixels, or of none, before one is decoded."""
    width, height = image.size
    if width * height > limits["max_pixels"]:
        raise ParseError(
            "file_bomb",
            f"The picture has {width:,} x {height:,} pixels, more than {limits['max_pixels']:,} "
            "(limit max_pixels).",
        )
    if not width * height:
        raise ParseError("file_unreadable", "The picture has no pixels.")


def _upright(image: "Image") -> "Image":
    """As RGB, turned as its EXIF data say, reduced to `_MAX_SIDE`."""
    from PIL import Image, ImageOps

    image.draft("RGB", (_MAX_SIDE, _MAX_SIDE))  # a JPEG is decoded at a fraction of its size
    image.load()
    plain = as_rgb(image)
    turned = ImageOps.exif_transpose(plain) if image.format != "TIFF" else plain
    if max(turned.size) > _MAX_SIDE:
        turned.thumbnail((_MAX_SIDE, _MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return turned


def as_rgb(image: "Image") -> "Image":
    """Any mode as RGB: 16 bits scaled to 8, transparency on black or white, whichever contrasts."""
    from PIL import Image, ImageStat

    if image.mode.startswith("I") or image.mode == "F":
        low, high = cast("tuple[float, float]", image.convert("F").getextrema())
        if image.mode.startswith("I"):
            low, high = 0.0, 255.0 if high < 256 else 65_535.0 if high < 65_536 else high
        spread = max(high - low, 1e-9)
        scaled = image.convert("F").point(lambda value: value * (255 / spread) - low * 255 / spread)
        return scaled.convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layered = image.convert("RGBA")
        alpha = layered.getchannel("A")
        ink = ImageStat.Stat(layered.convert("L"), alpha.point(lambda value: 255 * (value > 127)))
        light = bool(ink.count[0]) and ink.mean[0] > 127 and alpha.getextrema()[0] == 0
        paper = Image.new("RGBA", layered.size, (0, 0, 0, 255) if light else (255,) * 4)
        merged = Image.alpha_composite(paper, layered).convert("RGB")
        merged.info.update({key: image.info[key] for key in ("exif",) if key in image.info})
        return merged
    return image.convert("RGB")
