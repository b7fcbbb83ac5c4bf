"""All segments of one call, split, encoded once and compared with every reference sentence.

With windows, a sentence that the next refers back to ("EGD was repeated in June. It was normal.")
is compared together with it too, and with a third that goes on so. Other neighbours are left apart:
a window mixes what its sentences say, and to encode all windows of two and three sentences would
take five times as long.

A terse list ("Hb 7.7, still with melena, EGD neg, likely small bowel") says several things between
commas. It is compared part by part, cut where the topic changes; what is denied or doubted in a
part is still read in the whole.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text import segments
from winnow.judging.text.blocks import blocks
from winnow.judging.text.headings import NO_HEADING, ListHeading, list_headings
from winnow.judging.text.shorthand import expand_shorthand
from winnow.judging.text.vectors import SegmentedTexts, packed, rows_of
from winnow.limits.budget import Check, no_deadline
from winnow.models import PART_BREAK
from winnow.ports import Encoder

Topics = Callable[[str], frozenset[int]]
"""What a piece of text is about."""


class Part(NamedTuple):
    """Where a segment stands in the list that it is a part of."""

    whole: str = ""
    """The list, its shorthand written out; "": it is part of none."""
    before: str = ""
    """What stands before it in the list."""
    is_cut: bool = False
    """It is itself a list, and compared by its parts."""


@dataclass(frozen=True)
class SimilarityMatrix(SegmentedTexts):
    """The segments of a call, and how similar those are that are compared.

    `similarity[compared[row]]` is that of `unique[row]`.
    """

    plain: list[str]
    """By row: the segment as it is compared, its shorthand written out."""
    similarity: NDArray[np.float32]
    """Shape [distinct texts that are compared, references]: cosine, negatives as 0."""
    compared: NDArray[np.intp]
    """By row: the row of `similarity`, or NOT_COMPARED. Without `accepts` all are compared, and
    without `structure` each at its own row."""
    sentences: list[int]
    """How many of the spans of text i are sentences; windows stand behind them."""
    sections: list[str]
    """By row: the heading that a segment is under, in small letters; "" where none matters."""
    parts: list["Part"]
    """By row: what it is a part of."""
    headings: list[ListHeading]
    """By row: the heading of the list that it is in."""
    vectors: list[bytes | None]
    """Of text i the mean vector of its sentences that were encoded, as 512 int8; None: none was."""


_SECTIONS = frozenset(
    (
        *("family history", "family hx", "fhx", "fh", "family medical history"),
        *("past history", "past medical history", "past surgical history", "pmh", "pmhx", "psh"),
        *("social history", "social hx", "allergies"),
        *("past medical and surgical history", "past medical/surgical history", "medical history"),
    )
)
_BACK = lazy_pattern(
    r"(?i:It|This|These|They|That|The (?:results?|stud(?:y|ies)|reports?|examinations?|findings?"
    r"|procedure|scope|latter)|Results?|Findings?"
    r"|(?:Both|Neither|Each|Either|None)(?: of (?:them|these)"
    r"| (?:stud(?:y|ies)|examinations?|tests?|procedures?|scopes?|endoscop(?:y|ies)|was|were|had"
    r"|has|have|did|showed|shows|revealed|gave|found|disclosed|demonstrated|identified)))\b(?!:)"
)
_WINDOW = 3
"""Sentences of a window at most."""


def windows(
    text: str, sentences: Sequence[segments.Span], is_list: Sequence[bool] = ()
) -> list[segments.Span]:
    """Spans of two or three sentences of which each but the first refers back.

    And the parts of a sentence with semicolons: each says something of its own. Those of a list
    are cut elsewhere.
    """
    spans: list[segments.Span] = []
    for first, (start, stop) in enumerate(sentences):
        begin = start
        listed = bool(is_list) and is_list[first]
        while not listed and (cut := text.find("; ", begin, stop)) >= 0:
            spans.append((begin, cut))
            begin = cut + 2
        if begin > start:
            spans.append((begin, stop))
        for next_start, end in sentences[first + 1 : first + _WINDOW]:
            if not _BACK.match(text, next_start) or end - start > segments.MAX_CHARACTERS:
                break
            if text.find(PART_BREAK, stop, next_start) >= 0:
                break
            spans.append((start, end))
    return spans


_CUT = lazy_pattern(
    r"(?:[,;]+\s*|(?<=\s)[-–—]\s+)(?=[^\W_]|[?+(])"
    r"|(?:(?<=[^\W\d_]{3})|(?<=\d\d))\.\s+(?=[a-z](?:[a-z]|/[a-z]\b))"
)
"""Where a list may be cut; full stops that end no sentence are marks too ("neg. r/o ulcer")."""
_MARKS = (",", ";", " - ", " – ", " — ")
_REPORTS = lazy_pattern(
    r"\b(?:show(?:s|ed|ing)?|reveal(?:s|ed)?|disclos(?:es|ed)|demonstrat(?:es|ed)|identified)\b",
    re.IGNORECASE,
)
_DASHES = ("-", "–", "—")
_DENIAL = lazy_pattern(r"(?:no|not|none|without)\b", re.IGNORECASE)
"""Behind a heading or a dash it is of what the heading names: "EGD: normal stomach, no blood"."""
_REQUEST = lazy_pattern(
    r"(?:needs?|requests?|requested|requesting|referred|plan|rec|recommend(?:ed)?|please|for|wants|asks"
    r"|capsule|video capsule|VCE)\b"
)
"""At the end of a list, what is asked for: no part of what was found."""
_ONE_ANSWER = lazy_pattern(
    r":\s*(?:(?:yes|no|none|denied|denies|y|n|neg|pos|negative|positive|unknown|nil)\b[\s/,.]*)+$",
    re.IGNORECASE,
)
"""Behind a list, it is of all its parts: "Bleeding, weight loss: none"."""
_SHARED_RESULT = lazy_pattern(
    r"(?:[\w'-]+ ){0,2}[\w'-]+(?:, (?:[\w'-]+ ){0,2}[\w'-]+){1,4},? and (?:[\w'-]+ ){1,3}"
    r"(?:is|are|was|were|all)\b"
)
"""What is said behind several names is of each: "Colonoscopy, biopsies and CT are normal"."""
_WHO = lazy_pattern(
    r"\d{1,3}[ -]?(?:y/?o|yrs?|years?[ -]old)?[ -]?(?:[MF]|male|female|man|woman|lady|gentleman)?",
    re.IGNORECASE,
)
"""Who it is of, in front of a list: "44F, mother with colon cancer"."""
_MIN_PARTS = 3
"""Fewer only in a sentence of at most _FEW_WORDS words."""
_FEW_WORDS = 12
_TABLE_HEAD = lazy_pattern(r"[^|\d.;]+(?:\|[^|\d.;]*)+")
"""Names of columns, which say nothing: "Date | Hgb | FOBT"."""


_RESULT = lazy_pattern(
    r"\b(?:normal|negative|neg|nl|NAD|unremarkable|unrevealing|clean|clear|with)\b", re.IGNORECASE
)
"""Parts that each have one are two results: "EGD with bleeding varices, colonoscopy normal"."""
_BACK_TO_LIST = lazy_pattern(
    r"(?:all|both|none|neither|each|neg|negative|normal|unremarkable"
    r"|(?:to )?(?:the )?(?:TI|terminal ileum|cecum|caecum)\b(?! biops))\b",
    re.IGNORECASE,
)
"""It is of what stands before it: "CT and MR enterography, both negative for Crohn's"."""


def _is_new(topic: frozenset[int], about: frozenset[int]) -> bool:
    """Whether a part is of other criteria than those before it.

    Criteria share words: "suspected Crohn's" and "colonoscopy with biopsies" may have one criterion
    in common, and are two topics.
    """
    return topic.isdisjoint(about) or (
        len(topic & about) == 1 and bool(topic - about) and bool(about - topic)
    )


def list_parts(text: str, start: int, end: int, topics: Topics) -> list[segments.Span]:
    """The parts of a list, cut where the topic changes; none if it is no list of topics.

    What a test showed is one topic, whatever it names: "colonoscopy showed polyps, no bleeding".
    """
    if not any(text.find(mark, start, end) >= 0 for mark in _MARKS):
        return []
    cuts = list(_CUT.finditer(text, start, end))
    if cuts and _SHARED_RESULT.match(text, start, end):
        return []
    if cuts and ":" not in text[start : cuts[-1].end()] and _ONE_ANSWER.search(text, start, end):
        return []
    if not cuts or _REPORTS.search(text, start, end):
        return []
    least = 2 if len(text[start:end].split()) <= _FEW_WORDS else _MIN_PARTS
    if len(cuts) + 1 < least:
        return []
    parts: list[segments.Span] = []
    begin, about = start, frozenset[int]()
    starts = [cut.end() for cut in cuts]
    stops = [cut.start() for cut in cuts]
    for number, (first, last) in enumerate(zip([start, *starts], [*stops, end], strict=True)):
        topic = topics(text[first:last])
        is_of_before = _BACK_TO_LIST.match(text, first) is not None or (
            _DENIAL.match(text, first) is not None
            and (":" in text[begin:first] or text[first - 2 : first - 1] in _DASHES)
        )
        if topic:
            is_new = _is_new(topic, about) or (
                _RESULT.search(text, first, last) is not None
                and _RESULT.search(text, begin, stops[number - 1] if number else begin) is not None
            )
        else:
            is_new = _REQUEST.match(text, first) is not None
        is_second = number == 1 and _WHO.fullmatch(text, start, stops[0]) is not None
        if is_second or (number and about and is_new and not is_of_before):
            parts.append((begin, begin + len(text[begin : stops[number - 1]].rstrip())))
            begin, about = first, topic
        else:
            about |= topic
    parts.append((begin, end))
    return parts if len(parts) >= least else []


# "EGD 3/14: normal" heads nothing.
_HEADING = lazy_pattern(r"([A-Z][^\W\d]*(?:[ /&'’-]+[^\W\d]+){0,7}):")


def sections(text: str, sentences: Sequence[segments.Span]) -> list[str]:
    """For each sentence the family's or the former history's heading it is under, if one.

    No heading of one part of a case is that of another part.
    """
    headings: list[str] = []
    current = ""
    has_text = False
    behind = 0
    for start, end in sentences:
        if text.find(PART_BREAK, behind, start) >= 0:
            current = ""
        behind = end
        if text.find(":", start, min(end, start + 50)) >= 0 and (
            heading := _HEADING.match(text, start, end)
        ):
            name = heading.group(1).lower()
            # Only a heading that is alone, or in capitals, goes on until the next; one with text
            # behind it ("PMH: stroke.") until any other.
            is_alone = heading.end() == end
            if is_alone or heading.group(1).isupper():
                current = name if name in _SECTIONS else ""
                has_text = not is_alone
            elif has_text and name not in _SECTIONS:
                current = ""
        headings.append(current)
    return headings


def count(text: str) -> int:
    """How many segments a text has, windows counted."""
    sentences = segments.spans(text)
    return len(sentences) + len(windows(text, sentences))


class SegmentScorer:
    """Compares texts with reference sentences; these are encoded once, here."""

    def __init__(
        self,
        encoder: Encoder,
        references: Sequence[str],
        *,
        structure: bool = False,
        topics: Topics | None = None,
        accepts: Callable[[str], bool] | None = None,
    ) -> None:
        """Take the sentences to compare with.

        With `structure`, the shorthand of texts is written out (that of the references is already),
        and windows and sections are seen; with `topics`, the parts of lists, too. What `accepts`
        rejects, by its plain text, is not compared.
        """
        self._encoder = encoder
        self._accepts = accepts
        self._topics = topics
        self._structure = structure
        self._references = encoder(references).T.copy()

    def _plain(self, texts: Sequence[str], check: Check) -> list[str]:
        if not self._structure:
            return list(texts)
        plain: list[str] = []
        for text in texts:
            check()
            plain.append(expand_shorthand(text))
        return plain

    def _segments(self, text: str, check: Check) -> "_Segments":
        """A text's sentences, then its windows and the parts of its lists."""
        sentences = segments.spans(text)
        if not self._structure:
            size = len(sentences)
            return _Segments(sentences, [""] * size, [_NO_PART] * size, [NO_HEADING] * size, size)
        check()
        of_sections = sections(text, sentences)
        headings = list_headings(text, sentences)
        starts = [start for start, _ in sentences]
        parts = [_NO_PART] * len(sentences)
        of_lists: list[segments.Span] = []
        more_parts: list[Part] = []
        if self._topics is not None:
            for number, (start, end) in enumerate(sentences):
                check()
                if "|" in text and _TABLE_HEAD.fullmatch(text, start, end):
                    parts[number] = _CUT_LIST
                for first, last in list_parts(text, start, end, self._topics):
                    parts[number] = _CUT_LIST
                    of_lists.append((first, last))
                    more_parts.append(Part(text[start:end], text[start:first]))
        more = windows(text, sentences, [part.is_cut for part in parts])
        of_windows = [_part_of(text, sentences[bisect_right(starts, s) - 1], s, e) for s, e in more]
        more_parts = of_windows + more_parts
        more += of_lists
        within = [bisect_right(starts, start) - 1 for start, _ in more]
        of_sections += [of_sections[sentence] for sentence in within]
        headings += [headings[sentence] for sentence in within]
        return _Segments(
            sentences + more, of_sections, parts + more_parts, headings, len(sentences)
        )

    def _compare(self, plain: list[str]) -> "_Compared":
        """The similarities of a block; equal texts are encoded once."""
        places: dict[str, list[int]] = {}
        for place, text in enumerate(plain):
            if text in places or self._accepts is None or self._accepts(text):
                places.setdefault(text, []).append(place)
        row_of = np.full(len(plain), NOT_COMPARED)
        if not places:
            none = np.zeros((0, self._references.shape[1]), np.float32)
            return _Compared(row_of, np.zeros((0, 0), np.float32), none)
        vectors = self._encoder(list(places))
        cosines = vectors @ self._references
        # A cosine of unit vectors may leave [0, 1] by rounding; no evidence is below 0.
        np.clip(cosines, 0.0, 1.0, out=cosines)
        for row, same in enumerate(places.values()):
            row_of[same] = row
        return _Compared(row_of, vectors, cosines)

    def __call__(self, texts: Sequence[str], check: Check = no_deadline) -> SimilarityMatrix:
        """One encoder call and one matrix product a block of segments, whatever texts they are of.

        Equal segments are encoded once.
        """
        known: dict[tuple[str, str, Part, ListHeading], int] = {}
        spans: list[list[segments.Span]] = []
        rows: list[NDArray[np.intp]] = []
        sentences: list[int] = []
        for text in texts:
            check()
            of_text = self._segments(text, check)
            sentences.append(of_text.sentences)
            spans.append(of_text.spans)
            keys = (
                (text[start:end], section, part, heading)
                for (start, end), section, part, heading in zip(
                    of_text.spans, of_text.sections, of_text.parts, of_text.headings, strict=True
                )
            )
            rows.append(rows_of(keys, known))
        unique = [text for text, *_ in known]
        plain: list[str] = []
        similarity = [np.zeros((0, self._references.shape[1]), np.float32)]
        compared = np.full(len(unique), NOT_COMPARED)
        sums = _SentenceSums(rows, sentences, self._references.shape[0])
        before = 0
        for block in blocks(unique):
            check()
            plain += self._plain(unique[block], check)
            found = self._compare(plain[block])
            sums.add(block.start, found)
            is_compared = found.row_of != NOT_COMPARED
            compared[block][is_compared] = found.row_of[is_compared] + before
            before += len(found.similarity)
            similarity.append(found.similarity)
        return SimilarityMatrix(
            unique,
            spans,
            rows,
            plain,
            similarity[-1] if len(similarity) == 2 else np.concatenate(similarity),
            compared,
            sentences,
            [section for _, section, _, _ in known],
            [part for _, _, part, _ in known],
            [heading for *_, heading in known],
            packed(sums.sums),
        )


NOT_COMPARED = -1


class _Compared(NamedTuple):
    """What was encoded and compared of a block of segments."""

    row_of: NDArray[np.intp]
    """By segment: its row of `vectors` and `similarity`, or NOT_COMPARED."""
    vectors: NDArray[np.float32]
    similarity: NDArray[np.float32]


class _SentenceSums:
    """For each text the sum of its sentences' vectors, block by block of the distinct segments."""

    def __init__(
        self, rows: Sequence[NDArray[np.intp]], sentences: Sequence[int], dimensions: int
    ) -> None:
        of_texts = [each[:size] for each, size in zip(rows, sentences, strict=True)]
        self._segments = np.concatenate(of_texts) if of_texts else np.zeros(0, np.intp)
        self._texts = np.repeat(np.arange(len(rows)), sentences)
        self.sums = np.zeros((len(rows), dimensions), np.float32)

    def add(self, start: int, encoded: _Compared) -> None:
        """Add the sentences of a block, which begins at the segment `start`."""
        place = self._segments - start
        inside = (place >= 0) & (place < len(encoded.row_of))
        rows = encoded.row_of[place[inside]]
        known = rows != NOT_COMPARED
        texts = self._texts[inside][known]
        if len(texts):
            firsts = np.flatnonzero(np.diff(texts, prepend=-1))
            sums = np.add.reduceat(encoded.vectors[rows[known]], firsts, axis=0)
            self.sums[texts[firsts]] += sums


_NO_PART = Part()
_CUT_LIST = Part(is_cut=True)


def _part_of(text: str, sentence: segments.Span, start: int, end: int) -> Part:
    """What a window is a part of: of a sentence, if it is within one."""
    first, last = sentence
    return Part(text[first:last], text[first:start]) if end <= last else _NO_PART


class _Segments(NamedTuple):
    """The segments of one text: sentences first."""

    spans: list[segments.Span]
    sections: list[str]
    parts: list[Part]
    headings: list[ListHeading]
    sentences: int
