"""Measured values in a text, with their unit and their time: now, former, nadir, peak, target.

A value is read where the name of an analyte is followed by words that a measurement is said with
("is", "has fallen to", a date) and a number: "Hgb 7.9", "hemoglobin fell from 13.2 to 8.8 g/dL",
"Hb of 82 g/L", "Hgb | 7.9 | L | 13.5-17.5". Each number gets a time from the words beside it; of
several the one that is said to be now, or else the last of a trend, is `NOW`, the others former.

Not values of the patient's now: targets and thresholds ("transfuse below 7"), conditions ("if Hgb
drops to 7"), reference intervals, differences ("fell by 2"), former values, those of relatives,
those called an error, other tests of the same word ("hemoglobin A1c"), unknown units. A value in
doubt is an interval ("7 to 8", "in the 7s", two that contradict each other) or is not read. If the
words beside it leave open whose it is, of when, or in which unit (beside.py), it is doubtful; of
"7.4 in Lisbon, 13.6 here" both count, because nobody knows which is the one of now.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

from winnow.judging.criteria.context import Context, context_of, tokens
from winnow.judging.facts import beside
from winnow.judging.facts.dates import (
    DateInterval,
    DateKind,
    DateOrder,
    add_months,
    find_dates,
    guess_order,
)
from winnow.judging.facts.numbers import parse_words
from winnow.judging.facts.patterns import compiled, match_at, search
from winnow.judging.facts.people import FAMILY, PATIENT
from winnow.judging.facts.sentences import begins_part, sentences
from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text.segments import Span
from winnow.processes.units import UNIT, convert, rescale


@dataclass(frozen=True)
class Measure:
    """An analyte: its names, its unit, and what it must not be taken for."""

    name: str
    unit: str
    least: float
    """Smallest plausible value in the unit; smaller ones are not read."""
    most: float
    aliases: tuple[str, ...] = ()
    not_behind: tuple[str, ...] = ()
    """Words that must not stand in front of the name: "urine"."""
    not_before: tuple[str, ...] = ()
    """Words that must not follow the name: "A1c"."""


class MeasureTime(StrEnum):
    """When a value was the patient's."""

    NOW = "now"
    FORMER = "former"
    NADIR = "nadir"
    PEAK = "peak"
    NOT_A_VALUE = "not_a_value"
    """A target, a threshold, a condition, a reference interval, an error."""


class MeasureReading(NamedTuple):
    """One value in a text, in the measure's unit."""

    start: int
    end: int
    name: str
    low: float
    high: float
    """The same as `low` unless it is an interval."""
    unit: str
    time: MeasureTime
    when: DateInterval | None = None
    marked: bool = False
    """Whether a word says that it is the newest: "now", "today", "repeat", "corrected to"."""
    doubtful: bool = False
    """Whether the text leaves open that it is the patient's, and of now."""
    normal: bool = False
    """Whether it is a whole number without a unit that the text calls normal: "Hgb x 7 normal"."""
    reference: tuple[float, float] | None = None
    """The reference range beside it, in the measure's unit."""

    def __str__(self) -> str:
        """In words: "hemoglobin 7.9 g/dL now", "hemoglobin 7 to 8 g/dL (nadir)"."""
        value = f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"
        if self.high == float("inf"):
            value = f"over {self.low:g}"
        elif self.low == float("-inf"):
            value = f"under {self.high:g}"
        time = "" if self.time is MeasureTime.NOW else f" ({self.time})"
        when = f" of {self.when}" if self.when is not None else ""
        doubt = ", uncertain" if self.doubtful else ""
        return f"{self.name} {value} {self.unit}{time}{when}{doubt}"


def read_measure(
    text: str, measure: Measure, record_date: date | None = None, order: DateOrder | None = None
) -> MeasureReading | None:
    """The value now; None: the text does not say it. What contradicts itself is an interval."""
    now = [
        r
        for r in find_measures(text, measure, record_date, order or guess_order(text))
        if r.time is MeasureTime.NOW
    ]
    if not now:
        return None
    dated = [r for r in now if r.when is not None]
    if len(dated) == len(now) and len(now) > 1:
        newest = max(r.when.latest for r in dated if r.when is not None)
        now = [r for r in dated if r.when is not None and r.when.latest >= newest]
    elif marked := [r for r in now if r.marked]:
        now = marked[-1:]
    last = now[-1]
    return last._replace(
        low=min(r.low for r in now),
        high=max(r.high for r in now),
        doubtful=all(r.doubtful for r in now),
    )


def is_named(text: str, measure: Measure) -> bool:
    """Whether a text names the analyte."""
    return _name(measure).search(_in_digits(text)) is not None


def find_measures(
    text: str, measure: Measure, record_date: date | None = None, order: DateOrder | None = None
) -> list[MeasureReading]:
    """Every value of the analyte, in the text's order, those that are none included."""
    name = _name(measure)
    text = _in_digits(text)
    if not name.search(text):
        return []
    readings: list[MeasureReading] = []
    family = False
    every = list(sentences(text))
    for place, (start, end) in enumerate(every):
        family = family and not begins_part(text, start)
        if match_at(r"\W{0,4}[A-Za-z][A-Za-z /&]{1,40}:", text, start, end):
            family = match_at(r"\W{0,4}(?:family|fh|fhx)\b", text, start, end) is not None
        matches = list(name.finditer(text, start, end))
        if not matches or family or search(_DOUBT, text[start:end]):
            continue
        following = _following(text, every[place + 1 : place + 3])
        segment = _Segment(text, start, end, measure, record_date, order, following)
        for number, match in enumerate(matches):
            limit = matches[number + 1].start() if number + 1 < len(matches) else end
            first = matches[number - 1].end() if number else start
            readings += segment.read(match.start(), match.end(), first, limit)
    return readings


def _following(text: str, spans: Sequence[Span]) -> Span | None:
    """The next sentences, as far as they are of the same part of a case."""
    end = 0
    for start, stop in spans:
        if begins_part(text, start):
            break
        end = stop
    return (spans[0][0], end) if end else None


_WHOLE = "three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
_SPOKEN = lazy_pattern(
    rf"\b(?P<whole>{_WHOLE})(?: point)? (?P<part>zero|oh|one|two|three|four|five|six|seven|eight"
    r"|nine)\b(?! (?:day|week|month|year|hour|unit|time|point)s?\b)",
    re.IGNORECASE,
)
_SPOKEN_WHOLE = lazy_pattern(
    rf"(?<=\b(?:of|is|to|at) )(?P<whole>{_WHOLE})"
    r"(?= ?(?:[.,;)]|$|and (?:a half|dark|black|melena)|now\b|today\b))",
    re.IGNORECASE,
)
_SPOKEN_DIGITS = lazy_pattern(r"\b(?P<whole>\d{1,2}) point (?P<part>\d)\b", re.IGNORECASE)
_RATIO = lazy_pattern(
    r"\b(?:H/H|H&H)(?P<gap>[ :]{1,2}(?:(?:of|was|is|now|today|yesterday|this (?:am|morning)|on"
    r" \d{1,2}/\d{1,2})[ :]{1,2})?)(?P<first>\d{1,2}(?:\.\d)?)"
    r"(?:/| and |, )\d{2}(?:\.\d)?",
    re.IGNORECASE,
)
"""Hemoglobin and hematocrit in one: "H/H 7.9/24"."""
_SERIES = lazy_pattern(
    r"\b(?P<name>hgb|hb|h[ae]{1,2}moglobin)(?P<gap>[ :=]{1,3})"
    r"(?P<former>\d{1,2}\.\d(?:/\d{1,2}\.\d){0,6}/)(?P<last>\d{1,2}\.\d)(?![\d/]|\.\d)",
    re.IGNORECASE,
)
"""Values in the order of their time: "Hb 7.3/8.8/7.1"."""
_PARTS = {"zero": 0, "oh": 0}


@lru_cache(maxsize=1)
def _in_digits(text: str) -> str:
    """A text with spoken values in digits, every character at its place.

    "hemoglobin seven four" and "eight point one" are 7.4 and 8.1; "H/H 7.9/24" is "Hgb 7.9"; of
    "Hb 7.3/8.8/7.1" the last stays.
    """

    def spoken(match: re.Match[str]) -> str:
        part = match["part"].lower()
        tenth = _PARTS.get(part, parse_words(part))
        return f"{parse_words(match['whole'])}.{tenth}".ljust(len(match.group()))

    def whole(match: re.Match[str]) -> str:
        return str(parse_words(match["whole"])).ljust(len(match.group()))

    def ratio(match: re.Match[str]) -> str:
        return f"Hgb{match['gap']}{match['first']}".ljust(len(match.group()))

    def newest(match: re.Match[str]) -> str:
        return f"{match['name']}{match['gap']}{match['last']}".ljust(len(match.group()))

    def digits(match: re.Match[str]) -> str:
        return f"{match['whole']}.{match['part']}".ljust(len(match.group()))

    if _AN_ANALYTE.search(text) is None:
        return text
    text = _SPOKEN_DIGITS.sub(digits, text)
    text = _SPOKEN_WHOLE.sub(whole, _SPOKEN.sub(spoken, text))
    return _SERIES.sub(newest, _RATIO.sub(ratio, text))


_AN_ANALYTE = lazy_pattern(r"h(?:a?emoglobin|gb|b|/h|&h)\b", re.IGNORECASE)


# -- names ----------------------------------------------------------------------------------------

_NEVER_BEHIND = (
    "mean cell",
    "mean corpuscular",
    "corpuscular",
    "cell",
    "glycated",
    "glycosylated",
    "fetal",
    "foetal",
    "urine",
    "urinary",
    "plasma free",
    "free",
    "stool",
    "fecal",
    "faecal",
    "reticulocyte",
    "hs",
    "sickle",
)
_NEVER_BEFORE = (
    "a1c",
    "a1",
    "a2",
    "electrophoresis",
    "s",
    "c",
    "f",
    "h",
    "variant",
    "sat",
    "saturation",
    "goal",
    "target",
    "threshold",
    "cutoff",
    "disease",
    "casts",
    "clearance",
    "ratio",
    "index",
)


@cache
def _name(measure: Measure) -> "re.Pattern[str]":
    names = "|".join(
        r"\s".join(re.escape(word) for word in name.split())
        for name in sorted((measure.name, *measure.aliases), key=len, reverse=True)
    )
    own = " ".join((measure.name, *measure.aliases)).lower()
    behind = [w for w in (*_NEVER_BEHIND, *measure.not_behind) if w not in own]
    before = [w for w in (*_NEVER_BEFORE, *measure.not_before) if w not in own.split()]
    lookbehind = "".join(rf"(?<!{re.escape(word)}\s)(?<!{re.escape(word)}-)" for word in behind)
    after = "|".join(re.escape(word) for word in before)
    return re.compile(
        # That one of the names begins here is the rarest, and looked at first.
        rf"(?<![\w-])(?={names}){lookbehind}(?:{names})(?![\w-])"
        rf"(?![\s-]{{1,2}}(?:{after})\b)",
        re.IGNORECASE,
    )


# -- words around the numbers ---------------------------------------------------------------------

_DOUBT = (
    r"\b(?:pending|hemoly[sz]ed|clotted|contaminated|mislabel+ed|wrong (?:patient"
    r"|chart|tube|label)|another patient"
    r"|other patient|not (?:checked|measured|available|drawn|obtained|recorded|done)"
    r"|unavailable|unknown|diluted sample"
    r"|spurious|discarded|disregard|unreliable|erroneous(?! (?:value|result)? ?(?:was"
    r"|is)? ?corrected))\b"
)
_ERROR = (
    r"\b(?:misprint\w*|typo\w*|in error|an error|error|mistake\w*|incorrect\w*|wrongly"
    r"|misread\w*|entered wrong"
    r"|transcri\w+ error|not (?:correct|right|true))\b"
)
_CORRECTED = (
    r"\b(?:corrected (?:to|value|result|as)|amended (?:to|result|value)|correction"
    r"|revised to|should (?:read|be|have been|say)|actual(?:ly)?"
    r"|true value|correct value|in fact|really|rather)\b"
)
_CONDITION = (
    r"\b(?:if|when|unless|until|once|whenever|transfus(?:e|ion|ing|ions) (?:for|if"
    r"|when|threshold|trigger|at|below|under"
    r"|to|goal|is|prn|only|parameters|criteria)|transfuse|threshold|trigger|goal"
    r"|target|aim(?:ing)?|(?:keeps?|keeping)(?! (?:bleeding|passing|losing|having|on\b|dropping"
    r"|falling))|maintain"
    r"|should(?! mention| add| note| say| point)|would|criteri(?:on|a)"
    r"|requir(?:es?|ed)(?! (?:iv|iron|intravenous|blood|\d))|policy|guideline|call"
    r"|notify|hold|provided|in case|cutoff"
    r"|cut-off|defined as|indicated (?:for|if|when)|eligible|limit|want|hope|hoping"
    r"|expect\w*|must"
    r"|(?<!transfused\s)(?<!units\s)(?<!prbc\s)(?<!prbcs\s)(?<!cells\s)for (?:a |any )?$"
    r"|risk of|normal (?:is|range|for)|anemia is|definition)\b"
)
_DENIED = (
    r"\b(?:no|never|not|without|nor|neither)(?: been)?(?: an?| any| ever)?"
    r"(?: (?:documented|recorded|measured|single|further|repeat|recent|new|such|low|known))? ?$"
)
_NOT_SO = (
    r" ?(?:g/dl|%)? ?(?:was|were|has|is|had)? ?(?:been )?(?:not|never) (?:been )?"
    r"(?:measured|recorded|confirmed|found|seen|documented|reached|real|verified|his|hers|this|the)\b"
)
"""Behind a number: "hemoglobin of 7 was never measured"."""
_AIMED_AT = (
    r" ?(?:g/dl|%)? ?(?:was|is|being|as)(?: the| our| her| his| a)?"
    r" (?:goal|target|aim|trigger|threshold)\b"
)
"""Behind a number: "hemoglobin of 10 was the target"."""
_OTHER_NAMES = (
    r"(?<![\w-])(?:hgb|hb|hemoglobin|haemoglobin|hct|hematocrit|haematocrit|mcv|mchc?"
    r"|rdw|ferritin|serum iron|iron(?=[ :=|]{1,3}(?:(?:level\w*|is|was|of|studies|low|high|at"
    r"|sat\w*) ?){0,3}[<>]?\d)|tibc|transferrin|tsat|wbc"
    r"|plt|platelets?|retic\w*|inr|pt|ptt|bun|creatinine|cr|cre|egfr|gfr|na|k|sodium"
    r"|potassium|glucose|glu|a1c|hba1c|albumin|alb"
    r"|crp|esr|alt|ast|alp|bili\w*|b12|folate|tsh|bp|hr|rr|spo2|o2|temp|t|weight|wt"
    r"|bmi|height|calprotectin|fit|psa|cea|ldh"
    r"|haptoglobin|troponin|bnp|ldl|hdl|cholesterol|calcium|ca|phos|lactate|chloride"
    r"|cl|hco3|pulse|blood pressure)(?![\w-])"
)
_FILLERS = """
    level levels count value values result results concentration reading readings was is are
    were of at on in now today today's currently current stable low normal still arrival
    admission presentation this morning week visit last most recent latest repeat has had have
    been come comes fallen fell falls falling drop drops dropped dropping drifted down decreased
    decreasing
    declined declining rose risen rising increased increasing up back to a an only just about
    around approximately her his measured it and remains remained found be from then later
    subsequently which came improved improving recovered after before with also the but as went
    gone going critically markedly severely significantly slightly further again trended
    trending trend noted that reported yesterday ago previously prior former formerly baseline
    initial initially earlier old nadir lowest peak highest high max min between range ranging
    ranged runs running run hovering hovers stays staying holding steady near nearly almost over
    under below above less than more greater off day days month months year years one two three
    per labs lab blood test drawn checked shows showed show reveals revealed demonstrated by
    outside hospital er ed clinic pcp pre post transfusion transfused unit units prbc prbcs
    prbc's rbc rbcs packed cells red iron infusion discharge preop postop postoperatively
    preoperatively operation surgery since usual usually well typically low-normal however vs
    versus compared against s/p received receiving therapy treatment supplementation l h ll hh
    critical crit abnormal flag ref corrected amended actual should read not correction revised
    value: we she he patient pt their its out returned bounced settled reached touching sits
    sitting stands standing stood checked, hgb trickled slid slipped climbed corrected, misprint
    typo error actually true correct rather really approx approx. consistently persistently
    chronically mildly moderately borderline even very quite points point four five six seven
    eight nine ten g/dl gm/dl g/l mmol/l mg/dl ng/ml ug/l mcg/l transfusing addendum
"""
"""What may stand between a name and its number."""
_NOW = (
    r"\b(?:now|today|today's|current(?:ly)?|this (?:morning|week|visit|admission|am"
    r"|afternoon)|(?:at|on) discharge"
    r"|repeat(?:ed)?|latest|most recent(?:ly)?|still|remains?|at present|presently)\b"
)
_INITIAL = r"\b(?:(?:on|at) )?(?:admission|arrival|presentation|intake)\b"
_FORMER = (
    r"\b(?:prev(?:ious(?:ly)?)?|prior|former(?:ly)?|baseline|initial(?:ly)?|earlier|old"
    r"|before|used to be|last (?:year|month|spring"
    r"|summer|fall|winter|autumn|visit|time|hospitali[sz]ation)|usual(?:ly)?|down from"
    r"|up from|from(?! (?:yesterday|today|this|last night))|vs|versus|compared (?:to|with)|against"
    r"|preop\w*|pre-op\w*|historical(?:ly)?|in the past|pre-?transfusion|was)\b"
)
_STRONG_FORMER = _FORMER.replace("|was)", ")")
_NADIR = (
    r"\b(?:nadir|(?:all-time|record) low|lowest|worst(?: ever)?|low of|as low as|trough|minimum"
    r"|bottomed)\b"
)
_PEAK = r"\b(?:peak(?:ed)?|highest|high of|as high as|maximum|max)\b"
_TREND = (
    r"\b(?:drop(?:ped|s|ping)?|fell|fallen|falls|falling|decreas\w+|declin\w+|drift\w+"
    r"|down|rose|risen|rising|increas\w+|improv\w+"
    r"|recover\w+|came up|gone up|went up|trend\w+|climb\w+|then|later|subsequently"
    r"|slid|slipped|bounced|settled|up|back)\b"
)
_DIFFERENCE = (
    r"\b(?:by|(?:drop|fall|decrease|decline|rise|increase|change|difference"
    r"|improvement) of|fell|dropped|decreased|increased|rose"
    r"|declined|improved|lost|gained)(?: about| approximately| around| over| almost| a"
    r"| another| more than)? ?$"
)
_CHANGE = (
    r"(?:\b(?:up|down|drop|fall|rise|gain|loss|increase|decrease|decline|improvement|change"
    r"|difference|delta|swing|risen|fallen|higher|lower|climb(?:ed)?|jump(?:ed)?|slid|slipped"
    r"|bounced|come up|came up|went up|gone up)"
    r"(?: about| approximately| around| over| almost| nearly| roughly| some| only| just| a"
    r"| another|:|=)? ?|[Δ∆+] ?|[:=(\s][-−–—])$"
)
"""Directly in front of a number that may be a difference: "Hgb up 4", "Hgb -4"."""
_CHANGE_OF = (
    r"(?:\b(?:(?:delta|change|difference)(?: in| of)?|(?:drop|fall|rise|increase|decrease)"
    r" (?:in|of))(?: the| his| her)?|[Δ∆])[ :]{0,3}$"
)
"""Directly in front of the name: "net change Hgb 4"."""
_THAN = (
    r" ?(?:g/dl|g/l|%)? ?(?:points? (?:higher|lower|more|less|better|worse|greater)\b"
    r"|(?:higher|lower|more|less|better|worse|greater) (?:than|since|from)\b)"
)
"""Behind a difference: "4 higher than in May"."""
_LEADS_TO = r" ?(?:g/dl|g/l|%)? ?(?:-+>|→|>|=>|—>|to \d)"
_A_COUNT = (
    r"(?:#|№|×|\bx|\bno\.|\bnr\.?|\bnumber|(?<!this\s)(?<!last\s)(?<!next\s)(?<!each\s)(?<!same\s)"
    r"(?<!prior\s)(?<!past\s)(?<!previous\s)(?<!that\s)(?<!per\s)(?<!every\s)"
    r"\b(?:day|week|month|year|hour|visit|pod|room|bed|line|page|item|draw|check|cycle|stage|grade"
    r"|sample|specimen|tube|lot|dose|time)) ?$"
)
"""Directly in front of a whole number that counts something else: "day 4", "x 7", "#4"."""
_CUT = (
    r"(?:e\d|\.[)\]]|\.? \. ?\d|\.\x20\d(?=[,;)]|\.?$| ?g/)|[’'`]\d"
    r"| ?(?:million|mio|thousand|lakh)\b)"
)
"""Behind a number of which a part is missing: "8. 9", "13 .4", "(4.5.)"."""
_BEGINS_NEWER = (
    r"\W{0,3}(?:(?:and|but|no|the|his|her|it|is|value|typo|sorry|result)[,:]? ){0,3}"
    rf"(?:{_NOW}|{_CORRECTED}|\b(?:addendum|typo|later|since|re-?(?:check|draw|test)\w*|post-?\w*|formal|discharge|after\w*"
    r"|improved|recovered|risen|rose|up to|came up|fell|dropped|down to|then|subsequently"
    r"|\w{1,8} (?:hours?|days?|weeks?|months?) later|it is|it['’]s|sorry)\b"
    r"|(?:at|in|by|per|back|home|here|with)(?: [a-z]{1,12}){0,5} (?=\d)|(?=\d))"
)
"""The beginning of a sentence that goes on with the value before."""
_REQUIRED = (
    r"^[^.;,]{0,24}\b(?:required|needed|threshold|trigger\w*|cut-?off|qualif\w+"
    r"|criteri\w+|transfus\w+ is|warrants?"
    r"|prompts?|goal|target|would|should)\b"
)
_REFERENCE = (
    r"\b(?:ref(?:erence)?(?: range| interval)?|(?<!not\s)normal(?: range)?|nl|range|limits?|uln|lln"
    r"|rr|expected)\b[ .:=(\[]{0,4}$"
)
_NUMBER = (
    r"(?P<n>\d{1,3}(?:(?:\.\d{3}){2}|(?:,\d{3}){2})(?![\d.])"
    r"|\d{1,4}(?:,\d{3}(?!\d))?(?:\.\d{1,3}|,\d{1,2}(?![\d]))?)"
)
_VALUE = (
    r"(?:(?<![-=–—])(?P<sign><=?|>=?|≤|≥|(?:below|under|less than|above|over"
    r"|greater than|more than|at least)\b))? ?"
    rf"(?<![\w,/])(?<!(?<!\.)\.){_NUMBER}(?P<s>['’]?s\b)?(?![\w]*/\d)(?!\.\d)"
    rf"(?: ?(?:-|–|to) ?(?P<m>\d{{1,4}}(?:[.,]\d{{1,2}})?)(?![\d/.]\d))?"
    rf" ?(?P<flag>\(?(?:\*|LL?|HH?)\)?(?![\w]))? ?(?P<u>{UNIT})?"
)
_UNIT_IN_FRONT = rf"^[ ,:(|\[{{]{{0,3}}(?:in |units?:? ?)?(?P<u>{UNIT})"
_ENDS = (
    r" ?(?:g/dl)? ?(?:[.,;)\]]|$|(?:now|today|here|currently|yesterday|this|after\w*|at|on"
    r"|in (?:the |our |my )?(?:clinic|office|ed|er|lab|ward|hospital))\b)"
)
"""Behind a whole number that is no count of what comes next."""
_EITHER = (
    r" ?or (?P<m>\d{1,4}(?:[.,]\d{1,2})?)(?![\w/]|[.,]\d)"
    r"(?! ?(?:days?|weeks?|months?|units?|times)\b)"
)
_NOT_A_VALUE_UNIT = (
    r"[ -]?(?:units?|u\b|days?|weeks?|months?|years?|yrs?|hours?|hrs?|h\b|minutes?"
    r"|mins?|times|x\b|points?|tabs?|tablets|pills?"
    r"|bags?|prbcs?|packed|doses?|pm\b|am\b|th\b|st\b|nd\b|rd\b|of the|g\b(?!/)"
    r"|wks?\b|\+|mm\b(?! ?hg)|cm\b|mg\b(?!/)|grams?\b|liters?|ml\b(?! ?/)|cc\b|:\d|yo\b|y/o)"
)


class _Number(NamedTuple):
    """A number behind the name, with what is said beside it."""

    start: int
    end: int
    low: float
    high: float
    time: MeasureTime | None
    """None: nothing said."""
    when: DateInterval | None
    key: tuple[int, int, int] | None
    """Of a short date ("3/15"), what to sort by."""
    linked: bool
    """Whether a trend leads from the number before to this one."""
    corrected: bool
    initial: bool
    """Whether it is that of an admission: former, if there is another."""
    loose: bool = False
    """Whether words that are not known lead to it: it may be a value, or something else."""
    doubtful: bool = False
    normal: bool = False
    reference: tuple[float, float] | None = None


class _Segment:
    """Reads the values of one sentence."""

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        measure: Measure,
        record: date | None,
        order: DateOrder | None,
        following: Span | None = None,
    ) -> None:
        self._text = text
        self._following = following
        self._start = start
        self._end = end
        self._measure = measure
        self._record = record
        self._dates = [
            d._replace(start=d.start + start, end=d.end + start)
            for d in find_dates(text[start:end], record, order)
        ]
        self._shorts = list(compiled(_SHORT_DATE).finditer(text, start, end))
        self._used: set[int] = set()

    def read(self, start: int, end: int, first: int, limit: int) -> list[MeasureReading]:
        """The values of the name at [start, end), between its neighbours `first` and `limit`."""
        text = self._text
        before = _clause(text[max(first, start - 80) : start])
        # Of "Hgb 13.6 pre-op Hgb 7.4" the word between may be of either.
        is_shared = first > self._start and re.search(r"\d[^,;:().]*$", before)
        if self._is_somebody_else(before, start) or beside.is_others(before):
            return []
        other = compiled(_OTHER_NAMES).search(text, end, limit)
        limit = min(limit, other.start() if other else limit, end + 240)
        numbers = self._numbers(end, limit, "" if is_shared else before, first=first)
        if not numbers:
            return self._in_front(start, end, first, before)
        if limit == self._end:
            numbers += self._newer()
        if numbers[0].low != numbers[0].high and search(
            _REFERENCE[:-1] + r"(?:for|of)? ?$", before
        ):
            return []
        numbers[0] = self._dated_before(numbers[0], start, before)
        corrected = [n for n in numbers if n.corrected]
        if corrected:
            first_right = corrected[0].start
            wrong = [
                n._replace(time=MeasureTime.NOT_A_VALUE) for n in numbers if n.start < first_right
            ]
            numbers = wrong + self._resolve([n for n in numbers if n.start >= first_right])
        else:
            numbers = self._resolve(numbers)
        readings = []
        conditional = (
            self._is_conditional(before, start, text[end : numbers[0].start])
            or search(_DENIED, before) is not None
        )
        error = search(_ERROR, text[start:limit])
        for number in numbers:
            time = number.time or MeasureTime.NOW
            if (
                conditional
                and not (
                    number is not numbers[0]
                    and search(f"{_NOW}|{_CORRECTED}", text[number.start - 24 : number.start])
                )
            ) or (error and not corrected):
                time = MeasureTime.NOT_A_VALUE
            marked = number.corrected or (
                time is MeasureTime.NOW
                and search(_NOW, f"{before[-30:]} {text[end : number.start]}") is not None
            )
            readings.append(
                MeasureReading(
                    start,
                    min(number.end, self._end),
                    self._measure.name,
                    number.low,
                    number.high,
                    self._measure.unit,
                    time,
                    number.when,
                    marked,
                    number.doubtful or self._is_doubtful(number, before, start, limit),
                    number.normal,
                    number.reference,
                )
            )
        return readings

    def _is_doubtful(self, number: _Number, before: str, start: int, limit: int) -> bool:
        """Whether the words around leave open that a value is the patient's, and of now."""
        text = self._text
        if number.start >= self._end:
            return False
        if (
            beside.is_normal_since(text, number.end, limit)
            or beside.is_not_asserted(text, self._start, number.start, number.end, self._end)
            or (
                limit == self._end
                and self._following is not None
                and beside.is_taken_back(text[slice(*self._following)][:160])
            )
        ):
            return True
        if number.time is not None or number.when is not None or number.key is not None:
            return False
        return beside.is_of_another_time(
            before, text, number.end, limit
        ) or self._is_beside_old_date(number, before, start)

    def _is_beside_old_date(self, number: _Number, before: str, start: int) -> bool:
        """Whether a time long past stands in the same clause: "after the 1999 crash"."""
        text = self._text
        behind = len(beside.clause_behind(text, number.end, self._end))
        in_front = len(re.split(r"[,;:]", before[-60:])[-1])
        return any(
            d.start not in self._used
            and (
                self._is_old(d.interval)
                if d.kind is DateKind.AT
                else d.since is not None
                and self._is_old(d.since)
                and match_at(r"after .{0,12}?\d{4}\b", text, d.start) is not None
            )
            and (number.end <= d.start < number.end + behind or start - in_front <= d.start < start)
            for d in self._dates
        )

    def _dated_before(self, number: _Number, start: int, before: str) -> _Number:
        """Read "In 2021 his hemoglobin was 8.1": the date in front of the name."""
        if number.when is not None or number.key is not None:
            return number
        for m in self._shorts:
            if m.end() <= start <= m.end() + 3 and not self._text[m.end() : start].strip(" :|"):
                year = int(m["y"]) % 100 if m["y"] else 0
                return number._replace(key=(year, int(m["a"]), int(m["b"])))
        for d in self._dates:
            gap = self._text[d.end : start]
            if (
                d.kind is DateKind.AT
                and d.start not in self._used
                and 0 <= start - d.end <= min(40, len(before))
                and len(gap.split()) <= 4
                and ("," not in gap or not self._text[self._start : d.start].strip())
            ):
                old = self._is_old(d.interval)
                time = MeasureTime.FORMER if old and number.time is None else number.time
                return number._replace(when=d.interval, time=time)
        return number

    def _is_somebody_else(self, before: str, start: int) -> bool:
        relatives = list(compiled(FAMILY).finditer(before))
        if relatives and not search(PATIENT, before[relatives[-1].end() :]):
            return search(r"\b(?:says|reports|states)\b", before) is None
        # One that stands behind the value makes it doubtful: "Hgb 13.6 in the brother".
        own = Context.FAMILY in self._contexts(start) and not search(PATIENT, before)
        return own and search(FAMILY, self._text[start : self._end]) is None

    def _contexts(self, start: int) -> frozenset[Context]:
        segment = self._text[self._start : self._end]
        context = context_of(segment)
        at = len(tokens(segment[: start - self._start]))
        return context.contexts(at, at + 1) if at < len(context.words) else frozenset()

    def _is_conditional(self, before: str, start: int, gap: str) -> bool:
        before = before[-60:]
        if search(_NOW, re.split(r"[,;]", before)[-1]):
            before = re.split(r"[,;]", before)[-1]
        return (
            search(_CONDITION, before) is not None
            or (
                search(r"\b(?:goal|target|threshold|should|must|if|trigger|would)\b", gap)
                is not None
                and search(_CORRECTED, gap) is None
            )
            or (
                not {Context.HYPOTHETICAL, Context.PLANNED}.isdisjoint(self._contexts(start))
                and search(
                    r"\b(?:if|when|unless|will|would|should|transfuse|repeat|recheck|check|plan)\b",
                    before,
                )
                is not None
            )
        )

    # -- numbers ----------------------------------------------------------------------------------

    def _numbers(self, start: int, limit: int, before: str, first: int) -> list[_Number]:
        text = self._text
        numbers: list[_Number] = []
        changes: list[_Number] = []
        # "A lady with prior ulcers (Hb 82": the words of another phrase are not the value's.
        nearest = re.split(r"[,:()]", before[-40:])[-1]
        at = position = start
        while (match := compiled(_VALUE).search(text, position, limit)) is not None:
            position = max(match.end(), position + 1)
            if (after := self._in_date(match.start("n"), match.end("n"))) is not None:
                position = max(after, match.end("n"))
                continue
            gap = self._without_used(at, match.start())
            if not self._are_fillers(at, match.start(), bool(numbers)):
                if numbers:
                    numbers += self._beyond(at, limit)
                break
            if self._is_a_count(match):
                continue
            if (
                search(_REFERENCE, gap)
                or (match["m"] and gap.rstrip().endswith(("(", "[")))
                or (
                    numbers
                    and match["m"]
                    and search(r"[|(\[\t ]$", gap)
                    and not search(r"[a-z]{2}", gap)
                )
            ):
                at = match.end()
                continue
            number = self._value(match, gap if numbers else f"{nearest} {gap}", bool(numbers), gap)
            if number is None:
                if match["u"] or match["m"]:
                    break
                continue
            if self._is_a_change(match, before if not numbers else "", at):
                changes.append(number._replace(doubtful=True))
                continue
            at = number.end
            numbers.append(number)
            if len(numbers) == 12:
                break
        # What may be a change is not the value, but nobody knows that there is none.
        return numbers or changes[:1]

    def _is_a_count(self, match: "re.Match[str]") -> bool:
        """Whether a number is of something else: "4 units", "day 4", "4+"."""
        text = self._text
        end = match.end("m") if match["m"] else match.end("n")
        return (not match["flag"] and match_at(_NOT_A_VALUE_UNIT, text, end) is not None) or (
            "." not in match["n"]
            and search(_A_COUNT, text[max(self._start, match.start("n") - 24) : match.start("n")])
            is not None
        )

    def _is_a_change(self, match: "re.Match[str]", before: str, at: int) -> bool:
        """Whether a number may be by how much a value has changed."""
        text = self._text
        lead = text[at : match.start("n")]
        return (
            search(_CHANGE, lead) is not None
            or (search(_CHANGE_OF, before) is not None and not search(r"[a-z,]", lead))
            or match_at(_THAN, text, match.end("n")) is not None
        ) and not match_at(_LEADS_TO, text, match.end("n"))

    def _beyond(self, at: int, limit: int) -> list[_Number]:
        """The numbers behind words that are not known, which may be values as well.

        "Hgb 7.4 in Lisbon, 13.6 here": the second may be the one of now. Nobody knows, so that both
        count, unless the second is said to be former, or it is now and nothing unknown leads to it.
        """
        text = self._text
        numbers: list[_Number] = []
        for match in itertools.islice(compiled(_VALUE).finditer(text, at, limit), 12):
            if self._in_date(match.start("n"), match.end("n")) or self._is_a_count(match):
                continue
            part = at + _last_part(text[at : match.start()])
            gap = text[part : match.start()]
            if match["m"] or search(_REFERENCE, gap):
                continue
            number = self._value(match, gap, True, gap)
            if number is None or number.time not in (None, MeasureTime.NOW):
                continue
            are_fillers = self._are_fillers(part, match.start(), True)
            is_exact = "." in match["n"] or match["u"] is not None
            if not is_exact and not (are_fillers and match_at(_ENDS, text, number.end, limit)):
                continue
            is_now = are_fillers and is_exact
            numbers.append(
                number._replace(
                    loose=not are_fillers,
                    linked=False,
                    time=number.time if is_now else None,
                )
            )
        return numbers

    def _newer(self) -> list[_Number]:
        """The value in a next sentence that goes on with this one: "Today it is 13.6"."""
        if self._following is None:
            return []
        text = self._text
        start, end = self._following
        end = min(end, start + 80)
        begins = match_at(_BEGINS_NEWER, text, start, end)
        if begins is None or begins.end() == start:
            return []
        numbers: list[_Number] = []
        for match in itertools.islice(compiled(_VALUE).finditer(text, start, end), 4):
            if self._is_a_count(match):
                continue
            gap = text[start : match.start()]
            if not self._are_fillers(begins.end(), match.start(), True) or match["m"]:
                break
            number = self._value(match, gap, True, gap)
            is_exact = "." in match["n"] or match["u"] is not None
            if number is not None and (is_exact or match_at(_ENDS, text, number.end, end)):
                if number.time in (None, MeasureTime.NOW):
                    numbers.append(
                        number._replace(time=None, linked=False, loose=True, corrected=False)
                    )
                break
        return numbers

    def _without_used(self, start: int, end: int) -> str:
        """The text between two numbers, without the date that the first has."""
        text = self._text[start:end]
        for d in self._dates:
            if d.start in self._used and start <= d.start and d.end <= end:
                text = text[: d.start - start] + " " * (d.end - d.start) + text[d.end - start :]
        return text

    def _in_date(self, start: int, end: int) -> int | None:
        """Where the date that holds a number ends; None: it is in none."""
        ends = [d.end for d in self._dates if d.start < end and start < d.end]
        ends += [m.end() for m in self._shorts if m.start() <= start and end <= m.end()]
        return max(ends, default=None)

    def _are_fillers(self, start: int, end: int, later: bool) -> bool:
        """Whether only words that lead to a measurement stand between."""
        text = self._text
        parts = []
        at = start
        for d in sorted([(d.start, d.end) for d in self._dates] + [m.span() for m in self._shorts]):
            if d[1] <= at or d[0] >= end:
                continue
            parts.append(text[at : max(at, d[0])])
            at = d[1]
        parts.append(text[at : max(at, end)])
        words = [w for part in parts for w in re.findall(r"[a-z][a-z'/-]*", part.lower())]
        unknown = [w for w in words if w not in _fillers()]
        if any(c in ";" for part in parts for c in part) and not later:
            return False
        if any(";" in part for part in parts) and not search(
            rf"{_NOW}|{_FORMER}|{_CORRECTED}|{_TREND}|\bit (?:is|was)\b", text[start:end]
        ):
            return False
        return len(words) <= 16 and not unknown

    def _value(self, match: "re.Match[str]", said: str, later: bool, gap: str) -> _Number | None:
        text, measure = self._text, self._measure
        first, unit = _number(match["n"]), match["u"]
        row = beside.Beside()
        if unit is None and (named := search(_UNIT_IN_FRONT, gap)):
            unit = named["u"]
        elif unit is None:
            row = beside.row_behind(text, match.end(), self._row_end(match.end()))
            unit = row.unit or self._unit_below(match.end())
        second = _number(match["m"]) if match["m"] else None
        if second is None and (either := match_at(_EITHER, text, match.end())):
            # "14.1 or 11.4": one of them, nobody knows which.
            first, second = sorted((first, _number(either["m"])))
        elif second is None and gap.rstrip().endswith("between"):
            other = match_at(r" ?and ?(?P<m>\d{1,4}(?:[.,]\d{1,2})?)", text, match.end())
            second = _number(other["m"]) if other else None
        if match_at(r"0\d", match["n"], 0):
            return None  # "04.05."
        low = convert(first, unit, measure.unit, (measure.name, *measure.aliases))
        high = low
        if second is not None:
            high = convert(second, unit, measure.unit, (measure.name, *measure.aliases))
        if low is None or high is None:
            return None
        if unit is None:
            low = rescale(low, measure.unit, measure.least, measure.most)
            high = rescale(high, measure.unit, measure.least, measure.most)
        if second is None and (grouped := self._grouped(match["n"], unit)) is not None:
            # "1.200" is 1.2, or 1,200 in other countries.
            low, high = (grouped, grouped) if low < measure.least else (low, grouped)
        if not (measure.least <= low <= measure.most and measure.least <= high <= measure.most):
            return None
        linked = later and (
            search(r"(?:->|→|>|=>|—>)[^0-9]{0,40}$", gap) is not None or gap.strip().lower() == "to"
        )
        if second is not None:
            if low > high:
                if not search(r"\bfrom\b", gap) and " to " not in match.group():
                    return None
                low, high = high, low
            elif (
                not search(
                    r"\b(?:between|runs?|running|rang\w+|around|about|hover\w*|stays?"
                    r"|in the|of|at|is|was|from|to|now|:|approximately"
                    r"|remains?|been|usually|stable|steady)\b",
                    said[-24:],
                )
                and "to" not in match.group().split()
                and not match_at(r" ?range", text, match.end())
            ):
                return None
        if match["s"]:
            if first != int(first):
                return None
            part = search(r"\b(low|mid|high|upper|lower)(?: to (?:mid|high|upper))?(?: |-|)$", gap)
            ends = {"low": (0, 0.4), "lower": (0, 0.4), "mid": (0.3, 0.7)}
            a, b = ends.get(part[1].lower(), (0.6, 0.9)) if part else (0, 0.9)
            low, high = low + a, low + b
        if match["sign"]:
            sign = match["sign"].lower()
            if sign[0] in "<>≤≥" and not (
                unit or match["flag"] or search(r"\b(?:is|was|remains|at|of)\b|[:|]", gap)
            ):
                return None
            if sign[0] in "<≤" or sign in ("below", "under", "less than"):
                low = float("-inf")
            else:
                high = float("inf")
        elif search(_DIFFERENCE, gap):
            return None
        trend = second is not None and search(r"\bfrom ?$", gap) is not None
        if trend:
            # "from 13.2 to 8.8": the second is the later one.
            end_value = convert(second or 0, unit, measure.unit, (measure.name, *measure.aliases))
            if end_value is None:
                return None
            low = high = end_value
        made = self._made(match, low, high, said, linked, gap)
        if made is not None:
            made = made._replace(
                doubtful=row.is_unknown or self._is_cut(match),
                normal=unit is None
                and match["n"].isdecimal()
                and beside.is_said_normal(gap, text, made.end, self._row_end(made.end)),
                reference=self._reference(row, unit),
            )
        return made._replace(time=None, linked=True) if trend and made is not None else made

    def _unit_below(self, at: int) -> str | None:
        """The unit in the next line, if the sentence ends with its number."""
        if self._text[at : self._end].strip():
            return None
        below = match_at(rf"\s{{1,4}}(?P<u>{UNIT})(?=\s|$|[|(])", self._text, self._end)
        return below["u"] if below else None

    def _row_end(self, at: int) -> int:
        """How far what stands behind a number is looked at: to the next analyte."""
        end = min(self._end, at + 120)
        other = compiled(_OTHER_NAMES).search(self._text, at, end)
        return other.start() if other else end

    def _grouped(self, number: str, unit: str | None) -> float | None:
        """A number whose point may stand for thousands, taken so; None: it cannot."""
        measure = self._measure
        if measure.most <= 100 or re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", number) is None:
            return None
        whole = float(number.replace(".", ""))
        value = convert(whole, unit, measure.unit, (measure.name, *measure.aliases))
        if value is not None and unit is None:
            value = rescale(value, measure.unit, measure.least, measure.most)
        return value if value is not None and measure.least <= value <= measure.most else None

    def _is_cut(self, match: "re.Match[str]") -> bool:
        """Whether a part of a number may be missing, or its brackets are those of a mark."""
        text = self._text
        start, end = match.span("n")
        lead = text[max(0, start - 3) : start]
        is_whole = match["m"] is None and match["u"] is None
        return (
            (is_whole and match_at(_CUT, text, end) is not None)
            or (
                re.search(r"(?<![\w.,/-])\d $", lead) is not None
                and search(_A_COUNT, text[max(0, start - 24) : start - 2]) is None
            )
            or (
                "." not in match["n"]
                and search(r"[(\[{] ?$", lead) is not None
                and match_at(r" ?[)\]}]", text, end) is not None
            )
        )

    def _reference(self, row: beside.Beside, unit: str | None) -> tuple[float, float] | None:
        """The reference range beside a number, taken to be in the same unit."""
        if row.reference is None:
            return None
        measure = self._measure
        ends = [
            convert(_number(end), unit, measure.unit, (measure.name, *measure.aliases))
            for end in row.reference
        ]
        if unit is None:
            ends = [
                None if end is None else rescale(end, measure.unit, measure.least, measure.most)
                for end in ends
            ]
        low, high = ends
        return None if low is None or high is None or low > high else (low, high)

    def _made(
        self,
        match: "re.Match[str]",
        low: float,
        high: float,
        said: str,
        linked: bool,
        gap: str,
    ) -> _Number | None:
        text = self._text
        end = match.end()
        while end > match.start() and text[end - 1].isspace():
            end -= 1
        when, key = self._date_of(match.start(), end)
        behind = text[end : end + 40]
        time: MeasureTime | None = None
        # Of a row of values, the words of this one: "was 11 last month and is 9.4".
        near = re.split(r"[,;]|\b(?:and|but|then)\b", said)[-1] if said == gap else said[-48:]
        # What somebody was transfused for is the value now, if there is no other.
        transfused_for = search(
            r"\btransfused\b[^.;]{0,24}\b(?:for|when|because|at|with)\b[^.;]{0,24}$", said
        )
        if search(_NADIR, near):
            time = MeasureTime.NADIR
        elif search(_PEAK, near):
            time = MeasureTime.PEAK
        elif search(_STRONG_FORMER, near) and not search(_STRONG_FORMER + r"[^0-9]*" + _NOW, near):
            time = MeasureTime.FORMER
            # "dropped from her baseline to 8.1"
            if search(r"\bfrom\b[^0-9]{0,24}\bto ?$", near):
                time = None
        elif search(_NOW, near) or match_at(
            r" ?[(,]? ?(?:now|today|currently|this (?:morning|week|visit|admission)"
            r"|(?:at|on) discharge|at present)\b",
            behind,
            0,
        ):
            time = MeasureTime.NOW
        if said == gap and search(r"[(,] ?was ?$|<-+ ?$|← ?$", gap):
            time = MeasureTime.FORMER
        initial = (
            transfused_for is not None
            or search(_INITIAL, near) is not None
            or (match_at(rf" ?[(,]? ?{_INITIAL}(?! [^,;]{{0,12}}\d)", behind, 0) is not None)
        )
        if match_at(r" ?\(?,? ?(?:nadir|at (?:its|the) lowest)\b", behind, 0):
            time = MeasureTime.NADIR
        elif match_at(r" ?\(?,? ?peak\b", behind, 0):
            time = MeasureTime.PEAK
        elif match_at(
            r" ?\(?,? ?(?:previously|at baseline|baseline|before (?!that)"
            r"|prior\b(?! to)|initially|pre-?op\w*|in the past|originally"
            r"|last (?:year|month|visit|spring|summer|fall|winter)|(?:a|one|two|three"
            r"|four|five|six|\d+) (?:months?|years?) ago)"
            r"(?![^0-9,;)]{0,12}\d)",
            behind,
            0,
        ):
            time = MeasureTime.FORMER
        if when is not None and time in (None, MeasureTime.NOW) and self._is_old(when):
            time = MeasureTime.FORMER
        if time is None and search(_TREND, gap) and search(r"\bto ?$|\bat ?$", gap):
            linked = True
        corrected = search(_CORRECTED, gap) is not None and not search(r"\bnot ?$", gap)
        if match_at(r" ?[(,] ?corrected\b(?! to)", behind, 0):
            corrected = True
        if (match["sign"] and search(r"\b(?:no|never|not|without)\b[^,;]{0,24}$", said)) or (
            search(r"\b(?:not|never)(?: (?:been|at|an?|of)){0,2} ?$", gap)
            or match_at(_NOT_SO, behind, 0)
            or match_at(_AIMED_AT, behind, 0)
            or ((match["sign"] or match_at(r" ?\(", behind, 0)) and search(_REQUIRED, behind))
            or match_at(r" ?(?:or|and) (?:higher|above|more|greater|lower|less|below)\b", behind, 0)
        ):
            time = MeasureTime.NOT_A_VALUE
        return _Number(
            match.start("n"), end, low, high, time, when, key, linked, corrected, initial
        )

    def _is_old(self, when: DateInterval) -> bool:
        """Whether a value of that time is not the value now; without a record's date, in doubt."""
        if self._record is None:
            return when.latest.toordinal() - when.earliest.toordinal() > 31
        return when.latest < add_months(self._record, -3)

    def _date_of(
        self, start: int, end: int
    ) -> tuple[DateInterval | None, tuple[int, int, int] | None]:
        """The date that stands directly beside a number."""
        text = self._text
        at = [d for d in self._dates if d.kind is DateKind.AT and d.start not in self._used]
        begins = len(text) - len(text[self._start :].lstrip(" -*\t("))
        for d in at:
            behind = text[end : d.start]
            if 0 <= d.start - end <= 24 and match_at(
                r"[ ,(\[@|]{0,4}(?:(?:last )?(?:seen|measured|checked|recorded|drawn) )?"
                r"(?:(?:on|in|back in|as of|from|dated|at) ?)?$",
                behind,
                0,
            ):
                if "," in behind and match_at(
                    r"[ :=]{0,3}(?:(?:was|is|of|it was|a) )?\d", text, d.end
                ):
                    continue  # "12, today 8.1"
                self._used.add(d.start)
                return d.interval, None
        for d in at:
            if "," in text[d.end : start] and d.start > begins + 3:
                continue  # "ceased in 2016, Hb 7.9"
            if 0 <= start - d.end <= 24 and match_at(
                r"[ :,)=|\]-]{0,4}(?:(?:was|is|of|hgb|hb|value|he had|it was|a|at|her"
                r"|his) ?){0,3}$",
                text[d.end : start],
                0,
            ):
                self._used.add(d.start)
                return d.interval, None
        for m in self._shorts:
            gap_front, gap_behind = text[m.end() : start], text[end : m.start()]
            key = (int(m["y"]) % 100 if m["y"] else 0, int(m["a"]), int(m["b"]))
            if 0 <= m.start() - end <= 6 and match_at(r"[ (\[@]{1,3}(?:on )?$", gap_behind, 0):
                return None, key
            if 0 <= start - m.end() <= 4 and match_at(r"[ :)=\]-]{0,3}$", gap_front, 0):
                return None, key
        return None, None

    def _resolve(self, numbers: list[_Number]) -> list[_Number]:
        """Every number with its time."""
        if len(numbers) == 1:
            return numbers
        keyed = [n for n in numbers if n.key is not None or n.when is not None]
        if len(keyed) == len(numbers):
            return self._by_date(numbers)
        if any(
            n.time in (None, MeasureTime.NOW) and not n.initial and not n.loose for n in numbers
        ):
            numbers = [
                n._replace(time=MeasureTime.FORMER) if n.initial and n.time is None else n
                for n in numbers
            ]
        current = [n for n in numbers if n.time in (None, MeasureTime.NOW)]
        undated = [n for n in current if n.when is None and n.key is None]
        if len(undated) == 1 and len(current) > 1 and not undated[0].linked:
            # "8.8 (9.1 yesterday)": the one without a date is the newest, if the others' is past.
            past = [
                n
                for n in current
                if n.when is not None and self._record is not None and n.when.latest < self._record
            ]
            if len(past) == len(current) - 1:
                numbers = [n._replace(time=MeasureTime.FORMER) if n in past else n for n in numbers]
        now = [i for i, n in enumerate(numbers) if n.time is MeasureTime.NOW]
        open_ones = [i for i, n in enumerate(numbers) if n.time is None]
        if now:
            last = now[-1]
            return [
                n._replace(time=MeasureTime.FORMER)
                if (n.time is None and i < last) or (n.time is MeasureTime.NOW and i != last)
                else n
                for i, n in enumerate(numbers)
                if not (n.time is None and i > last)
            ]
        if len(open_ones) < 2:
            return numbers
        linked = [i for i in open_ones if numbers[i].linked]
        if linked:
            last = max(open_ones)
            if numbers[last].linked:
                return [
                    n._replace(time=MeasureTime.FORMER) if i in open_ones and i != last else n
                    for i, n in enumerate(numbers)
                ]
        low = min(numbers[i].low for i in open_ones)
        high = max(numbers[i].high for i in open_ones)
        first = open_ones[0]
        kept = [n for i, n in enumerate(numbers) if i not in open_ones or i == first]
        at = kept.index(numbers[first])
        kept[at] = numbers[first]._replace(
            low=low,
            high=high,
            end=numbers[open_ones[-1]].end,
            doubtful=all(numbers[i].doubtful for i in open_ones),
        )
        return kept

    def _by_date(self, numbers: list[_Number]) -> list[_Number]:
        """Of dated values the newest is now."""

        def keys(number: _Number) -> list[tuple[int, int, int, int]]:
            if number.when is not None:
                day = number.when.latest
                first = number.when.earliest
                return [
                    (day.year % 100, day.month, day.day, first.toordinal()),
                    (first.year % 100, first.month, first.day, day.toordinal()),
                ]
            assert number.key is not None
            year, a, b = number.key
            return [(year, a, b, 0), (year, b, a, 0)]

        newest = {max(range(len(numbers)), key=lambda i: keys(numbers[i])[k]) for k in (0, 1)}
        if len(newest) > 1:
            low, high = min(n.low for n in numbers), max(n.high for n in numbers)
            return [numbers[0]._replace(low=low, high=high, time=None)]
        (at,) = newest
        return [
            n if i == at else n._replace(time=MeasureTime.FORMER) for i, n in enumerate(numbers)
        ]

    def _in_front(self, start: int, end: int, first: int, before: str) -> list[MeasureReading]:
        """Read "a 7.9 g/dL hemoglobin": only with its unit."""
        match = search(rf"(?<![\w.,/-]){_NUMBER} ?(?P<u>{UNIT}) (?:for )?$", before)
        if (
            match is None
            or search(_CONDITION, before)
            or search(r"[<>-] ?$", before[: match.start()])
        ):
            return []
        value = convert(
            _number(match["n"]),
            match["u"],
            self._measure.unit,
            (self._measure.name, *self._measure.aliases),
        )
        if value is None or not self._measure.least <= value <= self._measure.most:
            return []
        begin = start - len(before) + match.start()
        return [
            MeasureReading(
                begin, end, self._measure.name, value, value, self._measure.unit, MeasureTime.NOW
            )
        ]


_SHORT_DATE = (
    r"(?<![\w/.-])(?P<a>0?[1-9]|[12]\d|3[01])/(?P<b>0?[1-9]|[12]\d|3[01])(?:/(?P<y>(?:19"
    r"|20)?\d\d))?(?![\w/%]|\.\d)"
)


@cache
def _fillers() -> frozenset[str]:
    return frozenset((*_FILLERS.split(), *_UNIT_WORDS.split()))


_UNIT_WORDS = (
    "of g dl gm l mmol ml ng k ul fl mg mcg ug µg x mm mol unit units mmol/liter mmol/litre"
    " millimol/l millimoles millimol liter litre grams gram deciliter decilitre"
)


def _number(text: str) -> float:
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2}", text):
        return float(text.replace(".", ""))
    if re.fullmatch(r"\d{1,3}(?:,\d{3}){1,2}", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", "."))


def _last_part(text: str) -> int:
    """Where the last part of a clause begins."""
    return max(
        (found.end() for found in compiled(r"[,;()\[\]:]|\b(?:and|but)\b").finditer(text)),
        default=0,
    )


def _clause(text: str) -> str:
    return re.split(r"[;\n]|\bbut\b|\. ", text)[-1]
