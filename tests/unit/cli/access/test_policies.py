"""The policies of people: real ARNs, nothing that a linter objects to, and no more than is told."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.template.expand import expand
from tests.template.policies import lint
from winnow.errors import StackUnknownError
from winnow.storage.paths import SHADOW, RunPaths
from winnow_cli.access.people import Person
from winnow_cli.access.policies import GRANTS, WORDS, arns_of, needs_reviews, policy

STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/winnow-test/0a1b"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
PHYSICAL = {
    "AWS::S3::Bucket": "winnow-test-{}",
    "AWS::DynamoDB::Table": "winnow-test-{}",
    "AWS::SQS::Queue": "https://sqs.eu-central-1.amazonaws.com/123456789012/winnow-test-{}",
    "AWS::Lambda::Alias": "arn:aws:lambda:eu-central-1:123456789012:function:winnow-test-{}:live",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:eu-central-1:123456789012:stateMachine:{}",
}


def resources(*, reviews: bool = True) -> list[dict[str, str]]:
    """What CloudFormation would say of a stack of the template."""
    return [
        {
            "LogicalResourceId": name,
            "ResourceType": one["Type"],
            "PhysicalResourceId": PHYSICAL.get(one["Type"], "{}").format(name.lower()),
        }
        for name, one in expand()["Resources"].items()
        if reviews or one.get("Condition") != "HasReviewPage"
    ]


def made(person: Person, *, key: str = "", reviews: bool = True) -> dict[str, Any]:
    return policy(person, arns_of(STACK, resources(reviews=reviews), key))


@pytest.mark.parametrize("person", Person)
@pytest.mark.parametrize("key", ["", KEY])
def test_a_linter_has_nothing_to_say(person: Person, key: str) -> None:
    document = made(person, key=key)
    assert lint(document) == []
    assert len(str(document)) < 6144, "a managed policy has at most so many characters"


@pytest.mark.parametrize("person", GRANTS)
def test_every_resource_is_of_the_stack(person: Person) -> None:
    for statement in made(person)["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        for arn in statement["Resource"]:
            if statement["Sid"] != "WatchMetrics":
                assert "winnow-test" in arn or arn.endswith(":triage")
                assert arn.startswith("arn:aws:")


def test_only_operating_names_every_resource() -> None:
    everywhere = [
        (person, statement["Sid"])
        for person in GRANTS
        for statement in made(person)["Statement"]
        if "*" in statement["Resource"]
    ]
    assert everywhere == [(Person.OPERATE, "WatchMetrics")]


def test_nobody_may_change_permissions_and_one_may_delete() -> None:
    actions = {
        (person, action)
        for person, grants in GRANTS.items()
        for one in grants
        for action in one.actions
        if "Delete" in action or action.startswith(("iam:", "sts:"))
    }
    assert actions == {
        (Person.FORGET, "s3:DeleteObjectVersion"),
        (Person.FORGET, "dynamodb:DeleteItem"),  # of the lease of a training, by its key
    }


@pytest.mark.parametrize("prefix", ["", f"{SHADOW}0a1b/"])
def test_who_may_forget_may_delete_whatever_a_run_writes(prefix: str) -> None:
    paths = RunPaths("winnow-test-resultsbucket", "0af3" * 8, None, prefix)
    written = [paths.chunk(0), paths.scored(0), paths.result("p"), paths.picture("p", 1)]
    by_sid = {one["Sid"]: one for one in made(Person.FORGET)["Statement"]}
    listed = by_sid["ListTexts"]["Condition"]["StringLike"]["s3:prefix"]
    for ref in written:
        arn = f"arn:aws:s3:::{ref.bucket}/{ref.key}"
        assert any(fnmatchcase(arn, one) for one in by_sid["EraseTexts"]["Resource"])
        assert any(fnmatchcase(ref.key, one) for one in listed)


def test_arns_are_those_of_the_service() -> None:
    arns = arns_of(STACK, resources()).by_id
    assert arns["UploadsBucket"] == "arn:aws:s3:::winnow-test-uploadsbucket"
    assert arns["Table"] == "arn:aws:dynamodb:eu-central-1:123456789012:table/winnow-test-table"
    assert arns["Waiting"] == "arn:aws:sqs:eu-central-1:123456789012:winnow-test-waiting"
    assert arns["stack"] == "arn:aws:cloudformation:eu-central-1:123456789012:stack/winnow-test/*"


def test_a_key_is_used_through_services_alone() -> None:
    [statement] = [one for one in made(Person.READ, key=KEY)["Statement"] if KEY in one["Resource"]]
    assert statement["Action"] == ["kms:Decrypt"]
    assert statement["Condition"]["StringEquals"]["kms:ViaService"] == [
        f"{name}.eu-central-1.amazonaws.com" for name in ("s3", "dynamodb", "sqs")
    ]
    assert not any("kms" in str(one) for one in made(Person.READ)["Statement"])


@pytest.mark.parametrize("person", Person)
def test_who_reads_or_writes_what_is_encrypted_may_use_the_key(person: Person) -> None:
    def allowed(verb: str) -> bool:
        return any(verb in one["Action"] for one in made(person, key=KEY)["Statement"])

    encrypted = ("s3:GetObject", "s3:GetObjectVersion", "dynamodb:GetItem", "dynamodb:Query")
    if any(map(allowed, encrypted)):
        assert allowed("kms:Decrypt")
    if allowed("s3:PutObject"):
        assert allowed("kms:GenerateDataKey")


def test_without_reviews_nobody_reviews_and_the_others_go_without() -> None:
    arns = arns_of(STACK, resources(reviews=False))
    assert {one for one in Person if needs_reviews(one, arns)} == {Person.REVIEW}
    for person, lacking in (
        (Person.READ, {"CountReviews", "Search"}),
        (Person.FORGET, {"MarkReviews", "ForgetInIndex"}),
        (
            Person.OPERATE,
            {"CountReviews", "CountChanges", "ListIndex", "ReadIndexState", "RebuildIndex"},
        ),
    ):
        sids = {one["Sid"] for one in made(person)["Statement"]}
        without = {one["Sid"] for one in made(person, reviews=False)["Statement"]}
        assert sids - without == lacking


def test_a_stack_that_lacks_a_resource_is_of_another_version() -> None:
    few = [one for one in resources() if one["LogicalResourceId"] != "ModelsTable"]
    with pytest.raises(StackUnknownError, match="ModelsTable"):
        policy(Person.PROMOTE, arns_of(STACK, few))


def test_every_policy_has_words() -> None:
    assert set(WORDS) == {*GRANTS, Person.DEPLOY} == set(Person)
