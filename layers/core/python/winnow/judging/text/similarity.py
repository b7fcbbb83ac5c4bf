"""All segments of one call, split, encoded once and compared with every reference sentence.

With windows, a sentence that the next refers back to ("EGD was repeated in June. It was normal.")
is compared together with it too, and with a third that goes on so. Other neighbours are left apart:
a window mixes what its sentences say, and to encode all windows of two and three sentences would
take five times as long.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.judging.text import segments
from winnow.judging.text.blocks import blocks
from winnow.judging.text.shorthand import expand_shorthand
from winnow.judging.text.vectors import SegmentedTexts, rows_of
from winnow.limits.budget import Check, no_deadline
from winnow.ports import Encoder


@dataclass(frozen=True)
class SimilarityMatrix(SegmentedTexts):
    """The segments of a call and their similarities: `similarity[row]` is that of `unique[row]`."""

    plain: list[str]
    """By row: the segment as it is compared, its shorthand written out."""
    similarity: NDArray[np.float32]
    """Shape [len(unique), references]: cosine, negatives as 0."""
    sentences: list[int]
    """How many of the spans of text i are sentences; windows stand behind them."""
    sections: list[str]
    """By row: the heading that a segment is under, in small letters; "" where none matters."""


_SECTIONS = frozenset(
    (
        *("family history", "family hx", "fhx", "fh", "family medical history"),
        *("past history", "past medical history", "past surgical history", "pmh", "pmhx", "psh"),
        *("social history", "social hx", "allergies"),
        *("past medical and surgical history", "past medical/surgical history", "medical history"),
    )
)
_BACK = re.compile(
    r"(?i:It|This|These|They|That|The (?:results?|stud(?:y|ies)|reports?|examinations?|findings?"
    r"|procedure|scope|latter)|Results?|Findings?"
    r"|(?:Both|Neither|Each|Either|None)(?: of (?:them|these)"
    r"| (?:stud(?:y|ies)|examinations?|tests?|procedures?|scopes?|endoscop(?:y|ies)|was|were|had"
    r"|has|have|did|showed|shows|revealed|gave|found|disclosed|demonstrated|identified)))\b(?!:)"
)
_WINDOW = 3
"""Sentences of a window at most."""


def windows(text: str, sentences: Sequence[segments.Span]) -> list[segments.Span]:
    """Spans of two or three sentences of which each but the first refers back.

    And the parts of a sentence with semicolons: each says something of its own.
    """
    spans: list[segments.Span] = []
    for first, (start, stop) in enumerate(sentences):
        begin = start
        while (cut := text.find("; ", begin, stop)) >= 0:
            spans.append((begin, cut))
            begin = cut + 2
        if begin > start:
            spans.append((begin, stop))
        for next_start, end in sentences[first + 1 : first + _WINDOW]:
            if not _BACK.match(text, next_start) or end - start > segments.MAX_CHARACTERS:
                break
            spans.append((start, end))
    return spans


# "EGD 3/14: normal" heads nothing.
_HEADING = re.compile(r"([A-Z][^\W\d]*(?:[ /&'’-]+[^\W\d]+){0,7}):")


def sections(text: str, sentences: Sequence[segments.Span]) -> list[str]:
    """For each sentence the family's or the former history's heading it is under, if one."""
    headings: list[str] = []
    current = ""
    for start, end in sentences:
        if text.find(":", start, min(end, start + 50)) >= 0 and (
            heading := _HEADING.match(text, start, end)
        ):
            name = heading.group(1).lower()
            # Only a heading that is alone, or in capitals, goes on until the next.
            if heading.end() == end or heading.group(1).isupper():
                current = name if name in _SECTIONS else ""
        headings.append(current)
    return headings


def count(text: str) -> int:
    """How many segments a text has, windows counted."""
    sentences = segments.spans(text)
    return len(sentences) + len(windows(text, sentences))


class SegmentScorer:
    """Compares texts with reference sentences; these are encoded once, here."""

    def __init__(
        self, encoder: Encoder, references: Sequence[str], *, structure: bool = False
    ) -> None:
        """Take the sentences to compare with.

        With `structure`, shorthand is written out, and windows and sections are seen.
        """
        self._encoder = encoder
        self._structure = structure
        self._references = encoder(self._plain(references)).T.copy()

    def _plain(self, texts: Sequence[str]) -> list[str]:
        return [expand_shorthand(text) for text in texts] if self._structure else list(texts)

    def _segments(self, text: str) -> tuple[list[segments.Span], list[str], int]:
        """A text's sentences, then its windows; their headings; how many are sentences."""
        sentences = segments.spans(text)
        if not self._structure:
            return sentences, [""] * len(sentences), len(sentences)
        headings = sections(text, sentences)
        starts = [start for start, _ in sentences]
        more = windows(text, sentences)
        headings += [headings[bisect_right(starts, start) - 1] for start, _ in more]
        return sentences + more, headings, len(sentences)

    def __call__(self, texts: Sequence[str], check: Check = no_deadline) -> SimilarityMatrix:
        """One encoder call and one matrix product a block of segments, whatever texts they are of.

        Equal segments are encoded once.
        """
        known: dict[tuple[str, str], int] = {}
        spans: list[list[segments.Span]] = []
        rows: list[NDArray[np.intp]] = []
        sentences: list[int] = []
        for text in texts:
            check()
            text_spans, headings, count_of_sentences = self._segments(text)
            sentences.append(count_of_sentences)
            spans.append(text_spans)
            keys = ((text[s:e], name) for (s, e), name in zip(text_spans, headings, strict=True))
            rows.append(rows_of(keys, known))
        unique = [text for text, _ in known]
        plain: list[str] = []
        similarity = np.zeros((len(unique), self._references.shape[1]), np.float32)
        for block in blocks(unique):
            check()
            plain += self._plain(unique[block])
            # A cosine of unit vectors may leave [0, 1] by rounding; no evidence is below 0.
            cosines = self._encoder(plain[block]) @ self._references
            np.clip(cosines, 0.0, 1.0, out=similarity[block])
        return SimilarityMatrix(
            unique, spans, rows, plain, similarity, sentences, [section for _, section in known]
        )
