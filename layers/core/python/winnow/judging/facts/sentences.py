"""The sentences in which facts are read: segments, but a question ends one."""

from collections.abc import Iterator

from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text.segments import Span, spans
from winnow.models import PART_BREAK

_QUESTION = lazy_pattern(r"\?\s+")


def sentences(text: str) -> Iterator[Span]:
    """Start and end of every sentence: "Colonoscopy? Never." are two, a segment keeps them one."""
    for start, end in spans(text):
        begin = start
        for question in _QUESTION.finditer(text, start, end):
            yield begin, question.start() + 1
            begin = question.end()
        if begin < end:
            yield begin, end


def begins_part(text: str, start: int) -> bool:
    """Whether a sentence is the first of a part of a case: nothing before it is about it."""
    stop = len(text[max(0, start - 200) : start].rstrip()) + max(0, start - 200)
    return PART_BREAK in text[stop:start]
