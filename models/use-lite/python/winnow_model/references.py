"""The reference sentences of process definitions, encoded when the model is built."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.errors import WinnowError
from winnow.judging import build_judge, readings_of
from winnow.models import ModelInfo
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import ProcessDefinition
from winnow_encoder import load_encoder
from winnow_encoder.batching import DIMENSIONS
from winnow_encoder.precomputed import write_precomputed
from winnow_model.build import written


def build_references(
    model_dir: Path, processes: Path, report: Callable[[str], None], engine: str = "litert"
) -> None:
    """Encode what the judges of the processes in a folder compare with.

    `report` is told, in a sentence, unless the same was there. Without them the model is whole, and
    only starts slower: a folder of definitions that do not validate is reported, not raised.

    Raises ModelInvalidError when the model's files are damaged or `model_dir` cannot be written.
    """
    encoder = load_encoder(model_dir, engine=engine, precomputed=False)
    try:
        book = ProcessRegistry.from_directory(processes)
        sentences = _sentences(book, encoder.info)
    except WinnowError as error:
        report(f"No reference sentences are encoded beforehand: {error.message}")
        return
    readings = {key: kept for one in _of_texts(book) for key, kept in readings_of(one).items()}
    names = ", ".join(one.id for one in _of_texts(book))
    with written(model_dir):
        new = write_precomputed(encoder, sentences, model_dir, readings)
    if new:
        report(f"Encoded {len(sentences):,} reference sentences of {names}.")


def _sentences(book: ProcessRegistry, info: ModelInfo) -> list[str]:
    """What the judges ask for when they are built, in order, each once."""
    asked = _Asked(info)
    for definition in _of_texts(book):
        build_judge(definition, asked, book.heads.get(definition.id))
    return list(asked.messages)


def _of_texts(book: ProcessRegistry) -> list[ProcessDefinition]:
    """The processes that judge texts, in the order of their ids."""
    return sorted((one for one in book.definitions if not one.of_pictures), key=lambda one: one.id)


class _Asked:
    """An Encoder that keeps what it is asked for and encodes nothing."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info
        self.messages: dict[str, None] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.messages.update(dict.fromkeys(texts))
        return np.zeros((len(texts), DIMENSIONS), np.float32)
