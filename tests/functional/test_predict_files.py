"""`winnow predict --file` on documents and scans: what the pipeline would say, with no stack."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.fakes import files, scans
from winnow_cli.app import app

SAMPLES = Path(__file__).parents[2] / "samples"


def predicted(file: Path, process: str, *options: str) -> Any:
    ran = CliRunner().invoke(
        app, ["predict", "--process", process, "--file", str(file), "--json", *options]
    )
    assert ran.exit_code == 0, ran.stderr
    return json.loads(ran.stdout)["records"]


@pytest.mark.model
def test_a_scan_is_read_by_ocr_and_its_evidence_has_places(model_dir: Path) -> None:
    (record,) = predicted(SAMPLES / "prior-auth-scan.pdf", "L33774", "--model", str(model_dir))
    assert record["outcome"] == "accepted"
    assert record["ocr_confidence"] > 0.97
    decision = record["judgement"]["decision"]
    assert decision["value"] == "met"
    (place, *_) = decision["criteria"][0]["evidence"][0]["places"]
    assert place["page"] == 1
    assert len(place["box"]) == 4


@pytest.mark.model
def test_a_page_that_ocr_is_not_sure_of_is_for_review(model_dir: Path, tmp_path: Path) -> None:
    page = scans.illegible("\n".join(["I passed the exam and I am so happy!"] * 9))
    (tmp_path / "page.png").write_bytes(scans.packed(page.crop((0, 0, 612, 300))))
    (record,) = predicted(tmp_path / "page.png", "emotions", "--model", str(model_dir))
    assert (record["outcome"], record["code"]) == ("review", "low_ocr_confidence")
    assert "judgement" in record


@pytest.mark.model
def test_a_file_without_pictures_loads_no_ocr_and_its_notes_are_told(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("winnow_cli.prediction._pages", lambda: pytest.fail("OCR was loaded"))
    (tmp_path / "note.doc").write_bytes(files.docx(files.paragraph("I am glad.")))
    command = ["predict", "--process", "emotions", "--model", str(model_dir), "--file"]
    ran = CliRunner().invoke(app, [*command, str(tmp_path / "note.doc")])
    assert "wrong_extension" in ran.stderr
    header, row = ran.stdout.splitlines()
    assert header.split("\t")[:3] == ["record", "id", "outcome"]
    assert row.split("\t")[2].startswith(("accepted", "review"))
