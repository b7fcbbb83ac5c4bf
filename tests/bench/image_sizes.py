"""Sizes of the functions' images above their base: `python -m tests.bench.image_sizes`.

Builds the images, measures them, and writes the table into docs/containers.md between its markers.
Prints one JSON document; `--only-print` leaves the document alone.
"""

import gzip
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import IO, NamedTuple, TypedDict, cast

from tests.container.engine import BASE, ROOT, build, docker, missing
from tests.container.settings import FUNCTIONS

LIMIT_MB = 150
LIMIT_TOGETHER_MB = 400
TOGETHER = "all together, a shared layer once"
DOCUMENT = ROOT / "docs" / "containers.md"
BEGIN, END = "<!-- sizes: make images -->", "<!-- /sizes -->"
_BLOCK_BYTES = 1 << 20


class Layer(NamedTuple):
    """A layer of an image."""

    name: str
    plain: int
    """Bytes of its tar."""
    packed: int
    """Bytes in a registry."""


class Size(TypedDict):
    """Megabytes (10^6 bytes) above the base."""

    compressed_mb: float
    uncompressed_mb: float


def layers(image: str) -> list[str]:
    """The digests of the image's uncompressed layers, lowest first."""
    found: list[str] = json.loads(
        docker("image", "inspect", image, "-f", "{{json .RootFS.Layers}}")
    )
    return found


def saved_layers(images: Sequence[str]) -> dict[str, list[Layer]]:
    """The layers of each image, lowest first: those that images share are measured once.

    A registry keeps each layer's tar compressed with gzip at its default level, 6.
    """
    with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
        # The manifest comes after the layers in some engines' streams, before them in others'.
        with tarfile.open(fileobj=cast("IO[bytes]", saved.stdout), mode="r|") as archive:
            found: dict[str, Layer] = {}
            links: dict[str, str] = {}
            manifest: list[dict[str, list[str]]] = []
            for member in archive:
                if member.issym() or member.islnk():
                    links[member.name] = _resolved(member)
                    continue
                content = archive.extractfile(member)
                if content is None:
                    continue
                if member.name == "manifest.json":
                    manifest = json.load(content)
                elif member.size > 0 and not member.name.endswith(".json"):
                    found[member.name] = Layer(member.name, *_measured(content))
        if saved.wait():
            raise RuntimeError(f"docker save {' '.join(images)} failed")
    return {
        tag: [found[links.get(name, name)] for name in image["Layers"]]
        for image in manifest
        for tag in image["RepoTags"]
    }


def _resolved(member: tarfile.TarInfo) -> str:
    if member.islnk():
        return member.linkname
    folder = member.name.rpartition("/")[0].split("/")
    for part in member.linkname.split("/"):
        if part == "..":
            folder.pop()
        else:
            folder.append(part)
    return "/".join(folder)


class _Counter:
    """A file that only counts."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, block: bytes) -> int:
        self.bytes += len(block)
        return len(block)

    def flush(self) -> None:
        pass


def _measured(content: IO[bytes]) -> tuple[int, int]:
    plain, counter = 0, _Counter()
    with gzip.GzipFile(fileobj=cast("IO[bytes]", counter), mode="wb", compresslevel=6) as packer:
        while block := content.read(_BLOCK_BYTES):
            plain += len(block)
            packer.write(block)
    return plain, counter.bytes


def measure() -> dict[str, Size]:
    """Each function's image above the base, and all of them together, a shared layer once."""
    base = layers(BASE)
    images = {function: build(function) for function in FUNCTIONS}
    for image in images.values():
        if layers(image)[: len(base)] != base:
            raise RuntimeError(f"{image} is not built on {BASE} as it is here")
    saved = saved_layers(list(images.values()))
    own = {function: saved[_tagged(image)][len(base) :] for function, image in images.items()}
    found = {function: total(those) for function, those in own.items()}
    return found | {TOGETHER: total(set(chain.from_iterable(own.values())))}


def _tagged(image: str) -> str:
    return image if ":" in image else f"{image}:latest"


def total(those: Iterable[Layer]) -> Size:
    """Megabytes (10^6 bytes) of layers."""
    counted = list(those)
    return Size(
        compressed_mb=round(sum(layer.packed for layer in counted) / 1e6, 1),
        uncompressed_mb=round(sum(layer.plain for layer in counted) / 1e6, 1),
    )


def table(sizes: Mapping[str, Size]) -> str:
    """The sizes as Markdown."""
    rows = [
        f"| {image} | {size['compressed_mb']:.1f} | {size['uncompressed_mb']:.1f} |"
        for image, size in sizes.items()
    ]
    head = ["| image | compressed MB above the base | uncompressed MB above the base |"]
    return "\n".join([*head, "|---|---|---|", *rows])


def too_large(sizes: Mapping[str, Size]) -> list[str]:
    """What is over its limit."""
    return [
        name
        for name, size in sizes.items()
        if size["compressed_mb"] > (LIMIT_TOGETHER_MB if name == TOGETHER else LIMIT_MB)
    ]


def write(sizes: Mapping[str, Size]) -> None:
    """Put the table into the document, in place of the one that is there."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{DOCUMENT.name} has lost its markers")
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(sizes)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    if (reason := missing()) is not None:
        print(reason, file=sys.stderr)
        raise SystemExit(3)
    measured = measure()
    if "--only-print" not in sys.argv[1:]:
        write(measured)
    print(json.dumps(measured, indent=2))
    raise SystemExit(bool(too_large(measured)))
