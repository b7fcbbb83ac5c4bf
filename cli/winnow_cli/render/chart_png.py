"""A chart's drawing as a PNG: drawn four times as large, then made smaller, so edges are smooth."""

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from winnow.search.drawing import Drawing, Mark
from winnow.search.svg import DOT, GROUND_LIGHT, LIGHT, MARGIN, SIZES, clean

SCALE = 2
"""Pixels of the picture for one of the drawing: sharp on a dense screen and on paper."""
_SMOOTH = 2
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_NARROWER = 0.92
"""The font is wider than those of screens."""


def png(drawing: Drawing) -> bytes:
    """The drawing as a PNG on a light ground, with matplotlib's font: on each machine the same."""
    size = (drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN)
    by = SCALE * _SMOOTH
    image = Image.new("RGB", (size[0] * by, size[1] * by), GROUND_LIGHT)
    canvas = ImageDraw.Draw(image)
    for mark in drawing.marks:
        _draw(canvas, mark, by)
    image = image.resize((size[0] * SCALE, size[1] * SCALE), Image.Resampling.LANCZOS)
    content = BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def _draw(canvas: ImageDraw.ImageDraw, mark: Mark, by: int) -> None:
    x, y = (mark.x + MARGIN) * by, (mark.y + MARGIN) * by
    x2, y2 = ((mark.x2 or 0) + MARGIN) * by, ((mark.y2 or 0) + MARGIN) * by
    colour = LIGHT[mark.role]
    if mark.kind == "text":
        text = clean(mark.text or "")
        font = _font(mark.role == "title", SIZES[mark.role] * by)
        canvas.text((x, y), text, fill=colour, font=font, anchor=_ANCHORS[mark.anchor])
    elif mark.kind == "rect":
        canvas.rectangle((x, y, max(x, x2 - by / 2), max(y, y2 - by / 2)), fill=colour)
    elif mark.kind == "dot":
        radius = DOT * by
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    else:
        width = 2 if mark.role.startswith("series") else 1
        canvas.line((x, y, x2, y2), fill=colour, width=width * by)


@cache
def _font(bold: bool, size: int, /) -> ImageFont.FreeTypeFont:
    spec = find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    fonts = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    file = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(fonts / file, round(size * _NARROWER))
