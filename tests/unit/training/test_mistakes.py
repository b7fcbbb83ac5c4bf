"""Mistakes by criteria: their order, the criterion behind each, and the counts by criterion."""

import csv
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import KNEE
from winnow.models import CriterionFinding, Evidence, Polarity, Verdict
from winnow.processes.schema import Group
from winnow_cli.app import app
from winnow_train.mistakes import causes_of, strongest

M, N, U = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED
ALL = Group(all_of=("a", "b"))
EITHER = Group(any_of=("a", "b"))
NONE = Group(all_of=("a",), none_of=("b",))

ROWS = [
    # note, decision, pain, therapy
    ("The knee hurts. Physiotherapy was tried.", "met", "met", "met"),
    ("The knee hurts. Physiotherapy was tried. (His brother.)", "not_met", "not_met", "met"),
    ("The knee is comfortable. Physiotherapy was tried.", "met", "met", "met"),
    ("The knee hurts.", "met", "met", "met"),
    ("Nothing.", "met", "met", "met"),
]


def finding(name: str, said: Verdict, score: float | None = None) -> CriterionFinding:
    default = {M: 0.9, N: 0.1, U: 0.5}[said]
    return CriterionFinding(
        id=name, title=name.upper(), verdict=said, score=default if score is None else score
    )


@pytest.mark.parametrize(
    ("logic", "said", "right", "causes", "together"),
    [
        (ALL, (M, U), M, [("b", "met")], False),
        (ALL, (M, N), U, [("b", "undetermined")], False),
        (ALL, (U, N), M, [("a", "met"), ("b", "met")], True),
        (ALL, (M, M), N, [("a", "not_met"), ("b", "not_met")], False),
        (EITHER, (N, U), M, [("b", "met"), ("a", "met")], False),
        (EITHER, (M, M), N, [("a", "not_met"), ("b", "not_met")], True),
        (NONE, (M, M), M, [("b", "not_met")], False),
        (NONE, (M, N), U, [("a", "undetermined"), ("b", "undetermined")], False),
        (ALL, (M, M), M, [], False),
    ],
)
def test_the_cause_is_what_would_have_given_the_right_decision(
    logic: Group, said: tuple[Verdict, ...], right: Verdict, causes: list, together: bool
) -> None:
    findings = [finding(name, verdict) for name, verdict in zip("ab", said, strict=True)]
    found, needed_together = causes_of(logic, findings, right.value)
    assert [(cause.criterion, cause.needed) for cause in found] == causes
    assert needed_together is together


def test_the_least_sure_criterion_is_named_first() -> None:
    findings = [finding("a", M, 1.0), finding("b", M, 0.72)]
    found, _ = causes_of(ALL, findings, "not_met")
    assert [cause.criterion for cause in found] == ["b", "a"]


def test_many_criteria_end_in_time() -> None:
    names = [f"c{number}" for number in range(60)]
    findings = [finding(name, U) for name in names]
    assert causes_of(Group(all_of=tuple(names)), findings, "met") == ((), False)
    assert len(causes_of(Group(any_of=tuple(names)), findings, "met")[0]) == 60


def test_the_evidence_is_that_of_the_verdict() -> None:
    pro, con = (
        Evidence(start=0, end=1, text="x", polarity=polarity, similarity=0.9)
        for polarity in (Polarity.SUPPORTS, Polarity.OPPOSES)
    )
    base = finding("a", N)
    assert strongest(base) is None
    assert strongest(base.model_copy(update={"evidence": (pro, con)})) == con
    assert strongest(base.model_copy(update={"evidence": (pro,)})) == pro
    assert strongest(finding("a", M).model_copy(update={"evidence": (con, pro)})) == pro


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())
    (tmp_path / "knee.yaml").write_text(KNEE, encoding="utf-8")
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("note", "decision", "Pain", "therapy tried"), *ROWS])
    with (tmp_path / "plain.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("note", "decision"), *(row[:2] for row in ROWS)])
    return tmp_path


def evaluate(folder: Path, data: str, *more: str) -> str:
    call = ["evaluate", "--process", "knee", "--data", str(folder / data)]
    call += ["--label-column", "decision", "--processes", str(folder), *more]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_worst_come_first_with_their_causes(folder: Path) -> None:
    told = json.loads(evaluate(folder, "plain.csv", "--json"))
    assert [(m["row"], m["decision"], m["label"]) for m in told["mistakes"]] == [
        (2, "met", "not_met"),
        (3, "not_met", "met"),
        (4, "undetermined", "met"),
        (5, "undetermined", "met"),
    ]
    wrong_met, wrong_not_met, silent, nothing = told["mistakes"]
    assert {cause["criterion"] for cause in wrong_met["causes"]} == {"pain", "therapy"}
    assert wrong_not_met["causes"] == [
        {
            "criterion": "pain",
            "said": "not_met",
            "needed": "met",
            "evidence": "The knee is comfortable.",
            "reference": "The knee is comfortable.",
        }
    ]
    (cause,) = silent["causes"]
    assert (cause["criterion"], cause["evidence"]) == ("therapy", None)
    assert nothing["together"]
    assert [cause["criterion"] for cause in nothing["causes"]] == ["pain", "therapy"]
    assert "note" not in json.dumps(told["mistakes"])
    assert "brother" not in json.dumps(told["mistakes"])


def test_criteria_are_counted_by_columns_of_their_names(folder: Path) -> None:
    told = json.loads(evaluate(folder, "rows.csv", "--json"))["criteria"]
    shown = [(c["id"], c["labelled"], c["right"], c["wrong"], c["silent"]) for c in told]
    assert shown == [("pain", 5, 2, 2, 1), ("therapy", 5, 3, 0, 2)]


def test_criteria_are_counted_by_the_decisions_behind_which_they_are(folder: Path) -> None:
    told = json.loads(evaluate(folder, "plain.csv", "--json"))["criteria"]
    shown = [(c["id"], c["labelled"], c["right"], c["wrong"], c["silent"]) for c in told]
    assert shown == [("pain", 0, 1, 3, 1), ("therapy", 0, 1, 3, 2)]
    assert [c["would_correct"] for c in told] == [3, 3]


def test_the_terminal_shows_the_mistakes_before_the_figures(folder: Path) -> None:
    lines = evaluate(folder, "rows.csv").splitlines()
    assert lines[0].startswith("4 of 5 decisions are wrong, 2 of them accepted")
    row = lines.index(next(line for line in lines if line.startswith("row 3: not_met")))
    assert lines[row + 1].strip() == ROWS[2][0]
    assert lines[row + 2 : row + 4] == [
        "  pain: not_met; met would be right",
        "    ✗ “The knee is comfortable.”",
    ]
    assert row < lines.index("criterion\tlabelled\tright\twrong\tsilent\twould correct")
    assert "  therapy: nothing heard; met would be right" in lines


def test_the_page_and_the_csv_have_all_mistakes(folder: Path) -> None:
    page, table = folder / "page.html", folder / "mistakes.csv"
    evaluate(folder, "plain.csv", "--html", str(page), "--mistakes", str(table))
    html = page.read_text("utf-8")
    assert html.index("What went wrong") < html.index("Can the confidence be believed?")
    assert re.findall(r"<summary>Row (\d)", html) == ["2", "3", "4", "5"]
    assert '<mark class="con">The knee is comfortable.</mark>' in html
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == ["2", "3", "4", "5"]
    assert (rows[1]["cause"], rows[1]["said"], rows[1]["needed"]) == ("pain", "not_met", "met")
    assert rows[1]["evidence"] == "The knee is comfortable."
    assert (rows[2]["cause"], rows[2]["said"]) == ("therapy", "silent")
    assert rows[3]["cause"] == "pain;therapy"
