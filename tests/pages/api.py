"""The routes of the HTTP API, and its OpenAPI document."""

from tests.pages.blocks import code, table
from winnow_api.openapi import table_of_routes, text


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/api.md."""
    rows = [(code(key), groups, summary) for key, groups, summary in table_of_routes()]
    return {"routes": table(("route", "groups", "what it does"), rows)}


def document() -> str:
    """Return the text of docs/openapi.json."""
    return text()
