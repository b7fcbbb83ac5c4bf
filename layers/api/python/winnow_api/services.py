"""What handlers use: values of this stack, and parts that are made when first needed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from winnow.limits.budget import RecordBudget
from winnow.models import HeadInfo, ModelInfo
from winnow.ports import Judge, ObjectStore
from winnow.processes.registry import ProcessRegistry
from winnow.reviews.ports import ReviewStore
from winnow_api.ports import Objects, RequestKeys, UploadTable

if TYPE_CHECKING:
    from winnow.reviews.enqueue import PageDrawer
    from winnow_api.page import WebPage


@dataclass(frozen=True)
class Judging:
    """The encoder, and the judges of processes."""

    model: ModelInfo
    judge_of: Callable[[str], Judge]
    """The judge of a process id; built once."""
    head_of: Callable[[str], HeadInfo | None]
    """The trained head that it judges with."""


@dataclass(frozen=True)
class Services:
    """All that the handlers share. Parts are functions, so that a route loads only what it uses."""

    results_bucket: str
    uploads_bucket: str
    registry: Callable[[], ProcessRegistry]
    judging: Callable[[], Judging]
    objects: Callable[[], Objects]
    store: Callable[[], ObjectStore]
    uploads: Callable[[], UploadTable]
    keys: Callable[[], RequestKeys]
    reviews: Callable[[], ReviewStore]
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
    drawer: Callable[[], "PageDrawer | None"] = lambda: None
    """Draws pages for people; None: none are drawn."""
