"""Pictures that people decided become a challenger, which can be made again and released."""

from pathlib import Path

import pytest

from tests.fakes.drawn_pictures import archive
from tests.fakes.two_wheels import drawing
from winnow.reviews.models import QueueFilter
from winnow.reviews.service import Given
from winnow_cli.models import open_models
from winnow_cli.reviews import StackReviews

from .conftest import Stack, until, winnow
from .test_api import Client

pytestmark = [pytest.mark.model, pytest.mark.slow]

RIDERS = """\
id: riders
version: 1.0.0
kind: labels
title: Bicycle or motorcycle
input: {modality: image}
threshold: 0.95
labels:
  - {id: bicycle, classes: [mountain bike, tandem]}
  - {id: motorcycle, classes: [moped, motor scooter]}
"""
PICTURES = 80


def decide(stack: Stack) -> None:
    """Pictures are judged, set aside, and decided by the names of their folders."""
    members = {
        f"{thing}/{seed}.png": drawing(thing, seed)
        for seed in range(PICTURES // 2)
        for thing in ("bicycle", "motorcycle")
    }
    row = stack.run("riders.zip", archive(members), "riders")
    assert row.state == "SUCCEEDED", row.error_code
    reviews = StackReviews(stack.target)
    until(lambda: reviews.store.totals_of_upload(row.upload_id) is not None)
    wanted = [QueueFilter(process="riders")]
    while heads := reviews.service.take("script", wanted, 50):
        for head in heads:
            part = reviews.items.record(head).part or ""
            given = Given(part.partition("/")[0])
            reviews.service.decide("script", head.key, head.version, given)


def test_reviewed_pictures_become_a_version(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "riders.yaml"
    file.write_text(RIDERS, "utf-8")
    first = winnow("process", "publish", file, "--json").document()["champion"]
    decide(stack)

    client, models = Client(stack), open_models(stack.target)
    assert client.post("/v1/models/riders/train", {}).status == 202
    challenger = until(lambda: models.entry("riders").challenger)
    version = models.version(models.entry("riders"), "challenger")
    assert version.metrics is not None
    assert version.metrics.better
    assert version.data is not None
    again = winnow("reproduce", "riders", "challenger", "--json")
    assert again.document()["same"] is True, again.out

    golden = winnow("release", "check", "riders", "--json")
    assert golden.code == 0, golden.out
    released = winnow("release", "promote", "riders", "--yes", "--json")
    assert released.code == 0, released.out
    result, [after] = stack.result(stack.run("bike.png", drawing("bicycle", 900), "riders"))
    assert result.version is not None
    assert result.version.sha256 == challenger != first
    assert after.decision is not None
    assert (after.decision.value, after.calibrated) == ("bicycle", True)
