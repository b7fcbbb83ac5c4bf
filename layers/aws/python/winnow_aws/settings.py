"""Settings of each function: read once from its environment; wrong values are rejected by name.

Settings of Serialize and Scan are in read_settings.py, so that the others load no readers.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from winnow.errors import SettingsError
from winnow.limits.budget import RecordBudget


class Settings(BaseModel):
    """Base: a field `results_bucket` is read from RESULTS_BUCKET; empty means absent."""

    # Built when first used: a function has one of these.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    GROUPS: ClassVar[Mapping[str, tuple[type[BaseModel], Callable[[str], str]]]] = {}
    """Fields that hold several settings: their model, and a setting's variable by its name."""

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
        def given(fields: Iterable[str], variable: Callable[[str], str]) -> dict[str, Any]:
            return {
                name: value
                for name in fields
                if (value := environment.get(variable(name), "").strip())
            }

        values = given(cls.model_fields, str.upper)
        for name, (group, variable) in cls.GROUPS.items():
            values[name] = given(group.model_fields, variable)
        return values

    @classmethod
    def _variable(cls, location: tuple[int | str, ...]) -> str:
        """The environment variable of a field, also of one in a group."""
        name = str(location[0])
        if name in cls.GROUPS and len(location) > 1:
            return cls.GROUPS[name][1](str(location[1]))
        return name.upper()


def budget_setting_of(name: str) -> str:
    """The environment variable that sets a limit of the budget.

    >>> budget_setting_of("max_segments")
    'BUDGET_SEGMENTS'
    """
    return "BUDGET_" + name.removeprefix("max_").upper()


class EncoderSettings(Settings):
    """What the environment says of the encoder, for all functions that have one."""

    model_dir: Path = Field(description="the folder of the built model")
    model_engine: Literal["litert", "litert-fp32", "tensorflow"] = Field(
        "litert", description="the engine of the encoder; all but `litert` are for comparison"
    )
    model_handle: str = Field(
        "", description="with `tensorflow`: folder or address of another SavedModel"
    )
    encoder_threads: int = Field(
        0, ge=0, le=64, description="threads of the encoder; 0: one per core"
    )


class ClassifySettings(EncoderSettings):
    """Environment of the classify function."""

    GROUPS: ClassVar = {"budget": (RecordBudget, budget_setting_of)}

    budget: RecordBudget = RecordBudget()


class PublishSettings(EncoderSettings):
    """Environment of the publish function."""

    process_dir: Path = Field(description="the folder of the processes that ship")
    models_bucket: str = Field(description="the bucket of versions of processes")
    models_table: str = Field(description="the table of versions of processes")


class TrainSettings(EncoderSettings):
    """Environment of the train function."""

    results_bucket: str = Field(description="the bucket of results, with the texts of records")
    reviews_table: str = Field(description="the table of records that a person decides")
    models_bucket: str = Field(description="the bucket of versions of processes")
    models_table: str = Field(description="the table of versions of processes")
    topic_arn: str = Field(description="the topic that is told what came of a training")
    page_url: str = Field(description="address of the review page, for the e-mail")
    samples_dir: Path = Field(
        description="the folder of the rows that the shipped heads were trained on"
    )
    stack_name: str = Field("winnow", description="the stack's name, a dimension of the metrics")
    threshold_override: float | None = Field(
        None, ge=0, le=1, description="threshold of the stack, in place of each process's own"
    )
    train_queue: str = Field(
        "",
        description="the queue of jobs for what is too large for it; empty: there is none",
    )


class FilterSettings(Settings):
    """Environment of the filter function."""

    results_bucket: str = Field(
        description="the bucket of results and of runs' intermediate objects"
    )
    mail_file_names: bool = Field(False, description="whether an e-mail may name the file")
    page_url: str = Field("", description="address of the review page; empty: there is none")
    prices_region: str = Field(
        "us-east-1", description="the region whose prices the cost of a run is told in"
    )
    stack_name: str = Field("winnow", description="the stack's name, a dimension of the metrics")

    @field_validator("mail_file_names", mode="before")
    @classmethod
    def _only_true_or_false(cls, value: Any) -> Any:
        if isinstance(value, str) and value.lower() not in ("true", "false"):
            raise ValueError("give true or false")
        return value


class DispatchSettings(Settings):
    """Environment of the dispatch function."""

    results_bucket: str = Field(
        description="the bucket where the function keeps the list of runs that it started"
    )
    waiting_queue_url: str = Field(description="the queue of uploads that wait for a run")
    workflow_arn: str = Field(description="the state machine that is started")
    max_runs: int = Field(ge=0, description="maximum number of runs at once; 0: no limit")


class DigestSettings(Settings):
    """Environment of the digest function."""

    mail_queue_url: str = Field(description="the queue of e-mails that are gathered")
    topic_arn: str = Field(description="the topic that e-mails are sent through")


class IndexSettings(Settings):
    """Environment of the index function."""

    results_bucket: str = Field(description="the bucket of results, and of their index")
    changes_queue_url: str = Field(description="the queue of results that changed")


class SearchSettings(Settings):
    """Environment of the search function."""

    results_bucket: str = Field(description="the bucket of the index")
    changes_queue_url: str = Field(
        description="the queue that is asked for a comparison where the index is damaged"
    )
    athena_workgroup: str = Field(
        "", description="Athena's workgroup that answers; absent: the function reads the index"
    )
    athena_database: str = Field("", description="the database of Glue that has the index's table")


class NotifySettings(Settings):
    """Environment of the notify function."""

    notify_webhook: Literal["slack", "teams"] = Field(
        description="the chat that notices are posted to"
    )
    webhook_secret: str = Field(description="the secret that is the address of the chat's webhook")
    local: bool = Field(
        False, description="true only on the local stack: the address may be one of this machine"
    )


class SweepSettings(Settings):
    """Environment of the sweep function."""

    uploads_bucket: str = Field(description="the bucket where files are dropped")
    results_bucket: str = Field(description="the bucket where the sweep keeps its position")
    table_name: str = Field(description="the table of uploads")
    models_table: str = Field(description="the table of versions of processes, for their ages")
    workflow_arn: str = Field(description="the state machine that is started again")
    topic_arn: str = Field(description="the topic that failures are published to")
    reviews_table: str = Field("", description="the table of reviews; empty: nothing is reviewed")
    queue_function: str = Field("", description="the function that queues records for review")
    waiting_queue_url: str = Field(description="the queue of uploads that wait for a run")
    max_runs: int = Field(
        0, ge=0, description="0: no limit; else the sweep queues runs for dispatch"
    )
    stack_name: str = Field("winnow", description="the stack's name, a dimension of the metrics")
    missed_seconds: float = Field(
        900, gt=0, description="age in seconds from which an upload without a run counts as missed"
    )
    retention_days: int = Field(ge=1, description="days that the table keeps a row")


class ShareSettings(Settings):
    """How many records are drawn for a person, and how many of them are blind."""

    blind_share: int = Field(
        10, ge=0, le=100, description="percent of the records whose decision is hidden at first"
    )
    audit_share: int = Field(
        2, ge=0, le=100, description="percent of the accepted records that a person decides too"
    )
    disagreement_share: int = Field(
        10,
        ge=0,
        le=100,
        description="percent of the accepted records that two versions decide differently and a "
        "person decides too",
    )


class QueueSettings(ShareSettings):
    """Environment of the queue function."""

    results_bucket: str = Field(description="the bucket of results, read and completed")
    table_name: str = Field(description="the table of uploads")
    reviews_table: str = Field(description="the table of records that a person decides")
    models_table: str = Field(
        description="the table of versions; what people decide of audited records is counted there"
    )
    topic_arn: str = Field(description="the topic that is told when an upload is decided")
    page_url: str = Field(description="address of the review page, for the e-mail")
    scan_function: str = Field(
        "", description="the function that draws pages of digital PDFs; empty: none are drawn"
    )
    train_function: str = Field(
        "", description="the function that trains processes; empty: this stack trains none"
    )
    retrain_decisions: int = Field(
        0, ge=0, description="new decisions after which a process is trained; 0: it is not"
    )
    stack_name: str = Field("winnow", description="the stack's name, a dimension of the metrics")


class ApiSettings(ClassifySettings, ShareSettings):
    """Environment of the api function: that of classify, whose encoder it has, and its own."""

    results_bucket: str = Field(description="the bucket of results, and of all that is typed")
    uploads_bucket: str = Field(description="the bucket where files are dropped")
    table_name: str = Field(description="the table of uploads")
    reviews_table: str = Field(description="the table of records that a person decides")
    models_table: str = Field(description="the table of versions of processes")
    web_dir: Path = Field(description="the folder of the page's files")
    page_url: str = Field(description="address of the review page, with a slash at its end")
    sign_in_url: str = Field(description="address of the sign-in; no slash at its end")
    sign_in_client: str = Field(description="client id of the page")
    user_pool: str = Field(description="id of the user pool")
    threshold_override: float | None = Field(
        None, ge=0, le=1, description="threshold of the stack, in place of each process's own"
    )
    retention_days: int = Field(ge=1, description="days that a prediction is kept")
    scan_function: str = Field(
        "",
        description="the function that draws pages of digital PDFs and decodes pictures; empty: "
        "none are drawn",
    )
    classify_function: str = Field("", description="the function that judges pictures")
    train_function: str = Field(
        "", description="the function that trains processes; empty: this stack trains none"
    )
    search_function: str = Field(description="the function that answers searches and charts")
    stack_name: str = Field("winnow", description="the stack's name, a dimension of the metrics")
