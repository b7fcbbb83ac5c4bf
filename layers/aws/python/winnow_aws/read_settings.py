"""Settings of the functions that read files: Serialize and Scan."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from winnow.limits.reading import ReadLimits, setting_of
from winnow.steps.serialize import SerializeOptions
from winnow.steps.upload import SenderThreshold
from winnow_aws.settings import Settings


class SerializeSettings(Settings):
    """Environment of the serialize function."""

    GROUPS: ClassVar = {"limits": (ReadLimits, setting_of)}

    results_bucket: str = Field(description="the bucket that the records of a file are written to")
    results_prefix: str = Field(
        "",
        pattern=r"^(shadow/[0-9a-f]{8,64}/)?$",
        description="what its keys begin with while a second stack judges beside the first: "
        "`shadow/`, the release and `/`; else empty",
    )
    models_table: str = Field(
        "", description="the table of versions of processes; empty: those of `process_dir`"
    )
    process_dir: Path | None = Field(
        None, description="a folder of process definitions, read without a table of versions"
    )
    default_process: str = Field("", description="the process of files that name none")
    threshold_override: float | None = Field(
        None, ge=0, le=1, description="the threshold, in place of each process's own"
    )
    sender_threshold: SenderThreshold = Field(
        "higher", description="how a file's own threshold is used"
    )
    chunk_records: int = Field(
        1_000, ge=1, le=100_000, description="maximum number of records in one chunk"
    )
    limits: ReadLimits = ReadLimits()

    @property
    def options(self) -> SerializeOptions:
        """The settings that core needs."""
        return SerializeOptions(
            results_bucket=self.results_bucket,
            results_prefix=self.results_prefix,
            default_process=self.default_process,
            threshold=self.threshold_override,
            sender_threshold=self.sender_threshold,
            chunk_records=self.chunk_records,
            limits=self.limits,
        )


class ScanSettings(SerializeSettings):
    """Environment of the scan function."""

    ocr_engine: Literal["rapidocr", "textract"] = Field(
        "rapidocr", description="the OCR engine for scanned pages"
    )
    ocr_threads: int = Field(0, ge=0, le=64, description="threads of OCR; 0: one per core")
