"""layers/README.md leads to every module, and functions/README.md to what each function calls."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ROOT / "layers"
PACKAGES = sorted(p for p in LAYERS.glob("*/python/*") if (p / "__init__.py").is_file())


def named(text: str) -> set[str]:
    return set(re.findall(r"`([\w/.]+)`", text))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_module_is_named_on_the_page(package: Path) -> None:
    page = (LAYERS / "README.md").read_text("utf-8")
    _, core, others = page.split("\n## ")
    if package.name != "winnow":
        (core,) = (row for row in others.splitlines() if row.startswith(f"| `{package.name}` |"))
    modules = {file.stem for file in package.glob("*.py")} - {"__init__"}
    folders = {f"{file.parent.name}/" for file in package.glob("*/__init__.py")}
    assert modules | folders
    assert modules | folders <= named(core)


def test_every_function_calls_and_is_set_up_as_the_page_says() -> None:
    page = (ROOT / "functions" / "README.md").read_text("utf-8")
    rows = [row.split("|") for row in page.splitlines() if row.startswith("| `")]
    assert {row[1].strip(" `") for row in rows} == {
        file.parent.name for file in ROOT.glob("functions/*/app.py")
    }
    for _, function, _, call, settings, _ in rows:
        app = ast.parse((ROOT / "functions" / function.strip(" `") / "app.py").read_text("utf-8"))
        imported = {
            f"{node.module}.{name.name}"
            for node in ast.walk(app)
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        }
        assert named(call)
        assert named(settings)
        assert named(call) | named(settings) <= imported
