"""What is wrong with a value of a definition, in a sentence that says what to write instead."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from winnow.processes.schema import FieldPath, Process, nearest
from winnow.processes.yaml_repair import quote

MIN_PERCENTAGE = 10
"""From here on, a number where a share is asked for is taken to be a percentage."""
_SHARES = ("threshold", "min_ocr_confidence")
_COMMA = re.compile(r"[-+]?\d+,\d+")

_MESSAGES = {
    "missing": "is missing",
    "tuple_type": "must be a list",
    "model_type": "must contain named fields",
    "model_attributes_type": "must contain named fields",
    "finite_number": "must be a number",
    "too_short": "has too few items",
    "string_too_short": "must not be empty",
    "union_tag_invalid": "must be a criterion's id or a group",
    "union_tag_not_found": "must be a criterion's id or a group",
}

_PATTERNS: dict[str, str] = {
    "id": "must be 1 to 64 letters, digits, '_' or '-', beginning with a letter or digit",
    "codes": "must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit",
    "version": "must be a version as in 1.0.0",
}


@cache
def _schema(kind: type[Process]) -> dict[str, Any]:
    return kind.model_json_schema()


def _fields_at(kind: type[Process], path: FieldPath) -> list[str]:
    """Names of the fields that the schema allows at a path, for suggestions."""
    schema = _schema(kind)
    fields = _properties(schema, schema)
    for name in path:
        if isinstance(name, str):
            fields = _properties(fields.get(name, {}), schema)
    return list(fields)


def _properties(node: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the objects that a node of a JSON Schema allows, by itself or in a list."""
    fields = dict(node.get("properties", {}))
    inner = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    if "items" in node:
        inner.append(node["items"])
    if "$ref" in node:
        inner.append(schema["$defs"][node["$ref"].rpartition("/")[2]])
    for part in inner:
        fields |= _properties(part, schema)
    return fields


def explain(error: Mapping[str, Any], kind: type[Process]) -> tuple[FieldPath, str]:
    """The field of a pydantic error, and what is wrong with it.

    Args:
        kind: The class that was validated, for the names of its fields.
    """
    # Union members put their tag, "<group>", into the location; no field is called so.
    path = tuple(part for part in error["loc"] if not str(part).startswith("<"))
    name = str(error["type"])
    context = error.get("ctx", {})
    value = error.get("input")
    if name == "extra_forbidden":
        wrong = str(path[-1])
        return path, f"is not a known field{nearest(wrong, _fields_at(kind, path[:-1]))}"
    if name == "string_pattern_mismatch":
        last = next(part for part in reversed(path) if isinstance(part, str))
        return path, _PATTERNS[last]
    if name == "string_type":
        return path, _not_text(value)
    if name == "tuple_type" and isinstance(value, str):
        return path, "must be a list: begin each item on a line of its own with '- '"
    if name == "literal_error":
        return path, f"must be {context['expected']}"
    if name == "too_short":
        return path, f"needs at least {context['min_length']}"
    if name in ("greater_than_equal", "less_than_equal"):
        return path, f"must be from 0 to 1{_as_share(value)}"
    if name in ("float_parsing", "float_type"):
        share = _as_share(value) if path[-1] in _SHARES else ""
        return path, f"must be a number{share or _with_point(value)}"
    if name == "value_error":
        return path, str(context["error"])
    return path, _MESSAGES.get(name, str(error["msg"]))


def _not_text(value: object) -> str:
    """Why a value is no text: mostly a sentence that YAML reads as something else."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, rest),) = value.items()
        if rest is None or isinstance(rest, str):
            sentence = f"{name}: {rest or ''}".rstrip()
            return f"must be text, but ': ' makes a field of it; quote it: {quote(sentence)}"
    if isinstance(value, Mapping):
        return "must be text, not named fields; quote a text that begins with '{'"
    if isinstance(value, list):
        return "must be text, not a list; quote a text that begins with '[' or '- '"
    return "must be text, and is empty" if value is None else "must be text"


def _as_share(value: object) -> str:
    """`; 70 % is 0.7` for what looks like a percentage."""
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return ""
    percentage = text.endswith("%") or number >= MIN_PERCENTAGE
    return f"; {number:g} % is {number / 100:g}" if percentage and 0 <= number <= 100 else ""


def _with_point(value: object) -> str:
    """`, with a point: 0.7` for a decimal comma."""
    text = str(value).strip()
    return f", with a point: {text.replace(',', '.')}" if _COMMA.fullmatch(text) else ""
