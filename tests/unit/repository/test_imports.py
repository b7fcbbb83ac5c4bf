"""Core knows neither AWS nor a model runtime."""

import ast
from pathlib import Path

CORE = Path(__file__).parents[3] / "layers" / "core" / "python" / "winnow"
ALLOWED = {
    "PIL",
    "numpy",
    "pydantic",
    "pydantic_core",
    "pypdfium2",
    "python_calamine",
    "rapidfuzz",
    "winnow",
    "yaml",
}


def test_core_imports_only_what_it_may():
    import sys

    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                assert top in ALLOWED or top in sys.stdlib_module_names, f"{path.name}: {name}"
