"""Whether a PDF may have layers, which PDFium does not tell."""

import re
import zlib
from typing import IO

_BLOCK = 1 << 20
_PACKED = re.compile(rb"/ObjStm\b")
_MOST_PACKED = 1 << 24


def may_have_layers(file: IO[bytes]) -> bool:
    """Whether the PDF may have layers: what says so may be compressed, or encrypted."""
    file.seek(0)
    rest = b""
    packed: list[int] = []
    at = 0
    found = False
    while block := file.read(_BLOCK):
        data = rest + block
        start = at - len(rest)
        if b"/OCProperties" in data or b"/Encrypt" in data:
            found = True
            break
        packed += [start + match.end() for match in _PACKED.finditer(data)]
        at += len(block)
        rest = data[-20:]
    found = found or any(b"/OCProperties" in _unpacked(file, place) for place in packed)
    file.seek(0)
    return found


def _unpacked(file: IO[bytes], place: int) -> bytes:
    """What the object stream holds whose dictionary has this place in it; may be cut off."""
    file.seek(place)
    head = file.read(_BLOCK)
    start = head.find(b"stream")
    if start < 0:
        return b""
    data = head[start + 6 :].lstrip(b"\r\n")
    try:
        return zlib.decompressobj().decompress(data, _MOST_PACKED)
    except zlib.error:
        return b"/OCProperties"  # packed in a way not known here: it may be there
