"""What handlers use: values of this stack, and parts that are made when first needed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from winnow.limits.budget import RecordBudget
from winnow.models import HeadInfo, ModelInfo, VersionRef
from winnow.ports import Judge, ObjectStore
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import ProcessDefinition
from winnow.registry.models import DeployedCode, PinnedVersion
from winnow.registry.ports import ModelRegistry
from winnow.reviews.ports import ReviewStore
from winnow_api.ports import Alarms, Golden, LiveFigures, Objects, RequestKeys, Trainer, UploadTable

if TYPE_CHECKING:
    from winnow.reviews.enqueue import PageDrawer
    from winnow.search.exports import ExportingSearcher
    from winnow.steps.prediction import PictureSteps
    from winnow_api.page import WebPage


@dataclass(frozen=True)
class ProcessJudge:
    """What a process judges by, all of one version."""

    definition: ProcessDefinition
    judge: Judge
    head: HeadInfo | None = None
    """The trained head that it judges with."""
    version: VersionRef | None = None


@dataclass(frozen=True)
class Judging:
    """The encoder, and the judges of processes."""

    model: ModelInfo
    of: Callable[[str], ProcessJudge]
    """What the process of an id judges by now; a judge is built once.

    Raises ProcessUnknownError."""


@dataclass(frozen=True)
class Services:
    """All that the handlers share. Parts are functions, so that a route loads only what it uses."""

    results_bucket: str
    uploads_bucket: str
    registry: Callable[[], ProcessRegistry]
    """The champion of each process, as it is now or was seconds ago."""
    judging: Callable[[], Judging]
    champion: Callable[[str], PinnedVersion]
    """What the process of an id judges by now. Raises ProcessUnknownError."""
    pictures: Callable[[], "PictureSteps"]
    """Decodes and judges pictures."""
    objects: Callable[[], Objects]
    store: Callable[[], ObjectStore]
    uploads: Callable[[], UploadTable]
    keys: Callable[[], RequestKeys]
    reviews: Callable[[], ReviewStore]
    models: Callable[[], ModelRegistry]
    live: Callable[[], LiveFigures]
    alarms: Callable[[], Alarms]
    searcher: Callable[[], "ExportingSearcher"]
    """Answers searches and charts, and writes exports."""
    page: Callable[[], "WebPage"]
    now: Callable[[], float]
    """Epoch seconds."""
    monotonic: Callable[[], float]
    random: Callable[[int], str]
    """So many random bytes as hex digits."""
    budget: RecordBudget = field(default_factory=RecordBudget)
    max_file_bytes: int = 512 * 1024 * 1024
    threshold: float | None = None
    """The stack's, in place of each process's own."""
    blind_share: float = 0.0
    audit_share: float = 0.0
    disagreement_share: float = 0.0
    drawer: Callable[[], "PageDrawer | None"] = lambda: None
    """Draws pages for people; None: none are drawn."""
    code: Callable[[], DeployedCode | None] = lambda: None
    """The code that was deployed last; None: a version deployed it that did not note it."""
    trainer: Callable[[], Trainer | None] = lambda: None
    """Trains processes; None: this stack trains none."""
    golden: Callable[[], Golden | None] = lambda: None
    """Judges the golden set before a release; None: nothing does."""
