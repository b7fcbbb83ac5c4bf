"""Labelled data of many kinds: each is learned from honestly, or refused with what is wrong."""

import csv
import json
import random
import re
import string
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets
from typer.testing import CliRunner

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS, WORDS, rows, write_rows
from winnow.heads.calibration import calibrated
from winnow.heads.card import HeadCard
from winnow.judging import build_judge
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow_cli.app import app
from winnow_train import fit
from winnow_train.data import LabelledRow, label_finder
from winnow_train.fit import FOLDS, _splits
from winnow_train.measure import MAX_VALUES, metrics_by_column

RUNNER = CliRunner()
FIRST = """\
id: first
version: 1.0.0
kind: labels
title: A book needs one process
labels: [{id: a, examples: [One.]}, {id: b, examples: [Two.]}]
"""


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "first.yaml").write_text(FIRST, encoding="utf-8")
    return tmp_path


def table(path: Path, header: list[str], lines: list, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(lines)
    return path


def winnow(command: str, data: Path, *more: str, process: str = "p", code: int = 0) -> dict:
    done = RUNNER.invoke(
        app,
        [
            command, "--process", process, "--data", str(data), "--label-column", "label",
            "--processes", str(data.parent), "--json", *more,
        ],
    )  # fmt: skip
    assert done.exit_code == code, done.output
    assert "internal" not in done.output
    return json.loads(done.stdout) if code != 2 else {}


def create(data: Path, *more: str, code: int = 0) -> dict:
    text = () if "--text-optional" in more else ("--text-column", "text")
    return winnow("train", data, "--create", *text, *more, code=code)


def card(folder: Path) -> HeadCard:
    return ProcessRegistry.from_directory(folder).heads["p"].card()


# -- folds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_rows_that_are_alike_share_a_fold_and_every_label_is_taught(seed: int) -> None:
    draw = np.random.default_rng(seed)
    group = draw.integers(0, 60, 400)
    known = np.where(draw.random(400) < 0.8, group % 6, draw.integers(0, 6, 400))
    known[known == 5] = 4
    known[(group == 0) | (group == 6)] = 5
    splits = _splits(known, group, seed)
    assert len(splits) == FOLDS
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(400))
    for train, test in splits:
        assert not set(group[train]) & set(group[test])
        assert set(known[train]) == set(range(6)), "two different rows: one is always taught"
    sizes = [len(test) for _, test in splits]
    assert max(sizes) < 2 * min(sizes)


def test_a_rare_label_does_not_make_the_folds_fewer() -> None:
    known = np.array([0] * 98 + [1] * 2)
    splits = _splits(known, np.arange(100), 0)
    assert [len(test) for _, test in splits] == [20] * 5


def test_copies_of_a_row_teach_nothing_of_themselves(folder: Path) -> None:
    """Random labels, each row six times: learned by heart it would look perfect."""
    draw = random.Random(0)
    made = [(f"{text} {i}", draw.choice("xyz"), "") for i, (text, _, _) in enumerate(rows(60))]
    told = create(write_rows(folder / "f.csv", made * 6))
    assert told["metrics"]["accuracy"] < 0.6
    tuned = winnow("tune", folder / "f.csv", "--precision", "0.8", code=1)
    assert not tuned["kept"]
    assert max(card(folder).scope.distances) > 0.01, "a copy is no neighbour"


def test_example_sentences_do_not_teach_the_rows_that_repeat_them(tmp_path: Path) -> None:
    draw = random.Random(0)
    made = [
        (f"{text} {i}", draw.choice(list(WORDS)), "") for i, (text, _, _) in enumerate(rows(60))
    ]
    labels = ""
    for label in WORDS:
        examples = json.dumps([text for text, named, _ in made if named == label])
        labels += f"  - {{id: {label}, examples: {examples}}}\n"
    (tmp_path / "p.yaml").write_text(
        f"id: p\nversion: 1.0.0\nkind: labels\ntitle: P\nlabels:\n{labels}", encoding="utf-8"
    )
    told = winnow("train", write_rows(tmp_path / "f.csv", made))
    assert told["metrics"]["accuracy"] < 0.6


def other(*seed: int) -> str:
    """Letters that make a text no near copy of another."""
    return "".join(random.Random(str(seed)).choices(string.ascii_lowercase, k=14))


# -- labels --------------------------------------------------------------------------------------

ODD = [
    "a label, with comma", "日本語", "日本", "C++", "C", "C#", ":)", ":(", "yes", "no", "null",
    "007", "7", "~", "it's \"quoted\" \\ so", "Ärger", "Erger", "x" * 300, "x" * 299 + "y",
    "two\nlines", "[1, 2]", "{a: b}", "# no comment", "emoji 🙂", "zero\u200bwidth",
    "2024-01-01", "1e5", "- dash",
]  # fmt: skip


def test_labels_are_what_the_data_call_them(folder: Path) -> None:
    made = [
        (f"w{i}a w{i}b {other(i, n % 3)}", name, "") for i, name in enumerate(ODD) for n in range(6)
    ]
    told = create(write_rows(folder / "f.csv", made))
    assert told["metrics"]["accuracy"] > 0.9, "no two labels became one"
    definition = ProcessRegistry.from_directory(folder).find("p")
    assert len(definition.labels) == len(ODD)
    measured = winnow("evaluate", folder / "f.csv")["evaluation"]
    assert (measured["rows"], measured["foreign"]) == (len(made), 0)
    assert {each["known"] for each in measured["by_label"]} == {6}


def test_a_label_is_found_by_its_name_before_one_that_is_like_it() -> None:
    definition = load_definition(
        PROCESS.replace("{id: card}", "{id: card, title: C++}")
        .replace("title: A loan", "title: C")
        .replace("{id: app}", "{id: app, title: An app}"),
        "t",
    )
    find = label_finder(definition)
    assert [find(name) for name in ("C++", "C", "card", "loan")] == ["card", "loan", "card", "loan"]
    assert [find(name) for name in ("an-APP", "Loan ", "c", "c ++")] == [
        "app",
        "loan",
        "loan",
        "card",
    ]
    assert [find(name) for name in ("", "?")] == [None, None]


VERDICT = """\
id: v
version: 1.0.0
kind: criteria
title: V
criteria: [{id: c, title: C, statements: [It is so.]}]
logic: {all_of: [c]}
"""
SIGNS = """\
id: s
version: 1.0.0
kind: labels
title: S
labels: [{id: pos, title: HER2+}, {id: neg, title: HER2-}, {id: er}, {id: low, title: Grade 1.5}]
"""


@pytest.mark.parametrize(
    "named",
    [
        *("!met", "!= met", "≠ met", "≠met", "¬met", "~met", "± met", "❌ met", "✗ met", "met ✗"),
        *("met?", "met ?", "met??", "?met", "met (?)", "not met?", "not_met?", "unclear!?", "?"),
        *("(not) met", "[no] met", "{non} met", "not/met?", "met/not met", "met / no", "met!?"),
        *(
            "-met",
            "met-",
            "<met",
            "met>",
            "met %",
            "100% met",
            "met*",
            "m\u0336et\u0336",
            "=/= met",
        ),
    ],
)
def test_a_sign_that_negates_or_doubts_is_no_punctuation(named: str) -> None:
    assert label_finder(load_definition(VERDICT, "v"))(named) is None


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("met", "Met|MET|met.|'met'|(met)|[met]|met\u200b|• met|met…|met!|ｍｅｔ"),
        ("not_met", "not met|Not met.|not-met|not – met|NotMet|NOT MET;|“not met”|not\u00a0met"),
        ("undetermined", "Undetermined|Partly met|partial|Unclear.|unknown|Partly-met"),
    ],
)
def test_case_blanks_and_punctuation_make_no_other_label(label: str, names: str) -> None:
    find = label_finder(load_definition(VERDICT, "v"))
    assert {find(name) for name in names.split("|")} == {label}


def test_what_signs_tell_apart_stays_apart() -> None:
    find = label_finder(load_definition(SIGNS, "s"))
    for label, names in {
        "pos": "HER2+|her2+|HER2 +",
        "neg": "HER2-|her2-|HER2\u2212|HER2 –",
        "er": "ER|er.|E.R.|(er)",
        "low": "Grade 1.5|grade-1.5|GRADE 1.5.",
    }.items():
        assert {find(name) for name in names.split("|")} == {label}
    others = "HER2|HER2?|HER2±|ER+|ER-|er (-)|er(+)|ER±|grade 15|grade 1-5|grade 1,5|+|-"
    assert {find(name) for name in others.split("|")} == {None}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ([("a", "one")] * 5, "one label alone"),
        ([("a", "Card"), ("b", "card"), ("c", "x")] * 2, "differ in case alone"),
        ([("a", "x"), ("b", "y" * 1001)], "longer than 1,000"),
        ([("a", "x"), ("b", "x"), ("c", "lone")], "lone (1)"),
        ([("a", ""), ("b", " ")], "no row with a text and a label"),
        ([("", "x"), (" ", "y")], "no row with a text and a label"),
    ],
)
def test_data_that_teach_nothing_are_refused_and_leave_no_process(
    folder: Path, made: list, words: str
) -> None:
    told = create(table(folder / "f.csv", ["text", "label"], made), code=1)
    assert told["error"]["code"] == "training_data"
    assert words in told["error"]["message"]
    assert not (folder / "p.yaml").exists()


def test_a_missing_column_is_named(folder: Path) -> None:
    data = table(folder / "f.csv", ["text", "other"], [("a", "b")])
    assert create(data, code=1)["error"]["message"] == "f.csv has no column label."
    twice = winnow("train", data, "--create", "--text-column", "label", code=1)
    assert twice["error"]["code"] == "no_text_column"
    same = table(folder / "g.csv", ["label"], [("a",), ("b",)])
    told = winnow("train", same, "--create", "--text-column", "label", code=1)
    assert "beside that of the text" in told["error"]["message"]


def test_rows_without_a_label_are_left_out_and_counted(folder: Path) -> None:
    made = [(text, "" if i % 3 else label, "") for i, (text, label, _) in enumerate(rows(180))]
    told = create(write_rows(folder / "f.csv", made))
    assert (told["rows"], told["left_out"]) == (60, 120)
    lines = [json.dumps({"text": text, "label": label}) for text, label, _ in rows(60)]
    (folder / "f.jsonl").write_text("\n".join([json.dumps({"text": "no label"}), *lines]) + "\n")
    told = winnow("train", folder / "f.jsonl")
    assert (told["rows"], told["left_out"]) == (60, 1)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "cp1252"])
def test_other_encodings_are_read(folder: Path, encoding: str) -> None:
    made = [(f"{text} für", f"{label} é", branch) for text, label, branch in rows(60)]
    told = create(table(folder / "f.csv", ["text", "label", "branch"], made, encoding))
    assert told["rows"] == 60
    labels = ProcessRegistry.from_directory(folder).find("p").labels
    assert [label.title for label in labels] == ["app é", "card é", "loan é"]


def test_data_of_other_labels_alone_cannot_measure(folder: Path) -> None:
    create(write_rows(folder / "f.csv", rows(60)))
    other = table(folder / "g.csv", ["text", "label"], [("a", "strange"), ("b", "odd")])
    told = winnow("evaluate", other, code=1)
    assert told["error"]["code"] == "training_data"
    assert "such as app, card, loan" in told["error"]["message"]
    tuned = winnow("tune", other, "--precision", "0.9", code=1)
    assert (tuned["kept"], tuned["foreign"]) == (False, 2)


def test_foreign_rows_that_are_accepted_count_as_mistakes(folder: Path) -> None:
    create(write_rows(folder / "f.csv", rows(300, noise=0)))
    mixed = [(t, label, b) for t, label, b in rows(100, 9, noise=0)]
    mixed += [(text, "none of them", "") for text, _, _ in rows(50, 10, noise=0)]
    told = winnow("evaluate", write_rows(folder / "g.csv", mixed))["evaluation"]
    assert told["foreign"] == 50
    assert told["foreign_accepted"] > 40
    assert told["whole"]["precision"] < 0.75
    assert told["accuracy"] > 0.95


# -- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "least"), [("iris", 0.9), ("wine", 0.9), ("breast_cancer", 0.93)])
def test_plain_tables_of_numbers(folder: Path, name: str, least: float) -> None:
    data = getattr(datasets, f"load_{name}")()
    order = np.random.default_rng(0).permutation(len(data.target))
    lines = [[*data.data[i].tolist(), data.target_names[data.target[i]]] for i in order]
    header = [*data.feature_names, "label"]
    half = len(lines) // 2
    told = create(
        table(folder / "f.csv", header, lines[:half]),
        "--text-optional", "--numeric-columns", ",".join(data.feature_names),
    )  # fmt: skip
    assert told["metrics"]["accuracy"] > least
    fresh = winnow("evaluate", table(folder / "g.csv", header, lines[half:]))["evaluation"]
    assert fresh["accuracy"] > least


def test_cells_without_a_usable_number_are_left_out(folder: Path) -> None:
    wrong = ["nan", "inf", "-inf", "", "n/a", "1e200", "1,5", "twelve"]
    draw = random.Random(0)
    lines: list[tuple[float | str, int, str]] = [
        (draw.gauss(i % 2 * 3, 1), 5, "xy"[i % 2]) for i in range(120)
    ]
    lines += [(cell, 5, "x") for cell in wrong]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = create(
            table(folder / "f.csv", ["size", "constant", "label"], lines),
            "--text-optional", "--numeric-columns", "size,constant",
        )  # fmt: skip
    assert (told["rows"], told["left_out"]) == (120, len(wrong))
    assert told["metrics"]["accuracy"] > 0.85
    nothing = table(folder / "g.csv", ["size", "constant", "label"], [("n/a", 5, "x")] * 9)
    told = winnow("train", nothing, code=1)
    assert "a number in each column" in told["error"]["message"]


def test_numbers_that_say_nothing_promise_nothing(folder: Path) -> None:
    data = table(folder / "f.csv", ["size", "label"], [(1, "xy"[i % 2]) for i in range(200)])
    told = create(data, "--text-optional", "--numeric-columns", "size")
    assert told["metrics"]["accuracy"] == pytest.approx(0.5, abs=0.05)
    tuned = winnow("tune", data, "--precision", "0.9", code=1)
    assert (tuned["kept"], tuned["rows_wanted"]) == (False, None)


def test_few_different_numbers_are_no_copies(folder: Path) -> None:
    """Two columns of yes or no make four rows that all others are like; each still counts."""
    draw = random.Random(0)
    lines = []
    for _ in range(400):
        ill, old = draw.random() < 0.5, draw.random() < 0.5
        lines.append((int(ill), int(old), "yes" if ill and draw.random() < 0.98 else "no"))
    data = table(folder / "f.csv", ["ill", "old", "label"], lines)
    told = create(data, "--text-optional", "--numeric-columns", "ill,old")
    assert told["metrics"]["accuracy"] > 0.95
    assert winnow("tune", data, "--precision", "0.9")["kept"]


# -- confidence beyond the data ------------------------------------------------------------------


def test_a_score_below_all_that_were_seen_is_not_believed(folder: Path) -> None:
    """Where words tell the labels apart perfectly, all scores are high ones."""
    create(write_rows(folder / "f.csv", rows(300, noise=0)))
    found = card(folder).calibration
    assert found
    assert found.scores[0] == found.confidences[0] == 0.0
    lowest = found.scores[1]
    assert found.confidences[1] > 0.9
    at, half = calibrated(np.array([lowest, lowest / 2]), found)
    assert half == pytest.approx(at / 2)


@pytest.mark.parametrize(
    ("many", "very_many", "tried"),
    [(3_000, 20_000, {"0.3", "1", "3"}), (99, 20_000, {"0.3", "1"}), (99, 100, {"1"})],
)
def test_the_more_rows_the_fewer_choices(
    folder: Path, monkeypatch: pytest.MonkeyPatch, many: int, very_many: int, tried: set[str]
) -> None:
    monkeypatch.setattr(fit, "MANY", many)
    monkeypatch.setattr(fit, "VERY_MANY", very_many)
    told = create(write_rows(folder / "f.csv", rows(150)))
    assert told["metrics"]["accuracy_by_c"].keys() == tried


# -- many labels ---------------------------------------------------------------------------------


def test_figures_are_of_all_labels_though_results_list_ten(folder: Path) -> None:
    """Fifteen labels in words alone, so that a judge can be asked for each."""
    made = [
        (f"w{i}a w{i}b {other(i, n % 4)}", f"label {i}", "") for i in range(15) for n in range(6)
    ]
    data = write_rows(folder / "f.csv", made)
    create(data)
    book = ProcessRegistry.from_directory(folder)
    judged = build_judge(book.find("p"), FakeEncoder(), book.heads["p"])([t for t, *_ in made])
    for judgement in judged:
        listed = judgement.decision.scores
        assert len(listed) == 10
        assert [one.score for one in listed] == sorted((o.score for o in listed), reverse=True)
        assert (listed[0].label, listed[0].score) == (judgement.decision.value, judgement.score)
    fresh = [
        (f"w{i}a w{i}b {other(i, n)}", f"label {i}", "") for i in range(15) for n in range(10, 16)
    ]
    told = winnow("evaluate", write_rows(folder / "g.csv", fresh))["evaluation"]
    assert len(told["by_label"]) == len(told["confusion"]) == 15
    assert sum(map(sum, told["confusion"])) == told["rows"] == 90
    assert told["accuracy"] > 0.95


# -- slices --------------------------------------------------------------------------------------


def test_slices_of_many_values_and_of_none() -> None:
    cells = [["north", " ", "North"][i % 3] for i in range(60)] + [f"user {i}" for i in range(500)]
    made = [LabelledRow(i, "", {"Branch": cell}, "a", "a") for i, cell in enumerate(cells)]
    made.append(LabelledRow(len(made), "", {}, "a", "a"))
    right = np.ones(len(made), bool)
    parts = metrics_by_column(made, "branch", right, right)
    assert len(parts) == MAX_VALUES + 1
    assert {part.name: part.rows for part in parts if part.rows > 1} == {
        "(empty)": 21, "North": 20, "north": 20, "(453 other values)": 453
    }  # fmt: skip
    assert sum(part.rows for part in parts) == len(made)


def test_a_column_that_is_not_there_is_no_slice(folder: Path) -> None:
    create(write_rows(folder / "f.csv", rows(60)))
    for command, more in (("evaluate", ()), ("tune", ("--precision", "0.5"))):
        told = winnow(command, folder / "f.csv", "--slice", "nowhere", *more, code=1)
        assert "no column nowhere" in told["error"]["message"]


@pytest.mark.parametrize("precision", ["1.0", "0", "1.5", "-1", "nan", "x"])
def test_a_share_that_nobody_can_promise_is_a_wrong_call(folder: Path, precision: str) -> None:
    create(write_rows(folder / "f.csv", rows(60)))
    winnow("tune", folder / "f.csv", "--precision", precision, code=2)


# -- the page ------------------------------------------------------------------------------------


def test_the_page_holds_any_label_and_asks_no_network(folder: Path) -> None:
    names = ["costs $5 and $10", "日本語", "x" * 300, "<script>alert(1)</script>", "https://e.org"]
    made = [
        (f"w{i}a w{i}b {other(i, n)}", name, "") for i, name in enumerate(names) for n in range(8)
    ]
    data = write_rows(folder / "f.csv", made)
    create(data)
    winnow("evaluate", data, "--html", str(folder / "page.html"))
    text = (folder / "page.html").read_text("utf-8")
    assert text.count("<svg") == 3
    for name in names[:2]:
        assert text.count(name) >= 3
    assert "x" * 300 in text, "the table has the whole name"
    assert f"{'x' * 27}…" in text, "the plot its beginning"
    assert "<script" not in text
    assert not re.findall(r"""(?:href|src)\s*=\s*["'](?!#|data:)|@import|url\((?!#)""", text)


def test_the_page_of_many_labels_lists_the_weakest_first(folder: Path) -> None:
    made = []
    for i in range(40):
        blurred = i % 4 == 0
        made += [(f"w{i // 2 if blurred else i} w{i} f{n}", f"label {i:02d}", "") for n in range(4)]
    data = write_rows(folder / "f.csv", made)
    create(data)
    told = winnow("evaluate", data, "--html", str(folder / "page.html"))["evaluation"]
    text = (folder / "page.html").read_text("utf-8")
    assert "The weakest first." in text
    assert text.count("<svg") == 2, "a matrix of forty rows is a list"
    table_of_labels = text[text.index("Label by label") :]
    order = re.findall(r"label \d\d", table_of_labels)
    f1 = {each["label"].replace("-", " "): each["f1"] for each in told["by_label"]}
    assert len(order) == 40
    assert [f1[name] for name in order] == sorted(f1.values())
