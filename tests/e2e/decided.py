"""Records of a process that knows nothing yet, decided by a script."""

import csv
import io
from pathlib import Path

from tests.fakes.heads import rows
from winnow.reviews.models import QueueFilter
from winnow.reviews.service import Given
from winnow_cli.reviews import StackReviews

from .conftest import Stack, until, winnow

TELLERS = """\
id: {process}
version: 1.0.0
kind: labels
title: What a customer of a bank asks about
threshold: 0.99
labels:
  - {{id: card, examples: [It is about something else.]}}
  - {{id: loan, examples: [My dog likes long walks.]}}
  - {{id: app, examples: [Dinner was good.]}}
"""


def publish(process: str, folder: Path) -> str:
    """Publish the process of this name; the sha256 of its champion."""
    file = folder / f"{process}.yaml"
    file.write_text(TELLERS.format(process=process), "utf-8")
    champion: str = winnow("process", "publish", file, "--json").document()["champion"]
    return champion


def decide(stack: Stack, process: str, count: int) -> None:
    """So many records are judged and set aside, and a script decides them."""
    made = {text: label for text, label, _ in rows(count, noise=0.0)}
    stream = io.StringIO()
    csv.writer(stream).writerows([("text",), *((text,) for text in made)])
    row = stack.run("asked.csv", stream.getvalue(), process)
    assert row.state == "SUCCEEDED", row.error_code
    reviews = StackReviews(stack.target)
    until(lambda: reviews.store.totals_of_upload(row.upload_id) is not None)
    wanted = [QueueFilter(process=process)]
    while heads := reviews.service.take("script", wanted, 50):
        for head in heads:
            given = Given(made[str(reviews.items.record(head).text)])
            reviews.service.decide("script", head.key, head.version, given)
