"""NLTK's Punkt, with parameters for English clinical text: is this full stop the end of a sentence?

`import nltk` loads parsers, corpora readers and a downloader, 0.3 s that a cold start would pay for
nothing. Only the Punkt module is loaded here: it is imported below empty stand-ins of its two
parent packages and beside some of modules that only its trainer and its files need (they bring
HTTP, TLS and XML). All are taken away again, so that a later `import nltk` gets the whole of it.

The parameters (punkt.json) were written by hand; they are Punkt's own kinds: abbreviations in lower
case without the last full stop, words that often start a sentence, and pairs that belong together;
and two kinds of ours, for abbreviations that stand at the end as often as not ("b.i.d. Return").
"""

import importlib
import importlib.machinery
import json
import sys
import threading
import types
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

_LOCK = threading.Lock()
_NOT_NEEDED = ("nltk.internals", "nltk.pathsec", "nltk.probability", "nltk.tokenize.util")


class Punkt(NamedTuple):
    """`ends(context)` decides for a word, its full stop, and the token after it."""

    ends: Callable[[str], bool]
    special: frozenset[str]
    """Words, lower case, whose full stop needs `ends`; other words of two letters or more end."""
    closing: frozenset[str]
    """Abbreviations that often end a sentence: they do before a word with a capital."""
    results: frozenset[str]
    """Those of them that do before an abbreviation in capitals, too."""
    longest: int
    """Characters of the longest of the special words."""
    period_context: str
    """NLTK's own pattern of a full stop that may end a sentence."""


class _Counts(dict[str, int]):
    """Orthographic counts: none. NLTK's own defaultdict grows with every word that is looked up."""

    def __missing__(self, key: str) -> int:
        return 0


class _Nothing(types.ModuleType):
    """A module from which any name can be imported; each is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _module() -> types.ModuleType:
    if "nltk" in sys.modules:
        return importlib.import_module("nltk.tokenize.punkt")
    spec = importlib.machinery.PathFinder.find_spec("nltk")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("nltk")
    locations = list(spec.submodule_search_locations)
    for name, paths in (
        ("nltk", locations),
        ("nltk.tokenize", [str(Path(p) / "tokenize") for p in locations]),
    ):
        stand_in = types.ModuleType(name)
        stand_in.__path__ = paths
        sys.modules[name] = stand_in
    for name in _NOT_NEEDED:
        sys.modules[name] = _Nothing(name)
    try:
        return importlib.import_module("nltk.tokenize.punkt")
    finally:
        for name in [m for m in sys.modules if m == "nltk" or m.startswith("nltk.")]:
            del sys.modules[name]


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        Path(__file__).with_name("punkt.json").read_text(encoding="utf-8")
    )
    return data


def tokenizer() -> Any:
    """NLTK's sentence tokenizer with our parameters."""
    with _LOCK:
        module: Any = _module()
    data = _data()
    parameters = module.PunktParameters()
    parameters.abbrev_types = set(data["abbreviations"])
    parameters.sent_starters = set(data["sentence_starters"])
    parameters.collocations = {tuple(pair) for pair in data["collocations"]}
    parameters.ortho_context = _Counts()
    return module.PunktSentenceTokenizer(parameters)


@cache
def load() -> Punkt:
    """Punkt with our parameters, once a process."""
    punkt = tokenizer()
    parameters = punkt._params
    special = frozenset(parameters.abbrev_types | {a for a, _ in parameters.collocations})
    return Punkt(
        ends=lru_cache(maxsize=1 << 16)(punkt.text_contains_sentbreak),
        special=special,
        closing=frozenset(_data()["closing"]),
        results=frozenset(_data()["results"]),
        longest=max(map(len, special)),
        period_context=punkt._lang_vars.period_context_re().pattern,
    )
