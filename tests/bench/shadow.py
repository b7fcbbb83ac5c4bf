"""What a second version costs that judges the same records: `python -m tests.bench.shadow`.

Prints one JSON document: CPU seconds with a second version over those without it, medians of
rounds that take turns. Heads of 77 labels with 10,000 reference rows have random weights: what they
say is of no interest, and their time does not depend on it. Criteria are L33774 with a statement
more, and L33774 with another head.
"""

import hashlib
import io
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from tests.bench.corpus import cases, sentences
from winnow.heads.card import CardMetrics, HeadCard, HeadFiles, Scope, TrainingData
from winnow.judging import build_judge
from winnow.judging.shadow import JudgePair
from winnow.judging.text.remembering import RememberingEncoder
from winnow.models import ModelInfo
from winnow.ports import Judge
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow_encoder import load_encoder

from .child import ROOT

LABELS = 77
BITS = 14
REFERENCES = 10_000
RECORDS = 1_000
ROUNDS = 5
RANKS = tuple(step / 100 for step in range(101))
"""Quantiles that put every record somewhere."""


def main() -> dict[str, Any]:
    """The ratios."""
    memory = RememberingEncoder(load_encoder(ROOT / "build" / "model", threads=1))
    names = [f"label-{number}" for number in range(LABELS)]
    listed = "\n".join(f"  - {{id: {name}}}" for name in names)
    labels = load_definition(
        f"id: bench\nversion: 1.0.0\nkind: labels\ntitle: Bench\nlabels:\n{listed}\n", "bench"
    )
    heads = [build_judge(labels, memory, _head(names, memory.info, seed)) for seed in (1, 2)]
    book = ProcessRegistry.from_directory(ROOT / "processes")
    criteria = book.find("L33774")
    first = criteria.criteria[0]
    more = first.model_copy(update={"statements": (*first.statements, "There is bleeding.")})
    changed = criteria.model_copy(update={"criteria": (more, *criteria.criteria[1:])})
    head = book.heads["L33774"]
    rules = build_judge(criteria, memory, head)
    pairs = {
        "head": (heads[0], heads[1]),
        "criteria_other_head": (rules, build_judge(criteria, memory, None)),
        "criteria_other_statements": (rules, build_judge(changed, memory, None)),
    }
    texts = {
        "one_sentence": list(islice(sentences(), RECORDS)),
        "clinical_note": [note for _, note in cases(RECORDS, seed=1)],
    }
    return {
        f"{name}_{kind}": _ratio(judge, shadow, memory, records)
        for name, (judge, shadow) in pairs.items()
        for kind, records in texts.items()
    }


def _ratio(
    judge: Judge, shadow: Judge, memory: RememberingEncoder, records: Sequence[str]
) -> dict[str, float]:
    alone: list[float] = []
    both: list[float] = []
    for _ in range(ROUNDS):
        alone.append(_seconds(partial(judge, records)))
        pair = JudgePair(judge, shadow, time.process_time, memory=memory)
        both.append(_seconds(partial(pair, records)))
        assert pair.dropped is None, pair.dropped
    before, after = statistics.median(alone), statistics.median(both)
    return {
        "alone_s": round(before, 3),
        "both_s": round(after, 3),
        "ratio": round(after / before, 4),
        "shadow_ratio": round(pair.seconds / before, 4),
    }


def _seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def _head(labels: Sequence[str], encoder: ModelInfo, seed: int) -> HeadFiles:
    draw = np.random.default_rng(seed)
    rows = draw.standard_normal((REFERENCES, 512)).astype(np.float32)
    arrays = {
        "bias": draw.standard_normal(LABELS),
        "dense": draw.standard_normal((512, LABELS)),
        "references": (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16),
        "reference_labels": (np.arange(REFERENCES) % LABELS).astype(np.int16),
    }
    for block in ("characters", "words"):
        arrays[block] = draw.standard_normal((1 << BITS, LABELS)).astype(np.float16)
        arrays[f"{block}_idf"] = np.ones(1 << BITS, np.float32)
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    content = stream.getvalue()
    card = HeadCard(
        kind="labels",
        process="bench",
        labels=tuple(labels),
        created="2026-01-01T00:00:00Z",
        encoder=encoder,
        data=TrainingData(
            file="none", sha256="0" * 64, rows=REFERENCES, rows_of={}, label_column="label"
        ),
        gram_bits=BITS,
        temperature=1.0,
        regularisation=1.0,
        seed=seed,
        metrics=CardMetrics(
            folds=2, accuracy=0, macro_f1=0, log_loss=0, ece_before=0, ece_after=0, accuracy_by_c={}
        ),
        scope=Scope(distances=RANKS, weaknesses=RANKS, strangeness=RANKS),
        arrays_sha256=hashlib.sha256(content).hexdigest(),
        arrays_bytes=len(content),
    )
    return HeadFiles.of(card.model_dump_json().encode(), content)


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
