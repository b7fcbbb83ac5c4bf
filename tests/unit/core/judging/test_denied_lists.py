"""How far a denial goes over commas: into bare nouns of its list, and no further."""

import pytest

from winnow.judging.criteria.context import SegmentContext, tokens


def contexts(sentence: str, target: str) -> set[str]:
    words = tokens(sentence)
    wanted = tokens(target)
    start = next(at for at in range(len(words)) if words[at : at + len(wanted)] == wanted)
    found = set(map(str, SegmentContext(words).contexts(start, start + len(wanted))))
    return found & {"negated", "unknown"}


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("No melena, hematochezia, anemia.", "anemia"),
        ("No melena, hematochezia or new weight loss.", "weight loss"),
        ("Denies pain, blood in stool, constipation, weight loss.", "weight loss"),
        ("Negative for bleeding, unexplained weight loss, diarrhea.", "diarrhea"),
        ("Has not noticed blood, melena or bowel changes.", "melena"),
        ("Never had bleeding, anemia, or weight loss.", "anemia"),
        ("No prior EGD, colonoscopy, or imaging.", "colonoscopy"),
        ("Not scoped, no bleeding, anemia or weight loss.", "anemia"),
        ("Showed no ulcer, varices or active bleeding.", "bleeding"),
        ("No fever, Hb 14.0, no anemia.", "anemia"),
    ],
)
def test_a_denial_goes_on_into_bare_nouns(sentence: str, target: str) -> None:
    assert contexts(sentence, target) == {"negated"}


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("Never scoped, FIT positive, asymptomatic.", "fit"),
        ("Never scoped, asymptomatic.", "asymptomatic"),
        ("Hasn't had a colonoscopy, FOBT positive.", "fobt"),
        ("No prior colonoscopy, loose stools since May.", "loose stools"),
        ("No NSAIDs, ongoing melena, anemia.", "melena"),
        ("No NSAIDs, ongoing melena, anemia.", "anemia"),
        ("Not on aspirin, hematochezia for 3 weeks.", "hematochezia"),
        ("Denies smoking, new rectal bleeding.", "rectal bleeding"),
        ("No weight loss, ongoing occult bleeding.", "bleeding"),
        ("Denies pain, has rectal bleeding.", "rectal bleeding"),
        ("No pain, colonoscopy negative for polyps.", "colonoscopy"),
        ("No prior scope – rectal bleeding since Monday.", "rectal bleeding"),
    ],
)
def test_it_ends_where_something_else_is_said(sentence: str, target: str) -> None:
    assert not contexts(sentence, target)


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("Never scoped, iron deficiency, feels well.", "iron deficiency"),
        ("No meds, rectal bleeding.", "rectal bleeding"),
        ("Never smoker, rectal bleeding, never scoped.", "rectal bleeding"),
        ("Denies alcohol, iron deficiency anemia.", "anemia"),
        ("No pain, recurrent melena, anemia.", "melena"),
        ("No chest pain, no dyspnea, rectal bleeding.", "rectal bleeding"),
        ("Not diabetic, unexplained weight loss.", "weight loss"),
        ("Denies melena, ongoing pain, or fever.", "pain"),
    ],
)
def test_where_neither_is_certain_it_is_doubtful(sentence: str, target: str) -> None:
    assert contexts(sentence, target) == {"unknown"}


def test_a_long_list_is_read_in_one_go() -> None:
    assert contexts("No " + "pain, " * 60 + "melena.", "melena") == {"negated"}
