"""Answers of forms: which were left open, and which stand on the line below their question.

"Ongoing melena: Choose an item." was not answered, though nothing in it says so. Such a value is
written as a blank ("____"), which says nothing. "No" on the line below "Ongoing melena" is its
answer, so that both become one line. Every character keeps its place.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text.columns_of_marks import with_columns
from winnow.judging.text.marks import plain_marks

_SPACE = "[ \t\u00a0\u2000-\u200a\u3000]"
_OPENERS, _CLOSERS = r"[\[(<{«*.…_ –—-]{0,6}", r"[\])>}»*.…_: –—-]{0,6}"
_REST = r"(?: [^\s:;|]{1,20}){0,9}?"
_INSTRUCTION = (
    r"(?:please )?(?:"
    r"(?:choose|select|pick)"
    rf"(?: (?:an?|one|from|item|option|answer|value|date|all|here|yes)\b{_REST})?"
    rf"|(?:click|tap|press)(?: (?:or|here|to)\b{_REST})?"
    r"|(?:enter|type|insert|fill|fill in|write|specify|describe|explain|provide|indicate)"
    r"(?: (?:here|text|dates?|values?|answers?|below|details|reasons?|numbers?|names?|dose|results?"
    rf"|an?|the|your|if|in)\b{_REST})?"
    r"|(?:circle|check|tick|mark)"
    rf" (?:one|all|yes|no|if|the|an?|appropriate|that|below|here)\b{_REST}"
    r")"
)
"""What a form says where nobody has answered."""
_TEMPLATE = (
    r"\$?\{{1,3}[^{}\n]{0,60}\}{1,3}|«[^«»\n]{0,60}»|<<[^<>\n]{0,60}>>|\[\[[^\[\]\n]{0,60}\]\]"
    r"|<[a-z][^<>\n]{0,40}>|%[a-z_]{1,40}%|@[a-z_.]{1,40}@"
)
"""The name of a value that no program has put in its place."""
_NOTHING = (
    r"null|nan|undefined|unanswered|(?:left )?blank|empty|na|no (?:answer|response|entry)"
    r"|&nbsp;|#(?:n/a|ref!|value!|name\?|null!|num!|div/0!)"
    r"|nope"
)
"""What is written where there is nothing to write."""
_CHOICE = r"y(?:es)? ?/ ?no?(?: ?/ ?[a-z/]{1,12})?(?: ?\([^()\n]{1,40}\))?"
"""Both answers, of which one was to be chosen."""
_SIGNS = r"[()/\\;…·~^\"'`!&.,*|#–—][ ()/\\;…·~^\"'`!&.,*|#–—]{0,80}+"
_OPEN = lazy_pattern(
    rf"(?<![:?=])(?:[:?=](?!=){_SPACE}{{0,40}}+("
    rf"(?:{_OPENERS}(?:{_INSTRUCTION}|{_NOTHING}|{_CHOICE}){_CLOSERS}|{_TEMPLATE}|(?-i:F))"
    rf"(?={_SPACE}{{0,80}}+$|\t|{_SPACE}{{3}}))"
    rf"|[:=](?!=){_SPACE}{{0,40}}+({_SIGNS})(?=$|\t|(?<=   )\w))",
    re.IGNORECASE | re.MULTILINE,
)
"""The value of a field that is no answer."""
_UNCHOSEN = lazy_pattern(
    rf"(?<=\S )([(\[]{_CHOICE}[)\]])(?={_SPACE}{{0,80}}+$)", re.IGNORECASE | re.MULTILINE
)
_CHOSEN = lazy_pattern(
    rf"(?<=[\s?:])([(\[]?{_CHOICE}[)\]]?)(?= ?:? {{0,3}}(?:yes|no|y|n)\b\.?{_SPACE}{{0,80}}+$)",
    re.IGNORECASE | re.MULTILINE,
)
"""Both answers before the one that was chosen: "Melena (Y/N): N"."""
_EMPTY_BOX = lazy_pattern(rf"(?<=[\w)] )\( ?\)(?={_SPACE}{{0,80}}+$)", re.MULTILINE)
_LEADERS = lazy_pattern(r"(?<=[\w)]) ?((?:\.{4}|(?:\. ){4}|…{2})[ .…]*)")
_OF_SEX = lazy_pattern(r"(?:sex|gender|patient|pt|m/f|m or f) ?$", re.IGNORECASE)
"""Behind it, an F is no "false"."""
_LINE = lazy_pattern(r"[^\n]+")
_ANSWER = lazy_pattern(
    r"(?:[:*>•→–—-]{1,2}[ \t]{1,4}"
    r"|(?:a|answer|response|reply|value|result|status|selected)\s?:\s*)?"
    r"(?:(?:yes|no|none|nil|never|unknown|denie[sd]|absent|present|positive|negative|true|false|n/?a"
    r"|y|n|resolved|inactive|ruled out|not (?:known|done|present|reported|applicable|answered|asked"
    r"|sure|noted|currently|at this time)"
    r"|(?:none|no) (?:reported|known|noted|seen|given|evidence))\b"
    r"\.?(?=$|[,;(–-]| [–(-]).{0,100}"
    r"|(?:[☐☑⍰]|\[[ xX]?\])[ \t]{0,4}(?:yes|no|y|n)\b.{0,100}|_{2,40})",
    re.IGNORECASE,
)
"""A line that is an answer."""
_LEAD = lazy_pattern(r"[:*>•→–—-]{0,2}[ \t]{0,4}(?:[a-z]{1,8}\s?:\s*)?(?=\S)", re.IGNORECASE)
_LABEL = lazy_pattern(
    r"(?:(?:q|question|problem|symptom|finding|item|diagnosis) ?\d{0,3}[:.]\s{0,4})?"
    r"(?:\(?\d{1,3}[.)]\s{1,4}|[-*•]\s{1,4})?(?=[\W\d]{0,9}[^\W\d_])(?:[^.;!:?\n]|\.(?=\S)){1,100}[:?]?",
    re.IGNORECASE,
)
"""A line that an answer may be of."""
_MAX_LABEL = 100
_MAX_ANSWER = 140


class _Line(NamedTuple):
    """A line that is not empty, without the blanks around it."""

    start: int
    end: int
    is_answer: bool
    is_label: bool
    ends_field: bool
    """Whether it ends in a colon or a question mark."""
    is_orphan: bool = False
    """Whether it is an answer that is below no question."""
    is_below_orphan: bool = False


def plain_answers(text: str) -> str:
    """The text with its marks and its answers as judging knows them, each at its place."""
    return with_answers(plain_marks(with_columns(text)))


def with_answers(text: str) -> str:
    r"""The text with what is no answer as a blank, and answers behind their questions.

    >>> with_answers("Melena: Choose")
    'Melena: _____;'
    >>> with_answers("Melena\nNo\nFever?\nYes")
    'Melena:No\nFever? Yes'
    """
    text = _OPEN.sub(_blank, text)
    text = _UNCHOSEN.sub(_blank, text)
    if "( )" in text or "()" in text:
        text = _EMPTY_BOX.sub(_boxed, text)
    text = _CHOSEN.sub(lambda match: " " * len(match.group()), text)
    if "...." in text or ". . " in text or "……" in text:
        text = _LEADERS.sub(_led, text)
    return _joined(text)


def _blank(match: re.Match[str]) -> str:
    group = match.lastindex or 1
    before, value = match.group()[: match.start(group) - match.start()], match[group]
    if value == "F" and _OF_SEX.search(match.string, max(0, match.start() - 20), match.start()):
        return match.group()
    if len(value) < 3:
        return before + "?".ljust(len(value))
    return before + "_" * (len(value) - 1) + ";"


def _boxed(match: re.Match[str]) -> str:
    return match.group().replace("(", "[").replace(")", "]")


def _led(match: re.Match[str]) -> str:
    """Dots between a question and its answer, or where that was left out."""
    text, end = match.string, match.end()
    before = match.group()[: match.start(1) - match.start()]
    size = len(match[1])
    line_end = text.find("\n", end, end + _MAX_ANSWER)
    answer = text[end : line_end if line_end >= 0 else end + _MAX_ANSWER].strip()
    if not answer:
        return before + "_" * size
    return before + ":".ljust(size) if _ANSWER.fullmatch(answer) else match.group()


def _joined(text: str) -> str:
    """Answers on lines of their own behind their questions on the lines above.

    Where answers stand above their questions, nobody knows which is of which.
    """
    letters: list[str] = []
    before: _Line | None = None
    for line in _lines(text):
        if before and text.count("\n", before.end, line.start) > 1:
            before = None
        is_joined = before is not None and (
            (line.is_answer and before.is_label) or (line.is_label and before.is_orphan)
        )
        if is_joined and before is not None:
            letters = letters or list(text)
            at = text.index("\n", before.end)
            is_orphan = before.is_orphan or before.is_below_orphan
            letters[at] = "⍰" if is_orphan else " " if before.ends_field else ":"
            if line.is_answer and (lead := _LEAD.match(text, line.start, line.end)):
                letters[line.start : lead.end()] = " " * (lead.end() - line.start)
            line = line._replace(is_below_orphan=is_orphan)
        before = line._replace(
            is_orphan=line.is_answer and (not is_joined or line.is_below_orphan),
            is_below_orphan=line.is_label and line.is_below_orphan,
        )
    return "".join(letters) if letters else text


def _lines(text: str) -> Iterator[_Line]:
    for match in _LINE.finditer(text):
        line = match.group()
        if not (stripped := line.strip()):
            continue
        start = match.start() + len(line) - len(line.lstrip())
        end = start + len(stripped)
        is_answer = len(stripped) <= _MAX_ANSWER and _ANSWER.fullmatch(text, start, end) is not None
        is_label = (
            not is_answer
            and len(stripped) <= _MAX_LABEL
            and _LABEL.fullmatch(text, start, end) is not None
        )
        yield _Line(start, end, is_answer, is_label, stripped[-1] in ":?")
