"""Segments: exact spans over all of a text, and sentence ends as Punkt decides them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scaling.measure import MOST, growth
from winnow.judging.text import segments


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in segments.spans(text)]


PIECES = st.sampled_from(
    [
        *(
            [
                "Dr.",
                "pt.",
                "mg.",
                "3.5",
                "12.",
                "pain.",
                "The",
                "a",
                "no",
                "No.",
                "e.g.",
                "U.S.",
                "what?!",
                "(yes.)",
                "...",
                "she",
                "é",
                ";",
            ]
        ),
        *('"Stop."', "\n", "\n\n", "1. ", "- ", "HISTORY:", "\t", " ", "x" * 450, "word " * 100),
        *("\u2028", "\r\n", "\x85", "\u00a0"),
    ]
)


@given(st.lists(PIECES, max_size=30).map(" ".join) | st.text(max_size=200))
def test_spans_are_exact_ordered_and_cover_everything(text: str) -> None:
    end = 0
    for start, stop in segments.spans(text):
        segment = text[start:stop]
        assert segment == segment.strip() != ""
        assert len(segment) <= segments.MAX_CHARACTERS
        assert start >= end
        assert text[end:start].strip() == ""
        end = stop
    assert text[end:].strip() == ""


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u2003\x0b\u2028"])
def test_blank_text_has_no_segments(text: str) -> None:
    assert segments.spans(text) == []


def test_abbreviations_decimals_and_initials_end_nothing() -> None:
    text = (
        "Dr. Smith gave 3.5 mg. of Fe vs. placebo, e.g. at 8 a.m. daily. "
        "Hgb was 7.1 then. J. Doe agreed."
    )
    assert split(text) == [
        "Dr. Smith gave 3.5 mg. of Fe vs. placebo, e.g. at 8 a.m. daily.",
        "Hgb was 7.1 then.",
        "J. Doe agreed.",
    ]


def test_a_sentence_may_end_in_an_abbreviation() -> None:
    assert split("Iron 325 mg t.i.d. She denies pain.") == [
        "Iron 325 mg t.i.d.",
        "She denies pain.",
    ]


def test_closing_quotes_and_brackets_stay_with_their_sentence() -> None:
    assert split('He said "Stop." (She did.) Then they left.') == [
        'He said "Stop."',
        "(She did.)",
        "Then they left.",
    ]


def test_headings_lists_and_lines() -> None:
    text = (
        "IMPRESSION:\n1. Blood loss anemia.\n2. Diverticulosis\n- iron\n\n"
        "PAST MEDICAL HISTORY: Asthma. Gout.\nHGB: 8.1"
    )
    assert split(text) == [
        "IMPRESSION:",
        "1. Blood loss anemia.",
        "2. Diverticulosis",
        "- iron",
        "PAST MEDICAL HISTORY:",
        "Asthma.",
        "Gout.",
        "HGB: 8.1",
    ]


def test_a_list_on_one_line_keeps_number_and_item_together() -> None:
    assert split("1. Check iron. 2. Repeat colonoscopy. b. Call.") == [
        "1. Check iron.",
        "2. Repeat colonoscopy.",
        "b. Call.",
    ]


def test_soft_wraps_are_joined_and_short_lines_are_not() -> None:
    wrapped = (
        "The patient was seen in the clinic because of bleeding that\r\n"
        "had begun in the spring.\r\nAsthma\r\nGout"
    )
    assert split(wrapped) == [
        "The patient was seen in the clinic because of bleeding that\r\nhad begun in the spring.",
        "Asthma",
        "Gout",
    ]


def test_a_long_line_of_a_form_is_no_soft_wrap() -> None:
    form = (
        "Source of bleeding found on upper endoscopy? [ ] Yes [x] No\n"
        "Small bowel suspected? [x] Yes [ ] No"
    )
    assert split(form) == form.split("\n")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028"])
def test_an_empty_line_ends_a_sentence_however_lines_are_broken(line_break: str) -> None:
    first = "A line that is long enough to look like one that was wrapped"
    assert split(f"{first}{line_break}second") == [f"{first}{line_break}second"]
    assert split(f"{first}{line_break}{line_break}second") == [first, "second"]


def test_long_segments_break_at_clauses() -> None:
    text = "; ".join(f"finding number {n} was seen" for n in range(40))
    parts = split(text)
    assert len(parts) > 2
    assert all(part.endswith(";") for part in parts[:-1])
    assert [len(p) for p in split("x" * 1000)] == [400, 400, 200]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Seen with Dr. Kim today. Mrs. Ray agrees.",
            ["Seen with Dr. Kim today.", "Mrs. Ray agrees."],
        ),
        (
            "Iron 325 mg p.o. b.i.d. and omeprazole 20 mg q.d. were continued.",
            ["Iron 325 mg p.o. b.i.d. and omeprazole 20 mg q.d. were continued."],
        ),
        (
            "Take iron p.o. q.d. Return in one month.",
            ["Take iron p.o. q.d.", "Return in one month."],
        ),
        ("Hgb 7.2 g/dL. Transfused.", ["Hgb 7.2 g/dL.", "Transfused."]),
        (
            "Duodenitis vs. ulcer. No. 3 of 4 cards was positive.",
            ["Duodenitis vs. ulcer.", "No. 3 of 4 cards was positive."],
        ),
        ("Lost approx. 500 mL of blood.", ["Lost approx. 500 mL of blood."]),
        (
            "Here for follow-up.She is well.I agree.",
            ["Here for follow-up.", "She is well.", "I agree."],
        ),
        ("Dear Dr Lowe, she is well.", ["Dear Dr Lowe,", "she is well."]),
        ("[x] EGD negative  [ ] known", ["[x] EGD negative", "[ ] known"]),
        ("- [x] EGD (x) CT", ["- [x] EGD", "(x) CT"]),
        ("[x] yes [ ] no", ["[x] yes [ ] no"]),
        ("Bleeding: [x] now [ ] before", ["Bleeding: [x] now [ ] before"]),
        (
            "BP 120/80. HR 88. Temp. 37.2. Wt. 70 kg.",
            ["BP 120/80.", "HR 88.", "Temp. 37.2.", "Wt. 70 kg."],
        ),
        (
            "Seen on 3.14.2023 by A. B. Cole, M.D. He was well.",
            ["Seen on 3.14.2023 by A. B. Cole, M.D.", "He was well."],
        ),
        ("St. Mary's Hosp. records reviewed.", ["St. Mary's Hosp. records reviewed."]),
        ("The pt. was seen. Pt. denies pain.", ["The pt. was seen.", "Pt. denies pain."]),
        (
            "Hx. of ulcer. Dx. of anemia in Jan. 2020.",
            ["Hx. of ulcer.", "Dx. of anemia in Jan. 2020."],
        ),
        ("R. colon normal. L. colon diverticula.", ["R. colon normal.", "L. colon diverticula."]),
        ("Melena x3 d. No pain.", ["Melena x3 d.", "No pain."]),
        ("Temp 98.6 F. Exam benign.", ["Temp 98.6 F.", "Exam benign."]),
        ("EGD neg. Colonoscopy neg. CTE neg.", ["EGD neg.", "Colonoscopy neg.", "CTE neg."]),
        ("Hx of GIB. EGD neg. in May.", ["Hx of GIB.", "EGD neg. in May."]),
        (
            "He was given vit. B12. She, i.e. his wife, agreed.",
            ["He was given vit. B12.", "She, i.e. his wife, agreed."],
        ),
        (
            "Small bowel ca. was excluded; etc. etc. Then home.",
            ["Small bowel ca. was excluded; etc. etc.", "Then home."],
        ),
        (
            "1. Anemia\n2. Melena\n3) GERD\n(4) HTN",
            ["1. Anemia", "2. Melena", "3) GERD", "(4) HTN"],
        ),
        (
            "Plan:\n- EGD\n-colonoscopy\n* CBC\n• iron\n+ capsule",
            ["Plan:", "- EGD", "-colonoscopy", "* CBC", "• iron", "+ capsule"],
        ),
        ("Plan: 1. EGD. 2. Colonoscopy. 3. CBC.", ["Plan: 1. EGD.", "2. Colonoscopy.", "3. CBC."]),
        ("1) Melena 2) Anemia 3) Fatigue", ["1) Melena", "2) Anemia", "3) Fatigue"]),
        ("#1 Melena\n#2 Anemia", ["#1 Melena", "#2 Anemia"]),
        ("#Anemia: Hgb 8. #GIB: EGD neg.", ["#Anemia: Hgb 8.", "#GIB: EGD neg."]),
        (
            "HPI: 65M with melena.\nPMH: HTN.\nMeds: iron.",
            ["HPI: 65M with melena.", "PMH: HTN.", "Meds: iron."],
        ),
        ("ASSESSMENT AND PLAN: Anemia. Melena.", ["ASSESSMENT AND PLAN:", "Anemia.", "Melena."]),
        (
            "IMPRESSION\nObscure bleeding\nPLAN\nCapsule",
            ["IMPRESSION", "Obscure bleeding", "PLAN", "Capsule"],
        ),
        ("Past Medical History:\nUlcer\nHTN", ["Past Medical History:", "Ulcer", "HTN"]),
        (
            "She has had black stools since the beginning of\nthe month and was transfused.",
            ["She has had black stools since the beginning of\nthe month and was transfused."],
        ),
        (
            "The patient reports black stools for three weeks\nand has been tired.\nNo pain.",
            ["The patient reports black stools for three weeks\nand has been tired.", "No pain."],
        ),
        (
            "Black stools for two weeks and\nno abdominal pain or nausea.",
            ["Black stools for two weeks and\nno abdominal pain or nausea."],
        ),
        ("No evidence of\nbleeding in the colon.", ["No evidence of\nbleeding in the colon."]),
        (
            "Denies melena, hematochezia,\nhematemesis, weight loss.",
            ["Denies melena, hematochezia,\nhematemesis, weight loss."],
        ),
        ("Hemoglobin 8.1\nFerritin 6\nMCV 71", ["Hemoglobin 8.1", "Ferritin 6", "MCV 71"]),
        (
            "THE PATIENT HAS MELENA. SHE IS ANEMIC. EGD WAS NORMAL.",
            ["THE PATIENT HAS MELENA.", "SHE IS ANEMIC.", "EGD WAS NORMAL."],
        ),
        (
            "patient has melena. she is anemic. egd was normal.",
            ["patient has melena.", "she is anemic.", "egd was normal."],
        ),
        ("Melena for 3 wks.Hgb 7.9.EGD normal.", ["Melena for 3 wks.", "Hgb 7.9.", "EGD normal."]),
        ("Any melena? No. Any pain? Yes!", ["Any melena? No.", "Any pain? Yes!"]),
        ("Is it Crohn's? Perhaps.", ["Is it Crohn's?", "Perhaps."]),
        ("Abdomen soft.No melena.", ["Abdomen soft.", "No melena."]),
        ("EGD-neg.no melena today", ["EGD-neg.", "no melena today"]),
        ("See report.pdf", ["See report.pdf"]),
        ("EGD (9/9): NORMAL. COLONOSCOPY: normal", ["EGD (9/9): NORMAL.", "COLONOSCOPY: normal"]),
        ("Melena (3 episodes). Pallor.", ["Melena (3 episodes).", "Pallor."]),
        (
            "Normal colonoscopy (Dr. May, 5.4.21). EGD too.",
            ["Normal colonoscopy (Dr. May, 5.4.21).", "EGD too."],
        ),
        ("Hgb 7.2... then 8.1. Stable.", ["Hgb 7.2... then 8.1.", "Stable."]),
        (
            "Seen at 10 a.m. Bleeding at 4 p.m. again.",
            ["Seen at 10 a.m.", "Bleeding at 4 p.m. again."],
        ),
        (
            "Ferritin was 5 ng/mL. Iron sat. 4%. TIBC 450.",
            ["Ferritin was 5 ng/mL.", "Iron sat. 4%.", "TIBC 450."],
        ),
        ("Discussed w/ pt. She agrees.", ["Discussed w/ pt.", "She agrees."]),
        (
            "Lost 100 cc. Total loss 320 cc. Ref. no. 12.",
            ["Lost 100 cc.", "Total loss 320 cc.", "Ref. no. 12."],
        ),
        (
            "Follow up in 2 wks. Call p.r.n. bleeding.",
            ["Follow up in 2 wks.", "Call p.r.n. bleeding."],
        ),
        (
            "S: black stools\nO: Hgb 8\nA: GIB\nP: VCE",
            ["S: black stools", "O: Hgb 8", "A: GIB", "P: VCE"],
        ),
        ("a. EGD normal\nb. colonoscopy normal", ["a. EGD normal", "b. colonoscopy normal"]),
        (
            "i. EGD normal\nii. colonoscopy normal\niv. CTE",
            ["i. EGD normal", "ii. colonoscopy normal", "iv. CTE"],
        ),
        ("1.EGD normal\n2.Colonoscopy normal", ["1.EGD normal", "2.Colonoscopy normal"]),
        ("Hgb:8.1 | Ferritin:6", ["Hgb:8.1 | Ferritin:6"]),
        (
            "Date: 01/02/2023\nTime: 10:30\nMelena: yes",
            ["Date: 01/02/2023", "Time: 10:30", "Melena: yes"],
        ),
        ("She had no bleeding.\n\n\nHe did.", ["She had no bleeding.", "He did."]),
        (
            "Esophagus: normal. Stomach: normal. Duodenum: normal.",
            ["Esophagus: normal.", "Stomach: normal.", "Duodenum: normal."],
        ),
        ("Melena - no\nPallor - yes", ["Melena - no", "Pallor - yes"]),
        ("Hepatitis A\nGout", ["Hepatitis A", "Gout"]),
        ("Grade 1. Later grade 2. Then well.", ["Grade 1.", "Later grade 2.", "Then well."]),
        ("1. Melena 2. Anemia 3. Gout", ["1. Melena", "2. Anemia", "3. Gout"]),
        ("Vitamin B. Dr. May agrees.", ["Vitamin B. Dr. May agrees."]),
    ],
)
def test_clinical_notes(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize("unit", [".", "a.", "x ", "\n", "! "])
def test_time_grows_with_the_text_and_not_faster(unit: str) -> None:
    def spans(text: str) -> Callable[[], object]:
        return lambda: segments.spans(text)

    assert growth(spans, lambda size: unit * (size // len(unit)), 100_000) <= MOST


def test_fields_of_one_line_are_told_apart() -> None:
    assert split("EGD done: N. Colonoscopy done: Y. Order: capsule.") == [
        "EGD done: N.",
        "Colonoscopy done: Y.",
        "Order: capsule.",
    ]
    assert split("Seen by: N. Colonna.") == ["Seen by: N. Colonna."]


def test_a_question_mark_in_front_of_its_word_ends_nothing() -> None:
    assert split("Ordered for tired, ? anemia.") == ["Ordered for tired, ? anemia."]
    assert split("Is it anemia? Iron is low.") == ["Is it anemia?", "Iron is low."]
