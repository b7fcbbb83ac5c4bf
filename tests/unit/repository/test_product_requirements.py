"""What running Winnow takes is locked apart from what tests take, and is all that it imports."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.unit.repository.test_image_requirements import _pins

ROOT = Path(__file__).parents[3]
PRODUCT, DEV = (ROOT / "requirements" / f"{name}.txt" for name in ("product", "dev"))
CODE = ("layers", "training", "cli", "local", "models", "functions")
ONLY_SETUP = {"tensorflow", "tensorflow_hub"}
"""What `make setup` installs and `make install` does not: without it, `tensorflow_missing`."""


def imported(node: ast.AST) -> Iterator[str]:
    """The top names of what a piece of code imports when it runs, wherever in it."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from imported(child)


def test_everything_that_the_product_imports_is_locked_for_it() -> None:
    pins = _pins(PRODUCT)
    homes = packages_distributions()
    missing = {}
    files = [file for folder in CODE for file in sorted((ROOT / folder).rglob("*.py"))]
    for file in files:
        for name in imported(ast.parse(file.read_text("utf-8"))):
            ours = name.startswith("winnow") or name in sys.stdlib_module_names | ONLY_SETUP
            found = {home.lower().replace("_", "-") for home in homes.get(name, [name])}
            if not ours and not found & set(pins):
                missing[name] = file.relative_to(ROOT).as_posix()
    assert len(files) > 100
    assert not missing


def test_what_the_product_does_without_is_not_locked_for_it() -> None:
    assert not {"tensorflow", "tensorflow-cpu", "tensorflow-hub", "keras", "pytest"} & set(
        _pins(PRODUCT)
    )


def test_tests_run_with_the_versions_that_are_installed_alone() -> None:
    tested = _pins(DEV)
    assert {name: tested.get(name) for name in _pins(PRODUCT)} == _pins(PRODUCT)
