"""What a function loads as it starts: nothing that it never uses."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.scripts import load

ROOT = Path(__file__).parents[2]
FILES = {"yaml", "winnow.processes.registry", "winnow.readers"}
JUDGING = {"numpy", "nltk", "rapidfuzz", "winnow.judging", "winnow_encoder"}
ENGINES = {"ai_edge_litert", "tensorflow"}
CALLED = {"winnow.steps.filter", "winnow.processes.schema"}
UNUSED = {
    "serialize": JUDGING | {"pypdfium2", "python_calamine", "winnow.recovery.sweep"},
    "classify": FILES
    | ENGINES
    | {"boto3", "nltk", "smart_open", "winnow.steps.filter", "winnow.recovery.sweep"},
    "filter": FILES | JUDGING | {"winnow.recovery.sweep"},
    "dispatch": FILES | JUDGING | CALLED | {"winnow.steps.digest", "winnow.recovery.sweep"},
    "digest": FILES | JUDGING | CALLED | {"winnow.steps.dispatch", "winnow.recovery"},
    "api": JUDGING
    | ENGINES
    | {"boto3", "smart_open", "winnow.readers", "winnow_api.openapi"}
    | {"duckdb"},
    "notify": FILES | JUDGING | CALLED | {"winnow.steps.digest", "winnow.recovery"},
    "sweep": FILES | JUDGING | CALLED | {"winnow.steps.digest"},
    "index": FILES | JUDGING - {"numpy"} | {"winnow_search.duck", "winnow.recovery"},
    "search": FILES | JUDGING - {"numpy"} | {"winnow_search.indexing", "winnow.recovery"},
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


API = {
    **dict.fromkeys(("RESULTS_BUCKET", "UPLOADS_BUCKET", "TABLE_NAME", "REVIEWS_TABLE"), "x"),
    "MODELS_TABLE": "x",
    **dict.fromkeys(("SIGN_IN_CLIENT", "USER_POOL", "MODEL_DIR"), "x"),
    "WEB_DIR": str(ROOT / "web"),
    "PAGE_URL": "https://page.example.org/",
    "SIGN_IN_URL": "https://sign-in.example.org",
    "RETENTION_DAYS": "30",
    "SEARCH_FUNCTION": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
}


class Loads:
    """In place of the encoder's loading: counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _settings: Any) -> None:
        self.count += 1


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The api function, as it is before its first call."""
    for name, value in API.items():
        monkeypatch.setenv(name, value)
    return load(ROOT / "functions" / "api" / "app.py")


def loads_of(api: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Loads:
    loads = Loads()
    monkeypatch.setattr(api, "_load", loads)
    return loads


def answered(api: ModuleType, route: str, **path: str) -> int:
    event = {"routeKey": route, "pathParameters": path, "requestContext": {"requestId": "r"}}
    status: int = api.handler(event, None)["statusCode"]
    return status


def test_what_anybody_may_call_loads_no_encoder(
    api: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = loads_of(api, monkeypatch)
    assert answered(api, "GET /v1/health") == 200
    assert answered(api, "GET /") == 200
    assert answered(api, "GET /signed-in") == 200
    assert answered(api, "GET /assets/{file}", file="style.css") == 200
    assert answered(api, "GET /no/such/route") == 404
    api._threads().shutdown()
    assert loads.count == 0


@pytest.mark.parametrize("route", ["GET /v1/me", "POST /v1/predictions", "GET /v1/queue"])
def test_a_route_for_those_who_sign_in_loads_it_at_once(
    api: ModuleType, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    loads = loads_of(api, monkeypatch)
    assert answered(api, route) == 401
    assert answered(api, route) == 401
    api._threads().shutdown()
    assert loads.count == 1


def test_so_does_the_warming_of_the_local_stack(
    api: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = loads_of(api, monkeypatch)
    api.build()
    api._threads().shutdown()
    assert loads.count == 1
