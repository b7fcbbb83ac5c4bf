"""Units of measured values, and what a number is in another unit.

Mass and substance concentrations are converted by their prefixes ("82 g/L" is 8.2 g/dL), from
substance to mass by the analyte's molar mass. A table, because a library of units (pint) takes 300
ms to import and does not know how notes write them ("gm/dl", "g%", "x10^9/L").
"""

import re
from collections.abc import Sequence
from functools import cache

UNIT = (
    r"(?:(?:gm?s?|grams?|mg|milligrams?|mcg|ug|µg|μg|micrograms?|ng|nanograms?|pg|mmols?"
    r"|milli-?mol(?:e?s)?|[uµμ]mols?|micro-?mol(?:e?s)?|nmols?|pmols?|meq|m?iu|u)(?: ?/ ?"
    r"| per )(?:100 ?ml|d[lL]|deci-?lit(?:er|re)s?|ml|milli-?lit(?:er|re)s?|[uµμ]l|mcl|l"
    r"|lit(?:er|re)s?|g|mol|h)\b"
    r"|(?-i:(?:m|u|µ|μ)M)\b|gm?s? ?%|gms?\b(?= ?percent)|%|percent\b|fl\b|mm/h\w*|k/(?:[uµμ]l|mm3)"
    r"|(?:x ?)?10 ?(?:\^|\*|e)? ?(?:9|3|12|6) ?/ ?(?:l|[uµμ]l)"
    r"|/(?:[uµμ]l|mm3|mcl)|ml ?/ ?min(?:ute)?\b(?: ?/ ?1\.73 ?m ?[2²])?|kg/m2|kg/m²"
    r"|kg\b|lbs?\b|pounds\b|cm\b|inches\b"
    r"|°? ?[CF]\b(?=[ .,;)]|$)|bpm\b|mm ?hg)"
)
"""A pattern of the units that are known."""
LIKE_A_UNIT = (
    r"(?:[a-zµμ]{1,9} ?/ ?(?:100 ?)?(?:[dcmuµμn]?l|(?:deci|milli)?-?lit(?:er|re)s?|[km]?g|mol)\b"
    r"|[a-zµμ]{2,12} per (?:\w{0,5}lit(?:er|re)|[dmuµ]?l|gram|mol)\w{0,2}\b"
    r"|(?:mmol|[uµμ]mol|mval|meq)s?\b)"
)
"""A pattern of what looks like a unit; one that `UNIT` does not match is not known."""

_MASS = {
    "g": 1.0,
    "gm": 1.0,
    "gms": 1.0,
    "gs": 1.0,
    "mg": 1e-3,
    "ug": 1e-6,
    "ng": 1e-9,
    "pg": 1e-12,
}
_MOLE = {"mmol": 1e-3, "umol": 1e-6, "nmol": 1e-9, "pmol": 1e-12}
_VOLUME = {"l": 1.0, "dl": 0.1, "100ml": 0.1, "ml": 1e-3, "ul": 1e-6}
_SAME = {
    "percent": "%",
    "gm%": "g/dl",
    "g%": "g/dl",
    "gms%": "g/dl",
    "k/ul": "10^9/l",
    "10^3/ul": "10^9/l",
    "kg/m²": "kg/m2",
    "lbs": "lb",
    "pounds": "lb",
    "in": "inches",
}
_MONOVALENT = frozenset(
    ("potassium", "k", "sodium", "na", "chloride", "cl", "bicarbonate", "hco3", "lithium", "li")
)
"""Of these a milliequivalent is a millimole."""
_LINEAR = {
    ("lb", "kg"): 0.45359237,
    ("kg", "lb"): 2.20462262,
    ("inches", "cm"): 2.54,
    ("cm", "inches"): 0.39370079,
    ("/ul", "10^9/l"): 0.001,
    ("10^9/l", "/ul"): 1000.0,
}
_MOLAR_MASS = {
    # Of hemoglobin the monomer, as laboratories report it.
    ("hemoglobin", "haemoglobin", "hgb", "hb"): 16114.0,
    ("glucose", "glu"): 180.16,
    ("creatinine", "cr", "cre"): 113.12,
    ("iron",): 55.845,
    ("cholesterol", "ldl", "hdl"): 386.65,
    ("triglycerides",): 885.4,
    ("bilirubin", "bili"): 584.66,
    ("calcium", "ca"): 40.08,
    ("urea", "bun"): 28.01,
    ("uric acid",): 168.11,
    ("vitamin b12", "b12"): 1355.4,
    ("folate", "folic acid"): 441.4,
}


_IN_FULL = tuple(
    (re.compile(pattern), short)
    for pattern, short in (
        (r"micro-?(?=mol|gram)", "u"),
        (r"milli-?(?=mol|gram|lit)", "m"),
        (r"nano(?=gram)", "n"),
        (r"deci-?(?=lit)", "d"),
        (r"mole?s?(?=/)", "mol"),
        (r"grams?(?=/)", "g"),
        (r"lit(?:er|re)s?$", "l"),
    )
)
"""Units in words, in the order in which they are shortened: "millimoles per liter"."""


@cache
def _plain(unit: str) -> str:
    unit = re.sub(r"(?<=[uµμm])M$", "mol/l", unit)
    unit = re.sub(r"\s", "", re.sub(r"\sper\s", "/", unit.lower()))
    unit = unit.replace("µ", "u").replace("μ", "u").replace("mcg", "ug").replace("mcl", "ul")
    for pattern, short in _IN_FULL:
        unit = pattern.sub(short, unit)
    unit = re.sub(r"^ml/min.*", "ml/min", unit)
    unit = re.sub(r"^x?10[*e^]?(9|3|12|6)/", r"10^\1/", unit)
    unit = unit.replace("mm3", "ul").replace("/100ml", "/dl")
    unit = _SAME.get(unit, unit)
    return re.sub(r"^gms?/", "g/", unit)


def convert(
    number: float, unit: str | None, wanted: str, names: Sequence[str] = ()
) -> float | None:
    """A number in the wanted unit; None: its unit is another quantity's, or is not known.

    Args:
        number: The number.
        unit: Its unit as the text has it; None: none was said, it is taken to be the wanted one.
        wanted: The unit of the result.
        names: Names of the analyte, for substance concentrations.
    """
    if unit is None:
        return number
    said, target = _plain(unit), _plain(wanted)
    if not _MONOVALENT.isdisjoint(name.lower() for name in names):
        said, target = said.replace("meq/", "mmol/"), target.replace("meq/", "mmol/")
    if said == target:
        return number
    if (factor := _LINEAR.get((said, target))) is not None:
        return round(number * factor, 6)
    if said in ("c", "°c") and target in ("f", "°f"):
        return round(number * 9 / 5 + 32, 6)
    if said in ("f", "°f") and target in ("c", "°c"):
        return round((number - 32) * 5 / 9, 6)
    first, second = _concentration(said, names), _concentration(target, names)
    if first is None or second is None:
        return None
    return round(number * first / second, 6)


def _concentration(unit: str, names: Sequence[str]) -> float | None:
    """What one of the unit is in grams a litre."""
    amount, _, volume = unit.partition("/")
    if volume not in _VOLUME:
        return None
    if amount in _MASS:
        return _MASS[amount] / _VOLUME[volume]
    if amount in _MOLE:
        plain = {name.lower() for name in names}
        for known, mass in _MOLAR_MASS.items():
            if plain.intersection(known):
                return _MOLE[amount] * mass / _VOLUME[volume]
    return None


_BARE_SCALES = {"g/dl": 0.1, "10^9/l": 0.001, "%": 100.0}
"""Units that are often left out with another scale: "Hb 82", "platelets 250,000", "Hct 0.24"."""


def rescale(number: float, wanted: str, least: float, most: float) -> float:
    """A number without a unit, in the other scale if only that makes it plausible."""
    factor = _BARE_SCALES.get(_plain(wanted))
    if factor is None or least <= number <= most or (factor > 1 and number >= 1):
        return number
    return round(number * factor, 6) if least <= number * factor <= most else number
