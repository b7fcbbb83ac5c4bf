"""Clinical shorthand, American spelling and capitals, as the words that sentence vectors know.

"C-scope neg" and "COLONOSCOPY WAS NEGATIVE" say what "Colonoscopy was negative" says, but an
encoder trained on ordinary text does not see it. So what is compared, and searched for keywords and
contexts, is the written-out text; what is shown is the text as it is. The table is
shorthand.tsv. Words on both sides of a slash are written out ("EGD/colonoscopy"), parts of an
abbreviation are not ("I/O"). A result's mark is a word too: "FOBT+" is positive, "guaiac -ve"
negative.
"""

import re
from functools import cache
from pathlib import Path

_RUN = re.compile(r"\w[\w'-]*(?:\.\w+)*")
_MOSTLY = 0.8
_WORD_IN_CAPITALS = re.compile(r"[A-Z]{5}")
"""Shorter ones may be abbreviations."""
_FLAG = re.compile(r"(?<=[A-Za-z])=\s?(?:([nN])|[yY])(?!\w)")
"""A field of a message: "anemia=n"."""
_POSITIVE = re.compile(r"(?<=[^\W\d_])(?:\+(?=[\s,.;)]|$)| \+(?=[,.;)]|$| (?:stool|x)\b))")


@cache
def _table() -> tuple[dict[str, str], re.Pattern[str]]:
    lines = Path(__file__).with_name("shorthand.tsv").read_text(encoding="utf-8").splitlines()
    table: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith("#"):
            short, long = line.split("\t")
            table[short] = long
            if short.islower():
                table.setdefault(short.capitalize(), long.capitalize())
    longest = sorted(table, key=len, reverse=True)
    return table, re.compile(
        r"(?<![\w.'])(?<!\w-)(?<!\b\w/)(?<!\b\w\w/)(?:"
        + "|".join(map(re.escape, longest))
        + r")(?![\w'-]|\.\w|/(?!\w{3}))"
    )


def expand_shorthand(text: str) -> str:
    """A segment with its shorthand written out; one in capitals, in small letters."""
    table, pattern = _table()
    capitals = _in_capitals(text)
    # Most segments have none: that is soon seen.
    if (
        not capitals
        and "+" not in text
        and "/" not in text
        and "=" not in text
        and table.keys().isdisjoint(_RUN.findall(text))
        and "-ve" not in text
    ):
        return text

    def long(match: re.Match[str]) -> str:
        return table[match.group()]

    text = _FLAG.sub(lambda flag: ": no" if flag[1] else ": yes", text)
    plain = pattern.sub(long, _POSITIVE.sub(" positive", text))
    return pattern.sub(long, plain.capitalize()) if capitals else plain


def _in_capitals(text: str) -> bool:
    if not _WORD_IN_CAPITALS.search(text):
        return False
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) >= _MOSTLY * len(letters)
