"""Whether a sentence says that the patient is well, or names what nobody denies."""

import pytest

from winnow.judging.criteria.symptoms import Reading, read_symptoms

WELL, ILL, SHOWN = (
    Reading(True, False, False),
    Reading(False, True, False),
    Reading(False, False, True),
)
NOTHING = Reading(False, False, False)


@pytest.mark.parametrize(
    ("sentence", "reading"),
    [
        ("Symptoms: none.", WELL),
        ("Symptoms: denies bleeding, pain.", WELL),
        ("ROS: negative.", WELL),
        ("Review of systems is negative.", WELL),
        ("Without complaints.", WELL),
        ("He is asymptomatic and feels well.", WELL),
        ("She looks great.", WELL),
        ("Healthy, no problems.", WELL),
        ("Symptoms: see page 2.", ILL),
        ("Symptoms for three weeks.", ILL),
        ("Symptoms worse after meals.", ILL),
        ("Symptoms box ticked.", ILL),
        ("Came in for her symptoms.", ILL),
        ("ROS positive.", ILL),
        ("Has gone from 210 to 178 since May.", ILL),
        ("Stool has turned like tar.", SHOWN),
        ("Got transfused three units in August.", SHOWN),
        ("DRE: gross hem.", SHOWN),
        ("Feels great, just my poop is black.", Reading(True, False, True)),
        ("ROS: see HPI.", NOTHING),
        ("ROS pending.", NOTHING),
        ("Review of systems not done.", NOTHING),
        ("Symptoms:", NOTHING),
        ("Has a healthy appetite.", NOTHING),
        ("Labs look good.", NOTHING),
        ("She is not feeling well.", NOTHING),
        ("Chief complaint: screening.", NOTHING),
        ("Return if symptoms develop.", NOTHING),
        ("Stools are brown and formed.", NOTHING),
        ("Stool test sent.", NOTHING),
        ("Takes a stool softener.", NOTHING),
        ("Father had rectal cancer.", NOTHING),
        ("Blood pressure went from 150 to 120.", NOTHING),
    ],
)
def test_reading(sentence: str, reading: Reading) -> None:
    assert read_symptoms(sentence) == reading
