"""Small pictures in every mode that decoders treat differently."""

import io

from PIL import Image

_SIZE = (9, 7)
_HALF = (5, 3)


def pngs() -> tuple[bytes, ...]:
    """Black and white, grey, palette with transparency, RGBA, 16 bits, interlaced, animated."""
    shown = [
        _packed(_picture(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
    ]
    still = _picture("RGB")
    moving = io.BytesIO()
    still.save(moving, "PNG", save_all=True, append_images=[still.rotate(180)])
    clear = _packed(_picture("P"), "PNG", transparency=0)
    return (*shown, clear, moving.getvalue(), shown[0][:60])


def jpegs() -> tuple[bytes, ...]:
    """Grey, colour, CMYK, progressive, turned by EXIF, with another picture behind it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    still = _picture("RGB")
    many = io.BytesIO()
    still.save(many, "MPO", save_all=True, append_images=[still.rotate(180)])
    return (
        *(_packed(_picture(mode), "JPEG") for mode in ("L", "RGB", "CMYK")),
        _packed(_picture("RGB"), "JPEG", progressive=True),
        _packed(_picture("RGB"), "JPEG", exif=exif),
        many.getvalue(),
    )


def tiffs() -> tuple[bytes, ...]:
    """Every mode of a page, three packings, several pages, one of them a reduced copy."""
    modes = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F")
    page = _picture("1")
    many = io.BytesIO()
    page.save(many, "TIFF", save_all=True, append_images=[page.resize(_HALF), page])
    return (
        *(_packed(_picture(mode), "TIFF") for mode in modes),
        *(_packed(page, "TIFF", compression=name) for name in ("tiff_lzw", "packbits", "group4")),
        _packed(page, "TIFF", tiffinfo={254: 1}),
        many.getvalue(),
    )


def webps() -> tuple[bytes, ...]:
    """Lossy, lossless, with transparency, turned by EXIF, animated."""
    exif = Image.Exif()
    exif[0x0112] = 6
    still = _picture("RGB")
    moving = io.BytesIO()
    still.save(moving, "WEBP", save_all=True, append_images=[still.rotate(180)])
    return (
        _packed(still, "WEBP"),
        _packed(still, "WEBP", lossless=True),
        _packed(_picture("RGBA"), "WEBP"),
        _packed(still, "WEBP", exif=exif),
        moving.getvalue(),
    )


def gifs() -> tuple[bytes, ...]:
    """Black and white, grey, a palette with transparency, interlaced, animated, cut off."""
    shown = [_packed(_picture(mode), "GIF") for mode in ("1", "L", "P")]
    still = _picture("P")
    moving = io.BytesIO()
    still.save(moving, "GIF", save_all=True, append_images=[still.rotate(180)])
    clear = _packed(still, "GIF", transparency=0)
    return (*shown, clear, _packed(still, "GIF", interlace=1), moving.getvalue(), shown[1][:60])


def _picture(mode: str) -> Image.Image:
    """A dark bar on a light ground."""
    picture = Image.new("L", _SIZE, 230)
    picture.paste(20, (1, 2, 8, 4))
    return picture.convert("I").convert(mode) if mode == "I;16" else picture.convert(mode)


def _packed(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
