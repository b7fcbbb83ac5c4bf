"""Writes the JSON Schemas of what Winnow publishes: `python -m winnow_cli.schemas FOLDER`."""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from winnow.models import Result, ResultRecord
from winnow.reviews.reviewed import ReviewedRecord, ReviewSummary
from winnow.search.shapes import SearchAnswer, StatsAnswer

PUBLISHED: dict[str, type[BaseModel]] = {
    "result.json": Result,
    "record.json": ResultRecord,
    "review.json": ReviewSummary,
    "reviewed-record.json": ReviewedRecord,
    "search-answer.json": SearchAnswer,
    "stats-answer.json": StatsAnswer,
}


def schema_of(shape: type[BaseModel]) -> str:
    """The JSON Schema (draft 2020-12) of a shape as it is written."""
    schema = shape.model_json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2) + "\n"


def main(folder: Path) -> None:
    """Write every published schema into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape in PUBLISHED.items():
        (folder / name).write_text(schema_of(shape), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
