"""AWS Batch in memory: boto3's client as far as the command line calls it."""

from typing import Any

MOMENT = 1_795_770_000_000
"""2026-11-27, in milliseconds."""


class FakeBatch:
    """One queue with one compute environment, and jobs as Batch lists them."""

    def __init__(self, queue: str = "winnow-test-training") -> None:
        self.queue = queue
        self.there = True
        self.found: list[dict[str, Any]] = []
        self.ended: list[tuple[str, str]] = []

    def add(self, job_id: str, status: str, **more: Any) -> dict[str, Any]:
        job = {
            "jobId": job_id,
            "jobName": "train-bank",
            "status": status,
            "createdAt": MOMENT + len(self.found),
            **more,
        }
        self.found.append(job)
        return job

    def describe_job_queues(self, jobQueues: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert jobQueues == [self.queue]
        order = [{"order": 1, "computeEnvironment": "arn:compute"}]
        queue = {"state": "ENABLED", "status": "VALID", "computeEnvironmentOrder": order}
        return {"jobQueues": [queue] if self.there else []}

    def describe_compute_environments(
        self,
        computeEnvironments: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        assert computeEnvironments == ["arn:compute"]
        one = {"state": "ENABLED", "status": "VALID", "computeResources": {"maxvCpus": 32}}
        return {"computeEnvironments": [one]}

    def list_jobs(
        self,
        jobQueue: str,  # noqa: N803
        jobStatus: str,  # noqa: N803
        maxResults: int,  # noqa: N803
    ) -> dict[str, Any]:
        assert jobQueue == self.queue
        found = [one for one in self.found if one["status"] == jobStatus]
        return {"jobSummaryList": found[:maxResults]}

    def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        return {"jobs": [one for one in self.found if one["jobId"] in jobs]}

    def terminate_job(self, jobId: str, reason: str) -> dict[str, Any]:  # noqa: N803
        self.ended.append((jobId, reason))
        return {}
