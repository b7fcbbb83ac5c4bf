"""Pictures that are drawn by code, as files."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw


def wheels(count: int = 2, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """This many wheels on a road."""
    image = Image.new("RGB", size, (200, 220, 240))
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((0, height * 3 // 4, width, height), fill=(110, 110, 110))
    radius = height // 5
    for wheel in range(count):
        middle = width * (2 * wheel + 1) // (2 * count)
        box = (middle - radius, height // 2, middle + radius, height // 2 + 2 * radius)
        draw.ellipse(box, outline=(20, 20, 20), width=max(1, radius // 6))
    return image


def packed(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def archive(members: Mapping[str, bytes]) -> bytes:
    """A ZIP, stored without compression, as pictures are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()
