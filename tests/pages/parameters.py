"""The parameters of the stack, from template.yaml in the order in which they are asked for."""

from typing import Any

from tests.pages.blocks import code, table
from tests.template.expand import read

HEADER = ("parameter", "default", "allowed", "what it is")


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/deploying.md."""
    parameters = read()["Parameters"]
    rows = [
        (code(name), code(given["Default"]) or "empty", allowed(given), given["Description"])
        for name, given in parameters.items()
    ]
    return {"parameters": table(HEADER, rows)}


def allowed(parameter: dict[str, Any]) -> str:
    """Return what a parameter takes, in words."""
    if "AllowedValues" in parameter:
        return ", ".join(code(value) for value in parameter["AllowedValues"])
    if "MinValue" in parameter:
        return f"{parameter['MinValue']:,} to {parameter['MaxValue']:,}"
    return str(parameter["ConstraintDescription"])
