"""JSON lines of our shapes, ASCII only.

ASCII because Step Functions reads the manifest, and readers of JSON lines differ on U+2028.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from winnow.errors import StoredDataInvalidError

T = TypeVar("T")


def dump_line(shape: BaseModel) -> bytes:
    """One shape as one line, line feed included."""
    return shape.model_dump_json(ensure_ascii=True, exclude_none=True).encode("ascii") + b"\n"


def load_lines(stream: Iterable[bytes], adapter: TypeAdapter[T]) -> Iterator[T]:
    """The shapes of a stream of lines.

    Raises StoredDataInvalidError naming the line, never its content.
    """
    for number, line in enumerate(stream, start=1):
        try:
            yield adapter.validate_json(line)
        except ValidationError as error:
            raise StoredDataInvalidError(
                f"Line {number} of an intermediate object is damaged "
                f"({error.error_count()} problems)."
            ) from None
