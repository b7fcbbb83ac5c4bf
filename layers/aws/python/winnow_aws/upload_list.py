"""The table of uploads as a list: the latest of each state, from the index `by_claim`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from winnow.recovery.upload_row import UploadRow
from winnow_aws.aws_errors import translated
from winnow_aws.rows import row_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "by_claim"


class UploadList:
    """Rows of uploads on DynamoDB."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._where = f"in the table {table}"

    def find(self, upload_id: str) -> UploadRow | None:
        with translated(self._where):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"upload_id": {"S": upload_id}}, ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else row_of(item)

    def newest(self, state: str, until: str | None, limit: int) -> list[UploadRow]:
        condition, values = "#state = :state", {":state": {"S": state}}
        if until is not None:
            condition += " AND claimed_at <= :until"
            values[":until"] = {"S": until}
        rows: list[UploadRow] = []
        start: dict[str, Any] = {}
        while True:
            with translated(self._where):
                answer = self._dynamodb.query(
                    TableName=self._table,
                    IndexName=INDEX,
                    KeyConditionExpression=condition,
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues=values,
                    ScanIndexForward=False,
                    Limit=limit,
                    **start,
                )
            rows += map(row_of, answer["Items"])
            last = answer.get("LastEvaluatedKey")
            # Rows of one moment have no order: a page that ended among them would lose some.
            if not last or (
                len(rows) > limit and rows[-1].claimed_at != rows[limit - 1].claimed_at
            ):
                return rows
            start = {"ExclusiveStartKey": last}

    def since(self, state: str, moment: str) -> Iterator[UploadRow]:
        """Every row of a state that was claimed at that moment or later."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="#state = :state AND claimed_at >= :moment",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":state": {"S": state}, ":moment": {"S": moment}},
        )
        with translated(self._where):
            for page in pages:
                yield from map(row_of, page["Items"])
