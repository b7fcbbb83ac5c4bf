"""Pages as a browser shows them, as PNG: headless Chromium and nothing else."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
VARIABLE = "CHROMIUM"
TALLEST = 3000
MARGIN = 24
COLOURS = 256
_SCHEMES = {"dark": 0, "light": 1}


class BrowserMissingError(RuntimeError):
    """There is no browser that takes pictures of pages."""


def find() -> str:
    """The browser's path.

    Raises:
        BrowserMissingError: there is none; the message says what to do.
    """
    named = os.environ.get(VARIABLE)
    for name in (named,) if named else NAMES:
        if path := shutil.which(name):
            return path
    raise BrowserMissingError(
        "No Chromium was found, which takes the pictures of pages. Install it (on Debian: "
        f"apt-get install chromium), or set {VARIABLE} to the path of one."
    )


def shoot(page: Path, out: Path, width: int, scale: float = 1.5, scheme: str = "light") -> Path:
    """Writes a PNG of an HTML file, cut where the page ends, in few colours.

    `width` is in CSS pixels; `scheme` is the colour scheme that the page is asked for.
    """
    with tempfile.TemporaryDirectory() as profile:
        # The sandbox needs what a container lacks; the pages are our own and load nothing.
        command = [
            find(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--force-device-scale-factor={scale}",
            f"--blink-settings=preferredColorScheme={_SCHEMES[scheme]}",
            f"--window-size={width},{TALLEST}",
            f"--screenshot={out}",
            page.resolve().as_uri(),
        ]
        out.unlink(missing_ok=True)
        done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    if not out.exists():
        raise RuntimeError(f"{command[0]} wrote no picture: {done.stderr[-2000:]!r}")
    few_colours(out, cut(Image.open(out).convert("RGB"), round(MARGIN * scale)))
    return out


def few_colours(
    out: Path, picture: Image.Image, method: Image.Quantize = Image.Quantize.MAXCOVERAGE
) -> None:
    """Writes a PNG in few colours."""
    # Of the ways to choose colours, the one that keeps a red dot red.
    few = picture.quantize(COLOURS, method, dither=Image.Dither.NONE)
    few.save(out, optimize=True)


def cut(picture: Image.Image, margin: int) -> Image.Image:
    """The picture without what is empty below the page."""
    background = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    box = ImageChops.difference(picture, background).getbbox()
    height = min(picture.height, box[3] + margin) if box else picture.height
    return picture.crop((0, 0, picture.width, height))
