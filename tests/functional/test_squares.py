"""Pictures become squares: upright, RGB, of one size; a bad one costs itself alone."""

import io
import signal
from typing import Any

import numpy as np
import pytest
from PIL import Image

from winnow.limits.reading import ReadLimits
from winnow.parsers import squares as parser
from winnow.parsers.errors import ParseError
from winnow.readers import sandbox
from winnow_ocr.squares import SIDE, Square, UnreadPicture, squares_of

RED, GREEN = (220, 30, 30), (20, 160, 40)


def picture(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """The left half red, the right half green."""
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (size[0] // 2, 0, *size))
    return image


def packed(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def square(content: bytes, limits: ReadLimits | None = None) -> Square:
    (found,) = squares_of([content], limits or ReadLimits())
    assert not isinstance(found, UnreadPicture), found
    assert found.shape == (SIDE, SIDE, 3)
    return found


def colours(found: Square) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of a place in the left half, and of one in the right."""
    return tuple(found[112, 30].tolist()), tuple(found[112, 190].tolist())


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 12


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF"])
def test_every_format_has_the_same_square(kind: str) -> None:
    left, right = colours(square(packed(picture(), kind)))
    assert near(left, RED)
    assert near(right, GREEN)


@pytest.mark.parametrize("size", [(224, 224), (32, 32), (2000, 300), (300, 2000), (1, 50), (50, 1)])
def test_the_middle_fills_the_square(size: tuple[int, int]) -> None:
    found = square(packed(picture(size), "PNG"))
    if min(size) > 1:
        assert near(colours(found)[0], RED)
        assert near(colours(found)[1], GREEN)


def test_a_picture_lies_as_its_exif_data_say() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # half a turn
    left, right = colours(square(packed(picture(), "JPEG", exif=exif)))
    assert near(left, GREEN)
    assert near(right, RED)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "CMYK", "I;16", "1", "RGBA", "YCbCr"])
def test_every_mode_is_rgb(mode: str) -> None:
    image = picture().convert("L").convert("I").convert("I;16") if mode == "I;16" else picture()
    kind = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    square(packed(image.convert(mode) if mode != "I;16" else image, kind))


def test_of_an_animation_the_first_frame() -> None:
    frames = [Image.new("RGB", (60, 60), colour) for colour in (RED, GREEN)]
    found = square(packed(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert near(tuple(found[100, 100].tolist()), RED)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    limits = ReadLimits(max_pixels=10_000)
    (found,) = squares_of([packed(picture((101, 100)), "PNG")], limits)
    assert found == UnreadPicture(
        "file_bomb", "The picture has 101 x 100 pixels, more than 10,000 (limit max_pixels)."
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_type"),
        (b"a,b\n1,2\n", "file_type"),
        (b"%PDF-1.7 and so on", "file_type"),
        (packed(picture(), "BMP"), "file_type"),
        (packed(picture(), "JPEG")[:400], "file_unreadable"),
        (packed(picture(), "PNG")[:200], "file_unreadable"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "file_type"),
    ],
)
def test_what_is_no_picture_costs_itself_alone(content: bytes, code: str) -> None:
    good = packed(picture(), "PNG")
    first, bad, last = squares_of([good, content, good], ReadLimits())
    assert isinstance(bad, UnreadPicture)
    assert bad.code == code
    assert isinstance(first, np.ndarray)
    assert np.array_equal(first, last)


def test_no_pictures_start_no_child() -> None:
    assert squares_of([], ReadLimits()) == []


def test_a_crash_of_the_decoder_costs_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that dies in the middle of a batch: another goes on behind the picture."""
    crash = "import os; from winnow.parsers import squares; real = squares._square;"
    crash += (
        "squares._square = lambda p, l: "
        f"os.kill(os.getpid(), {int(signal.SIGSEGV)}) if p == b'crash' else real(p, l);"
    )
    before, after = sandbox._BOOT.split("from winnow.parsers.__main__", 1)
    monkeypatch.setattr(sandbox, "_BOOT", f"{before}{crash}from winnow.parsers.__main__{after}")
    good = packed(picture(), "PNG")
    found = squares_of([good, b"crash", good, b"crash", good], ReadLimits())
    assert [isinstance(one, UnreadPicture) for one in found] == [False, True, False, True, False]
    assert {one.code for one in found if isinstance(one, UnreadPicture)} == {"file_unreadable"}


def test_the_parser_holds_to_its_own_formats() -> None:
    with pytest.raises(ParseError, match="no picture"):
        parser._square(packed(picture(), "ICO"), {"side": SIDE, "max_pixels": 10**6})
