"""Drawings of bicycles, motorcycles and other things, each another one, the same for a seed.

What the head of processes/two-wheels.yaml was trained on. To make the folder and the head again:

    python -m tests.fakes.two_wheels FOLDER/generated-drawings
    winnow train --process two-wheels --data FOLDER/generated-drawings
"""

import io
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 448
"""Pixels of a side while a picture is drawn."""
EACH = {"bicycle": 500, "motorcycle": 500, "other": 400}
"""Drawings of each thing in the training folder."""
FOLDERS = {"bicycle": "bicycle", "motorcycle": "motorcycle", "other": "none"}

Rng = np.random.Generator
Colour = tuple[int, int, int]
Point = tuple[float, float]
Pen = ImageDraw.ImageDraw


def bicycle(pen: Pen, rng: Rng) -> None:
    """Two thin wheels, a frame of tubes, saddle, handlebars, pedals."""
    radius = rng.uniform(70, 95)
    half = rng.uniform(1.15, 1.4) * radius
    ground = rng.uniform(330, 370)
    rear, front = (224 - half, ground - radius), (224 + half, ground - radius)
    tube, paint = int(rng.integers(5, 13)), _paint(rng)
    rubber = _dark(rng)
    for hub in (rear, front):
        _circle(pen, hub, radius, rubber, int(rng.integers(4, 10)))
        for spoke in range(int(rng.integers(0, 15))):
            angle = spoke * 2.4
            rim = (hub[0] + radius * math.cos(angle), hub[1] + radius * math.sin(angle))
            pen.line([hub, rim], fill=(150, 150, 150), width=1)
        if rng.random() < 0.3:
            box = _box(hub, radius + 12)
            pen.arc(box, 180, 320, fill=paint, width=6)
    crank = (224 + rng.uniform(-20, 5), ground - radius + rng.uniform(0, 15))
    seat = (rear[0] + rng.uniform(0.35, 0.6) * half, ground - rng.uniform(2.0, 2.35) * radius)
    head = (front[0] - rng.uniform(0.2, 0.4) * half, ground - rng.uniform(2.1, 2.4) * radius)
    top = seat if rng.random() < 0.6 else _between(seat, crank, rng.uniform(0.3, 0.7))
    low = _between(head, front, 0.18)
    for ends in ((rear, crank), (rear, top), (crank, seat), (crank, low), (top, head)):
        pen.line([*ends], fill=paint, width=tube)
    pen.line([head, front], fill=paint if rng.random() < 0.6 else rubber, width=tube)
    _circle(pen, crank, rng.uniform(14, 24), (110, 110, 110), 5)
    _pedals(pen, rng, crank)
    pen.line([(seat[0] - 28, seat[1] - 8), (seat[0] + 22, seat[1] - 6)], fill=rubber, width=11)
    _handlebars(pen, rng, head, rubber)
    if rng.random() < 0.2:
        pen.rectangle(
            [head[0] + 5, head[1] - 5, head[0] + 60, head[1] + 40], outline=rubber, width=4
        )


def motorcycle(pen: Pen, rng: Rng) -> None:
    """Two fat wheels, tank, seat, engine, exhaust, fork and lamp; some are scooters."""
    radius = rng.uniform(55, 78)
    half = rng.uniform(1.6, 2.0) * radius
    ground = rng.uniform(330, 370)
    rear, front = (224 - half, ground - radius), (224 + half, ground - radius)
    paint, rubber, metal = _paint(rng), _dark(rng), _metal(rng)
    scooter = rng.random() < 0.25
    for hub in (rear, front):
        _circle(pen, hub, radius, rubber, int(rng.integers(18, 30)))
        _circle(pen, hub, radius * rng.uniform(0.3, 0.5), metal, int(rng.integers(4, 20)))
    head = (front[0] - rng.uniform(0.35, 0.6) * half, ground - rng.uniform(2.5, 2.9) * radius)
    pen.line([head, front], fill=metal, width=int(rng.integers(12, 20)))
    waist = ground - rng.uniform(1.7, 2.0) * radius
    if scooter:
        shield = [
            head,
            (head[0] + 25, head[1] + 10),
            (front[0] - 35, ground - 45),
            (224, ground - 40),
        ]
        pen.polygon([*shield, (224, ground - 60), (head[0] - 10, ground - 75)], fill=paint)
        tail = [
            (rear[0] - 60, waist),
            (215, waist),
            (224, ground - 40),
            (rear[0] - 10, ground - 55),
        ]
        pen.polygon(tail, fill=paint)
    else:
        engine = [224 - 55, waist + 20, 224 + rng.uniform(35, 60), ground - rng.uniform(25, 40)]
        pen.rounded_rectangle(engine, 14, fill=metal)
        for fin in range(int(rng.integers(0, 6))):
            level = engine[1] + 12 + 12 * fin
            pen.line([(engine[0], level), (engine[2], level)], fill=rubber, width=3)
        tank = [224 - 40, waist - rng.uniform(35, 55), head[0] + 5, waist + rng.uniform(5, 20)]
        pen.ellipse(tank, fill=paint)
        pen.line([(rear[0] + 10, waist + 15), (head[0], head[1] + 30)], fill=rubber, width=12)
        pen.line([rear, (224 - 45, ground - 50)], fill=metal, width=14)
        if rng.random() < 0.35:
            fairing = [head, (head[0] + 45, head[1] + 35), (224 + 50, ground - 50), (224, waist)]
            pen.polygon(fairing, fill=paint)
    seat = [rear[0] - rng.uniform(10, 50), waist - 22, 224 - rng.uniform(5, 30), waist + 4]
    pen.rounded_rectangle(seat, 11, fill=rubber)
    pipe = ground - rng.uniform(28, 45)
    pen.line([(224, pipe), (rear[0] - rng.uniform(10, 60), pipe - 8)], fill=metal, width=15)
    pen.chord(_box(front, radius + 10), 200, 320, fill=paint)
    _circle(pen, (head[0] + 22, head[1] + 14), 17, (250, 240, 190), 17)
    _handlebars(pen, rng, head, rubber)


def other(pen: Pen, rng: Rng) -> None:
    """A house, a tree, a cup, or some shapes."""
    paint, second = _paint(rng), _paint(rng)
    kind = int(rng.integers(4))
    if kind == 0:
        pen.rectangle([110, 200, 340, 370], fill=paint)
        pen.polygon([(90, 200), (225, 90), (360, 200)], fill=second)
        pen.rectangle([200, 280, 250, 370], fill=_dark(rng))
    elif kind == 1:
        pen.rectangle([205, 240, 245, 390], fill=(100, 70, 40))
        for _ in range(9):
            _circle(pen, tuple(rng.uniform(130, 310, 2)), rng.uniform(40, 70), (40, 120, 50), 70)
    elif kind == 2:
        pen.rounded_rectangle([130, 150, 290, 350], 30, fill=paint)
        _circle(pen, (300, 240), 50, paint, 18)
    else:
        for _ in range(int(rng.integers(3, 8))):
            corners = [tuple(rng.uniform(60, 390, 2)) for _ in range(int(rng.integers(3, 6)))]
            pen.polygon(corners, fill=_paint(rng))


THINGS: dict[str, Callable[[Pen, Rng], None]] = {
    "bicycle": bicycle,
    "motorcycle": motorcycle,
    "other": other,
}


def drawing(thing: str, seed: int) -> bytes:
    """A picture of a thing as a PNG; the same bytes for the same seed and version of Pillow."""
    rng = np.random.default_rng([seed, list(THINGS).index(thing)])
    ground = _background(rng)
    layer = Image.new("RGBA", (SIDE, SIDE))
    THINGS[thing](ImageDraw.Draw(layer), rng)
    return finished(layer, ground, rng)


def pictured(layer: Image.Image, rng: Rng) -> bytes:
    """What was drawn as a picture of its own, on a background, as a PNG."""
    return finished(layer, _background(rng), rng)


def finished(layer: Image.Image, ground: Image.Image, rng: Rng) -> bytes:
    """What was drawn, placed on its background and worn, as a PNG."""
    picture = _placed(layer, ground, rng)
    out = io.BytesIO()
    _worn(picture, rng).save(out, "PNG")
    return out.getvalue()


def _placed(layer: Image.Image, ground: Image.Image, rng: Rng) -> Image.Image:
    """The thing on its background: mirrored, seen at a slant, turned, smaller, elsewhere."""
    if rng.random() < 0.5:
        layer = layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    size = rng.uniform(0.65, 1.3)
    width = int(SIDE * size * rng.uniform(0.55, 1))
    layer = layer.resize((width, int(SIDE * size)), Image.Resampling.BICUBIC)
    layer = layer.rotate(rng.uniform(-18, 18), Image.Resampling.BICUBIC, expand=True)
    left, top = (
        int(room / 2 + rng.uniform(-0.4, 0.4) * abs(room))
        for room in (SIDE - length for length in layer.size)
    )
    ground.paste(layer, (left, top), layer)
    return ground


def _background(rng: Rng) -> Image.Image:
    """One colour, a slope of two, sky and ground, or a wall of blocks."""
    kind = int(rng.integers(4))
    first, second = (np.array(_any(rng), np.float64) for _ in range(2))
    if kind == 0:
        first = np.maximum(first, 200) if rng.random() < 0.6 else first
        pixels = np.broadcast_to(first, (SIDE, SIDE, 3))
    elif kind == 1:
        slope = np.linspace(0, 1, SIDE)[:, None, None]
        pixels = np.broadcast_to(first * slope + second * (1 - slope), (SIDE, SIDE, 3))
    elif kind == 2:
        pixels = np.empty((SIDE, SIDE, 3))
        horizon = int(rng.integers(150, 340))
        pixels[:horizon], pixels[horizon:] = (190, 215, 240), first * 0.6
    else:
        blocks = rng.uniform(0.6, 1, (14, 14, 1)) * first
        pixels = blocks.repeat(SIDE // 14, 0).repeat(SIDE // 14, 1)
    grain = rng.normal(0, rng.uniform(0, 12), (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def _worn(picture: Image.Image, rng: Rng) -> Image.Image:
    """As cameras give it: reduced, some of it blurred, lighter or darker, with noise."""
    side = int(rng.choice([32, 48, 96, 224]))
    picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    if side > 48 and rng.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.5)))
    pixels = np.asarray(picture, np.float64) * rng.uniform(0.7, 1.15)
    pixels += rng.normal(0, rng.uniform(0, 10), pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _pedals(pen: Pen, rng: Rng, crank: Point) -> None:
    angle = rng.uniform(0, math.tau)
    arm = (30 * math.cos(angle), 30 * math.sin(angle))
    for side in (1, -1):
        end = (crank[0] + side * arm[0], crank[1] + side * arm[1])
        pen.line([crank, end], fill=(70, 70, 70), width=5)
        pen.line([(end[0] - 10, end[1]), (end[0] + 10, end[1])], fill=(40, 40, 40), width=7)


def _handlebars(pen: Pen, rng: Rng, head: Point, colour: Colour) -> None:
    x, y = head
    if rng.random() < 0.3:
        pen.arc([x - 5, y - 22, x + 40, y + 20], 200, 90, fill=colour, width=7)
    else:
        back = rng.uniform(10, 35)
        pen.line([(x, y + 5), (x, y - 14), (x - back, y - 22)], fill=colour, width=8)


def _circle(pen: Pen, middle: Point, radius: float, colour: Colour, width: int) -> None:
    pen.ellipse(_box(middle, radius), outline=colour, width=width)


def _box(middle: Point, radius: float) -> tuple[float, float, float, float]:
    x, y = middle
    return (x - radius, y - radius, x + radius, y + radius)


def _between(one: Point, other: Point, share: float) -> Point:
    return (one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1]))


def _any(rng: Rng) -> Colour:
    red, green, blue = rng.integers(30, 256, 3).tolist()
    return (red, green, blue)


def _paint(rng: Rng) -> Colour:
    """A strong colour, white or black."""
    colours = ((200, 30, 30), (30, 80, 190), (30, 130, 60), (230, 180, 30), (235, 235, 235))
    shift = rng.integers(-25, 20, 3)
    chosen = (*colours, (25, 25, 30), (230, 110, 30), (120, 40, 130))[int(rng.integers(8))]
    red, green, blue = np.clip(np.array(chosen) + shift, 0, 255).tolist()
    return (red, green, blue)


def _dark(rng: Rng) -> Colour:
    level = int(rng.integers(10, 60))
    return (level, level, level)


def _metal(rng: Rng) -> Colour:
    level = int(rng.integers(90, 200))
    return (level, level, level + 5)


def main(folder: Path) -> None:
    """Write the training drawings into a folder a label, those of other things into `none`."""
    for thing, count in EACH.items():
        label = folder / FOLDERS[thing]
        label.mkdir(parents=True, exist_ok=True)
        for seed in range(count):
            (label / f"{seed:04}.png").write_bytes(drawing(thing, seed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
