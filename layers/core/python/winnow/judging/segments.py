"""A record's text as sentences with exact character spans.

The rules, in order:

1. A line break ends a sentence, unless it is a soft wrap: the line before it is 50 characters or
   longer and does not end in one of `. ? ! : ;`, and the line after begins neither with a list mark
   nor with a heading. Clinical notes put lists and headings on lines of their own.
2. Within such a block, Punkt decides which full stops end a sentence.
3. A number or letter that marks a list item ("1.", "b)") stays with its item; a heading in capitals
   ("HISTORY OF PRESENT ILLNESS:") with text after it is a segment of its own.
4. A segment longer than 400 characters is broken after a semicolon, else a comma, else at white
   space, else where it must.

No segment is empty or has white space at its ends, segments do not overlap, and together they hold
every character of the text that is not white space.
"""

import re

from winnow.judging import punkt
from winnow.models import Segment

MAX_CHARACTERS = 400
_SOFT_WRAP = 50

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_BREAK = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_LIST_MARK = re.compile(r"(?:[-*+•·–—▪◦]|\(?(?:\d{1,3}|[A-Za-z])[.)])(?=\s)")
_ONLY_MARK = re.compile(r"\(?(?:\d{1,3}|[A-Za-z])\.$")
_HEADING = re.compile(r"[A-Z][A-Z0-9 /&,()'’-]{3,58}[A-Z)]:(?=\s*,?\s*[^\W\d_])")
_HEADING_LINE = re.compile(r"[A-Z][A-Za-z0-9 /&,()'’-]{1,58}:(?:\s|$)")
_CLOSERS = re.compile(r"[\"')\]}‘’“”«»]+?(?:\s+|(?=--)|$)", re.MULTILINE)
_SEMICOLON = re.compile(r";\s")
_COMMA = re.compile(r",\s")
_SPACE = re.compile(r"\s")
_ASCII_SPACE = frozenset(" \t\n\r\x0b\x0c")


def _blocks(text: str) -> list[Span]:
    """Lines, stripped, with soft wraps joined."""
    blocks: list[Span] = []
    soft = False
    for match in _LINE.finditer(text):
        line = match.group()
        stripped = line.strip()
        if not stripped:
            soft = False
            continue
        start = match.start() + len(line) - len(line.lstrip())
        end = start + len(stripped)
        # Two breaks between the lines make an empty line: never a wrap.
        if (
            soft
            and len(_BREAK.findall(text, blocks[-1][1], start)) == 1
            and not _LIST_MARK.match(text, start)
            and not _HEADING_LINE.match(text, start)
        ):
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((start, end))
        soft = len(stripped) >= _SOFT_WRAP and stripped[-1] not in ".?!:;"
    return blocks


def _ends(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where Punkt ends sentences: (end of one, start of the next), without the last."""
    decider = punkt.load()
    special, decide = decider.special, decider.ends
    found: list[tuple[int, int]] = []
    # Of the full stops in one word, the last one counts: it is held back until the next word's.
    held: tuple[re.Match[str], int] | None = None
    floor = start

    def settle(match: re.Match[str], word_start: int) -> None:
        word = text[word_start : match.start()]
        following = match.group(2)
        if following is not None and len(word) > 1 and word.isalpha():
            if word.lower() in special and not decide(f"{word}{match.group()}{match.group(1)}"):
                return
        elif not decide(f"{word}{match.group()}{match.group(1)}"):
            return
        found.append((match.end(), match.end() if following is None else match.start(2)))

    for match in _candidates().finditer(text, start, end):
        at = match.start()
        word_start = at
        while word_start > floor and text[word_start - 1] not in _ASCII_SPACE:
            word_start -= 1
        if held is not None:
            if word_start > held[0].start():
                settle(*held)
            else:
                word_start = held[1]
        held = (match, word_start)
        floor = at
    if held is not None:
        settle(*held)
    return found


_compiled: re.Pattern[str] | None = None


def _candidates() -> re.Pattern[str]:
    """NLTK's pattern in the standard library's engine: group 1 what follows, 2 the next token."""
    global _compiled
    if _compiled is None:
        _compiled = re.compile(punkt.load().period_context, re.VERBOSE)
    return _compiled


def _sentences(text: str, start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    begin = start
    for stop, following in _ends(text, start, end):
        if stop <= begin:
            continue
        # Brackets and quotes that close after the full stop belong to the sentence.
        if closers := _CLOSERS.match(text, following, end):
            stop = following + len(closers.group().rstrip())
            following = closers.end()
        if stop - begin <= 5 and _ONLY_MARK.match(text[begin:stop]):
            continue
        spans.append((begin, stop))
        begin = following
    if begin < end:
        spans.append((begin, end))
    return spans


def _broken(text: str, start: int, end: int) -> list[Span]:
    """A span as pieces of at most 400 characters, each stripped."""
    pieces: list[Span] = []
    while end - start > MAX_CHARACTERS:
        low, high = start + MAX_CHARACTERS // 2, start + MAX_CHARACTERS
        cut = high
        for pattern in (_SEMICOLON, _COMMA, _SPACE):
            ends = [m.end() for m in pattern.finditer(text, low, high)]
            if ends:
                cut = ends[-1]
                break
        pieces.append((start, cut))
        start = cut
    pieces.append((start, end))
    return pieces


def spans(text: str) -> list[Span]:
    """Start and end of every segment, in order; none for blank text."""
    found: list[Span] = []
    for block_start, block_end in _blocks(text):
        for start, end in _sentences(text, block_start, block_end):
            if heading := _HEADING.match(text, start, end):
                found.append((start, heading.end()))
                start = heading.end()
            if end - start <= MAX_CHARACTERS:
                found.append((start, end))
            else:
                found.extend(_broken(text, start, end))
    tidy: list[Span] = []
    for start, end in found:
        piece = text[start:end]
        if stripped := piece.strip():
            start += len(piece) - len(piece.lstrip())
            tidy.append((start, start + len(stripped)))
    return tidy


def split(text: str) -> list[Segment]:
    """The segments of a text; `segment.text == text[segment.start:segment.end]`."""
    return [Segment(start=s, end=e, text=text[s:e]) for s, e in spans(text)]
