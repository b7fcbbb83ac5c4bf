"""What `winnow why` says of an end that no function of ours could tell of."""

import itertools
from pathlib import Path

import pytest

from winnow.errors import UploadAbandonedError
from winnow_cli.workflow_errors import LISTED, advice_for, workflow_advice

DEATHS = [
    ("workflow_states_timeout", "States.Timeout", "time"),
    ("workflow_sandbox_timedout", "Sandbox.Timedout", "time"),
    ("workflow_runtime_out_of_memory", "Runtime.OutOfMemory", "memory"),
    ("workflow_runtime_exit_error", "Runtime.ExitError", "memory"),
    ("workflow_lambda_unknown", "Lambda.Unknown", "memory"),
]
STEPS = {
    "Serialize": "Split the file",
    "Scan": "fewer pages",
    "Classify": "MemorySize",
    "Filter": "winnow redrive UPLOAD_ID",
}
PAGE = Path(__file__).parents[3] / "docs" / "errors.md"


@pytest.mark.parametrize(("death", "step"), list(itertools.product(DEATHS, STEPS)))
def test_a_function_that_died_is_told_with_its_step_and_what_to_do(death, step):
    code, name, of = death
    said = workflow_advice(code, f"The step {step} stopped with {name}.")
    assert f"out of {of}" in said
    assert STEPS[step] in said
    assert "report the upload id" in said
    assert "ubmit" not in said, "the same file would end in the same way"


def test_steps_are_told_apart():
    told = {workflow_advice(DEATHS[0][0], f"The step {one} stopped with X.") for one in STEPS}
    assert len(told) == len(STEPS)


@pytest.mark.parametrize("step", ["Claim", "Record", "Notify"])
def test_a_service_that_did_not_answer_is_no_fault_of_the_file(step):
    said = workflow_advice(
        "workflow_states_timeout", f"The step {step} stopped with States.Timeout."
    )
    assert step in said
    assert "did not answer" in said
    assert "Split" not in said


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("workflow_timed_out", "four hours"),
        ("workflow_aborted", "Somebody stopped"),
        ("workflow_lambda_too_many_requests_exception", "throttled"),
        ("workflow_runtime_import_module_error", "does not start"),
        ("workflow_runtime_unknown", "does not start"),
        ("workflow_states_exceed_tolerated_failure_threshold", "history"),
        ("workflow_something_new", "history"),
        ("workflow_states_timeout", "A step ran out of time"),
    ],
)
def test_every_other_end_has_its_advice(code, word):
    said = workflow_advice(code, "")
    assert word in said
    assert "winnow redrive UPLOAD_ID" in said


def test_the_page_lists_what_has_advice_of_its_own():
    page = PAGE.read_text("utf-8")
    for code in LISTED:
        assert f"`{code}`" in page


@pytest.mark.parametrize("code", ["workflow_states_timeout", "something_new", None])
def test_every_failure_has_advice(code: str | None) -> None:
    assert advice_for(code)


def test_the_advice_of_an_error_of_ours_is_its_own() -> None:
    assert advice_for(UploadAbandonedError.code) == UploadAbandonedError.hint
