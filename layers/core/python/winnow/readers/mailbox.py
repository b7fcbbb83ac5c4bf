"""Mailboxes of several e-mails in one file (mbox): where each of them begins."""

import mmap
import re
from collections.abc import Iterator
from typing import IO

from winnow.readers.detect import is_mail

_FROM = re.compile(
    rb"(?:\A|(?<=\n))From [^\r\n]{1,300}\r?\n(?:>From [^\r\n]{0,300}\r?\n)?"
    rb"(?=[!-9;-~]{1,100}[ \t]{0,20}:)"
)
"""A mailbox's line before an e-mail, with the first of its headers behind it."""
_DATED = re.compile(
    rb"From [^\r\n]{0,200}?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b[^\r\n]{0,40}\d{1,2}:\d\d"
)
_BEFORE = (b"\n\n", b"\n\r\n")
_MAX_HEADER_BYTES = 1 << 16
_QUOTED = re.compile(rb"(?<=\n)>(>{0,20}From )")


def begins(head: bytes) -> bool:
    """Whether a file begins as a mailbox does; one of one e-mail is an e-mail."""
    return head.startswith(b"From ")


def mails(file: IO[bytes]) -> Iterator[bytes]:
    """The e-mails of a mailbox."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = -1
        for match in _FROM.finditer(content):
            if match.start() and not _is_between(content, match):
                continue
            if start >= 0:
                yield _QUOTED.sub(rb"\1", content[start : match.start()])
            start = match.start()
        yield _QUOTED.sub(rb"\1", content[max(start, 0) :])


def _is_between(content: mmap.mmap, match: re.Match[bytes]) -> bool:
    """Whether a line that begins with `From` is the mailbox's, not one of a text."""
    if _DATED.match(match.group()):
        return True
    if not content[max(match.start() - 3, 0) : match.start()].endswith(_BEFORE):
        return False
    most = match.end() + _MAX_HEADER_BYTES
    ends = (content.find(blank, match.end(), most) for blank in (b"\n\n", b"\n\r\n"))
    end = min((end for end in ends if end >= 0), default=most)
    return is_mail(content[match.end() : end].decode("latin-1"))
