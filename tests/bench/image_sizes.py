"""Sizes of the functions' images above their base: `python -m tests.bench.image_sizes`.

Builds the images, measures them, and writes the table into docs/containers.md between its markers.
Prints one JSON document; `--only-print` leaves the document alone.
"""

import gzip
import json
import subprocess
import sys
import tarfile
from typing import IO, cast

from tests.container.engine import BASE, ROOT, build, docker, missing
from tests.container.settings import FUNCTIONS

LIMIT_MB = 150
DOCUMENT = ROOT / "docs" / "containers.md"
BEGIN, END = "<!-- sizes: make images -->", "<!-- /sizes -->"
_BLOCK_BYTES = 1 << 20


def layers(image: str) -> list[str]:
    """The digests of the image's uncompressed layers, lowest first."""
    found: list[str] = json.loads(
        docker("image", "inspect", image, "-f", "{{json .RootFS.Layers}}")
    )
    return found


def layer_sizes(image: str, skip: int) -> tuple[int, int]:
    """Bytes of an image's layers but the lowest `skip`: as they are, and as a registry keeps them.

    A registry keeps each layer's tar compressed with gzip at its default level, 6.
    """
    plain = packed = 0
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
        # The manifest comes after the layers in some engines' streams, before them in others'.
        with tarfile.open(fileobj=cast("IO[bytes]", saved.stdout), mode="r|") as archive:
            sizes: dict[str, tuple[int, int]] = {}
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
                    sizes[member.name] = _measured(content)
        if saved.wait():
            raise RuntimeError(f"docker save {image} failed")
    for name in manifest[0]["Layers"][skip:]:
        here = sizes[links.get(name, name)]
        plain += here[0]
        packed += here[1]
    return plain, packed


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


def measure() -> dict[str, dict[str, float]]:
    """Each function's image: megabytes (10^6 bytes) above the base."""
    base = layers(BASE)
    found = {}
    for function in FUNCTIONS:
        image = build(function)
        if layers(image)[: len(base)] != base:
            raise RuntimeError(f"{image} is not built on {BASE} as it is here")
        plain, packed = layer_sizes(image, len(base))
        found[function] = {
            "compressed_mb": round(packed / 1e6, 1),
            "uncompressed_mb": round(plain / 1e6, 1),
        }
    return found


def table(sizes: dict[str, dict[str, float]]) -> str:
    """The sizes as Markdown."""
    rows = [
        f"| {function} | {size['compressed_mb']:.1f} | {size['uncompressed_mb']:.1f} |"
        for function, size in sizes.items()
    ]
    head = ["| image | compressed MB above the base | uncompressed MB above the base |"]
    return "\n".join([*head, "|---|---|---|", *rows])


def write(sizes: dict[str, dict[str, float]]) -> None:
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
    raise SystemExit(any(size["compressed_mb"] > LIMIT_MB for size in measured.values()))
