"""Every role: for one service, and allowed what the table of roles says and nothing else."""

import re
from typing import Any

from tests.template.rules.files import THIS_ACCOUNT, policy
from tests.template.rules.shape import any_order, att, given, ref, sub, text
from tests.template.rules.stack import Stack
from tests.template.test_roles import CONDITIONAL, PARTITIONS, PRINCIPALS, ROLES, VIA


def resource(written: str) -> Any:
    """As the table of roles writes it: `Name`, `Name.Attribute` or a pattern."""
    if written == "*":
        return "*"
    if "${" in written:
        return sub(written)
    if written.endswith("Aliaslive"):
        return ref(f"{written.removesuffix('Aliaslive')}.Alias")
    return att(*written.split(".")) if "." in written else ref(written)


def role(name: str, stack: Stack) -> Any:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": PRINCIPALS.get(name)},
        "Action": "sts:AssumeRole",
    }
    # Lambda names no source when it assumes a role; only its own account can pass it to a function.
    if PRINCIPALS.get(name) != "lambda.amazonaws.com":
        trust["Condition"] = THIS_ACCOUNT
    others = []
    if name == "TrainRole":
        # Jobs of Batch run the same code.
        jobs = {"Service": "ecs-tasks.amazonaws.com"}
        others = [given("HasTrainOnBatch", trust | {"Principal": jobs, "Condition": THIS_ACCOUNT})]
    statements = {}
    for sid, (actions, resources) in ROLES.get(name, {}).items():
        statement = {
            "Sid": sid,
            "Effect": "Allow",
            "Action": any_order(sorted(actions)),
            "Resource": any_order([resource(one) for one in resources]),
        }
        if sid == "UseCustomerKey":
            services = [sub(f"{one}.${{AWS::Region}}.${{AWS::URLSuffix}}") for one in VIA[name]]
            statement["Condition"] = {"StringEquals": {"kms:ViaService": any_order(services)}}
        if sid in PARTITIONS:
            statement["Condition"] = PARTITIONS[sid]
        statements[sid] = given(CONDITIONAL[sid], statement) if sid in CONDITIONAL else statement
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": text(20),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust, *others]},
            "Policies": [{"PolicyName": _word, "PolicyDocument": policy(statements)}],
        },
    }


def _word(found: Any) -> str | None:
    return None if isinstance(found, str) and re.fullmatch(r"[a-z]+", found) else "a word"


RULES = {"AWS::IAM::Role": role}
