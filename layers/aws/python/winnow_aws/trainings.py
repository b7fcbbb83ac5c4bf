"""What came of each process's last training: pk `training#` and the process, sk `last`."""

from winnow.registry.trainings import EndedTraining
from winnow_aws.attributes import Item, texts
from winnow_aws.models_table import ModelsTable, attributes_of, values_of


class TrainingTable(ModelsTable):
    """The table of models with this name: a TrainingLog."""

    def last(self, process: str) -> EndedTraining | None:
        item = self._get(_key(process))
        return EndedTraining.model_validate(values_of(item)) if item else None

    def keep(self, ended: EndedTraining) -> None:
        self._writer.put(_key(ended.process) | attributes_of(ended))


def _key(process: str) -> Item:
    return texts(pk=f"training#{process}", sk="last")
