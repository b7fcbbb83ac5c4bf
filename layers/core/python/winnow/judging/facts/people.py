"""Words for the patient and for other people, as patterns (patterns.py)."""

FAMILY = (
    r"(?<!\w)(?:(?:step|grand)?(?:mother|father|brother|sister|son|daughter|mom"
    r"|dad)(?:'s|’s)?|aunt|uncle"
    r"|cousin|wife|husband|spouse|partner|sibling|relative|friend|neighbou?r"
    r"|parents?)s?(?:'s|’s)?\b"
    r"(?! of (?:\d|one|two|three|four|five|a\b))"
)
PATIENT = r"\b(?:patient|pt|he|she|patient's|his own|her own|i)\b"
