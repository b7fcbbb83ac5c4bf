"""The model's files and the manifest that vouches for them.

Nothing is loaded that has not been hashed first: a missing, truncated or altered file is a
ModelInvalidError when the encoder starts, never a wrong vector later.
"""

import hashlib
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from winnow.errors import ModelInvalidError

MANIFEST_FILE = "manifest.json"
INT8_FILE = "use-lite-int8.tflite"
FP32_FILE = "use-lite-fp32.tflite"
TOKENIZER_FILE = "tokenizer.model"
SAVED_MODEL_FOLDER = "saved_model"


class _ManifestModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Package(_ManifestModel):
    """A package, pinned; `integrity` is of its archive, or of the one file of it that is used."""

    name: str
    version: str
    integrity: str = Field(pattern=r"^sha512-[A-Za-z0-9+/]{86}==$")

    @property
    def spec(self) -> str:
        """The package as npm names it."""
        return f"{self.name}@{self.version}"


class FileFacts(_ManifestModel):
    """Size and SHA-256 that a file must have."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)

    @classmethod
    def of(cls, path: Path) -> Self:
        """Size and SHA-256 of a file."""
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(sha256=digest, bytes=path.stat().st_size)


class Manifest(_ManifestModel):
    """manifest.json: where the model comes from, and every file that was made of it."""

    name: str
    version: str
    package: Package
    recipe: str = Field(description="version of the build; /tensorflow-VERSION with a SavedModel")
    files: dict[str, FileFacts] = Field(description="by path below the model's folder, with /")


def read_manifest(model_dir: Path) -> Manifest:
    """The manifest of a model's folder; ModelInvalidError if there is none or it is damaged."""
    path = model_dir / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError:
        raise ModelInvalidError(f"There is no readable {MANIFEST_FILE} in {model_dir}.") from None
    except ValidationError:
        raise ModelInvalidError(f"{path} is not a model manifest.") from None


def verified(model_dir: Path, manifest: Manifest, name: str) -> bytes:
    """The bytes of a file of the model, read once, so that what is used is what was hashed."""
    facts = manifest.files.get(name)
    if facts is None:
        raise ModelInvalidError(f"The manifest in {model_dir} does not list {name}.")
    try:
        data = (model_dir / name).read_bytes()
    except OSError:
        raise ModelInvalidError(f"{name} is missing from {model_dir} or unreadable.") from None
    if len(data) != facts.bytes:
        raise ModelInvalidError(
            f"{name} in {model_dir} has {len(data)} bytes, its manifest says {facts.bytes}."
        )
    if hashlib.sha256(data).hexdigest() != facts.sha256:
        raise ModelInvalidError(f"{name} in {model_dir} does not have the SHA-256 of its manifest.")
    return data
