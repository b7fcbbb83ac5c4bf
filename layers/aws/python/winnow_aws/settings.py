"""Settings of each function: read once from its environment, wrong values refused by name.

Those of the functions that read files are in read_settings.py: the others load no readers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from winnow.errors import SettingsError
from winnow.limits.budget import RecordBudget


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
                f"{cls._variable(problem['loc'])}: {problem['msg']}" for problem in error.errors()
            )
            raise SettingsError(f"{problems}.") from None

    @classmethod
    def _values(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return {
            name: value
            for name in cls.model_fields
            if (value := environment.get(name.upper(), "").strip())
        }

    @classmethod
    def _variable(cls, location: tuple[int | str, ...]) -> str:
        """The environment variable of a field."""
        return str(location[0]).upper()


class ClassifySettings(Settings):
    """Environment of the classify function."""

    model_dir: Path
    model_engine: Literal["litert", "litert-fp32", "tensorflow"] = "litert"
    model_handle: str = ""
    encoder_threads: int = Field(0, ge=0, le=64, description="0: as many as there are cores")
    budget: RecordBudget = RecordBudget()

    @classmethod
    def _values(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        values = super()._values(environment)
        values["budget"] = {
            name: value
            for name in RecordBudget.model_fields
            if (value := environment.get(_budget_setting(name), "").strip())
        }
        return values

    @classmethod
    def _variable(cls, location: tuple[int | str, ...]) -> str:
        """Those of the budget are BUDGET_SEGMENTS, and so on."""
        if location[0] == "budget" and len(location) > 1:
            return _budget_setting(str(location[1]))
        return super()._variable(location)


def _budget_setting(name: str) -> str:
    return "BUDGET_" + name.removeprefix("max_").upper()


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


class DispatchSettings(Settings):
    """Environment of the dispatch function."""

    results_bucket: str
    waiting_queue_url: str
    workflow_arn: str
    max_runs: int = Field(ge=0, description="0: no limit, for what was left in the queue")


class DigestSettings(Settings):
    """Environment of the digest function."""

    mail_queue_url: str
    topic_arn: str


class SweepSettings(Settings):
    """Environment of the sweep function."""

    uploads_bucket: str
    results_bucket: str
    table_name: str
    workflow_arn: str
    topic_arn: str
    waiting_queue_url: str
    max_runs: int = Field(0, ge=0, description="0: no limit; else the sweep starts by the queue")
    stack_name: str = "winnow"
    missed_seconds: float = Field(900, gt=0, description="age at which an upload is missed")
    retention_days: int = Field(ge=1, description="how long the table keeps a row")
