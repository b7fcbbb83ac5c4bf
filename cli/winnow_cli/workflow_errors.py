"""What to do about the code of a failed upload.

Most codes are those of Winnow's errors, which carry their own advice. A code that begins with
`workflow_` was made by the workflow, because a function ended without an error of its own. The rest
of the code is the name of the error in Step Functions or Lambda, such as `workflow_states_timeout`.
The message names the step.
"""

import re

from winnow.errors import catalogue

_STEP = re.compile(r"The step (\w+) stopped with ")

_TIME = ("workflow_states_timeout", "workflow_sandbox_timedout")
_MEMORY = ("workflow_runtime_out_of_memory",)
_KILLED = ("workflow_runtime_exit_error", "workflow_lambda_unknown")

_CAUSES = {
    **dict.fromkeys(_TIME, "{step} ran out of time, and would do so again."),
    **dict.fromkeys(_MEMORY, "{step} ran out of memory, and would do so again."),
    **dict.fromkeys(
        _KILLED, "{step} was ended from outside, most often because it ran out of memory."
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
        "No single record is the cause: a record that crashes the function is made invalid, and "
        "the others are judged. Give ClassifyFunction more memory (MemorySize) and deploy again, "
        "then run `winnow redrive UPLOAD_ID`.",
    ),
    "Filter": (
        "Writing the results",
        "Run `winnow redrive UPLOAD_ID` once; if it fails again, split the file into smaller "
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
        "The run took longer than its limit of four hours. Look for throttling on the "
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
    "{step} failed because its function does not start or could not be called. "
    "Look at the function's log, deploy the stack again, then run `winnow redrive UPLOAD_ID`."
)
_ANY = (
    "The workflow itself failed, not the file. Look at the run's history in Step Functions; when "
    "the cause is gone, run `winnow redrive UPLOAD_ID`."
)

LISTED = (*_TIME, *_MEMORY, *_KILLED, *_ADVICE)
"""The codes with specific advice."""


def advice_for(code: str | None, message: str = "") -> str:
    """What the user can do about a failure; `message` is the failure's message."""
    error = catalogue().get(code or "")
    if error is not None and error.hint:
        return error.hint
    if code and code.startswith("workflow_"):
        return workflow_advice(code, message)
    return "Look at the run's history in Step Functions."


def workflow_advice(code: str, message: str) -> str:
    """What the user can do about a code of the workflow; `message` is the failure's message."""
    if code in _ADVICE:
        return _ADVICE[code]
    named = _STEP.search(message)
    step = named[1] if named else ""
    activity, remedy = _FUNCTIONS.get(step, (f"The step {step}" if step else "A step", ""))
    if code in _CAUSES:
        if not remedy and step:
            return _OTHER_STEPS.format(step=step)
        cause = _CAUSES[code].format(step=activity)
        return f"{cause} {remedy}{_REPORT}" if remedy else f"{cause} {_ANY}"
    if code.startswith(_NO_START):
        return _CANNOT_START.format(step=activity)
    return _ANY
