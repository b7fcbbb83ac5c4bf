"""SageMaker in memory: boto3's client as far as the command line calls it."""

from typing import Any

from botocore.exceptions import ClientError


class FakeSageMaker:
    """At most one notebook."""

    def __init__(self, notebook: str = "winnow-test-training") -> None:
        self.notebook = notebook
        self.state = ""
        """Of the notebook; empty: there is none."""

    def describe_notebook_instance(self, NotebookInstanceName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        self._check("DescribeNotebookInstance", NotebookInstanceName)
        return {"NotebookInstanceStatus": self.state, "InstanceType": "ml.t3.medium"}

    def create_presigned_notebook_instance_url(
        self,
        NotebookInstanceName: str,  # noqa: N803
    ) -> dict[str, Any]:
        self._check("CreatePresignedNotebookInstanceUrl", NotebookInstanceName)
        return {"AuthorizedUrl": "https://notebook.test/?authToken=t"}

    def _check(self, call: str, name: str) -> None:
        assert name == self.notebook
        if not self.state:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "RecordNotFound"}}, call
            )
