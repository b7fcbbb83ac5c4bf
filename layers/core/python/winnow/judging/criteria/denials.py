"""Denials that are themselves denied, limited, wished for or contradicted.

"There has not been a day without blood", "He no longer denies bleeding", "No bleeding today,
yesterday a cupful", "Goal: no bleeding": each resembles "No bleeding", and none says it. The words
are those of denials, so no list of words tells them from one. Three things do: two negations in one
clause, where the sentence it resembles has one; a time that the denial is limited to, with more
behind it; and a wish, an aim or a condition in front of it.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from winnow.judging.lazy_patterns import lazy_pattern

_TOKEN = lazy_pattern(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|\n")
_NEGATION = frozenset(
    (
        *("absence", "absent", "barely", "cannot", "ceased", "contradicted", "contradicts"),
        *("contrary", "denial", "denied", "denies", "deny", "denying", "devoid", "disbelieve"),
        *("disbelieves", "disputed", "disputes", "doubt", "doubted", "doubtful", "doubts"),
        *("exception", "false", "falsely", "few", "free", "hardly", "implausible"),
        *("impossible", "inaccurate", "incorrect", "incorrectly", "lack", "lacked", "lacking"),
        *("lacks", "lie", "lied", "lies", "lying", "misreported", "mistaken", "mistakenly"),
        *("neither", "never", "nil", "no", "nobody", "none", "not", "nothing", "nowhere"),
        *("quit", "rarely", "refused", "refuses", "refute", "refuted", "refutes", "retracted"),
        *("retracts", "scarcely", "seldom", "stopped", "stops", "unable", "unconvinced"),
        *("unless", "untenable", "untrue", "withdraws", "withdrew", "without", "wrong"),
        *("wrongly", "zero"),
    )
)
_BEFORE_DENIAL = frozenset(("ceased", "stopped", "quit", "stops", "refuses", "refused"))
"""Negations of a negation alone: "stopped denying", and not "no bleeding since he stopped it"."""
_DENYING = frozenset(("deny", "denies", "denied", "denying", "to"))
_PARTS = frozenset(
    (
        *(",", ";", ":", ".", "(", ")", "/", "–", "—", "-", "+", "?", "!", "\n", "|", "•", "*"),
        *("and", "or", "nor", "but", "because", "although", "though", "so", "while", "since"),
        *("as", "who", "which", "when", "if", "after", "yet", "despite", "until", "x", "with"),
        *("on", "due", "except", "than", "&"),
    )
)
"""What stands between two negations that are of two things: "no pain and no bleeding"."""
_MAX_BETWEEN = 10
_IDIOMS = lazy_pattern(
    r"\bno (?:doubt|question)\b|\bwithout (?:a )?(?:doubt|question)\b|\bnot (?:only|just|merely)\b"
    r"|\bno (?:one|longer)\b|\bsymptom[- ]free\b|\bfree (?:air|fluid|text|t4|t3|thyroxine)\b"
    r"|\b(?:cancer|disease|pain|drug|tumor|tumour)[- ]free\b|\bzero[- ]\w+\b|\bnone the less\b"
    r"|\bwithout (?:trying|(?:a )?diet\w*|meaning|intending|effort|explanation|reason|cause)\b"
    r"|\bun(?:intentional|intended|explained)\b|\bno known\b",
    re.IGNORECASE,
)
_ONE_WORD = {"no longer": " not ", "no one": " nobody ", "nobody": " nobody "}

_WISH = lazy_pattern(
    r"\b(?:goals?|aim(?:s|ed|ing)?|targets?|objectives?|hop(?:e|es|ed|ing)|hopefully|wish(?:es"
    r"|ed|ing)?"
    r"|expect(?:s|ed|ing|ation|ations)?|anticipat\w+|would that|if only|criteri(?:on|a)"
    r"|ideal(?:ly)?|requirements?|requires?|required|requiring|must|needs?|needed|precondition"
    r"|prerequisite|conditions?|contingent|provided|as long as|so long as|assuming|supposing"
    r"|in case|once|whenever|when|if|should|ought|shall|will|would|pray\w*|dream\w*|long(?:s"
    r"|ed)? for"
    r"|look(?:s|ing) forward|promis\w+|ensure|ensuring|aspir\w+|intend\w*|striv\w+|await\w*"
    r"|until|till|unless|waiting for|wants?|wanted|endpoint|end point|let there be"
    r"|may there be)\b",
    re.IGNORECASE,
)
_WISHED_BEHIND = lazy_pattern(
    r"\b(?:(?:is|are|was|were|would be|remains|being) (?:\w+ )?(?:required|expected|desired|needed"
    r"|hoped|wanted|anticipated|mandatory|necessary|ideal|aimed|awaited|targeted"
    r"|(?:the|our|his|her|my|their|a) (?:\w+ )?(?:goal|aim|target|hope|wish|plan|objective)"
    r"|a (?:condition|criterion|prerequisite|requirement|goal|must"
    r"|precondition))|(?:expected|required|desired|hoped for"
    r"|anticipated|wished for|promised)|before (?:discharge|surgery|travel|he can|she can"
    r"|restarting)|would be"
    r"|(?:as|is) (?:the |our |his |her |a )?(?:goal|aim|target|endpoint|hope))\b",
    re.IGNORECASE,
)
_DENIES = lazy_pattern(
    r"\b(?:no|not|never|without|none|den(?:y|ies|ied|ying|ial|ials)|free (?:of|from)"
    r"|absence|absent|lack\w*|nil)\b"
    r"|n't\b|n’t\b|:\s*(?:no|none|neg|negative|denied|denies)\b",
    re.IGNORECASE,
)
_EXCEPT = lazy_pattern(
    r"\b(?:except(?:ing|ed)?|excepting|save for|but for|apart from|aside from|other than|barring"
    r"|with the exception|exception of|besides)\b"
    r"|\b(?:negative|neg|normal|unremarkable|none|clear) x (?=[a-z])",
    re.IGNORECASE,
)
_WISH_PARTS = lazy_pattern(r"[;,.()–—]|\b(?:and|but)\b")
_LIMIT_PARTS = lazy_pattern(r"[;,.]|\s[-–—]\s|[–—]|\b(?:but|and)\b")
_RESULT = lazy_pattern(
    r"\b(?:negative|normal|unremarkable|unrevealing|clear|clean|nondiagnostic)\b", re.IGNORECASE
)
_UNIT = r"(?:hour|hr|day|night|shift|stool|bm|bowel movement|motion|meal)s?"
_SOME = r"(?:(?:\d{1,2}|an?|one|two|three|four|five|six|few|couple of|several) )?"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_SHORT_TIME = lazy_pattern(
    rf"\bsince (?:yesterday|last night|this (?:morning|afternoon|evening)|today|noon|midnight"
    rf"|lunch\w*|breakfast|dinner|the weekend|last week|{_WEEKDAY}|early today|overnight|admission"
    rf"|an hour|\d{{1,2}} ?(?:am|pm|:\d\d)|(?:\w+ ){{1,3}}(?:hours?|hrs?|days?) ago)\b"
    rf"|\b(?:in|for|over|within|during) (?:the |these |his |her )?(?:last|past|previous) {_SOME}"
    rf"{_UNIT}\b|\b(?:in|for|over|within) {_SOME}(?:hour|hr|day|night|shift)s?\b"
    rf"|\bon (?:weekends?|weekdays?|{_WEEKDAY}|some days|most days|good days|certain days)\b"
    rf"|\b(?:most|some|certain|many) (?:of the )?(?:time|days|mornings|weeks|stools)\b"
    r"|\b(?:un)?till?\b(?! (?:19|20)\d\d)|\bunless\b"
    rf"|\bwith (?:the|his|her|this) (?:last|latest|most recent) {_UNIT}\b"
    rf"|\bevery (?:other|second|third) {_UNIT}\b|\bfor \d{{1,2}} ?(?:h|hrs?|d)\b"
    r"|\bbetween (?:bouts|episodes|attacks|bleeds|flares)\b|\bas a rule\b",
    re.IGNORECASE,
)
_UNLESS = lazy_pattern(r"\W*(?:unless|until|as long as|so long as|except when)\b", re.IGNORECASE)
"""In front of a denial: "Unless he strains, no bleeding"."""
_MOMENT = lazy_pattern(
    r"\b(?:today|tonight|yesterday|now|at the moment|at present|presently|currently|right now"
    r"|for now"
    r"|just now|(?:this|last|that|the previous|the past) (?:morning|afternoon|evening|week|month"
    r"|year"
    r"|visit|time|night|spring|summer|autumn|fall|winter)|at (?:first|rest|home|night"
    r"|the last visit"
    r"|triage|intake)|overnight|initially|originally|first|before|earlier|on (?:form|paper|intake"
    r"|questionnaire|admission|arrival|the (?:form|phone|questionnaire))|in (?:the )?(?:mornings?"
    r"|evenings?|spring|summer|autumn|winter|january|february|march|april|may|june|july|august"
    r"|september|october|november|december))\b",
    re.IGNORECASE,
)
_MORE = lazy_pattern(
    r"\b(?:yesterday|last|ago|daily|every|weekly|nightly|week|weeks|month|months|days?|nights?"
    r"|earlier"
    r"|episodes?|times?|twice|thrice|otherwise|but|then|later|afterwards?|subsequently|since|until"
    r"|today|now|this|overnight|admit\w*|conced\w+|acknowledg\w+|confess\w*|in person|however|again"
    rf"|{_WEEKDAY}"
    r"|recurr\w+|return\w*|resum\w+|restart\w*|a (?:cup|lot|bit|little|spoon|trace|streak)\w*)\b",
    re.IGNORECASE,
)
_ALSO_DENIED = lazy_pattern(
    r"\b(?:no|not|never|none|without|nothing|neither|nor|denie[sd]|stable|normal|negative|regular"
    r"|unchanged|well|fine|due|wants?|plan\w*|schedul\w+|request\w*|here|recommend\w*|discuss\w*"
    r"|order\w*|refer\w*|agree\w*|colonoscop\w+|screening|order)\b|n['’]t\b",
    re.IGNORECASE,
)
_TOOK_BACK = lazy_pattern(
    r"\b(?:first|initially|originally|at first|previously|used to|earlier|before)\b[^.;]{0,40}"
    r"\bden(?:y|ied|ying)\b"
    r"|\bdenied\b[^.]{0,60}\b(?:until|at first|initially|originally|then|later|before admitting"
    r"|but (?:now|then|later)|when (?:asked|pressed|confronted))\b"
    r"|\b(?:on the contrary|not so|disagree\w*|begs to differ|contradict\w*|says otherwise"
    r"|otherwise|is (?:untrue|wrong|false|incorrect)|not true|differs|far from it|to the contrary"
    r"|quite the (?:opposite|reverse|contrary)|the (?:opposite|reverse)|if you believe"
    r"|supposedly|allegedly|so (?:he|she|they) (?:says?|claims?)|is hard to believe)\b",
    re.IGNORECASE,
)
_TAKEN_BACK_NEXT = lazy_pattern(
    r"^\W*(?:on the contrary|not so|not true|far from it|quite the|the opposite|the reverse|wrong"
    r"|incorrect|false|untrue|actually|in fact|in truth|in reality|but (?:then|now|later|he|she)"
    r"|(?:that|this|which)(?: statement| answer| claim| denial)?(?: is| was|'s)"
    r"(?: \w+)? (?:untrue|wrong|false|incorrect|inaccurate|a lie|not|no longer|contradicted"
    r"|outdated"
    r"|a mistake|an error)|(?:then|later|subsequently|afterwards?)\b[^.]{0,30}\b(?:admit|conced"
    r"|acknowledg|bled|blood|remember|recall)|(?:he|she|they|his \w+|her \w+) (?:then |later"
    r" |subsequently |has since )?(?:admit|conced|acknowledg|confess|disagree|contradict|correct"
    r"|took (?:it|this|that) back))\w*\b",
    re.IGNORECASE,
)


def is_undone(
    sentence: str, keywords: Collection[str], reference: str, behind: Sequence[str] = ()
) -> bool:
    """Whether a denial of keywords is none, or not all of one; all shorthand is written out.

    `reference` is the sentence of the definition that it resembles: what that has, too, undoes
    nothing. `behind` is what stands behind the sentence.
    """
    if not denies(sentence):
        return False
    return (
        is_qualified(sentence, keywords, reference)
        or (_is_wished(sentence, keywords) and not _is_wished(reference, ()))
        or (_is_limited(sentence, keywords) and not _is_limited(reference, keywords))
        or any(_TAKEN_BACK_NEXT.match(next_one) for next_one in behind)
        or (_TOOK_BACK.search(sentence) is not None and _TOOK_BACK.search(reference) is None)
    )


def denies(sentence: str) -> bool:
    """Whether a sentence denies anything, results of tests included."""
    return _DENIES.search(sentence) is not None or _RESULT.search(sentence) is not None


def is_qualified(sentence: str, keywords: Collection[str], reference: str) -> bool:
    """Whether what denies is denied itself, or has an exception that its reference has not."""
    if _EXCEPT.search(sentence) is not None and _EXCEPT.search(reference) is None:
        return True
    return _denied_twice(sentence, tuple(keywords)) > _denied_twice(reference, ())


def _denied_twice(sentence: str, keywords: Sequence[str]) -> int:
    """How many clauses that name a keyword, if any is given, have a negation of a negation."""
    first_words = {keyword.split()[0] for keyword in keywords if keyword}
    return sum(
        _has_two(clause)
        for clause in _clauses(sentence)
        if first_words.intersection(clause) or not first_words
    )


@lru_cache(maxsize=1_024)
def _clauses(sentence: str) -> tuple[tuple[str, ...], ...]:
    """The words of each clause."""
    clauses: list[list[str]] = [[]]
    found = _TOKEN.findall(_IDIOMS.sub(_one_word, sentence.lower().replace("’", "'")))
    for place, token in enumerate(found):
        if token in _PARTS:
            clauses.append([])
            continue
        clauses[-1].append(token)
        if token in ("none", "nil") and (place + 1 == len(found) or found[place + 1] != "of"):
            clauses.append([])  # It stands behind what it denies: "polyps none, symptoms none".
    return tuple(tuple(clause) for clause in clauses if clause)


def _one_word(idiom: re.Match[str]) -> str:
    return _ONE_WORD.get(idiom[0], " ")


def _has_two(clause: Sequence[str]) -> bool:
    places = list(_negations(clause))
    return any(after - before <= _MAX_BETWEEN for before, after in pairwise(places))


def _negations(clause: Sequence[str]) -> Iterator[int]:
    for place, word in enumerate(clause):
        if word in _BEFORE_DENIAL:
            if place + 1 < len(clause) and clause[place + 1] in _DENYING:
                yield place
        elif word == "free":
            if place + 1 < len(clause) and clause[place + 1] in ("of", "from"):
                yield place
        elif word in _NEGATION or word.endswith("n't"):
            yield place


def _is_wished(sentence: str, keywords: Collection[str]) -> bool:
    """Whether a clause wishes or asks for what it denies of the keywords."""
    for clause in _WISH_PARTS.split(sentence):
        denial = _DENIES.search(clause)
        if denial is None or not _names(clause, keywords):
            continue
        if _WISH.search(clause, 0, denial.start()) or _WISHED_BEHIND.search(clause, denial.end()):
            return True
    return False


def _is_limited(sentence: str, keywords: Collection[str]) -> bool:
    """Whether a denial is of a short time, or of a moment with more said behind it."""
    pieces = _LIMIT_PARTS.split(sentence)
    is_named = False
    for number, piece in enumerate(pieces):
        if _DENIES.search(piece) is None:
            is_named = False
            continue
        # "No bleeding, not today at least; on Sunday it was red"
        is_named = is_named or _names(piece, keywords)
        if not is_named:
            continue
        if _SHORT_TIME.search(piece) or (number and _UNLESS.match(pieces[number - 1])):
            return True
        if _MOMENT.search(piece) and any(
            _MORE.search(other) and not _ALSO_DENIED.search(other) for other in pieces[number + 1 :]
        ):
            return True
    return False


def _names(piece: str, keywords: Collection[str]) -> bool:
    """Whether a piece of a sentence names a keyword, if any is given."""
    lowered = piece.lower()
    return not keywords or any(keyword.lower() in lowered for keyword in keywords)
