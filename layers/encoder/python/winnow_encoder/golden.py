"""The golden set judged by versions of the registry."""

from winnow.heads.card import HeadFiles
from winnow.ports import Judge, ObjectStore
from winnow.processes.schema import parse_definition_json
from winnow.registry.files import DEFINITION
from winnow.registry.models import ModelVersion
from winnow.registry.training_rows import TrainingRow
from winnow.registry.verified import read_verified
from winnow.releases.golden import GoldenResult, judge_golden
from winnow_encoder.references import ReferenceVectors


def judged(
    version: ModelVersion,
    rows: list[TrainingRow],
    guarantee: float | None,
    store: ObjectStore,
    vectors: ReferenceVectors,
) -> GoldenResult:
    """What a version makes of the golden set.

    Raises:
        VersionAlteredError: A file of the version is not what was published.
    """
    return judge_golden(version, _judge(version, store, vectors), rows, guarantee)


def _judge(version: ModelVersion, store: ObjectStore, vectors: ReferenceVectors) -> Judge:
    definition = parse_definition_json(read_verified(store, version, DEFINITION))
    head = None
    if version.head_sha256 is not None:
        card, arrays = (read_verified(store, version, f) for f in ("head.json", "head.npz"))
        head = HeadFiles.of(card, arrays)
    return vectors.judge(definition, head, None)
