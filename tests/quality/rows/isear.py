"""ISEAR: seven emotions, cross-validated on the training rows."""

import shutil

from tests.quality.row import ROOT, Commands, Row, data_folder, fresh


def measure() -> list[Row]:
    folder = fresh("isear")
    shutil.copy(ROOT / "processes" / "emotions.yaml", folder)
    winnow = Commands()
    done = winnow(
        "train",
        "--process",
        "emotions",
        "--data",
        data_folder() / "isear" / "isear-train.csv",
        "--label-column",
        "label",
        "--processes",
        folder,
    )
    found = done["metrics"]
    return [
        Row(
            20,
            "ISEAR, cross-validated: accuracy of the head",
            found["accuracy"],
            0.60,
            f"{done['rows']:,} rows, {found['folds']} folds, macro F1 {found['macro_f1']:.3f}. The "
            "choice of C was made on the same folds.",
            winnow.shown,
        ),
        Row(
            40,
            "ECE after calibration, ISEAR",
            found["ece_after"],
            0.03,
            "15 bins of equal width; the decisions and their calibration from folds without the "
            f"row. Before calibration {found['ece_before']:.3f}.",
            winnow.shown,
            at_most=True,
        ),
    ]
