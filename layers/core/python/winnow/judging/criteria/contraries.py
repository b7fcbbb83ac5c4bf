"""Whether a sentence and a reference say the contrary of each other, though they are alike.

"Bowel habit abnormal" resembles "Bowel habit unchanged" as much as "Bowel habit normal" does, and
"the left knee" is 0.9 of "the right knee": the encoder hears what a sentence is about better than
what it says of it. So these pairs are not compared (match.py):

- one has a word that excludes a word of the other (contraries.tsv): "benign", "malignant";
- one has a word of the other with a prefix that denies it, or hypo- for hyper-: "uninfected";
- the same is numbered otherwise: "type 1", "type 2", "the first toe", "stage III";
- all numbers of the segment are beyond a bound that the reference names (bounds.py);
- they name other drugs, known by the stems of their names, or a change in another direction ("from
  warfarin to apixaban", "from apixaban to warfarin");
- the segment denies a word that the reference says ("the scalp is clear, with no spots or rash");
- one says that something is as it should be, or as it was, the other that it is not;
- the reference compares ("far more often than before"), and the segment has no word of more, of
  less, or of change ("Bowel movements regular").

A segment that has both words, or the word of the reference too, is compared as ever.
"""

import re
from collections.abc import Mapping, Set
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

from winnow.judging.criteria.bounds import Amount, Bound, amounts, bounds, is_beyond
from winnow.judging.criteria.context import context_of
from winnow.judging.criteria.keywords import content_words, words
from winnow.judging.lazy_patterns import lazy_pattern

_PREFIX = lazy_pattern(r"(?:un|in|im|il|ir|non)-?(\w{4,})")
_DENYING_PREFIXES = ("un", "in", "im", "il", "ir", "non")
_HYPER = lazy_pattern(r"^hyp(?:er|o)")
_ARTICLE = r"(?:(?:the|an?|his|her|their|its) )?"
_CHANGE = lazy_pattern(rf"\bfrom {_ARTICLE}(\w+)(?: (?!to\b)\w+){{0,2}} to {_ARTICLE}(\w+)\b")
_DRUG = lazy_pattern(
    r"\w{3,}(?:mab|nib|pril|olol|statin|prazole|sartan|conazole|cillin|mycin|floxacin|triptan|lukast"
    r"|gliptin|gliflozin|glutide|natide|parin|xaban|gatran|zepam|zolam|oxetine|faxine|traline"
    r"|pramine|triptyline|setron|vudine|(?:ner|ta|iber)cept|limus|platin|taxel|rubicin|dronate"
    r"|fenac|profen|coxib|(?<!s)terol|solone|nisone|glitazone|dipine|semide|caine|caftor|ciclib"
    r"|parib|kinra|penem|cycline|peridone|tiapine|azepine)"
)
"""Stems of the WHO's International Nonproprietary Names."""
_ORDINALS = frozenset(
    ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
)
_NUMBERED = frozenset(
    ("type", "stage", "grade", "class", "level", "phase", "category", "group", "tier", "degree")
)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6"}

_COMPARED = lazy_pattern(
    # "More than three months" is a bound, and compares with nothing that was.
    r"\b(?:more|less|worse|(?!rather|other)\w+er) (?:\w+ ){0,3}than\b"
    r"(?! (?:about |the )?(?:[-$€£]?\d|an?\b|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|half))"
    r"|\bused to\b",
    re.IGNORECASE,
)
_CHANGES = lazy_pattern(
    r"\b(?:more|less|fewer|worse\w*|better|than|used to|previous(?:ly)?|formerly|often|longer"
    r"|(?:up|down) (?:from|to)|double\w*|frequent\w*|increas\w+|decreas\w+|rais\w+|ris(?:es|ing|en)"
    r"|rose|falls?|fell|fallen|drop\w*|chang\w+|differ\w+|new(?:ly)?|becom\w+|became|turn\w+"
    r"|grow\w*|grew|progress\w*|irregular\w*|anymore|(?:loos|thinn|hard|dark|narrow|soft|slow|fast"
    r"|great|low|high|larg|small|bigg|heavi|weak|strong|short|young|old)er)\b",
    re.IGNORECASE,
)
_STATES = lazy_pattern(
    r"\b(?:(?P<steady>unchanged|unaltered|normal(?:ly)?|regular(?:ly)?|stable|steady|the same"
    r"|as (?:usual|always|ever))"
    r"|(?P<disturbed>abnormal\w*|irregular\w*|altered|alterations?|chang(?:es?|ed|ing)|different\w*"
    r"|disturb\w+|unusual\w*|unstable|disordered|disrupted|deranged|erratic\w*|anomal\w+))\b",
    re.IGNORECASE,
)
_DENYING = (
    r"(?:\b(?:no|not|never|nor|neither|nothing|without|cannot|hardly|scarcely|barely|denie[sd]|deny"
    r"|denying|no longer|(?:anything|everything|nothing) but|far from|far off|less than|short of"
    r"|by no means|fail(?:s|ed)? to)|n['’]t)"
)
_DENIED_STEADY = lazy_pattern(rf"{_DENYING}(?: (?!and\b|or\b|but\b|with\b)\w+){{0,3}} \Z", re.I)
_DENIED_DISTURBED = lazy_pattern(rf"{_DENYING}(?: (?!and\b|but\b|with\b)[\w,]+){{0,4}} \Z", re.I)
_ONCE = lazy_pattern(
    r"\b(?:used to|until|till|previous(?:ly)?|formerly|originally|once|had been)\b", re.IGNORECASE
)
_BEFORE = 60
"""Characters in front of a word in which it may be denied."""


_MIN_LETTERS = 4
_OF_ANYTHING = frozenset(
    (
        *("evidence", "sign", "signs", "history", "episode", "episodes", "finding", "findings"),
        *("report", "reports", "record", "records", "mention", "documentation", "known", "need"),
        *("time", "times", "days", "week", "weeks", "month", "months", "year", "years", "last"),
        *("first", "past", "since", "during", "today", "further"),
    )
)
"""Words of which a denial says nothing of the matter."""
_SUFFIX = lazy_pattern(r"(?:ings?|ed|es|s|ages?|e|ness)$")


class Reading:
    """What counts of a sentence beside a similar one, read when it is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def said(self) -> Mapping[tuple[str, str], Set[str]]:
        """Of what -> what is said of it, one or more of what excludes each other."""
        said: dict[tuple[str, str], set[str]] = {}
        found = words(self._text)
        for word in found:
            said.setdefault(("word", word), set()).add("itself")
            if word.startswith(_DENYING_PREFIXES) and (denied := _PREFIX.fullmatch(word)):
                said.setdefault(("word", denied[1]), set()).add("denied")
            elif word.startswith(("hyper", "hypo")):
                said.setdefault(("hyper or hypo", _HYPER.sub("", word)), set()).add(word)
            for row, side in _sides().get(word, ()):
                said.setdefault(("row", row), set()).add(side)
            if _DRUG.fullmatch(word):
                said.setdefault(("drug", ""), set()).add(word)
        for change in _CHANGE.finditer(self._text.lower()):
            one, other = change.groups()
            said.setdefault(("change", " ".join(sorted((one, other)))), set()).add(one)
        for before, after in pairwise(found):
            if before in _ORDINALS:
                said.setdefault(("number", after), set()).add(before)
            elif before in _NUMBERED and (number := _number(after)):
                said.setdefault(("number", before), set()).add(number)
        return said

    def words_of(self, key: tuple[str, str]) -> str:
        """The words by which it says what it says (`said`) of something."""
        kind, what = key
        said = sorted(self.said[key])
        if kind == "word":
            return what if "itself" in said else _with_prefix(self._text, what)
        if kind == "row":
            return " ".join(
                word
                for word in words(self._text)
                if any(row == what for row, _ in _sides().get(word, ()))
            )
        if kind == "number":
            return " ".join((*said, what) if said[0] in _ORDINALS else (what, *said))
        if kind == "change":
            return f"from {said[0]} to {' '.join(w for w in what.split() if w not in said)}"
        return " ".join(said)

    @cached_property
    def states(self) -> Set[str]:
        """Whether it says of anything that it is as it should be or was, or that it is not."""
        found: set[str] = set()
        for match in _STATES.finditer(self._text):
            before = self._text[max(0, match.start() - _BEFORE) : match.start()]
            is_steady = match["steady"] is not None
            denied = (_DENIED_STEADY if is_steady else _DENIED_DISTURBED).search(before) is not None
            found.add("steady" if is_steady is not denied else "disturbed")
        return set() if found and _ONCE.search(self._text) else found

    @cached_property
    def denied(self) -> Mapping[str, str]:
        """By their stems, the words that it denies and says nowhere else: "no *rash*"."""
        context = context_of(self._text)
        if not context.negative_clauses:
            return {}
        denied: dict[str, str] = {}
        said: set[str] = set()
        matter = content_words(self._text) - _OF_ANYTHING
        for at, word in enumerate(context.words):
            if len(word) < _MIN_LETTERS or word not in matter:
                continue
            if context.is_denied(at, at + 1):
                denied[_stem(word)] = word
            else:
                said.add(_stem(word))
        return {stem: word for stem, word in denied.items() if stem not in said}

    @cached_property
    def asserted(self) -> Set[str]:
        """Stems of the words that it does not deny."""
        return {_stem(word) for word in words(self._text)} - self.denied.keys()

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        return bounds(self._text)

    @cached_property
    def amounts(self) -> tuple[Amount, ...]:
        return amounts(self._text)

    @cached_property
    def compares(self) -> bool:
        return _COMPARED.search(self._text) is not None

    @cached_property
    def tells_change(self) -> bool:
        """Whether it has a word of more, of less, or of change."""
        return _CHANGES.search(self._text) is not None


def is_contrary(reference: str, segment: Reading) -> bool:
    """Whether a segment cannot say what a reference says, however alike they are."""
    return _difference(_read_reference(reference), segment) is not None


def contrary_in(reference: str, segment: Reading) -> str | None:
    """In what a segment says the contrary of a reference, in words; None if it does not."""
    wanted = _read_reference(reference)
    key = _difference(wanted, segment)
    if key is None:
        return None
    if key in _TOLD:
        return _TOLD[key]
    if key == _DENIED:
        denied = segment.denied.keys() & wanted.asserted
        return f"it denies “{', '.join(sorted(segment.denied[stem] for stem in denied))}”"
    return f"“{segment.words_of(key)}” is not “{wanted.words_of(key)}”"


_COMPARES, _STATE, _BOUND, _DENIED = [
    (name, "") for name in ("compares", "state", "bound", "denied")
]
_TOLD = {
    _COMPARES: "it has no word of more, of less or of change",
    _STATE: "one says that all is as it should be or was, the other that it is not",
    _BOUND: "its numbers are beyond the bound",
}


def _difference(wanted: Reading, segment: Reading) -> tuple[str, str] | None:
    """Where a segment says the contrary: one of the above, or a key of `Reading.said`."""
    if wanted.compares and not segment.tells_change:
        return _COMPARES
    if (states := wanted.states) and segment.states and states.isdisjoint(segment.states):
        return _STATE
    if wanted.bounds and is_beyond(wanted.bounds, segment.amounts):
        return _BOUND
    if not wanted.asserted.isdisjoint(segment.denied):
        return _DENIED
    said = segment.said
    return next(
        (key for key, of_it in wanted.said.items() if of_it.isdisjoint(said.get(key, of_it))), None
    )


@lru_cache(maxsize=4_096)
def _read_reference(reference: str) -> Reading:
    return Reading(reference)


@lru_cache(maxsize=4_096)
def _stem(word: str) -> str:
    """A word without its ending: "dripping" and "drips" are "drip"."""
    stem = _SUFFIX.sub("", word)
    if len(stem) < _MIN_LETTERS - 1:
        return word
    return stem[:-1] if stem[-1] == stem[-2] and stem[-1] not in "sl" else stem


def _with_prefix(text: str, denied: str) -> str:
    """The word of a text that denies a word by its prefix."""
    return next(
        word
        for word in words(text)
        if word != denied and (found := _PREFIX.fullmatch(word)) and found[1] == denied
    )


def _number(word: str) -> str | None:
    """The number that a word is, written as digits."""
    if word.isdecimal():
        return word
    return _ROMAN.get(word)


@cache
def _sides() -> dict[str, tuple[tuple[str, str], ...]]:
    """Word -> its rows of contraries.tsv, each with the side of the row."""
    lines = Path(__file__).with_name("contraries.tsv").read_text(encoding="utf-8").splitlines()
    found: dict[str, list[tuple[str, str]]] = {}
    for row, line in enumerate(lines):
        if not line.startswith("#"):
            for side in line.split("|"):
                for word in side.split():
                    found.setdefault(word, []).append((str(row), side))
    return {word: tuple(places) for word, places in found.items()}
