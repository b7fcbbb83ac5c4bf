"""The versions of processes that Serialize and Scan know."""

from winnow.errors import SettingsError
from winnow.ports import ObjectStore
from winnow.registry.ports import Models
from winnow_aws.clients import client
from winnow_aws.read_settings import SerializeSettings


def run_models(settings: SerializeSettings, store: ObjectStore) -> Models:
    """Those of the registry; of a folder only where a function runs outside of a stack.

    Raises SettingsError if neither is named.
    """
    if settings.models_table:
        from winnow.registry.runs import RegistryModels
        from winnow_aws.registry import RegistryTable

        return RegistryModels(RegistryTable(client("dynamodb"), settings.models_table), store)
    if settings.process_dir is None:
        raise SettingsError("MODELS_TABLE: is missing, and so is PROCESS_DIR.")
    from winnow.processes.registry import ProcessRegistry
    from winnow.registry.folder import FolderModels

    return FolderModels(ProcessRegistry.from_directory(settings.process_dir))
