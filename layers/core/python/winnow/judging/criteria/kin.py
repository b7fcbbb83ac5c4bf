"""How near the relatives are that a text names: first degree, further off, or not by blood.

"Her husband had colon cancer" resembles "Her sister had colon cancer", and is nothing to a policy
that asks for a sister. So a reference that names relatives is compared only with a segment that
names relatives of each of its kinds (compile.py), or none at all.
"""

import re
from enum import StrEnum

from winnow.judging.lazy_patterns import lazy_pattern


class Kin(StrEnum):
    """How near a person is to the patient."""

    FIRST = "first degree"
    FURTHER = "further off"
    NO_BLOOD = "not by blood"


_FIRST = (
    r"mothers?|fathers?|moms?|mums?|dads?|parents?|brothers?|sisters?|siblings?|sons?|daughters?"
    r"|child|children|twins?|first-degree"
)
_FURTHER = (
    r"grand\w+|great-\w+|aunts?|uncles?|nieces?|nephews?|cousins?|half-\w+|(?:second|third)-degree"
)
_NO_BLOOD = (
    r"wife|wives|husbands?|spouses?|partners?|fianc[eé]e?s?|boyfriend|girlfriend|friends?|neighbou?rs?"
    r"|roommates?|colleagues?|co-?workers?|boss|step-?\w+|in-laws?"
    r"|(?:adopti\w+|adopted|foster)[ -](?:mother|father|parents?|brother|sister|son|daughter|child)"
    r"|(?:brother|sister|mother|father|son|daughter)s?[ -]in[ -]law"
)
_PERSON = lazy_pattern(
    rf"\b(?:(?P<no_blood>{_NO_BLOOD})|(?P<further>{_FURTHER})|(?P<first>{_FIRST}))\b"
    r"(?P<owner>['’]s?(?!\w))?",
    re.IGNORECASE,
)
_OWNED = lazy_pattern(r" (?:\w+ )?")
_OF = lazy_pattern(r" of (?:(?:his|her|their|my|the|an?) )?(?:\w+ )?", re.IGNORECASE)
_NOBODY = lazy_pattern(r"\bas an? (?:\w+ )?child\b", re.IGNORECASE)
_KINDS = {"no_blood": Kin.NO_BLOOD, "further": Kin.FURTHER, "first": Kin.FIRST}


def kin(text: str) -> frozenset[Kin]:
    """The kinds of the people named; a relative's relative counts once.

    So "her father's brother" and "a brother of her father" are one person each.
    """
    text = _NOBODY.sub("", text)
    people = list(_PERSON.finditer(text))
    found: set[Kin] = set()
    owner: Kin | None = None
    for number, person in enumerate(people):
        of = next(kind for name, kind in _KINDS.items() if person[name])
        if owner is not None:
            of = Kin.NO_BLOOD if Kin.NO_BLOOD in (owner, of) else Kin.FURTHER
        owner = None
        following = people[number + 1].start() if number + 1 < len(people) else len(text)
        is_owner = _OWNED if person["owner"] else _OF
        if is_owner.fullmatch(text, person.end(), following) and following < len(text):
            owner = of
        else:
            found.add(of)
    return frozenset(found)
