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

from winnow.judging.lazy_patterns import lazy_pattern

_RUN = lazy_pattern(r"\w[\w'-]*(?:\.\w+)*")
_MOSTLY = 0.8
_WORD_IN_CAPITALS = lazy_pattern(r"[A-Z]{5}")
"""Shorter ones may be abbreviations."""
_FLAG = lazy_pattern(
    r"(?<=[A-Za-z]) ?= ?(?:(n|no|none|neg|negative|0|false|absent)|y|yes|true|present)(?![\w.])",
    re.IGNORECASE,
)
"""A field of a message: "anemia=n", "melena = 0"."""
_POSITIVE = lazy_pattern(r"(?<=[^\W\d_])(?:\+(?=[\s,.;)]|$)| \+(?=[,.;)]|$| (?:stool|x)\b))")
_MINUS = lazy_pattern(r"(?<=[^\W\d_])(?: ?[–−](?=[.,;)]|$)|–(?=ve\b))|(?<= )[–−](?=ve\b)")
_NORMAL = lazy_pattern(
    r"\b((?:EGD|OGD|[Gg]astroscopy|[Cc]olo(?:n(?:oscopy)?)?|[Ii]leocolonoscopy|MRE|CTE|SBFT)"
    r"(?: (?:complete|full|caecum|cecum))?,?) N(?=[.,;]|$)"
)
"""A result in one letter, behind an exam: "OGD N. Colo complete, N."."""
_TICK = lazy_pattern(
    r"[\[(] ?(?P<ticked>[xX✓]?) ?[\])] ?"
    r"(?P<choice>(?:[^\[\]()\n]|\((?! ?[xX✓]? ?\))[^()\n]*\))*)"
)
_HOW_TO_TICK = lazy_pattern(r"\((?:check|tick|mark|select|choose) [^()\n]{2,30}\) ?")
_ALL_THAT_APPLY = lazy_pattern(r"\ball (?:that apply|which apply|applicable)\b")
_BOX = lazy_pattern(r"[\[(] ?[xX✓]? ?[\])]")
_BRACKET = lazy_pattern(r"[\[\]()]")


def ticked(text: str) -> str:
    """A question with several boxes, with its answer alone.

    "Colonoscopy: [ ] done [X] not done" is "Colonoscopy: not done". Where several boxes are ticked,
    it is not known, unless the form asks for all that apply; where none is, the text stays.
    """
    if "[" not in text and "( )" not in text:
        return text
    form = _HOW_TO_TICK.sub("", text)
    first = _BRACKET.search(form)
    label = _label(form[: first.start()]) if first and _BOX.match(form, first.start()) else ""
    if first is None or not label:
        return text
    boxes = list(_TICK.finditer(form, first.start()))
    chosen = [box for box in boxes if box["ticked"]]
    if len(boxes) < 2 or not chosen:
        return text
    if not boxes[-1]["choice"].strip():
        # The boxes stand behind their answers: "Yes [ ] No [x]".
        return text
    # What stands behind the answer of the last box, two spaces away, is of no box.
    answer, *rest = re.split(r"\s{2,}", chosen[0]["choice"].strip(), maxsplit=1)
    if len(chosen) > 1:
        every = ", ".join(box["choice"].strip(" ,;") for box in chosen)
        asks_for_all = _ALL_THAT_APPLY.search(text) is not None
        return f"{label}: {every if asks_for_all else 'unknown'}."
    behind = boxes[-1]["choice"].strip() if boxes[-1] is not chosen[0] else ""
    last = re.split(r"\s{2,}", behind, maxsplit=1)
    rest += last[1:]
    if below := form[boxes[-1].end() :].strip():
        rest.append(below)
    return ", ".join((f"{label}: {_ANSWERS.get(answer.lower(), answer)}", *rest))


def _label(before: str) -> str:
    """What a question with boxes asks, by what stands before the first of them; "": nothing."""
    label = before.strip()
    if label[-1:] in (":", "?"):
        label = label[:-1].rstrip()
    return "" if "\n" in label or label[-1:] in (":", "?") else label


_ANSWER = r"(?:yes|no|y|n|none|neg|pos|negative|positive|unknown)"
_SERIES = lazy_pattern(
    rf": ?(?P<answers>{_ANSWER}(?: ?[/,] ?{_ANSWER})+)(?P<end>\W*)", re.IGNORECASE
)


def _answered(text: str) -> str:
    """A row of questions with a row of answers, each with its own.

    "Bleeding, weight loss: no / yes" is "Bleeding: no; weight loss: yes".
    """
    asked, _, _ = text.partition(":")
    series = _SERIES.fullmatch(text, len(asked))
    if series is None or "\n" in asked or not ("," in asked[1:-1] or "/" in asked[1:-1]):
        return text
    answers = re.split(r" ?[/,] ?", series["answers"])
    for mark in (",", "/"):
        items = [item.strip() for item in asked.split(mark)]
        if len(items) == len(answers):
            pairs = zip(items, answers, strict=True)
            return "; ".join(f"{i}: {_ANSWERS.get(a.lower(), a)}" for i, a in pairs) + series["end"]
    return text


_ANSWERS = {"y": "yes", "n": "no", "u": "unknown"}


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
    # A search is not begun for what a text has no character of: most have none.
    if ":" in text:
        text = _answered(text)
    text = ticked(text)
    if " N" in text:
        text = _NORMAL.sub(r"\1 normal", text)
    if "–" in text or "−" in text:
        text = _MINUS.sub(_minus, text)
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


def _minus(match: re.Match[str]) -> str:
    """A minus behind a word: "OGD –" is negative, "–ve" is "-ve"."""
    return "-" if match.string.startswith("ve", match.end()) else " negative"


def _in_capitals(text: str) -> bool:
    if not _WORD_IN_CAPITALS.search(text):
        return False
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) >= _MOSTLY * len(letters)
