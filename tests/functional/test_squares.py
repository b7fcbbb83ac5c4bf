"""Pictures become squares: upright, RGB, of one size; a bad one costs itself alone."""

import io
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from winnow.limits.budget import RecordRejection
from winnow.limits.reading import ReadLimits
from winnow.models import Picture
from winnow.parsers import squares as parser
from winnow.parsers.errors import ParseError
from winnow.readers import sandbox
from winnow.steps.pictures import DecodedPicture
from winnow_ocr.squares import SIDE, Square, decode_pictures, squares_of

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
    assert not isinstance(found, RecordRejection), found
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


@pytest.mark.parametrize(
    ("kind", "called"),
    [("GIF", "gif"), ("TIFF", "tiff"), ("WEBP", "webp"), ("PNG", "png"), ("MPO", "jpeg")],
)
@pytest.mark.parametrize("side", [60, 2000])
def test_of_several_pictures_in_a_file_the_first(kind: str, called: str, side: int) -> None:
    frames = [Image.new("RGB", (side, side), colour) for colour in (RED, GREEN)]
    content = packed(frames[0], kind, save_all=True, append_images=frames[1:])
    (found,) = decode_pictures([content], ReadLimits())
    assert isinstance(found, DecodedPicture)
    assert found.picture == Picture(format=called, width=side, height=side)
    assert near(tuple(found.square[-3:]), RED)


# -- what people see -------------------------------------------------------------------------------

PLANTED = b"Zaphod Beeblebrox"


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = PLANTED.decode()
    exif[0x0112] = 6  # a quarter of a turn
    return exif


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"exif": _exif(), "comment": PLANTED, "icc_profile": PLANTED, "xmp": PLANTED}),
        ("PNG", {"exif": _exif(), "icc_profile": PLANTED}),
        ("WEBP", {"exif": _exif(), "icc_profile": PLANTED, "xmp": PLANTED}),
        ("TIFF", {"tiffinfo": {270: PLANTED.decode()}}),
        ("GIF", {"comment": PLANTED}),
    ],
)
def test_people_see_a_small_jpeg_of_the_pixels_alone(kind: str, options: dict[str, Any]) -> None:
    content = packed(picture((900, 600)), kind, **options)
    assert PLANTED in content or kind in ("PNG", "WEBP")  # where it is packed
    (found,) = decode_pictures([content], ReadLimits())
    assert isinstance(found, DecodedPicture)
    assert found.picture == Picture(format=kind.lower(), width=900, height=600)
    assert PLANTED not in found.square + found.thumbnail
    with Image.open(io.BytesIO(found.thumbnail)) as seen:
        assert seen.format == "JPEG"
        assert not seen.getexif()
        assert not seen.info.keys() & {"comment", "icc_profile", "xmp", "exif"}
        turned = "exif" in options
        assert seen.size == ((213, 320) if turned else (320, 213))
    assert len(found.thumbnail) < 30_000


def test_a_small_picture_is_not_enlarged() -> None:
    (found,) = decode_pictures([packed(picture((32, 20)), "PNG")], ReadLimits())
    assert isinstance(found, DecodedPicture)
    with Image.open(io.BytesIO(found.thumbnail)) as seen:
        assert seen.size == (32, 20)


def test_a_batch_has_each_picture_s_own_bytes() -> None:
    files = [packed(Image.new("RGB", (50, 40), (n * 20, 0, 0)), "PNG") for n in range(5)]
    for number, found in enumerate(decode_pictures([*files[:3], b"", *files[3:]], ReadLimits())):
        if number == 3:
            assert isinstance(found, RecordRejection)
            continue
        assert isinstance(found, DecodedPicture)
        red = 20 * (number - (number > 3))
        assert found.square[:3] == bytes((red, 0, 0))
        with Image.open(io.BytesIO(found.thumbnail)) as seen:
            assert near(seen.convert("RGB").getpixel((20, 20)), (red, 0, 0))  # type: ignore[arg-type]


# -- what is refused -------------------------------------------------------------------------------


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    limits = ReadLimits(max_pixels=10_000)
    (found,) = squares_of([packed(picture((101, 100)), "PNG")], limits)
    assert found == RecordRejection(
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
    assert isinstance(bad, RecordRejection)
    assert bad.code == code
    assert isinstance(first, np.ndarray)
    assert np.array_equal(first, last)


def test_no_pictures_start_no_child() -> None:
    assert squares_of([], ReadLimits()) == []


def test_a_crash_of_the_decoder_costs_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that dies in the middle of a batch: another goes on behind the picture."""
    crash = "import os; from winnow.parsers import squares; real = squares._decoded;"
    crash += (
        "squares._decoded = lambda p, l: "
        f"os.kill(os.getpid(), {int(signal.SIGSEGV)}) if p == b'crash' else real(p, l);"
    )
    before, after = sandbox._BOOT.split("from winnow.parsers.__main__", 1)
    monkeypatch.setattr(sandbox, "_BOOT", f"{before}{crash}from winnow.parsers.__main__{after}")
    good = packed(picture(), "PNG")
    found = squares_of([good, b"crash", good, b"crash", good], ReadLimits())
    assert [isinstance(one, RecordRejection) for one in found] == [False, True, False, True, False]
    assert {one.code for one in found if isinstance(one, RecordRejection)} == {"file_unreadable"}


@pytest.mark.parametrize(
    "item",
    [
        ["square", "bmp", 60, 60, 0],
        ["square", "png", 0, 60, 0],
        ["square", "png", 60, 60, 10**6],
        ["square", "png", 60, 60, -1],
        ["square", "png", 60, 60, None],
        ["square"],
        ["unread", None, "why"],
        ["picture", 1, 2, 3],
        ["end"],
    ],
)
def test_what_no_child_should_say_costs_one_picture(
    item: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sandbox.parse

    def saying(*args: Any, **options: Any) -> Iterator[list[Any]]:
        for said in real(*args, **options):
            if said[0] != "unread":
                yield said
            elif item == ["end"]:
                return
            else:
                yield item

    monkeypatch.setattr(sandbox, "parse", saying)
    good = packed(picture(), "PNG")
    found = squares_of([good, b"bad", good, b"bad"], ReadLimits())
    assert [isinstance(one, RecordRejection) for one in found] == [False, True, False, True]
    assert {one.code for one in found if isinstance(one, RecordRejection)} == {"file_unreadable"}


def test_the_parser_holds_to_its_own_formats() -> None:
    with pytest.raises(ParseError, match="no picture"):
        parser._decoded(
            packed(picture(), "ICO"), {"side": SIDE, "thumbnail": 0, "max_pixels": 10**6}
        )
