"""The patient's age at the record's date, in full years, as the least and the most it can be.

Read are "52 yo", "61M", "aged 57", "Age: 68", "fifty-two-year-old", "in her late forties", a date
of birth with the record's date, "turned 45 last month", "will be 45 in June" (44), "under age 45".

Never read are a relative's age ("72 yo mother", "his wife, 52 years old"), the age at an event
("at age 51", "died at 62", "52 years old when diagnosed") or in another year ("in 2010, a
44-year-old man"), that of a policy ("adults aged 45 to 75") or of a thing ("in a 58-year-old
building"), and other numbers ("52 weeks", "98.6 F", "a 16F catheter", "room 58 M"). Ages that
contradict each other ("Age: 58 (chart), 38 (patient)") are a doubt: then nothing is read.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from winnow.judging.facts.dates import (
    DateInterval,
    DateKind,
    DateOrder,
    DateReading,
    elapsed,
    find_dates,
    guess_order,
)
from winnow.judging.facts.numbers import WORDS, parse_words
from winnow.judging.facts.patterns import compiled, match_at, search
from winnow.judging.lazy_patterns import lazy_pattern

MAX_AGE = 130
"""Of an age with no upper end: "over 50"."""


class AgeReading(NamedTuple):
    """The patient's age: full years, both ends included."""

    start: int
    end: int
    least: int
    most: int

    def __str__(self) -> str:
        """In words: "age 44", "age 46 to 49", "age under 45", "age 50 or over"."""
        if self.most >= MAX_AGE:
            return f"age {self.least} or over"
        if self.least == self.most:
            return f"age {self.least}"
        if self.least == 0 and self.most > 2:
            return f"age under {self.most + 1}"
        return f"age {self.least} to {self.most}"


def read_age(
    text: str, record_date: date | None = None, order: DateOrder | None = None
) -> AgeReading | None:
    """The patient's age; None: the text does not say it, or contradicts itself."""
    readings = find_ages(text, record_date, order or guess_order(text))
    following = [reading.start for reading in readings[1:]]
    readings = [
        reading
        for number, reading in enumerate(readings)
        if number == len(following)
        or not search(_CORRECTION, text[reading.end : following[number]])
    ]
    if not readings or any(_is_disputed(text, reading) for reading in readings):
        return None
    exact = [reading for reading in readings if reading.least == reading.most]
    least = max(reading.least for reading in readings)
    most = min(reading.most for reading in readings)
    if least > most:
        # "52 yo" in a note whose date of birth makes 53: a birthday lies between.
        least, most = most, least
        if most - least > 1 or len(exact) < len(readings):
            return None
    first = min(readings, key=lambda reading: (reading.most - reading.least, reading.start))
    return first._replace(least=least, most=most)


def find_ages(
    text: str, record_date: date | None = None, order: DateOrder | None = None
) -> list[AgeReading]:
    """Every statement of the patient's age at the record's date, in the text's order."""
    if not search(_MAYBE, text):
        return []
    found: list[AgeReading] = []
    for pattern, read in _rows():
        for match in compiled(pattern).finditer(text):
            reading = read(match, record_date, order)
            if reading is None or not 0 <= reading.least <= reading.most <= MAX_AGE:
                continue
            if read is not _born and (
                _is_no_age(match)
                or (record_date is not None and _is_former(match, record_date, order))
            ):
                continue
            found.append(reading)
    found.sort(key=lambda reading: (reading.start, -reading.end))
    return list(_outermost(found))


def _outermost(readings: list[AgeReading]) -> Iterator[AgeReading]:
    end = -1
    for reading in readings:
        if reading.start >= end:
            end = reading.end
            yield reading


_CORRECTION = (
    r"^[^.\n]{0,20}\b(?:correction|corrected to|i mean|make that|sorry|rather|should be)\b"
)

# -- what is not the patient's age now ------------------------------------------------------------

_RELATIVE = (
    r"(?:(?:step|grand|half-?)?-?(?:mother|father|brother|sister|son|daughter|mom|dad"
    r"|child|children"
    r"|parents?)(?:-in-law)?|aunt|uncle|cousin|niece|nephew|sibling|twin|wife|husband|spouse"
    r"|partner|fianc[eé]e?|boyfriend|girlfriend|grandparents?|grandson|relatives?|caregiver|friend"
    r"|neighbou?r|roommate|donor|kids?|m[gu]m|ma|pa|mgm|mgf|pgm|pgf|fdr|caretaker)s?\b"
)
_RELATIVES = rf"(?<!\w){_RELATIVE}(?! of (?:\d|one|two|three|four|five|six|seven|a\b|an\b))"
_PERSON = (
    r"(?:man|woman|male|female|lady|gentleman|gent|patient|pt|person|boy|girl|[mf]\b|caucasian"
    r"|african|hispanic|white|black|asian|right|left|retired|married|obese|nurse|veteran|smoker"
    r"|[a-z-]+ (?:man|woman|male|female|lady|gentleman|patient|pt|boy|girl))\b"
)
_THING = (
    r"[ -]?(?:[a-z]+ )?(?:scar|fracture|graft|implant|hardware|stent|lesion|infarct|injury|hip|knee"
    r"|study|scan|ct|mri|house|prosthesis|valve|pacemaker|device|tattoo|wound|car|study|trial"
    r"|problem|history|document|report|note|film|x-?rays?|stroke|catheter|foley|sheath|dog|cat"
    r"|marriage|home|building|apartment|trailer|roof|basement|boat|bicycle|bike|truck|motorcycle"
    r"|tractor|mattress|furnace|ladder|tree|machine|company|school|factory|farm|barn|property|flat)\b"
)
_INSIDE = (
    r"\b(?:in|on|off|into|inside|under|from|near|owns?|drives?|drove|bought|rents?|through|onto)"
    r" (?:an?|the|his|her|their|my|this)(?: \w{2,12})? $"
)
"""What stands in front of a thing; of a patient only where a word for one follows."""
_NO_NOUN = (
    r"[ -](?:with|who|and|presenting|status|s/p|on|in|at|for|having|has|had|is|was|to|whose)\b"
)
_EVENT_BEFORE = (
    r"\b(?:at|when|since|until|till|by|before|after|from|around|to|onset|dx|dx'?d|diagnosed|died"
    r"|deceased|passed|menarche|menopause|first|starting|started|began|beginning"
    r"|turning|turned|onset:"
    r"|screening|if|once|while|reach(?:es|ed|ing)?|through|for|bone|gestational|between"
    r"|minimum|maximum|eligible|required?|recommended|and|or|than|old|mental|developmental|heart"
    r"|lung|corrected|adjusted|appears|surgery|mi|cancer|ca|crc|death)"
    r"(?: the| an?| about| approximately| ~| he was| she was| they were| i was)?"
    r"(?: age| ages| aged)?(?: of| at)? ?[:(]?$"
)
_EVENT_BEHIND = (
    r"[ ,(]?(?:when\b|at (?:the )?(?:time|diagnosis|onset|dx|death|surgery|menopause"
    r"|menarche|first)"
    r"|at that|then\b|with onset|and (?:older|up|over|above|younger)|or (?:older|over|above|younger"
    r"|more)|to \d|at age)"
)
_POLICY = (
    r"\b(?:a person|any person|every|each|someone|anybody|any|patients|adults"
    r"|individuals|people|persons|women|men|those|anyone|members|beneficiaries"
    r"|guidelines?|uspstf|acs|acg|nccn|policy|criteri(?:a|on)|coverage|covered|eligib\w+"
    r"|recommend\w*|should|must|requires?|screening (?:starts?|begins?|age|from|at|is)|ages)\b"
)


_NUMBERED = (
    r"(?:\b(?:room|rm|bed|ward|bay|suite|apt|apartment|floor|unit|mrn|number|nr|locker|seat|gate"
    r"|(?:patient|pt|medical|record|chart|case|member|study|subject|account|acct) ?(?:id|no|nr))"
    r"(?: ?(?:id|no\.?|nr\.?|number|is|#))?[ :.#=-]{0,3}|\bid ?#? ?|# ?|\$ ?)$"
)
"""What a number names that stands behind it: "room 58 M"; "ID: 58F" is who the patient is."""
_THEN_WORDS = frozenset(
    """
    a admission age aged an and as at back by chart clinic consult consultation dated during for
    from h he her his history hospital in initial last letter my note noted notes of old older on p
    patient per previous previously prior pt record records report seen she summary the then this to
    visit was when who with year
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec spring summer fall autumn winter early late
    """.split()  # noqa: SIM905 - a list literal would be a line a word
)
"""Words that make a date the time of what follows: "The 2004 note:"."""
_WORD = lazy_pattern(r"[^\W\d_]+")
_A_YEAR = timedelta(366)
_THEN_BEHIND = (
    r"(?:[ -](?:man|woman|male|female|patient|pt))? ?\(?(?:back )?(?:in|as of|during|on)"
    r"(?: [a-z]{3,9}\.?)? (?P<year>(?:19|20)\d\d)\b"
)
_BARE_YEAR = lazy_pattern(r"(?<![\w/.-])(?:19|20)\d\d(?![\w/-])")


def _is_no_age(match: "re.Match[str]") -> bool:
    """Whether a number names a room or the like, or is asked about."""
    text, end = match.string, match.end()
    return (text[end : end + 1] == "?" and not _before(match).strip()) or search(
        _NUMBERED, text[max(0, match.start() - 40) : match.start()]
    ) is not None


def _is_former(match: "re.Match[str]", on: date, order: DateOrder | None) -> bool:
    """Whether it is the age in another year: "in 2010, a 44-year-old man"."""
    behind = match_at(_THEN_BEHIND, match.string, match.end())
    if behind is not None and int(behind["year"]) < on.year - 1:
        return True
    before = _before(match, 80)
    if not any(character.isdigit() for character in before) or any(
        word.group().lower() not in _THEN_WORDS for word in _WORD.finditer(before)
    ):
        return False
    return any(
        found.kind is DateKind.AT and found.interval.latest < on - _A_YEAR
        for found in find_dates(before, on, order)
    ) or any(int(year.group()) < on.year - 1 for year in _BARE_YEAR.finditer(before))


_SOURCE = (
    r"(?:chart|records?|form|patient|pt|he|she|licen[sc]e|id|card|nurse|sheet|registration|emr|ehr)"
)
_OTHER_AGE = (
    r"(?: ?\([^()\d]{2,24}\) ?[,;/]? ?(?:and |or |but |vs\.? )?(?P<a>[1-9]\d) ?\([^()\d]{2,24}\)"
    r"|[^.;\n\d]{0,30}\b(?:vs\.?|versus) (?:age )?(?P<b>[1-9]\d)"
    rf"|[^.\n\d]{{0,40}}\b{_SOURCE} (?:says?|said|states?|stated|lists?|shows?|reads?|gives?"
    r"|claims?|insists?)(?: (?:that )?(?:he|she) is)?(?: age| aged)? (?P<c>[1-9]\d))"
    r"(?= ?(?:[.,;:)(\n]|y|years?\b|$))"
)


def _is_disputed(text: str, reading: AgeReading) -> bool:
    """Whether another source is said to give another age: "Age: 58 (chart), 38 (patient)"."""
    other = match_at(_OTHER_AGE, text, reading.end)
    if other is None:
        return False
    number = int(other["a"] or other["b"] or other["c"])
    return not reading.least - 1 <= number <= reading.most + 1


_NEXT_LINE = lazy_pattern(r"\n(?=\s*(?:[-•*+]|\d+[.)]|[A-Z]|\n))")


def _before(match: "re.Match[str]", length: int = 60) -> str:
    """What stands before a match in its sentence."""
    text = match.string[max(0, match.start() - length) : match.start()]
    return re.split(r"[.;\n](?=\s|$)", text)[-1] if text else ""


def _is_relative(match: "re.Match[str]") -> bool:
    """Whether somebody else's age is said."""
    text, end = match.string, match.end()
    if match_at(r"(?:pt|patient)\.?,? \d", text, match.start()):
        return False
    # "41-year-old. Mother ...": the next sentence is not about this age.
    behind = "" if text[end - 1 : end + 2].startswith(". ") else text[end : end + 40]
    # Nor is the next line of a list or a form.
    behind = _NEXT_LINE.split(behind, maxsplit=1)[0]
    person = match_at(rf"[ ,-]? ?(?:[\w-]+ )?{_PERSON}", text, end)
    if near := search(rf"^[ ,-]{{0,2}}(?:[\w'-]+ ){{0,2}}{_RELATIVES}", behind):
        # "52 yo with mother who ...", "52 yo whose mother": other people of the patient's.
        return (
            search(
                r"\b(?:with|whose|has|and|here|w|lives?|who|her|his|reports|is)\b|[,.]",
                near.group(),
            )
            is None
        )
    before = _before(match, 70)
    relatives = list(compiled(_RELATIVES).finditer(before))
    if not relatives:
        return False
    between = before[relatives[-1].end() :]
    if search(r"\b(?:patient|pt|he|she|this)\b", between) and not search(
        r"\b(?:when|that|says|who)\b", between
    ):
        return False
    if person and not match_at(
        r"['’]?s? ?(?:,|is|was|who is|\(|:|-)? ?(?:a |an |now )*$", between, 0
    ):
        return False
    return len(between) < 45


def _is_event(match: "re.Match[str]") -> bool:
    """Whether it is the age at an event."""
    return (
        search(_EVENT_BEFORE, _before(match)) is not None
        or match_at(_EVENT_BEHIND, match.string, match.end()) is not None
    )


def _is_of_thing(match: "re.Match[str]") -> bool:
    """Whether somebody is in, on or off what is so old: "lives in a 58-year-old cabin"."""
    text, end = match.string, match.end()
    return (
        text[end : end + 1] in (" ", "-")
        and text[end + 1 : end + 2].isalpha()
        and (text[end - 1] != "." or text[end + 1].islower())
        and search(_INSIDE, _before(match)) is not None
        and match_at(_NO_NOUN, text, end) is None
        and match_at(rf"[ -](?:[\w-]+ ){{0,4}}?{_PERSON}", text, end) is None
    )


def _is_policy(match: "re.Match[str]") -> bool:
    text = match.string[match.end() : match.end() + 60]
    return (
        search(_POLICY, _before(match, 90)) is not None
        or search(r"^[^.;\n]{0,40}\b(?:should|is recommended|are recommended|eligible)", text)
        is not None
    )


# -- readers of the rows --------------------------------------------------------------------------


def _number(text: str) -> int | None:
    return int(float(text)) if text[:1].isdigit() else parse_words(text)


def _reading(
    match: "re.Match[str]", least: int | None, most: int | None = None
) -> AgeReading | None:
    if least is None:
        return None
    return AgeReading(match.start(), match.end(), least, least if most is None else most)


def _years_old(
    match: "re.Match[str]", _on: date | None, _order: DateOrder | None
) -> AgeReading | None:
    """Read "52 yo", "fifty-two-year-old", "45-50 year old"."""
    least = _number(match["n"])
    if least is None or _is_relative(match) or match_at(_THING, match.string, match.end()):
        return None
    if _is_of_thing(match):
        return None
    how = (match["how"] or "").lower()
    attributive = match_at(r"[ -][a-z]", match.string, match.end()) and search(
        r"(?<!as\s)\b(?:an?|this)(?: \w+)? $", _before(match)
    )
    if (
        not attributive
        and _is_event(match)
        and not match_at(rf"[ ,-]?{_PERSON}", match.string, match.end())
        and not (match["n2"] and search(r"\bbetween $", _before(match)))
    ):
        return None
    before = _before(match)
    if search(rf"{_RELATIVES} of (?:an?|two|three)\b[^.;]{{0,12}}$|{_RELATIVE} of an? $", before):
        return None
    if search(r"\b(?:than|under|over|below|above|least|most)(?: the| age)? ?$", before):
        return None
    if search(
        r"(?:^|[.,;] ?|\bwhen |\bwhile )as an? $|\b(?:when|while|since"
        r"|until)\b[^,.;]{0,40}\bwas ?$",
        before,
    ):
        return None
    if sign := search(r"(?P<sign>[<>≤≥])=? ?$", before):
        if _is_policy(match):
            return None
        under = sign["sign"] in "<≤"
        return _reading(match, 0, least - 1) if under else _reading(match, least, MAX_AGE)
    unit = match["u"].lower()
    if unit.startswith("mo"):
        least //= 12
    elif unit.startswith(("w", "d")):
        least //= 52 if unit.startswith("w") else 365
    most = _number(match["n2"]) if match["n2"] else least
    if most is None or most < least:
        return None
    if match["plus"]:
        return _reading(match, least, MAX_AGE)
    if how.startswith(("about", "appr", "~", "roughly", "around", "circa")):
        return _reading(match, max(least - 5, 0), most + 5)
    if how.startswith(("almost", "nearly")):
        return _reading(match, least - 1)
    return _reading(match, least, most)


def _bare_sex(
    match: "re.Match[str]", _on: date | None, _order: DateOrder | None
) -> AgeReading | None:
    """Read "61M", "F52", "68/F": only where nothing makes it a size, a temperature or a dose."""
    sex = match["s"]
    if not sex.isupper() or _is_relative(match) or match_at(_THING, match.string, match.end()):
        return None
    before = _before(match, 30)
    if search(
        r"(?:\bt|temp\w*|tmax|fever|of|to|french|size)[ :=]{0,3}(?:of |is |was )?$|\d ?$", before
    ):
        return None
    if search(_EVENT_BEFORE, before):
        return None
    return _reading(match, _number(match["n"]))


def _aged(match: "re.Match[str]", _on: date | None, _order: DateOrder | None) -> AgeReading | None:
    """Read "aged 57", "Age: 68"."""
    labelled = match["mark"] is not None and match["mark"].strip() != ""
    if _is_relative(match) or _is_policy(match):
        return None
    if _is_event(match) and not (labelled and not search(_EVENT_BEFORE, _before(match))):
        return None
    if match_at(
        r"[^\S\n]?[-–](?!\s?\n)(?:\s?\d|(?! ))| ?(?:to|and (?:older|up|over|above)|or (?:older"
        r"|over))\b ?\d?",
        match.string,
        match.end(),
    ):
        return None
    if match_at(r" ?(?:weeks?|wks?|months?|mos?|days?|kg|%|mg)\b", match.string, match.end()):
        return None
    least = _number(match["n"])
    return _reading(match, least, MAX_AGE if match["plus"] else None)


def _compared(
    match: "re.Match[str]", _on: date | None, _order: DateOrder | None
) -> AgeReading | None:
    """Read "is under age 45", "not yet 45", "over 50"."""
    number = _number(match["n"])
    if number is None or _is_relative(match) or _is_policy(match):
        return None
    if _is_other_number(match):
        return None
    word = match["word"].lower()
    if word.startswith(("under", "below", "younger", "less", "not", "<", "short")):
        if number < 10 and not match["age"]:
            return None
        return _reading(match, 0, number - 1)
    if word.startswith(
        ("almost", "nearly", "approaching", "close", "about to", "just shy", "soon")
    ):
        return _reading(match, number - 1)
    return _reading(match, number, MAX_AGE)


def _is_other_number(match: "re.Match[str]") -> bool:
    """Whether a unit follows: "is 52 kg"."""
    return (
        match_at(
            r"(?! ?(?:years?|yrs?|y/?o|now\b|today\b|and\b|with\b|who\b|next\b|this\b"
            r"|last\b|in\b|on\b"
            r"|but\b|so\b|old\b|male\b|female\b|at\b|has\b|had\b|tomorrow\b|soon\b"
            r"|already\b|yesterday\b"
            r"|as of\b|the\b|since\b|two\b|three\b|a\b|\d))"
            r" ?[\w%/.°]*[\w%/°]",
            match.string,
            match.end(),
        )
        is not None
        or match_at(
            r"[-.:/,]\d| ?(?:in(?:ches|\.)?(?: tall)|and a half)| ?x\b| ?[%°]",
            match.string,
            match.end(),
        )
        is not None
    )


def _is_number(
    match: "re.Match[str]", on: date | None, order: DateOrder | None
) -> AgeReading | None:
    """Read "She is 52", "turned 45 last month", "will be 45 in June"."""
    number = _number(match["n"])
    if number is None or number > MAX_AGE or _is_relative(match) or _is_policy(match):
        return None
    if _is_other_number(match):
        return None
    if "plus" in match.re.groupindex and match["plus"]:
        return _reading(match, number, MAX_AGE)
    verb = " ".join(match["verb"].lower().split())
    text, end = match.string, match.end()
    clause = re.split(r"[.;\n](?=\s|$)", text[end : end + 50])[0]
    when = next(iter(find_dates(clause, on, order)), None) if on is not None else None
    if when is not None and when.start > 12:
        when = None
    ahead = search(
        r"^ ?(?:years old |years )?(?:next|in |on |later|tomorrow|soon|this coming)", clause
    )
    if search(r"\b(?:turned|reached)$", verb) and search(r"^(?:has not|hasn.t|not)\b", verb):
        return _reading(match, 0, number - 1)
    if verb.startswith(
        (
            "will",
            "won",
            "'ll",
            "’ll",
            "turns",
            "turning",
            "going",
            "about to",
            "is about",
            "is turning",
            "is going",
            "to turn",
            "due to",
            "has not",
            "hasn",
            "not ",
            "would",
            "is not",
            "isn",
        )
    ):
        if search(r"\bwhen\b|\bif\b|\bonce\b|\buntil\b", _before(match)) and not verb.startswith(
            "not"
        ):
            return _ahead_reading(match, number, None, on)
        return _ahead_reading(match, number, when, on)
    if search(
        r"\b(?:when|since|until|after|before|by the time|once|if|at|the year|as soon as)"
        r"(?: \w+){0,3} ?$",
        _before(match),
    ):
        return None
    if verb.startswith(("turned", "has turned", "just turned", "celebrated", "had", "has just")):
        if when is not None and when.kind is DateKind.AT and on is not None:
            return _since_birthday(match, number, when.interval, on)
        return _reading(match, number)
    old = match_at(r"[ -]?(?:years? old|yrs? old|y/?o|years?)", text, end)
    if match_at(_EVENT_BEHIND, text, old.end() if old else end) or (
        verb.endswith("was") and when is not None
    ):
        return None
    if verb.endswith("was") and not match_at(r" years? old", text, end):
        return None
    if ahead and search(r"next|later|tomorrow|soon|coming", ahead.group()):
        return _reading(match, number - 1)
    if ahead and ahead.group().strip().lower() == "in" and when is not None:
        return _ahead_reading(match, number, None, on)
    return _reading(match, number)


def _ahead_reading(
    match: "re.Match[str]", number: int, when: DateReading | None, on: date | None
) -> AgeReading | None:
    """The age of somebody who "will be 45": 44, or less if that is years ahead."""
    if when is None or on is None:
        return _reading(match, number - 1) if number else None
    if when.kind is DateKind.SPAN and when.since is not None:
        wait = elapsed(when.since, on)
        years = wait.least // 12
        if wait.least < 12:
            return _reading(match, number - 1)
        return _reading(match, number - years - 1, number - years)
    if when.kind is DateKind.AT and when.interval.earliest > on:
        least = (when.interval.latest - on).days // 366 + 1
        most = (when.interval.earliest - on).days // 366 + 1
        return _reading(match, number - least, number - most)
    return _reading(match, number - 1)


def _since_birthday(
    match: "re.Match[str]", number: int, birthday: DateInterval, on: date
) -> AgeReading | None:
    if birthday.earliest == date.min:
        return None
    least, most = elapsed(DateInterval(birthday.earliest, min(birthday.latest, on)), on)
    return _reading(match, number + least // 12, number + most // 12)


def _birthday(
    match: "re.Match[str]", _on: date | None, _order: DateOrder | None
) -> AgeReading | None:
    """Read "celebrated her 45th birthday", "45th birthday is in June"."""
    if _is_relative(match):
        return None
    number = int(match["n"])
    before = _before(match, 40)
    if search(
        r"\b(?:celebrated|had|just had|after|since|past)(?: \w+){0,2} $", before
    ) and not search(r"\b(?:until|when|at|by|on)(?: \w+){0,2} $", before):
        return _reading(match, number)
    if search(
        r"\b(?:approaching|before|until|nearing|awaiting|upcoming|near|shy of"
        r"|short of)(?: \w+){0,2} $",
        before,
    ) or match_at(
        r" (?:is|will be|comes|coming) (?:in|on|next|up|this|later|soon|tomorrow|coming)",
        match.string,
        match.end(),
    ):
        return _reading(match, number - 1)
    return None


def _nth_year(
    match: "re.Match[str]", _on: date | None, _order: DateOrder | None
) -> AgeReading | None:
    """Read "in his 46th year of life": 45."""
    return None if _is_relative(match) else _reading(match, int(match["n"]) - 1)


def _plain(match: "re.Match[str]", _on: date | None, _order: DateOrder | None) -> AgeReading | None:
    """Read "44 going on 45", "64 y 11 mo", "pt 49"."""
    before = _before(match, 30)
    if _is_relative(match) or search(
        r"\b(?:for|x|over|past|last|in|after|within|of|duration|at|when|every)(?: the| about)? ?$",
        before,
    ):
        return None
    return _reading(match, _number(match["n"]))


def _decade(
    match: "re.Match[str]", _on: date | None, _order: DateOrder | None
) -> AgeReading | None:
    """Read "in her late forties"."""
    before = _before(match, 50)
    if _is_relative(match) or not search(
        r"(?:\b(?:is|man|woman|male|female|lady|gentleman|patient|pt|person|now"
        r"|currently|still|who|appears"
        r"|he's|she's|boy|girl|individual|smoker|diabetic|who's|age)\b ?[,:(]? ?|^[\s(\"]*)$",
        before,
    ):
        return None
    text = match["n"].lower()
    number = int(text[:2]) if text[:1].isdigit() else _TENS_PLURAL[text]
    part = (match["part"] or "").lower().strip(" -")
    first, last = {"early": (0, 4), "mid": (3, 7), "late": (6, 9)}.get(part, (0, 9))
    if part == "mid-to-late":
        first, last = 4, 9
    if part == "early-to-mid" or part == "early to mid":
        first, last = 0, 6
    return _reading(match, number + first, number + last)


_TENS_PLURAL = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
}
_LATIN = {
    "quinquagenarian": 50,
    "sexagenarian": 60,
    "septuagenarian": 70,
    "octogenarian": 80,
    "nonagenarian": 90,
}


def _latin(match: "re.Match[str]", _on: date | None, _order: DateOrder | None) -> AgeReading | None:
    number = _LATIN[match["n"].lower()]
    return None if _is_relative(match) else _reading(match, number, number + 9)


def _born(match: "re.Match[str]", on: date | None, order: DateOrder | None) -> AgeReading | None:
    """A date of birth, with the record's date."""
    if on is None or _is_relative(match):
        return None
    text = match.string[match.end() : match.end() + 24]
    readings = find_dates(text, on, order)
    if not readings or readings[0].start > 1 or readings[0].kind is not DateKind.AT:
        return None
    if "birthday" in match.group().lower() and not search(r"(?:19|20)\d\d|/\d\d\b", text):
        return None  # "birthday 2 Sept" is of no year.
    birth = readings[0].interval
    if birth.earliest == date.min or birth.latest > on:
        return None
    least, most = elapsed(birth, on)
    return AgeReading(match.start(), match.end() + readings[0].end, least // 12, most // 12)


_Reader = Callable[["re.Match[str]", date | None, DateOrder | None], AgeReading | None]

# -- the table ------------------------------------------------------------------------------------

_N = rf"(?P<n>\d{{1,3}}(?:\.\d)?|{WORDS})"
_HOW = r"(?:(?P<how>about|approximately|approx\.?|roughly|around|circa|~|almost|nearly) ?)?"
_YEAR_OLD = (
    r"(?:(?P<u>years?|yrs?|y|yo|months?|mos?|weeks?|wks?|w|days?|d)(?:(?<=yo)|[ -]?(?:/|\.)?[ -]?"
    r"o(?:ld)?\.?|[ -]of age|(?: and|,)? \d{1,2} (?:months?|mos?) old"
    r"|(?=[ ,/-]{1,2}(?:m|f|male|female|man|woman|lady|gentleman|boy|girl)\b)))"
)
_SUBJECT = (
    r"(?:i|(?:mother|father) of \w{1,6}|patient|pt|he|she|they|who|(?:mr|mrs|ms"
    r"|dr)\.? [a-z'-]{1,20})"
)
_VERB = (
    r"(?P<verb>(?:is|was)(?: now| currently| just| only| already| presently| still)?|'s|’s|am|['’]m"
    r"|(?:has |just |recently |has just |has recently )?turned|(?:will|would) (?:be"
    r"|turn)(?: turning)?"
    r"|(?:is |about to |to )?(?:turns?|turning)|is going to (?:be|turn)"
    r"|['’]ll (?:be|turn)|(?:will not|won['’]t) (?:be|turn)|(?:is )?about to (?:be"
    r"|turn)|(?:has not|hasn't|hasn’t|not) (?:yet )?(?:turned|reached)"
    r"|(?:is not|isn't|isn’t|not) (?:yet|quite|even)(?: quite)?|will soon be|is soon)"
)
_COMPARE = (
    r"(?P<word>under|below|younger than|less than|not yet|<|over|above|older than|at least|>=?|past"
    r"|almost|nearly|approaching|close to|well over|just shy of|≥)"
)
_MAYBE = (
    r"y/?\.?o|old|[mf]\b|age|birth|born|dob|d\.o\.b|\bis\b|[’']s|ties\b|0s\b|genarian|turn|will be"
    r"|not yet|not quite|[mf]/|ll be|not be|['’]m\b|\bam\b|\dth\b|going on|\bgeb|\bb\."
    r"|\by\b|\bpt\b|patient|man|lady|^[\w-]{2,12},|w/|with|c/o|presents|here|reached|years|yrs|\bis\b|\bm(?:r"
    r"|s|rs)\b"
)


@cache
def _rows() -> tuple[tuple[str, "_Reader"], ...]:
    return (
        (
            rf"(?<![\w./-]){_HOW}{_N}(?: ?(?:-|–|to"
            rf"|and) ?(?P<n2>\d{{1,3}}))?(?P<plus> ?\+)?(?: and a half)?[ -]?{_YEAR_OLD}"
            r"(?![^\W\d_](?<![mf]))",
            _years_old,
        ),
        (r"(?<![\w./-])(?P<n>[1-9]\d) ?/? ?(?P<s>[MF])(?![\w/°'’-])", _bare_sex),
        (r"(?<![\w./-])(?P<s>[MF]) ?/ ?(?P<n>[1-9]\d)(?![\w/%.-])", _bare_sex),
        (
            rf"(?<![\w-])age[ds]?(?: of| is"
            rf"| at (?:the )?(?:time of )?(?:this )?(?:visit|exam\w*|encounter"
            rf"|consult\w*|service|evaluation|presentation|admission)|/sex"
            rf"| \(?(?:in )?(?:years|yrs|y)\)?)?"
            rf"(?P<mark> ?[:=|?] ?| ?){_N}(?P<plus> ?\+)?(?!\.?\d)(?=y|\b)",
            _aged,
        ),
        (
            rf"\b(?:{_SUBJECT} (?:is|remains|was)|[ ,]is|'s|’s|currently|still"
            rf"|remains)(?: still| currently| now| just| well)?"
            rf" {_COMPARE} ?(?:(?P<age>the age of|age of|age) )?{_N}(?![\w.-]\d)\b",
            _compared,
        ),
        (
            rf"(?:^|(?<=[\s,(:;]))(?P<word>under|below|not yet|over"
            rf"|above)(?P<age> (?:the )?age(?: of)?) {_N}\b",
            _compared,
        ),
        (rf"(?:^|(?<=[\s,(:;]))(?P<word>not yet|not quite)(?P<age>) {_N}\b", _compared),
        (rf"\b(?:{_SUBJECT}|and|,)(?: also| ?)?{_VERB} {_N}(?P<plus> ?\+)?(?!\w)", _is_number),
        (rf"(?:^|(?<=[\s,(:;])){_TURN_ALONE} {_N}\b", _is_number),
        (
            r"\b(?:patient|pt|man|woman|gentleman|lady|(?:mr|mrs|ms"
            r"|miss)\.? [a-z'-]{1,20}),? \(?(?P<n>[1-9]\d|"
            + WORDS
            + r")(?P<mark>)(?P<plus>)(?:\)|,)",
            _aged,
        ),
        (r"(?<!\w)(?P<n>\d\d)(?:st|nd|rd|th) birthday", _birthday),
        (
            r"\b(?:my|his|her|their) (?P<n>[2-9]\d)(?:st|nd|rd|th)\b(?! (?:birthday"
            r"|year|week|day|percent|visit))",
            _birthday,
        ),
        (r"\bin (?:my|his|her|their) (?P<n>\d\d)(?:st|nd|rd|th) year\b", _nth_year),
        (r"(?<![\w./-])(?P<n>\d\d) going on \d\d\b", _plain),
        (
            r"(?<![\w./-])(?P<n>\d\d) ?(?:y|yrs?|years?),? \d{1,2} ?(?:m|mos?"
            r"|months?)\b(?! ?(?:ago|back|history|hx|prior|later|after|before|of))",
            _plain,
        ),
        (r"(?:^|(?<=[,.]\s))(?P<n>[1-9]\d) here\b", _plain),
        (
            r"\b(?:wo)?(?:man|lady|gentleman|patient|pt|miner|teacher|farmer|nurse|driver|worker"
            r"|engineer|clerk|retired [a-z]{3,12}),?(?: has| of| is of| with)? (?P<n>[1-9]\d)"
            r" ?(?:years?|yrs?)\b(?! (?:of|with|ago|history|prior|later|in)\b)",
            _plain,
        ),
        (r"(?:^|(?<=[.]\s))Is (?P<n>[1-9]\d)(?=,| and\b)", _plain),
        (r"(?<![\w./-])(?P<s>[MF]), (?P<n>[1-9]\d)(?=[,.;)\n]|$| y| as of)", _bare_sex),
        (rf"^{_N}, (?=[a-z])", _plain),
        (rf"^{_N} ?(?:y|yrs?|years?)\b\.?(?=[,;])", _plain),
        (r"\b(?:pt|patient)\.?,? (?P<n>[1-9]\d)(?=[,.;]|$| ?y| with| w/)", _plain),
        (r"(?:^|(?<=\n))(?P<n>[1-9]\d) (?:w/|with|c/o|presents|presenting|here)", _plain),
        (
            r"\bin (?:his|her|their|the) (?P<part>early to mid|early-to-mid"
            r"|mid-to-late|early|mid|late)?"
            r"(?: |-|)(?P<n>\d0['’]?s|" + "|".join(_TENS_PLURAL) + r")\b",
            _decade,
        ),
        (r"\b(?P<n>" + "|".join(_LATIN) + r")\b", _latin),
        (
            r"(?<!\w)(?:d\.?o\.?b\.?|geb\.?|b\.|date of birth|birth ?date|birth ?day"
            r"|(?:year of )?birth"
            r"|born(?: (?:in|at) [a-z][a-z .]{2,24}(?:, [a-z]{2})?,?)?(?: on"
            r"| in)?)(?: \([a-z/]{2,12}\))?"
            r"[ :=|]{0,4}",
            _born,
        ),
    )


_TURN_ALONE = (
    r"(?P<verb>(?:has |just |recently |has just |has recently )?turned|will (?:be|turn)"
    r"|turns|turning|about to turn|(?:has not|hasn['’]t|not) (?:yet )?(?:turned|reached))"
)
