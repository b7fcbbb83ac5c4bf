"""What exams found, by the form of their names."""

import pytest

from winnow.judging.criteria.exams import finds_something
from winnow.judging.text.shorthand import expand_shorthand


@pytest.mark.parametrize(
    "sentence",
    [
        "EGD was clean, but the colonoscopy found a friable cecal mass.",
        "Colonoscopy negative and EGD with a duodenal ulcer, clipped.",
        "Upper endoscopy unremarkable, lower endoscopy: rectal cancer.",
        "EGD no source, colonoscopy with actively bleeding diverticulum.",
        "EGD 3/1 normal, colonoscopy 3/2 normal, repeat EGD 3/9 Cameron ulcers with clot.",
        "First colonoscopy negative, second colonoscopy: ischemic changes, oozing.",
        "OGD normal and colonoscopy a caecal carcinoma.",
        "EGD negative while the colonoscopy showed large bleeding hemorrhoids.",
        "Colonoscopy no evidence of Crohn's, MR enterography typical for Crohn's.",
        "MRE no inflammation, colonoscopy with deep ulcers in the ileum.",
    ],
)
def test_a_second_exam_of_a_sentence_has_a_result_of_its_own(sentence: str) -> None:
    assert finds_something(expand_shorthand(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "Arteriogram: active extravasation from a gastroduodenal branch, coiled.",
        "ERCP yesterday showed hemobilia.",
        "CT: 5 cm pancreatic pseudoaneurysm.",
        "Meckel scan positive.",
        "Laparotomy yesterday: ileal leiomyoma, removed.",
        "Double balloon enteroscopy found and treated three angioectasias.",
        "Capsule of 3/3 last week with an oozing ileal ulcer.",
        "Capsule done last week: bleeding jejunal GIST, surgery booked.",
        "Biopsies came back as intestinal tuberculosis.",
        "EGD and colonoscopy were negative, but on review a bleeding Cameron lesion is seen.",
        "A duodenal ulcer was clipped.",
    ],
)
def test_what_any_exam_found_is_heard_by_its_form(sentence: str) -> None:
    assert finds_something(expand_shorthand(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "Upper and lower endoscopy failed to be negative.",
        "EGD and colonoscopy are no longer negative since last week.",
        "The upper and lower endoscopy cannot be called normal.",
        "Colonoscopy and EGD: hardly unremarkable.",
        "EGD and colonoscopy were wrongly reported as negative.",
        "Neither EGD nor colonoscopy was really negative.",
    ],
)
def test_a_negative_result_that_is_denied_is_none(sentence: str) -> None:
    assert finds_something(expand_shorthand(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "EGD and colonoscopy negative.",
        "OGD with D2 biopsies and colonoscopy to the caecum were both normal in June.",
        "Ileocolonoscopy with biopsies and MRE normal.",
        "EGD 2/2 and colonoscopy 2/9 without bleeding site; tagged RBC scan 2/11 no extravasation.",
        "EGD unrevealing, colonoscopy showed a few diverticula without bleeding.",
        "EGD and colonoscopy failed to show the source.",
        "Neither the gastroscopy nor the colonoscopy showed where the blood comes from.",
        "GI scoped from above and below; no source found on EGD or colonoscopy.",
        "No source on EGD, colonoscopy or push enteroscopy.",
        "EGD and colonoscopy negative, but she continues to bleed.",
        "She underwent EGD and colonoscopy at an outside hospital on May 2.",
        "EGD negative, colonoscopy negative, likely small bowel AVM, VCE requested.",
        "Capsule endoscopy is requested to find the source.",
        "If the capsule shows angioectasias, enteroscopy will follow.",
        "Laparotomy with intraoperative enteroscopy is being considered.",
        "Recommend capsule endoscopy, then balloon enteroscopy guided by result.",
        "Surgery is following.",
        "Deep enteroscopy at the university hospital if the capsule shows a lesion.",
        "EGD and colonoscopy at the regional referral center in May.",
        "Mr K., born 1949, mechanical aortic valve.",
        "No history of ulcer.",
        "A bleeding lesion of the jejunum is suspected.",
        "Small bowel angioectasia suspected.",
        "Weight loss and oral ulcers.",
    ],
)
def test_exams_that_found_nothing_or_are_to_come(sentence: str) -> None:
    assert not finds_something(expand_shorthand(sentence))
