"""Take out of an image's packages what a function never reaches. Usage: python slim.py PACKAGES.

Run while an image is built. A rule of a package that is there and matches nothing is an error: a
new version has moved things, and the image would silently grow or break.
"""

import shutil
import sys
from pathlib import Path

DROP = {
    "ai_edge_litert": ("libLiteRtWebGpuAccelerator.so", "tools", "vendors"),
    "boto3": ("examples",),
    "numpy": ("**/tests", "f2py", "_core/include", "_core/lib", "**/*.pyi"),
}
"""Package -> what goes: other machines' accelerators, model tools, headers, tests."""

KEEP = {
    # descriptions of every AWS service: the functions call S3 alone
    "botocore/data": ("s3",),
    "boto3/data": ("s3",),
}
"""Folder -> the folders in it that stay; files stay too."""

COMMANDS = ("bin", "share")
"""Beside the packages, and of no use without a shell."""


def slim(packages: Path) -> None:
    """Apply the rules to a folder that pip has installed into."""
    for package, patterns in DROP.items():
        if not (packages / package).is_dir():
            continue
        for pattern in patterns:
            matches = list((packages / package).glob(pattern))
            if not matches:
                raise SystemExit(f"slim: {package} has no {pattern}")
            for match in matches:
                _remove(match)
    for folder, names in KEEP.items():
        if not (packages / folder / names[0]).is_dir():
            raise SystemExit(f"slim: {folder} has no {names[0]}")
        for path in (packages / folder).iterdir():
            if path.is_dir() and path.name not in names:
                _remove(path)
    for name in COMMANDS:
        _remove(packages / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
