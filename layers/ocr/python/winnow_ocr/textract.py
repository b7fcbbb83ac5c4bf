"""Amazon Textract behind the same port, for stacks that ask for it (`OcrEngine: textract`).

The picture goes to Textract in the request, in the stack's own region; no bucket is opened to it.
"""

import io
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from PIL import Image

from winnow.errors import FileTooLargeError, FileUnreadableError, WinnowError
from winnow_aws.aws_errors import code_of, translated
from winnow_aws.clients import client
from winnow_ocr.engine import FoundLine, Picture, Point

if TYPE_CHECKING:
    from mypy_boto3_textract import TextractClient
    from mypy_boto3_textract.type_defs import BlockTypeDef

MAX_BYTES = 10 * 1024 * 1024
"""Of a document in a synchronous request: Textract's limit."""
MAX_SIDE = 10_000
"""Pixels of a side: Textract's limit."""
_TOO_LARGE = {"DocumentTooLargeException"}
_UNREADABLE = {
    "UnsupportedDocumentException",
    "BadDocumentException",
    "InvalidParameterException",
}


def textract_engine() -> "TextractEngine":
    """The engine of this function's role and region."""
    return TextractEngine(client("textract"))


class TextractEngine:
    """Textract's DetectDocumentText as an OcrEngine, one page a request."""

    def __init__(self, client: "TextractClient") -> None:
        self._client = client

    def __call__(self, picture: Picture) -> list[FoundLine]:
        """The lines that Textract finds.

        Raises FileTooLargeError for what Textract takes in no synchronous request,
        AccessDeniedError, FileUnreadableError, RetryableError, AwsRefusedError.
        """
        document = _encoded(picture)
        with translated("by Textract", _about_the_page):
            answer = self._client.detect_document_text(Document={"Bytes": document})
        blocks = (block for block in answer["Blocks"] if block.get("BlockType") == "LINE")
        return [line for block in blocks if (line := _line_of(block, picture))]


def _encoded(picture: Picture) -> bytes:
    """As PNG, or as JPEG where that is too large. Raises FileTooLargeError."""
    if max(picture.width, picture.height) > MAX_SIDE:
        raise FileTooLargeError(
            f"A page has {picture.width:,} x {picture.height:,} pixels, and Textract takes no side "
            f"over {MAX_SIDE:,}."
        )
    image = Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)
    for kind, options in (("PNG", {}), ("JPEG", {"quality": 90})):
        packed = io.BytesIO()
        image.save(packed, kind, **options)
        if packed.tell() <= MAX_BYTES:
            return packed.getvalue()
    raise FileTooLargeError(
        f"A page is larger than {MAX_BYTES:,} bytes as a picture, the most that Textract takes."
    )


def _line_of(block: "BlockTypeDef", picture: Picture) -> FoundLine | None:
    text = block.get("Text", "")
    polygon = block.get("Geometry", {}).get("Polygon", [])
    if not text.strip() or len(polygon) < 4:
        return None
    first, second, third, fourth = (
        Point(point.get("X", 0.0) * picture.width, point.get("Y", 0.0) * picture.height)
        for point in polygon[:4]
    )
    return FoundLine(text, (first, second, third, fourth), block.get("Confidence", 0.0) / 100)


def _about_the_page(error: ClientError) -> WinnowError | None:
    code = code_of(error)
    if code in _TOO_LARGE:
        return FileTooLargeError("A page is larger than Textract takes in one request.")
    if code in _UNREADABLE:
        return FileUnreadableError(f"Textract cannot read a page ({code}).")
    return None
