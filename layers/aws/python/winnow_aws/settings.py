"""Settings of each function: read once from its environment, wrong values refused by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from winnow.errors import SettingsError
from winnow.readers.limits import ReadLimits, setting_of
from winnow.serialize import SerializeOptions


class Settings(BaseModel):
    """Base: a field `results_bucket` is read from RESULTS_BUCKET; empty means absent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingsError naming the variables, not their values."""
        try:
            return cls.model_validate(cls._values(environment))
        except ValidationError as error:
            problems = "; ".join(
                f"{_variable(problem['loc'])}: {problem['msg']}" for problem in error.errors()
            )
            raise SettingsError(f"{problems}.") from None

    @classmethod
    def _values(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return {
            name: value
            for name in cls.model_fields
            if (value := environment.get(name.upper(), "").strip())
        }


def _variable(location: tuple[int | str, ...]) -> str:
    """The environment variable of a field; those of `limits` have a prefix."""
    if location[0] == "limits" and len(location) > 1:
        return setting_of(str(location[1]))
    return str(location[0]).upper()


class SerializeSettings(Settings):
    """Environment of the serialize function."""

    results_bucket: str
    process_dir: Path
    default_process: str = ""
    threshold_override: float | None = Field(None, ge=0, le=1)
    chunk_records: int = Field(1_000, ge=1, le=100_000)
    limits: ReadLimits = ReadLimits()

    @classmethod
    def _values(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        values = super()._values(environment)
        values["limits"] = {
            name: value
            for name in ReadLimits.model_fields
            if (value := environment.get(setting_of(name), "").strip())
        }
        return values

    @property
    def options(self) -> SerializeOptions:
        """What core is told of them."""
        return SerializeOptions(
            results_bucket=self.results_bucket,
            default_process=self.default_process,
            threshold=self.threshold_override,
            chunk_records=self.chunk_records,
            limits=self.limits,
        )


class ScanSettings(SerializeSettings):
    """Environment of the scan function."""

    ocr_engine: Literal["rapidocr", "textract"] = "rapidocr"
    ocr_threads: int = Field(0, ge=0, le=64, description="0: as many as there are cores")


class ClassifySettings(Settings):
    """Environment of the classify function."""

    model_dir: Path
    model_engine: Literal["litert", "litert-fp32", "tensorflow"] = "litert"
    model_handle: str = ""
    encoder_threads: int = Field(0, ge=0, le=64, description="0: as many as there are cores")


class FilterSettings(Settings):
    """Environment of the filter function."""

    results_bucket: str
    mail_file_names: bool = False
    stack_name: str = "winnow"

    @field_validator("mail_file_names", mode="before")
    @classmethod
    def _only_true_or_false(cls, value: Any) -> Any:
        if isinstance(value, str) and value.lower() not in ("true", "false"):
            raise ValueError("give true or false")
        return value


class SweepSettings(Settings):
    """Environment of the sweep function."""

    uploads_bucket: str
    results_bucket: str
    table_name: str
    workflow_arn: str
    topic_arn: str
    stack_name: str = "winnow"
    missed_seconds: float = Field(900, gt=0)
    retention_days: int = Field(ge=1)
