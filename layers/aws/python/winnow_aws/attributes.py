"""Values as attributes of DynamoDB's items, each of its own type, and back."""

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]


def attribute(value: Any) -> Item:
    """A JSON value as DynamoDB has it.

    >>> attribute({"confidence": 0.25, "tags": ["a", None]})
    {'M': {'confidence': {'N': '0.25'}, 'tags': {'L': [{'S': 'a'}, {'NULL': True}]}}}
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": repr(value)}
        case str():
            return {"S": value}
        case Mapping():
            return {"M": {name: attribute(inner) for name, inner in value.items()}}
        case _:
            return {"L": [attribute(inner) for inner in value]}


def value_of(attribute: Mapping[str, Any]) -> Any:
    """The value of an attribute; a number is its text, which the models read.

    >>> value_of({"M": {"confidence": {"N": "0.25"}, "tags": {"L": [{"S": "a"}, {"NULL": True}]}}})
    {'confidence': '0.25', 'tags': ['a', None]}
    """
    ((kind, inner),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "M":
            return {name: value_of(value) for name, value in inner.items()}
        case "L":
            return [value_of(value) for value in inner]
        case _:
            return inner


def texts(**values: str) -> Item:
    """Attributes of texts."""
    return {name: {"S": value} for name, value in values.items()}
