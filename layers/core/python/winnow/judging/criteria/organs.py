"""Whether a keyword is of another organ or another disease: "thyroid adenoma", "lung resection".

A keyword such as "adenoma" names no organ, and a sentence about the thyroid resembles one about the
colon. So the word right in front of a keyword, or behind its "of" or ":", must be one that the
criterion's own statements have, or none that names an organ or tells one disease from another: by
its form ("allergic", "nasal"), or by a list. Else the decision is less sure (cautions.py).
"""

import re
from collections.abc import Collection
from functools import lru_cache

from winnow.judging.lazy_patterns import lazy_pattern

_TELLS_APART = lazy_pattern(
    r"(?:\w{3,}(?:al|ic|ous|ary|oid|ar|iac|eal)"
    r"|lung|liver|kidneys?|breasts?|skin|nose|sinus(?:es)?|bladder|prostate|uterus|ovar(?:y|ies)"
    r"|cervix|pancreas|brain|spine|bones?|knees?|hip|lips?|ears?|eyes?|throat|larynx|pharynx"
    r"|mouth|tongue|stomach|esophagus|duodenum|appendix|gallbladder|spleen|toes?|foot|heart"
    r"|nerves?|teeth|tooth|jaw|gums?|gum|vulva|vagina|penis|scrotum|testes|testis|testicles?"
    r"|trachea|bronchus|pleura|thymus|bile|duct|gland|glands|scalp|nipple|conjunctiva|cornea"
    r"|tonsils?|parotid|carotid|radiation|marfan|turner|sjogren|wedge|rib|joint|muscle|tendon)",
    re.IGNORECASE,
)
_NEUTRAL = frozenset(
    (
        *("additional", "abdominal", "anal", "asymptomatic", "benign", "beneficial", "cancerous"),
        *("cecal", "chronic", "clinical", "colic", "colonic", "colonoscopic", "colorectal"),
        *("contrary", "critical", "dangerous", "diagnostic", "digestive", "distal", "dysplastic"),
        *("elevated", "endoscopic", "episodic", "familial", "fecal", "final", "former", "general"),
        *("gastrointestinal", "genetic", "germline", "hereditary", "histologic", "histological"),
        *("historic", "historical", "ileal", "ileocolonic", "incidental", "initial", "intestinal"),
        *("irregular", "local", "luminal", "macroscopic", "malignant", "massive", "maternal"),
        *("medical", "metachronous", "minimal", "multiple", "necessary", "normal", "numerous"),
        *("occasional", "occult", "original", "overall", "partial", "particular", "paternal"),
        *("pathologic", "pathological", "pedunculated", "periodic", "personal", "precancerous"),
        *("previous", "primary", "proximal", "quiescent", "rectal", "rectosigmoid", "regular"),
        *(
            "january",
            "february",
            "residual",
            "secondary",
            "segmental",
            "serious",
            "several",
            "sigmoid",
            "similar",
        ),
        *("single", "spontaneous", "sporadic", "surgical", "symptomatic", "synchronous", "total"),
        *("transverse", "typical", "unusual", "usual", "various", "villous", "visual", "special"),
    )
)
_BEHIND = lazy_pattern(
    r"\s*(?:(?:of|from) (?:the |his |her |a |an )?|in (?:the|his|her) |: ?)(?P<word>[^\W\d_]+)"
)
_BEFORE = lazy_pattern(r"(?P<word>[^\W\d_]{3,}) $")


def is_of_other_organ(sentence: str, keywords: Collection[str], known: Collection[str]) -> bool:
    """Whether every keyword of a sentence is told to be of another organ or disease.

    All shorthand is written out. `known` are the words that the criterion itself has.
    """
    mentions = _mentions(sentence, frozenset(keywords)) if keywords else ()
    return bool(mentions) and all(_is_other(before, behind, known) for before, behind in mentions)


@lru_cache(maxsize=1_024)
def _mentions(sentence: str, keywords: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """What stands right before and right behind each mention of a keyword."""
    pattern = "|".join(re.escape(keyword) for keyword in sorted(keywords, key=len, reverse=True))
    return tuple(
        (sentence[max(0, found.start() - 40) : found.start()], sentence[found.end() :][:40])
        for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", sentence, re.IGNORECASE)
    )[:4]


def _is_other(before: str, behind: str, known: Collection[str]) -> bool:
    front, back = _BEFORE.search(before), _BEHIND.match(behind)
    return (front is not None and _tells_apart(front["word"], known)) or (
        back is not None and _tells_apart(back["word"], known)
    )


def _tells_apart(word: str, known: Collection[str]) -> bool:
    lowered = word.lower()
    return (
        _TELLS_APART.fullmatch(lowered) is not None
        and lowered not in _NEUTRAL
        and lowered not in known
    )
