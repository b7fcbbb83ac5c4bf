"""ZIP packages: refused before they are unpacked when what they declare is over the limits."""

import zipfile
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from winnow.parsers.errors import ParseError

_BLOCK = 1 << 16
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_BYTES_A_MEMBER = 2_000
_MIN_BOMB_BYTES = 10_000_000
"""Below this a high ratio is nothing to fear: empty forms are compressed a hundred times."""


def open_package(
    file: IO[bytes], limits: dict[str, int], members_limit: str = "max_members"
) -> zipfile.ZipFile:
    """The package, once its directory and what it declares are within the limits."""
    most = limits[members_limit]
    if _directory_size(file) > most * _BYTES_A_MEMBER:
        raise _too_many(most, members_limit)
    try:
        package = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, KeyError):
        raise ParseError("file_unreadable", "The ZIP's directory is damaged or cut off.") from None
    members = package.infolist()
    if len(members) > most:
        raise _too_many(most, members_limit)
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > limits["max_unpacked_bytes"]:
        raise _bomb(limits)
    if unpacked > _MIN_BOMB_BYTES and unpacked > packed * limits["max_ratio"]:
        raise ParseError(
            "file_bomb",
            f"It would unpack to more than {limits['max_ratio']} times its size (limit max_ratio).",
        )
    return package


class Counted:
    """The bytes of members as they are unpacked, counted: the declared sizes may be false."""

    def __init__(self, package: zipfile.ZipFile, limits: dict[str, int]) -> None:
        self._package = package
        self._limits = limits
        self._left = limits["max_unpacked_bytes"]

    def blocks(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """The member's bytes. Raises ParseError when it is damaged, encrypted or a bomb."""
        if member.flag_bits & 1:
            raise ParseError("file_encrypted", "It is encrypted.")
        try:
            with self._package.open(member) as stream:
                while block := stream.read(_BLOCK):
                    self._left -= len(block)
                    if self._left < 0:
                        raise _bomb(self._limits)
                    yield block
        except ParseError:
            raise
        except NotImplementedError:
            raise ParseError(
                "file_unreadable", "It is compressed in a way not known here."
            ) from None
        except RuntimeError:
            raise ParseError("file_encrypted", "It is encrypted.") from None
        except Exception:  # zlib, lzma, bz2, struct and zipfile each have their own
            raise ParseError("file_unreadable", "It cannot be unpacked: it is damaged.") from None


def xml_parser() -> expat.XMLParserType:
    """A parser that takes no document type, and so no entity: neither bombs nor other files."""

    def refuse(*_: object) -> int:
        raise ParseError("file_unreadable", "Its XML declares a document type, which is refused.")

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    return parser


def feed(parser: expat.XMLParserType, blocks: Iterator[bytes]) -> None:
    """Parse the blocks. Raises ParseError when they are not XML."""
    try:
        for block in blocks:
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise ParseError("file_unreadable", "Its XML is damaged or cut off.") from None


def _directory_size(file: IO[bytes]) -> int:
    """Bytes of the directory, as its end declares: reading it costs memory in proportion."""
    end = file.seek(0, 2)
    start = max(0, end - (1 << 16) - 22)
    file.seek(start)
    tail = file.read()
    file.seek(0)
    places = {tail.rfind(_END), len(tail) - 22 if tail[-22:-18] == _END else -1} - {-1}
    if not places:
        raise ParseError(
            "file_unreadable", "The file is cut off: the directory of its package is missing."
        )
    sizes = [int.from_bytes(tail[place + 12 : place + 16], "little") for place in places]
    for place in places:
        # The locator and the ZIP64 record stand right before the end record.
        if tail[place - 20 : place - 16] == _LOCATOR_64:
            record = tail[max(0, place - 76) : place - 20]
            if record.startswith(_END_64):
                sizes.append(int.from_bytes(record[40:48], "little"))
    return max((size for size in sizes if size != 0xFFFFFFFF), default=0)


def _bomb(limits: dict[str, int]) -> ParseError:
    return ParseError(
        "file_bomb",
        f"It would unpack to more than {limits['max_unpacked_bytes']:,} bytes "
        "(limit max_unpacked_bytes).",
    )


def _too_many(most: int, limit: str) -> ParseError:
    return ParseError("file_bomb", f"It has more than {most:,} members (limit {limit}).")
