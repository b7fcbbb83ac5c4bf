"""A record's text as sentences with exact character spans.

The rules, in order:

1. A line break ends a sentence, unless it is a soft wrap: the line before it is 50 characters or
   longer and ends neither in one of `. ? ! : ;` nor in a box with its answer, or it ends in a comma
   or a word that wants another ("no evidence of"), or the line after goes on ("and ..."); and the
   line after begins neither with a list mark nor with a heading. A line that is a box with "yes" or
   "no" stays with the line above it. Clinical notes put lists and
   headings on lines of their own.
2. Within such a block, Punkt decides which full stops end a sentence. Beyond Punkt, abbreviations
   that often come last ("b.i.d.", "wks.", "neg.") end one before a word with a capital, so does a
   unit of one letter ("38.9 C."), and so does a full stop without the space ("pain.Hgb 8").
3. A number or letter that marks a list item ("1.", "b)") stays with its item, and items that are
   counted from 1 on one line ("1) Melena 2) Anemia") are told apart; a heading in capitals
   ("HISTORY OF PRESENT ILLNESS:") with text after it is a segment of its own.
4. A segment longer than 400 characters is broken after a semicolon, else a comma, else at white
   space, else where it must.

No segment is empty or has white space at its ends, segments do not overlap, and together they hold
every character of the text that is not white space.

Every step takes time in proportion to the text, whatever it holds: nothing is looked at again for
each of its full stops, and of long words Punkt is shown the ends.
"""

import re
from bisect import bisect_left

from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text import punkt
from winnow.judging.text.nltk_punkt import PERIOD_CONTEXT

MAX_CHARACTERS = 400
_SOFT_WRAP = 50
_LONG = 500
"""Characters of a word, of the space behind it, and of the next word, that Punkt is shown."""

Span = tuple[int, int]

_LINE = lazy_pattern(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
BREAK = lazy_pattern(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
LIST_MARK = lazy_pattern(
    r"(?:[-*+•·–—▪◦#]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{2,4})[.)])(?=\s)|[-*•·–—▪◦#](?=\w)|\d{1,2}\.(?=[A-Z])"
)
_ONLY_MARK = lazy_pattern(r"\(?(?:\d{1,3}|[A-Za-z]|[ivx]{2,4})\.$")
_ITEM = lazy_pattern(r"(?:(?<=\s)|^)\(?(\d{1,2})[.)](?=\s+[^\W\d_])")
_WANTING = (
    "an|and|as|at|but|by|due|for|from|had|has|in|is|not|of|on|or|than|that|the|to|was|were|who"
    "|with|without"
)
_GOES_ON = lazy_pattern(
    rf"(?:,|\b(?:{_WANTING}|{_WANTING.upper()}|a)|(?<![:–?-] )(?<![:?])\b(?:no|NO))$"
)
_ENDS_IN_BOX = lazy_pattern(r"(?:\[ ?[xX]? ?\]|\( ?[xX]? ?\)|[☐☒☑]) ?[\w/]{1,12}\.?$")
_ANSWER_LINE = lazy_pattern(
    r"(?:[☐☒☑]|\[[ xX]?\]|\([ xX]?\))[ \t]{0,4}(?:yes|no|y|n|unknown|n/a)\.?", re.IGNORECASE
)
"""One of the answers to the question on the line above it."""
_GONE_ON = lazy_pattern(
    r"(?:and|or|nor|but|which|who|with|without|of|on|in|for|from|to)\b(?![.:)])"
)
_GLUED = lazy_pattern(
    r"\.(?:(?<=[^\W\d_]{3}\.)|(?<=\d\.)|(?<=[a-z]{2}\.)(?=[A-Z][a-z]))"
    r"(?!(?:com|org|net|edu|gov|info|htm|html|pdf|docx?|xlsx?|csv|txt|jpe?g|png|dcm)\b)"
    r"(?=[^\W\d_]{2}|[IA]\s)"
)
_SALUTATION = lazy_pattern(r"Dear(?: [A-Z][\w.'’-]*| or| and| colleagues?){1,5},(?=\s)")
BOX = lazy_pattern(r"(?:\[[ xX]?\]|\([ xX]?\)|[☐☒☑])(?=\s*+\w)")
_BOX_OF_ANSWER = lazy_pattern(r"\S{1,40}\s*+(?:yes|no|y|n|unknown|n/a)\b|\(\s\)", re.IGNORECASE)
_FIELD_END = lazy_pattern(r"(?<=[:?] [YNyn])\.(?=\s[A-Z][^.:?\n]{1,40}[:?]\s)")
"""The full stop between fields of one line: "EGD done: N. Colonoscopy done: N."."""
_AFTER_NUMBER = lazy_pattern(r"\d\s?$")
_HEADING = lazy_pattern(r"[A-Z][A-Z0-9 /&,()'’-]{3,58}[A-Z)]:(?=\s*+(?:,\s*+)?+[^\W\d_])")
_HEADING_LINE = lazy_pattern(r"[A-Z][A-Za-z0-9 /&,()'’-]{1,58}:(?:\s|$)")
_CLOSERS = lazy_pattern(r"[\"')\]}‘’“”«»]+?(?:\s+|(?=--)|$)", re.MULTILINE)
_PERIOD_CONTEXT = lazy_pattern(PERIOD_CONTEXT, re.VERBOSE)
"""A full stop that may end a sentence: group 1 is what follows, 2 the next token."""
_DIGIT = lazy_pattern(r"\d")
_ANSWER = lazy_pattern(
    r"\s*(?:[YN]\b|(?:yes|no|none|nil|never|unknown|unsure|pending|not|neg|pos|doubt|doubtful|unlikely)\b|[-–—:_\[(☐☒☑]|$)",
    re.IGNORECASE,
)
_SEMICOLON = lazy_pattern(r";\s")
_COMMA = lazy_pattern(r",\s")
_SPACE = lazy_pattern(r"\s")
_VISIBLE = lazy_pattern(r"\S")
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
        is_answer = bool(blocks) and _ANSWER_LINE.fullmatch(text, start, end) is not None
        # Two breaks between the lines make an empty line: never a wrap.
        if (
            (soft or is_answer or (blocks and _GONE_ON.match(text, start)))
            and len(BREAK.findall(text, blocks[-1][1], start)) == 1
            and (is_answer or not LIST_MARK.match(text, start))
            and not _HEADING_LINE.match(text, start)
        ):
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((start, end))
        soft = stripped[-1] not in ".?!:;" and (
            (len(stripped) >= _SOFT_WRAP and not _ENDS_IN_BOX.search(stripped, len(stripped) - 20))
            or _GOES_ON.search(stripped, max(0, len(stripped) - 9)) is not None
        )
    return blocks


def _ends(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where Punkt ends sentences: (end of one, start of the next), without the last."""
    decider = punkt.load()
    special, decide = decider.special, decider.ends
    glued = [match.end() for match in _GLUED.finditer(text, start, end)]
    ends: list[tuple[int, int]] = []
    # Of the full stops in one word, the last one counts: it is held back until the next word's.
    held: tuple[re.Match[str], int] | None = None
    floor = start

    def settle(match: re.Match[str], word_start: int) -> None:
        word = text[max(word_start, match.start() - _LONG) : match.start()]
        following = match.group(2)
        plain = following is not None and len(word) > 1 and word.isalpha()
        if (
            (not plain or word.lower() in special)
            and not (following is not None and _closes(text, word_start, word, following))
            and not decide(f"{word}{match.group()}{_shown(match)}")
        ):
            return
        ends.append((match.end(), match.end() if following is None else match.start(2)))

    for match in _PERIOD_CONTEXT.finditer(text, start, end):
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
    if fields := [match.end() for match in _FIELD_END.finditer(text, start, end)]:
        ends = sorted({*ends, *((at, at) for at in fields)})
    if glued:
        ends = sorted({*ends, *((at, at) for at in glued if not _clipped(text, start, at))})
    return ends


def _clipped(text: str, start: int, stop: int) -> bool:
    """Whether the word before a full stop is an abbreviation that does not end a sentence."""
    decider = punkt.load()
    word = re.split(r"\s", text[max(start, stop - 2 - decider.longest) : stop - 1])[-1].lower()
    return word in decider.special and word not in decider.closing


def _shown(match: re.Match[str]) -> str:
    """What follows a full stop, as Punkt sees it."""
    if (following := match.group(2)) is None:
        return match.group(1)
    space = match.group(1)[: min(_LONG, len(match.group(1)) - len(following))]
    return space + following[:_LONG]


def _closes(text: str, start: int, word: str, following: str) -> bool:
    """Whether a full stop ends a sentence, although Punkt takes its word for an abbreviation."""
    if not following[0].isupper():
        return False
    word = word.lstrip("(").lower()
    decider = punkt.load()
    if len(word) == 1:
        return (
            following[1:2].islower()
            and _AFTER_NUMBER.search(text, max(0, start - 3), start) is not None
        )
    return word in decider.closing and (following[1:2].islower() or word in decider.results)


def _items(text: str, start: int, end: int) -> list[Span]:
    """The marks of a list on one line, counted from 1; none where there is no second."""
    marks: list[Span] = []
    if text.find("2", start, end) < 0:
        return marks
    for match in _ITEM.finditer(text, start, end):
        if int(match[1]) != len(marks) + 1:
            continue
        # "Grade 1. Grade 2." is no list.
        before = match.start()
        while before > start and text[before - 1].isspace():
            before -= 1
        if marks or match.group()[-1] == ")" or before == start or text[before - 1] in ".:;":
            marks.append(match.span())
    return marks if len(marks) > 1 else []


def _boxes(text: str, start: int, end: int) -> list[int]:
    """Where the second and later boxes of a line begin, if each stands for something of its own.

    "[x] EGD negative  [x] colonoscopy negative" are two items; the boxes of "Bleeding: [x] yes
    [ ] no" are the answers to one question.
    """
    boxes = list(BOX.finditer(text, start, end))
    if len(boxes) < 2 or any(_BOX_OF_ANSWER.match(text, box.start(), end) for box in boxes):
        return []
    before = text[start : boxes[0].start()].strip(" \t-*•.")
    return [box.start() for box in boxes[1:]] if not before else []


def _in_mark(stop: int, marks: list[Span], lasts: list[int]) -> bool:
    """Whether a full stop is that of a mark; `lasts` are the marks' ends."""
    at = bisect_left(lasts, stop)
    return at < len(marks) and marks[at][0] < stop


def _is_before_its_word(text: str, begin: int, stop: int, following: int) -> bool:
    """Whether a question mark stands in front of what it asks for: "tired, ? anemia"."""
    return (
        stop - 2 >= begin and text[stop - 2].isspace() and text[following : following + 1].islower()
    )


def _sentences(text: str, start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    begin = start
    ends = _ends(text, start, end)
    if greeting := _SALUTATION.match(text, start, end):
        ends = sorted({*ends, (greeting.end(), greeting.end())})
    if boxes := _boxes(text, start, end):
        ends = sorted({*ends, *((box, box) for box in boxes)})
    if marks := _items(text, start, end):
        lasts = [last for _, last in marks]
        ends = [e for e in ends if not _in_mark(e[0], marks, lasts)]
        ends = sorted({*ends, *((first, first) for first, _ in marks[1:])})
    for stop, following in ends:
        if stop <= begin or not _VISIBLE.search(text, begin, stop):
            continue
        # Brackets and quotes that close after the full stop belong to the sentence.
        if closers := _CLOSERS.match(text, following, end):
            stop = following + len(closers.group().rstrip())
            following = closers.end()
        # "Anemia? N" is a line of a form.
        if text[stop - 1] == "?" and (
            _ANSWER.match(text, following, end) or _is_before_its_word(text, begin, stop, following)
        ):
            continue
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


def _heads(heading: str) -> bool:
    """Whether a heading stands for itself: "COLONOSCOPY: normal" and "EGD (9/9): normal" do not."""
    return " " in heading and _DIGIT.search(heading) is None


def spans(text: str) -> list[Span]:
    """Start and end of every segment, in order; none for blank text."""
    pieces: list[Span] = []
    for block_start, block_end in _blocks(text):
        for start, end in _sentences(text, block_start, block_end):
            if (heading := _HEADING.match(text, start, end)) and _heads(heading.group()):
                pieces.append((start, heading.end()))
                start = heading.end()
            if end - start <= MAX_CHARACTERS:
                pieces.append((start, end))
            else:
                pieces.extend(_broken(text, start, end))
    segments: list[Span] = []
    for start, end in pieces:
        piece = text[start:end]
        if content := piece.strip():
            start += len(piece) - len(piece.lstrip())
            segments.append((start, start + len(content)))
    return segments
