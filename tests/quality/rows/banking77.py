"""BANKING77: all rows and ten a label, calibration, a promise kept on test rows, foreign text."""

import csv
import random
import statistics
from collections import defaultdict
from pathlib import Path

from sklearn.metrics import roc_auc_score

from tests.quality.row import ROOT, Commands, Row, data_folder, fresh
from winnow.judging import build_judge
from winnow.processes.registry import ProcessRegistry
from winnow_encoder import load_encoder

SEEDS = (0, 1, 2)
LEFT_OUT = 20


def measure() -> list[Row]:
    train, test = (data_folder() / "banking77" / f"{name}.csv" for name in ("train", "test"))
    folder = _processes("banking77")
    winnow, tuned, scope = Commands(), Commands(), Commands()
    _train(winnow, "banking77", train, folder)
    judged = winnow(*_evaluate("banking77", test, folder))["evaluation"]
    tuned(
        "tune", "--process", "banking77", "--data", train, "--label-column", "category",
        "--precision", "0.95", "--processes", folder,
    )  # fmt: skip
    kept = tuned(*_evaluate("banking77", test, folder))["evaluation"]["whole"]
    mixed = folder / "mixed.csv"
    _mix(test, data_folder() / "isear" / "isear-train.csv", mixed)
    strange = scope(*_evaluate("banking77", mixed, folder))["evaluation"]
    near, far = _left_out(train, test, folder)
    few: list[float] = []
    shown = Commands()
    for seed in SEEDS:
        sample = folder / f"ten-{seed}.csv"
        _sample(train, sample, seed)
        _train(shown, f"ten-{seed}", sample, folder, show=seed == SEEDS[0])
        found = shown(*_evaluate(f"ten-{seed}", test, folder), show=seed == SEEDS[0])
        few.append(found["evaluation"]["accuracy"])
    return [
        Row(
            30,
            "BANKING77 test, all training rows: accuracy",
            judged["accuracy"],
            0.90,
            f"{judged['rows']:,} test rows, macro F1 {judged['macro_f1']:.3f}. Published for the "
            "full-size USE: 0.928 (Casanueva et al. 2020). What the small encoder lacks, hashed "
            "n-grams of characters and words give back.",
            winnow.shown,
        ),
        Row(
            31,
            "BANKING77 test, ten rows a label: accuracy",
            statistics.mean(few),
            0.78,
            f"Mean of {len(few)} draws of ten rows a label ({', '.join(f'{a:.3f}' for a in few)}); "
            "published for the full-size USE: 0.842.",
            shown.shown,
        ),
        Row(
            41,
            "ECE after calibration, BANKING77",
            judged["ece"],
            0.03,
            "On the test rows, 15 bins of equal width.",
            winnow.shown,
            at_most=True,
        ),
        Row(
            50,
            "`tune --precision 0.95` on BANKING77: precision on the test rows that it accepts",
            kept["precision"],
            0.95,
            f"It accepts {kept['accepted']:,} of {kept['rows']:,} test rows. The threshold was "
            "chosen on the training rows, by the decisions of folds without them.",
            tuned.shown,
            note=f"at coverage {kept['coverage']:.3f}",
        ),
        Row(
            51,
            "Foreign text (1,000 ISEAR rows among BANKING77's test rows) recognised",
            strange["foreign_recognised"] / strange["foreign"],
            None,
            f"{strange['out_of_scope']:,} of {strange['rows']:,} rows of the process's own labels "
            "were called out of scope.",
            scope.shown,
        ),
        Row(
            52,
            f"Text near the labels: {LEFT_OUT} labels of BANKING77 left out of training, told from "
            "the others by novelty (AUROC)",
            near,
            None,
            f"Test rows; the labels chosen at random, seed 0. By the distance alone: {far:.3f}.",
            ["python -m tests.quality --only banking77"],
        ),
    ]


def _left_out(train: Path, test: Path, folder: Path) -> tuple[float, float]:
    """AUROC of novelty, and of the distance alone, for test rows of labels left out of training."""
    with train.open(encoding="utf-8", newline="") as stream:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    out = set(random.Random(0).sample(sorted({label for _, label in rows}), LEFT_OUT))
    rest = folder / "rest.csv"
    _write(rest, [row for row in rows if row[1] not in out])
    _train(Commands(), "rest", rest, folder)
    book = ProcessRegistry.from_directory(folder)
    definition = book.find("rest")
    judge = build_judge(definition, load_encoder(ROOT / "build" / "model"), book.heads["rest"])
    with test.open(encoding="utf-8", newline="") as stream:
        tested = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    judged = judge([text for text, _ in tested])
    foreign = [label in out for _, label in tested]
    return (
        float(roc_auc_score(foreign, [judgement.novelty for judgement in judged])),
        float(roc_auc_score(foreign, [judgement.distance for judgement in judged])),
    )


def _processes(name: str) -> Path:
    """A folder with one process to begin with, as a book needs one."""
    folder = fresh(name)
    (folder / "first.yaml").write_text(
        "id: first\nversion: 1.0.0\nkind: labels\ntitle: A first process\nlabels:\n"
        "  - {id: a, examples: [One.]}\n  - {id: b, examples: [Two.]}\n"
    )
    return folder


def _train(winnow: Commands, process: str, data: Path, folder: Path, *, show: bool = True) -> None:
    winnow(
        "train", "--process", process, "--create", "--data", data, "--text-column", "text",
        "--label-column", "category", "--processes", folder, show=show,
    )  # fmt: skip


def _evaluate(process: str, data: Path, folder: Path) -> tuple[str | Path, ...]:
    return (
        "evaluate", "--process", process, "--data", data, "--label-column", "category",
        "--processes", folder,
    )  # fmt: skip


def _sample(source: Path, target: Path, seed: int) -> None:
    by_label: dict[str, list[str]] = defaultdict(list)
    with source.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            by_label[row["category"]].append(row["text"])
    draw = random.Random(seed)
    rows = [(t, label) for label in sorted(by_label) for t in draw.sample(by_label[label], 10)]
    _write(target, rows)


def _mix(source: Path, foreign: Path, target: Path) -> None:
    with source.open(encoding="utf-8", newline="") as stream:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    with foreign.open(encoding="utf-8", newline="") as stream:
        rows += [(row["text"], "none of them") for row in csv.DictReader(stream)][:1_000]
    _write(target, rows)


def _write(target: Path, rows: list[tuple[str, str]]) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "category"])
        writer.writerows(rows)
