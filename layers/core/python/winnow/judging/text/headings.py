"""The lines that head lists: "Denies:" stands above "- melena", and says what becomes of it.

Each line of a list is a segment of its own, so that nothing in it says under what it stands. Here
each sentence gets the lines that it stands under; what these say of it is read as any sentence is
(criteria/list_headings.py), without a table of headings.

A line heads the lines below it if it ends in a colon, or has none, is short and stands directly
over lines with list marks. Below it are its items: lines with a list mark, and short lines without
one. It goes on until another heading of its depth or running text, which has sentences. Of a line
that may be an item or may not ("Label: text", a line without a mark behind lines that have one) it
is not sure that it is below the heading.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text import segments
from winnow.judging.text.doubtful_answers import (
    denies_above,
    is_answer,
    is_doubtful,
    is_of_relative,
    may_deny,
)
from winnow.models import PART_BREAK


class ListHeading(NamedTuple):
    """What a sentence stands under."""

    lines: tuple[str, ...] = ()
    """The heading lines, the outermost first; none: it is under no heading of a list."""
    is_sure: bool = True
    """Whether it is surely one of their items."""
    is_inline: bool = False
    """Whether the heading is in the sentence itself: "Negatives: fever, melena"."""
    is_unanswered: bool = False
    """Whether the sentence is the question of a form with nothing behind it: "Melena:"."""
    is_doubtful: bool = False
    """Whether an answer stands beside the sentence of which it is not known what it says."""


NO_HEADING = ListHeading()
MAX_HEADING = 160
"""Characters of a heading line at most; of one without a colon, _MAX_SHORT."""
_MAX_SHORT = 70
_MAX_DEPTH = 5
"""Headings within headings."""
_MAX_ITEM_WORDS = 12
"""A line without a mark that has more words is running text."""
_MAX_PART_WORDS = 6
_MIN_SENTENCE_WORDS = 5
_MAX_BREAKS = 2
"""Line breaks between a line and an answer that may be its own."""
_MAX_CHOICES = 4
"""Answers on lines of their own below a question."""
_MAX_OFFSET = 2
"""Characters that lines below each other may be apart at their left."""
_RUNS = lazy_pattern(
    r"\b(?:is|are|was|were|has|have|had|he|she|they|patient|pt|i|we|it|there"
    r"|showed|shows|denies|denied|reports|reported|presents|presented)\b",
    re.IGNORECASE,
)
"""A line with one of these and a full stop is a sentence, however short."""
_LABEL = lazy_pattern(r"[^\W\d_][^:.;\n]{0,59}:\s")
_FIELD = lazy_pattern(r"\s*+[^\W\d_][^:.;\n]{0,59}:(?:\s|$)")
_INLINE = lazy_pattern(r"(?:[-*•·▪◦+]\s*)?([^\W\d_][^:.;,\n]{0,79}):\s+")
_SEPARATORS = lazy_pattern(r"[,;/]|\b(?:and|or)\b")
_NAMES = lazy_pattern(
    r"[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*){0,3}"
    r"(?:(?:, ?|; ?| ?/ ?)(?:(?:and|or) )?[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*){0,3}){2,}[.;]?"
)
"""Three names of things or more: "fever, weight loss, anemia"."""
_ANSWER = lazy_pattern(
    r"\b(?:yes|no|none|not|neg|negative|normal|nl|pos|positive|denies|denied|complete|ongoing)\b",
    re.IGNORECASE,
)
_AROUND = " \t*_#=~>`"
_SENTENCE_END = lazy_pattern(r"[.;!?]\s")
_MARKED_HEADING = lazy_pattern(r"#{1,6}(?=[^#])")
_CAPITALS = lazy_pattern(r"[A-Z][A-Z0-9 /&,()'’-]{3,58}[A-Z)]")
_IN_BOLD = lazy_pattern(r"(?:\*\*|__)[^*_\n]{2,68}(?:\*\*|__):?")
_UNDERLINE = lazy_pattern(r"[-=~_]{3,}")
_OPENS = lazy_pattern(
    r"\b(?:following|these|those|any|all|for|of|if|with|denies|denied|denying|negatives?|absent"
    r"|excluded|out|not|never|no|present|seen|found|reported|ha(?:s|ve|d|ving))$",
    re.IGNORECASE,
)
"""The last word of a line that wants something behind it, though it has no colon."""
_WANTS = lazy_pattern(r"\b(?:denie[sd]|denying|no|not|never|have|if|following|these|any)$")
"""The last word of a line that wants what stands on the next, list mark or not."""
_CLAUSE = lazy_pattern(
    r"(?:\b(?:is|are|was|were|has|have|had|shows|showed)\b|,)"
    r"(?!$|.*\b(?:following|these|those|any|all|for|of|if|with|ha(?:s|ve|d))$)",
    re.IGNORECASE,
)
"""A line with one of these says all by itself, unless it ends in the midst of it."""
_VALUE = lazy_pattern(r"([^\W\d_][^:\n\t]{0,59}?)(?::[ \t]{0,80}|[ ]{2,80}|\t[ \t]{0,20})(?=\S)")
"""A label with what is said of it behind it, at the place where more may stand below."""
_IN_BRACKETS = lazy_pattern(r"\([^()]{0,40}\)")
_DASH = lazy_pattern(r" [-–—]$")
_TITLE_WORD = lazy_pattern(r"[^\W\d_]+(?:['’]s)?")
_MAX_TITLE_WORDS = 8
_TITLE_WORDS = frozenset(
    (
        *("denies", "denied", "denying", "deny", "negative", "negatives", "absent", "absence"),
        *("not", "no", "none", "never", "ruled", "out", "excluded", "resolved", "inactive"),
        *("family", "familial", "father", "mother", "brother", "sister", "sibling", "siblings"),
        *("relative", "relatives", "maternal", "paternal", "parents", "son", "daughter", "fhx"),
        *("past", "previous", "prior", "former", "old", "pmh", "pmhx", "fh", "hx", "history"),
        *("medical", "surgical", "social", "patient", "patients", "pt", "the", "of", "these"),
        *("following", "above", "below", "any", "all", "does", "do", "did", "has", "have", "had"),
        *("is", "are", "was", "were", "been", "in", "at", "this", "time", "for", "and", "or"),
        *("present", "found", "reported", "reports", "reporting", "endorses", "admits", "noted"),
        *("symptoms", "symptom", "signs", "sign", "findings", "finding", "problems", "problem"),
        *("conditions", "condition", "complaints", "complaint", "diagnoses", "diagnosis"),
        *("pertinent", "positive", "positives", "list", "current", "currently", "active", "ros"),
        *("review", "systems", "hpi", "illness", "assessment", "impression", "plan", "summary"),
        *("medications", "allergies", "exam", "examination", "physical", "labs", "results"),
        *("risk", "risks", "side", "effects", "complications", "adverse", "events", "possible"),
        *("potential", "discussed", "warning", "precautions", "differential", "considered"),
        *("when", "what", "call", "calling", "seek", "watch", "look", "us", "you", "your", "our"),
        *("help", "care", "doctor", "emergency", "home", "to", "if", "return", "reasons"),
        *("previously", "experienced", "experiencing", "exclusion", "contraindications"),
        *("on", "during", "by", "per", "today", "visit"),
        *("criteria", "coverage", "covered", "policy", "instructions", "education", "example"),
        *("laboratory", "imaging", "procedures", "indication", "indications", "clinical", "notes"),
    )
)
"""What is all of these words is a title: it names no finding of its own."""
_SALUTATION = lazy_pattern(r"(?:dear|to (?:whom|the|our|my|dr|mrs?|ms))\b", re.IGNORECASE)


class _Line(NamedTuple):
    """A line, or lines that a soft wrap joined."""

    first: int
    """Its first sentence."""
    last: int
    start: int
    end: int
    indent: int
    is_marked: bool
    is_behind_gap: bool
    """Whether an empty line, or the beginning of a part, stands before it."""
    begins_part: bool


def list_headings(text: str, sentences: Sequence[segments.Span]) -> list[ListHeading]:
    """For each sentence what it stands under."""
    found = [NO_HEADING] * len(sentences)
    lines = list(_lines(text, sentences))
    scope = _Scope()
    for number, line in enumerate(lines):
        if line.begins_part:
            scope.clear()
        following = lines[number + 1] if number + 1 < len(lines) else None
        heading = _heading(text, line, sentences, following)
        over = scope.over(text, line, is_heading=heading is not None)
        if over.lines:
            found[line.first : line.last + 1] = [over] * (line.last + 1 - line.first)
        for place in range(line.first, line.last + 1):
            if not over.lines and (inline := _inline(text, *sentences[place])):
                found[place] = inline
        for place in _in_doubt(text, sentences, lines, number):
            found[place] = found[place]._replace(is_doubtful=True)
        if heading is not None:
            scope.open(heading)
        if _is_unanswered(text, line, following):
            found[line.last] = found[line.last]._replace(is_unanswered=True)
    return found


def _is_unanswered(text: str, line: _Line, following: _Line | None) -> bool:
    """Whether a line ends in a colon, and no line is below it but the next field of its form."""
    if text[line.end - 1] != ":":
        return False
    if following is None:
        return True
    mark = segments.LIST_MARK.match(text, following.start, following.end)
    return (
        following.indent <= line.indent
        and following.is_marked == line.is_marked
        and _FIELD.match(text, mark.end() if mark else following.start, following.end) is not None
    )


def _lines(text: str, sentences: Sequence[segments.Span]) -> Iterator[_Line]:
    first, behind = 0, 0
    while first < len(sentences):
        start = sentences[first][0]
        breaks = list(segments.BREAK.finditer(text, behind, start))
        last = first
        while last + 1 < len(sentences) and not segments.BREAK.search(
            text, sentences[last][1], sentences[last + 1][0]
        ):
            last += 1
        end = sentences[last][1]
        yield _Line(
            first,
            last,
            start,
            end,
            start - (breaks[-1].end() if breaks else behind),
            segments.LIST_MARK.match(text, start, end) is not None
            or segments.BOX.match(text, start, end) is not None,
            len(breaks) != 1,
            text.find(PART_BREAK, behind, start) >= 0,
        )
        first, behind = last + 1, end


def _in_doubt(
    text: str, sentences: Sequence[segments.Span], lines: Sequence[_Line], number: int
) -> Iterator[int]:
    """The sentences of a line beside whose words an answer stands that nobody can read."""
    line = lines[number]
    for place in range(line.first, line.last + 1):
        start, end = sentences[place]
        if is_doubtful(text[start:end]):
            yield place
    if line.first == line.last and is_answer(text[line.start : line.end]):
        return
    before = lines[number - 1] if number else None
    if before is not None and (
        (_is_near(text, before, line) and may_deny(_short(text, before)))
        or (not line.is_behind_gap and is_of_relative(text[before.start : before.end]))
    ):
        yield line.first
    near = line
    for following in lines[number + 1 : number + 1 + _MAX_CHOICES]:
        below = _short(text, following)
        if _is_near(text, near, following) and (denies_above(below) or is_of_relative(below)):
            yield line.last
        if not is_answer(text[following.start : following.end]):
            break
        near = following
    neighbours = (before, lines[number + 1] if number + 1 < len(lines) else None)
    if text[line.start] == "-" and any(
        near is not None and near.indent == line.indent and text[near.start] == "+"
        for near in neighbours
    ):
        yield line.first


def _is_near(text: str, first: _Line, second: _Line) -> bool:
    return len(segments.BREAK.findall(text, first.end, second.start)) <= _MAX_BREAKS


def _short(text: str, line: _Line) -> str:
    """The beginning of a line, longer than any answer."""
    return text[line.start : min(line.end, line.start + MAX_HEADING)]


class _Heading(NamedTuple):
    line: str
    depth: tuple[int, bool]
    is_strong: bool
    """Whether lines without list marks are below it, too."""
    is_sure: bool
    """Whether what it says goes on with its items: "Denies" does, "No fever" does not."""
    min_indent: int = 0
    """How far its items are indented at least."""


def _heading(
    text: str, line: _Line, sentences: Sequence[segments.Span], following: _Line | None
) -> _Heading | None:
    """The line as a heading of those below it; None: it is none."""
    start, end = sentences[line.last]
    mark = segments.LIST_MARK.match(text, start, end)
    content = text[mark.end() if mark else start : end].strip(_AROUND)
    if content.endswith(":") or _DASH.search(content):
        content = content.rstrip(" -–—")
        if len(content) > MAX_HEADING or _SALUTATION.match(content):
            return None
        content = _SENTENCE_END.split(content)[-1]
        return _Heading(content, _depth(text, line), is_strong=True, is_sure=True)
    if following is None or not content:
        return None
    if hanging := _hanging(text, line, following):
        return hanging
    if line.first != line.last:
        return None
    is_title = (
        _MARKED_HEADING.match(text, line.start, line.end) is not None
        or _CAPITALS.fullmatch(content) is not None
        or _IN_BOLD.fullmatch(text, line.start, line.end) is not None
        or _UNDERLINE.fullmatch(text, following.start, following.end) is not None
        or (not line.is_marked and (_is_title(content) or _WANTS.search(content) is not None))
    )
    heads_list = following.is_marked and (not line.is_marked or following.indent > line.indent)
    if len(content) > _MAX_SHORT or content[-1] in ".!?;," or ": " in content:
        return None
    opens = _OPENS.search(content) is not None
    if is_title or (heads_list and not _CLAUSE.search(content)):
        return _Heading(content, _depth(text, line), is_strong=is_title, is_sure=opens)
    return None


def _hanging(text: str, line: _Line, following: _Line) -> _Heading | None:
    """A label with text behind it as the heading of lines that begin below this text."""
    if line.is_marked or following.is_behind_gap or following.indent <= line.indent:
        return None
    label = _VALUE.match(text, line.start, line.end)
    if label is None:
        return None
    indent = line.indent + label.end() - line.start
    has_tab = text.find("\t", line.start, label.end()) >= 0
    is_below = text[following.start - 1] == "\t" if has_tab else following.indent > line.indent + 1
    if not is_below or (not has_tab and abs(following.indent - indent) > _MAX_OFFSET):
        return None
    return _Heading(
        label.group(1).strip(_AROUND) + ":",
        _depth(text, line),
        is_strong=True,
        is_sure=True,
        min_indent=following.indent,
    )


def _is_title(content: str) -> bool:
    """Whether a line is a title by its words, though neither a colon nor its form shows it."""
    words = [word.lower() for word in _TITLE_WORD.findall(_IN_BRACKETS.sub("", content))]
    return (
        0 < len(words) <= _MAX_TITLE_WORDS
        and ":" not in content
        and not is_answer(content)
        and all(word.removesuffix("'s").removesuffix("’s") in _TITLE_WORDS for word in words)
    )


def _depth(text: str, line: _Line) -> tuple[int, bool]:
    """How deep a heading is: one of the same depth, or less, ends it."""
    if marks := _MARKED_HEADING.match(text, line.start, line.end):
        return len(marks.group()) - 10, False
    return line.indent, line.is_marked


class _Scope:
    """The headings that are open, the outermost first."""

    def __init__(self) -> None:
        self._open: list[_Heading] = []
        self._items: list[_Line] = []
        """The first and the latest item of the innermost heading."""
        self._is_tight = False
        """Whether an item stands directly below another, so that an empty line may end the list."""
        self._is_sure = True

    def clear(self) -> None:
        """Nothing is open."""
        self._open = []
        self._begin()

    def _begin(self) -> None:
        self._items = []
        self._is_tight = False
        self._is_sure = True

    def open(self, heading: _Heading) -> None:
        """A heading ends those that are as deep or deeper."""
        self._close(heading.depth)
        if len(self._open) == _MAX_DEPTH:
            # What the one that is left out says is not known.
            self._open.pop()
            heading = heading._replace(is_sure=False)
        self._open.append(heading)
        self._begin()

    def _close(self, depth: tuple[int, bool]) -> None:
        while self._open and self._open[-1].depth >= depth:
            self._open.pop()

    def over(self, text: str, line: _Line, *, is_heading: bool) -> ListHeading:
        """What a line stands under; running text ends what stands above it."""
        while self._open and line.indent < self._open[-1].min_indent:
            self._open.pop()
            self._begin()
        if is_heading:
            self._close(_depth(text, line))
        if not self._open:
            return NO_HEADING
        lines = tuple(heading.line for heading in self._open)
        opens = all(heading.is_sure for heading in self._open)
        if is_heading:
            return ListHeading(lines, opens)
        if not self._is_part_of_item(line) and not line.is_marked:
            if not self._open[-1].is_strong or _is_running(text, line):
                self.clear()
                return NO_HEADING
            if _LABEL.match(text, line.start, line.end):
                self._is_sure = False
        self._add(text, line)
        is_sentence = text[line.end - 1] in ".!?" and not line.is_marked
        return ListHeading(
            lines,
            opens
            and self._is_sure
            and not (is_sentence and not _is_enumeration(text[line.start : line.end])),
        )

    def _is_part_of_item(self, line: _Line) -> bool:
        """Whether a line goes on with an item that has a list mark."""
        return (
            bool(self._items)
            and not line.is_marked
            and self._items[-1].is_marked
            and line.indent > self._items[-1].indent
        )

    def _add(self, text: str, line: _Line) -> None:
        if self._is_part_of_item(line):
            return
        if self._items:
            first = self._items[0]
            if (line.is_behind_gap and self._is_tight) or (
                _mark(text, first) != _mark(text, line) and line.indent <= first.indent
            ):
                self._is_sure = False
            self._is_tight = self._is_tight or not line.is_behind_gap
        self._items = [*self._items[:1], line]


def _mark(text: str, line: _Line) -> str:
    """The kind of an item's list mark: its character, or "1" for a number."""
    if not line.is_marked:
        return ""
    return "1" if text[line.start : line.start + 3].strip("(")[:1].isalnum() else text[line.start]


def _is_running(text: str, line: _Line) -> bool:
    """Whether a line without a mark is no item, but one or more sentences."""
    if _is_enumeration(text[line.start : line.end]):
        return False
    if line.first != line.last:
        return True
    content = text[line.start : line.end]
    words = len(content.split())
    if content[-1] not in ".!?":
        return words > _MAX_ITEM_WORDS
    return words >= _MIN_SENTENCE_WORDS or _RUNS.search(content) is not None


def _is_enumeration(content: str) -> bool:
    """Whether it is short things between commas: "fever, chills, weight loss or anemia"."""
    parts = [part for part in _SEPARATORS.split(content.rstrip(".")) if part.strip()]
    return (
        len(parts) > 1
        and max(len(part.split()) for part in parts) <= _MAX_PART_WORDS
        and _RUNS.search(content) is None
        and ". " not in content
    )


def _inline(text: str, start: int, end: int) -> ListHeading | None:
    """A sentence that is a heading with its list behind it."""
    heading = _INLINE.match(text, start, end)
    if heading is None:
        return None
    if not _NAMES.fullmatch(text, heading.end(), end) or _ANSWER.search(text, heading.end(), end):
        return None
    return ListHeading((heading.group(1) + ":",), is_inline=True)
