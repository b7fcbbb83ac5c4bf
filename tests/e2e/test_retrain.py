"""What people decided on the local stack becomes a challenger, which decides nothing yet."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.fakes.heads import rows
from winnow.reviews.models import QueueFilter
from winnow.reviews.service import Given
from winnow_cli.models import open_models
from winnow_cli.reviews import StackReviews

from .conftest import Stack, until, winnow

pytestmark = pytest.mark.model

TELLERS = """\
id: tellers
version: 1.0.0
kind: labels
title: What a customer of a bank asks about
threshold: 0.99
labels:
  - {id: card, examples: [It is about something else.]}
  - {id: loan, examples: [My dog likes long walks.]}
  - {id: app, examples: [Dinner was good.]}
"""
RECORDS = 90


def test_what_people_decided_becomes_a_challenger(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "tellers.yaml"
    file.write_text(TELLERS, "utf-8")
    first = winnow("process", "publish", file, "--json").document()["champion"]
    refused = winnow("retrain", "tellers", "--json")
    assert (refused.code, refused.document()["error"]["code"]) == (1, "reviews_too_few")

    made = {text: label for text, label, _ in rows(RECORDS, noise=0.0)}
    stream = io.StringIO()
    csv.writer(stream).writerows([("text",), *((text,) for text in made)])
    row = stack.run("asked.csv", stream.getvalue(), "tellers")
    assert row.state == "SUCCEEDED", row.error_code
    reviews = StackReviews(stack.target)
    until(lambda: reviews.store.totals_of_upload(row.upload_id) is not None)
    wanted = [QueueFilter(process="tellers")]
    while heads := reviews.service.take("script", wanted, 50):
        for head in heads:
            given = Given(made[str(reviews.items.record(head).text)])
            reviews.service.decide("script", head.key, head.version, given)

    page = tmp_path / "page.html"
    done = winnow("retrain", "tellers", "--json", "--html", page)
    assert done.code == 0, done.out
    told = done.document()
    assert (told["outcome"], told["published"]) == ("better", True), told["sentence"]
    assert told["champion"] == first
    assert told["metrics"]["accuracy"] > told["champion_metrics"]["accuracy"]
    models = open_models(stack.target)
    entry = models.entry("tellers")
    assert (entry.champion, entry.challenger) == (first, told["challenger"])
    version = models.version(entry, "challenger")
    assert (version.source, version.by) == ("trained", "you@winnow.local")
    assert {"evaluation.html", "references-litert.vectors"} <= {f.name for f in version.files}
    assert told["challenger"][:12] in page.read_text("utf-8")
    assert winnow("reproduce", "tellers", "challenger", "--json").document()["same"] is True
    after, _ = stack.result(stack.run("a.jsonl", json.dumps({"text": "my card"}) + "\n", "tellers"))
    assert after.version is not None
    assert after.version.sha256 == first
