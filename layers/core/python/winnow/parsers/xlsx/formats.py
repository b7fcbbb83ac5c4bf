"""Styles that show other than the cell holds: percentages, thousands, what is struck through.

A cell that shows 65% holds 0.65. Nobody who tests the number of such a column means the hundredth.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from winnow.parsers.errors import ParseError
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts
from winnow.parsers.xlsx.strings import is_strike

_BUILT_IN = {"9": "0%", "10": "0.00%"}
_DATES = frozenset(map(str, (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))))
"""The numbers of formats of dates and times that every program has."""
_LETTERS_OF_DATES = frozenset("dmyhs")
_QUIET = re.compile(r'"[^"]*"?|[\\_*].?|\[[^\]]*\]?', re.DOTALL)
"""Quoted text, escaped and padding characters, colours, conditions, currencies."""
_CONDITION = re.compile(r"\[\s*(<=|>=|<>|<|>|=)\s*(-?\d{1,15}(?:\.\d{1,15})?)\s*\]")
_THOUSANDS = re.compile(r"[0#?.](,+)(?![,0#?])")
_MOST_SCALES = 4
_MAX_CODES = 50_000_000
"""Characters of the formats of all styles, each as often as it is used: calamine reads it as often.
Excel takes 65,490 styles, and 255 characters of a format."""
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}


class _Section(NamedTuple):
    """One of the formats between semicolons: how often it takes a hundredfold, a thousandth."""

    percents: int
    thousands: int
    condition: tuple[str, float] | None


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How numbers are shown."""

    sections: tuple[_Section, ...]

    @classmethod
    def of(cls, code: str) -> "NumberFormat":
        """The format that a code stands for.

        >>> NumberFormat.of("0.0%").shown(0.654), NumberFormat.of('0.0,,"M"').shown(45e6)
        ('65.4%', '45 x 1,000,000')
        >>> NumberFormat.of('0" %"').shown(65.0)
        """
        # Semicolons and percent signs in quotes are text; conditions are needed.
        marked = _QUIET.sub(lambda m: m[0] if _CONDITION.fullmatch(m[0]) else "\0", code)
        sections = []
        for part in marked.split(";")[:3]:
            condition = _CONDITION.search(part)
            scales = _THOUSANDS.search(part)
            sections.append(
                _Section(
                    min(part.count("%"), _MOST_SCALES),
                    min(len(scales[1]), _MOST_SCALES) if scales else 0,
                    (condition[1], float(condition[2])) if condition else None,
                )
            )
        return cls(tuple(sections))

    @property
    def scales(self) -> bool:
        """Whether it shows some number as another."""
        return any(section.percents or section.thousands for section in self.sections)

    def shown(self, value: float) -> str | None:
        """The number as it is shown, with all its digits; None where that is the number itself."""
        section = self._section(value)
        if not section.percents and not section.thousands:
            return None
        shown = f"{value * 100**section.percents / 1000**section.thousands:.12g}"
        shown += "%" * section.percents
        return f"{shown} x {1000**section.thousands:,}" if section.thousands else shown

    def _section(self, value: float) -> _Section:
        sections = self.sections
        if any(section.condition for section in sections):
            for section in sections:
                if not section.condition:
                    return section
                sign, limit = section.condition
                if _COMPARISONS[sign](value, limit):
                    return section
            return sections[-1]
        if value < 0 and len(sections) > 1:
            return sections[1]
        return sections[2] if value == 0 and len(sections) > 2 else sections[0]


@dataclass(frozen=True, slots=True)
class CellStyles:
    """The styles of a workbook's cells, by number, that show other than the cells hold."""

    scales: dict[str, NumberFormat] = field(default_factory=dict)
    """Those whose numbers are shown as others."""
    struck: frozenset[str] = frozenset()
    """Those that strike their cells through."""
    blank: frozenset[str] = frozenset()
    """Those that show nothing, whatever is in the cells."""
    dates: frozenset[str] = frozenset()
    """Those that show numbers as dates or times, which negative ones are not."""

    def others(self, *, negative: bool) -> frozenset[bytes]:
        """All of these, as sheets name them.

        `negative` says whether there are negative numbers.
        """
        others = self.scales.keys() | self.struck | self.blank
        if negative:
            others |= self.dates
        return frozenset(style.encode() for style in others)


def cell_styles(parts: Parts, main: str) -> CellStyles:
    """The styles of a workbook's cells that show other than the cells hold."""
    part = next(
        (r.target for r in parts.related(main).values() if r.kind == "styles"), "xl/styles.xml"
    )
    if part not in parts:
        return CellStyles()
    codes = dict(_BUILT_IN)
    ids: list[str] = []
    fonts: list[str] = []
    struck_fonts: set[str] = set()
    count = 0
    within = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal within, count
        name = tag.rpartition("}")[2]
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "fonts"):
            within = name
        elif name == "font" and within == "fonts":
            count += 1
        elif name == "strike" and within == "fonts" and is_strike(attributes):
            struck_fonts.add(str(count - 1))
        elif name == "xf" and within == "cellXfs":
            ids.append(attributes.get("numFmtId", ""))
            fonts.append(attributes.get("fontId", "0"))

    def end(tag: str) -> None:
        nonlocal within
        if within and tag.endswith("}" + within):
            within = ""

    parser = xml_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        feed(parser, parts.uncounted(part))
    except ParseError:
        return CellStyles()  # calamine says what is wrong with it
    if sum(len(codes.get(key, "")) for key in ids) > _MAX_CODES:
        raise ParseError("file_unreadable", "The number formats of its cells are too long.")
    dates = {key for key in set(ids) if key in _DATES or _is_date(codes.get(key, ""))}
    blank = {key for key in set(ids) if codes.get(key, "").strip() == ";;;"}
    formats = {key: NumberFormat.of(codes[key]) for key in set(ids) & codes.keys()}
    return CellStyles(
        scales={
            str(number): formats[key]
            for number, key in enumerate(ids)
            if key in formats and formats[key].scales
        },
        struck=frozenset(str(n) for n, font in enumerate(fonts) if font in struck_fonts),
        blank=frozenset(str(n) for n, key in enumerate(ids) if key in blank),
        dates=frozenset(str(n) for n, key in enumerate(ids) if key in dates),
    )


def _is_date(code: str) -> bool:
    """Whether a format shows a number as a date or a time.

    >>> _is_date("[h]:mm"), _is_date('[$-409]d/m/yy'), _is_date('0" days"'), _is_date("General")
    (True, True, False, False)
    """
    return not _LETTERS_OF_DATES.isdisjoint(_QUIET.sub("", code).lower())
