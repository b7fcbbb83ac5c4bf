"""Every way in which the template or a machine could be a little different.

`mutants` makes them of a document, without knowing what it means: each property and each field is
removed, emptied, negated, swapped with its neighbour, or changed in number; references point at
another resource; conditions at another condition; expressions lose a clause. What is dangerous for
a type of resource is added to each of that type.
"""

import difflib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.template.rules.stack import Stack

Path = tuple[str | int, ...]
REMOVED = object()


@dataclass(frozen=True)
class Mutant:
    """One change of one document."""

    document: str
    """`template`, or a machine"""
    path: Path
    change: str
    """what was done: removed, emptied, negated, swapped, number, reference, clause, added"""
    edit: Callable[[Any], Any]
    """what was at the path -> what is there instead"""
    detail: str = ""

    def __str__(self) -> str:
        told = f" ({self.detail})" if self.detail else ""
        return f"{self.document} {dotted(self.path)} {self.change}{told}"

    def applied(self, stack: Stack) -> Stack:
        """The stack with the change; it shares all else with the original."""
        if self.document == "template":
            return Stack(_edited(stack.template, self.path, self.edit), stack.machines)
        changed = _edited(stack.machines[self.document], self.path, self.edit)
        return Stack(stack.template, {**stack.machines, self.document: changed})


def dotted(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]


def _edited(node: Any, path: Path, edit: Callable[[Any], Any]) -> Any:
    if not path:
        return edit(node)
    key: Any = path[0]
    if isinstance(node, str):  # JSON in a text
        return json.dumps(_edited(json.loads(node), path, edit))
    copied = node.copy()
    # A key that is added is not there yet.
    there = node[key] if isinstance(node, list) or key in node else None
    changed = _edited(there, path[1:], edit)
    if changed is REMOVED:
        del copied[key]
    else:
        copied[key] = changed
    return copied


def _to(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


# What people read: its words are not looked at, only that they are there.
PROSE = {"Description", "AlarmDescription", "ConstraintDescription", "comment", "Comment", "Label"}
OPPOSITES = dict(
    pair
    for one, other in (
        *(("Allow", "Deny"), ("Enabled", "Suspended"), ("Enabled", "Disabled"), ("HASH", "RANGE")),
        *(("ENABLED", "DISABLED"), ("Active", "PassThrough"), ("OFF", "FLEXIBLE")),
        *(("true", "false"), ("Retain", "Delete"), ("RetainExceptOnCreate", "Delete")),
        *(("breaching", "notBreaching"), ("missing", "breaching"), ("FULL", "NONE")),
        *(("GreaterThanOrEqualToThreshold", "LessThanThreshold"), ("STANDARD", "EXPRESS")),
        *(("DISTRIBUTED", "INLINE"), ("ERROR", "ALL"), ("Sum", "Maximum"), ("Average", "Sum")),
        *(("RUNNING", "FAILED"), ("SUCCEEDED", "FAILED"), ("JSONata", "JSONPath")),
    )
    for pair in ((one, other), (other, one))
)
STATE_NAMES = {"Next", "Default", "StartAt"}
EXPRESSIONS = {"ConditionExpression", "UpdateExpression"}


def mutants(stack: Stack) -> list[Mutant]:
    """All of them, each once."""
    found: dict[str, Mutant] = {}
    for document, root in (("template", stack.template), *stack.machines.items()):
        for mutant in (*_of(document, root, (), root), *_additions(document, root)):
            found.setdefault(str(mutant), mutant)
    return list(found.values())


def _of(document: str, node: Any, path: Path, root: Any, first: int = 0) -> Iterator[Mutant]:
    """The changes of what lies below the path; `first` is the number of a list's first entry."""

    def changed(at: Path, change: str, edit: Callable[[Any], Any], detail: str = "") -> Mutant:
        return Mutant(document, at, change, edit, detail)

    if isinstance(node, dict):
        entries: list[tuple[Any, Any]] = list(node.items())
    else:
        entries = list(enumerate(node, first))
    for key, value in entries:
        at = (*path, key)
        yield changed(at, "removed", _to(REMOVED))
        if value is None:
            yield changed(at, "set", _to("$"))
        elif value not in ("", [], {}) and not isinstance(value, (bool, int, float)):
            yield changed(at, "emptied", _to(type(value)()))
        if key in PROSE:
            continue
        if isinstance(value, dict) and _is_reference(value):
            yield from _other_references(document, at, value, root)
            if str(value.get("Fn::Sub", "")).startswith('{"'):
                yield from _of(document, json.loads(value["Fn::Sub"]), (*at, "Fn::Sub"), root)
        elif isinstance(value, dict) and set(value) == {"Fn::Not"}:
            yield changed(at, "negated", _to(value["Fn::Not"][0]))
            yield from _of(document, value["Fn::Not"], (*at, "Fn::Not"), root)
        elif isinstance(value, dict) and set(value) == {"Fn::Equals"}:
            yield changed(at, "negated", _to({"Fn::Not": [value]}))
            yield from _of(document, value["Fn::Equals"], (*at, "Fn::Equals"), root)
        elif isinstance(value, dict) and set(value) == {"Fn::If"}:
            condition, then, otherwise = value["Fn::If"]
            yield changed(at, "negated", _to({"Fn::If": [condition, otherwise, then]}))
            other = _next(list(root["Conditions"]), condition)
            yield changed(at, "reference", _to({"Fn::If": [other, then, otherwise]}), other)
            yield changed(at, "always", _to(then))
            yield changed(at, "never", _to(otherwise))
            yield from _of(document, [then, otherwise], (*at, "Fn::If"), root, 1)
        elif isinstance(value, (dict, list)):
            yield from _of(document, value, at, root)
        else:
            yield from _of_scalar(document, at, value, root)
    if not first:
        yield from _swaps(document, path, node)


def _swaps(document: str, path: Path, node: Any) -> Iterator[Mutant]:
    """Each two neighbours of one kind, one in the other's place."""
    keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
    for one, other in itertools.pairwise(keys):
        if type(node[one]) is not type(node[other]) or node[one] == node[other]:
            continue
        if one in PROSE or other in PROSE:
            continue

        def edit(found: Any, one: Any = one, other: Any = other) -> Any:
            copied = found.copy()
            copied[one], copied[other] = copied[other], copied[one]
            return copied

        yield Mutant(document, path, "swapped", edit, f"{one} and {other}")


def _of_scalar(document: str, at: Path, value: Any, root: Any) -> Iterator[Mutant]:
    def changed(change: str, new: Any, detail: str = "") -> Mutant:
        return Mutant(document, at, change, _to(new), detail or _short(new))

    if isinstance(value, bool):
        yield changed("negated", not value)
    elif isinstance(value, (int, float)):
        for new in (0, value * 10, value + 1):
            if new != value:
                yield changed("number", new)
    elif isinstance(value, str):
        if value in OPPOSITES:
            yield changed("negated", OPPOSITES[value])
        if at[-1] == "Condition" and document == "template":
            yield changed("reference", _next(list(root["Conditions"]), value))
        elif at[-1] in STATE_NAMES and document != "template":
            names = _siblings_of_state(root, at)
            for step in (1, -1):
                yield changed("reference", _next(names, value, step))
        elif at[-1] == "ConditionExpression":
            yield from (changed("clause", clause, clause) for clause in clauses(value))
        elif "SET " in value:
            for assignment in assignments(value):
                yield changed("clause", assignment, _different(value, assignment))
        else:
            yield from (changed(change, new, where) for change, new, where in _of_text(value))


def _of_text(value: str) -> Iterator[tuple[str, str, str]]:
    """Changes of a text: what was done, the text, and where in it."""
    found: list[tuple[str, re.Match[str], str]] = []
    for match in re.finditer(r"(?<![\w\\$#.-])\d+(?![\w])", value):
        number = int(match[0])
        found += [("number", match, str(new)) for new in (0, number * 10, number + 1)]
    if value.startswith("{%"):
        turned = {"=": "!=", "!=": "=", "<": ">", ">": "<", "and": "or", "or": "and"}
        found += [("emptied", one, "''") for one in re.finditer(r"'(?:[^'\\]|\\.)+'", value)]
        found += [("renamed", one, '"other":') for one in re.finditer(r'"(\w+)":', value)]
        found += [
            ("negated", one, f" {turned[one[1]]} ")
            for one in re.finditer(r" (=|!=|<|>|and|or) ", value)
        ]
        found += [("removed", one, "") for one in re.finditer(r"(?<=\w)\.\w+(?=[^\w(.])", value)]
    for change, match, new in found:
        if new != match[0]:
            before, after = value[: match.start()], value[match.end() :]
            where = f"{match.start()}: …{before[-16:]}⟦{match[0]}⟧ → {new!r}"
            yield change, f"{before}{new}{after}", where


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 60 else f"{text[:40]}… {abs(hash_of(text)):x}"


def _different(one: str, other: str) -> str:
    """Where two texts are not the same."""
    parts = difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    told = [f"⟦{one[a:b]}⟧ → ⟦{other[c:d]}⟧" for tag, a, b, c, d in parts if tag != "equal"]
    return f"{parts[0][2]}: {', '.join(told)}"


def hash_of(text: str) -> int:
    """The same in every process."""
    number = 0
    for character in text:
        number = (number * 31 + ord(character)) % 0xFFFFFFFF
    return number


# -- references ----------------------------------------------------------------------------------


def _is_reference(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub")


def _next(names: list[str], name: str, step: int = 1) -> str:
    return names[(names.index(name) + step) % len(names)] if name in names else names[0]


def _sibling(name: str, root: Any) -> str:
    """Another thing of the same kind."""
    base, dot, rest = name.partition(".")
    resources, parameters = root["Resources"], root["Parameters"]
    if base in resources:
        kind = resources[base]["Type"]
        same = [one for one, found in resources.items() if found["Type"] == kind]
        return _next(same if len(same) > 1 else list(resources), base) + dot + rest
    if base in parameters:
        return _next(list(parameters), base)
    return "AWS::Region" if name != "AWS::Region" else "AWS::AccountId"


def _other_references(
    document: str, at: Path, value: dict[str, Any], root: Any
) -> Iterator[Mutant]:
    def changed(change: str, new: Any) -> Mutant:
        return Mutant(document, at, change, _to(new), _short(new))

    match value:
        case {"Ref": str(name)}:
            yield changed("reference", {"Ref": _sibling(name, root)})
        case {"Fn::GetAtt": [name, attribute]}:
            yield changed("reference", {"Fn::GetAtt": [_sibling(name, root), attribute]})
            yield changed("reference", {"Ref": name})
        case {"Fn::Sub": str(pattern)} if not pattern.lstrip().startswith("{"):
            for match in re.finditer(r"\$\{([\w:.]+)\}", pattern):
                new = f"${{{_sibling(match[1], root)}}}"
                new = f"{pattern[: match.start()]}{new}{pattern[match.end() :]}"
                yield changed("reference", {"Fn::Sub": new})
            head, brace, tail = pattern.rpartition("}")
            if tail.startswith("/") and tail != "/*":
                yield changed("widened", {"Fn::Sub": f"{head}{brace}/*"})
            for change, text, where in _of_text(pattern):
                yield Mutant(document, at, change, _to({"Fn::Sub": text}), where)


def _siblings_of_state(root: Any, at: Path) -> list[str]:
    """The states that the state at this path may go to."""
    node, names = root, list(root["States"])
    for part in at:
        node = node[part]
        if isinstance(node, dict) and "States" in node:
            names = list(node["States"])
    return names


# -- DynamoDB's expressions ----------------------------------------------------------------------


def clauses(expression: str) -> Iterator[str]:
    """A condition with a clause less, a comparison turned round, AND for OR."""
    tokens = re.findall(r"\w+\([^()]*\)|[()]|<>|[=<>]|[:#\w]+", expression)

    def parse(position: int) -> tuple[Any, int]:
        ways, position = [], position
        while True:
            every: list[Any] = []
            while True:
                if tokens[position] == "(":
                    one, position = parse(position + 1)
                    position += 1
                elif tokens[position].endswith(")"):
                    one, position = tokens[position], position + 1
                else:
                    one, position = tuple(tokens[position : position + 3]), position + 3
                every.append(one)
                if position >= len(tokens) or tokens[position] != "AND":
                    break
                position += 1
            ways.append(["AND", *every] if len(every) > 1 else every[0])
            if position >= len(tokens) or tokens[position] != "OR":
                break
            position += 1
        return (["OR", *ways] if len(ways) > 1 else ways[0]), position

    def shown(node: Any) -> str:
        if isinstance(node, list):
            return "(" + f" {node[0]} ".join(map(shown, node[1:])) + ")"
        return " ".join(node) if isinstance(node, tuple) else str(node)

    def variants(node: Any) -> Iterator[Any]:
        match node:
            case list():
                yield [{"AND": "OR", "OR": "AND"}[node[0]], *node[1:]]
                for number in range(1, len(node)):
                    yield [*node[:number], *node[number + 1 :]]
                    for one in variants(node[number]):
                        yield [*node[:number], one, *node[number + 1 :]]
            case (left, operator, right):
                for other in ("=", "<>", "<", ">"):
                    if other != operator:
                        yield (left, other, right)
            case str():
                turned = {"attribute_not_exists": "attribute_exists"}
                turned |= {other: one for one, other in turned.items()}
                name, bracket, rest = node.partition("(")
                yield turned.get(name, name) + bracket + rest

    tree, _ = parse(0)
    for variant in variants(tree):
        yield re.sub(r"^\((.*)\)$", r"\1", shown(variant))


def assignments(expression: str) -> Iterator[str]:
    """An update with an assignment less, or with two of its values swapped."""
    sets = re.search(r"SET (.*?)(?=( REMOVE |'|$))", expression)
    assert sets
    parts = re.split(r", (?![^(]*\))", sets[1])
    for number in range(len(parts)):
        left = [*parts[:number], *parts[number + 1 :]]
        yield expression.replace(sets[1], ", ".join(left))
        kept = re.sub(r"if_not_exists\(.*, (:\w+)\)", r"\1", parts[number])
        if kept != parts[number]:
            yield expression.replace(parts[number], kept)
        if number + 1 < len(parts):
            (one, its), (other, others) = (part.split(" = ") for part in parts[number : number + 2])
            swapped = [*parts[:number], f"{one} = {others}", f"{other} = {its}"]
            yield expression.replace(sets[1], ", ".join([*swapped, *parts[number + 2 :]]))
    if " REMOVE lease_until" in expression:
        yield expression.replace(" REMOVE lease_until", "")


# -- what is dangerous where it is added ---------------------------------------------------------

ANYBODY = {"Sid": "Added", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
EXPIRE = {"Id": "added", "Status": "Enabled", "ExpirationInDays": 1}
FREEZE = {
    "Id": "added",
    "Status": "Enabled",
    "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 0}],
}
# Type -> property below Properties -> a value; "+" appends to a list.
DANGEROUS: dict[str, list[tuple[str, Any]]] = {
    "AWS::S3::Bucket": [
        ("WebsiteConfiguration", {"IndexDocument": "index.html"}),
        (
            "CorsConfiguration",
            {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
        ),
        ("AccessControl", "PublicRead"),
        ("ReplicationConfiguration", {"Role": "x", "Rules": []}),
        ("AccelerateConfiguration", {"AccelerationStatus": "Enabled"}),
        ("ObjectLockEnabled", True),
        ("BucketName", "uploads"),
        ("IntelligentTieringConfigurations", [{"Id": "x", "Status": "Enabled", "Tierings": []}]),
        ("NotificationConfiguration.TopicConfigurations", [{"Event": "s3:*", "Topic": "x"}]),
        ("LifecycleConfiguration.Rules.+", EXPIRE),
        ("LifecycleConfiguration.Rules.+", FREEZE),
        ("LifecycleConfiguration.Rules.0.Prefix", "archive/"),
        ("LifecycleConfiguration.Rules.0.TagFilters", [{"Key": "old", "Value": "1"}]),
        ("LifecycleConfiguration.Rules.0.ObjectSizeGreaterThan", 1_000_000),
        ("LifecycleConfiguration.Rules.1.Prefix", "archive/"),
        ("LifecycleConfiguration.Rules.0.Transitions", FREEZE["Transitions"]),
        ("LifecycleConfiguration.Rules.0.ExpirationInDays", 1),
    ],
    "AWS::S3::BucketPolicy": [("PolicyDocument.Statement.+", ANYBODY)],
    "AWS::SNS::TopicPolicy": [("PolicyDocument.Statement.+", ANYBODY)],
    "AWS::SQS::QueuePolicy": [("PolicyDocument.Statement.+", ANYBODY)],
    "AWS::KMS::Key": [
        ("KeyPolicy.Statement.+", ANYBODY),
        ("Enabled", False),
        ("MultiRegion", True),
    ],
    "AWS::DynamoDB::Table": [
        ("StreamSpecification", {"StreamViewType": "NEW_AND_OLD_IMAGES"}),
        ("KinesisStreamSpecification", {"StreamArn": "x"}),
        ("ResourcePolicy", {"PolicyDocument": {"Statement": [ANYBODY]}}),
        ("TableName", "runs"),
        ("GlobalSecondaryIndexes.+", {"IndexName": "by_run", "KeySchema": []}),
    ],
    "AWS::SNS::Topic": [
        ("Subscription", [{"Protocol": "email", "Endpoint": "x@example.org"}]),
        ("TopicName", "mail"),
    ],
    "AWS::SNS::Subscription": [("FilterPolicy", {"a": ["b"]}), ("RawMessageDelivery", True)],
    "AWS::Serverless::Function": [
        ("FunctionUrlConfig", {"AuthType": "NONE"}),
        ("Policies", ["AdministratorAccess"]),
        ("VpcConfig", {"SubnetIds": ["x"], "SecurityGroupIds": ["x"]}),
        ("EventInvokeConfig", {"MaximumRetryAttempts": 2}),
        ("Events", {"Api": {"Type": "HttpApi"}}),
        ("ImageConfig", {"Command": ["other.handler"]}),
        ("Tracing", "PassThrough"),
        ("AutoPublishAlias", "other"),
        ("Environment.Variables.LOG_LEVEL", "DEBUG"),
        ("Environment.Variables.RESULTS_BUCKET", {"Ref": "UploadsBucket"}),
        ("Environment.Variables.LIMIT_MAX_ROWS", "1"),
        ("Environment.Variables.POWERTOOLS_LOGGER_LOG_EVENT", "true"),
    ],
    "AWS::Serverless::StateMachine": [
        ("Policies", ["AdministratorAccess"]),
        ("Events", {"Api": {"Type": "Api"}}),
        ("DefinitionSubstitutions.Other", "x"),
    ],
    "AWS::Logs::LogGroup": [("LogGroupClass", "INFREQUENT_ACCESS")],
    "AWS::IAM::Role": [
        ("ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        ("RoleName", "winnow"),
        ("MaxSessionDuration", 43200),
        ("Policies.0.PolicyDocument.Statement.+", {**ANYBODY, "Sid": "More"}),
        ("AssumeRolePolicyDocument.Statement.+", ANYBODY),
        ("Policies.+", {"PolicyName": "more", "PolicyDocument": {"Statement": [ANYBODY]}}),
    ],
    "AWS::Events::Rule": [
        ("State", "DISABLED"),
        ("EventBusName", "other"),
        ("ScheduleExpression", "rate(1 minute)"),
        ("Targets.+", {"Id": "more", "Arn": {"Ref": "Topic"}}),
        ("Targets.0.InputPath", "$.detail"),
        ("Targets.0.Input", "{}"),
        ("EventPattern.account", ["1"]),
    ],
    "AWS::Scheduler::Schedule": [
        ("EndDate", "2027-01-01T00:00:00Z"),
        ("GroupName", "other"),
        ("ScheduleExpressionTimezone", "UTC"),
    ],
    "AWS::SQS::Queue": [
        ("RedrivePolicy", {"maxReceiveCount": 1, "deadLetterTargetArn": "x"}),
        ("DelaySeconds", 900),
        ("MaximumMessageSize", 1024),
        ("FifoQueue", True),
    ],
    "AWS::CloudWatch::Alarm": [
        ("ActionsEnabled", False),
        ("OKActions", [{"Ref": "Topic"}]),
        ("DatapointsToAlarm", 5),
        ("Unit", "Bytes"),
    ],
}
# Kind of state -> field -> a value.
DANGEROUS_STATES: dict[str, list[tuple[str, Any]]] = {
    "Task": [
        ("HeartbeatSeconds", 1),
        ("Credentials", {"RoleArn": "x"}),
        ("Retry.+", {"ErrorEquals": ["States.ALL"], "MaxAttempts": 100}),
        ("Assign", {"upload": "x"}),
    ],
    "Map": [
        ("ToleratedFailurePercentage", 100),
        ("ToleratedFailureCount", 10),
        ("ItemReader.ReaderConfig.MaxItems", 10),
        ("ItemBatcher", {"MaxItemsPerBatch": 10}),
        ("ResultWriter", {"Resource": "arn:aws:states:::s3:putObject"}),
        ("Label", "x"),
        ("Retry.+", {"ErrorEquals": ["States.ALL"], "MaxAttempts": 3}),
        ("InputPath", "$.serialized"),
    ],
    "Pass": [("Assign", {"upload": "x"})],
    "Choice": [("InputPath", "$.upload")],
    "Succeed": [("Output", "{% {} %}")],
    "Fail": [],
}


def _additions(document: str, root: Any) -> Iterator[Mutant]:
    if document != "template":
        yield Mutant(document, ("QueryLanguage",), "added", _to("JSONata"))
        yield from _added_to_states(document, root, ())
        return
    for name, resource in root["Resources"].items():
        at: Path = ("Resources", name)
        if "Condition" not in resource:
            yield Mutant(document, (*at, "Condition"), "added", _to("IsLocal"))
        if "DeletionPolicy" not in resource:
            yield Mutant(document, (*at, "DeletionPolicy"), "added", _to("Retain"))
        yield Mutant(document, (*at, "DependsOn"), "added", _to("Dashboard"))
        for where, value in DANGEROUS.get(resource["Type"], ()):
            yield from _added(document, (*at, "Properties"), resource["Properties"], where, value)
    for part in ("MaxLength", "NoEcho"):
        for name in root["Parameters"]:
            yield Mutant(document, ("Parameters", name, part), "added", _to(1))
    for name in root["Outputs"]:
        yield Mutant(document, ("Outputs", name, "Condition"), "added", _to("IsLocal"))
        export = {"Name": name}
        yield Mutant(document, ("Outputs", name, "Export"), "added", _to(export))
    other = {"Description": "One more.", "Value": "x"}
    yield Mutant(document, ("Outputs", "Other"), "added", _to(other))
    yield Mutant(document, ("Parameters", "Other"), "added", _to({"Type": "String"}))
    yield Mutant(document, ("Conditions", "Other"), "added", _to({"Condition": "IsLocal"}))
    bucket = {"Type": "AWS::S3::Bucket"}
    yield Mutant(document, ("Resources", "Other"), "added", _to(bucket))
    url = {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE"}}
    yield Mutant(document, ("Resources", "Other"), "added", _to(url), "url")
    for name, value in {"VpcConfig": {}, "Timeout": 3, "Layers": ["x"], "Events": {}}.items():
        yield Mutant(document, ("Globals", "Function", name), "added", _to(value))


def _added(document: str, at: Path, node: Any, where: str, value: Any) -> Iterator[Mutant]:
    *way, last = where.split(".")
    for part in way:
        key: Any = int(part) if part.isdigit() else part
        if (isinstance(node, list) and key >= len(node)) or (
            isinstance(node, dict) and key not in node
        ):
            return
        node, at = node[key], (*at, key)
    if last == "+":
        yield Mutant(
            document, at, "added", lambda found: [*found, value], f"+ {_short(value)} {where}"
        )
    elif last not in node:
        yield Mutant(document, (*at, last), "added", _to(value), _short(value))


def _added_to_states(document: str, machine: Any, path: Path) -> Iterator[Mutant]:
    for name, state in machine["States"].items():
        at: Path = (*path, "States", name)
        for where, value in DANGEROUS_STATES[state["Type"]]:
            yield from _added(document, at, state, where, value)
        if "ItemProcessor" in state:
            yield from _added_to_states(document, state["ItemProcessor"], (*at, "ItemProcessor"))
