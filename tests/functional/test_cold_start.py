"""What a function loads as it starts: nothing that it never uses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {"yaml", "winnow.processes.registry", "winnow.readers"}
JUDGING = {"numpy", "nltk", "rapidfuzz", "winnow.judging", "winnow_encoder"}
ENGINES = {"ai_edge_litert", "tensorflow"}
CALLED = {"winnow.steps.filter", "winnow.processes.schema"}
UNUSED = {
    "serialize": JUDGING | {"pypdfium2", "python_calamine", "winnow.recovery.sweep"},
    "classify": FILES | ENGINES | {"nltk", "winnow.steps.filter", "winnow.recovery.sweep"},
    "filter": FILES | JUDGING | {"winnow.recovery.sweep"},
    "dispatch": FILES | JUDGING | CALLED | {"winnow.steps.digest", "winnow.recovery.sweep"},
    "digest": FILES | JUDGING | CALLED | {"winnow.steps.dispatch", "winnow.recovery"},
    "api": JUDGING | ENGINES | {"boto3", "smart_open", "winnow.readers", "winnow_api.openapi"},
    "sweep": FILES | JUDGING | CALLED | {"winnow.steps.digest"},
}


@pytest.mark.parametrize("function", UNUSED)
def test_a_function_loads_nothing_that_it_never_uses(function: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import app, sys; print(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "functions" / function)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "winnow.models" in loaded
    assert not UNUSED[function] & loaded
