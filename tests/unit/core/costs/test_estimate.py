"""What a file will take: by hand, and never less for more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.costs.estimate import Chunking, Rates, estimate
from winnow.costs.prices import price_list
from winnow.costs.runs import run_cost

US = price_list("us-east-1")


def test_an_estimate_by_hand():
    rates = Rates(sentences_s=100, read_s=1_000, filter_s=1_000, call_s=1.0, memory_mb=1_024)
    found = estimate(2_000, 4_000, rates)
    assert found.chunks == 2
    # A second for the call and two to read; a second for each chunk and 40 to judge.
    assert found.units.serialize is not None
    assert (found.units.serialize.ms, found.units.serialize.mb_ms) == (3_000, 3_000 * 1_024)
    assert (found.units.classify.calls, found.units.classify.ms) == (2, 42_000)
    # Two chunks and the end: three calls of a second, and two to split.
    assert (found.units.filter.calls, found.units.filter.ms) == (3, 5_000)
    assert found.units.workflow.transitions == 10 + 2 * 3
    # Both chunks at once: 3 to read, 21 to judge and split, two calls each, one at the end.
    assert found.seconds == pytest.approx(3 + 21 + 2 + 1)


def test_long_records_make_more_chunks():
    assert estimate(10, 1_000, chunking=Chunking(records=1_000, sentences=100)).chunks == 10


def test_pictures_are_decoded_kept_and_judged_each():
    rates = Rates(pictures_s=10, decoded_s=5, filter_s=1_000, call_s=1.0, memory_mb=1_024)
    found = estimate(200, 0, rates, of_pictures=True)
    assert found.chunks == 2
    assert found.units.serialize is None
    assert found.units.scan is not None
    # A second for the call and 40 to decode, with two cores; a picture each, pixels, and chunks.
    assert (found.units.scan.ms, found.units.scan.mb_ms) == (41_000, 41_000 * 3_538)
    assert found.units.scan.s3_puts == 200 + 2 + 2 + 1
    assert found.units.classify.ms == 22_000
    assert found.units.workflow.transitions == 11 + 2 * 3
    assert found.seconds == pytest.approx(41 + (20 + 0.2) / 2 + 2 + 1)


@given(st.integers(1, 10**5), st.integers(1, 10**5))
def test_more_pictures_never_cost_less_and_never_less_than_texts(records: int, more: int):
    few, many = (estimate(n, 0, of_pictures=True) for n in (records, records + more))
    assert few.seconds <= many.seconds + 1e-9
    assert run_cost(few.units, records, US).usd <= run_cost(many.units, records, US).usd
    assert (
        run_cost(estimate(records, 0).units, records, US).usd < run_cost(few.units, records, US).usd
    )


def test_a_file_without_records_has_no_estimate():
    with pytest.raises(ValueError, match="without records"):
        estimate(0, 0)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_more_records_never_cost_less(records: int, more: int, sentences: int):
    few = run_cost(estimate(records, sentences).units, records, US)
    many = run_cost(estimate(records + more, sentences).units, records + more, US)
    assert few.usd <= many.usd
