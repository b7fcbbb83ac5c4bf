"""Evidence in several files of one case, with the real encoder: none alone decides it."""

import email.message
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.fakes import files
from winnow_cli.app import app

ROOT = Path(__file__).parents[2]
LETTER = (
    "Dear colleague, please consider capsule endoscopy for this 67-year-old woman. "
    "She has had melena three times since March and her iron deficiency anemia persists, "
    "hemoglobin 8.1 g/dL. We suspect obscure bleeding from the small bowel."
)
REPORT = ["Upper endoscopy was normal.", "Colonoscopy was normal, with no source of bleeding."]
LABS = "Laboratory: ferritin 6 ng/mL."

pytestmark = pytest.mark.model


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    """L33774 as it ships, and the same with cases joined; no head, so that both score alike."""
    folder = tmp_path / "processes"
    folder.mkdir()
    shipped = (ROOT / "processes" / "L33774.yaml").read_text(encoding="utf-8")
    for name, case in (("separate", "separate"), ("joined", "join")):
        text = shipped.replace("id: L33774", f"id: {name}", 1)
        text = text.replace("\ninput:\n", f"\ninput:\n  case: {case}\n", 1)
        text = text.replace("\ncodes:", "\n# codes:", 1)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def mail() -> bytes:
    message = email.message.EmailMessage()
    message["From"] = "clinic@hospital.example"
    message["Subject"] = "Request"
    message.set_content(LETTER)
    report = files.pdf([files.lines(REPORT)])
    message.add_attachment(report, maintype="application", subtype="pdf", filename="report.pdf")
    message.add_attachment(LABS, filename="labs.txt")
    return message.as_bytes()


def predicted(file: Path, process: str, processes: Path, model: Path) -> list[dict[str, Any]]:
    options = ["--processes", str(processes), "--model", str(model), "--file", str(file)]
    ran = CliRunner().invoke(app, ["predict", "--process", process, "--json", *options])
    assert ran.exit_code == 0, ran.stderr
    records: list[dict[str, Any]] = json.loads(ran.stdout)["records"]
    return records


def evidence_of(record: dict[str, Any]) -> dict[str, set[str | None]]:
    """The parts that the evidence of each criterion is in."""
    return {
        finding["id"]: {piece["part"].get("part") for piece in finding["evidence"]}
        for finding in record["judgement"]["decision"]["criteria"]
    }


def test_a_mail_and_its_attachments_decide_together(
    model_dir: Path, tmp_path: Path, processes: Path
) -> None:
    file = tmp_path / "request.eml"
    file.write_bytes(mail())
    alone = predicted(file, "separate", processes, model_dir)
    assert [one["judgement"]["decision"]["value"] for one in alone] == ["undetermined"] * 3
    (case,) = predicted(file, "joined", processes, model_dir)
    assert case["judgement"]["decision"]["value"] == "met"
    parts = evidence_of(case)
    assert parts["endoscopy-negative"] == {"report.pdf"}
    assert None in parts["anemia"]
    spans = {part.get("part"): (part["start"], part["end"]) for part in case["parts"]}
    for finding in case["judgement"]["decision"]["criteria"]:
        for piece in finding["evidence"]:
            start, end = spans[piece["part"].get("part")]
            assert start <= piece["start"] < piece["end"] <= end
            assert piece["part"]["start"] == piece["start"] - start


def test_the_members_of_an_archive_decide_together_in_any_order(
    model_dir: Path, tmp_path: Path, processes: Path
) -> None:
    members = {"letter.txt": LETTER, "labs.txt": LABS, "report.txt": "\n".join(REPORT)}
    decided = []
    for names in (list(members), list(members)[::-1]):
        file = tmp_path / "case.zip"
        file.write_bytes(files.package({name: members[name] for name in names}))
        (case,) = predicted(file, "joined", processes, model_dir)
        decided.append((case["judgement"]["decision"]["value"], case["judgement"]["confidence"]))
        assert evidence_of(case)["endoscopy-negative"] == {"report.txt"}
    assert decided[0] == decided[1]
    assert decided[0][0] == "met"


def test_rows_of_two_cases_that_take_turns(
    model_dir: Path, tmp_path: Path, processes: Path
) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [("A", LETTER), ("B", LABS), ("A", " ".join(REPORT))]
    file.write_text(
        "".join(json.dumps({"case_id": named, "text": text}) + "\n" for named, text in rows)
    )
    first, second = predicted(file, "joined", processes, model_dir)
    assert (first["source_id"], first["judgement"]["decision"]["value"]) == ("A", "met")
    assert second["source_id"] == "B"
    assert second["judgement"]["decision"]["value"] == "undetermined"
    again = predicted(file, "joined", processes, model_dir)
    assert again == [first, second]
