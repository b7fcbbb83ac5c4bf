"""Mails stay within SNS's rules whatever the counts and names."""

from hypothesis import given
from hypothesis import strategies as st

from winnow.mail import subject
from winnow.models import Counts, Mail

COUNT = st.integers(0, 10**9)


@given(COUNT, COUNT, COUNT, st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z"))
def test_a_subject_is_short_printable_ascii(accepted, review, invalid, process):
    counts = Counts(accepted=accepted, review=review, invalid=invalid)
    made = Mail(subject=subject(counts, process), body="x")
    assert len(made.subject) < 100


def test_a_subject_names_only_what_there_is():
    assert subject(Counts(accepted=37, review=5), "L33774") == (
        "Winnow L33774: 37 accepted, 5 to review"
    )
    assert subject(Counts(accepted=0), "x") == "Winnow x: 0 accepted"
