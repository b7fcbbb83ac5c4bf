"""What may be fetched: the packages of lock.json, each pinned by version and SHA-512."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from winnow_encoder.artefacts import Package

LOCK_FILE = Path(__file__).resolve().parents[2] / "lock.json"


class Lock(BaseModel):
    """lock.json: the weights' package, and the packages of the reference tokeniser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Package
    reference: tuple[Package, ...] = Field(description="only needed to compare tokenisers")


def read_lock(path: Path = LOCK_FILE) -> Lock:
    """The lock as it stands beside the model card."""
    return Lock.model_validate_json(path.read_bytes())
