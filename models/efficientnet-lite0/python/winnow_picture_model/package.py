"""The locked package, which pip has installed, and the file of weights in it."""

import importlib.util
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from winnow.errors import ModelInvalidError, PackageUnavailableError
from winnow_encoder.artefacts import Package
from winnow_model.fetch import integrity

LOCK_FILE = Path(__file__).resolve().parents[2] / "lock.json"


class Lock(BaseModel):
    """lock.json: the package, and the SHA-512 of its file of weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Package
    module: str = Field(description="what the package is imported as")
    file: str = Field(description="the weights, below the module's folder")


def read_lock(path: Path = LOCK_FILE) -> Lock:
    """The lock as it stands beside the model card."""
    return Lock.model_validate_json(path.read_bytes())


def read_package(lock: Lock) -> bytes:
    """The file of weights of the installed package, which is not imported.

    Raises PackageUnavailableError when it is not installed, ModelInvalidError when the file is not
    the locked one.
    """
    spec = importlib.util.find_spec(lock.module)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise PackageUnavailableError(
            f"{lock.model.name} {lock.model.version} is not installed: run make install."
        )
    path = Path(folders[0]) / lock.file
    if not path.is_file() or (actual := integrity(path)) != lock.model.integrity:
        found = f"has the integrity {actual}" if path.is_file() else "is missing"
        raise ModelInvalidError(
            f"{lock.file} of {lock.model.name} {found}, the lock says {lock.model.integrity}."
        )
    return path.read_bytes()
