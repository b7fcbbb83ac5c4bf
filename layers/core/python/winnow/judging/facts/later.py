"""Whether a text says, without its name, that an event was done again, or that its date is wrong.

"Colonoscopy in 2009. It was repeated in 2021.", "Colonoscopy 2009, surveillance every 5 years
since", "Colonoscopy in 2009. Correction: 2019." Such a clause gives no date to count from, as it
does not name the event; it gives a doubt that nothing was done after the date that was read. It is
looked for behind a mention, up to two sentences on.

A later date alone says nothing ("hypertension since 2015"): a word of repeating or correcting has
to stand with it, or no other word that says something.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from winnow.judging.facts.dates import DateInterval, DateKind, DateReading
from winnow.judging.facts.patterns import compiled, match_at, search
from winnow.judging.facts.people import FAMILY
from winnow.judging.lazy_patterns import lazy_pattern

_NUMBER = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|other|(?:a )?few|several)"
_UNIT = r"[ -]?(?:years?|yrs?|y|months?|mos?)"
_TIMES = (
    rf"\b(?:every|each|q) ?(?:{_NUMBER}(?: ?(?:-|to|or) ?\d{{1,2}})?{_UNIT}|year)\b"
    rf"|\b(?:yearly|annually|biennially)\b|\b{_NUMBER}{_UNIT} (?:later|after(?!noon)\w*"
    rf"|thereafter)\b"
    rf"|\b(?:at|after) {_NUMBER}{_UNIT}\b"
)
"""Times that are counted from the event."""
_YEAR = r"(?<![\w/.-])(?:19|20)\d\d(?![\w/-])"
_CLAUSE_END = lazy_pattern(r"[,;()\n]|\.\s|\b(?:but|however|although|though)\b", re.IGNORECASE)
_LOWER = (
    r"\b(?:lower (?:gi )?endoscop\w+|colonic endoscop\w+|endoscop\w+ of (?:the |his |her )?"
    r"(?:whole |entire )?(?:colon|large bowel|large intestine|lower)"
    r"|polypectom\w+|(?:cecum|caecum|ileum) (?:was )?seen"
    r"|ileocolonoscop\w+)\b"
)
_AGAIN = (
    r"\b(?:re-?peat\w*|redone|another|again|subsequent\w*|surveillance|further|later|second|third"
    r"|(?:follow-?up|f/u)(?! (?:with|for|by|visits?|appointments?|labs?|in (?:the )?clinic"
    r"|notes?)\b)"
    r"|followed(?: up)? (?:by|with|up)|one more|present"
    r"|re-?scop\w+|scop(?:e|ed|ing)|re-?exam\w*|cecum|caecum|cecal|terminal ileum|path(?:ology)?"
    r"|polyps? (?:was |were )?(?:removed|resected|excised|snared|found|seen|taken out))\b"
)
_DONE_AGAIN = (
    r"\b(?:(?:was|were|been|had it|got it|then|since|later|and|has) repeated|^\W{0,4}repeated"
    r"|repeated in"
    r"|(?:later|subsequent|newer|further) ones|redone|re-?scoped|re-?examined"
    r"|second (?:look|one|exam\w*)|(?:one|once|twice|two|three"
    r"|several)"
    r" (?:more|times since)|twice since|more since)\b"
)
"""What says that it was done again without any date."""
_CORRECTS = (
    r"\b(?:correct(?:ion|ed|ing|s)|addend\w*|amend\w*|erratum|sorry|apolog\w+|oops|wait|typo\w*|sic"
    r"|mean(?:s|t|ing)?|rather|actually|in fact|instead|dated|should (?:be|read|say|have)|misspoke"
    r"|(?:records?|reports?|chart|notes?|letter|path\w*)"
    r"(?: (?:says?|states?|shows?|showed|lists?|reads?)|(?= ?:))"
    r"|per [\w ]{1,30}(?:office|records?|reports?|chart|notes?|letter)|mistaken\w*|mistake|error"
    r"|wrong|incorrect|(?:scratch|strike|make) that|late entry|updated?)\b"
)
_CORRECTED_ON = (
    r"\b(?:addend\w*|amend\w*|late entry|updated?|correct(?:ion|ed))(?: (?:on|dated|of|from))?"
    r"[ :(,-]{0,3}$"
)
_ASKED = (
    r"\b(?:(?:over)?due|recommend\w*|advis\w+|plan(?:s|ned)?|schedul\w*|should|needs?|wants?"
    r"|next|recall|request\w*|ask(?:s|ed|ing)?|wish\w*|hop(?:es|ed|ing)|interested|refer\w*"
    r"|would|will|to be|suggest\w*|guidelines?|interval|order\w*|eligible|told|return"
    r"|authori[sz]\w*|for (?:a |his |her )?(?:repeat|another|follow-?up|surveillance)"
    r"|to (?:repeat|have|undergo|get|return))\b"
)
_WAS_DONE = r"(?<!not\s)(?<!never\s)(?<!be\s)\b(?:done|performed|completed|underwent|took place)\b"
_NOT_AGAIN = (
    r"\b(?:no|not|never|without|nor|none|hasn[’']t|wasn[’']t)\b(?: [\w-]{1,14}){0,2}? (?:repeat\w*"
    r"|another|again|further|subsequent\w*|surveillance|follow\w*|since|later|more|second"
    r"|re-?scop\w*)\b"
)
_PLAIN = frozenset(
    """
    a about again also an and approximately around at been by clean done fine had has he her his i
    in is it last latest my negative no normal not now of ok on one per performed recently she since
    so that the then thereafter this to unremarkable was year yes
    """.split()  # noqa: SIM905 - a list literal would be a line a word
)
_WORD = lazy_pattern(r"[^\W\d_]+")
_NOTES = r"^(?:letter|signed|dictated|faxed|scanned|typed|reviewed|records)$"
_AROUND_NOW = timedelta(60)
_FAR = 400
"""Further behind, a sentence is about something else."""


class _Time(NamedTuple):
    """A time in a clause."""

    start: int
    end: int
    when: DateInterval


def later_times(
    text: str,
    start: int,
    end: int,
    dates: Sequence[DateReading],
    own: "re.Pattern[str]",
    others: str,
    record: date | None,
    *,
    sentence: int = 0,
    only_corrections: bool = False,
) -> Iterator[DateInterval | None]:
    """When else the event may have been done, as a part of a text says; None: it does not say.

    Args:
        dates: Those of this part.
        own: The event's names: a clause with one says itself what was done, and when.
        others: A pattern of what else has dates.
        record: The day of the record.
        sentence: How many sentences behind the event it is; 0: the rest of its own.
        only_corrections: Nothing was done that could be done again.
    """
    bare = sentence < 2
    for first, clause in _clauses(text, start, min(end, start + _FAR)):
        if search(FAMILY, clause):
            bare = False
            continue
        found = list(_found(clause, first, dates, record))
        corrects = search(_CORRECTS, clause) is not None
        if corrects:
            found = [f for f in found if not _is_day_of_correction(clause[: f.start], f.when)]
        if own.search(clause):
            clause, found, corrects = own.sub(" ", clause), [], False
        if _is_of_another(clause, others, corrects):
            bare = False
        elif corrects and found:
            yield from (each.when for each in found)
        elif not (only_corrections or _is_open(clause)):
            counted = [m.span() for m in compiled(_TIMES).finditer(clause)]
            again = search(_AGAIN, clause) or search(_LOWER, clause)
            plain = _is_plain(clause, [*(f[:2] for f in found), *counted])
            if search(_DONE_AGAIN, clause) or (counted and (again or (bare and plain))):
                yield None
            if again:
                yield from (each.when for each in found)
            elif bare and plain:
                yield from (each.when for each in found if not _is_around(each.when, record))
            bare = bare and (plain or corrects or again is not None or sentence == 0)


def _clauses(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Every clause that has a word or a number, and where it begins."""
    at = start
    for cut in [*(m.start() for m in _CLAUSE_END.finditer(text, start, end)), end]:
        first, at = at, cut
        if re.search(r"\w", text[first:cut]):
            yield first, text[first:cut]


def _found(
    clause: str, first: int, dates: Sequence[DateReading], record: date | None
) -> Iterator[_Time]:
    """The dates of a clause up to the record's, bare years included, but not the record's day."""
    own = [d for d in dates if first <= d.start < first + len(clause)]
    found = [
        _Time(d.start - first, d.end - first, d.interval) for d in own if d.kind is DateKind.AT
    ]
    for year in compiled(_YEAR).finditer(clause):
        if not any(d.start - first <= year.start() < d.end - first for d in own):
            number = int(year.group())
            whole = DateInterval(date(number, 1, 1), date(number, 12, 31))
            found.append(_Time(*year.span(), whole))
    for each in found:
        if record is None or each.when.earliest <= record != each.when.earliest:
            yield each


def _is_open(clause: str) -> bool:
    """Whether it was asked for and not done, or not done again."""
    return bool(
        search(_NOT_AGAIN, clause) or (search(_ASKED, clause) and not search(_WAS_DONE, clause))
    )


def _is_day_of_correction(before: str, interval: DateInterval) -> bool:
    """Read "Addendum 3/20/2024: ...": the day is not the event's."""
    is_day = interval.earliest == interval.latest
    return is_day and search(_CORRECTED_ON, before) is not None


def _is_of_another(clause: str, others: str, corrects: bool) -> bool:
    """Whether a clause is about another exam, or whatever else has a date."""
    lower = [m.span() for m in compiled(_LOWER).finditer(clause)]
    for found in compiled(others).finditer(clause):
        is_lower = any(first <= found.start() < last for first, last in lower)
        if not is_lower and not (corrects and match_at(_NOTES, found.group(), 0)):
            return True
    return False


def _is_plain(clause: str, times: Sequence[tuple[int, int]]) -> bool:
    """Whether a clause has, beside its times, no word that says something."""
    return all(
        word.group().lower() in _PLAIN or any(first <= word.start() < last for first, last in times)
        for word in _WORD.finditer(clause)
    )


def _is_around(when: DateInterval, record: date | None) -> bool:
    """Whether it is a day on which the note itself may have been written."""
    return (
        record is not None
        and when.earliest == when.latest
        and abs(when.latest - record) <= _AROUND_NOW
    )
