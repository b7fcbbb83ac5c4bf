"""What a cell of a table is by itself: a mark, an answer, what its column is called."""

import re
from collections.abc import Sequence


def _listed(text: str) -> frozenset[str]:
    return frozenset(" ".join(item.split()) for item in text.split(","))


_YES = _listed("yes, y, ja, present, positive, pos, reported, reports, abnormal, true, confirmed")
_NO = _listed(
    """no, n, nein, none, nil, never, absent, denied, denies, negative, neg, normal, wnl, false,
    not present, not reported, within normal limits"""
)
_NEITHER = _listed(
    """unknown, unk, unsure, n/a, na, pending, resolved, past, not sure, not known, don't know,
    not applicable, not done, not asked, not examined, not assessed, not tested, not recorded,
    not documented"""
)
_TITLES = _listed(
    """answer, answers, comment, comments, condition, date, details, diagnosis, diagnoses, finding,
    findings, flag, history, id, interpretation, item, name, no, nr, number, present, question,
    questions, reported, response, result, results, review, sign, signs, site, status, symptom,
    symptoms, system, test, unit, value, when, yes/no, y/n, outcome, remarks, notes, note, type, #,
    review of systems, signs and symptoms, medical history"""
)
"""Header cells that name a kind of thing: what is below them says enough."""
_KINDS = _listed(
    """allergies, area, complaint, complaints, condition, conditions, diagnosis, diagnoses, disease,
    diseases, disorder, disorders, exam, exams, examination, feature, features, finding, findings,
    history, indication, indications, item, items, problem, problems, procedure, procedures,
    question, questions, review, screening, screenings, sign, signs, symptom, symptoms, system,
    systems, test, tests, review of systems, ros"""
)
"""What stands above labels: the last word of "GI symptoms"."""
_CHOICES = _listed(
    """mild, moderate, severe, left, right, both, bilateral, current, currently, now, today, ever,
    sometimes, often, always, rarely, daily, weekly, monthly, occasionally, frequently, done,
    completed, due, overdue, ordered, active, inactive, acute, chronic, equal, increased, decreased,
    low, high, good, fair, poor, better, worse, same, unchanged, complains of, admits, ruled out,
    suspected, equivocal, indeterminate, borderline, improved, stable, self, mother, father"""
)
"""What a column is called of which one is marked, beside the answers."""
_DETAILS = _listed(
    """dose, dosage, frequency, route, duration, since, reason, amount, result, results, value,
    unit, date, comment, comments, details, answer, response, outcome, interpretation, remarks,
    notes"""
)
"""What a column of text is called."""
_OF_FORMS = _listed(
    """address, clinic, date, date of birth, dob, doctor, facility, initials, mrn, name, nurse,
    patient, patient name, phone, physician, provider, referred by, reviewed by, signature, signed,
    signed by, time, visit, witness"""
)
"""What is asked of people, not of their health."""
_NUMBERS = _listed("no, nr, n, #, n°, №, num, number, item no, s.no, sl.no, q")
"""What a column of numbers is called."""
_CROSS = frozenset("✗✘❌✖")
"""Either marks or the opposite of a tick."""
_MARK = re.compile(r"[xX✓✔√☒☑🗹✅■●◉⬛]|[\[(]\s?[xX✓✔•●]\s?[\])]")
_NO_MARK = re.compile(r"|[\[(]\s?[\])]|[☐□○◯◻⬜❏▢]|[-–—_.]{1,20}")
_CODE = re.compile(
    r"[(\[#]?(?:\d{1,4}(?:\.\d{1,3}){0,3}|[A-Za-z]{1,2}[-.]?\d{1,4}|\d{1,3}[A-Za-z]|[A-Za-z]"
    r"|[ivxIVX]{1,5})[.):\]]?"
)
_ASIDE = re.compile(r"\([^()]{0,40}\)")
_BETWEEN_ANSWERS = re.compile(r"\s*(?:/|\bor\b|,)\s*")
_ENDS = " .:;?!*\t"
_MAX_TITLE = 60
"""Characters of what a column is called at most."""


def plain(cell: str) -> str:
    """The cell on one line."""
    return " ".join(cell.split())


def word(cell: str) -> str:
    """The cell as it is compared with others."""
    return plain(cell).strip(_ENDS).casefold().replace("’", "'")


def _kind(text: str) -> frozenset[str] | None:
    return next((kind for kind in (_YES, _NO, _NEITHER) if text in kind), None)


def is_answer(cell: str) -> bool:
    """Whether a cell is an answer and nothing else: "No", "Denied / absent", "yes (daily)"."""
    if len(cell) > _MAX_TITLE:
        return False
    text = word(cell)
    if text in _YES or text in _NO or text in _NEITHER:
        return True
    kinds = {_kind(part) for part in _BETWEEN_ANSWERS.split(word(_ASIDE.sub("", text)))}
    return len(kinds) == 1 and None not in kinds  # "Yes/No" is a question


def is_yes_or_no(cell: str) -> bool:
    """Whether a cell is "yes" or "no" in one of their words."""
    return word(cell) in _YES or word(cell) in _NO


def is_other(cell: str, title: str) -> bool:
    """Whether a cell below an answer is another answer."""
    return is_answer(cell) and not is_open(cell) and word(cell) != word(title)


def is_contrary(cell: str, title: str) -> bool:
    """Whether a cell below an answer is one of another kind."""
    return is_answer(cell) and is_answer(title) and _kind(word(cell)) != _kind(word(title))


def is_choice(cell: str) -> bool:
    """Whether a cell may be what is marked below it: an answer, "Left", "Done"."""
    return is_answer(cell) or word(cell) in _CHOICES


def is_detail(cell: str) -> bool:
    """Whether a cell is what a column of text is called."""
    return word(cell) in _DETAILS


def is_of_forms(cell: str) -> bool:
    """Whether a cell names what no mark answers: "Provider", "Date"."""
    return word(cell) in _OF_FORMS


def is_question(title: str) -> bool:
    """Whether a title is what the cells below it are about."""
    return word(title) not in _TITLES and not is_answer(title)


def is_kind(cell: str) -> bool:
    """Whether a cell is the name of a kind of thing, as what stands above labels is."""
    return word(cell) in _KINDS


def ends_as_kind(cell: str) -> bool:
    """Whether a cell names a kind of thing: "GI symptoms"."""
    return len(cell) <= _MAX_TITLE and word(cell).split(" ")[-1] in _KINDS


def is_above_numbers(cell: str) -> bool:
    """Whether a cell may stand above the numbers of the rows, as "No." does."""
    return word(cell) in _NUMBERS


def is_code(cell: str) -> bool:
    """Whether a cell is the number of its row: "2.", "1.1", "Q3", "(a)"."""
    return _CODE.fullmatch(cell.strip()) is not None and not is_mark(cell) and not is_answer(cell)


def is_mark(cell: str) -> bool:
    """Whether a cell is a tick, a cross or a filled box."""
    text = cell.strip()
    return _MARK.fullmatch(text) is not None or text in _CROSS


def is_cross(cell: str) -> bool:
    """Whether a cell is a mark that may be the opposite of one."""
    return cell.strip() in _CROSS


def is_open(cell: str) -> bool:
    """Whether nothing was entered in a cell."""
    return _NO_MARK.fullmatch(cell.strip()) is not None


def is_title(cell: str) -> bool:
    """Whether a cell may be what its column is called."""
    text = cell.strip()
    return 0 < len(text) <= _MAX_TITLE and not is_mark(text) and not is_open(text)


def filled(row: Sequence[str]) -> list[str]:
    """The cells that have text."""
    return [cell for cell in row if cell.strip()]
