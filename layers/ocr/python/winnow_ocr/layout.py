"""From lines with corners to a page as the readers know it: straightened, in points."""

from collections.abc import Sequence
from math import atan2, cos, hypot, pi, sin

from winnow.readers.pages.geometry import Box, Line, Page
from winnow_ocr.engine import FoundLine, Picture, Point

_MIN_CHARS = 8
"""Of shorter lines the slope is a matter of chance."""
_SLOPE_TOLERANCE = 0.002
"""Radians, a tenth of a degree: less is left alone."""
_MAX_SLOPE = 0.35
_MIN_TALL_RATIO = 1.5
_MIN_TALL_SHARE = 0.6


def page_of(
    number: int,
    width: float,
    height: float,
    picture: Picture,
    found_lines: Sequence[FoundLine],
    turns: int = 0,
) -> Page:
    """A page of `width` x `height` points with the lines that OCR found on its picture.

    Lines of a page that stands askew are turned about its middle until they are level, so
    that what stands side by side has the same height; where a line stands on the page as it
    was uploaded is its `box`. `turns` is how often the picture was turned clockwise by a
    right angle before it was read.
    """
    middle = Point(picture.width / 2, picture.height / 2)
    angle = slope(found_lines)
    across, down = width / picture.width, height / picture.height
    lines = []
    for line in found_lines:
        centre, long, high = _measured(line)
        x, y = _turned(centre, middle, -angle)
        half_long, half_high = long / 2, high / 2
        lines.append(
            Line(
                line.text,
                round((x - half_long) * across, 1),
                round((y - half_high) * down, 1),
                round((x + half_long) * across, 1),
                round((y + half_high) * down, 1),
                round(_share(line.confidence), 4),
                _box(line, picture, turns),
            )
        )
    return Page(number, width, height, tuple(lines))


def _box(line: FoundLine, picture: Picture, turns: int) -> Box:
    """What encloses the line on the picture as it was before its turns, as shares of its size."""
    shares = [Point(p.x / picture.width, p.y / picture.height) for p in line.corners]
    for _ in range(turns):
        shares = [Point(p.y, 1 - p.x) for p in shares]
    xs, ys = ([round(_share(value), 4) for value in values] for values in zip(*shares, strict=True))
    return min(xs), min(ys), max(xs), max(ys)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def slope(lines: Sequence[FoundLine]) -> float:
    """The angle that the lines of a page go down to the right, in radians; 0 for a level page.

    The median, weighted by length: a stamp that stands across does not turn the page.
    """
    slopes = sorted(
        (atan2(b.y - a.y, b.x - a.x), hypot(b.x - a.x, b.y - a.y))
        for a, b, _, _ in (line.corners for line in lines if len(line.text) >= _MIN_CHARS)
    )
    half = sum(weight for _, weight in slopes) / 2
    for angle, weight in slopes:
        half -= weight
        if half <= 0:
            return angle if _SLOPE_TOLERANCE < abs(angle) < _MAX_SLOPE else 0.0
    return 0.0


def lies_on_its_side(lines: Sequence[FoundLine]) -> bool:
    """Whether most of the text runs from top to bottom."""
    long = [line for line in lines if len(line.text) >= _MIN_CHARS]
    tall = sum(_is_tall(line) for line in long)
    return tall > _MIN_TALL_SHARE * len(long) > 0


def confidence_of(lines: Sequence[FoundLine]) -> float:
    """The mean confidence of the lines, weighted by their length; 0 where there are none."""
    chars = sum(len(line.text) for line in lines)
    return sum(len(line.text) * line.confidence for line in lines) / chars if chars else 0.0


def _is_tall(line: FoundLine) -> bool:
    xs, ys = [p.x for p in line.corners], [p.y for p in line.corners]
    return max(ys) - min(ys) > _MIN_TALL_RATIO * (max(xs) - min(xs))


def _measured(line: FoundLine) -> tuple[Point, float, float]:
    """The middle of a line, how long it is and how high."""
    a, b, c, d = line.corners
    middle = Point(sum(p.x for p in line.corners) / 4, sum(p.y for p in line.corners) / 4)
    long = (hypot(b.x - a.x, b.y - a.y) + hypot(c.x - d.x, c.y - d.y)) / 2
    high = (hypot(d.x - a.x, d.y - a.y) + hypot(c.x - b.x, c.y - b.y)) / 2
    angle = abs(atan2(b.y - a.y, b.x - a.x))
    if pi / 4 < angle < 3 * pi / 4:  # it stands upright on the page
        return middle, high, long
    return middle, long, high


def _turned(point: Point, about: Point, angle: float) -> Point:
    x, y = point.x - about.x, point.y - about.y
    return Point(
        about.x + x * cos(angle) - y * sin(angle), about.y + x * sin(angle) + y * cos(angle)
    )
