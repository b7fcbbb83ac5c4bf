"""Which code a stack runs since when: the item `code#deployed` of the table of models."""

from winnow.registry.models import DeployedCode
from winnow_aws.attributes import texts
from winnow_aws.aws_errors import translated
from winnow_aws.models_table import ModelsTable, attributes_of, values_of

_KEY = texts(pk="code#deployed", sk="code")


class DeployedCodeTable(ModelsTable):
    """The table of models: what a deployment writes of its code."""

    def put(self, code: DeployedCode) -> None:
        """Note that this code was deployed.

        Raises AccessDeniedError, AwsRefusedError, RetryableError.
        """
        with translated("in the table of models"):
            self._dynamodb.put_item(TableName=self._table, Item=_KEY | attributes_of(code))

    def get(self) -> DeployedCode | None:
        """The code that was deployed last; None: by a version that did not note it.

        Raises as `put`.
        """
        item = self._get(_KEY)
        return DeployedCode.model_validate(values_of(item)) if item else None
