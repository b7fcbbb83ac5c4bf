"""Lines among the headers of a mail, and of its parts, that are no headers.

The library takes the first of them for the beginning of the text: what the headers behind it say of
the text, that it is base64 or a page, would be lost. So they go before it reads the mail. A text
that stands below headers without an empty line between stays text: only names that texts do not
have end what is looked at as headers.
"""

import re
from collections.abc import Iterator, Set
from typing import NamedTuple

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|\Z)")
_NAME = re.compile(rb"([!-9;-~]{0,100})([ \t]{0,20}):")
_BLANKS_BEFORE_COLON = re.compile(rb"[ \t]{1,20}:")
_PARAMETER = re.compile(rb"[\w*-]{1,60}[ \t]{0,20}=")
_BOUNDARY = re.compile(
    rb"""boundary[ \t]{0,20}=[ \t]{0,20}(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE
)
_MARK = re.compile(rb"(?:(?<=[\r\n])|\A)--([^\r\n]{1,250})")
_OF_MESSAGE = re.compile(
    rb"content-type[ \t]{0,20}:[ \t]{0,20}message/(?:rfc822|global|news)\b", re.I
)
_MAX_OTHERS = 20
"""Lines that are no headers, in a block that is repaired."""

_OF_MAILBOX = (b"From ", b">From ")
_FIRST = 3
"""Lines at the beginning which may be left of a mailbox."""

_OF_PARTS = re.compile(rb"content-[a-z-]{1,40}|mime-version", re.IGNORECASE)
_OF_MAILS = re.compile(
    rb"content-[a-z-]{1,40}|mime-version|message-id|in-reply-to|reply-to|return-path|delivered-to"
    rb"|dkim-signature|authentication-results|received-spf|user-agent|arc-[a-z-]{1,40}"
    rb"|list-[a-z-]{1,40}|thread-(?:topic|index)"
    rb"|x-(?:mailer|originating-ip|received|priority|(?:ms|google|gm|spam|mozilla|virus)-[\w-]{1,60})",
    re.IGNORECASE,
)
"""Names of headers that no line of a text begins with."""


class Repaired(NamedTuple):
    """A mail without such lines."""

    content: bytes
    left_out: bool = False
    """Whether a line was left out that says something."""


class _Block(NamedTuple):
    """The headers of a mail or a part."""

    lines: bytes
    end: int
    """Where the text begins, or what was looked at ends."""
    changed: bool = False
    left_out: bool = False


def repaired(content: bytes) -> Repaired:
    """A mail whose headers, and those of its parts, are headers alone."""
    out: list[bytes] = []
    copied = 0
    left_out = False
    for start, block in _blocks(content):
        if block.changed:
            out += (content[copied:start], block.lines)
            copied = block.end
            left_out = left_out or block.left_out
    return Repaired(b"".join((*out, content[copied:])) if out else content, left_out)


def _blocks(content: bytes) -> Iterator[tuple[int, _Block]]:
    """The blocks of headers of a mail, and where each begins."""
    boundaries: set[bytes] = set()
    start = 0
    of_mail = True
    while True:
        block = _block(content, start, boundaries, _OF_MAILS if of_mail else _OF_PARTS)
        yield start, block
        boundaries.update(
            (quoted or plain).rstrip() for quoted, plain in _BOUNDARY.findall(block.lines)
        )
        if _OF_MESSAGE.search(block.lines) and block.end > start:
            start, of_mail = block.end, True
            continue
        mark = next(
            (mark for mark in _MARK.finditer(content, block.end) if mark[1].rstrip() in boundaries),
            None,
        )
        if mark is None:
            return
        line_end = _LINE.match(content, mark.end())
        start, of_mail = line_end.end() if line_end else mark.end(), False


def _block(content: bytes, start: int, boundaries: Set[bytes], names: re.Pattern[bytes]) -> _Block:
    """The block of headers that begins here."""
    lines: list[bytes] = []
    others: set[int] = set()
    """Which lines are no headers; blanks before the colon are only for names that are known."""
    spaced: set[int] = set()
    last = -1
    """The last line that has a name which no text has."""
    at = start
    ended = False
    while at < len(content) and len(others) <= _MAX_OTHERS:
        match = _LINE.match(content, at)
        if not match or _is_boundary(match[1], boundaries):
            break
        number, line, at = len(lines), match[1], match.end()
        lines.append(match.group())
        if not line:
            ended = True
            break
        if line[:1] in b" \t":
            last += last == number - 1 and number > 0
            continue
        name = _NAME.match(line)
        is_known = name is not None and names.fullmatch(name[1]) is not None
        if name is None or (name[2] and not is_known):
            if number or not line.startswith(b"From "):
                others.add(number)
                if line.startswith(_OF_MAILBOX) and number < _FIRST:
                    last = number
        elif name[2]:
            spaced.add(number)
        if is_known:
            last = number
    if not ended or not any(number <= last for number in others | spaced):
        return _Block(b"".join(lines), at)
    return _mended(lines, others, spaced, last, at)


def _mended(lines: list[bytes], others: Set[int], spaced: Set[int], last: int, end: int) -> _Block:
    """The block with what is up to its last header mended."""
    out: list[bytes] = []
    left_out = False
    is_left = False
    for number, line in enumerate(lines):
        if number > last:
            out.append(line)
        elif number in spaced:
            out.append(_BLANKS_BEFORE_COLON.sub(b":", line, count=1))
        elif number not in others:
            if not (is_left and line[:1] in b" \t"):
                out.append(line)
                is_left = False
            continue
        elif out and out[-1].rstrip().endswith(b";"):
            out.append(b" " + line)  # a header that goes on
        elif out and _PARAMETER.match(line):
            out.append(b" ; " + line)
        else:
            left_out = left_out or not line.startswith(_OF_MAILBOX)
            is_left = True
            continue
        is_left = False
    return _Block(b"".join(out), end, changed=True, left_out=left_out)


def _is_boundary(line: bytes, boundaries: Set[bytes]) -> bool:
    return line.startswith(b"--") and line[2:].rstrip().removesuffix(b"--") in boundaries
