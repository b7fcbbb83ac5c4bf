"""Facts in a case of several parts: nothing of one part is about the next."""

from datetime import date

from winnow.judging.facts.events import Event, find_events
from winnow.judging.facts.measures import Measure, find_measures
from winnow.judging.facts.sentences import begins_part, sentences
from winnow.models import PART_SEPARATOR

RECORD = date(2024, 4, 15)
HEMOGLOBIN = Measure("hemoglobin", "g/dL", 3, 25, ("hgb",))
COLONOSCOPY = Event("colonoscopy")


def joined(*parts: str) -> str:
    return PART_SEPARATOR.join(parts)


def test_the_first_sentence_of_a_part_is_known() -> None:
    text = joined("One. Two.", "Three. Four.")
    assert [begins_part(text, start) for start, _ in sentences(text)] == [False, False, True, False]


def test_a_family_s_heading_ends_with_its_part() -> None:
    family, labs = "Family history: cancer.", "Hgb 7.9 g/dL."
    assert find_measures(f"{family}\n{labs}", HEMOGLOBIN, RECORD) == []
    assert len(find_measures(joined(family, labs), HEMOGLOBIN, RECORD)) == 1


def test_a_sentence_does_not_refer_back_to_another_part() -> None:
    asked, told = "Colonoscopy in 2015.", "It was aborted."
    within = find_events(f"{asked} {told}", COLONOSCOPY, RECORD)
    assert find_events(joined(asked, told), COLONOSCOPY, RECORD) == find_events(
        asked, COLONOSCOPY, RECORD
    )
    assert within != find_events(asked, COLONOSCOPY, RECORD)
