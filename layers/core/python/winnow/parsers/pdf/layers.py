"""Whether a PDF may have layers, which PDFium does not report."""

import re
import zlib
from typing import IO

_BLOCK = 1 << 20
_PACKED = re.compile(rb"/ObjStm\b")
_DICTIONARY = 1 << 12
"""Bytes after the mark of a packed stream in which its content begins."""
_PIECE = 1 << 14
_MAX_STREAM_BYTES = 1 << 24
"""Bytes of one stream that are looked at."""
_MAX_BYTES = 1 << 28
"""Of all, packed and unpacked: a file that has more may have layers."""


def may_have_layers(file: IO[bytes]) -> bool:
    """Whether the PDF may have layers: what says so may be compressed, or encrypted."""
    file.seek(0)
    rest = b""
    packed: list[int] = []
    at = 0
    is_found = False
    while block := file.read(_BLOCK):
        data = rest + block
        start = at - len(rest)
        if b"/OCProperties" in data or b"/Encrypt" in data:
            is_found = True
            break
        packed += [start + match.end() for match in _PACKED.finditer(data)]
        at += len(block)
        rest = data[-20:]
    left = _MAX_BYTES
    for place in packed:
        if is_found or left < 0:
            break
        content, taken = _unpacked(file, place)
        is_found = b"/OCProperties" in content
        left -= taken + len(content)
    file.seek(0)
    return is_found or left < 0


def _unpacked(file: IO[bytes], place: int) -> tuple[bytes, int]:
    """What the object stream holds whose dictionary has this place in it; may be cut off.

    Also how many bytes were read for it.
    """
    file.seek(place)
    head = file.read(_DICTIONARY)
    start = head.find(b"stream")
    if start < 0:
        return b"", len(head)
    data = head[start + 6 :].lstrip(b"\r\n")
    taken = len(head)
    unpacker = zlib.decompressobj()
    content = bytearray()
    try:
        while data and not unpacker.eof and len(content) < _MAX_STREAM_BYTES:
            content += unpacker.decompress(data, _MAX_STREAM_BYTES - len(content))
            data = unpacker.unconsumed_tail
            if not data and not unpacker.eof:
                data = file.read(_PIECE)
                taken += len(data)
    except zlib.error:
        return b"/OCProperties", taken  # packed in a way not known here: it may be there
    return bytes(content), taken
