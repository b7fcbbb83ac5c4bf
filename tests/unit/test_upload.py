"""Upload ids, and the process and threshold an upload asks for."""

import hashlib

import pytest

from winnow.errors import ThresholdInvalidError
from winnow.upload import effective_threshold, requested_process, upload_id


def test_the_id_is_the_hash_of_bucket_key_and_version():
    expected = hashlib.sha256("b\ninbox/é.csv\nv1".encode()).hexdigest()[:32]
    assert upload_id("b", "inbox/é.csv", "v1") == expected
    assert upload_id("b", "inbox/é.csv", "v2") != expected


@pytest.mark.parametrize(
    ("key", "metadata", "default", "expected"),
    [
        ("inbox/91110/a.csv", {}, "", "91110"),
        ("inbox/91110/deep/a.csv", {"process": " L1 "}, "d", "L1"),
        ("inbox/a.csv", {}, "d", "d"),
        ("inbox/a.csv", {"process": ""}, "", None),
        ("inbox//a.csv", {}, "", None),
        ("other/91110/a.csv", {}, "", None),
    ],
)
def test_metadata_then_folder_then_default(key, metadata, default, expected):
    assert requested_process(key, metadata, default) == expected


def test_zero_is_a_threshold_and_the_nearest_wins():
    assert effective_threshold({"threshold": "0"}, 0.5, 0.7) == (0.0, "upload")
    assert effective_threshold({}, 0.0, 0.7) == (0.0, "stack")
    assert effective_threshold({}, None, 0.7) == (0.7, "process")


@pytest.mark.parametrize("text", ["", "high", "-0.1", "1.01", "nan", "inf", "80%", "0_1", "1_0e-1"])
def test_a_wrong_threshold_is_refused(text):
    with pytest.raises(ThresholdInvalidError):
        effective_threshold({"threshold": text}, None, 0.7)
