"""Pictures that are judged as pictures, dropped into the real local stack."""

import io
import uuid
from base64 import b64encode
from pathlib import Path

import pytest
from PIL import Image

from tests.fakes.drawn_pictures import archive, packed, wheels
from winnow.models import Outcome, Picture
from winnow.storage.paths import RunPaths

from .conftest import Stack, until, winnow
from .test_api import Client

pytestmark = pytest.mark.model


def test_pictures_of_an_archive_are_records(stack: Stack) -> None:
    """Every format, one broken picture, and a text: each is its own record's business."""
    kinds = ("PNG", "JPEG", "WEBP", "GIF", "TIFF")
    members = {f"{kind.lower()}/bike.{kind.lower()}": packed(wheels(), kind) for kind in kinds}
    members |= {"cut.png": packed(wheels(), "PNG")[:300], "note.txt": b"No picture."}
    row = stack.run("bikes.zip", archive(members), "wheels")
    assert row.state == "SUCCEEDED"
    result, records = stack.result(row)
    assert [record.part for record in records] == list(members)
    assert [record.outcome for record in records] == [Outcome.ACCEPTED] * 5 + [Outcome.INVALID] * 2
    assert [record.code for record in records[5:]] == ["file_unreadable", "file_type"]
    assert result.model is not None
    assert result.model.engine == "litert-fp16"
    for record, kind in zip(records, kinds, strict=False):
        assert record.picture == Picture(format=kind.lower(), width=320, height=240)
        assert record.text is None
        assert record.decision is not None
        assert record.decision.kind == "labels"
        assert {score.label for score in record.decision.scores} == {"bicycle", "motorcycle"}
        key = RunPaths("results", row.upload_id).picture("wheels", record.record).key
        stored = stack.s3.get_object(Bucket=stack.target.results_bucket, Key=key)
        assert stored["ContentType"] == "image/jpeg"
        with Image.open(io.BytesIO(stored["Body"].read())) as seen:
            assert seen.size == (320, 240)
    (mail,) = stack.mails(row.upload_id)
    assert "5 accepted" in mail.subject


def test_a_list_names_pictures_beside_it(stack: Stack) -> None:
    folder = f"inbox/wheels/{uuid.uuid4().hex}/"
    bucket = stack.target.uploads_bucket
    put = stack.s3.put_object(Bucket=bucket, Key=f"{folder}bike.png", Body=packed(wheels(), "PNG"))
    rows = "name,picture\nours,bike.png\ngone,moped.png\nurl,https://example.org/bike.png\n"
    key = f"{folder}list.csv"
    stack.s3.put_object(Bucket=bucket, Key=key, Body=rows.encode())
    row = stack.wait(key)
    assert row.state == "SUCCEEDED"
    _, [ours, gone, url] = stack.result(row)
    assert (ours.source_id, ours.outcome) == ("ours", Outcome.ACCEPTED)
    assert ours.picture is not None
    assert ours.picture.object is not None
    assert ours.picture.object.version_id == put["VersionId"]
    assert (gone.code, url.code) == ("picture_missing", "picture_url")


def test_none_of_the_pictures_is_sure_enough(stack: Stack) -> None:
    row = stack.run("bike.jpg", packed(wheels(), "JPEG"), "sure-wheels")
    assert (row.state, row.error_code) == ("FAILED", "confidence_threshold_not_met")
    (mail,) = stack.mails(row.upload_id)
    assert "failed" in mail.subject
    assert "confidence_threshold_not_met" in mail.body


def test_a_text_fails_and_says_what_to_drop(stack: Stack) -> None:
    row = stack.run("note.txt", "A note about a bicycle.", "wheels")
    assert (row.state, row.error_code) == ("FAILED", "file_type")
    assert "The process judges pictures" in (row.error_message or "")


def test_a_picture_is_submitted_and_waited_for(stack: Stack, tmp_path) -> None:
    (tmp_path / "bike.png").write_bytes(packed(wheels(), "PNG"))
    answer = winnow("submit", tmp_path / "bike.png", "--process", "wheels", "--wait", "--json")
    assert answer.code == 0, answer.err


def test_the_api_judges_a_picture_as_the_run_and_the_command_line_do(
    stack: Stack, tmp_path: Path
) -> None:
    """Turned by EXIF, whose other fields go nowhere."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Ochre Cameras"
    picture = packed(wheels(), "JPEG", exif=exif)
    client = Client(stack)
    asked = {"process": "wheels", "picture": b64encode(picture).decode()}
    made = client.post("/v1/predictions", asked)
    assert made.status == 201, made.body
    prediction = made.document()
    assert prediction["picture"] == {"format": "jpeg", "width": 320, "height": 240, "object": None}
    assert prediction["model"]["engine"] == "litert-fp16"
    row = stack.run("turned.jpg", picture, "wheels")
    _, [record] = stack.result(row)
    (tmp_path / "turned.jpg").write_bytes(picture)
    processes = Path(__file__).parent / "processes"
    local = winnow("predict", "--process", "wheels", "--processes", processes, "--json", "--file",
                   tmp_path / "turned.jpg")  # fmt: skip
    assert local.code == 0, local.err
    predicted = local.document()["records"][0]
    run = record.model_dump(mode="json")
    assert prediction["outcome"] == run["outcome"] == predicted["outcome"]
    for name in ("decision", "score", "confidence", "calibrated"):
        assert prediction[name] == run[name] == predicted["judgement"][name]
    own_id = prediction["id"]
    assert client.get(f"/v1/predictions/{own_id}").document() == prediction
    key = f"predictions/wheels/{own_id}.json"
    stored = stack.s3.get_object(Bucket=stack.target.results_bucket, Key=key)["Body"].read()
    assert b"Ochre" not in stored
    assert len(stored) < 3_000


def test_the_api_refuses_a_bomb_and_takes_a_large_picture(stack: Stack) -> None:
    client = Client(stack)
    bomb = packed(Image.new("1", (12_000, 10_001)), "PNG")
    refused = client.post(
        "/v1/predictions", {"process": "wheels", "picture": b64encode(bomb).decode()}
    )
    assert (refused.status, refused.document()["code"]) == (422, "file_bomb")
    noise = Image.effect_noise((1_900, 2_000), 90)
    large = packed(noise, "PNG")
    assert 3_000_000 < len(large) < 4_000_000
    made = client.post(
        "/v1/predictions", {"process": "wheels", "picture": b64encode(large).decode()}
    )
    assert made.status == 201, made.body


def test_pictures_are_found_by_a_picture(stack: Stack, tmp_path: Path) -> None:
    """The API and the command line make the same vector, and the index finds the same by it."""
    members = {f"{count}.png": packed(wheels(count), "PNG") for count in (1, 2, 7)}
    row = stack.run("alike.zip", archive(members), "wheels")
    wanted = packed(wheels(), "PNG")
    (tmp_path / "bike.png").write_bytes(wanted)
    asked = {
        "like_picture": b64encode(wanted).decode(),
        "filters": {"uploads": [row.upload_id]},
    }
    client = Client(stack)

    def found() -> list[tuple[int, float]] | None:
        answer = client.post("/v1/search", asked)
        assert answer.status == 200, answer.body
        hits = answer.document()["hits"]
        assert all(hit["thumbnail"] for hit in hits)
        return [(hit["record"], hit["likeness"]) for hit in hits] if len(hits) == 3 else None

    by_api = until(found)
    assert by_api[0] == (2, 1.0)
    for more in ((), ("--from-results",)):
        answer = winnow("search", "--like-picture", tmp_path / "bike.png", "--upload",
                        row.upload_id, "--json", *more)  # fmt: skip
        assert answer.code == 0, answer.err
        hits = answer.document()["hits"]
        assert [(hit["record"], hit["likeness"]) for hit in hits] == by_api


def test_a_file_that_is_no_picture_finds_nothing(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("A note.")
    answer = winnow("search", "--like-picture", tmp_path / "note.txt", "--json")
    assert answer.code == 1
    assert answer.document()["error"]["code"] == "file_type"
    answer = winnow("search", "--like-picture", tmp_path / "note.txt", "--save", "Alike")
    assert answer.code == 2
    assert "keeps no picture" in answer.err
