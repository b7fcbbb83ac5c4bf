"""Mails stay within SNS's rules whatever the counts and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.models import (
    Counts,
    HeadInfo,
    Mail,
    ObjectRef,
    ProcessInfo,
    Result,
    Timings,
    Upload,
)
from winnow.steps.notification import report, subject

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


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (None, "raw score, not a probability"),
        (HeadInfo(version="0" * 12, sha256="0" * 64), "raw score, not a probability"),
        (HeadInfo(version="0" * 12, sha256="0" * 64, calibration="1"), "is calibrated"),
    ],
)
def test_a_mail_says_what_its_confidence_is(head, said):
    where = ObjectRef(bucket="results", key="results/x/id/result.json")
    result = Result(
        upload=Upload(upload_id="0" * 32, object=where, size=1),
        process=ProcessInfo(id="x", version="1.0.0", sha256="0" * 64, kind="labels"),
        model=None,
        head=head,
        threshold=0.7,
        threshold_from="process",
        counts=Counts(records=1, accepted=1),
        decisions={"a": 1},
        timings=Timings(serialize_s=0, classify_s=0, filter_s=0),
        files={},
    )
    assert said in report(result, where, file_name=False).body
