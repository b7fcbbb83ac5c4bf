"""Windows, parts and sections of a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.encoder import FakeEncoder
from winnow.judging.text import segments
from winnow.judging.text.similarity import (
    NOT_COMPARED,
    SegmentScorer,
    list_parts,
    sections,
    windows,
)
from winnow.models import PART_BREAK, PART_SEPARATOR


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("EGD was done. It was normal.", ["EGD was done. It was normal."]),
        ("EGD was done. Colonoscopy was normal.", []),
        ("EGD and CT. Both were normal. They cost a lot.", None),
        ("EGD was done. Both EGD and CT were normal.", []),
        ("EGD twice. Neither study told.", ["EGD twice. Neither study told."]),
        ("EGD WAS DONE. IT WAS NORMAL.", ["EGD WAS DONE. IT WAS NORMAL."]),
        ("Indication: blood. Findings: a mass.", []),
        ("EGD normal; CT pending", ["EGD normal", "CT pending"]),
        ("One. Two. Three.", []),
        ("", []),
    ],
)
def test_windows(text: str, found: list[str] | None) -> None:
    spans = segments.spans(text)
    pieces = [text[start:end] for start, end in windows(text, spans)]
    if found is None:
        assert pieces == [
            "EGD and CT. Both were normal.",
            "EGD and CT. Both were normal. They cost a lot.",
            "Both were normal. They cost a lot.",
        ]
    else:
        assert pieces == found


def test_windows_are_no_longer_than_a_segment() -> None:
    text = f"{'word ' * 70}ends. It {'goes ' * 20}on."
    assert windows(text, segments.spans(text)) == []


def test_what_is_behind_the_end_of_a_part_does_not_refer_back() -> None:
    text = f"EGD was repeated in June.{PART_SEPARATOR}It was normal. It bled."
    found = [text[start:end] for start, end in windows(text, segments.spans(text))]
    assert found == ["It was normal. It bled."]


def test_a_section_ends_with_its_part() -> None:
    text = f"FAMILY HISTORY:\nAnemia.\n\nCancer.{PART_SEPARATOR}Melena."
    assert sections(text, segments.spans(text)) == [*["family history"] * 3, ""]


@given(st.lists(st.text("ab. \n,:;-(1)ACno", min_size=1), min_size=1, max_size=4))
def test_no_sentence_and_no_window_is_in_two_parts(parts: list[str]) -> None:
    text = PART_SEPARATOR.join(parts)
    spans = segments.spans(text)
    assert not [text[s:e] for s, e in [*spans, *windows(text, spans)] if PART_BREAK in text[s:e]]


def test_sections() -> None:
    text = (
        "FAMILY HISTORY:\nMother with anemia.\nSisters well.\nPAST MEDICAL HISTORY:\nUlcer.\n"
        "EGD 3/14: an ulcer.\nASSESSMENT:\nMelena.\nNote: Family history: none."
    )
    spans = segments.spans(text)
    found = {text[s:e]: name for (s, e), name in zip(spans, sections(text, spans), strict=True)}
    assert found["Mother with anemia."] == found["Sisters well."] == "family history"
    assert found["Ulcer."] == found["EGD 3/14: an ulcer."] == "past medical history"
    assert found["Melena."] == found["Note: Family history: none."] == ""


def test_a_heading_with_text_behind_it_goes_on_until_any_other() -> None:
    text = "PMH: stroke.\nUlcer.\nExam: well.\nMelena.\nPMH:\nCardiac: angina.\nGout."
    spans = segments.spans(text)
    found = {text[s:e]: name for (s, e), name in zip(spans, sections(text, spans), strict=True)}
    assert found["Ulcer."] == "pmh"
    assert found["Exam: well."] == found["Melena."] == ""
    # Below a heading that is alone, others are parts of it.
    assert found["Cardiac: angina."] == found["Gout."] == "pmh"


def test_one_encoder_call_and_the_number_of_sentences() -> None:
    encoder = FakeEncoder()
    compare = SegmentScorer(encoder, ["Anemia."], structure=True)
    encoder.calls.clear()
    sheet = compare(["EGD was done. It was normal.", "Melena; anemia."])
    assert sheet.sentences == [2, 1]
    assert [len(spans) for spans in sheet.spans] == [3, 3]
    assert len(encoder.calls) == 1
    assert sheet.similarity.shape == (6, 1)


def test_a_sentence_under_two_headings_is_two() -> None:
    compare = SegmentScorer(FakeEncoder(), ["Anemia."], structure=True)
    sheet = compare(["FAMILY HISTORY:\nAnemia.\nASSESSMENT:\nAnemia."])
    assert sheet.unique.count("Anemia.") == 2
    assert sheet.sections[sheet.unique.index("Anemia.")] == "family history"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hb 7, melena, EGD neg", ["Hb 7", "melena", "EGD neg"]),
        ("Hb 7, tired, pale, melena", ["Hb 7, tired, pale", "melena"]),
        ("EGD showed polyps, melena, Hb 7", []),
        ("EGD: polyps, no melena", []),
        ("melena, tired, pale", []),
        ("Hb 7 - melena; EGD neg", ["Hb 7", "melena", "EGD neg"]),
        ("EGD normal, EGD with ulcer, Hb 7", ["EGD normal", "EGD with ulcer", "Hb 7"]),
        ("EGD neg, both melena", []),
        ("Scopes (EGD) - no melena", []),
        ("Hb 7, EGD neg. r/o melena", ["Hb 7", "EGD neg", "r/o melena"]),
        ("Hb 7, melena, needs VCE", ["Hb 7", "melena", "needs VCE"]),
        ("44F, melena", ["44F", "melena"]),
        ("Hb at 61. no melena, tired", ["Hb at 61", "no melena, tired"]),
        ("Hb low, melena, pain: none", []),
        ("Hb low, melena: none, EGD neg", ["Hb low", "melena: none", "EGD neg"]),
        ("EGD, melena tests and Hb are normal", []),
    ],
)
def test_a_list_is_cut_where_the_topic_changes(text: str, parts: list[str]) -> None:
    def topics(piece: str) -> frozenset[int]:
        return frozenset(at for at, word in enumerate(("Hb", "melena", "EGD")) if word in piece)

    found = [text[start:end] for start, end in list_parts(text, 0, len(text), topics)]
    assert found == parts


def test_names_of_columns_are_compared_with_nothing() -> None:
    compare = SegmentScorer(
        FakeEncoder(), ["Anemia."], structure=True, topics=lambda piece: frozenset()
    )
    sheet = compare(["Date | Hgb | FOBT\n06/02 | 10.1 | POS"])
    assert [part.is_cut for part in sheet.parts] == [True, False]


def test_what_nobody_accepts_is_not_encoded() -> None:
    encoder = FakeEncoder()
    compare = SegmentScorer(
        encoder, ["Anemia."], structure=True, accepts=lambda plain: "Anemia" in plain
    )
    encoder.calls.clear()
    sheet = compare(["Anemia. Tired.", "FAMILY HISTORY:\nAnemia."])
    assert encoder.calls == [["Anemia."]]
    assert [row != NOT_COMPARED for row in sheet.compared.tolist()] == [
        text == "Anemia." for text in sheet.unique
    ]
    assert sheet.similarity[sheet.compared.max(), 0] > 0
    encoder.calls.clear()
    assert compare(["Tired."]).similarity.shape == (0, 1)
    assert not encoder.calls


@pytest.mark.parametrize("accepted", ["", "bled"])
def test_a_text_has_the_mean_vector_of_its_sentences_that_were_encoded(accepted: str) -> None:
    encoder = FakeEncoder()
    texts = ["He bled. It was done. They left. He bled.", "", "Nothing.", "She bled."]
    scorer = SegmentScorer(encoder, ["He bled."], structure=True, accepts=lambda t: accepted in t)
    for number, vector in enumerate(scorer(texts).vectors):
        spans = segments.spans(texts[number])
        sentences = [texts[number][start:end] for start, end in spans]
        compared = [sentence for sentence in sentences if accepted in sentence]
        if not compared:
            assert vector is None
            continue
        expected = encoder(compared).sum(axis=0, dtype=np.float64)
        found = np.frombuffer(vector or b"", np.int8).astype(np.float64)
        assert np.abs(found).max() == 127
        assert np.abs(found - expected * (127 / np.abs(expected).max())).max() <= 0.51
