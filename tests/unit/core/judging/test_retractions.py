"""Sentences that take back what a record says."""

import pytest

from winnow.judging.criteria.retractions import Retraction, is_over, retraction

R, B, S, A = Retraction.RECORD, Retraction.BEFORE, Retraction.SYMPTOMS, Retraction.ADDED
Q = Retraction.REQUEST


@pytest.mark.parametrize(
    ("sentence", "taken"),
    [
        ("This is a test record.", R),
        ("Sample note for training purposes only.", R),
        ("Made-up vignette.", R),
        ("Fictional case for teaching.", R),
        ("Not our patient.", R),
        ("Filed in the wrong chart.", R),
        ("ENTERED IN ERROR", R),
        ("Author retracts this note.", R),
        ("This report was withdrawn on 3/2.", R),
        ("VOID.", R),
        ("Please disregard this entire entry.", R),
        ("Correction: that was the brother's report.", B),
        ("Erratum: wrong results were pasted here.", B),
        ("The above refers to bed 12, not to this patient.", B),
        ("The foregoing is from an old admission.", B),
        ("None of the above applies now.", B),
        ("Everything above was written for bed 4.", B),
        ("What is written above no longer holds.", B),
        ("None of what is above has been checked.", B),
        ("(All of this from the 2016 admission.)", B),
        ("Today none of this applies any more.", B),
        ("The preceding paragraph describes his twin.", B),
        ("Text above copied forward from 2016 and not re-verified.", B),
        ("Cloned note.", B),
        ("All of this has since resolved.", S),
        ("These problems are now gone.", S),
        ("Addendum: pathology now shows a tumor.", A),
        ("Late entry: the lab called, sample swapped.", A),
        ("Misfiled.", R),
        ("Delete.", R),
        ("Scratch that, I was looking at his brother's chart.", R),
        ("Strike that, different patient.", R),
        ("Forget that, it's Mr Hall's history.", R),
        ("Please delete this, wrong window.", R),
        ("Oops, wrong tab.", R),
        ("I mixed him up with Mr. Ortiz.", R),
        ("I confused two charts.", R),
        ("That was the last case; now to Mrs. Bell, who has gout.", R),
        ("Whoops, that is Mrs. Ames.", R),
        ("Will be moved to the right MRN.", R),
        ("Next patient: Mr. Ode, gout.", R),
        ("11-year-old male cat.", R),
        ("Ah no, that is the other Ms. Lind.", R),
        ("This dictation was meant for Mr. Olsen.", R),
        ("All this concerns her sister.", R),
        ("Never mind, that's room 4.", R),
        ("Family wants no further tests; request withdrawn.", Q),
        ("Order cancelled at his wish.", Q),
        ("We withdraw our request.", Q),
    ],
)
def test_taken_back(sentence: str, taken: Retraction) -> None:
    assert retraction(sentence) is taken


@pytest.mark.parametrize(
    "sentence",
    [
        "The above was discussed with the patient.",
        "Above plan discussed with wife.",
        "I have reviewed the above and agree.",
        "All of this was explained to her.",
        "Given the above, capsule endoscopy is requested.",
        "As above, he needs a capsule.",
        "Test results as listed above.",
        "FIT above the cutoff.",
        "Correction of anemia with iron is under way.",
        "This note was dictated with voice software; errors may occur.",
        "The stool sample was guaiac positive.",
        "Both endoscopies were complete and found nothing that bleeds.",
        "None of these showed a source.",
        "Hemoglobin 7.9.",
        "Please do not forget that he is on warfarin.",
        "This is Mr. Hall's third visit.",
        "Discussed with Mr. Hall and his wife.",
        "Next visit in a week.",
        "He moved here last year.",
        "I reviewed his chart.",
        "We request authorization.",
        "Retired veterinarian, lives with a 9-year-old dog.",
        "CLINIC NOTE (fictional, written for this project)",
    ],
)
def test_not_taken_back(sentence: str) -> None:
    assert retraction(sentence) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Since the TAVR there has not been another episode.",
        "Resolved after rivaroxaban was stopped.",
        "Stopped on its own.",
        "Has not recurred.",
        "Has been well since.",
        "No further episodes since May.",
        "Since then nothing has come back.",
        "Symptom-free for a year.",
        "Nothing more after the stent came out.",
        "He has been free of it for two years.",
        "The problem has not come up again.",
        "The last episode was two years ago.",
    ],
)
def test_over_without_a_subject(sentence: str) -> None:
    assert is_over(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Stopped aspirin in May.",
        "Off apixaban since June.",
        "No new medication.",
        "No other problems.",
        "[ ] resolved",
        "The bleeding has gone on regardless.",
        "No fever.",
    ],
)
def test_not_over(sentence: str) -> None:
    assert not is_over(sentence)
