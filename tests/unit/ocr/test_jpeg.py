"""The pictures of pages that people are shown."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.fakes import scans
from winnow_ocr.engine import Picture
from winnow_ocr.jpeg import MAX_BYTES, page_jpeg

TEXT = "\n".join(["Hemoglobin 7.4 g/dL, ferritin 6, and no source on EGD or colonoscopy."] * 30)


def picture_of(image: Image.Image) -> Picture:
    image = image.convert("RGB")
    return Picture(image.width, image.height, image.tobytes())


@pytest.mark.parametrize("quality", [scans.clean, scans.poor, scans.photographed])
def test_a_page_is_small_and_has_its_shape(quality: scans.Quality) -> None:
    picture = picture_of(quality(TEXT))
    packed = page_jpeg(picture)
    assert len(packed) <= MAX_BYTES
    image = Image.open(io.BytesIO(packed))
    assert image.format == "JPEG"
    assert max(image.size) == min(1650, max(picture.width, picture.height))
    assert image.width / image.height == pytest.approx(picture.width / picture.height, rel=0.01)


def test_what_is_hard_to_pack_becomes_coarser() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1650, 1275, 3), dtype=np.uint8)
    packed = page_jpeg(picture_of(Image.fromarray(noise)))
    assert Image.open(io.BytesIO(packed)).size == (850, 1100)


def test_it_looks_like_the_page() -> None:
    page = scans.clean(TEXT)
    shown = Image.open(io.BytesIO(page_jpeg(picture_of(page)))).convert("L")
    small = np.asarray(page.resize(shown.size), dtype=float)
    assert np.abs(small - np.asarray(shown, dtype=float)).mean() < 5


def test_nothing_of_the_file_but_its_pixels_is_in_it() -> None:
    packed = page_jpeg(picture_of(scans.clean(TEXT)))
    image = Image.open(io.BytesIO(packed))
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"} | {
        *("progressive", "progression")
    }
    assert b"Exif" not in packed


def test_a_line_of_pixels_is_a_picture_too() -> None:
    image = Image.open(io.BytesIO(page_jpeg(Picture(4000, 1, b"\xff" * 12_000))))
    assert image.width <= 1650
