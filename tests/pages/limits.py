"""The limits on a file and on a record, with the variables that set them."""

from pydantic.fields import FieldInfo

from tests.pages.blocks import code, table
from winnow.limits.budget import RecordBudget
from winnow.limits.reading import ReadLimits, setting_of
from winnow_aws.settings import budget_setting_of

# What becomes of a file that passes a limit, by the code of docs/errors.md.
BOMBS = {
    "max_members",
    "max_pictures",
    "max_unpacked_bytes",
    "max_ratio",
    "max_parser_bytes",
    "max_pixels",
}
TIMES = {"max_read_seconds", "max_seconds", "max_scan_seconds"}
BEYOND_BUDGET = {
    "max_segments": "record_too_long",
    "max_characters": "record_too_long",
    "max_seconds": "record_too_slow",
}


def blocks() -> dict[str, str]:
    """Return the blocks of docs/formats.md that are about limits."""
    limits = [
        (code(name), code(setting_of(name)), _default(field), beyond(name))
        for name, field in ReadLimits.model_fields.items()
    ]
    budget = [
        (code(name), code(budget_setting_of(name)), _default(field), code(BEYOND_BUDGET[name]))
        for name, field in RecordBudget.model_fields.items()
    ]
    header = ("limit", "setting", "default", "beyond it")
    return {"limits": table(header, limits), "budget": table(header, budget)}


def beyond(limit: str) -> str:
    """Return what becomes of a file, or a record, that passes a limit."""
    if limit == "max_record_chars":
        return "the record is `invalid`: `text_too_long`"
    if limit == "max_case_parts":
        return "the case is `invalid`: `case_too_long`"
    if limit in BOMBS:
        return "`file_bomb`"
    return "`time_limit`" if limit in TIMES else "`file_too_large`"


def _default(field: FieldInfo) -> str:
    return f"{field.default:,.0f} {field.description}"
