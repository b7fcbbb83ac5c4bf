"""Rows whose text is a question or a finding, and whose answer stands in another column.

The text alone is judged: of `{"text": "Ongoing melena", "answer": "No"}` it would say the contrary.
"""

import re
from collections.abc import Mapping

from winnow.tables.columns import plain_name

_MAX_QUESTION = 200
"""Characters of a question or a finding; what is longer is a text of its own."""
_ANSWERS = frozenset(
    (
        *("answer", "answers", "response", "responses", "reply", "present", "presence"),
        *("ispresent", "valueboolean", "checked", "selected", "findingpresent", "patientanswer"),
        "yes",
    )
)
_DENIALS = frozenset(
    (
        *("negated", "negation", "isnegated", "absent", "denied", "refuted", "retracted"),
        *("excluded",),
    )
)
_NAMED_NO = frozenset(("no", "n"))
"""Columns that are ticked for no; many of these names number the rows, or count something."""
_TICKED = frozenset(("x", "yes", "y", "true", "✓", "✔", "☑", "☒", "[x]"))
_STATES = frozenset(("certainty", "assertion", "polarity", "verificationstatus", "presence"))
_SUBJECTS = frozenset(("subject", "experiencer", "familymember"))
_NO = re.compile(
    r"no?|false|f|0|none|never|neg(?:ative)?|absent|denie[sd]|not (?:present|reported|known)"
    r"|unchecked|unknown|unsure",
    re.IGNORECASE,
)
_YES = re.compile(r"y(?:es)?|true|t|1|x|✓|✔|☑|☒|\[x\]|negated|absent|denied|refuted", re.IGNORECASE)
_STATE = re.compile(
    r"neg(?:ative|ated)?|absent|refuted|denied|false|hypothetical|family|ruled[ _-]?out"
    r"|entered[ _-]in[ _-]error|possible|uncertain|-1",
    re.IGNORECASE,
)
_KIN = re.compile(
    r"(?:(?:grand|step)?(?:mother|father|parent|son|daughter|child)|sister|brother|sibling|aunt"
    r"|uncle|cousin|family|relative|other)s?",
    re.IGNORECASE,
)
_NO_IN_JSON = re.compile(
    r':\s{0,5}(?:false|"(?:no?|false|none|never|absent|negative|denied|unknown)")\s{0,5}[,}\]]'
    r'|^\["(?:no?|false|none|never|absent|negative|denied|unknown)"\]$',
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^()]{0,40}\)|\[[^\[\]]{0,40}\]|\?")
"""What stands beside a column's name: "Present (Y/N)?"."""
_UNNAMED = re.compile(r"column\d+")
_MAX_VALUE = 2_000


def is_answered_beside(text: str, fields: Mapping[str, str]) -> bool:
    """Whether another column denies a short text, doubts it, or says that it is of a relative.

    >>> is_answered_beside("Ongoing melena", {"answer": "No"})
    True
    >>> is_answered_beside("Ongoing melena", {"answer": "Yes", "status": "denied"})
    False
    """
    if len(text) > _MAX_QUESTION or "\n" in text.strip():
        return False
    return any(
        _denies(plain_name(_ASIDE.sub("", name)), value.strip())
        for name, value in fields.items()
        if value and len(value) <= _MAX_VALUE
    )


def _denies(name: str, value: str) -> bool:
    if name in _ANSWERS:
        return _NO.fullmatch(value) is not None or (
            value[:1] in ("[", "{") and _NO_IN_JSON.search(value) is not None
        )
    return (
        (name in _DENIALS and _YES.fullmatch(value) is not None)
        or (name in _STATES and _STATE.fullmatch(value) is not None)
        or (name in _SUBJECTS and _KIN.fullmatch(value) is not None)
        or (name in _NAMED_NO and value.lower() in _TICKED)
        or (_UNNAMED.fullmatch(name) is not None and value.lower() in ("no", "n", "false"))
    )
