"""Keep in a folder only what the folders below lack. Usage: python upper.py FOLDER BELOW.

Run while an image is built. Images that have packages in common copy them from one folder, which
is a layer that a registry keeps once; what an image has besides is a layer above it. FOLDER has
all packages of the image and BELOW the common ones, both prepared (prepare.py).
"""

import filecmp
import sys
from pathlib import Path


def keep_upper(folder: Path, below: Path) -> None:
    """Delete the files that are the same below, and the folders that are empty then.

    Raises SystemExit if a file is below that the folder lacks: the image would have what its lock
    does not install.
    """
    for lower in sorted(path for path in below.rglob("*") if not path.is_dir()):
        upper = folder / lower.relative_to(below)
        if not upper.is_file():
            raise SystemExit(f"upper: {lower.relative_to(below)} is below, and not in {folder}")
        if filecmp.cmp(upper, lower, shallow=False):
            upper.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


if __name__ == "__main__":
    keep_upper(Path(sys.argv[1]), Path(sys.argv[2]))
