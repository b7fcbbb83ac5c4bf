"""Who released which code, when and why: a partition of the table of models.

| item | pk | sk |
|---|---|---|
| the code's entry | `code` | `entry` |
| a change | `code` | `change#` and the revision, 10 digits |

The same of a second stack is in the partition `code-stack`.

Only the command line writes it; no function's role may.
"""

from winnow.errors import ReleaseConflictError
from winnow_aws.attributes import texts
from winnow_aws.models_table import ModelsTable, values_of
from winnow_cli.code_release.models import CodeChange, CodeEntry

PARTITION, STACKS = "code", "code-stack"
_ENTRY, _CHANGE = "entry", "change#"


class CodeTable(ModelsTable):
    """The table of models: a store of code releases."""

    partition = PARTITION

    def entry(self) -> CodeEntry | None:
        """The entry; None: no code was ever released by hand."""
        item = self._get(texts(pk=self.partition, sk=_ENTRY))
        return CodeEntry.model_validate(values_of(item)) if item else None

    def history(self) -> tuple[CodeChange, ...]:
        """Every change, the oldest first."""
        return tuple(
            CodeChange.model_validate(values_of(item))
            for item in self._partition(self.partition)
            if item["sk"]["S"].startswith(_CHANGE)
        )

    def change(self, after: CodeEntry, change: CodeChange) -> None:
        """Write an entry and its change, or neither.

        Raises:
            ReleaseConflictError: The entry is not at the revision before any more.
        """
        key = texts(pk=self.partition, sk=_ENTRY)
        history = texts(pk=self.partition, sk=f"{_CHANGE}{change.revision:010d}")
        if not self._change(key, after, after.revision - 1, history, change):
            raise ReleaseConflictError(
                f"The code of {after.stack} was released by somebody else at the same time."
            )


class StacksTable(CodeTable):
    """The same of a second stack."""

    partition = STACKS
