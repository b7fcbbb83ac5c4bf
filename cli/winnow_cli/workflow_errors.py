"""What to do about a failure that no function of ours could tell of: codes made by the workflow.

Such a code is `workflow_` and the name that Step Functions or Lambda has for the end; the sentence
names the step.
"""

import re

_STEP = re.compile(r"The step (\w+) stopped with ")

_TIME = ("workflow_states_timeout", "workflow_sandbox_timedout")
_MEMORY = ("workflow_runtime_out_of_memory",)
_DIED = ("workflow_runtime_exit_error", "workflow_lambda_unknown")

_WHAT = {
    **dict.fromkeys(_TIME, "{step} ran out of time, and would again."),
    **dict.fromkeys(_MEMORY, "{step} ran out of memory, and would again."),
    **dict.fromkeys(
        _DIED, "{step} was ended from outside, most often because it ran out of memory."
    ),
}
_FUNCTIONS = {
    "Serialize": (
        "Reading the file",
        "Split the file into smaller ones and drop those; if it is small, save it again in the "
        "program that made it.",
    ),
    "Scan": (
        "Reading the pictures in the file",
        "Split the document into parts of fewer pages and drop those.",
    ),
    "Classify": (
        "Judging",
        "No single record is to blame: records that are too much are made invalid, one by one, and "
        "the others judged. Give ClassifyFunction more memory (MemorySize) and deploy again, then "
        "run `winnow redrive UPLOAD_ID`.",
    ),
    "Filter": (
        "Writing the results",
        "Run `winnow redrive UPLOAD_ID` once; if it ends so again, split the file into smaller "
        "ones and drop those.",
    ),
}
_REPORT = " If that does not help, report the upload id and this code; the file is kept."
_OTHER_STEPS = (
    "The table or the topic did not answer the step {step} in time. Look at the AWS status, then "
    "run `winnow redrive UPLOAD_ID`."
)
_ADVICE = {
    "workflow_timed_out": (
        "The run took longer than the four hours that a run may. Look for throttling on the "
        "dashboard (raise ReservedConcurrency or lower MapConcurrency), or split the file, then "
        "run `winnow redrive UPLOAD_ID`."
    ),
    "workflow_aborted": "Somebody stopped the run. Run `winnow redrive UPLOAD_ID` to judge it.",
    "workflow_lambda_too_many_requests_exception": (
        "The functions were throttled for two hours. Raise ReservedConcurrency, lower "
        "MapConcurrency or set MaxRuns, then run `winnow redrive UPLOAD_ID`."
    ),
}
_NO_START = ("workflow_runtime_", "workflow_lambda_", "workflow_sandbox_")
_CANNOT_START = (
    "{step} could not be done by its function at all: it does not start, or AWS could not call it. "
    "Look at the function's log, deploy the stack again, then run `winnow redrive UPLOAD_ID`."
)
_ANY = (
    "The workflow itself failed, not the file. Look at the run's history in Step Functions; when "
    "the cause is gone, run `winnow redrive UPLOAD_ID`."
)

LISTED = (*_TIME, *_MEMORY, *_DIED, *_ADVICE)
"""The codes that have advice of their own."""


def workflow_advice(code: str, message: str) -> str:
    """What the user can do about a code of the workflow; `message` is the sentence beside it."""
    if code in _ADVICE:
        return _ADVICE[code]
    found = _STEP.search(message)
    step = found[1] if found else ""
    named, todo = _FUNCTIONS.get(step, (f"The step {step}" if step else "A step", ""))
    if code in _WHAT:
        if not todo and step:
            return _OTHER_STEPS.format(step=step)
        return f"{_WHAT[code].format(step=named)} {todo or _ANY}{_REPORT if todo else ''}"
    if code.startswith(_NO_START):
        return _CANNOT_START.format(step=named)
    return _ANY
