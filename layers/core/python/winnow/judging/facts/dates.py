"""Dates and partial dates in a text, as the interval of days that each of them can mean.

"2015" is 2015-01-01 to 2015-12-31, "3/2015" a month, "two years ago" the days that are two full
years but not three before the record's date, "over a decade ago" any day up to ten years before it
(`date.min` stands for an open beginning). What depends on the record's date is read only if that is
known. Where a text allows two readings ("03/04/2015" without an order), the interval covers both.

A reading has a kind: when something was (`AT`), a time up to the record ("in the past 6 months",
`WITHIN`), from a day on (`SINCE`, `since` has the days on which it may begin), up to a day
(`BEFORE`), or a span that the sentence around it turns back or forth ("in 10 years", `SPAN`: "none
in 10 years", "repeat in 10 years").

Every phrase is a row of `_rows`: a pattern and the function that reads it; earlier rows win over
later ones where they overlap. A number alone is no date: "Hgb 9.1", "5/5", "120/80" are not read.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from winnow.judging.facts.numbers import COUNT, WORDS, parse_count, parse_words
from winnow.judging.facts.patterns import compiled, fold, has_any, match_at, search
from winnow.judging.lazy_patterns import lazy_pattern


class DateOrder(StrEnum):
    """What the first number of "03/04/2015" is."""

    MONTH_FIRST = "month_first"
    DAY_FIRST = "day_first"


class DateInterval(NamedTuple):
    """The days that a date can be, both ends included; `date.min`: the beginning is open."""

    earliest: date
    latest: date

    def __str__(self) -> str:
        """The shortest way to say it: "2015", "2015-03", "2015-03-14", or both ends."""
        first, last = self
        if first == last:
            return first.isoformat()
        if first == date.min:
            return f"{last.isoformat()} or earlier"
        if first.day == 1 and last == _month_end(last):
            if (first.year, first.month) == (last.year, last.month):
                return first.isoformat()[:7]
            if first.month == 1 and last.month == 12:
                return (
                    f"{first.year}" if first.year == last.year else f"{first.year} to {last.year}"
                )
            return f"{first.isoformat()[:7]} to {last.isoformat()[:7]}"
        return f"{first.isoformat()} to {last.isoformat()}"


class DateKind(StrEnum):
    """How a phrase places something in time."""

    AT = "at"
    WITHIN = "within"
    SINCE = "since"
    BEFORE = "before"
    SPAN = "span"
    AHEAD = "ahead"
    """After the record's date: "next year", "in 3 years' time"."""


class DateReading(NamedTuple):
    """One date in a text."""

    start: int
    end: int
    kind: DateKind
    interval: DateInterval
    since: DateInterval | None = None
    """Of a time up to the record's date, the days on which it may begin."""
    cued: bool = True
    """Whether a word said that it is a date; False: a bare year."""


class Elapsed(NamedTuple):
    """Full months between an event and the record's date, the least and the most."""

    least: int
    most: int

    def __str__(self) -> str:
        """In words: "9 years", "14 months", "9 to 10 years", "at least 10 years"."""
        least, most = self
        if most >= _OPEN_MONTHS:
            return f"at least {_span(least)}"
        if least >= 24:
            first, last = least // 12, most // 12
            return f"{first} years" if first == last else f"{first} to {last} years"
        return _span(least) if least == most else f"{_span(least)} to {_span(most)}"


def elapsed(interval: DateInterval, on: date) -> Elapsed:
    """How long before a day the interval's days are."""
    most = _OPEN_MONTHS if interval.earliest == date.min else _months(interval.earliest, on)
    return Elapsed(_months(interval.latest, on), most)


def find_dates(
    text: str, record_date: date | None = None, order: DateOrder | None = None
) -> list[DateReading]:
    """Every date of a text, in its order.

    Args:
        text: Any text.
        record_date: The day that "two years ago" is counted from; without it only dates that
            need none are read.
        order: What "03/04/2015" is; without it, both.
    """
    text = _in_digits(text)
    if not search(_MAYBE, text):
        return []
    context = _Context(record_date, order)
    taken = bytearray(len(text) + 1)
    readings: list[DateReading] = []
    folded = fold(text)
    for pattern, read, needs, is_relative in _rows():
        if (is_relative and record_date is None) or not has_any(folded, needs):
            continue
        for match in pattern.finditer(text):
            start, end = match.span("d") if "d" in pattern.groupindex else match.span()
            if any(taken[start:end]):
                continue
            try:
                reading = read(match, context)
            except (ValueError, OverflowError):
                continue  # "2015-13-45"
            if reading is None:
                continue
            if isinstance(reading, DateReading):
                if reading.end:
                    start, end = reading.start, reading.end
                if any(taken[start:end]):
                    continue
                readings.append(reading._replace(start=start, end=end))
            taken[start:end] = b"\1" * (end - start)
    readings.sort(key=lambda reading: reading.start)
    return list(_merge(text, readings, record_date))


_RECORD_DATE = (
    r"(?<!last\s)(?<!prior\s)(?<!previous\s)(?<!next\s)(?<!first\s)(?<!since\s)(?<!\w)"
    r"(?:date of (?:service|visit"
    r"|encounter|exam(?:ination)?|consultation|note|admission|report|request)"
    r"|(?:visit|encounter|service|note|exam|clinic|report|consult(?:ation)?|record"
    r"|office visit|request)"
    r" date|date seen|seen(?: on)?|(?:office |clinic )?visit(?: on)?"
    r"|request(?:ed)?(?: on| dated)?|dos"
    r"|dictated(?: on)?|dated|date)\s{0,3}[:=]?\s{0,3}$"
)

_NAMES_DATE = r"date|seen|visit|request|dos|dictated"
"""Words one of which every match of _RECORD_DATE has: without them a text need not be read."""


def guess_order(text: str) -> DateOrder | None:
    """The order of a text's dates, if one of them allows only one: "3/25/2015".

    None: none does, or two contradict each other.
    """
    orders = {
        DateOrder.DAY_FIRST if int(match["a"]) > 12 else DateOrder.MONTH_FIRST
        for match in compiled(_NUMERIC).finditer(text)
        if (int(match["a"]) > 12) != (int(match["b"]) > 12)
    }
    return orders.pop() if len(orders) == 1 else None


_NUMERIC = (
    r"(?<![\w/.-])(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?:(?:19|20)\d\d|\d\d)(?!\d)"
)


def find_record_date(text: str, order: DateOrder | None = None) -> DateInterval | None:
    """The date that a text gives itself: "Date of visit: 04/15/2024".

    Of several it is the first day ("Visit 12/16/2024", then "DOS 12/30/2024" of what is asked for).
    None: it names none, or several that are far apart.
    """
    if not search(_NAMES_DATE, text):
        return None
    found = {
        reading.interval
        for reading in find_dates(text, None, order)
        if reading.kind is DateKind.AT
        and (reading.interval.latest - reading.interval.earliest).days < 28 * 12
        and search(_RECORD_DATE, text[max(0, reading.start - 40) : reading.start])
        and not search(_BIRTH, text[max(0, reading.start - 40) : reading.start])
    }
    if not found:
        return None
    first = min(found)
    return first if max(found).latest - first.earliest < _ONE_REQUEST else None


_ONE_REQUEST = timedelta(days=92)
"""How far apart the dates of a visit and of the service that it asks for are at most."""
_BIRTH = r"\b(?:birth|born|dob|d\.o\.b)"

# -- calendar -------------------------------------------------------------------------------------

_OPEN_MONTHS = 12 * 500


_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _days_of(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS[month - 1] + (month == 2 and leap)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a shorter month; never before date.min."""
    at = day.year * 12 + day.month - 1 + months
    if at < 12:
        return date.min
    if at >= 12 * 9999 + 12:
        return date.max
    year, month = divmod(at, 12)
    return date(year, month + 1, min(day.day, _days_of(year, month + 1)))


def _add_days(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _months(day: date, on: date) -> int:
    """Full months from a day to another."""
    months = (on.year - day.year) * 12 + on.month - day.month
    return months - (add_months(day, months) > on)


def _month_end(day: date) -> date:
    return day.replace(day=_days_of(day.year, day.month))


def _span(months: int) -> str:
    if months >= 24 and months % 12 == 0:
        return f"{months // 12} years"
    if months >= 36:
        return f"{months // 12} years"
    return f"{months} month{'' if months == 1 else 's'}"


def _day(year: int, month: int, day: int) -> DateInterval:
    found = date(year, month, day)
    return DateInterval(found, found)


def _month(year: int, month: int) -> DateInterval:
    first = date(year, month, 1)
    return DateInterval(first, _month_end(first))


def _year(year: int) -> DateInterval:
    return DateInterval(date(year, 1, 1), date(year, 12, 31))


def _hull(*intervals: DateInterval) -> DateInterval:
    return DateInterval(min(i.earliest for i in intervals), max(i.latest for i in intervals))


# -- readers of the rows --------------------------------------------------------------------------


class _Context(NamedTuple):
    record: date | None
    order: DateOrder | None

    def year(self, text: str) -> int:
        """A year of four or two digits; of two, the latest that is not after the record's."""
        text = text.lstrip("'’`")
        if len(text) == 4:
            return int(text)
        last = self.record.year if self.record else _LATEST_YEAR
        year = last - last % 100 + int(text)
        return year if year <= last + 1 else year - 100


_LATEST_YEAR = 2049
_Found = DateReading | bool | None
"""A reading, True for a phrase that is no date but hides its words, None for nothing."""
_Reader = Callable[["re.Match[str]", _Context], _Found]


def _group(match: "re.Match[str]", name: str) -> str:
    """What a group of the pattern matched; "" if nothing, or if the pattern has no such group."""
    return (match[name] or "") if name in match.re.groupindex else ""


def _at(interval: DateInterval, cued: bool = True) -> DateReading:
    return DateReading(0, 0, DateKind.AT, interval, None, cued)


_MONTH_NAMES = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_MONTH_NUMBERS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_SEASONS = {"spring": (3, 6), "summer": (6, 9), "fall": (9, 12), "autumn": (9, 12)}
_UNIT_NAMES = (
    "years?|yrs?|y|decades?|months?|mos?|mths?|weeks?|wks?|w|days?|d|hours?|hrs?|quarters?"
)


def _hidden(_match: "re.Match[str]", _context: _Context) -> _Found:
    return True


def _iso(match: "re.Match[str]", _context: _Context) -> _Found:
    return _at(_day(int(match["y"]), int(match["m"]), int(match["day"])))


def _iso_month(match: "re.Match[str]", _context: _Context) -> _Found:
    return _at(_month(int(match["y"]), int(match["m"])))


def _numeric(match: "re.Match[str]", context: _Context) -> _Found:
    first, second, year = int(match["a"]), int(match["b"]), context.year(match["y"])
    readings = []
    order = context.order
    if order is None and match["sep"] == "." and len(match["y"]) == 4:
        order = DateOrder.DAY_FIRST  # "14.03.2015" is how Europe writes it
    if order is not DateOrder.DAY_FIRST and 1 <= first <= 12 and 1 <= second <= 31:
        readings.append((first, second))
    if (order is not DateOrder.MONTH_FIRST or not readings) and 1 <= second <= 12:
        readings.append((second, first))
    if order is DateOrder.DAY_FIRST and not readings:
        readings.append((first, second))
    return _at(_hull(*(_day(year, month, day) for month, day in readings))) if readings else None


def _month_year(match: "re.Match[str]", context: _Context) -> _Found:
    return _at(_month(context.year(match["y"]), int(match["m"])))


def _short(match: "re.Match[str]", context: _Context) -> _Found:
    """Read "6/12" behind a word that asks for a date: a month and a year, or a month and a day.

    "Colonoscopy 2/18" may be of either; "last colonoscopy 2/18" is of 2018, unless the 18th of
    February was a short while ago.
    """
    if context.record is None:
        return None
    first, second = int(match["a"]), int(match["b"])
    cue = match["cue"].lower()
    months = []
    if not cue.startswith("on") and 1 <= first <= 12 and len(match["b"]) == 2:
        month = _month(context.year(match["b"]), first)
        if month.earliest <= context.record:
            months.append(month)
    days = []
    if not cue.startswith(("in", "of", "back")):
        pairs = [(first, second), (second, first)]
        if context.order is not None:
            pairs = pairs[:1] if context.order is DateOrder.MONTH_FIRST else pairs[1:]
        days = [
            _day(_recent_year(context.record, m, d), m, d)
            for m, d in pairs
            if 1 <= m <= 12 and 1 <= d <= _days_of(2024, m)
        ][:1]
    if months and cue.startswith(_LAST):
        days = [day for day in days if day.latest >= add_months(context.record, -3)]
    return _at(_hull(*months, *days)) if months or days else None


_LAST = ("last", "latest", "prior", "previous", "former")


def _recent_year(record: date, month: int, day: int) -> int:
    return record.year - ((month, day) > (record.month, record.day))


def _number_of_month(name: str) -> int:
    return _MONTH_NUMBERS[name[:3].lower()]


def _named(match: "re.Match[str]", context: _Context) -> _Found:
    """A month by its name, with a day, a year, or words around it that say which."""
    text, start, end = match.string, match.start(), match.end()
    before = text[max(0, start - 28) : start]
    number = _MONTH_NUMBERS[match["m"][:3].lower()]
    day_before = search(_DAY_BEFORE, before)
    after = match_at(_DAY_BEHIND, text, end)
    if after and not day_before and (after["y"] or not search(_YEAR_BEFORE, before)):
        return _named_day(match, context, int(after["day"]), after, (start, after.end()))
    if day_before:
        after = match_at(_YEAR_BEHIND, text, end) or match_at(_SHORT_YEAR_BEHIND, text, end)
        begin = start - len(before) + day_before.start()
        until = after.end() if after else end
        return _named_day(match, context, int(day_before["day"]), after, (begin, until))
    if year_before := search(_YEAR_BEFORE, before):
        begin = start - len(before) + year_before.start()
        first_year = int(year_before["y"])
        if after and not day_before:
            interval, until = _day(first_year, number, int(after["day"])), after.end("day")
        else:
            interval, until = _month(first_year, number), end
        return _at(interval)._replace(start=begin, end=until)
    part = search(_PART_BEFORE, before)
    if part:
        start -= len(part.group())
        before = before[: part.start()]
    name = part["part"] if part else None
    if after := match_at(_YEAR_BEHIND, text, end):
        if (year := after["y"]) is not None:
            interval = _month(context.year(year), number)
        elif context.record is None:
            return None
        else:
            interval = _month(context.record.year - (after["when"].lower() != "this"), number)
        return _at(_part(interval, name))._replace(start=start, end=after.end())
    cue = search(_MONTH_CUE, before)
    alone = before.endswith("(") and text[end : end + 1] == ")"
    if (cue is None and not alone) or context.record is None or match_at(_NO_MONTH, text, end):
        return None
    word = cue["cue"].lower() if cue is not None else ""
    if word == "next":
        reading = DateReading(0, 0, DateKind.AHEAD, _next_month(context.record, number))
    else:
        year = context.record.year - (number > context.record.month)
        if number == context.record.month and "last" in word:
            year -= 1
        reading = _at(_part(_month(year, number), name))
    return reading._replace(start=start, end=end)


def _named_day(
    match: "re.Match[str]",
    context: _Context,
    day: int,
    after: "re.Match[str] | None",
    span: tuple[int, int],
) -> _Found:
    month = _MONTH_NUMBERS[match["m"][:3].lower()]
    if after is not None and after["y"] is not None:
        year = context.year(after["y"])
    elif context.record is None or (match["m"] in ("may", "march", "mar") and after is None):
        return None
    else:
        year = _recent_year(context.record, month, day)
        if after is not None and after["when"] is not None:
            year = context.record.year - (after["when"].lower() != "this")
    return _at(_day(year, month, day))._replace(start=span[0], end=span[1])


_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR_OF = (
    r"(?P<y>(?:19|20)\d\d|['’`]\d\d|(?<=-)\d\d)(?!\d)|(?P<when>last|this|the previous) year\b"
)
_DAY_BEFORE = rf"(?<![\d/.,-]){_DAY}(?: |-| ?of |)$"
_DAY_BEHIND = rf"[. ] ?{_DAY}(?![\d/%:]|[.,-]\d| ?mg)(?:(?:,? ?(?:of )?|-)(?:{_YEAR_OF}))?"
_YEAR_BEHIND = rf"(?:[-/. ]|[.,] ?|,? of | of the year |)(?:{_YEAR_OF})"
_SHORT_YEAR_BEHIND = (
    r"[-/., ]{1,2}(?P<y>\d\d)(?P<when>)?(?=$|[ ]?[.,;:)]| [a-z(-])(?! ?(?:mg|%|pm|am|:\d))"
)
_YEAR_BEFORE = r"(?<![\w/.-])(?P<y>(?:19|20)\d\d)(?: |-|/)$"
_PART_BEFORE = r"\b(?P<part>early|mid|late|beginning of|start of|end of)(?: |-)(?:in )?$"
_MONTH_CUE = (
    r"\b(?P<cue>this past|this last|last|this|next|in|since|during|until|by|from|back in|after"
    r"|before) $"
)
_NO_MONTH = r" (?:be|have|not|need|require|also|help|\d)\b"


def _next_month(record: date, number: int) -> DateInterval:
    return _month(record.year + (number <= record.month), number)


def _season(match: "re.Match[str]", context: _Context) -> _Found:
    name = match["s"].lower()
    when, cue = _group(match, "y").lower(), _group(match, "cue").lower()
    if when and not when[0].isalpha():
        return _at(_season_of(context.year(when), name))
    if context.record is None or (name == "fall" and "the" in cue and not when):
        return None
    year = context.record.year
    if when:
        return _at(_season_of(year - when.startswith("last"), name))
    this = _season_of(year, name)
    if cue.startswith("this ") and "past" not in cue and this.earliest > context.record:
        return DateReading(0, 0, DateKind.AHEAD, this)
    if this.earliest > context.record or ("last" in cue and this.latest >= context.record):
        this = _season_of(year - 1, name)
    return _at(this)


def _season_of(year: int, name: str) -> DateInterval:
    """The season, by the calendar of the north, with the months on which it begins and ends."""
    if name == "winter":
        # "Winter 2019" may be that of 2018/19 or that of 2019/20.
        return DateInterval(date(year - 1, 12, 1), date(year + 1, 3, 20))
    first, last = _SEASONS[name]
    return DateInterval(date(year, first, 1), _month_end(date(year, last, 1)))


def _quarter(match: "re.Match[str]", context: _Context) -> _Found:
    year, quarter = context.year(match["y"]), int(match["q"])
    return _at(_hull(_month(year, 3 * quarter - 2), _month(year, 3 * quarter)))


_PARTS = {"early": (0, 0.5), "beg": (0, 0.34), "sta": (0, 0.34), "mid": (0.25, 0.75)}
_LATE_PARTS = {"late": (0.5, 1.0), "end": (0.6, 1.0)}


def _part(interval: DateInterval, name: str | None) -> DateInterval:
    """The early, middle or late part of an interval, generously."""
    if not name:
        return interval
    name = name.lower().strip(" -")
    for start, (low, high) in (_PARTS | _LATE_PARTS).items():
        if name.startswith(start):
            days = (interval.latest - interval.earliest).days
            return DateInterval(
                interval.earliest + timedelta(int(days * low)),
                interval.earliest + timedelta(-int(-days * high // 1)),
            )
    return interval


def _decade(match: "re.Match[str]", context: _Context) -> _Found:
    text = match["y"].lstrip("'’`")
    year = int(text) if len(text) == 4 else context.year(text)
    part = _group(match, "part").lower().strip(" -")
    first, last = {"early": (0, 4), "mid": (3, 7), "late": (5, 9)}.get(part, (0, 9))
    return _at(_hull(_year(year + first), _year(year + last)))


def _bare_year(match: "re.Match[str]", context: _Context) -> _Found:
    year = context.year(match["y"])
    if search(_NUMBERED, match.string[max(0, match.start() - 12) : match.start()]):
        return None
    if not 1900 <= year <= (context.record.year + 20 if context.record else _LATEST_YEAR + 20):
        return None
    return _at(_part(_year(year), _group(match, "part")), cued=bool(_group(match, "cue")))


_NUMBERED = r"\b(?:room|pager|ext|suite|apt|mrn|box|bed|phone|code|no|unit)[.:]? ?$"


def _apostrophe(match: "re.Match[str]", context: _Context) -> _Found:
    return _at(_year(context.year(match["y"])))


def _fixed(first: int, last: int) -> _Reader:
    """From so many days before the record to so many before it."""

    def read(_match: "re.Match[str]", context: _Context) -> _Found:
        record = context.record
        if record is None:
            return None
        return _at(DateInterval(_add_days(record, -first), _add_days(record, -last)))

    return read


_DAY_BEFORE_YESTERDAY, _YESTERDAY, _TODAY = _fixed(2, 2), _fixed(1, 1), _fixed(0, 0)


def _recently(_match: "re.Match[str]", context: _Context) -> _Found:
    if context.record is None:
        return None
    return _at(DateInterval(add_months(context.record, -12), context.record))


def _long_ago(_match: "re.Match[str]", context: _Context) -> _Found:
    if context.record is None:
        return None
    return _at(DateInterval(date.min, add_months(context.record, -12)))


def _last_unit(match: "re.Match[str]", context: _Context) -> _Found:
    """Read "last year", "earlier this month", "next week"."""
    record = context.record
    if record is None:
        return None
    which, unit = match["which"].lower(), match["u"].lower()
    part = _group(match, "part")
    if unit.startswith("year"):
        this = _year(record.year)
        last = _year(record.year - 1)
        following = _year(record.year + 1)
    elif unit.startswith("month"):
        this = _month(record.year, record.month)
        last = _month_of(add_months(record.replace(day=1), -1))
        following = _month_of(add_months(record.replace(day=1), 1))
    else:
        monday = record - timedelta(record.weekday())
        this = DateInterval(_add_days(monday, -1), _add_days(monday, 6))
        last = DateInterval(_add_days(monday, -8), monday)
        following = DateInterval(_add_days(monday, 6), _add_days(monday, 14))
    if which == "later this":
        first = min(_add_days(record, 1), this.latest)
        return DateReading(0, 0, DateKind.AHEAD, DateInterval(first, this.latest))
    if which == "next":
        return DateReading(0, 0, DateKind.AHEAD, following)
    if which in ("last", "previous", "prior"):
        return _at(_part(last, part))
    return _at(DateInterval(this.earliest, max(record, this.earliest)))


def _month_of(day: date) -> DateInterval:
    return _month(day.year, day.month)


def _year_before_last(_match: "re.Match[str]", context: _Context) -> _Found:
    return _at(_year(context.record.year - 2)) if context.record else None


def _weekday(_match: "re.Match[str]", context: _Context) -> _Found:
    if context.record is None:
        return None
    return _at(DateInterval(_add_days(context.record, -13), _add_days(context.record, -1)))


# -- counted units --------------------------------------------------------------------------------

_OVER = "over more beyond greater at well longer exceeding upwards in"
_UNDER = "under less within not fewer"
_ALMOST = "almost nearly close approaching going"


def _months_of(count: float, unit: str) -> tuple[int, int]:
    """A number of units in months and days, one of which is 0."""
    unit = unit.lower()
    if unit.startswith(("y", "dec", "q")):
        factor = 120 if unit.startswith("dec") else 3 if unit.startswith("q") else 12
        return round(count * factor), 0
    if unit.startswith("m"):
        return (round(count), 0) if count == int(count) else (0, round(count * 30.44))
    if unit.startswith("w"):
        return 0, round(count * 7)
    if unit.startswith("h"):
        return 0, round(count / 24)
    return 0, round(count)


def _back(record: date, count: float, unit: str) -> date:
    """The day so many units before the record."""
    months, days = _months_of(max(count, 0), unit)
    return _add_days(add_months(record, -months), -days)


def _quantity(match: "re.Match[str]", context: _Context) -> _Found:
    """A number of units: ago, up to the record, ahead, or turned by the sentence around it."""
    record = context.record
    if record is None:
        return None
    text, start, end = match.string, match.start(), match.end()
    manner = _manner(match)
    if after := match_at(_AFTER_QUANTITY, text, end):
        if after["more"] and not manner:
            manner = "about" if "so" in after["more"].lower() else "over"
        if after["ahead"]:
            return DateReading(start, after.end(), DateKind.AHEAD, _ahead_of(record))
        interval = _interval_back(match, record, manner, after)
        if interval is None or not (after["ago"] or after["anchor"]):
            return None
        if after["anchor"] and find_dates(text[max(0, start - 120) : start], record, context.order):
            # "In 2015 a stroke, and two years earlier": than what was told before.
            interval = DateInterval(date.min, interval.latest)
        return _at(_with_others(interval, match, record))._replace(start=start, end=after.end())
    before = text[max(0, start - 32) : start]
    past = search(_PAST_BEFORE, before)
    span = past or search(_SPAN_BEFORE, before)
    how = _group(match, "how").lower()
    within = past is not None or how.startswith("within")
    if span is None and not within and manner != "over":
        return None
    if match_at(_NO_SPAN, text, end):
        return None
    least, most = _counts(match)
    if least is None or most is None:
        return None
    since = DateInterval(_back(record, most, match["u"]), _back(record, least, match["u"]))
    if manner == "over":
        since = DateInterval(date.min, since.latest)
    kind = DateKind.WITHIN if within else DateKind.SPAN
    interval = DateInterval(since.earliest, record)
    return DateReading(start - (len(span.group()) if span else 0), end, kind, interval, since)


_SPOKEN_YEAR = lazy_pattern(
    r"\b(?P<century>nineteen|twenty|two thousand(?: and)?)[ -](?P<rest>"
    rf"{WORDS})(?![ -](?:years?|yrs?|months?|weeks?|days?|units?|percent|old)\b)",
    re.IGNORECASE,
)
_COMPACT = lazy_pattern(r"(?<![\w./-])(?P<y>\d{1,2}) ?y(?P<m>\d{1,2}) ?m(?= ago\b)")
"""Years and months in one: "12y5m ago"."""


def _in_digits(text: str) -> str:
    """A text with spoken years in digits, every character at its place: "May of twenty fifteen"."""

    def year(match: re.Match[str]) -> str:
        rest = parse_words(match["rest"])
        century = 1900 if match["century"].lower() == "nineteen" else 2000
        if rest is None or (rest < 10 and match["century"].lower() in ("nineteen", "twenty")):
            return match.group()
        return str(century + rest).ljust(len(match.group()))

    def compact(match: re.Match[str]) -> str:
        return f"{match['y']} y".ljust(len(match.group()))

    if "y" not in text and "teen" not in text:
        return text
    return _COMPACT.sub(compact, _SPOKEN_YEAR.sub(year, text))


_AFTER_QUANTITY = (
    r"(?: and a (?P<half>half)|(?: and|,)? (?P<n3>\d{1,2}|[a-z]{3,9}|a) ?(?:months?|mos?|m\b))?"
    r"(?P<more> or (?:so|more|longer))?(?:"
    r" (?P<ago>ago|back(?! pain|ache| ache| surgery| brace)|(?:prior to|before) (?:this |the )?"
    r"(?:visit|admission|presentation|arrival|today|evaluation))\b"
    r"|(?P<ahead>['’]? time|['’]? from now| hence)\b"
    r"| (?P<anchor>previously|earlier|prior(?! to)|before(?= ?[.,;)]|$))(?!\w))"
)
_PAST_BEFORE = (
    r"(?<!\w)(?:(?:in|within|over|during|for|throughout|since) )?(?:at least )?(?:the |these )?"
    r"(?:past|last|previous|preceding) $"
)
_SPAN_BEFORE = r"(?<!\w)(?:in|for|over|after)(?: another)? $"
_NO_SPAN = r"['’]?[ -](?:old|of age|of life)\b"


def _with_others(interval: DateInterval, match: "re.Match[str]", record: date) -> DateInterval:
    """Read "eight or ten or maybe twelve years ago": the counts in front are as possible."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    while found := search(_OTHER_COUNT, before):
        count = parse_count(found["count"])
        if count is None:
            break
        other = _back(record, count.least, match["u"])
        interval = _hull(interval, DateInterval(other, other))
        before = before[: found.start()]
    return interval


_OTHER_COUNT = (
    rf"(?<!\w)(?P<count>\d{{1,2}}|{WORDS}),? (?:or|to) ?(?:maybe |perhaps |even |possibly )?$"
)


def _unit_window(match: "re.Match[str]", context: _Context) -> _Found:
    """Read "in the past year"."""
    if context.record is None:
        return None
    first = _back(context.record, 1, match["u"])
    since = DateInterval(first, first)
    return DateReading(0, 0, DateKind.WITHIN, DateInterval(first, context.record), since)


def _ahead_of(record: date) -> DateInterval:
    return DateInterval(_add_days(record, 1), add_months(record, 12 * 150))


def _interval_back(
    match: "re.Match[str]", record: date, manner: str, after: "re.Match[str]"
) -> DateInterval | None:
    unit = match["u"]
    least, most = _counts(match)
    if least is None or most is None:
        return None
    if after["half"] or _group(match, "half"):
        least, most = least + 0.5, most + 0.5
    if after["n3"]:
        return _years_and_months(record, least, after["n3"])
    if manner == "over":
        return DateInterval(date.min, _back(record, least, unit))
    if manner == "under":
        return DateInterval(_back(record, most, unit), record)
    tolerance = _tolerance(most, unit)
    if manner == "just over":
        return DateInterval(_back(record, most + 2 * tolerance, unit), _back(record, least, unit))
    if manner == "almost":
        return DateInterval(_back(record, most, unit), _back(record, least - 2 * tolerance, unit))
    if manner == "about":
        first = _back(record, most + tolerance, unit)
        return DateInterval(first, _back(record, least - tolerance, unit))
    if least != int(least):
        return DateInterval(_back(record, most + 0.3, unit), _back(record, least - 0.3, unit))
    latest = _back(record, least, unit)
    if unit.lower().startswith("dec"):
        return DateInterval(_back(record, most + 0.2, unit), latest)
    if unit.lower().startswith(("d", "h")):
        return DateInterval(_back(record, most, unit), latest)
    # Vague counts ("a few") have their width already.
    first = _back(record, most + (least == most), unit)
    return DateInterval(first if first == date.min else min(_add_days(first, 1), latest), latest)


def _years_and_months(record: date, years: float, months: str) -> DateInterval | None:
    count = parse_count(months)
    if count is None:
        return None
    total = int(years) * 12
    return DateInterval(
        _add_days(add_months(record, -total - int(count.most) - 1), 1),
        add_months(record, -total - int(count.least)),
    )


def _counts(match: "re.Match[str]") -> tuple[float | None, float | None]:
    first = parse_count(match["n"])
    if first is None:
        return None, None
    second = parse_count(second_text) if (second_text := _group(match, "n2")) else None
    if second is not None and second.most > first.least:
        return first.least, second.most
    return first.least, first.most


def _manner(match: "re.Match[str]") -> str:
    words = " ".join(_group(match, "how").lower().split())
    if words:
        if words.startswith(("just over", "a little", "slightly", "a bit")):
            return "just over" if not words.endswith(("under", "less than")) else "almost"
        if words.startswith(("just under", "not quite", "just shy", "a bit under")):
            return "almost"
        first = words.split()[0].strip(".")
        if words[0] == ">" or (first in _OVER.split() and not words.startswith("at most")):
            return "over"
        if words[0] == "<" or first in (*_UNDER.split(), "no", "up") or words == "at most":
            return "over" if words in ("not less than", "no less than") else "under"
        if first in _ALMOST.split():
            return "almost"
        return "about"
    if _group(match, "plus"):
        return "over"
    return "about" if _group(match, "n2").lower() == "so" else ""


def _tolerance(count: float, unit: str) -> float:
    """Half of what "about", "almost" and "just over" leave open, in units."""
    if unit.lower().startswith("dec"):
        return 0.2
    return 0.35 if count <= 1 else 0.5 if count < 5 else 1 if count < 15 else 2


def _ahead(_match: "re.Match[str]", context: _Context) -> _Found:
    record = context.record
    if record is None:
        return None
    return DateReading(0, 0, DateKind.AHEAD, _ahead_of(record))


def _indefinite_ago(match: "re.Match[str]", context: _Context) -> _Found:
    """Read "years ago", "many years ago", "decades ago"."""
    record = context.record
    if record is None:
        return None
    unit = match["u"].lower()
    least = 3.0 if _group(match, "many") else 2.0
    if unit.startswith("dec"):
        return _at(DateInterval(date.min, add_months(record, -12 * 15)))
    if unit.startswith("y"):
        return _at(DateInterval(date.min, _back(record, least, unit)))
    first = _back(record, 36 if unit.startswith("m") else 26 if unit[0] == "w" else 31, unit)
    return _at(DateInterval(first, _back(record, least, unit)))


def _half(match: "re.Match[str]", context: _Context) -> _Found:
    """Read "half a year ago"."""
    record = context.record
    if record is None or not match["u"].lower().startswith(("y", "dec")):
        return None
    months = 60 if match["u"].lower().startswith("d") else 6
    return _at(DateInterval(add_months(record, -months - 2), add_months(record, 1 - months)))


def _year_range(match: "re.Match[str]", _context: _Context) -> _Found:
    first, last = int(match["y"]), match["y2"]
    second = int(last) if len(last) == 4 else first - first % 100 + int(last)
    return _at(_hull(_year(first), _year(second))) if first < second <= first + 40 else None


_PREFIX = (
    r"(?:^|(?<=[\W_]))(?P<word>since|after|before|prior to|until|till|by|up to"
    r"|no later than|through"
    r"|as of|from)(?: (?:the|about|around|at least))? ?$"
)
_INNER = r"(?:since|after|before|until|till|by|from)\b"
_BETWEEN = r"\b(?:between|from)(?: the)? $"
_JOIN = r" ?(?:and|or|to|through|-|–|until|till) ?(?:in )?$"


def _merge(text: str, readings: list[DateReading], record: date | None) -> Iterator[DateReading]:
    """The readings with "between A and B" as one, and those behind "since" and "before" so."""
    at = 0
    while at < len(readings):
        reading = readings[at]
        at += 1
        if reading.kind is not DateKind.AT:
            yield reading
            continue
        following = readings[at] if at < len(readings) else None
        if (
            following is not None
            and following.kind is DateKind.AT
            and following.start - reading.end < 12
            and match_at(_JOIN, text, reading.end, following.start)
            and (
                match_at(r" or (?:in )?$", text, reading.end, following.start)
                or search(_BETWEEN, text[max(0, reading.start - 14) : reading.start])
                or text[reading.start : reading.end].lower().startswith("from ")
            )
        ):
            at += 1
            interval = _hull(reading.interval, following.interval)
            yield reading._replace(end=following.end, interval=interval)
            continue
        prefix = search(_PREFIX, text[max(0, reading.start - 30) : reading.start])
        inner = match_at(_INNER, text, reading.start, reading.end)
        word = prefix["word"] if prefix else inner.group() if inner else ""
        yield _placed(reading, word.lower(), record)


def _placed(reading: DateReading, word: str, record: date | None) -> DateReading:
    first, last = reading.interval
    if word in ("since", "after", "from"):
        until = max(record, last) if record is not None else date.max
        return reading._replace(
            kind=DateKind.SINCE, interval=DateInterval(first, until), since=reading.interval
        )
    if word in ("before", "prior to") and first != date.min:
        return reading._replace(
            kind=DateKind.BEFORE, interval=DateInterval(date.min, first - timedelta(1))
        )
    if word in ("until", "till", "by", "up to", "no later than", "through"):
        return reading._replace(kind=DateKind.BEFORE, interval=DateInterval(date.min, last))
    return reading


_MAYBE = (
    r"\d|ago\b|last|past|this|today|yesterday|tomorrow|recent|year|month|week|day|decade|next|back"
    r"|earlier|prior"
)


def _pattern(phrase: str) -> "re.Pattern[str]":
    """A phrase of the table as a pattern: a space is up to three, @month@, @n@ and so on a part."""
    for name, part in (
        ("@month@", rf"(?P<m>{_MONTH_NAMES})\b\.?"),
        ("@year@", r"(?P<y>(?:19|20)\d\d|['’`]\d\d)(?![\d/]|[.,]\d)"),
        ("@yy@", r"(?P<y>(?:19|20)\d\d|['’`]?\d\d)(?![\d/]|[.,]\d)"),
        ("@day@", r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"),
        ("@u@", rf"(?P<u>{_UNIT_NAMES})"),
        ("@part@", r"(?P<part>(?:early|mid|late|beginning of|start of|end of)(?: |-)(?:in )?)?"),
        ("@n@", rf"(?P<n>{COUNT})"),
        (
            "@n-n@",
            rf"(?P<n>{COUNT})(?: ?(?:-|–|to|or) ?(?P<n2>\d{{1,3}}(?:\.\d)?|{WORDS}|so))?"
            r"(?P<plus> ?\+| plus)?",
        ),
        ("@how@", _HOW),
    ):
        phrase = phrase.replace(name, part)
    return compiled(phrase)


_HOW = (
    r"(?:(?P<how>well over|(?:a little|slightly|a bit|just) (?:over|more than|under"
    r"|less than|shy of)"
    r"|(?:no |not )?(?:more|less|greater|longer|fewer) than|not quite|over|at least|at most"
    r"|beyond|exceeding|upwards of|in excess of|>=?|under|<=?|within|up to|almost|nearly|close to"
    r"|about|around|approximately|approx\.?|roughly|~|maybe|perhaps|probably|circa|ca\.?|some) ?)?"
)
_CUE = (
    r"(?P<cue>in|on|since|of|from|dated|during|back in|until|till|by|before|after|circa|c\.|around)"
)
_EXAM = (
    r"(?:colonoscop(?:y|ies)|csy|c-?scopes?|colos?|scopes?|egd|ogd|gastroscopy|polypectomy|removed)"
)
_NOT_UNITS = (
    r"(?! ?(?:mg|ml|cc|mcg|units?|iu|kcal|cal|calories|hours|hrs|h\b|steps|grams|g\b"
    r"|patients|miles|"
    r"meters|feet|ft\b|lbs?|kg|%|am\b|pm\b|x\b|/|k\b|mm|cm|copies|cells|dollars|square))"
)


_RELATIVE = frozenset(
    (
        *(_short, _quantity, _half, _unit_window, _indefinite_ago, _year_before_last, _last_unit),
        *(_DAY_BEFORE_YESTERDAY, _YESTERDAY, _TODAY, _ahead, _weekday, _recently, _long_ago),
    )
)
"""What reads nothing without the record's date."""


class _Row(NamedTuple):
    """A phrase and what reads it."""

    pattern: "re.Pattern[str]"
    read: _Reader
    needs: tuple[str, ...]
    """Words in small letters, one of which every match has; empty: not known."""
    is_relative: bool
    """Whether it is counted from the record's date, and read only if that is known."""


@cache
def _rows() -> tuple[_Row, ...]:
    """The table; earlier rows win."""
    w = r"(?<![\w/.-])"
    rows: tuple[tuple[str, _Reader, str], ...] = (
        # Not dates, whatever stands in them.
        (r"(?<!\w)\d{3}[-. ]\d{3}[-. ]\d{4}(?!\d)", _hidden, ""),
        (r"\b(?:his|her|their|the) last fall (?:was|occurred|happened)", _hidden, "fall"),
        (r"\blast year of\b", _hidden, "last"),
        # -- written out in numbers
        (
            w
            + r"(?P<y>(?:19|20)\d\d)(?P<sep>[-/.])(?P<m>0?[1-9]|1[0-2])(?P=sep)"
            + r"(?P<day>0?[1-9]|[12]\d|3[01])(?!\d)",
            _iso,
            "19 20",
        ),
        (
            w + r"(?P<a>\d{1,2})(?P<sep>[-/.]| / )(?P<b>\d{1,2})(?P=sep)(?P<y>(?:19|20)\d\d|\d\d)"
            r"(?![\d/]|[.-]\d)",
            _numeric,
            "",
        ),
        (w + r"(?P<y>(?:19|20)\d\d)[-/](?P<m>0[1-9]|1[0-2])(?![\d/-])", _iso_month, "19 20"),
        (
            w + r"(?P<m>0?[1-9]|1[0-2])(?:/|-|\.| / )(?P<y>(?:19|20)\d\d)(?![\d/-])",
            _month_year,
            "19 20",
        ),
        (rf"\b{_CUE} (?P<d>(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}}))(?![\d/]|[.-]\d)", _short, "/"),
        (r"(?P<cue>\()(?P<d>(?P<a>\d{1,2})/(?P<b>\d{2}))\)", _short, "/"),
        (
            rf"(?P<cue>(?:\b(?:{'|'.join(_LAST)})\b,? (?:[a-z]+ ){{0,2}})?\b{_EXAM}):? "
            r"(?P<d>(?P<a>\d{1,2})/(?P<b>\d{2}))(?![\d/%]|[.-]\d)",
            _short,
            "/",
        ),
        # -- months by name
        (
            rf"(?<![^\W\d_])(?P<m>{_MONTH_NAMES})(?![^\W\d_])",
            _named,
            "jan feb mar apr may jun jul aug sep oct nov dec",
        ),
        # -- seasons, quarters
        (
            r"\b(?P<cue>in the |last |this past |this |the )?(?:early |late |mid-?)?"
            r"(?P<s>spring|summer|fall|autumn|winter)(?: of|,)? "
            r"(?P<y>(?:19|20)\d\d|['’`]\d\d|last year|this year)(?!\d)",
            _season,
            "spring summer fall autumn winter",
        ),
        (
            r"\b(?P<cue>last |this past |in the |this )(?P<s>spring|summer|fall|autumn"
            r"|winter)(?P<y>)?\b",
            _season,
            "spring summer fall autumn winter",
        ),
        (r"\bq(?P<q>[1-4])[ /-]?(?:of )?@year@", _quarter, "q1 q2 q3 q4"),
        # -- so many units
        (
            rf"(?<![\w.])(?P<how>)between @n@ and (?P<n2>\d{{1,3}}|{WORDS}) @u@\b\.?",
            _quantity,
            "between",
        ),
        (r"(?<![\w.])@how@(?P<half>half) an? (?P<n>)?(?P<n2>)?@u@ ago\b", _half, "half"),
        (
            r"(?<![\w.])@how@@n-n@(?P<half> and a half)?[- ]?(?:full |good |whole |odd )?@u@\b\.?",
            _quantity,
            "",
        ),
        (
            r"(?<!\w)(?:(?:in|within|over|during|for|throughout|since) the (?:past|last|previous"
            r"|preceding)|the past|this past) (?P<u>year|month|week|decade|day)\b",
            _unit_window,
            "past last previous preceding",
        ),
        (
            r"\b(?:(?P<many>many|numerous|a number of) )?(?P<u>years|decades|months"
            r"|weeks|days) (?:ago|back|earlier|prior(?! to))\b",
            _indefinite_ago,
            "ago back earlier prior",
        ),
        # -- words
        (r"\bthe year before last\b", _year_before_last, "last"),
        (
            r"\b(?P<part>(?:early|mid|late)[ -]|(?:beginning|start|end) of )?"
            r"(?:(?:in|of|from|during) )?(?P<which>last|previous|this|earlier this|later this|next)"
            r" (?P<u>year|month|week)\b(?! (?:of|old))",
            _last_unit,
            "last previous this next",
        ),
        (r"\b(?:the )?day before yesterday\b", _DAY_BEFORE_YESTERDAY, "yesterday"),
        (r"\b(?:yesterday|last (?:night|evening))\b", _YESTERDAY, "yesterday last"),
        (
            r"\b(?:today|this (?:morning|afternoon|evening)|earlier today|tonight)\b",
            _TODAY,
            "today this tonight",
        ),
        (
            r"\b(?:tomorrow|next (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
            _ahead,
            "tomorrow next",
        ),
        (
            r"\b(?:last|this past) (?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
            _weekday,
            "last this",
        ),
        (r"\b(?:very )?recently\b", _recently, "recently"),
        (
            r"\b(?:a )?long (?:time )?ago\b|\bin the (?:distant|remote) past\b",
            _long_ago,
            "ago past",
        ),
        # -- years
        (
            r"(?<![\w/.$#-])(?:in |from )?(?P<y>(?:19|20)\d\d) ?[-–/] ?(?P<y2>(?:19"
            r"|20)\d\d|\d\d)(?![\w/-])",
            _year_range,
            "19 20",
        ),
        (
            r"(?<![\w/.-])(?P<y>(?:19|20)\d\d)(?=/(?:19|20)\d\d/(?:19|20)\d\d(?!\d))",
            _bare_year,
            "19 20",
        ),
        (r"(?<=(?:19|20)\d\d/)(?P<y>(?:19|20)\d\d)(?!\d)", _bare_year, "19 20"),
        (
            r"\b@part@(?:the )?(?P<y>(?:19|20)\d0|(?<!\w)['’`]\d0"
            r")['’]?s\b(?! ?[/-])",
            _decade,
            "0s 0's 0’s",
        ),
        (r"\bthe @part@(?P<d>(?P<y>[5-9]0)['’]?s)\b", _decade, "0s 0's 0’s"),
        (
            r"(?<![\w/.$#-])(?:"
            + _CUE
            + r" )?(?:the )?@part@(?:the )?(?:year )?(?P<y>(?:19|20)\d\d)"
            r"(?![\d/]|:\d|[.,]\d|-\d{2}(?!\d)|\w)" + _NOT_UNITS,
            _bare_year,
            "19 20",
        ),
        (r"(?<![\w/.-])(?P<y>['’`]\d\d)(?![\w'’])", _apostrophe, "' ’ `"),
        (r"\b(?:in|since|of|circa) (?P<d>(?P<y>0\d))(?![\w/.,:%-]\d|\w)", _apostrophe, "0"),
    )
    return tuple(
        _Row(_pattern(phrase), read, tuple(needs.split()), read in _RELATIVE)
        for phrase, read, needs in rows
    )
