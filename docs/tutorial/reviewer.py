"""Customers of a bank, and the person who decides what they ask about: both are this script.

    python reviewer.py questions 400 > questions.csv  # labelled; --wrong: every label is wrong
    python reviewer.py decide --files 8               # eight files, and every record decided
    python reviewer.py decide --until-changed         # until a version is promoted or taken back

It knows the truth, because it makes the questions: each has words of one label.
"""

import argparse
import csv
import io
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from winnow.models import Result
from winnow.recovery.upload_row import UploadRow
from winnow.registry.models import Action
from winnow.releases import live
from winnow.reviews.models import QueueFilter, ReviewHead
from winnow.reviews.service import Given
from winnow_cli.releases import open_releases
from winnow_cli.reviews import StackReviews
from winnow_cli.target import Target, find_target
from winnow_cli.uploads import Uploads

PROCESS = "teller"
WORDS = {
    "card": ("card", "plastic", "chip", "pin", "contactless"),
    "loan": ("loan", "mortgage", "interest", "repay", "borrow"),
    "app": ("app", "screen", "login", "button", "update"),
}
FILLERS = ("my", "the", "please", "with", "help", "today", "is", "new")
WRONG = {"card": "loan", "loan": "app", "app": "card"}
RECORDS = 25
"""Of a file."""
MOST_FILES = 60
PATIENCE_S = 60.0


def questions(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Texts with their labels, the same for the same seed."""
    draw = random.Random(seed)
    for _ in range(count):
        label = draw.choice(list(WORDS))
        words = [*draw.choices(WORDS[label], k=2), *draw.choices(FILLERS, k=4)]
        yield " ".join(words), label


def truth_of(text: str) -> str:
    """The label whose words a question has."""
    words = text.split()
    return max(WORDS, key=lambda label: sum(word in WORDS[label] for word in words))


def write(stream: TextIO, count: int, seed: int, *, wrong: bool) -> None:
    """Write labelled questions as a table."""
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["text", "label"])
    rows.writerows(
        (text, WRONG[label] if wrong else label) for text, label in questions(count, seed)
    )


class Reviewer:
    """Drops files of questions, and decides what the stack asks about them."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.uploads = Uploads(target)
        self.reviews = StackReviews(target)
        self.releases = open_releases(target)
        self.judged: list[tuple[UploadRow, Result]] = []
        self._folder = folder
        self._revision = self.releases.models.entry(PROCESS).revision
        # Other questions after every change of the process, and the same in every play.
        self._seed = 1_000 * self._revision

    def file(self) -> Result:
        """Drop a file and wait for its end; its result, once its audits are in the queue."""
        self._seed += 1
        content = io.StringIO()
        csv.writer(content).writerows(
            [("text",), *((text,) for text, _ in questions(RECORDS, self._seed))]
        )
        path = self._folder / "questions-of-today.csv"
        path.write_text(content.getvalue(), "utf-8")
        key = self.uploads.new_key(path, PROCESS)
        self.uploads.drop(path, key, None)
        row = until(lambda: (found := self.uploads.by_key(key)) and found.ended and found)
        if row.state != "SUCCEEDED":
            raise SystemExit(f"The run failed: {row.error_code}.")
        until(lambda: self.reviews.store.totals_of_upload(row.upload_id) is not None)
        result = self.uploads.result(row)
        self.judged.append((row, result))
        return result

    def decide(self) -> int:
        """Decide everything that waits in the queue; how many records that were."""
        decided = 0
        wanted = [QueueFilter(process=PROCESS)]
        while heads := self.reviews.service.take("script", wanted, 50):
            for head in heads:
                text = str(self.reviews.items.record(head).text)
                given = Given(truth_of(text), run=head.run_started)
                self.reviews.service.decide("script", head.key, head.version, given)
                decided += 1
        return decided

    def counted(self) -> None:
        """Wait until every decision about an accepted record is counted for its version."""
        for head in [head for row, _ in self.judged for head in self._audited(row)]:
            until(lambda head=head: self._counted(head))

    def changed(self) -> str | None:
        """What Winnow itself has changed since the play began; None: nothing."""
        entry = self.releases.models.entry(PROCESS)
        last = self.releases.models.history(entry)[-1]
        if entry.revision == self._revision or not last.automatic:
            return None
        done = "promoted" if last.action is Action.PROMOTED else "taken back"
        return f"{(last.released or '')[:12]} was {done} by itself."

    def _counted(self, head: ReviewHead) -> bool:
        version = head.judged_by.sha256
        kept = self.releases.live.observation(PROCESS, version, head.key)
        return kept is not None and kept.event >= head.version

    def _audited(self, row: UploadRow) -> list[ReviewHead]:
        heads = self.reviews.store.heads(row.upload_id)
        return [head for head in heads if live.audited(head) and head.agreed is not None]


def until(check: Callable[[], Any]) -> Any:
    """Wait until something is so; gives up after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.1)
    raise SystemExit("Nothing happens any more: is the stack running?")


def main(arguments: list[str]) -> None:
    """Write questions, or decide."""
    parser = argparse.ArgumentParser(prog="reviewer.py")
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("questions")
    table.add_argument("count", type=int)
    table.add_argument("--seed", type=int, default=1)
    table.add_argument("--wrong", action="store_true")
    play = commands.add_parser("decide")
    ends = play.add_mutually_exclusive_group(required=True)
    ends.add_argument("--files", type=int)
    ends.add_argument("--until-changed", action="store_true")
    given = parser.parse_args(arguments)
    if given.command == "questions":
        write(sys.stdout, given.count, given.seed, wrong=given.wrong)
        return
    reviewer = Reviewer(find_target(None), Path())
    decided = 0
    for _ in range(given.files or MOST_FILES):
        reviewer.file()
        decided += reviewer.decide()
        reviewer.counted()
        if given.until_changed and (ended := reviewer.changed()):
            print(ended)
            return
    print(f"{decided} records were decided.")
    if given.until_changed:
        raise SystemExit("Nothing was promoted or taken back.")


if __name__ == "__main__":
    main(sys.argv[1:])
