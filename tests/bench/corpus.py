"""Clinical sentences by the thousand: made from patterns, so that no two need be equal."""

import random
from collections.abc import Iterator

_PATTERNS = (
    "Hemoglobin was {g} g/dL on day {n}, down from {g2} g/dL {m} weeks ago.",
    "The patient is a {age}-year-old {who} with {m} months of {sign}.",
    "Colonoscopy to the cecum on {date} showed {finding}.",
    "Upper endoscopy on {date} showed {finding}.",
    "Ferritin {n} ng/mL and transferrin saturation {m} percent.",
    "{who_c} denies {sign} and takes {drug} {n} mg daily.",
    "CT enterography of {date} was read as {finding}.",
    "Received {m} units of packed red cells on {date}.",
    "Plan: {plan} within {m} weeks, repeat the blood count on day {n}.",
    "Blood pressure {n2}/{n}, pulse {n}, weight {age} kg.",
    "No {sign} was reported during the {m}-day stay.",
    "Continue {drug} {n} mg; stop it if the count falls below {g}.",
)
_WORDS = {
    "who": ("woman", "man", "retired teacher", "nurse", "farmer", "bus driver"),
    "who_c": ("She", "He", "The patient", "The daughter reports that he", "The resident"),
    "sign": (
        "melena",
        "abdominal pain after meals",
        "fatigue and shortness of breath on stairs",
        "loose stools at night",
        "weight loss without trying",
        "bright red blood per rectum",
    ),
    "finding": (
        "no source of bleeding",
        "a few diverticula without bleeding",
        "a small hiatal hernia and nothing else",
        "two sessile polyps, both removed",
        "mild gastritis without erosions",
        "normal mucosa throughout",
    ),
    "drug": ("omeprazole", "ferrous sulfate", "apixaban", "mesalamine", "aspirin", "metoprolol"),
    "plan": ("capsule endoscopy", "a small bowel series", "iron infusion", "a clinic visit"),
}


def sentences(seed: int = 7) -> Iterator[str]:
    """An endless stream of sentences, the same for the same seed."""
    pick = random.Random(seed)
    while True:
        values: dict[str, object] = {name: pick.choice(words) for name, words in _WORDS.items()}
        values |= {
            "g": round(pick.uniform(6, 11), 1),
            "g2": round(pick.uniform(11, 15), 1),
            "n": pick.randint(3, 99),
            "n2": pick.randint(90, 180),
            "m": pick.randint(2, 12),
            "age": pick.randint(19, 96),
            "date": f"{pick.randint(1, 12)}/{pick.randint(1, 28)}/20{pick.randint(19, 26)}",
        }
        yield pick.choice(_PATTERNS).format(**values)


def cases(rows: int, per_row: tuple[int, int] = (3, 6), seed: int = 7) -> Iterator[tuple[str, str]]:
    """Rows of a table of cases: an id and a note of several sentences."""
    pick = random.Random(seed)
    stream = sentences(seed)
    for number in range(rows):
        note = " ".join(next(stream) for _ in range(pick.randint(*per_row)))
        yield f"B{number:06d}", note
