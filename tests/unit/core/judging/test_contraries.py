"""What says the contrary of a reference, though it is about the same."""

import pytest

from winnow.judging.criteria.contraries import Reading, is_contrary

STEADY, DISTURBED = "steady", "disturbed"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The gait is normal.", {STEADY}),
        ("Sleeps as usual.", {STEADY}),
        ("Appetite unchanged.", {STEADY}),
        ("Gait abnormal.", {DISTURBED}),
        ("Her sleep has changed.", {DISTURBED}),
        ("An irregular pulse.", {DISTURBED}),
        # One that is denied is the other.
        ("The gait isn't normal.", {DISTURBED}),
        ("The gait isn’t quite normal.", {DISTURBED}),
        ("The pulse was never regular.", {DISTURBED}),
        ("His gait is no longer the same.", {DISTURBED}),
        ("Sleep is anything but normal.", {DISTURBED}),
        ("The scan failed to be normal.", {DISTURBED}),
        ("No change in sleep.", {STEADY}),
        ("She denies any pain, swelling or change.", {STEADY}),
        ("Nothing unusual.", {STEADY}),
        ("Gait not altered.", {STEADY}),
        # A denial of something else is no denial of it.
        ("No fever and a regular pulse.", {STEADY}),
        ("No fever. Gait abnormal.", {DISTURBED}),
        # Both, neither, and what was so once: nothing.
        ("Pulse regular, gait abnormal.", {STEADY, DISTURBED}),
        ("He walks with a stick.", set()),
        ("Her sleep used to be normal.", set()),
        ("The gait was normal until May.", set()),
    ],
)
def test_what_is_as_it_should_be_and_what_is_not(text: str, found: set[str]) -> None:
    assert Reading(text).states == found


@pytest.mark.parametrize(
    ("reference", "segment", "contrary"),
    [
        ("His gait is unchanged.", "His gait is abnormal.", True),
        ("A change of gait.", "The gait is as usual.", True),
        ("The scan was normal.", "The scan was not normal.", True),
        ("The scan was normal.", "The scan was unremarkable.", False),
        ("The scan was normal.", "The scan was normal, the other one abnormal.", False),
        # What excludes each other, unless both are said.
        ("Pain in the left elbow.", "Pain in the right elbow.", True),
        ("Pain in the left elbow.", "Pain in both elbows, left and right.", False),
        ("Pain in the left elbow.", "Pain in the elbow.", False),
        ("The nodule is benign.", "A malignant nodule.", True),
        ("Mild asthma.", "Severe asthma.", True),
        ("Mild asthma.", "Mild to moderate asthma.", False),
        ("She gained weight.", "She loses weight.", True),
        # A prefix that denies.
        ("The graft is viable.", "The graft is nonviable.", True),
        ("A nonsmoker.", "A smoker.", True),
        ("Hypercalcemia.", "Hypocalcemia.", True),
        ("The graft is viable.", "Informed of the form.", False),
        # What denies a word of it, in any form, and says it nowhere else.
        ("A rash on the neck.", "The neck is clear, with neither spots nor a rash.", True),
        ("The valve leaks.", "The valve: no leakage at all.", True),
        ("The valve leaks.", "It leaks at the valve, no leaks elsewhere.", False),
        ("The hearing is reduced.", "The hearing is reduced, without pain.", False),
        ("There is no rash.", "The neck has no rash.", False),
        ("Evidence of a clot.", "No evidence of a fracture, and a clot was seen.", False),
        # The same, numbered otherwise.
        ("Type 2 diabetes.", "Type 1 diabetes.", True),
        ("Stage III.", "Stage 3.", False),
        ("A fracture of the first rib.", "A fracture of the third rib.", True),
        ("A fracture of the first rib.", "Fractures of the first rib and the third rib.", False),
        ("Seen on 2 May.", "Seen on 3 May.", False),
        # Other drugs, other directions, numbers beyond a bound.
        ("He takes ramipril.", "He takes lisinopril.", True),
        ("He takes ramipril.", "He takes ramipril and atorvastatin.", False),
        ("He takes ramipril.", "He takes it.", False),
        ("Moved from day to night shift.", "Moved from night to day shift.", True),
        ("Moved from day to night shift.", "Moved from the day to the night shift.", False),
        ("Moved from the ward to the home.", "Moved from his home to the ward.", True),
        ("Ill for more than three weeks.", "Ill for over a month.", False),
        ("Ill for more than three weeks.", "Ill for 2 days.", True),
        ("A stay of at least 3 nights.", "A stay of one night.", True),
        # A comparison is not said by what has no word of more, of less, or of change.
        ("She wakes far more often than before.", "She wakes at seven.", True),
        ("She wakes far more often than before.", "She wakes more and more.", False),
        ("She wakes far more often than before.", "Her waking has increased.", False),
        ("Slept eight hours, used to be five.", "Slept eight hours.", True),
        ("Other than that she sleeps well.", "She sleeps well.", False),
        ("She sleeps rather than walks.", "She sleeps.", False),
        ("She wakes at seven.", "She wakes more often than before.", False),
    ],
)
def test_contraries(reference: str, segment: str, contrary: bool) -> None:
    assert is_contrary(reference, Reading(segment)) is contrary
