"""Rows of the uploads' table, from DynamoDB's items."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from winnow.recovery.upload_row import ATTRIBUTES, UploadRow

_DESERIALIZER = TypeDeserializer()


def row_of(item: Mapping[str, Any]) -> UploadRow:
    """The row of an item; unknown attributes are ignored."""
    attributes = {
        name: _DESERIALIZER.deserialize(value) for name, value in item.items() if name in ATTRIBUTES
    }
    return UploadRow.from_stored(str(attributes["upload_id"]), attributes)
