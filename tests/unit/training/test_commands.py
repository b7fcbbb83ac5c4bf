"""The contract of train, tune, evaluate and their JSON, with the fake encoder."""

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import winnow_encoder
import winnow_train.tune
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS, rows, write_rows
from winnow.processes.registry import ProcessRegistry
from winnow_cli.app import app
from winnow_train.guarantee import SelectedThreshold, select_threshold
from winnow_train.html_report import page
from winnow_train.measure import Evaluation, SliceMetrics
from winnow_train.metrics import Bin
from winnow_train.tune import with_threshold

RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())
    (tmp_path / "bank.yaml").write_text(PROCESS, encoding="utf-8")
    write_rows(tmp_path / "train.csv", rows(300, noise=0.02))
    write_rows(tmp_path / "tune.csv", rows(400, seed=3, noise=0.02))
    return tmp_path


def winnow(folder: Path, command: str, data: str, *more: str, code: int = 0) -> dict:
    done = RUNNER.invoke(
        app,
        [
            command, "--process", "bank", "--data", str(folder / data), "--label-column", "label",
            "--processes", str(folder), "--json", *more,
        ],
    )  # fmt: skip
    assert done.exit_code == code, done.output
    return dict(json.loads(done.stdout))


def test_train_tune_evaluate(folder: Path) -> None:
    told = winnow(folder, "train", "train.csv")
    assert told["rows"] == 300
    assert told["metrics"]["accuracy"] > 0.9
    tuned = winnow(folder, "tune", "tune.csv", "--precision", "0.9", "--slice", "branch")
    assert tuned["kept"]
    assert tuned["written"]
    assert tuned["rows"] + tuned["near_copies"] == 400
    assert {part["name"] for part in tuned["slices"]["branch"]} == {"north", "south"}
    assert tuned["coverage"] == pytest.approx(tuned["accepted"] / tuned["rows"])
    book = ProcessRegistry.from_directory(folder)
    definition = book.find("bank")
    assert definition.threshold == tuned["threshold"]
    assert definition.version == "1.2.4"
    promise = book.heads["bank"].card().promise
    assert promise is not None
    assert (promise.threshold, promise.precision) == (tuned["threshold"], 0.9)
    assert promise.judging == definition.judging_sha256
    assert "# A comment that tuning must keep." in (folder / "bank.yaml").read_text()

    out = folder / "page.html"
    told = winnow(
        folder, "evaluate", "tune.csv", "--html", str(out), "--against", "untrained", code=1
    )
    assert told["error"]["code"] == "head_missing"
    old = PROCESS.replace("id: card}", "id: card, examples: [card]}")
    old = old.replace("title: A loan}", "title: A loan, examples: [loan]}")
    old = old.replace("id: app}", "id: app, examples: [app]}").replace("id: bank", "id: old")
    (folder / "old.yaml").write_text(old)
    told = winnow(
        folder, "evaluate", "tune.csv", "--html", str(out), "--against", str(folder / "old.yaml")
    )
    assert told["evaluation"]["accuracy"] > told["against"]["accuracy"]
    assert told["comparison"]["p_value"] < 0.05
    text = out.read_text()
    assert text.count("<svg") == 3
    assert text.count("A loan") >= 3, "labels are called by their titles, in the plot too"
    assert "http" not in text.replace("http://www.w3.org", "")
    assert "<script" not in text


def test_a_damaged_head_can_be_trained_anew(folder: Path) -> None:
    winnow(folder, "train", "train.csv")
    (folder / "bank.head" / "head.json").write_text('{"format": 1}')
    told = winnow(folder, "evaluate", "tune.csv", code=1)
    assert "(head)" in told["error"]["message"]
    assert "winnow train" in told["error"]["message"]
    winnow(folder, "train", "train.csv")
    assert winnow(folder, "evaluate", "tune.csv")["evaluation"]["accuracy"] > 0.9


def test_a_promise_that_cannot_be_kept_is_not_written(folder: Path) -> None:
    winnow(folder, "train", "train.csv")
    before = (folder / "bank.yaml").read_text()
    told = winnow(folder, "tune", "tune.csv", "--precision", "0.999", code=1)
    assert not told["kept"]
    assert not told["written"]
    assert told["threshold"] is None
    assert told["rows_wanted"] is None or told["rows_wanted"] > 0
    assert (folder / "bank.yaml").read_text() == before


def test_create_writes_a_process_of_the_data_s_labels(folder: Path) -> None:
    done = RUNNER.invoke(
        app,
        [
            "train", "--process", "fresh", "--create", "--data", str(folder / "train.csv"),
            "--label-column", "branch", "--text-column", "text", "--processes", str(folder),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    definition = ProcessRegistry.from_directory(folder).find("fresh")
    assert definition.kind == "labels"
    assert [label.id for label in definition.labels] == ["north", "south"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--label-column", "nope"], "training_data"),
        (["--label-column", "label", "--numeric-columns", "x"], ""),
    ],
)
def test_wrong_calls_are_told(folder: Path, more: list[str], words: str) -> None:
    call = ["train", "--process", "bank", "--data", str(folder / "train.csv")]
    done = RUNNER.invoke(app, [*call, "--processes", str(folder), *more])
    assert done.exit_code in (1, 2)
    assert words in done.output + (done.stderr or "")


def test_the_rows_decided_wrongly_are_written_the_most_confident_first(folder: Path) -> None:
    winnow(folder, "train", "train.csv")
    out = folder / "mistakes.csv"
    told = winnow(folder, "evaluate", "tune.csv", "--mistakes", str(out))["evaluation"]
    with out.open(encoding="utf-8", newline="") as file:
        wrong = list(csv.DictReader(file))
    assert 0 < len(wrong) == round(400 * (1 - told["accuracy"]))
    with (folder / "tune.csv").open(encoding="utf-8", newline="") as file:
        data = list(csv.DictReader(file))
    for row in wrong:
        assert row["label"] != row["decision"]
        assert row["label"] == data[int(row["row"]) - 1]["label"]
    sure = [float(row["confidence"]) for row in wrong]
    assert sure == sorted(sure, reverse=True)


def test_what_is_decided_for_what_is_counted(folder: Path) -> None:
    winnow(folder, "train", "train.csv")
    counts = winnow(folder, "evaluate", "tune.csv")["evaluation"]["confusion"]
    call = ["evaluate", "--process", "bank", "--data", str(folder / "tune.csv")]
    done = RUNNER.invoke(app, [*call, "--label-column", "label", "--processes", str(folder)])
    lines = done.stdout.splitlines()
    at = lines.index("labelled \\ decided\tcard\tloan\tapp")
    assert [[int(n) for n in line.split("\t")[1:]] for line in lines[at + 1 : at + 4]] == counts


def test_mistakes_need_data(folder: Path) -> None:
    call = ["evaluate", "--process", "bank", "--drift", str(folder / "bank.yaml")]
    done = RUNNER.invoke(app, [*call, "--mistakes", str(folder / "mistakes.csv")])
    assert done.exit_code == 2
    assert "--mistakes needs --data" in done.output


def test_evaluate_needs_data_or_results(folder: Path) -> None:
    assert RUNNER.invoke(app, ["evaluate", "--process", "bank"]).exit_code == 2


def test_a_page_that_cannot_be_written_is_told_before_anything_is_measured(folder: Path) -> None:
    for out in (folder / "nowhere" / "page.html", folder):
        call = ["evaluate", "--process", "bank", "--data", str(folder / "tune.csv")]
        done = RUNNER.invoke(app, [*call, "--label-column", "label", "--html", str(out)])
        assert done.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        PROCESS,
        PROCESS.replace("threshold: 0.7   # to be tuned\n", ""),
        PROCESS.replace("version: 1.2.3", 'version: "1.2.3"  # why'),
        PROCESS.replace("\n", "\r\n"),
    ],
)
def test_the_threshold_is_written_in_place(text: str) -> None:
    after = with_threshold(text, "bank.yaml", 0.85, "because")
    assert "threshold: 0.85  # because" in after
    assert "1.2.4" in after
    assert "# A comment that tuning must keep." in after
    rest = [line for line in text.splitlines() if not line.startswith(("threshold", "version"))]
    assert set(rest) <= set(after.splitlines())


def said(folder: Path, command: str, data: str, *more: str) -> str:
    """What a command says to a person, on one line, as a terminal of any width would show it."""
    call = [command, "--process", "bank", "--data", str(folder / data), "--label-column", "label"]
    done = RUNNER.invoke(app, [*call, "--processes", str(folder), *more])
    return " ".join(done.output.split())


def test_the_next_command_that_train_names_can_be_run(folder: Path) -> None:
    told = said(folder, "train", "train.csv", "--text-column", "text")
    words = shlex.split(told.partition("trained on: ")[2].partition(" 0.95")[0])
    words[words.index("F.csv")] = str(folder / "tune.csv")
    done = RUNNER.invoke(app, [*words[1:], "0.9", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "with 95% confidence at least 90%" in done.output


@pytest.mark.parametrize(
    ("count", "noise", "reason"),
    [
        (10, 0.0, "too few, or too much alike"),
        (120, 0.0, "more rows would do"),
        (400, 0.5, "too many are wrong"),
    ],
)
def test_tune_says_what_a_promise_lacks(
    folder: Path, count: int, noise: float, reason: str
) -> None:
    winnow(folder, "train", "train.csv")
    write_rows(folder / "few.csv", rows(count, seed=5, noise=noise))
    told = said(folder, "tune", "few.csv", "--precision", "0.99")
    assert "No threshold reaches this guarantee" in told
    assert reason in told


def test_labels_that_the_process_has_not_are_told(folder: Path) -> None:
    winnow(folder, "train", "train.csv")
    text = (folder / "tune.csv").read_text("utf-8")
    (folder / "other.csv").write_text(re.sub(r"(?m),loan\b", ",mortgage", text), "utf-8")
    for command in ("evaluate", "tune"):
        told = said(folder, command, "other.csv", *(["--dry-run"] if command == "tune" else []))
        assert "have a label that bank does not have, such as 'mortgage'" in told
        assert "does not have" not in said(folder, command, "tune.csv")


def test_rows_left_out_are_counted_in_words(folder: Path) -> None:
    winnow(folder, "train", "train.csv")
    for blank, words in ((1, "1 row"), (2, "2 rows")):
        table = (folder / "tune.csv").read_text().splitlines()
        header = next(csv.reader(table))
        cells = ["" if name == "text" else "x" for name in header]
        (folder / "holes.csv").write_text("\n".join([*table, *[",".join(cells)] * blank]))
        assert f"Left out: {words} (" in said(folder, "evaluate", "holes.csv")


def test_a_page_praises_no_version_that_is_worse(folder: Path) -> None:
    winnow(folder, "train", "train.csv")
    examples = PROCESS.replace("id: card}", "id: card, examples: [card]}")
    examples = examples.replace("title: A loan}", "title: A loan, examples: [loan]}")
    examples = examples.replace("id: app}", "id: app, examples: [app]}")
    (folder / "other").mkdir()
    (folder / "other" / "bank.yaml").write_text(examples)
    out = folder / "page.html"
    for processes, against, kind in (
        (folder, folder / "other" / "bank.yaml", "good"),
        (folder / "other", folder / "bank.yaml", "bad"),
    ):
        done = RUNNER.invoke(
            app,
            [
                "evaluate", "--process", "bank", "--data", str(folder / "tune.csv"),
                "--label-column", "label", "--processes", str(processes), "--html", str(out),
                "--against", str(against),
            ],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert f'<p class="{kind}">The difference in accuracy is real' in out.read_text()


def test_a_page_without_a_mistake_has_no_empty_table_and_no_ticks_of_nothing() -> None:
    labels = tuple(f"label-{number}" for number in range(40))
    whole = SliceMetrics(name="all", rows=40, accuracy=1.0, accepted=40, precision=1.0, bound=0.9)
    text = page(
        Evaluation(
            process="p", version="1.0.0", head=None, calibration=None, rows=40, held_out=0,
            accuracy=1.0, macro_f1=1.0, ece=0.0, labels=labels, by_label=[], bins=[],
            confusion=[[int(row == column) for column in range(40)] for row in range(40)],
            curve=[(0.9, 0.5, 0.0), (0.7, 1.0, 0.0)], area_under_risk=0.0, threshold=0.7,
            whole=whole, parts={"": []}, unknown=0, unknown_recognised=0, unknown_accepted=0,
            out_of_scope=0,
        ),
        "data.csv",
    )  # fmt: skip
    assert "No mistake among 40 labels." in text
    assert "was decided to be" not in text
    ticks = text.partition("wrong among the accepted")[0].rpartition("accepted, %")[2]
    assert "0.8" in ticks
    assert "0.01" not in ticks


def test_a_page_and_its_plots_follow_the_colour_scheme_of_the_reader() -> None:
    labels = ("a", "b")
    whole = SliceMetrics(name="all", rows=4, accuracy=0.75, accepted=4, precision=0.75, bound=0.4)
    text = page(
        Evaluation(
            process="p", version="1.0.0", head=None, calibration=None, rows=4, held_out=0,
            accuracy=0.75, macro_f1=0.7, ece=0.1, labels=labels, by_label=[],
            bins=[Bin(confidence=0.8, accuracy=0.75, count=4)], confusion=[[2, 0], [1, 1]],
            curve=[(0.9, 0.5, 0.0), (0.7, 1.0, 0.25)], area_under_risk=0.1, threshold=0.7,
            whole=whole, parts={"": []}, unknown=0, unknown_recognised=0, unknown_accepted=0,
            out_of_scope=0,
        ),
        "data.csv",
    )  # fmt: skip
    style, _, body = text.partition("</style>")
    assert "prefers-color-scheme: dark" in style
    # White stands only on the full blue of the confusion matrix.
    assert set(re.findall(r"#[0-9a-f]{6}\b", body)) == {"#ffffff"}
    used = set(re.findall(r"var\(--(\w+)", body))
    assert used >= {"ink", "grid", "blue", "grey", "bad"}
    assert all(f"--{name}:" in style for name in used)


@pytest.mark.parametrize("changed", ["bank.yaml", "bank.head"])
def test_tune_writes_nothing_onto_what_was_changed_meanwhile(
    folder: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    winnow(folder, "train", "train.csv")
    measured = select_threshold
    before: dict[str, bytes] = {}

    def meanwhile(*given: Any) -> SelectedThreshold:
        if changed == "bank.yaml":
            text = (folder / "bank.yaml").read_text("utf-8")
            (folder / "bank.yaml").write_text(
                text.replace("title: A loan", "title: Loans"), "utf-8"
            )
        else:
            (folder / "bank.head" / "head.npz").unlink()
            (folder / "bank.head" / "head.json").unlink()
        before.update(files(folder))
        return measured(*given)

    monkeypatch.setattr(winnow_train.tune, "select_threshold", meanwhile)
    told = winnow(folder, "tune", "tune.csv", "--precision", "0.9", code=1)
    assert told["error"]["code"] == "process_invalid"
    assert "changed while it was measured" in told["error"]["message"]
    assert files(folder) == before


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


NOTE = "Melena for two weeks; the patient's daughter, who lives with him, has seen it, too."


def test_a_text_in_the_wrong_column_is_in_no_message(folder: Path) -> None:
    (folder / "swapped.csv").write_text(
        "id,label,note\n" + "".join(f'{n},card,"{NOTE} {n}"\n' for n in range(30)), "utf-8"
    )
    (folder / "bare.csv").write_text(f"{NOTE}\n", "utf-8")
    swapped = ("--label-column", "note", "--text-column", "id")
    told = [
        winnow(folder, "train", "swapped.csv", *swapped, code=1),
        winnow(folder, "evaluate", "bare.csv", code=1),
    ]
    for each in told:
        assert "daughter" not in json.dumps(each)
    assert f"one of {len(NOTE) + 2} characters" in told[0]["error"]["message"]
