"""How far a denial goes over commas.

"No melena, hematochezia or pain" denies all three. "Never scoped, rectal bleeding", "No NSAIDs,
ongoing melena" and "No pain, stools black since May" deny what stands in front of the comma, and
then say something else. A denial goes on into a bare noun of the list that it began. It ends, and
does not begin again, where a piece has a predicate or a sign of presence of its own, and where the
list began with something of another kind: an exam, a drug, a habit, a verb. Where neither is
certain the pieces are doubtful.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

COMMAS = frozenset((",", "–", "—"))
_OR = frozenset(("or", "nor"))
_NEGATIONS = frozenset(
    ("no", "not", "never", "without", "denies", "denied", "denying", "deny", "none", "nil")
)
_VERBAL = frozenset(
    (
        *("never", "not", "cannot", "unable", "fail", "fails", "failed", "failing"),
        *("declines", "declined", "declining", "refuses", "refused", "refusing"),
    )
)
"""Their object is a verb, which says of what kind the denied is."""
_HAVING = frozenset(
    (
        *("had", "have", "has", "having", "noticed", "notice", "noted", "seen", "see", "saw"),
        *("observed", "experienced", "experience", "reported", "report", "reports", "describe"),
        *("complained", "complain", "passed", "any", "endorse", "suffered", "developed", "been"),
        *("ever", "also", "really", "of", "from", "yet", "a", "an", "the"),
    )
)
"""Behind one of these stands what is had or seen, and denied."""
_OTHER = frozenset(
    (
        *("nsaid", "nsaids", "aspirin", "asa", "anticoagulant", "anticoagulants", "thinner"),
        *("anticoagulation", "thinners", "warfarin", "apixaban", "eliquis", "xarelto", "plavix"),
        *("clopidogrel", "heparin", "ibuprofen", "naproxen", "steroid", "steroids", "antibiotics"),
        *("med", "meds", "medication", "medications", "medicine", "medicines", "drug", "drugs"),
        *("prescriptions", "supplements", "laxatives", "insulin", "metformin", "ppi"),
        *("alcohol", "etoh", "tobacco", "smoking", "smoke", "smoker", "smokes", "cigarettes"),
        *("drinker", "drinking", "drink", "drinks", "vaping", "marijuana", "cannabis"),
        *("allergies", "allergy", "comorbidities", "comorbidity", "conditions", "problems"),
        *("history", "fhx", "fh", "pmh", "pmhx", "psh", "family", "relatives", "risk", "risks"),
        *("surgery", "surgeries", "operation", "operations", "travel", "exposures", "contacts"),
        *("cirrhosis", "diabetes", "hypertension", "ckd", "cad", "copd", "hospitalizations"),
        *("pacemaker", "icd", "records", "insurance", "diet", "dieting", "exercise", "menses"),
        *("treatment", "therapy", "transfusion", "transfusions", "follow", "followup"),
        *("interpreter", "concerns", "pcp", "doctor", "visit", "visits", "trying"),
    )
)
"""What is denied beside findings."""
_EXAMS = frozenset(
    (
        *("egd", "ct", "cte", "mri", "mre", "imaging", "capsule", "screening", "screenings"),
        *("screened", "biopsy", "biopsies", "scope", "scopes", "scoped", "sbft", "series"),
        *("enterography", "ultrasound", "scan", "scans", "xray", "exam", "exams", "examination"),
        *("cologuard", "fit", "fobt", "labs", "test", "tests", "testing", "workup", "cscope"),
        *("evaluation", "csy", "study", "studies", "colo"),
    )
)
_EXAM_ENDINGS = ("scopy", "scopies", "scopic", "graphy", "gram", "scopied", "oscoped")
_PREDICATES = frozenset(
    (
        *("is", "are", "was", "were", "has", "have", "had", "does", "did", "do", "feels", "feel"),
        *("feeling", "reports", "reported", "states", "says", "said", "complains", "endorses"),
        *("presents", "presenting", "presented", "comes", "came", "takes", "took", "wants"),
        *("needs", "requests", "continues", "remains", "persists", "recurs", "shows", "showed"),
        *("revealed", "started", "began", "became", "becomes", "lost", "dropped", "goes", "went"),
        *("sees", "saw", "passes", "passing", "bleeds", "bled", "gets", "got", "admits"),
        *("notes", "noticed", "requiring", "requires", "keeps", "kept", "turned", "appears"),
        *("found", "positive", "pos", "abnormal", "negative", "normal", "unremarkable", "clear"),
        *("unrevealing", "nondiagnostic", "regular", "stable", "unchanged", "formed"),
        *("asymptomatic", "asx", "symptomatic", "anemic", "constipated", "well", "fine", "healthy"),
        *(
            "ok",
            "okay",
            "reg",
            "nl",
            "wnl",
            "soft",
            "intact",
            "benign",
            "good",
            "great",
            "pale",
            "tired",
            "afebrile",
            "bloated",
            "continued",
            "here",
            "due",
        ),
        *("referred", "admitted", "transfused", "iron-deficient", "deficient", "well-appearing"),
    )
)
"""A piece with one of these says something of its own."""
_PRESENT = frozenset(
    (
        *("ongoing", "persistent", "persisting", "continuing", "daily"),
        *("weekly", "nightly", "monthly", "since", "ago", "still", "again", "today", "yesterday"),
        *("currently", "low", "elevated", "high", "every", "days", "weeks", "months", "wks"),
        *("mos", "suspected", "suspect", "suspects", "likely", "probable", "possible", "presumed"),
        *("now", "on", "last", "this", "lately", "down", "twice", "despite", "status"),
    )
)
"""Signs that it is there."""
_MAYBE_PRESENT = frozenset(
    (
        *("new", "newly", "recurrent", "recurring", "worsening", "progressive", "increasing"),
        *(
            "active",
            "actively",
            "some",
            "several",
            "multiple",
            "repeated",
            "with",
            "mother",
            "father",
            "brother",
        ),
        *("sister", "son", "daughter", "mom", "dad", "from", "after", "when", "but", "as"),
    )
)
"""So they are of a list's items, too: "denies melena, new weight loss"."""
_MAX_PIECES = 24


class Reach(IntEnum):
    """What a denial says of a piece behind a comma."""

    DENIED = 0
    DOUBTFUL = 1
    ENDED = 2


class ListEnd(NamedTuple):
    """The comma from which on a denial reaches so far only."""

    at: int
    reach: Reach


def list_ends(words: Sequence[str], start: int, end: int, stop: int) -> tuple[ListEnd, ...]:
    """Where the denial of the trigger [start, end) ends before `stop`, its clause's end."""
    pieces = list(_pieces(words, end, stop))
    if len(pieces) < 2:
        return ()
    kind = _kind_of_list(words[start], words[start + 1 : pieces[0][1]])
    is_repeated = _is_repeated(words, start)
    ends: list[ListEnd] = []
    reach = Reach.DENIED
    for number, (first, last) in enumerate(pieces[1:], start=1):
        piece = words[first:last]
        is_closed = any(not _OR.isdisjoint(words[a:b]) for a, b in pieces[number:])
        if _NEGATIONS.isdisjoint(piece):
            found = _reach(piece, kind, is_closed=is_closed, is_verbal=_is_verbal(words[start]))
            if is_repeated and not is_closed:
                found = max(found, Reach.DOUBTFUL)
        else:
            found = Reach.DENIED
            is_repeated = True
        if found > reach:
            reach = found
            ends.append(ListEnd(first - 1, reach))
        if reach is Reach.ENDED:
            break
    return tuple(ends)


def _pieces(words: Sequence[str], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """What stands between the commas."""
    count = 0
    for at in range(start, stop):
        if words[at] in COMMAS:
            yield start, at
            start = at + 1
            count += 1
            if count == _MAX_PIECES:
                return
    yield start, stop


def _is_repeated(words: Sequence[str], start: int) -> bool:
    """Whether the piece before has a denial of its own: "no pain, no fever, bleeding"."""
    if not start or words[start - 1] not in COMMAS:
        return False
    for at in range(start - 2, -1, -1):
        if words[at] in COMMAS or words[at] == ";":
            return False
        if words[at] in _NEGATIONS:
            return True
    return False


def _is_verbal(trigger: str) -> bool:
    return trigger in _VERBAL or trigger.endswith("n't")


def _kind_of_list(trigger: str, first: Sequence[str]) -> frozenset[str]:
    """What the first thing that is denied is: words of its kind; none: a finding."""
    if _is_verbal(trigger) and not (first and first[0] in _HAVING):
        return _EXAMS if _is_exam(first) else _OTHER
    if _is_exam(first):
        return _EXAMS
    return _OTHER if not _OTHER.isdisjoint(first) else frozenset()


def _is_exam(piece: Sequence[str]) -> bool:
    return any(word in _EXAMS or word.endswith(_EXAM_ENDINGS) for word in piece)


def _reach(
    piece: Sequence[str], kind: frozenset[str], *, is_closed: bool, is_verbal: bool
) -> Reach:
    """How far a denial that began with a thing of a kind is of a piece behind it."""
    if not _PREDICATES.isdisjoint(piece):
        return Reach.ENDED
    is_same = not kind or (_is_exam(piece) if kind is _EXAMS else not kind.isdisjoint(piece))
    is_present = not _PRESENT.isdisjoint(piece)
    may_be_present = not _MAYBE_PRESENT.isdisjoint(piece) or any(
        word[0].isdigit() for word in piece
    )
    if is_closed:
        is_doubtful = is_present or (not is_same and is_verbal)
        return Reach.DOUBTFUL if is_doubtful else Reach.DENIED
    if is_present or (may_be_present and not is_same):
        return Reach.ENDED
    return Reach.DENIED if is_same and not may_be_present else Reach.DOUBTFUL
