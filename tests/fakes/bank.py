"""A stack with a process that has a champion, and records that people decided."""

from collections.abc import Callable
from pathlib import Path

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS
from tests.fakes.picture_encoder import FakePictureEncoder
from tests.fakes.registry import MemoryRegistry
from tests.fakes.retraining import NEW_WORDS, champion, reviewed
from tests.fakes.review_room import criteria_record
from tests.fakes.reviews import MemoryReviews
from tests.fakes.store import MemoryStore
from tests.fakes.training_lease import MemoryLease
from winnow.models import LabelDecision, Outcome
from winnow.ports import Encoder
from winnow.processes.loader import load_definition
from winnow.registry.aliases import Who
from winnow.registry.models import ModelVersion
from winnow.registry.publish import Draft, Models, appoint, publish
from winnow.registry.training_rows import TrainingRow, load_rows
from winnow.reviews.items import Items
from winnow.reviews.models import Kind, LineRef, ReviewHead
from winnow.reviews.notes import Notes
from winnow.reviews.service import Given, Reviews
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import JSON, ReviewPaths
from winnow.storage.times import iso
from winnow_train.holdout import drawn
from winnow_train.near_copies import text_key
from winnow_train.publishing import (
    Stack,
    retrain_and_publish,
)
from winnow_train.retrain import TrainingReport
from winnow_train.reviews import collect

NOW = 1_800_000_000.0
NEXT = {"card": "loan", "loan": "app", "app": "card"}
WHO = Who("ann", "2027-01-01T00:00:00.000Z")
DEFINITION = load_definition(PROCESS, "bank.yaml")


class Bank:
    """A stack with the process `bank`, its champion, and records that people decided."""

    def __init__(self, samples: Path) -> None:
        self.registry = MemoryRegistry()
        self.objects = MemoryStore()
        self.reviews = MemoryReviews()
        self.now = NOW
        self.service = Reviews(self.reviews, lambda: self.now)
        self.models = Models(self.registry, self.objects, "models")
        self.lease = MemoryLease()
        self.samples = samples
        self.encoder: Encoder = FakeEncoder()
        before = champion()
        assert before.head is not None
        self.first = publish(
            Draft(before.text, before.definition, before.head, training=before.training),
            self.models, "ann", WHO.at,
        )  # fmt: skip
        appoint(self.first, self.registry, WHO)

    def stack(self) -> Stack:
        notes = Notes(self.objects, "results")
        return Stack(
            models=self.models,
            reviews=self.reviews,
            items=Items(self.objects, notes, "results", lambda: self.now),
            lease=self.lease,
            encoder=self.encoder,
            pictures=FakePictureEncoder,
            vectors=None,
            samples=(self.samples,),
            clock=lambda: self.now,
            at=iso,
        )

    def decide(
        self,
        count: int = 150,
        words: dict[str, list[str]] = NEW_WORDS,
        seed: int = 1,
        *,
        wrong: bool = False,
    ) -> str:
        """Records are judged and set aside, and ann decides them; the upload's id.

        With `wrong` she is wrong about all that is trained on, and right about what is held out.
        """
        upload = f"{seed}" * 32
        made = reviewed(count, seed, words, upload)
        lines = [
            dump_line(
                criteria_record(
                    number,
                    decision=LabelDecision(value="card", scores=()),
                    text=row.text,
                    outcome=Outcome.REVIEW,
                )
            )
            for number, row in enumerate(made, 1)
        ]
        self.objects.put(ReviewPaths("results", "bank", upload).result, b"{}", JSON)
        file = self.objects.add("results", f"{upload}/review.jsonl", b"".join(lines))
        start = 0
        for number, (row, line) in enumerate(zip(made, lines, strict=True), 1):
            head = ReviewHead(
                upload=upload, record=number, kind=row.kind or Kind.REVIEW,
                process=DEFINITION.info,
                line=LineRef(object=file, start=start, length=len(line)),
                outcome=Outcome.REVIEW, code=row.code, decision="card", confidence=0.5,
                probability=1 / row.weight, blind=row.blind,
                waiting_since="2027-01-01T00:00:00.000Z",
            )  # fmt: skip
            start += len(line)
            self.reviews.add([head])
            self.now += 1
            turn = wrong and not drawn("bank", text_key(row.text), 0.2)
            self.service.decide("ann", head.key, 0, Given(NEXT[row.label] if turn else row.label))
        return upload

    def rows(self, upload: str) -> list[TrainingRow]:
        """What was decided of an upload."""
        definition = load_definition(PROCESS, "bank.yaml")
        rows = collect(self.reviews, self.stack().items, definition).rows
        return [row for row in rows if row.source and row.source.upload == upload]

    def train(self, report: Callable[[str], None] = lambda _: None) -> TrainingReport:
        return retrain_and_publish("bank", self.stack(), "ann", holder="run-1", report=report)

    def challenger(self) -> ModelVersion:
        entry = self.registry.entry("bank")
        assert entry is not None
        assert entry.challenger is not None
        return self.registry.version("bank", entry.challenger)

    def rows_of(self, version: ModelVersion) -> list[TrainingRow]:
        assert version.data is not None
        found: list[TrainingRow] = []
        for part in version.data.parts:
            assert part.object is not None
            with self.objects.open(part.object) as stream:
                found += load_rows(stream)
        return found
