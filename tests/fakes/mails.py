"""E-mails of parts, and what is read of them."""

import io
from zlib import crc32

from winnow.errors import WinnowError
from winnow.models import InvalidRecord
from winnow.readers import ReadLimits, Source, read

HEAD = "From: a@b.example\nMessage-ID: <1@b>\nMIME-Version: 1.0\n"

Found = list[tuple[str | None, str]]


def reading(content: str | bytes, name: str = "x.eml") -> tuple[Found, list[str]]:
    """Of each record its part, and its text or error code; and the codes of the notes."""
    data = content.encode() if isinstance(content, str) else content
    with Source(io.BytesIO(data), name, ["note"], ["id"], ReadLimits()) as opened:
        try:
            found: Found = [
                (
                    record.part,
                    record.code if isinstance(record, InvalidRecord) else record.text.strip(),
                )
                for record in read(opened)
            ]
        except WinnowError as error:
            found = [(None, error.code)]
    return found, [note.code for note in opened.notes]


def part(kind: str, text: str, *headers: str) -> str:
    """A part of this type, or a mail's end."""
    return "\n".join((f"Content-Type: {kind}", *headers, "", text))


def several(kind: str, *parts: str, end: bool = True) -> str:
    """A part of parts; without its end where a mail was cut off."""
    mark = f"b{crc32(repr((kind, parts)).encode())}"
    body = "".join(f"--{mark}\n{one}\n" for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\n\n{body}' + (
        f"--{mark}--\n" if end else ""
    )
