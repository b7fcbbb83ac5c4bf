"""Drawings of what is neither bicycle nor motorcycle: what `tests.fakes.two_wheels` never draws.

They are there to measure with: nothing is trained on them. Many have what two wheels have, too:
circles side by side, tubes, spokes.
"""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from tests.fakes.two_wheels import SIDE, Pen, Point, Rng, pictured

MIDDLE = SIDE / 2


def car(pen: Pen, rng: Rng) -> None:
    paint, glass = _colour(rng), (180, 210, 230)
    pen.rounded_rectangle([50, 210, 400, 310], 25, fill=paint)
    pen.polygon([(120, 210), (160, 130), (290, 130), (345, 210)], fill=paint)
    pen.polygon([(140, 208), (170, 145), (220, 145), (220, 208)], fill=glass)
    for x in (125, 325):
        _disc(pen, (x, 310), rng.uniform(34, 46), (25, 25, 25))
        _disc(pen, (x, 310), 16, (180, 180, 180))


def spectacles(pen: Pen, rng: Rng) -> None:
    width, radius = int(rng.integers(6, 16)), rng.uniform(50, 80)
    for x in (MIDDLE - radius - 25, MIDDLE + radius + 25):
        _ring(pen, (x, MIDDLE), radius, (30, 30, 30), width)
    pen.arc([MIDDLE - 35, 190, MIDDLE + 35, 260], 190, 350, fill=(30, 30, 30), width=width)


def face(pen: Pen, rng: Rng) -> None:
    _disc(pen, (MIDDLE, MIDDLE), 140, (235, 195, 160))
    for x in (175, 275):
        _disc(pen, (x, 190), rng.uniform(12, 22), (40, 40, 60))
    pen.arc([165, 200, 285, 310], 20, 160, fill=(150, 40, 40), width=10)
    pen.chord([90, 70, 358, 220], 180, 360, fill=_colour(rng))


def fish(pen: Pen, rng: Rng) -> None:
    paint = _colour(rng)
    pen.ellipse([80, 160, 330, 290], fill=paint)
    pen.polygon([(310, 225), (400, 150), (400, 300)], fill=paint)
    _disc(pen, (130, 210), 12, (10, 10, 10))
    for x in range(180, 300, 25):
        pen.arc([x, 190, x + 30, 260], 270, 90, fill=(60, 60, 60), width=3)


def flower(pen: Pen, rng: Rng) -> None:
    paint, petals = _colour(rng), int(rng.integers(5, 10))
    pen.line([(MIDDLE, 180), (MIDDLE + 15, 400)], fill=(40, 130, 50), width=12)
    for petal in range(petals):
        angle = math.tau * petal / petals
        _disc(pen, (MIDDLE + 65 * math.cos(angle), 170 + 65 * math.sin(angle)), 38, paint)
    _disc(pen, (MIDDLE, 170), 35, (240, 200, 40))


def clock(pen: Pen, rng: Rng) -> None:
    _disc(pen, (MIDDLE, MIDDLE), 150, (245, 245, 240))
    _ring(pen, (MIDDLE, MIDDLE), 150, _colour(rng), 14)
    for hour in range(12):
        angle = math.tau * hour / 12
        pen.line([_at(angle, 120), _at(angle, 138)], fill=(20, 20, 20), width=6)
    for length in (75, 115):
        pen.line([_at(0, 0), _at(rng.uniform(0, math.tau), length)], fill=(20, 20, 20), width=8)


def page(pen: Pen, rng: Rng) -> None:
    pen.rectangle([70, 20, 380, 430], fill=(250, 250, 250))
    for line in range(24):
        y, x = 45 + 15 * line, 95.0
        while x < 340 and rng.random() > 0.04:
            word = rng.uniform(8, 40)
            pen.rectangle([x, y, min(x + word, 355), y + 7], fill=(40, 40, 40))
            x += word + 7


def chart(pen: Pen, rng: Rng) -> None:
    pen.rectangle([40, 40, 410, 410], fill=(255, 255, 255))
    pen.line([(70, 60), (70, 380), (390, 380)], fill=(20, 20, 20), width=4)
    for bar in range(int(rng.integers(4, 9))):
        x = 85 + 35 * bar
        pen.rectangle([x, 380 - rng.uniform(30, 300), x + 24, 378], fill=_colour(rng))


def chair(pen: Pen, rng: Rng) -> None:
    paint, width = _colour(rng), int(rng.integers(10, 22))
    pen.line([(140, 60), (140, 400)], fill=paint, width=width)
    pen.line([(140, 240), (310, 240), (310, 400)], fill=paint, width=width)
    for y in (90, 130, 170):
        pen.line([(140, y), (165, y + 5)], fill=paint, width=width)
    pen.line([(140, 320), (310, 320)], fill=paint, width=width // 2)


def ladder(pen: Pen, rng: Rng) -> None:
    paint = _colour(rng)
    for x in (150, 300):
        pen.line([(x, 20), (x + 20, 430)], fill=paint, width=16)
    for rung in range(int(rng.integers(6, 11))):
        pen.line([(152, 60 + 40 * rung), (318, 60 + 40 * rung)], fill=paint, width=10)


def aeroplane(pen: Pen, rng: Rng) -> None:
    paint = _colour(rng)
    pen.ellipse([50, 200, 400, 260], fill=paint)
    pen.polygon([(200, 230), (270, 230), (330, 380), (290, 380)], fill=paint)
    pen.polygon([(210, 215), (260, 215), (300, 110), (275, 110)], fill=paint)
    pen.polygon([(60, 225), (110, 215), (70, 130), (45, 130)], fill=paint)


def cat(pen: Pen, rng: Rng) -> None:
    fur = _colour(rng)
    pen.ellipse([130, 200, 330, 410], fill=fur)
    _disc(pen, (MIDDLE, 160), 80, fur)
    for x in (165, 283):
        pen.polygon([(x - 25, 120), (x + 25, 120), (x, 45)], fill=fur)
    for x in (195, 253):
        _disc(pen, (x, 150), 12, (240, 230, 90))
    pen.arc([300, 230, 420, 400], 260, 90, fill=fur, width=22)


def star(pen: Pen, rng: Rng) -> None:
    points = [_at(math.tau * k / 10 - 1.57, 160 if k % 2 == 0 else 65) for k in range(10)]
    pen.polygon(points, fill=_colour(rng))


def bottle(pen: Pen, rng: Rng) -> None:
    paint = _colour(rng)
    pen.rounded_rectangle([160, 160, 290, 420], 25, fill=paint)
    pen.rectangle([200, 60, 250, 180], fill=paint)
    pen.rectangle([165, 240, 285, 330], fill=(245, 240, 220))


def snowman(pen: Pen, rng: Rng) -> None:
    for y, radius in ((330, 90), (200, 65), (100, 45)):
        _disc(pen, (MIDDLE, y), radius, (245, 245, 250))
        _ring(pen, (MIDDLE, y), radius, (120, 130, 150), 5)
    pen.rectangle([185, 20, 265, 65], fill=_colour(rng))


def lorry(pen: Pen, rng: Rng) -> None:
    pen.rectangle([40, 110, 290, 310], fill=_colour(rng))
    pen.rounded_rectangle([295, 180, 410, 310], 15, fill=_colour(rng))
    pen.rectangle([340, 195, 395, 240], fill=(190, 220, 235))
    for x in (95, 160, 350):
        _disc(pen, (x, 315), 36, (25, 25, 25))
        _disc(pen, (x, 315), 14, (190, 190, 190))


def curves(pen: Pen, rng: Rng) -> None:
    for _ in range(int(rng.integers(4, 12))):
        box = np.sort(rng.uniform(40, 410, (2, 2)), axis=0)
        pen.arc(
            [box[0, 0], box[0, 1], box[1, 0] + 20, box[1, 1] + 20],
            rng.uniform(0, 180),
            rng.uniform(180, 360),
            fill=_colour(rng),
            width=int(rng.integers(4, 18)),
        )


def umbrella(pen: Pen, rng: Rng) -> None:
    pen.pieslice([70, 80, 380, 390], 180, 360, fill=_colour(rng))
    pen.line([(MIDDLE, 90), (MIDDLE, 390)], fill=(60, 40, 30), width=9)
    pen.arc([MIDDLE - 50, 360, MIDDLE + 4, 420], 0, 180, fill=(60, 40, 30), width=9)


THINGS: tuple[Callable[[Pen, Rng], None], ...] = (
    car, spectacles, face, fish, flower, clock, page, chart, chair,
    ladder, aeroplane, cat, star, bottle, snowman, lorry, curves, umbrella,
)  # fmt: skip


def other_drawing(seed: int) -> bytes:
    """A picture of something else as a PNG: each thing in its turn."""
    rng = np.random.default_rng([seed, 7])
    layer = Image.new("RGBA", (SIDE, SIDE))
    THINGS[seed % len(THINGS)](ImageDraw.Draw(layer), rng)
    return pictured(layer, rng)


def _at(angle: float, length: float) -> Point:
    return (MIDDLE + length * math.cos(angle), MIDDLE + length * math.sin(angle))


def _disc(pen: Pen, middle: Point, radius: float, colour: tuple[int, int, int]) -> None:
    x, y = middle
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _ring(pen: Pen, middle: Point, radius: float, colour: tuple[int, int, int], width: int) -> None:
    x, y = middle
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=width)


def _colour(rng: Rng) -> tuple[int, int, int]:
    red, green, blue = rng.integers(20, 240, 3).tolist()
    return (red, green, blue)
