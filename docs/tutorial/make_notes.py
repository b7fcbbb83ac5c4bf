"""Writes the notes of the tutorial: practice, fresh, inbox and reviewed, all .csv, in this folder.

    python docs/tutorial/make_notes.py

Everything is made up. A note is put together of sentences, one or none for each fact of the policy,
between sentences that say nothing of it. The label follows from the facts by the policy. Sentences
about the facts are dealt out: what practice.csv says of a fact no other file says in the same
words, so a process is measured on wordings that nobody looked at while writing it.
Real notes vary more than this.
"""

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20

# For each fact and each thing that a note may say of it: sentences. Those at even places go to
# practice.csv, the others to the other files. {a-b} becomes a number.
SENTENCES = {
    "lung": {
        "yes": [
            "COPD, GOLD stage {3-4}.",
            "Severe COPD with an FEV1 of {24-45}% of predicted.",
            "Known idiopathic pulmonary fibrosis.",
            "Interstitial lung disease, followed by pulmonology.",
            "Emphysema for {5-20} years.",
            "Advanced emphysema on CT of the chest.",
            "Long-standing COPD on triple inhaled therapy.",
            "COPD treated with tiotropium and a steroid inhaler.",
            "Diagnosis: bronchiectasis with daily sputum.",
            "Bronchiectasis on repeated CT scans.",
            "Chronic obstructive pulmonary disease, very severe.",
            "Has had chronic obstructive pulmonary disease since {1998-2015}.",
            "Cystic fibrosis, on the waiting list for a transplant.",
            "Adult with cystic fibrosis.",
            "CT shows progressive pulmonary fibrosis.",
            "Pulmonary fibrosis confirmed by high-resolution CT.",
            "End-stage lung disease from silicosis.",
            "Asbestosis with a falling vital capacity.",
            "Spirometry confirms severe airflow obstruction, in keeping with COPD.",
            "Airflow obstruction is severe; the diagnosis is COPD.",
        ],
        "no": [
            "No chronic lung disease is known.",
            "There is no known lung disease.",
            "Spirometry is normal, which rules out COPD.",
            "COPD was ruled out by normal spirometry.",
            "CT of the chest shows no emphysema and no fibrosis.",
            "Chest CT: no emphysema, no interstitial lung disease.",
            "Lung function tests are normal.",
            "Pulmonary function is normal.",
            "She was thought to have COPD, but lung function is normal.",
            "Earlier suspicion of COPD was not confirmed.",
        ],
        "silent": [""],
    },
    "oxygen": {
        "yes": [
            "SpO2 {81-88}% on room air.",
            "SpO2 today {81-88}% without oxygen.",
            "Oxygen saturation at rest was {80-88}% breathing room air.",
            "Oxygen saturation on room air: {80-88}%.",
            "O2 sat {82-88}% RA.",
            "O2 sats at rest {82-87}% RA.",
            "Blood gas on room air: PaO2 {46-55} mmHg.",
            "Arterial blood gas, room air, PaO2 {45-54} mmHg.",
            "Pulse oximetry showed {82-88}% on room air.",
            "Pulse oximetry at rest: {81-87}%.",
            "ABG: pH 7.38, PaO2 {47-55}, PaCO2 48.",
            "ABG with pO2 {46-54} mmHg without supplemental oxygen.",
            "At rest the saturation is {81-88}%.",
            "Resting saturation {80-87}% in the office.",
            "Desaturates to {79-86}% when walking without oxygen.",
            "Walking without oxygen the saturation falls to {78-86}%.",
            "She is hypoxemic at rest.",
            "Chronic hypoxemia at rest on room air.",
        ],
        "no": [
            "SpO2 {91-97}% on room air.",
            "SpO2 today {92-97}% without oxygen.",
            "Oxygen saturation at rest was {91-96}% breathing room air.",
            "Oxygen saturation on room air: {91-97}%.",
            "O2 sat {92-97}% RA.",
            "O2 sats at rest {91-96}% RA.",
            "Blood gas on room air: PaO2 {66-84} mmHg.",
            "Arterial blood gas, room air, PaO2 {65-82} mmHg.",
            "Pulse oximetry showed {91-97}% on room air.",
            "Pulse oximetry at rest: {92-96}%.",
            "Saturation never fell below {90-93}% in the walk test.",
            "During the walk test the saturation stayed at {91-94}% or more.",
            "There is no hypoxemia.",
            "She is not hypoxemic.",
        ],
        "silent": [
            "",
            "",
            "Oxygen saturation was not recorded.",
            "Blood gas is pending.",
            "SpO2 {84-88}% on 2 L of oxygen.",
            "Saturation {83-88}% with 3 L/min by cannula.",
        ],
    },
    "stable": {
        "yes": [
            "Measured while stable.",
            "The measurement was made in a stable phase.",
            "No exacerbation for {3-11} months.",
            "The last exacerbation was {4-12} months ago.",
            "Clinically stable at this visit.",
            "Stable at today's visit.",
            "Condition unchanged for {6-20} weeks.",
            "No change in symptoms for {2-8} months.",
            "No sign of infection today.",
            "Free of infection at present.",
            "At baseline.",
            "Feels at baseline, no increase of cough or sputum.",
            "In a chronic stable state, no antibiotics or steroids since {2021-2023}.",
            "No antibiotics or prednisone in the last {3-9} months.",
        ],
        "no": [
            "Measured in the emergency department during an exacerbation.",
            "The reading was taken on admission for an acute exacerbation.",
            "Measured during a hospital stay for pneumonia.",
            "Being treated for pneumonia at the time.",
            "On antibiotics and prednisone for an acute flare.",
            "Taking prednisone for a flare that began {2-6} days ago.",
            "Acute bronchitis this week.",
            "Has an acute chest infection.",
            "Admitted with influenza; the value is from the first night.",
            "The value is from the night of admission with COVID-19.",
        ],
        "silent": [""],
    },
    "smoking": {
        "yes": [
            "Smokes {5-30} cigarettes a day.",
            "Smoking about {5-20} cigarettes daily.",
            "Current smoker.",
            "Current every-day smoker.",
            "Still smokes a pack a day.",
            "Continues to smoke despite advice.",
            "Has not been able to stop smoking.",
            "Tobacco: active.",
        ],
        "no": [
            "Never smoked.",
            "Lifelong non-smoker.",
            "Quit smoking in {1995-2019}.",
            "Stopped smoking {3-25} years ago.",
            "Former smoker, {20-60} pack-years.",
            "Ex-smoker.",
            "Does not smoke.",
            "Denies tobacco use.",
        ],
        "silent": [""],
    },
}

OPENINGS = (
    "{52-88}-year-old retired {job}.",
    "Mr. {letter}., {55-86}, seen in clinic.",
    "Mrs. {letter}., {54-89}, comes with her daughter.",
    "{51-90}-year-old woman, lives alone.",
    "{50-87}-year-old man referred by his family doctor.",
    "Seen today for a review of oxygen therapy.",
    "Request for home oxygen.",
)
FILLERS = (
    "Blood pressure {110-150}/{62-90}.",
    "Weight {48-104} kg.",
    "Uses a walker outdoors.",
    "Sleeps on two pillows.",
    "Gets breathless on one flight of stairs.",
    "Takes metformin and a statin.",
    "Lives on the third floor without a lift.",
    "Heart rhythm is regular.",
    "Ankles are a little swollen in the evening.",
    "Appetite is good.",
    "Had a hip replacement in {2009-2022}.",
    "Influenza vaccination was given in October.",
    "The daughter helps with shopping.",
    "Inhaler technique was checked.",
    "Wears hearing aids.",
    "Creatinine {70-120} µmol/L.",
)
JOBS = ("teacher", "miner", "baker", "bus driver", "nurse", "welder", "clerk", "farmer")


@dataclass(frozen=True)
class Case:
    """What a note says of each fact, and what follows."""

    lung: str
    oxygen: str
    stable: str
    smoking: str

    @property
    def decision(self) -> str:
        """The policy, read by a person."""
        needed = (self.lung, self.oxygen, self.stable)
        if "no" in needed or self.smoking == "yes":
            return "not_met"
        return "undetermined" if "silent" in needed else "met"


def draw(lot: random.Random) -> Case:
    """A case: two in five meet the policy, a few notes lack a fact."""
    facts = dict.fromkeys(("lung", "oxygen", "stable"), "yes")
    smoking = lot.choice(("no", "no", "silent"))
    kind = lot.random()
    if kind < 0.38:
        changed = lot.choice(("lung", "oxygen", "oxygen", "stable", "smoking"))
        if changed == "smoking":
            smoking = "yes"
        else:
            facts[changed] = "no"
    elif kind < 0.58:
        facts[lot.choice(("lung", "oxygen", "stable"))] = "silent"
    return Case(**facts, smoking=smoking)


def fill(text: str, lot: random.Random) -> str:
    """The text with a number for each {a-b}."""
    while "{" in text:
        before, _, rest = text.partition("{")
        field, _, after = rest.partition("}")
        if field == "job":
            value = lot.choice(JOBS)
        elif field == "letter":
            value = lot.choice("ABCDEFGHKLMNPRSTW")
        else:
            low, high = map(int, field.split("-"))
            value = str(lot.randint(low, high))
        text = f"{before}{value}{after}"
    return text


def note(case: Case, half: int, lot: random.Random) -> str:
    """The text of a note; `half` chooses the wordings, 0 or 1."""
    said = []
    for fact, state in vars(case).items():
        of_state = SENTENCES[fact][state]
        said.append(lot.choice(of_state[half::2] or of_state))
    middle = [*said, *lot.sample(FILLERS, lot.randint(1, 3))]
    lot.shuffle(middle)
    return fill(" ".join(filter(None, (lot.choice(OPENINGS), *middle))), lot)


def rows(name: str, count: int, half: int, lot: random.Random) -> Iterator[dict[str, str]]:
    """Rows of a file, no note twice."""
    seen: set[str] = set()
    while len(seen) < count:
        case = draw(lot)
        text = note(case, half, lot)
        if text not in seen:
            seen.add(text)
            number = f"{name[0].upper()}{len(seen):03}"
            yield {"case": number, "note": text, "decision": case.decision}


def write(path: Path, columns: tuple[str, ...], table: Iterable[dict[str, str]]) -> None:
    """A CSV of these columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def main(folder: Path = HERE) -> None:
    """Write every file."""
    lot = random.Random(SEED)
    labelled = ("case", "note", "decision")
    write(folder / "practice.csv", labelled, rows("practice", 160, 0, lot))
    write(folder / "fresh.csv", labelled, rows("fresh", 320, 1, lot))
    inbox = list(rows("inbox", 20, 1, lot))
    write(folder / "inbox.csv", labelled[:2], inbox)
    write(folder / "reviewed.csv", labelled, inbox)


if __name__ == "__main__":
    main()
