"""What every state of the two machines has to have, read off their definitions."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session

from tests.template.expand import ROOT, read
from winnow.errors import ChunkTooSlowError, RetryableError
from winnow.recovery.upload_row import LEASE_S
from winnow.steps.serialize import SerializeOptions

MACHINES = {"triage": "Triage", "stopped": "Stopped"}
State = dict[str, Any]
RETRYABLE: list[type[RetryableError]] = [RetryableError, *RetryableError.__subclasses__()]

TRANSIENT = {
    "lambda:invoke": {
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
        # A container image that lay idle for weeks is fetched again on the first call.
        "Lambda.CodeArtifactUserPendingException",
        "Lambda.ResourceConflictException",
    }
    | {cls.__name__ for cls in RETRYABLE},
    "dynamodb:putItem": {
        "DynamoDB.ProvisionedThroughputExceededException",
        "DynamoDB.RequestLimitExceeded",
        "DynamoDB.RequestLimitExceededException",
        "DynamoDB.ThrottlingException",
        "DynamoDB.AmazonDynamoDBException",
        "DynamoDB.InternalServerError",
        "DynamoDB.InternalServerErrorException",
        "DynamoDB.SdkClientException",
    },
    "sns:publish": {
        "SNS.InternalErrorException",
        "SNS.ThrottledException",
        "SNS.KMSThrottlingException",
        "SNS.AmazonSNSException",
        "SNS.SdkClientException",
    },
    "Map": {"States.ItemReaderFailed"},
}
THROTTLED = {
    "Lambda.TooManyRequestsException",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.RequestLimitExceeded",
    "DynamoDB.RequestLimitExceededException",
    "DynamoDB.ThrottlingException",
    "DynamoDB.AmazonDynamoDBException",
    "SNS.ThrottledException",
    "SNS.KMSThrottlingException",
    "SNS.AmazonSNSException",
}
TRANSIENT["dynamodb:updateItem"] = TRANSIENT["dynamodb:putItem"]
# What Step Functions' own client calls an error of a service that the service's model does not name
# (SNS answers "Throttling", which it does not), and what is the client's own doing.
CLIENTS = {
    "Lambda": ("lambda", {"AWSLambdaException", "ClientExecutionTimeoutException"}),
    "DynamoDB": ("dynamodb", {"AmazonDynamoDBException"}),
    "SNS": ("sns", {"AmazonSNSException"}),
}
# Ends of a function that no code of it could tell of, in Lambda's and Step Functions' own words,
# and the one way in which it tells that its end is near.
DEATHS = {
    *("Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout", "Lambda.Unknown"),
    "States.Timeout",
    ChunkTooSlowError.__name__,
}
JUDGING = ("ClassifyChunk", "ClassifyPart")
JSONPATH_FIELDS = {
    "InputPath",
    "Parameters",
    "ResultSelector",
    "ResultPath",
    "OutputPath",
    "Result",
}
JSONATA_FIELDS = {"Arguments", "Output", "Assign", "Items"}


def text(machine: str) -> str:
    return (ROOT / "statemachine" / f"{machine}.asl.json").read_text("utf-8")


def states(node: dict[str, Any]) -> Iterator[tuple[str, State]]:
    for name, state in node["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def all_states(*kinds: str) -> list[Any]:
    return [
        pytest.param(machine, name, state, id=f"{machine}-{name}")
        for machine in MACHINES
        for name, state in states(json.loads(text(machine)))
        if state["Type"] in kinds
    ]


def called(state: State) -> str:
    return "Map" if state["Type"] == "Map" else state["Resource"].rpartition(":::")[2]


@pytest.mark.parametrize(("machine", "name", "state"), all_states("Task"))
def test_every_task_has_a_timeout(machine: str, name: str, state: State):
    assert 0 < state["TimeoutSeconds"] <= 930
    assert state["QueryLanguage"] == "JSONata"


@pytest.mark.parametrize(("machine", "name", "state"), all_states("Task", "Map"))
def test_only_named_passing_faults_are_retried(machine: str, name: str, state: State):
    named = [error for retry in state["Retry"] for error in retry["ErrorEquals"]]
    assert len(named) == len(set(named))
    assert set(named) == TRANSIENT[called(state)]
    for retry in state["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert retry["BackoffRate"] > 1
        assert 0 < retry["IntervalSeconds"] < retry["MaxDelaySeconds"] <= 60
        if THROTTLED.isdisjoint(retry["ErrorEquals"]):
            assert 0 < retry["MaxAttempts"] <= 10


def longest_wait(retry: dict[str, Any]) -> float:
    """Seconds between the tries together; with full jitter, half of it on average."""
    waits: list[float] = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
        for n in range(retry["MaxAttempts"])
    ]
    return sum(waits)


@pytest.mark.parametrize(("machine", "name", "state"), all_states("Task"))
def test_a_throttled_call_is_tried_again_for_long(machine: str, name: str, state: State):
    patient, hasty = state["Retry"]
    assert set(patient["ErrorEquals"]) == THROTTLED & TRANSIENT[called(state)]
    assert THROTTLED.isdisjoint(hasty["ErrorEquals"])
    least = 3600 if called(state) == "lambda:invoke" else 200
    assert longest_wait(patient) / 2 >= least


def test_all_calls_of_one_service_are_retried_alike():
    """JSON has no way to write it once: docs/adr/0021."""
    ways: dict[str, list[Any]] = defaultdict(list)
    for machine in MACHINES:
        for _, state in states(json.loads(text(machine))):
            if state["Type"] == "Task":
                ways[called(state).partition(":")[0]].append(state["Retry"])
    assert {service: len(found) for service, found in ways.items()} == {
        "lambda": 6,
        "dynamodb": 5,
        "sns": 3,
    }
    for service, found in ways.items():
        assert all(way == found[0] for way in found), service


@pytest.mark.parametrize(("machine", "name", "state"), all_states("Task"))
def test_an_error_that_is_waited_for_exists(machine: str, name: str, state: State):
    """Step Functions calls a service's error as the AWS SDK for Java does: it ends in Exception."""
    ours = {cls.__name__ for cls in RETRYABLE}
    named = {
        error for way in (*state["Retry"], *state["Catch"]) for error in way["ErrorEquals"]
    } - {"States.ALL"}
    named -= DEATHS if name in JUDGING else set()
    for error in named - ours:
        prefix, _, word = error.partition(".")
        service, clients = CLIENTS[prefix]
        modelled = get_session().get_service_model(service).error_shapes
        known = {shape.name for shape in modelled}
        known |= {f"{shape.name.removesuffix('Exception')}Exception" for shape in modelled}
        assert word in known | clients | {"SdkClientException"}, error


@pytest.mark.parametrize(
    ("machine", "name", "state"), all_states("Task", "Pass", "Map", "Choice", "Fail", "Succeed")
)
def test_a_state_keeps_to_one_query_language(machine: str, name: str, state: State):
    own = {key: value for key, value in state.items() if key != "ItemProcessor"}
    parts = [own, *own.get("Catch", ())]
    fields = {field for part in parts for field in part}
    if state.get("QueryLanguage") == "JSONata":
        assert not {field for field in fields if field in JSONPATH_FIELDS or field.endswith("Path")}
        assert ".$" not in json.dumps(own)
    else:
        assert not fields & JSONATA_FIELDS
        assert "{%" not in json.dumps(own)


@pytest.mark.parametrize(("machine", "name", "state"), all_states("Task"))
def test_a_task_waits_for_its_call_and_pretends_no_heartbeat(machine: str, name: str, state: State):
    """docs/adr/0010: only an activity, or a task with a token, can send one."""
    assert state["Resource"].startswith("arn:${Partition}:states:::")
    assert not state["Resource"].endswith((".sync", ".sync:2", ".waitForTaskToken"))
    assert not [field for field in state if field.startswith("Heartbeat")]


@pytest.mark.parametrize(("machine", "name", "state"), all_states("Task", "Map"))
def test_everything_else_is_caught(machine: str, name: str, state: State):
    *special, rest = state["Catch"]
    assert rest["ErrorEquals"] == ["States.ALL"]
    for catch in special:
        if name in JUDGING:
            assert set(catch["ErrorEquals"]) == DEATHS
            assert catch["Next"] == "Halve"
        else:
            assert catch["ErrorEquals"] == ["DynamoDB.ConditionalCheckFailedException"]
    assert len(special) == (name in (*JUDGING, "Claim", "RecordFailure", "RecordStopped"))


def test_a_part_is_judged_as_a_chunk_is():
    found = dict(states(json.loads(text("triage"))))
    chunk, part = (found[name] for name in JUDGING)
    for field in ("Resource", "Retry", "TimeoutSeconds"):
        assert chunk[field] == part[field]
    assert chunk["Arguments"]["FunctionName"] == part["Arguments"]["FunctionName"]
    assert chunk["Catch"][1] == part["Catch"][1]


def test_a_run_has_time_to_judge_a_chunk_in_halves():
    """Beside its slowest states and a throttled function. No halving begins after this time."""
    [seconds] = {int(ms) / 1000 for ms in re.findall(r"\$millis\(\) \+ (\d+)", text("triage"))}
    definition = json.loads(text("triage"))
    tasks = [state for _, state in states(definition) if state["Type"] == "Task"]
    waited = max(longest_wait(retry) / 2 for task in tasks for retry in task["Retry"])
    slowest = sum(task["TimeoutSeconds"] for task in tasks)
    assert definition["TimeoutSeconds"] > waited + slowest + seconds
    # From a thousand records down to one, each time to the end of Classify's own time.
    assert seconds > 7 * read()["Resources"]["ClassifyFunction"]["Properties"]["Timeout"]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_way_leads_to_an_end_and_every_state_is_reached(machine: str):
    def check(node: dict[str, Any]) -> None:
        reached = {node["StartAt"]}
        for name, state in node["States"].items():
            ways = [state.get("Next"), state.get("Default")]
            ways += [way["Next"] for way in (*state.get("Choices", ()), *state.get("Catch", ()))]
            targets = {way for way in ways if way}
            assert targets <= set(node["States"]), name
            ends = state["Type"] in ("Succeed", "Fail") or state.get("End")
            assert bool(targets) != bool(ends) or state.get("Catch"), name
            reached |= targets
            if "ItemProcessor" in state:
                check(state["ItemProcessor"])
        assert reached == set(node["States"])

    check(json.loads(text(machine)))


@pytest.mark.parametrize("machine", MACHINES)
def test_the_machine_has_a_time_limit_and_names_no_state_twice(machine: str):
    definition = json.loads(text(machine))
    assert definition["TimeoutSeconds"] > 0
    assert "QueryLanguage" not in definition, "a Distributed Map on MiniStack needs JSONPath"
    names = [name for name, _ in states(definition)]
    assert len(names) == len(set(names))


def test_a_run_has_time_for_its_slowest_states():
    definition = json.loads(text("triage"))
    slowest = sum(
        state["TimeoutSeconds"] for _, state in states(definition) if state["Type"] == "Task"
    )
    assert definition["TimeoutSeconds"] > slowest


def test_a_run_has_time_to_wait_for_a_throttled_function():
    """For one function on average; several that are throttled for hours end as timed out."""
    definition = json.loads(text("triage"))
    tasks = [state for _, state in states(definition) if state["Type"] == "Task"]
    waited = max(longest_wait(retry) / 2 for task in tasks for retry in task["Retry"])
    assert definition["TimeoutSeconds"] > waited + sum(task["TimeoutSeconds"] for task in tasks)


def test_the_machine_for_stopped_runs_has_time_for_all_its_tries():
    """A try that was refused took no time worth counting; one that hangs is not repeated."""
    definition = json.loads(text("stopped"))
    tasks = [state for _, state in states(definition) if state["Type"] == "Task"]
    waited = sum(longest_wait(retry) for task in tasks for retry in task["Retry"])
    assert definition["TimeoutSeconds"] > waited + sum(task["TimeoutSeconds"] for task in tasks)


def test_a_claim_outlasts_every_run_that_may_hold_it():
    """Step Functions ends a run at its time limit; the failure handler then records it.

    Only after both may another run take the upload over. The margin is for clocks that differ and
    for the delivery of the event; the clocks are those of Step Functions, which are synchronised.
    """
    triage, stopped = (json.loads(text(machine)) for machine in MACHINES)
    item = dict(states(triage))["Claim"]["Arguments"]["Item"]
    [lease] = re.findall(
        r'"lease_until": \{"N": \$string\(\$floor\(\$millis\(\) / 1000\) \+ (\d+)', item
    )
    margin = int(lease) - triage["TimeoutSeconds"] - stopped["TimeoutSeconds"]
    assert margin >= 1800
    assert int(lease) == LEASE_S


def test_whatever_ends_a_run_takes_its_row_out_of_the_index_of_runs_under_way():
    """The index by_lease holds the rows that have a state and a lease; the sweep goes by it."""
    ends = {
        name: state["Arguments"]["UpdateExpression"]
        for machine in MACHINES
        for name, state in states(json.loads(text(machine)))
        if "#state = :" in str(state.get("Arguments", {}).get("UpdateExpression"))
    }
    assert set(ends) == {"Record", "RecordFailure", "RecordStopped"}
    for name, update in ends.items():
        assert "REMOVE lease_until" in update, name
    claim = dict(states(json.loads(text("triage"))))["Claim"]["Arguments"]["Item"]
    assert "'RUNNING'" in claim
    assert "lease_until" in claim


@pytest.mark.parametrize(
    ("task", "function"),
    [
        ("Serialize", "SerializeFunction"),
        ("Scan", "ScanFunction"),
        ("ClassifyChunk", "ClassifyFunction"),
        ("ClassifyPart", "ClassifyFunction"),
        ("FilterChunk", "FilterFunction"),
        ("Filter", "FilterFunction"),
    ],
)
def test_a_task_outlasts_its_function(task: str, function: str):
    state = dict(states(json.loads(text("triage"))))[task]
    limit = read()["Resources"][function]["Properties"]["Timeout"]
    assert state["TimeoutSeconds"] > limit
    assert state["Arguments"]["FunctionName"] == f"${{{function}}}"


@pytest.mark.parametrize("machine", MACHINES)
def test_every_substitution_is_made_and_used(machine: str):
    made = read()["Resources"][MACHINES[machine]]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", text(machine))) == set(made)


def test_the_map_reads_one_version_of_its_concurrency_on_aws_and_locally():
    made = read()["Resources"]["Triage"]["Properties"]["DefinitionSubstitutions"]
    number = {"Ref": "MapConcurrency"}
    assert made["MapConcurrency"] == number
    assert made["MapConcurrencyField"] == {
        "Fn::If": ["IsLocal", "MaxConcurrency", "MaxConcurrencyPath"]
    }
    assert made["MapConcurrencyValue"] == {"Fn::If": ["IsLocal", number, "$.map_concurrency"]}


def test_both_machines_make_the_same_upload_id():
    def formula(machine: str, state: str, event: str) -> str:
        output = dict(states(json.loads(text(machine))))[state]["Output"]["upload"]
        assert f"$event := {event};" in output
        return str(output).replace(f"$event := {event};", "")

    assert formula("triage", "Identify", "$states.input") == formula(
        "stopped", "IdentifyStopped", "$parse($states.input.detail.input)"
    )


def test_a_chunk_and_a_run_explain_a_failure_alike():
    found = dict(states(json.loads(text("triage"))))
    assert found["Explain"]["Output"]["failure"] == found["ExplainChunk"]["Output"]["failure"]


def test_both_machines_mail_a_failure_alike():
    triage = dict(states(json.loads(text("triage"))))["NotifyFailure"]["Arguments"]
    stopped = dict(states(json.loads(text("stopped"))))["NotifyStopped"]["Arguments"]
    run = "$states.context.Execution.Id"
    assert run in triage["Message"]
    assert triage["Message"].replace(run, "$states.input.run") == stopped["Message"]
    assert triage["Subject"] == stopped["Subject"]


def test_the_map_keeps_nothing_of_its_children():
    state = dict(states(json.loads(text("triage"))))["Classify"]
    assert state["ResultPath"] is None
    assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


def test_what_the_children_of_the_largest_file_say_fits_into_a_state():
    """Step Functions holds the list of their outputs against its limit, also where nobody keeps it.

    A chunk ends at so many records or bytes, or before a record that makes it too heavy: of two
    chunks that follow each other the segments are more than one may have, and each is a byte.
    """
    children = dict(states(json.loads(text("triage"))))["Classify"]["ItemProcessor"]["States"]
    [said] = [state["Output"] for state in children.values() if state.get("End")]
    options = SerializeOptions(results_bucket="results")
    limits = options.limits
    chunks = (
        2 * limits.max_file_bytes // options.chunk_segments
        + limits.max_rows // options.chunk_records
        + limits.max_file_bytes // options.chunk_bytes
    )
    assert said == "{% 0 %}"
    assert chunks * len("0,") < 256 * 1024


def test_the_map_tolerates_no_failed_child():
    """Without a threshold one is too many; tests/statemachine has moto do so too."""
    for machine in MACHINES:
        assert "ToleratedFailure" not in text(machine)


def test_the_page_has_every_state():
    page = (ROOT / "statemachine" / "README.md").read_text("utf-8")
    for machine in MACHINES:
        for name, _ in states(json.loads(text(machine))):
            assert f"| `{name}` |" in page, name
