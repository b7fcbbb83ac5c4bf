"""What files will take and cost, before they are judged: `winnow submit --estimate`."""

from dataclasses import dataclass
from pathlib import Path

from winnow.costs.estimate import Estimate, estimate
from winnow.costs.prices import PriceList
from winnow.costs.runs import run_cost
from winnow.limits.budget import estimated_segments
from winnow.models import Record, RunCost
from winnow.processes.loader import load_definition
from winnow.processes.schema import ProcessDefinition
from winnow.readers.cases import records_for
from winnow.readers.ocr import OcrNeededError, defer_ocr
from winnow_cli.models import open_models
from winnow_cli.prediction import opened
from winnow_cli.target import Target, aws_errors

MEASURED_DAYS = 30
"""Of so many days the runs are told that a process had."""


@dataclass(frozen=True)
class FileEstimate:
    """What one file will take."""

    path: Path
    estimate: Estimate | None
    """None: it has scanned pages, and no records are known before they are read."""
    cost: RunCost | None


def definition_on(target: Target, process: str) -> ProcessDefinition:
    """The champion of a process, which would judge the file.

    Raises:
        ProcessUnknownError: The stack has none of this name.
    """
    with aws_errors(target):
        models = open_models(target)
        entry = models.entry(process)
        version = models.version(entry, "champion")
        return load_definition(models.definition_of(version), entry.process, published=True)


def estimate_file(
    path: Path, definition: ProcessDefinition, prices: PriceList, processors: str
) -> FileEstimate:
    """Count the file's records and sentences as Serialize would, and say what they will take."""
    try:
        records, sentences = count(path, definition)
    except OcrNeededError:
        return FileEstimate(path, None, None)
    if not records:
        return FileEstimate(path, None, None)
    found = estimate(records, sentences, of_pictures=definition.of_pictures)
    return FileEstimate(path, found, run_cost(found.units, records, prices, processors))


def count(path: Path, definition: ProcessDefinition) -> tuple[int, int]:
    """The records of a file, and their estimated sentences.

    Raises:
        OcrNeededError: It has pages that are pictures.
    """
    records = sentences = 0
    with opened(path, definition, defer_ocr) as source:
        for record in records_for(source, definition.input):
            records += 1
            if isinstance(record, Record):
                sentences += estimated_segments(record.text)
    return records, sentences
