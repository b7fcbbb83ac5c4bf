"""The table of reviews as the template makes it, in an AWS that answers at an address."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEXES = {"queue": ("queue", "rank"), "by_decision": ("decided_process", "decided_key")}


def create_review_table(dynamodb: "DynamoDBClient", name: str) -> str:
    """Make the table; returns its name."""
    indexes: list[Any] = [
        {
            "IndexName": index,
            "KeySchema": _schema(*keys),
            "Projection": {"ProjectionType": "ALL"},
        }
        for index, keys in INDEXES.items()
    ]
    attributes = ["pk", "sk", *(key for keys in INDEXES.values() for key in keys)]
    dynamodb.create_table(
        TableName=name,
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes
        ],
        GlobalSecondaryIndexes=indexes,
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def _schema(partition: str, sort: str) -> list[Any]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
