"""Whether what is suspected "for the first time" is known, of the past, explained, or a layman's.

Some criteria ask for a first suspicion: their statements have one, and their counter-statements say
that what has come back is none. Such a criterion hears "Suspected Crohn's disease", and not
"Diagnosed 2015", "On infliximab" or "Final diagnosis: IBS", which do not name the disease. So a
decision that rests on a first suspicion is less sure (cautions.py) where a sentence says one of
these.
"""

import re
from collections.abc import Iterable

from winnow.judging.criteria.denials import denies
from winnow.judging.lazy_patterns import lazy_pattern

_RETURNED = lazy_pattern(
    r"\b(?:again|re-?current|re-?currences?|recur(?:s|red|ring)|flar(?:e|es|ed|ing)|flare-?ups?"
    r"|relaps\w+|re-?appear\w*|re-?emerg\w*|return(?:s|ing)|(?:is|came|coming) back"
    r"|re-?activat\w+|exacerbat\w+|activity"
    r"|active(?! (?:symptom|inflam|bleed|compl|problem|issue)\w*)|returned|come back|progress\w+"
    r"|post-?operative|complicat\w+|known|established|refractory|longstanding|long-standing"
    r"|remission|quiescent|in the past|previously|formerly|years ago|long ago|at one time)\b",
    re.IGNORECASE,
)
_KNOWN = lazy_pattern(
    r"\b(?:final|definit(?:e|ive)|confirmed|established|revised|discharge|ultimate|corrected)"
    r" (?:diagnos[ie]s|dx)\b"
    r"|\b(?:diagnosis|dx)(?: (?:was|is|has been|had been|now|then|finally)){0,2}"
    r" (?:made|established|confirmed|clear|secured|proven|known|changed|revised)\b"
    r"|^\W*(?:(?:he|she|the patient|patient|pt) )?(?:(?:was|first|originally|initially|had been|is"
    r"|has been) ){0,2}(?:diagnosed|known|treated|followed|operated)\b"
    r"|\b(?:diagnosed|diagnosis|dx'?d?|known)(?: (?:in|since|at|from|age|about|around|made)){0,2}"
    r" (?:(?:19|20)?\d\d\b|childhood|school)"
    r"|\b(?:carries|carried|has|had|bears|got|given) (?:that|this|the|his|her|a) (?:\w+ )?"
    r"(?:diagnosis|label)\b"
    r"|\b(?:resect(?:ion|ed)|surgery|operat(?:ion|ed)|treat(?:ed|ment)|hospitali[sz]ed)"
    r" (?:on )?(?:for|of) (?:it|this|that|the same)\b"
    r"|\b(?:label|tag|diagnosis) (?:from|since|given|made|of) (?:his|her|their|the|\d)"
    r"|\b(?:bouts?|attacks?|episodes?|flares?|onset|resect\w+|ileostomy|colectomy|strictureplasty)"
    r"\b[^.;]{0,40}?(?:19|20)\d\d\b"
    r"|\b(?:seen|evaluated|worked up|followed|admitted|scoped) (?:\w+ ){0,4}?(?:for|with)"
    r" (?:it|this|that|the same|similar \w+)\b"
    r"|\b(?:rul(?:ed|es)|exclud(?:ed|es)|dismiss(?:ed|es)) (?:it|this|that)\b"
    r"|\b(?:it|this|that) (?:(?:was|is|has been|is now|has now been) )(?:ruled out|excluded"
    r"|dismissed|disproven|dropped)\b"
    r"|\b(?:well|better|fine|cured|recovered) now\b|\bnow (?:well|better|fine|cured)\b"
    r"|\b(?:explained|accounted for|caused) by\b|\bno longer (?:think|suspect|consider|believ)\w*"
    r"|\b(?:turn(?:s|ed) out (?:to be|as)|prove[ds]? to be|proven to be)\b"
    r"|\b(?!denosu|romoso|evolocu|aliro|omali)\w{3,}mab\b|\b(?:humira|remicade|stelara|entyvio|skyrizi|budesonide"
    r"|entocort|azathioprine|mercaptopurine"
    r"|methotrexate|\w+citinib)\b",
    re.IGNORECASE,
)
_CONCLUDED = lazy_pattern(
    r"^\W*(?:(?:final|my|our|overall|clinical|working|discharge) )?"
    r"(?:conclusions?|impression|opinion|diagnos[ie]s|dx|verdict) ?:(?=.*\w)"
    r"(?!.*\b(?:suspect\w*|suspicion|possible|unclear|unknown|none|no|not|capsule|request\w*|plan)\b)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_KNOWN = lazy_pattern(
    r"\b(?:no|not|never|nor|without|nobody|none|un\w+)\b(?:\W+\w+){0,5}?\W*$"
    r"|n['’]t\b(?:\W+\w+){0,5}?\W*$|\b(?:if|whether|until|before)\W*$",
    re.IGNORECASE,
)
_FIRST = lazy_pattern(
    r"\b(?:first|new|newly)\b.{0,40}\b(?:suspi\w+|suspect\w*|concern|question)"
    r"|\bsuspected for the first time\b",
    re.IGNORECASE,
)
_BEFORE = 60
_DISOWNED = lazy_pattern(
    r"\b(?:do|does|did|would|can|could)(?: not|n['’]t) (?:share|agree|believe|think so|support"
    r"|see why|endorse)\b|\bcannot (?:share|agree|support|endorse)\b|\b(?:i|we) (?:strongly "
    r")?(?:disagree|doubt)\b",
    re.IGNORECASE,
)
_LAYMAN = lazy_pattern(
    r"\b(?:patient|pt|mother|father|mom|dad|mum|parents?|wife|husband|spouse|partner|daughter|son"
    r"|sister|brother|family|friend|neighbou?r|teacher|chiropractor|naturopath|internet|google)"
    r"(?:'s|’s)?(?: (?:herself|himself|herself|strongly|now|also|still|really|has|is|was|long"
    r"|who|firmly)){0,2} (?:suspects|fears?|feared|suspecting|fearing|believes?|believed|thinks?"
    r"|thought|worries|worried|wonders?|wondered|convinced|self-?diagnos\w+|afraid|googled|asks"
    r"|asked|suspected (?!of|to|for|with|by|crohn))\b"
    r"|\b(?:by|per|according to|in the opinion of) (?:(?:his|her|their|the|my) )?(?:\w+ )?"
    r"(?:patient|mother|father|mom|dad|parents?|wife|husband|spouse|partner|daughter|son|sister|brother|family"
    r"|friend|neighbou?r|teacher|chiropractor|naturopath|internet|google)\b"
    r"|\bself-?(?:diagnos\w+|suspected)\b|\b(?:his|her|their|patient's|parents'?) (?:own )?"
    r"(?:suspicion|fear|worry|theory|idea|belief)s?\b",
    re.IGNORECASE,
)


def is_of_first_time(statements: Iterable[str], counter_statements: Iterable[str]) -> bool:
    """Whether a criterion asks for a first suspicion: what has come back speaks against it."""
    return any(map(_FIRST.search, statements)) and any(
        _RETURNED.search(statement) is not None and not denies(statement)
        for statement in counter_statements
    )


def has_returned(sentence: str, reference: str) -> bool:
    """Whether a suspicion is of what was there before, unlike its reference."""
    return any(
        _NOT_KNOWN.search(sentence[max(0, found.start() - _BEFORE) : found.start()]) is None
        for found in _RETURNED.finditer(sentence)
    ) and (_RETURNED.search(reference) is None)


def is_laymans(sentence: str) -> bool:
    """Whether it is the patient or a relative who suspects."""
    return _LAYMAN.search(sentence) is not None


def concludes_otherwise(sentence: str) -> bool:
    """Whether a sentence that names no criterion is what the writer concludes."""
    return _CONCLUDED.match(sentence) is not None


def is_known(sentence: str) -> bool:
    """Whether a sentence says that there is a diagnosis, or that a suspicion is not shared."""
    return _DISOWNED.search(sentence) is not None or any(
        _NOT_KNOWN.search(sentence[max(0, found.start() - _BEFORE) : found.start()]) is None
        for found in _KNOWN.finditer(sentence)
    )
