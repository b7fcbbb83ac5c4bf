"""Every state of the two machines, by its kind: all fields it may have.

What expressions compute is not looked at here: tests/statemachine runs them. The exceptions name a
state; what is about the run of a whole machine is in test_states.py.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models.dynamo_type import Item

from tests.template.rules.shape import UNKNOWN, AnyOrder, Maybe, problems, text
from tests.template.rules.stack import Stack
from tests.template.test_states import THROTTLED, TRANSIENT
from winnow.recovery.upload_row import LEASE_S

RESOURCE = "arn:${Partition}:states:::"
# Service -> first wait, longest wait, and tries: of what is throttled, and of any other passing
# fault. Waits double, with full jitter.
WAITS = {
    "lambda": (2, 60, 240, 8),
    "dynamodb": (1, 30, 20, 6),
    "sns": (2, 60, 20, 6),
}
# Task of a function -> seconds it is given beyond the function's own limit.
LONGER_THAN_FUNCTION = 30
TIMEOUT = 30

# State -> where it goes when it fails; all others go to Explain.
HANDLERS = {
    "ClassifyChunk": "ExplainChunk",
    "ClassifyPart": "ExplainChunk",
    "FilterChunk": "ExplainChunk",
    "NoteFailure": "ChunkFailed",
    "RecordFailure": "NotifyFailure",
    "NotifyFailure": "Unmailed",
    "RecordStopped": "NotifyStopped",
    "NotifyStopped": "NotMailed",
}
# State -> where it goes on, where nobody outside could tell.
NEXT = {"NoteFailure": "ChunkFailed"}
# State -> errors that it catches by name, and where it goes then.
REFUSED = ("DynamoDB.ConditionalCheckFailedException",)
# What a worker's death looks like, and one that is about to take too long.
DIED = (
    *("Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout", "Lambda.Unknown"),
    *("States.Timeout", "ChunkTooSlowError"),
)
CAUGHT: dict[str, list[tuple[tuple[str, ...], str]]] = {
    "ClassifyChunk": [(DIED, "Halve")],
    "ClassifyPart": [(DIED, "Halve")],
    "Claim": [(REFUSED, "Duplicate")],
    "RecordFailure": [(REFUSED, "Duplicate")],
    "RecordStopped": [(REFUSED, "AlreadyRecorded")],
}
# Choice -> what it looks at, and where it goes.
CHOICES: dict[str, list[Any]] = {
    # A folder is empty: what has content is an upload, whatever its key ends with.
    "IsFolder": [
        {
            "And": AnyOrder(
                [
                    {
                        "Or": AnyOrder(
                            [
                                {"Variable": "$.upload.object.key", "StringMatches": ending}
                                for ending in ("*/", "*_$folder$")
                            ]
                        )
                    },
                    {"Variable": "$.upload.size", "NumericEquals": 0},
                ]
            ),
            "Next": "Folder",
        }
    ],
    "NeedsScan": [{"Variable": "$.serialized.needs", "IsPresent": True, "Next": "Scan"}],
    "PartsLeft": [
        {"Variable": "$.hopeless", "BooleanEquals": True, "Next": "ExplainChunk"},
        {"Variable": "$.todo[0]", "IsPresent": True, "Next": "ClassifyPart"},
    ],
    "IsUnmailed": [
        {
            "Variable": "$.failure.code",
            "StringEquals": "workflow_unmailed",
            "Next": "NotifyStopped",
        }
    ],
}
OTHERWISE = {
    "IsFolder": "Claim",
    "NeedsScan": "Classify",
    "PartsLeft": "FilterChunk",
    "IsUnmailed": "RecordStopped",
}

# The rows that a write may meet, at the hour 1000.
ROWS: dict[str, dict[str, Any]] = {
    "none": {},
    "own": {"state": "RUNNING", "run": "this", "lease_until": 2000},
    "own, its lease over": {"state": "RUNNING", "run": "this", "lease_until": 500},
    "running": {"state": "RUNNING", "run": "another", "lease_until": 2000},
    "died": {"state": "RUNNING", "run": "another", "lease_until": 500},
    "failed": {"state": "FAILED", "run": "another"},
    "failed, and redriven": {"state": "FAILED", "run": "superseded"},
    "failed, redriven and erased": {"state": "FAILED", "run": "superseded", "erased_at": "then"},
    "own failed": {"state": "FAILED", "run": "this", "error_code": "told"},
    "own failed, untold": {"state": "FAILED", "run": "this", "error_code": "another"},
    "own succeeded": {"state": "SUCCEEDED", "run": "this"},
    "succeeded": {"state": "SUCCEEDED", "run": "another"},
    "succeeded, and redriven": {"state": "SUCCEEDED", "run": "superseded"},
}
OWN = {"own", "own, its lease over"}
# State -> the rows that it may write.
MAY_WRITE = {
    "Claim": {"none", *OWN, "died", "failed, and redriven"},
    "NoteFailure": OWN,
    # Once more, where the answer to the first try was lost.
    "Record": {*OWN, "own succeeded"},
    "RecordFailure": {"none", *OWN, "own failed", "own failed, untold", "own succeeded"},
    # A run that was stopped after it recorded its end has not told anybody.
    "RecordStopped": {"none", *OWN, "own failed, untold", "own succeeded"},
}
GIVEN = {":run": "this", ":supersedes": "superseded", ":now": 1000, ":code": "told"}
STATES = {":running": "RUNNING", ":failed": "FAILED", ":succeeded": "SUCCEEDED"}
# Exceptions: their values, and one's names, are computed, since one of them may be missing.
COMPUTED_NAMES = {"RecordFailure"}
COMPUTED_VALUES = {"RecordFailure", "RecordStopped"}
READER = {
    "Resource": f"{RESOURCE}s3:getObject",
    "ReaderConfig": {"InputType": "JSONL"},
    "Parameters": {
        "Bucket.$": "$.serialized.manifest.bucket",
        "Key.$": "$.serialized.manifest.key",
    },
}


def violations(stack: Stack) -> Iterator[str]:
    """Everything about the machines that no rule allows."""
    for machine, definition in stack.machines.items():
        wanted = {
            "Comment": text(20),
            "StartAt": text(),
            "TimeoutSeconds": {"triage": 14400, "stopped": 1800}.get(machine),
            "States": lambda found: None if isinstance(found, dict) and found else "states",
        }
        yield from problems(machine, wanted, definition)
        yield from _ways(machine, definition)
        for name, state, states in every_state(definition):
            yield from problems(f"{machine}.{name}", _state(name, state, states, stack), state)
    yield from _alike(stack)


SECONDS = "$string($floor($millis() / 1000)"


def _alike(stack: Stack) -> Iterator[str]:
    """What several states say has to be the same wherever it stands."""
    found = {
        name: state
        for definition in stack.machines.values()
        for name, state, _ in every_state(definition)
    }

    def said(state: str, *fields: str) -> str:
        node: Any = found.get(state)
        for one in fields:
            node = node.get(one) if isinstance(node, dict) else None
        return str(node)

    id_of, event = said("Identify", "Output", "upload"), "$event := $states.input;"
    of_stopped = event.replace("$states.input", "$parse($states.input.detail.input)")
    mail, run = said("NotifyFailure", "Arguments", "Message"), "$states.context.Execution.Id"
    pairs = {
        "the upload's id": (
            id_of.replace(event, of_stopped),
            said("IdentifyStopped", "Output", "upload"),
        ),
        "a failure's explanation": (
            said("Explain", "Output", "failure"),
            said("ExplainChunk", "Output", "failure"),
        ),
        "a failure's mail": (
            mail.replace(run, "$states.input.run"),
            said("NotifyStopped", "Arguments", "Message"),
        ),
        "its subject": (
            said("NotifyFailure", "Arguments", "Subject"),
            said("NotifyStopped", "Arguments", "Subject"),
        ),
        "what else it tells": (
            said("NotifyFailure", "Arguments", "MessageAttributes"),
            said("NotifyStopped", "Arguments", "MessageAttributes"),
        ),
    }
    for what, (one, other) in pairs.items():
        if one != other or len(one) < 20:
            yield f"machines: {what} differs: {one} and {other}"
    told = [said(name, "Arguments", "MessageAttributes") for name in ("Notify", "NotifyFailure")]
    if not all("'${MailFileNames}' = 'true' ?" in one for one in (mail, *told)):
        yield "machines: a mail names the file whatever MailFileNames says"
    until = f'"lease_until": {{"N": {SECONDS} + {LEASE_S})}}'
    if until not in said("Claim", "Arguments", "Item"):
        yield f"machines: a claim has no {until}"
    kept = f"{SECONDS} + ${{RetentionDays}} * 86400)"
    for name, state in found.items():
        for value in _expiries(state):
            if kept not in value:
                yield f"machines.{name}: a row is kept for {value!r}"


def _expiries(node: Any) -> Iterator[str]:
    """How long rows are kept, wherever one is written."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == ":expires":
                yield str(value)
            yield from _expiries(value) if key != "ItemProcessor" else ()
    elif isinstance(node, str):
        yield from re.findall(r'"?:?expires": \{"N": ([^}]*\}?[^}]*)\}', node)


def every_state(node: dict[str, Any]) -> Iterator[tuple[str, Any, set[str]]]:
    """Name, state, and the states that it may go to."""
    names = set(node["States"])
    for name, state in node["States"].items():
        yield name, state, names - {name}
        if "ItemProcessor" in state:
            yield from every_state(state["ItemProcessor"])


def _ways(where: str, node: dict[str, Any]) -> Iterator[str]:
    """States that are not there, and those that no way leads to."""
    reached = {node["StartAt"]}
    for state in node["States"].values():
        ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
        reached |= {way[key] for way in ways for key in ("Next", "Default") if key in way}
        if "ItemProcessor" in state:
            yield from _ways(where, state["ItemProcessor"])
    for name in sorted(set(node["States"]) ^ reached):
        yield f"{where}.{name}: {'not reached' if name in node['States'] else 'not there'}"


def _state(name: str, state: dict[str, Any], others: set[str], stack: Stack) -> Any:
    kind = state.get("Type")
    wanted: dict[str, Any] = {"Type": kind, "Comment": Maybe(text(20))}
    query = {"QueryLanguage": "JSONata"}
    goes_on: dict[str, Any] = {"Next": NEXT.get(name, _one_of(others))}
    if "End" in state:
        goes_on = {"End": True}
    match kind:
        case "Pass":
            return {**wanted, **query, "Output": _computed, **goes_on}
        case "Choice":
            choices = CHOICES.get(name, f"nothing: {UNKNOWN}")
            return {**wanted, "Choices": choices, "Default": OTHERWISE.get(name)}
        case "Succeed":
            return wanted
        case "Fail":
            if str(state.get("Error", "")).startswith("{%"):
                reason = {
                    "Error": "{% $states.input.failure.code %}",
                    "Cause": "{% $states.input.failure.message %}",
                }
                return {**wanted, **query, **reason}
            return {**wanted, "Error": _word, "Cause": text(20, end=".")}
        case "Map":
            processor = {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": text(),
                "States": lambda found: None,
            }
            return {
                **wanted,
                "Label": name,
                "${MapConcurrencyField}": "${MapConcurrencyValue}",
                "ItemReader": READER,
                "ItemSelector": {"task.$": "$$.Map.Item.Value", "run.$": "$$.Execution.Id"},
                "ItemProcessor": processor,
                # Nothing is kept of the children.
                "ResultPath": None,
                "Retry": [_retry(["States.ItemReaderFailed"], 2, 30, 3)],
                "Catch": [
                    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Explain"}
                ],
                "Next": _one_of(others),
            }
        case "Task":
            return {**wanted, **query, **goes_on, **_task(name, state, stack)}
    return {"Type": f"no other: {UNKNOWN}"}


def _word(found: Any) -> str | None:
    return None if isinstance(found, str) and re.fullmatch(r"\w+", found) else "a word"


def _one_of(names: set[str]) -> Any:
    return lambda found: None if found in names else f"one of {sorted(names)}"


def _computed(found: Any) -> str | None:
    """An expression, or a mapping whose texts are; a mapping may say the step that failed."""
    if isinstance(found, dict) and found:
        step = found.get("step")
        if step is not None and not re.fullmatch(r"[A-Z][a-z]+", str(step)):
            return "a step"
        rest = {key: value for key, value in found.items() if key != "step"}
        return next(filter(None, map(_computed, rest.values())), None)
    if isinstance(found, str) and not re.fullmatch(r"\{% .+ %\}", found):
        return "an expression, or a mapping of them"
    if isinstance(found, str) and re.search(
        r"\$states(?!\.(input|result|errorOutput|context)\b)", found
    ):
        return "an expression of the input, the result, the error or the run"
    return None if found not in ({}, None) else "an expression, or a mapping of them"


def _with(check: Any, key: str, value: str) -> Any:
    """The same check, of a mapping that has this too."""

    def both(found: Any) -> str | None:
        if not isinstance(found, dict) or found.get(key) != value:
            return f"a mapping whose {key} is {value}"
        problem: str | None = check({name: one for name, one in found.items() if name != key})
        return problem

    return both


def _retry(errors: list[str], first: int, longest: int, tries: int) -> Any:
    return {
        "ErrorEquals": AnyOrder(errors),
        "IntervalSeconds": first,
        "BackoffRate": 2,
        "MaxDelaySeconds": longest,
        "MaxAttempts": tries,
        "JitterStrategy": "FULL",
    }


def _task(name: str, state: dict[str, Any], stack: Stack) -> dict[str, Any]:
    called = str(state.get("Resource")).removeprefix(RESOURCE)
    service = called.partition(":")[0]
    if called not in TRANSIENT:
        return {"Resource": f"no other: {UNKNOWN}"}
    first, longest, patient, hasty = WAITS[service]
    throttled = THROTTLED & TRANSIENT[called]
    catch = [
        {"ErrorEquals": AnyOrder(list(errors)), "Output": _computed, "Next": handler}
        for errors, handler in CAUGHT.get(name, ())
    ]
    handler = HANDLERS.get(name, "Explain")
    rest = {
        "ErrorEquals": ["States.ALL"],
        "Output": _computed if name in HANDLERS else _with(_computed, "step", name),
        "Next": handler,
    }
    arguments = state.get("Arguments", {})
    seconds = TIMEOUT
    match called:
        case "lambda:invoke":
            function = str(arguments.get("FunctionName"))[2:-1]
            properties = stack.resources.get(function, {}).get("Properties", {})
            seconds = properties.get("Timeout", 0) + LONGER_THAN_FUNCTION
            wanted: Any = {"FunctionName": _function(name), "Payload": _computed}
        case "sns:publish":
            wanted = dict.fromkeys(("Subject", "Message", "MessageAttributes"), _computed)
            wanted["TopicArn"] = "${TopicArn}"
        case "dynamodb:putItem":
            wanted = _write(name, arguments) | {"Item": _computed}
        case _:
            wanted = _write(name, arguments) | {
                "Key": {"upload_id": {"S": _computed}},
                "UpdateExpression": text(20),
            }
            if "$states.result.Attributes" in str(state.get("Output")):
                wanted["ReturnValues"] = "ALL_NEW"
    output: Any = _computed
    if "serialized" in state.get("Output", {}):
        # The Map reads from its input how many may run at once.
        output = _with(_computed, "map_concurrency", "{% ${MapConcurrency} %}")
    return {
        "Resource": f"{RESOURCE}{called}",
        "Arguments": wanted,
        "Output": output,
        "TimeoutSeconds": seconds,
        "Retry": [
            _retry(sorted(throttled), first, longest, patient),
            _retry(sorted(TRANSIENT[called] - throttled), first, longest, hasty),
        ],
        "Catch": [*catch, rest],
    }


def _function(name: str) -> str:
    """A task is named like its function; one within the Map has a word more."""
    [word] = re.findall(r"^[A-Z][a-z]+", name)
    return f"${{{word}Function}}"


def _write(name: str, arguments: Any) -> dict[str, Any]:
    names, values = _plain_names(arguments), _plain_values(arguments)
    written = f"{arguments.get('UpdateExpression')} {arguments.get('ConditionExpression')}"
    named: Any = {one: one[1:] for one in set(re.findall(r"#\w+", written))}
    valued: Any = {one: _value(one) for one in set(re.findall(r":\w+", written))}
    if name in COMPUTED_NAMES:
        named = _computed
    if name in COMPUTED_VALUES:
        valued = _computed
    return {
        "TableName": "${TableName}",
        "ConditionExpression": _lets_in(MAY_WRITE.get(name, set()), names, values),
        "ExpressionAttributeNames": named,
        "ExpressionAttributeValues": valued,
    }


def _value(name: str) -> Any:
    """A state stands there as a word; all else is computed, as text or as a number."""
    if name in STATES:
        return {"S": STATES[name]}

    def check(found: Any) -> str | None:
        if not isinstance(found, dict) or len(found) != 1 or not {"S", "N"} >= set(found):
            return "a text or a number"
        return _computed(next(iter(found.values())))

    return check


def _plain_names(arguments: Any) -> dict[str, str]:
    return {one: one[1:] for one in re.findall(r"#\w+", str(arguments))}


def _plain_values(arguments: Any) -> dict[str, Any]:
    given = {**STATES, **GIVEN}
    return {one: _dynamo(given[one]) for one in re.findall(r":\w+", str(arguments)) if one in given}


def _dynamo(value: Any) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _lets_in(wanted: set[str], names: dict[str, str], values: dict[str, Any]) -> Any:
    """A condition that is true of these rows and of no other."""

    def check(found: Any) -> str | None:
        if not isinstance(found, str):
            return "a condition"
        true = _true_of(found, tuple(sorted(names.items())), json.dumps(values))
        return None if true == wanted else f"true of {sorted(wanted)}, and not of {sorted(true)}"

    return check


@cache
def _true_of(condition: str, names: tuple[tuple[str, str], ...], values: str) -> frozenset[str]:
    """The rows that a condition is true of; of one that is none, of no row."""
    try:
        parsed = get_filter_expression(condition, dict(names), json.loads(values))
        return frozenset(
            name
            for name, row in ROWS.items()
            if parsed.expr(_item({**row, "upload_id": "one"} if row else {}))
        )
    except Exception:  # whatever moto makes of it, it is no condition
        return frozenset()


def _item(row: dict[str, Any]) -> Item:
    attributes = {name: _dynamo(value) for name, value in row.items()}
    return Item(hash_key=None, range_key=None, attrs=attributes)  # type: ignore[arg-type]
