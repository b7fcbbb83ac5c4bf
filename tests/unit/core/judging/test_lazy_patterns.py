"""Patterns are compiled when they are first used, and all of them can be."""

import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

import winnow.judging
from winnow.judging.lazy_patterns import LazyPattern, lazy_pattern

MODULES = [
    module.name
    for module in pkgutil.walk_packages(winnow.judging.__path__, "winnow.judging.")
    if not module.ispkg
]


def test_it_is_used_as_what_re_compiles() -> None:
    lazy = lazy_pattern(r"(?P<word>[a-z]+)", re.IGNORECASE)
    eager = re.compile(r"(?P<word>[a-z]+)", re.IGNORECASE)
    assert lazy.sub("x", "12 AB c") == eager.sub("x", "12 AB c") == "12 x x"
    assert [found["word"] for found in lazy.finditer("12 AB c")] == ["AB", "c"]
    assert lazy.match("12") is None
    assert (lazy.pattern, lazy.flags, lazy.groups) == (eager.pattern, eager.flags, eager.groups)


def test_nothing_is_compiled_before_it_is_used() -> None:
    lazy = lazy_pattern("(")
    with pytest.raises(re.error, match="unterminated"):
        lazy.search("a")


def test_what_a_pattern_does_not_have_is_an_error_as_ever() -> None:
    with pytest.raises(AttributeError):
        lazy_pattern("a").serch("a")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MODULES)
def test_every_pattern_can_be_compiled(name: str) -> None:
    for found in vars(importlib.import_module(name)).values():
        if isinstance(found, LazyPattern):
            assert found.pattern


_COUNTED = """
import importlib, re, sys
compile, callers = re.compile, []
def noted(*given):
    callers.append(sys._getframe(1).f_globals["__name__"])
    return compile(*given)
re.compile = noted
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*{name for name in callers if name.startswith("winnow.judging")})
"""


def test_importing_a_judge_compiles_none_of_its_patterns() -> None:
    """All but those of NLTK, whose code is kept as it is."""
    call = [sys.executable, "-c", _COUNTED, *MODULES]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["winnow.judging.text.nltk_punkt"]
