"""How soon a version that breaks its guarantee decides nothing more, on the local stack.

    python -m tests.bench.reacting [ROUNDS]

From the moment that a person's decision is written to the moment that the process's entry is
changed: the next run is decided by the champion from there on. The challenger is proven wrong
already, so one decision is enough, and each round releases it again.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.scripts import load
from winnow.releases import live
from winnow.reviews.service import Given
from winnow_cli.models import open_models
from winnow_cli.target import find_target
from winnow_local.stack import start_detached, stop
from winnow_local.state import STATE_DIR_VARIABLE, StateDir

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
ROUNDS = 20
GUARANTEE = 0.9


def main(rounds: int) -> None:
    """Start a stack, release a version that is wrong again and again, and print the times."""
    script = load(TUTORIAL / "reviewer.py")
    with tempfile.TemporaryDirectory() as folder:
        state_dir = StateDir(Path(folder) / ".winnow")
        os.environ[STATE_DIR_VARIABLE] = str(state_dir.path)
        try:
            start_detached(state_dir, lambda _: None, {"ReviewAuditShare": "100"})
            seconds = _rounds(script, Path(folder), rounds)
        finally:
            stop(state_dir)
    print(f"{len(seconds)} rounds: median {statistics.median(seconds):.2f} s", end=", ")
    print(f"slowest {max(seconds):.2f} s")


def _rounds(script: Any, folder: Path, rounds: int) -> list[float]:
    from tests.e2e.conftest import winnow

    file = folder / "teller.yaml"
    text = (TUTORIAL / "5-teller.yaml").read_text("utf-8")
    for version, alias in (("1.0.0", "champion"), ("2.0.0", "challenger")):
        file.write_text(text.replace("1.0.0", version), "utf-8")
        done = winnow("process", "publish", file, "--as", alias, "--json")
        assert done.code == 0, done.out
    play = script.Reviewer(find_target(None), folder)
    models = open_models(find_target(None))
    worse = models.version(models.entry("teller"), "challenger")

    def release() -> None:
        entry = models.entry("teller")
        play.releases.start("canary", entry, worse, percent=100, guarantee=GUARANTEE)

    release()
    while _released(models):
        play.file()
        play.decide()
        play.counted()
    seconds: list[float] = []
    for _ in range(rounds):
        release()
        play.file()
        row, _ = play.judged[-1]
        head = next(each for each in play.reviews.store.heads(row.upload_id) if live.audited(each))
        given = Given(script.truth_of(str(play.reviews.items.record(head).text)))
        play.reviews.service.decide("script", head.key, head.version, given)
        written = time.monotonic()
        while _released(models):
            time.sleep(0.01)
        seconds.append(time.monotonic() - written)
    return seconds


def _released(models: Any) -> bool:
    return models.entry("teller").release is not None


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
