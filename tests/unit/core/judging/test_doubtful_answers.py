"""Answers that nobody can read leave doubt about what stands beside them; others leave none."""

import pytest

from winnow.judging.text import segments
from winnow.judging.text.answers import plain_answers
from winnow.judging.text.doubtful_answers import is_answer, is_doubtful
from winnow.judging.text.headings import list_headings


def doubted(text: str) -> list[str]:
    text = plain_answers(text)
    spans = segments.spans(text)
    headings = list_headings(text, spans)
    return [text[s:e] for (s, e), over in zip(spans, headings, strict=True) if over.is_doubtful]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Melena\n\nNo\n\n\nFatigue", ["Melena"]),
        ("No\n\nMelena\n\n\nFatigue", ["Melena"]),
        ("Melena\n\nPatient response: no", ["Melena"]),
        ("Melena\n\n[ ] Yes [x] No", ["Melena"]),
        ("Melena\nYes\nFatigue\nNo", []),
        ("Melena\n\nYes\n\nFatigue", []),
        ("Seen today.\n\n\nNo\n\n\nMelena", []),
        ("Seen today.\nYes\nMelena", []),
        ("N - melena\nY - fatigue", ["N - melena"]),
        ("[N] Melena\n[Y] Fatigue", ["[N] Melena"]),
        ("__N__ Melena\n__Y__ Fatigue", ["__N__ Melena"]),
        ("N Melena\nY Fatigue", ["N Melena"]),
        ("{x} Fatigue\n{ } Melena", ["{ } Melena"]),
        ("[+] Fatigue\n[-] Melena", ["[-] Melena"]),
        ("+ fatigue\n- melena", ["- melena"]),
        ("- fatigue\n- melena", []),
        ("Melena: 2\nFatigue: 1", ["Melena: 2", "Fatigue: 1"]),
        ("Melena: \nFatigue: yes", ["Melena:"]),
        ("Melena: nein", ["Melena: nein"]),
        ("Melena (N)\nFatigue (Y)", ["Melena (N)"]),
        ("Melena / N", ["Melena / N"]),
        ("Melena   Y / N", ["Melena   Y / N"]),
        ("Melena (circle one):  Y  (N)", ["Melena (circle one):  Y  (N)"]),
        ("Melena\tX", ["Melena\tX"]),
        ("Melena ......... [N]", ["Melena ......... [N]"]),
        ("Symptom: Melena\nPresent: No", ["Symptom: Melena"]),
        ("Melena\nFrequency: never\nFatigue\nFrequency: daily", ["Melena"]),
        ("Symptom: Melena\nResponse: patient denies", ["Symptom: Melena"]),
        ("Melena (inactive)\nAnemia (active)", ["Melena (inactive)"]),
        ("Problem: Melena   Status: resolved", ["Problem: Melena   Status: resolved"]),
        ("Relationship: mother\nCondition: melena", ["Condition: melena"]),
        ("Melena\nFamily member: mother", ["Melena"]),
        ("Condition: melena\nResolution date: 2016", ["Condition: melena"]),
        ("Relationship: self\nCondition: melena", []),
        ("Melena *\n  o Yes\n  x No", ["Melena *"]),
        ("Symptom: Melena\nPresent: yes\nFrequency: daily", []),
        ("Melena; no; anemia; yes", ["Melena; no; anemia; yes"]),
    ],
)
def test_an_answer_that_nobody_can_read_leaves_doubt(text: str, found: list[str]) -> None:
    assert doubted(text) == found


@pytest.mark.parametrize(
    "line",
    [
        "No melena, ongoing fatigue",
        "N/V and melena",
        "Melena: Y",
        "Melena: N",
        "Melena ........ N",
        "Melena: yes",
        "Melena: daily",
        "[ ] melena",
        "( ) melena",
        "Melena today at 10:30",
        "Melena x 3",
        "Hemoccult:  positive   A",
        "Anemia: N (Hgb 13.9)",
        "Seen by Dr. Lee, N. Patel and others for melena.",
    ],
)
def test_what_is_said_plainly_is_not_in_doubt(line: str) -> None:
    assert not is_doubtful(line)
    assert not is_answer(line)
