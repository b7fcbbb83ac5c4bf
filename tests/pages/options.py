"""The `winnow` commands: what each does, and its arguments and options."""

import enum
import typing
from collections.abc import Iterator
from typing import Any

import typer

from tests.pages.blocks import code, table
from winnow_cli.app import app

HEADER = ("option", "default", "what it does")


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/options.md."""
    return {"options": "\n\n".join(_section(name, command) for name, command in commands())}


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that is not hidden, with the words that call it."""
    yield from _below("winnow", typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        if not command.hidden:
            yield name, command
        return
    if command.invoke_without_command and name != "winnow":
        yield name, command
    for word, child in children.items():
        yield from _below(f"{name} {word}", child)


def _section(name: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [parameter for parameter in shown if parameter.param_type_name == "argument"]
    usage = [name, *map(_placeholder, arguments), "[OPTIONS]"]
    text = " ".join((command.help or "").split())
    rows = [_row(parameter) for parameter in shown]
    return f"## {name}\n\n`{' '.join(usage)}`\n\n{text}\n\n{table(HEADER, rows)}"


def _placeholder(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    name += "..." if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def _row(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        name = code(_placeholder(parameter))
    else:
        name = ", ".join(map(code, _spelled(parameter)))
    default = "required" if parameter.required else _default(parameter)
    text = " ".join((parameter.help or "").split())
    if choices := _choices(parameter):
        text += f" One of {', '.join(map(code, choices))}."
    if limits := _limits(parameter):
        text += f" {limits}."
    if parameter.envvar:
        text += f" Environment variable: {code(parameter.envvar)}."
    if getattr(parameter, "multiple", False) and "repeat" not in text:
        text += " May be repeated."
    return name, default, text


def _spelled(option: Any) -> list[str]:
    if option.is_flag:
        return [*option.opts, *option.secondary_opts]
    value = option.metavar or ("|".join(_choices(option)) or option.name.upper())
    return [f"{spelling} {value}" for spelling in option.opts]


def _default(parameter: Any) -> str:
    shown = getattr(parameter, "show_default", True)
    if isinstance(shown, str):
        return shown
    value = parameter.default
    if value is None or value is False or callable(value):
        return ""
    value = value.value if isinstance(value, enum.Enum) else value
    return code(f"{value:g}" if isinstance(value, float) else value)


def _choices(parameter: Any) -> list[str]:
    """Return the values of an option that takes one of a few."""
    for kind in _kinds(parameter.type_descriptor.annotation):
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return [str(member.value) for member in kind]
        if typing.get_origin(kind) is typing.Literal:
            return [str(value) for value in typing.get_args(kind)]
    return []


def _kinds(annotation: Any) -> list[Any]:
    """Return the parts of a union, or the type itself."""
    if typing.get_origin(annotation) is typing.Literal:
        return [annotation]
    return [annotation, *typing.get_args(annotation)]


def _limits(parameter: Any) -> str:
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is not None and high is not None:
        return f"From {low:g} to {high:g}"
    if low is not None:
        return f"At least {low:g}"
    return f"At most {high:g}" if high is not None else ""
