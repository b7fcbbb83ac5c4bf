"""The settings of the functions: environment variables, read from the classes that read them."""

import types
import typing
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from tests.pages.blocks import code, table
from tests.template.expand import read
from winnow_aws.read_settings import ScanSettings, SerializeSettings
from winnow_aws.settings import (
    ApiSettings,
    ClassifySettings,
    DigestSettings,
    DispatchSettings,
    FilterSettings,
    IndexSettings,
    NotifySettings,
    QueueSettings,
    SearchSettings,
    Settings,
    SweepSettings,
)

HEADER = ("variable", "allowed", "default", "in the template", "what it is")
CLASSES: dict[str, type[Settings]] = {
    "serialize": SerializeSettings,
    "scan": ScanSettings,
    "classify": ClassifySettings,
    "filter": FilterSettings,
    "sweep": SweepSettings,
    "dispatch": DispatchSettings,
    "digest": DigestSettings,
    "notify": NotifySettings,
    "queue": QueueSettings,
    "api": ApiSettings,
    "index": IndexSettings,
    "search": SearchSettings,
}
GROUPS = ("limits", "budget")
"""Fields that are several variables each; docs/formats.md has their tables."""
WORDS = {str: "text", int: "whole number", float: "number", bool: "`true`, `false`", Path: "folder"}


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/settings.md."""
    return {name: _table(name, settings) for name, settings in CLASSES.items()}


def _table(function: str, settings: type[Settings]) -> str:
    template = read()
    given = variables(template, function)
    rows = [
        (
            code(name.upper()),
            allowed(field),
            "required" if field.is_required() else code(_plain(field.default)),
            _value(given[name.upper()], template) if name.upper() in given else "",
            field.description or "",
        )
        for name, field in settings.model_fields.items()
        if name not in GROUPS
    ]
    return table(HEADER, rows)


def _plain(default: object) -> object:
    return str(default).lower() if isinstance(default, bool) else default


def variables(template: dict[str, Any], function: str) -> dict[str, Any]:
    """Return the variables that the template gives a function, with those it gives to each."""
    everywhere = template["Globals"]["Function"]["Environment"]["Variables"]
    own = template["Resources"][f"{function.title()}Function"]["Properties"]["Environment"]
    return {**everywhere, **own["Variables"]}


def allowed(field: FieldInfo) -> str:
    """Return what a field takes, in words."""
    kinds = _members(field.annotation)
    if any(typing.get_origin(kind) is typing.Literal for kind in kinds):
        return ", ".join(code(value) for kind in kinds for value in typing.get_args(kind))
    words = " or ".join(WORDS[kind] for kind in kinds if kind is not type(None))
    bounds = {
        name: getattr(each, name)
        for each in field.metadata
        for name in ("ge", "gt", "le")
        if getattr(each, name, None) is not None
    }
    if "ge" in bounds and "le" in bounds:
        return f"{words}, {bounds['ge']:,} to {bounds['le']:,}"
    if "ge" in bounds:
        return f"{words}, at least {bounds['ge']:,}"
    return f"{words} above {bounds['gt']:,}" if "gt" in bounds else words


def _members(annotation: Any) -> list[Any]:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return list(typing.get_args(annotation))
    return [annotation]


def _value(value: Any, template: dict[str, Any]) -> str:
    """Return what the template sets a variable to, in words."""
    match value:
        case {"Ref": str(name)} if name in template["Parameters"]:
            return f"parameter {code(name)}"
        case {"Ref": str(name)}:
            return "the stack's name" if name == "AWS::StackName" else f"resource {code(name)}"
        case {"Fn::If": [str(condition), one, other]}:
            return f"{_value(one, template)} with {code(condition)}, else {_value(other, template)}"
        case {"Fn::Sub": str(pattern)}:
            return code(pattern)
        case "":
            return "empty"
        case str() | int():
            return code(value)
    raise ValueError(f"no words for {value!r}")
