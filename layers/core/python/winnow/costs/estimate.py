"""What a file will take and cost, from a count of its records and sentences.

What a run then really used is in its result.json; winnow.costs.runs has the arithmetic of both.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from winnow.costs.runs import STATES_OF_A_RUN, chunk_transitions
from winnow.models import RunUnits, StepUnits, WorkflowUnits

LOG_BYTES = 1_000


class Rates(NamedTuple):
    """How fast the functions are on the core that Lambda gives them, and what a call sends.

    Measured, and rounded down: docs/costs.md says where. A processor with AMX or VNNI judges up to
    six times as fast; this is one with AVX2 alone.
    """

    sentences_s: float = 350.0
    """Sentences that one core judges a second."""
    pictures_s: float = 45.0
    """Pictures that one core judges a second."""
    read_s: float = 30_000.0
    """Records that Serialize reads a second."""
    decoded_s: float = 20.0
    """Pictures of a camera that Scan decodes a second, and whose thumbnails it keeps."""
    filter_s: float = 10_000.0
    """Records that Filter splits a second."""
    call_s: float = 0.15
    """What every call takes besides: requests, and writing its output."""
    memory_mb: int = 1_769
    scan_mb: int = 3_538
    concurrency: int = 40
    """Chunks that are judged at once."""


class Chunking(NamedTuple):
    """Where Serialize ends a chunk."""

    records: int = 1_000
    sentences: int = 100_000
    pictures: int = 128


@dataclass(frozen=True)
class Estimate:
    """What a file of so many records and sentences takes."""

    records: int
    sentences: int
    chunks: int
    seconds: float
    """From the drop to the e-mail, with as many chunks at once as the rates say."""
    units: RunUnits


def estimate(
    records: int,
    sentences: int,
    rates: Rates | None = None,
    chunking: Chunking | None = None,
    *,
    of_pictures: bool = False,
) -> Estimate:
    """What a run on one file will use; `of_pictures`: each record is a picture, and Scan reads it.

    Raises:
        ValueError: There are no records.
    """
    if records < 1:
        raise ValueError("a file without records is not judged")
    rates, chunking = rates or Rates(), chunking or Chunking()
    most = chunking.pictures if of_pictures else chunking.records
    chunks = max(math.ceil(records / most), math.ceil(sentences / chunking.sentences), 1)
    read_s = rates.call_s + records / (rates.decoded_s if of_pictures else rates.read_s)
    judge_s = records / rates.pictures_s if of_pictures else sentences / rates.sentences_s
    split_s = records / rates.filter_s
    # Result files are joined of a piece for each chunk and outcome.
    joined = 3 * chunks
    seconds = (
        read_s
        + (judge_s + split_s) / min(chunks, rates.concurrency)
        + 2 * rates.call_s * math.ceil(chunks / rates.concurrency)
        + rates.call_s
    )
    # A chunk each, and the manifest; the file, its head, and what the process is.
    read = _calls(1, read_s, rates, puts=chunks + 1, gets=4, reads=2)
    if of_pictures:
        # A chunk has its pixels beside it, and each picture is kept small; a list fetches each.
        read = _calls(
            1,
            read_s,
            rates._replace(memory_mb=rates.scan_mb),
            puts=2 * chunks + 1 + records,
            gets=4 + records,
            reads=2,
        )
    return Estimate(
        records,
        sentences,
        chunks,
        seconds,
        RunUnits(
            serialize=None if of_pictures else read,
            scan=read if of_pictures else None,
            # The scored chunk, and its vectors.
            classify=_calls(
                chunks, judge_s + chunks * rates.call_s, rates, puts=2 * chunks, gets=4 * chunks
            ),
            filter=_calls(
                chunks + 1,
                split_s + (chunks + 1) * rates.call_s,
                rates,
                puts=4 * chunks + 5,
                gets=2 * chunks + 2 * chunks + joined + 6,
            ),
            workflow=WorkflowUnits(
                transitions=len(STATES_OF_A_RUN) + of_pictures + chunks * chunk_transitions(1),
                dynamodb_writes=2,
                events=1,
                messages=1,
                mails=1,
            ),
        ),
    )


def _calls(
    calls: int, seconds: float, rates: Rates, *, puts: int, gets: int, reads: int = 0
) -> StepUnits:
    ms = math.ceil(seconds * 1_000)
    return StepUnits(
        calls=calls,
        ms=ms,
        mb_ms=ms * rates.memory_mb,
        s3_puts=puts,
        s3_gets=gets,
        dynamodb_reads=reads,
        log_bytes=LOG_BYTES * calls,
    )
