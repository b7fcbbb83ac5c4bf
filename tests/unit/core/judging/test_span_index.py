"""Many spans are looked up as if each were looked at."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from winnow.judging.text.segments import Span
from winnow.judging.text.span_index import SpanIndex

SPANS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda two: (min(two), max(two)))


@settings(max_examples=examples(300))
@given(st.lists(SPANS, max_size=8), SPANS)
def test_it_says_what_a_look_at_each_says(spans: list[Span], span: Span) -> None:
    index = SpanIndex(spans)
    start, end = span
    assert index.overlaps(span) == any(s < end and start < e for s, e in spans)
    assert index.nests_with(span) == any(
        (s <= start and end <= e) or (start <= s and e <= end) for s, e in spans
    )
