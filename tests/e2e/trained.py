"""A process that is trained and tuned by the commands, for the local stack to have."""

from pathlib import Path

from typer.testing import CliRunner

from tests.fakes.heads import rows, write_rows
from winnow_cli.app import app


def train_bank(processes: Path) -> None:
    """Train and tune `bank` of a folder of processes, as docs/confidence.md has it."""
    train = write_rows(processes / "train.csv", rows(400, noise=0.02))
    tune = write_rows(processes / "tune.csv", rows(400, seed=3, noise=0.02))
    common = ["--process", "bank", "--label-column", "label", f"--processes={processes}", "--json"]
    for command in (
        ["train", f"--data={train}"],
        ["tune", f"--data={tune}", "--precision=0.9"],
    ):
        ran = CliRunner().invoke(app, [*command, *common])
        assert ran.exit_code == 0, ran.output
    assert '"written":' in ran.stdout
