"""The golden set judged by versions of the registry."""

from collections.abc import Callable

from winnow.heads.card import HeadFiles
from winnow.judging.pictures import picture_judge
from winnow.judging.pictures.vectors import kept_features
from winnow.ports import ObjectStore, PictureEncoder
from winnow.processes.schema import LabelsProcess, parse_definition_json
from winnow.registry.files import DEFINITION
from winnow.registry.models import ModelVersion
from winnow.registry.training_rows import TrainingRow
from winnow.registry.verified import read_verified
from winnow.releases.golden import GoldenResult, RowJudge, judge_golden
from winnow_encoder.references import ReferenceVectors


def judged(
    version: ModelVersion,
    rows: list[TrainingRow],
    guarantee: float | None,
    threshold: float | None,
    store: ObjectStore,
    vectors: ReferenceVectors,
    pictures: Callable[[], PictureEncoder],
) -> GoldenResult:
    """What a version makes of the golden set, at the stack's threshold if it has one.

    `pictures` is called where the version is of pictures.

    Raises:
        VersionAlteredError: A file of the version is not what was published.
    """
    judge = _judge(version, store, vectors, pictures)
    return judge_golden(version, judge, rows, guarantee, threshold)


def _judge(
    version: ModelVersion,
    store: ObjectStore,
    vectors: ReferenceVectors,
    pictures: Callable[[], PictureEncoder],
) -> RowJudge:
    definition = parse_definition_json(read_verified(store, version, DEFINITION))
    head = None
    if version.head_sha256 is not None:
        card, arrays = (read_verified(store, version, f) for f in ("head.json", "head.npz"))
        head = HeadFiles.of(card, arrays)
    if isinstance(definition, LabelsProcess) and definition.of_pictures:
        of_pictures = picture_judge(definition, pictures(), head)
        return lambda rows: of_pictures.judge(
            kept_features(row.features for row in rows if row.features)
        )
    of_texts = vectors.judge(definition, head, None)
    return lambda rows: of_texts([row.text for row in rows], [row.fields for row in rows])
