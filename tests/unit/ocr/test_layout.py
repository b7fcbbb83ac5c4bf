"""From lines with corners to a page: straightened, in points; and which way up it lies."""

from math import cos, radians, sin

import pytest

from winnow_ocr.engine import FoundLine, Picture, Point
from winnow_ocr.layout import confidence_of, lies_on_its_side, page_of, slope
from winnow_ocr.pages import half_turn, quarter_turn

PICTURE = Picture(1700, 2200, b"")


def found(
    text: str, x: float, y: float, long: float, high: float = 30, angle: float = 0, sure: float = 1
) -> FoundLine:
    """A line whose box is turned about the middle of the picture."""

    def turned(px: float, py: float) -> Point:
        dx, dy = px - 850, py - 1100
        a = radians(angle)
        return Point(850 + dx * cos(a) - dy * sin(a), 1100 + dx * sin(a) + dy * cos(a))

    corners = (
        turned(x, y),
        turned(x + long, y),
        turned(x + long, y + high),
        turned(x, y + high),
    )
    return FoundLine(text, corners, sure)


def lines(angle: float) -> list[FoundLine]:
    return [
        found(f"line {i} of the letter", 200, 200 + 50 * i, 1300, angle=angle) for i in range(9)
    ]


@pytest.mark.parametrize("angle", [-5.0, -1.0, 0.5, 3.0])
def test_a_page_that_stands_askew_is_straightened(angle):
    assert slope(lines(angle)) == pytest.approx(radians(angle), abs=1e-6)
    page = page_of(1, 612, 792, PICTURE, lines(angle))
    level = page_of(1, 612, 792, PICTURE, lines(0))
    for line, straight in zip(page.lines, level.lines, strict=True):
        assert (line.x0, line.y0, line.x1, line.y1) == pytest.approx(
            (straight.x0, straight.y0, straight.x1, straight.y1), abs=0.2
        )


@pytest.mark.parametrize("angle", [-5.0, 0.0, 3.0])
def test_a_box_encloses_its_line_on_the_page_as_it_was_uploaded(angle):
    askew = lines(angle)
    for line, seen in zip(askew, page_of(1, 612, 792, PICTURE, askew).lines, strict=True):
        assert seen.box is not None
        left, top, right, bottom = seen.box
        xs, ys = [p.x / 1700 for p in line.corners], [p.y / 2200 for p in line.corners]
        assert (left, top, right, bottom) == pytest.approx(
            (min(xs), min(ys), max(xs), max(ys)), abs=1e-4
        )


@pytest.mark.parametrize(
    ("turns", "box"),
    [
        (0, (0.1, 0.2, 0.5, 0.25)),
        (1, (0.2, 0.5, 0.25, 0.9)),
        (2, (0.5, 0.75, 0.9, 0.8)),
        (3, (0.75, 0.1, 0.8, 0.5)),
    ],
)
def test_a_box_of_a_page_that_was_turned_to_be_read(turns, box):
    """A quarter turn clockwise brings a page's left edge to its top."""
    (line,) = page_of(1, 612, 792, PICTURE, [found("a b", 170, 440, 680, 110)], turns).lines
    assert line.box == pytest.approx(box)
    assert (line.x0, line.y0) == (61.2, 158.4)


def test_a_box_ends_at_the_edge_of_its_page():
    (line,) = page_of(1, 612, 792, PICTURE, [found("a b", -20, -9, 1800, 100)]).lines
    assert line.box == (0, 0, 1, pytest.approx(91 / 2200, abs=1e-4))


def test_a_level_page_keeps_its_boxes_in_points():
    (line,) = page_of(3, 612, 792, PICTURE, [found("a b", 170, 220, 340, 44, sure=0.87654)]).lines
    assert (line.x0, line.y0, line.x1, line.y1) == (61.2, 79.2, 183.6, 95.0)
    assert line.confidence == 0.8765


def test_a_stamp_across_does_not_turn_the_page():
    stamp = found("RECEIVED 3 MARCH", 900, 300, 300, angle=30)
    assert slope([*lines(0), stamp]) == 0


def test_short_lines_say_nothing_of_the_slope():
    assert slope([found("12", 100, 100, 40, angle=9)]) == 0
    assert slope([]) == 0


def test_a_page_on_its_side():
    tall = [found(f"line {i} of the letter", 200 + 50 * i, 200, 30, 1300) for i in range(9)]
    assert lies_on_its_side(tall)
    assert not lies_on_its_side(lines(0))
    assert not lies_on_its_side([found("1", 1, 1, 1, 100)])
    assert not lies_on_its_side([])


def test_confidence_is_weighted_by_length():
    assert (
        confidence_of([found("a" * 30, 0, 0, 9, sure=0.9), found("b" * 10, 0, 0, 9, sure=0.5)])
        == 0.8
    )
    assert confidence_of([]) == 0


def test_turning_a_picture():
    #  1 2      3 1        4 3
    #  3 4      4 2        2 1
    picture = Picture(2, 2, bytes([1, 1, 9, 2, 2, 9, 3, 3, 9, 4, 4, 9]))
    assert quarter_turn(picture).pixels[::3] == bytes([3, 1, 4, 2])
    assert half_turn(picture) == Picture(2, 2, bytes([4, 4, 9, 3, 3, 9, 2, 2, 9, 1, 1, 9]))
    wide = Picture(3, 1, bytes(range(9)))
    assert (quarter_turn(wide).width, quarter_turn(wide).height) == (1, 3)
    assert quarter_turn(quarter_turn(wide)) == half_turn(wide)
