"""Make a folder ready to be copied into an image. Usage: python prepare.py FOLDER [INSTALLED_AT].

Run while an image is built. It takes out of installed packages what no function reaches, compiles
what is left, since a running function cannot write and its first import is what a cold start waits
for, and makes it readable for every user, since Lambda runs as its own user.
"""

import compileall
import gzip
import json
import shutil
import sys
from pathlib import Path
from platform import machine
from py_compile import PycInvalidationMode
from typing import Any

DROP = {
    "ai_edge_litert": ("libLiteRtWebGpuAccelerator.so", "aot", "tools", "vendors"),
    "boto3": ("examples",),
    "cv2": ("data", "**/*.pyi"),
    "matplotlib": (
        *("mpl-data/fonts/afm", "mpl-data/fonts/pdfcorefonts", "mpl-data/fonts/ttf/STIX*"),
        *("mpl-data/images", "mpl-data/sample_data", "backends/web_backend", "tests"),
    ),
    "numpy": ("**/tests", "f2py", "_core/include", "_core/lib", "**/*.pyi"),
    # Python's own module holds the whole runtime; the library is for programs in C.
    "onnxruntime": (
        "backend",
        "capi/libonnxruntime.so.*",
        "datasets",
        "quantization",
        "tools",
        "transformers",
    ),
    "scipy": ("**/tests", "**/*.pyi"),
    "shapely": ("tests",),
    "sklearn": ("**/tests", "datasets/data", "datasets/images", "datasets/descr"),
}
"""Package -> what is deleted: other machines' accelerators, model tools, headers, tests."""

NEEDED_BY = {"numpy/f2py": "scipy"}
"""Folder that is kept where this package is installed, whose modules load it."""

ONLY_FOR = {"ai_edge_litert/vendors": "x86_64"}
"""Folder that is in the wheels for this machine alone."""

KEEP = {
    # Descriptions of every AWS service. The functions call S3; Scan can call Textract; Sweep,
    # Dispatch and Digest call the table, the workflow, the queues and the topic; Queue and Api
    # call Scan and Train; Api asks which alarms ring; Notify reads the webhook's address; Search
    # can ask Athena.
    "botocore/data": (
        "athena",
        "batch",
        "cloudwatch",
        "dynamodb",
        "lambda",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "stepfunctions",
        "textract",
    ),
    "boto3/data": ("s3",),
}
"""Folder -> the folders in it that are kept; files are kept too."""

ENDPOINTS_OF = ("sts",)
"""Whose endpoints botocore may look up besides those of the services that are kept: it exchanges a
role for its credentials."""

COMMANDS = ("bin", "share")
"""Programs for a shell, next to the packages."""


def slim(folder: Path) -> None:
    """Apply the rules to the packages that are in the folder.

    A rule that matches nothing is an error: a new version has moved things, and the image would
    silently grow or break.
    """
    for package, patterns in DROP.items():
        for pattern in patterns if (folder / package).is_dir() else ():
            matches = list((folder / package).glob(pattern))
            if not matches:
                if ONLY_FOR.get(f"{package}/{pattern}", machine()) != machine():
                    continue
                raise SystemExit(f"prepare: {package} has no {pattern}")
            if (needing := NEEDED_BY.get(f"{package}/{pattern}")) and (folder / needing).is_dir():
                continue
            for match in matches:
                _remove(match)
    for name, kept in KEEP.items():
        inside = list((folder / name).iterdir()) if (folder / name).is_dir() else []
        if inside and not {path.name for path in inside} >= set(kept):
            raise SystemExit(f"prepare: {name} has not all of {', '.join(kept)}")
        for path in inside:
            if path.is_dir() and path.name not in kept:
                _remove(path)
    for name in COMMANDS:
        _remove(folder / name)


def lighten(data: Path) -> None:
    """Make botocore's descriptions quicker to read, which takes half of the making of a client.

    Texts for people are emptied, so every description keeps its keys. Endpoints of other services
    go. Nothing is packed, since an image's layers are.
    """
    prefixes = set(ENDPOINTS_OF)
    packed = sorted(data.glob("*/*/*.json.gz"))
    for path in packed:
        described = _without_texts(json.loads(gzip.decompress(path.read_bytes())))
        prefixes.add(described.get("metadata", {}).get("endpointPrefix", ""))
        _write_json(path.with_suffix(""), described)
        path.unlink()
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    if not (packed and endpoints["partitions"][0]["services"]):
        raise SystemExit(f"prepare: {data} has other descriptions than it had")
    _write_json(data / "endpoints.json", endpoints)


def compile_all(folder: Path, installed_at: str) -> None:
    """Compile by hash and unchecked: the file times of an image's layers cannot be relied on."""
    good = compileall.compile_dir(
        folder,
        quiet=1,
        stripdir=str(folder),
        prependdir=installed_at,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not good:
        raise SystemExit("prepare: not all could be compiled")


def let_all_read(folder: Path) -> None:
    """Files a clone made with a strict umask are readable by their owner alone."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _without_texts(described: Any) -> Any:
    """The same in the same order; a `documentation` that is no text is a thing of this name."""
    if isinstance(described, dict):
        return {
            name: ""
            if name == "documentation" and isinstance(value, str)
            else _without_texts(value)
            for name, value in described.items()
        }
    if isinstance(described, list):
        return [_without_texts(one) for one in described]
    return described


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")), "utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    here = Path(sys.argv[1])
    slim(here)
    if (data := here / "botocore" / "data").is_dir():
        lighten(data)
    compile_all(here, sys.argv[2] if len(sys.argv) > 2 else str(here))
    let_all_read(here)
