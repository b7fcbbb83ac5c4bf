"""Textract behind the port, against botocore's stub of it."""

import io

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from PIL import Image

from winnow.errors import (
    AccessDeniedError,
    AwsRefusedError,
    FileTooLargeError,
    FileUnreadableError,
    RetryableError,
)
from winnow_ocr import textract
from winnow_ocr.engine import FoundLine, Picture, Point
from winnow_ocr.textract import TextractEngine

PICTURE = Picture(200, 100, bytes([250, 240, 230]) * 20_000)


def line(text: str, confidence: float = 99.5) -> dict:
    corners = [(0.1, 0.2), (0.9, 0.2), (0.9, 0.3), (0.1, 0.3)]
    return {
        "BlockType": "LINE",
        "Text": text,
        "Confidence": confidence,
        "Geometry": {"Polygon": [{"X": x, "Y": y} for x, y in corners]},
    }


@pytest.fixture
def client():
    return boto3.client(
        "textract", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def test_lines_come_with_their_corners_and_confidence(client):
    answer = {
        "Blocks": [
            {"BlockType": "PAGE"},
            line("Melena, twice."),
            {**line("x"), "BlockType": "WORD"},
        ]
    }
    with Stubber(client) as stub:
        stub.add_response("detect_document_text", answer, {"Document": {"Bytes": ANY}})
        assert TextractEngine(client)(PICTURE) == [
            FoundLine(
                "Melena, twice.",
                (Point(20, 20), Point(180, 20), Point(180, 30), Point(20, 30)),
                0.995,
            )
        ]


def test_a_page_without_text_is_an_empty_list(client):
    with Stubber(client) as stub:
        stub.add_response("detect_document_text", {"Blocks": [{"BlockType": "PAGE"}, line(" ")]})
        assert TextractEngine(client)(PICTURE) == []


def test_the_picture_goes_in_the_request_and_no_bucket_is_named(client):
    sent = []
    client.meta.events.register(
        "before-parameter-build.textract.DetectDocumentText",
        lambda params, **_: sent.append(params),
    )
    with Stubber(client) as stub:
        stub.add_response("detect_document_text", {"Blocks": []})
        TextractEngine(client)(PICTURE)
    (params,) = sent
    assert set(params) == {"Document"}
    assert set(params["Document"]) == {"Bytes"}
    with Image.open(io.BytesIO(params["Document"]["Bytes"])) as image:
        assert (image.format, image.size, image.getpixel((5, 5))) == (
            "PNG",
            (200, 100),
            (250, 240, 230),
        )


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDeniedException", AccessDeniedError),
        ("DocumentTooLargeException", FileTooLargeError),
        ("UnsupportedDocumentException", FileUnreadableError),
        ("BadDocumentException", FileUnreadableError),
        ("ProvisionedThroughputExceededException", RetryableError),
        ("ThrottlingException", RetryableError),
        ("InternalServerError", RetryableError),
        ("SomethingNewException", AwsRefusedError),
    ],
)
def test_its_errors_are_ours(client, code, error):
    with Stubber(client) as stub:
        stub.add_client_error("detect_document_text", code, "the text of a document")
        with pytest.raises(error) as raised:
            TextractEngine(client)(PICTURE)
    assert "the text of a document" not in str(raised.value)


def test_no_answer_is_retryable(client, monkeypatch):
    def refuse(**_):
        raise EndpointConnectionError(endpoint_url="x")

    monkeypatch.setattr(client, "detect_document_text", refuse)
    with pytest.raises(RetryableError):
        TextractEngine(client)(PICTURE)


def test_what_no_request_takes_is_refused_before_it_is_sent(client, monkeypatch):
    with Stubber(client):
        with pytest.raises(FileTooLargeError, match="10,001"):
            TextractEngine(client)(Picture(10_001, 1, bytes(30_003)))
        monkeypatch.setattr(textract, "MAX_BYTES", 100)
        with pytest.raises(FileTooLargeError, match="100 bytes"):
            TextractEngine(client)(PICTURE)
