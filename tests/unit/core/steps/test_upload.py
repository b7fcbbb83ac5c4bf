"""Upload ids, and the process and threshold an upload asks for."""

import hashlib

import pytest

from winnow.errors import ThresholdInvalidError, ThresholdRefusedError, ThresholdTooLowError
from winnow.steps.upload import (
    effective_threshold,
    requested_case_id,
    requested_date,
    requested_process,
    upload_id,
)


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
    assert effective_threshold({"threshold": "0"}, 0.5, 0.7, "any") == (0.0, "upload")
    assert effective_threshold({"threshold": "0"}, 0.0, 0.7) == (0.0, "upload")
    assert effective_threshold({}, 0.0, 0.7) == (0.0, "stack")
    assert effective_threshold({}, None, 0.7) == (0.7, "process")


@pytest.mark.parametrize("text", ["", "high", "-0.1", "1.01", "nan", "inf", "80%", "0_1", "1_0e-1"])
def test_a_wrong_threshold_is_refused(text):
    with pytest.raises(ThresholdInvalidError):
        effective_threshold({"threshold": text}, None, 0.7)


@pytest.mark.parametrize(
    ("given", "stack", "process", "expected"),
    [
        ("0.9", None, 0.7, 0.9),
        ("0.7", None, 0.7, 0.7),
        ("0.6", 0.5, 0.7, 0.6),
        ("1", 1.0, 0.0, 1.0),
    ],
)
def test_a_sender_may_raise_what_holds_without_him(given, stack, process, expected):
    assert effective_threshold({"threshold": given}, stack, process) == (expected, "upload")


@pytest.mark.parametrize(
    ("given", "stack", "process", "named"),
    [
        ("0", None, 0.7, "process's 0.7"),
        ("0.6", 0.8, 0.5, "stack's 0.8"),
        ("0.6999999999", None, 0.7, "process's 0.7"),
        ("-0", None, 0.1, "process's 0.1"),
    ],
)
def test_a_lower_one_fails_and_both_values_are_named(given, stack, process, named):
    with pytest.raises(ThresholdTooLowError) as failed:
        effective_threshold({"threshold": given}, stack, process)
    assert f"threshold of {float(given)} " in failed.value.message
    assert named in failed.value.message


@pytest.mark.parametrize("given", ["0.9", "0", "nonsense", ""])
def test_a_stack_may_take_no_sender_s_threshold_at_all(given):
    with pytest.raises(ThresholdRefusedError) as failed:
        effective_threshold({"threshold": given}, 0.8, 0.7, "refused")
    assert "stack's 0.8" in failed.value.message
    assert effective_threshold({}, 0.8, 0.7, "refused") == (0.8, "stack")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("=?UTF-8?Q?M=C3=BCller-17?=", "Müller-17"),
        ("=?utf-8?b?TcO8bGxlci0xNw==?=", "Müller-17"),
        ("=?UTF-8?Q?M=C3=BCller?= =?UTF-8?Q?-17?=", "Müller-17"),
        ("M%C3%BCller-17", "Müller-17"),
        ("MÃ¼ller-17", "Müller-17"),
        ("Müller-17", "Müller-17"),
        ("50% of 20%", "50% of 20%"),
        ("%FF-17", "%FF-17"),
        ("=?base64?Q?x?=", "=?base64?Q?x?="),
        ("=?UTF-8?Q?=00=1B?=17", "17"),
    ],
)
def test_metadata_that_is_not_ascii_is_read_as_it_was_meant(given, meant):
    assert requested_case_id({"case-id": given}) == meant


def test_process_and_threshold_are_decoded_too():
    assert requested_process("inbox/x.csv", {"process": "=?UTF-8?Q?L33774?="}, "") == "L33774"
    assert effective_threshold({"threshold": "=?UTF-8?Q?0=2E8?="}, None, 0.5) == (0.8, "upload")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, None),
        ({"record-date": "  "}, None),
        ({"record-date": " 2024-04-15 "}, "2024-04-15"),
        ({"record-date": "=?UTF-8?Q?15._M=C3=A4rz_2024?="}, "15. März 2024"),
    ],
)
def test_the_senders_date_of_the_records(metadata, expected):
    assert requested_date(metadata) == expected


def test_a_senders_date_of_any_length_is_cut():
    assert len(requested_date({"record-date": "9" * 2000}) or "") < 100
