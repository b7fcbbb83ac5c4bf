"""The classes that the picture encoder's network was trained on, by their names."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

COUNT = 1000


@cache
def class_names() -> Mapping[str, int]:
    """Positions of the classes by name in small letters: WordNet's ids, and names of one class."""
    lines = Path(__file__).with_name("imagenet.tsv").read_text(encoding="utf-8").splitlines()
    classes = [line.split("\t") for line in lines if not line.startswith("#")]
    names = [{_plain(name) for name in text.split(",")} for _, text in classes]
    times = Counter(name for own in names for name in own)
    found = {name: at for at, own in enumerate(names) for name in own if times[name] == 1}
    return found | {wordnet_id: at for at, (wordnet_id, _) in enumerate(classes)}


def class_position(name: str) -> int | None:
    """Position of a class; None: there is none of this name, or several."""
    return class_names().get(_plain(name))


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
