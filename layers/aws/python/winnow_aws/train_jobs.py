"""Jobs of AWS Batch: trainings that are too large for a function, with the same image."""

from typing import Any

from winnow.registry.trainings import TrainInput
from winnow_aws.aws_errors import translated

EVENT = "TRAIN_EVENT"
"""Variable of the job's container: what the function would have been called with."""
# What Fargate has: cores -> least and most memory in MB, and the step between.
_SIZES = {
    4: (8_192, 30_720, 1_024),
    8: (16_384, 61_440, 4_096),
    16: (32_768, 122_880, 8_192),
}
_FITS = 6
"""Folds, and the fit of all rows: at the same time."""


class TrainJobs:
    """A queue of jobs, and what a job is."""

    def __init__(self, batch: Any, queue: str, definition: str) -> None:
        """`batch` is boto3's client of Batch."""
        self._batch = batch
        self._queue = queue
        self._definition = definition

    def submit(self, asked: TrainInput, megabytes: float) -> str:
        """Have a process trained; the job's id.

        Raises AccessDeniedError, AwsRefusedError, RetryableError.

        Args:
            asked: What to train. Who asked is in it, and no text.
            megabytes: What one of the processes that fit folds needs.
        """
        cores, memory = size_for(megabytes)
        with translated("in Batch"):
            job = self._batch.submit_job(
                jobName=f"train-{asked.process.replace('.', '-')}"[:128],
                jobQueue=self._queue,
                jobDefinition=self._definition,
                containerOverrides={
                    "environment": [
                        {"name": EVENT, "value": asked.model_dump_json(exclude_none=True)}
                    ],
                    "resourceRequirements": [
                        {"type": "VCPU", "value": str(cores)},
                        {"type": "MEMORY", "value": str(memory)},
                    ],
                },
            )
        job_id: str = job["jobId"]
        return job_id


def size_for(megabytes: float) -> tuple[int, int]:
    """Cores and memory of the smallest container of Fargate with a core for each fold's process.

    >>> size_for(1_000), size_for(10_000), size_for(1_000_000)
    ((4, 8192), (8, 61440), (16, 122880))
    """
    for cores, (least, most, step) in _SIZES.items():
        wanted = megabytes * min(cores, _FITS)
        if wanted <= most:
            whole = -(-max(wanted, least) // step) * step
            return cores, int(whole)
    return 16, _SIZES[16][1]
