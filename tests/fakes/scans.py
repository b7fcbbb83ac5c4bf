"""Pages as a scanner or a telephone would see them, rendered from text."""

import io
from collections.abc import Callable, Sequence
from textwrap import wrap

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Quality = Callable[[str], Image.Image]

_DPI = 200
_MARGIN = 0.9
_POINTS = 11
_CHARS = 84


def page(text: str, dpi: int = _DPI) -> Image.Image:
    """A letter page with the text in 11 point, in black on white; grey scale.

    The font is the one that Pillow carries.
    """
    image = Image.new("L", (int(8.5 * dpi), 11 * dpi), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_POINTS * dpi / 72)
    left = y = _MARGIN * dpi
    for paragraph in text.split("\n"):
        for line in wrap(paragraph, _CHARS) or [""]:
            draw.text((left, y), line, font=font, fill=0)
            y += 1.35 * _POINTS * dpi / 72
    return image


def clean(text: str) -> Image.Image:
    """A good scan: 200 dpi."""
    return page(text)


def poor(text: str) -> Image.Image:
    """A fax-like scan: 100 dpi, a degree askew, with noise."""
    image = page(text, 100).rotate(-1.0, Image.Resampling.BICUBIC, fillcolor=255)
    return _noisy(image, 25.0)


def photographed(text: str) -> Image.Image:
    """A photograph: blurred, grey on grey, a shadow across, packed as JPEG of low quality."""
    image = page(text, 150).filter(ImageFilter.GaussianBlur(1.3))
    image = image.point(lambda value: 90 + value * 0.42)
    shadow = Image.linear_gradient("L").resize(image.size).point(lambda value: 150 + value * 0.41)
    image = ImageChops.multiply(image, shadow)
    packed = io.BytesIO()
    _noisy(image.rotate(0.6, Image.Resampling.BICUBIC, fillcolor=120), 6.0).save(
        packed, "JPEG", quality=35
    )
    return Image.open(packed)


def photographed_askew(text: str) -> Image.Image:
    """The top of a page seen from the side, on a table, in the light of one lamp."""
    sheet = page(text, 110).crop((40, 60, 890, 320))
    width, height = sheet.size
    # Where the corners of the sheet lie on the photograph, clockwise from the top left.
    corners = [(70, 60), (width + 10, 110), (width + 60, height + 110), (20, height + 40)]
    rows, values = [], []
    of_sheet = [(0, 0), (width, 0), (width, height), (0, height)]
    for (x, y), (u, v) in zip(corners, of_sheet, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    size = (width + 100, height + 140)
    seen = sheet.transform(
        size,
        Image.Transform.PERSPECTIVE,
        np.linalg.solve(np.array(rows, float), np.array(values, float)).tolist(),
        Image.Resampling.BICUBIC,
        fillcolor=60,
    )
    across, down = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    lamp = 0.35 + 0.65 * np.exp(-((across - 0.3) ** 2 + (down - 0.3) ** 2) / 0.6)
    return Image.fromarray((np.asarray(seen, dtype=np.float64) * lamp).astype(np.uint8))


def illegible(text: str) -> Image.Image:
    """What nobody should trust: 72 dpi, blurred and noisy; every third word is misread."""
    image = page(text, 72).filter(ImageFilter.GaussianBlur(0.8))
    return _noisy(image, 25.0)


QUALITIES: dict[str, Quality] = {
    "200 dpi, clean": clean,
    "100 dpi, 1° askew, noise": poor,
    "photographed: blur, low contrast, shadow, JPEG": photographed,
    "72 dpi, blur, noise": illegible,
}


def packed(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(images: Sequence[Image.Image], **options: object) -> bytes:
    """A TIFF of several pages."""
    # Saved once, a picture keeps how: a second format takes a copy.
    first, *rest = [image.copy() for image in images]
    return packed(first, "TIFF", save_all=True, append_images=rest, **options)


def pdf(images: Sequence[Image.Image], dpi: int = _DPI) -> bytes:
    """A PDF of pictures, without a text layer."""
    first, *rest = images
    return packed(first, "PDF", save_all=True, append_images=rest, resolution=dpi)


def _noisy(image: Image.Image, spread: float) -> Image.Image:
    """With noise that is the same every time."""
    noise = np.random.default_rng(7).normal(0.0, spread, (image.height, image.width))
    dirty = np.clip(np.asarray(image, dtype=np.float64) + noise, 0, 255)
    return Image.fromarray(dirty.astype(np.uint8))
