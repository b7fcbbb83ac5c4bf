"""Whether a denial is of something else, and takes what it does not deny for granted.

"No symptoms to explain her anemia" denies symptoms, and says that she has anemia; so do "No
treatment so far for his anemia" and "Nobody has looked into her bleeding". What is denied is the
noun behind the denial. What stands in its complement, behind a preposition or an infinitive, is
taken for granted where it is called hers, his or the one that was told of, or where the noun is of
what one does about a finding. "No evidence of bleeding" and "no change in her bowels" deny the
whole, and so does what is of a place: "no pain in the left knee".
"""

from collections.abc import Sequence

_POSSESSIVE = frozenset(("his", "her", "their", "my", "your", "our", "patient's", "pt's", "whose"))
_DETERMINERS = _POSSESSIVE | {"the", "this", "that", "these", "those"}
_PREPOSITIONS = frozenset(
    (
        *("for", "of", "into", "behind", "about", "with", "from", "in", "on", "at", "after"),
        *("despite", "besides", "to", "by", "against", "towards", "beyond", "under", "over"),
        *("regarding", "since", "through", "between", "within", "than", "per", "as"),
    )
)
_EXPLAINS = frozenset(
    (
        *("explain", "explains", "explaining", "account", "accounts", "accounting", "cause"),
        *("causes", "causing", "justify", "treat", "treats", "treating", "manage", "address"),
        *("addressing", "correct", "evaluate", "investigate", "discuss", "mention", "mentioned"),
        *("trigger", "precede", "preceding", "preceded", "accompany", "accompanying"),
    )
)
_CARE = frozenset(
    (
        *("treatment", "treatments", "therapy", "medication", "medications", "medicine", "meds"),
        *("workup", "work-up", "evaluation", "investigation", "cause", "causes", "explanation"),
        *("remedy", "transfusion", "transfusions", "supplements", "supplement", "supplementation"),
        *("intervention", "cure", "trigger", "precipitant", "answer", "help", "advice"),
    )
)
"""What one does about a finding, or asks of it."""
_OF_PLACE = frozenset(("in", "of", "on", "at", "around", "over", "under", "within", "to"))
_VERBS = frozenset(
    (
        *("told", "tell", "heard", "hear", "aware", "unaware", "informed", "notified", "know"),
        *("knew", "known", "knows", "learned", "learnt", "spoke", "spoken", "speak", "thought"),
        *("sure", "certain", "look", "looked", "looking", "looks", "respond", "responded"),
        *("responds", "reacted", "listened", "referred", "agreed", "worked", "because", "due"),
        *("instead", "afraid", "tired", "proud", "ashamed"),
    )
)
"""With these a preposition of place is of no place: "never told of her anemia"."""
_LIGHT = frozenset(
    (
        *("evidence", "sign", "signs", "history", "episode", "episodes", "complaint", "complaints"),
        *("change", "changes", "recurrence", "suspicion", "concern", "concerns", "hint", "trace"),
        *("report", "reports", "mention", "increase", "decrease", "blood", "symptom", "symptoms"),
        *("indication", "indications", "suggestion", "risk", "need", "presence", "finding"),
        *("findings", "possibility", "question", "record", "records", "known", "stigmata"),
        *("free", "clear", "negative", "documentation", "recollection", "form", "kind", "type"),
        *("diagnosis", "problem", "problems", "trouble", "abnormality", "abnormalities", "issues"),
        *("difficulty", "alteration", "cancer"),
    )
)
"""These are denied together with what they are of."""
_PLACES = frozenset(
    (
        *("bowel", "bowels", "stool", "stools", "weight", "family", "habits", "motions", "paper"),
        *("toilet", "colon", "rectum", "stomach", "abdomen", "belly", "ileum", "terminal"),
        *("intestine", "side", "bathroom", "appetite"),
    )
)
"""Of these nothing is said by taking them for granted: "no pain in her stomach"."""
_FOUND = frozenset(("loss", "pain", "bleeding", "cancer", "cramps", "ache"))
"""But something is by taking "her weight loss" for granted."""
_NO_ADJECTIVES = _PREPOSITIONS | frozenset(
    (
        *("had", "has", "have", "having", "is", "are", "was", "were", "be", "been", "did", "does"),
        *("mother", "father", "brother", "sister", "sisters", "brothers", "parents", "siblings"),
        *("son", "daughter", "husband", "wife", "doctor", "chart", "or", "and", "nor", "knows"),
        *(
            "following",
            "below",
            "above",
            "no",
            "not",
            "any",
            "known",
            "shows",
            "showed",
            "reports",
            "says",
            "presence",
            "past",
        ),
    )
)
_MAX_ADJECTIVES = 2


def is_presupposed(words: Sequence[str], first: int, start: int, end: int) -> bool:
    """Whether the mention [start, end) is in the complement of what a denial is of.

    `first` is where the denial's own words end.
    """
    at = max((at for at in range(first, start) if words[at] in (",", ";", ":", "(")), default=-1)
    between = words[max(first, at + 1) : start]
    named = words[start : end + 1]
    if not between or (not _PLACES.isdisjoint(named[: end - start]) and _FOUND.isdisjoint(named)):
        return False
    if not _EXPLAINS.isdisjoint(between):
        return True
    place = _determiner(between)
    if place is not None:
        before = between[:place]
        if before and before[-1] in _OF_PLACE and _VERBS.isdisjoint(before):
            return not _CARE.isdisjoint(before)
        if between[place] in _POSSESSIVE:  # "never had his bleeding looked into"
            return _LIGHT.isdisjoint(before)
        return place > 1 and before[-1] in _PREPOSITIONS and _LIGHT.isdisjoint(before)
    return not _CARE.isdisjoint(between) and any(
        word in ("for", "of", "to", "into") for word in between[1:]
    )


def _determiner(between: Sequence[str]) -> int | None:
    """Where the determiner of a mention's noun stands, with nothing but adjectives behind it."""
    for back, word in enumerate(reversed(between)):
        if word in _DETERMINERS:
            return len(between) - 1 - back
        if back == _MAX_ADJECTIVES or word in _NO_ADJECTIVES or word in _PLACES:
            return None
    return None
