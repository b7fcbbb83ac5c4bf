"""First suspicions that are none."""

import pytest

from winnow.judging.criteria.suspicions import (
    concludes_otherwise,
    has_returned,
    is_known,
    is_laymans,
    is_of_first_time,
)

FIRST = "Suspected Crohn's disease."


@pytest.mark.parametrize(
    "sentence",
    [
        "Crohn's disease suspected to be flaring.",
        "Crohn's suspected to be active again.",
        "Suspected Crohn's activity.",
        "Suspected active Crohn's disease.",
        "Suspected Crohn's disease relapse.",
        "Crohn's is suspected to have recurred.",
        "Previously suspected Crohn's disease.",
        "In the past Crohn's disease was suspected.",
    ],
)
def test_what_has_returned_is_no_first_suspicion(sentence: str) -> None:
    assert has_returned(sentence, FIRST)
    assert not has_returned(sentence, sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        FIRST,
        "Suspected Crohn's disease, no known bowel disease.",
        "Active symptoms, newly suspected Crohn's disease.",
        "Suspected Crohn's disease, not previously diagnosed.",
    ],
)
def test_first_suspicions(sentence: str) -> None:
    assert not has_returned(sentence, FIRST)


@pytest.mark.parametrize(
    "sentence",
    [
        "Diagnosed 2015.",
        "Dx'd at age 14.",
        "She was diagnosed in 2009.",
        "Known since 1999.",
        "On infliximab.",
        "Final diagnosis: irritable bowel.",
        "Diagnosis established: lactose intolerance.",
        "It turned out to be giardiasis.",
        "I do not share this suspicion.",
        "We disagree with the suspicion.",
        "Ileal resection for it in 2011.",
        "He has carried that diagnosis since college.",
        "The gastroenterologist has ruled it out.",
        "First bout was in 2003.",
    ],
)
def test_what_is_known_or_explained(sentence: str) -> None:
    assert is_known(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        FIRST,
        "Not diagnosed before.",
        "No prior diagnosis.",
        "No diagnosis has been made.",
        "Nobody ever diagnosed Crohn's disease.",
        "Diagnosis: suspected Crohn's disease.",
        "On denosumab.",
    ],
)
def test_what_is_neither_known_nor_explained(sentence: str) -> None:
    assert not is_known(sentence)


@pytest.mark.parametrize(
    ("sentence", "is_it"),
    [
        ("Patient suspects Crohn's disease after reading online.", True),
        ("Her mother fears Crohn's disease.", True),
        ("Crohn's disease, self-diagnosed.", True),
        ("Crohn's suspected by the patient.", True),
        ("Suspected Crohn's disease, according to her sister.", True),
        ("GI suspects Crohn's disease.", False),
        ("The patient is suspected of having Crohn's disease.", False),
        ("I suspect Crohn's disease in this patient.", False),
    ],
)
def test_whose_suspicion_it_is(sentence: str, is_it: bool) -> None:
    assert is_laymans(sentence) is is_it


@pytest.mark.parametrize(
    ("statements", "counter_statements", "is_it"),
    [
        (["First suspicion of it."], ["It has recurred."], True),
        (["First suspicion of it."], ["It has not recurred."], False),
        (["It is suspected."], ["It has recurred."], False),
    ],
)
def test_criteria_that_ask_for_a_first_suspicion(
    statements: list[str], counter_statements: list[str], is_it: bool
) -> None:
    assert is_of_first_time(statements, counter_statements) is is_it


@pytest.mark.parametrize(
    ("sentence", "is_it"),
    [
        ("Conclusion: functional bowel disorder.", True),
        ("Impression: celiac sprue.", True),
        ("Impression: no diagnosis.", False),
        ("Impression: suspected bowel disease.", False),
        ("Plan: capsule.", False),
    ],
)
def test_what_the_writer_concludes(sentence: str, is_it: bool) -> None:
    assert concludes_otherwise(sentence) is is_it
