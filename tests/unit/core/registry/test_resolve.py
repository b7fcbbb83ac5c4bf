"""Which version decides an upload."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from tests.fakes.registry import AT, a_version
from winnow.errors import ProcessUnknownError
from winnow.models import Alias
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import ProcessEntry
from winnow.registry.resolve import resolve

WHO = Who("ann", AT)
ONE, TWO = a_version(codes=("91110",)), a_version(number=2)
ENTRY = aliases.first(ONE, WHO).entry
CHALLENGED = aliases.set_challenger(ENTRY, TWO, WHO).entry
UPLOADS = [f"upload-{number}" for number in range(2_000)]


def canary(percent: int, key: str = "0f") -> ProcessEntry:
    return aliases.start_canary(CHALLENGED, WHO, key, percent).entry


def challengers(entry: ProcessEntry) -> set[str]:
    return {
        upload
        for upload in UPLOADS
        if resolve("triage", upload, (entry,)).ref.alias is Alias.CHALLENGER
    }


@pytest.mark.parametrize("name", ["triage", " TRIAGE", "91110"])
def test_a_process_is_found_by_id_or_code(name):
    found = resolve(name, "u", (ENTRY,))
    assert (found.ref.sha256, found.ref.alias, found.shadow) == (
        ONE.sha256,
        Alias.CHAMPION,
        None,
    )


def test_an_unknown_process_is_not_repeated_but_the_known_are_named():
    with pytest.raises(ProcessUnknownError) as error:
        resolve("jane-doe", "u", (ENTRY,))
    assert "triage" in error.value.message
    assert "jane" not in error.value.message


def test_an_empty_registry_says_so():
    with pytest.raises(ProcessUnknownError, match="No process is in the registry") as error:
        resolve("triage", "u", ())
    assert "winnow process publish" in error.value.hint


def test_a_challenger_without_a_release_neither_decides_nor_judges():
    assert resolve("triage", "u", (CHALLENGED,)).shadow is None


def test_a_shadow_judges_beside_the_champion():
    entry = aliases.start_shadow(CHALLENGED, WHO, "0f").entry
    for upload in UPLOADS[:50]:
        found = resolve("triage", upload, (entry,))
        assert found.ref.sha256 == ONE.sha256
        assert found.shadow is not None
        assert found.shadow.sha256 == TWO.sha256


def test_of_a_canary_the_one_that_does_not_decide_judges_beside_the_other():
    sides = {
        (found.ref.sha256, found.shadow.sha256 if found.shadow else "")
        for found in (resolve("triage", upload, (canary(50),)) for upload in UPLOADS)
    }
    assert sides == {(ONE.sha256, TWO.sha256), (TWO.sha256, ONE.sha256)}


@pytest.mark.parametrize(
    ("percent", "least", "most"), [(0, 0, 0), (10, 140, 260), (100, 2_000, 2_000)]
)
def test_a_canary_decides_its_share(percent, least, most):
    assert least <= len(challengers(canary(percent))) <= most


@given(st.integers(0, 100), st.integers(0, 100))
@settings(max_examples=examples(20), deadline=None)
def test_a_share_that_rises_keeps_the_uploads_that_it_had(one, other):
    less, more = sorted((one, other))
    assert challengers(canary(less)) <= challengers(canary(more))


def test_another_release_has_other_uploads():
    assert challengers(canary(50)) != challengers(canary(50, key="1f"))
