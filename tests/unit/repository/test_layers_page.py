"""Every room leads to its modules, layers/README.md to the rooms, functions/README.md to core."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CORE = ROOT / "layers" / "core" / "python" / "winnow"
OTHERS = sorted(
    p.parent for p in ROOT.glob("layers/*/python/*/__init__.py") if p.parent.name != "winnow"
)
CLI = ROOT / "cli" / "winnow_cli"
CLI_ROOMS = sorted({p.parent for p in CLI.rglob("*.py")} - {CLI})
ROOMS = sorted({p.parent for p in CORE.rglob("*.py")} - {CORE})
CONTRACT = {"errors", "models", "ports"}


def named(text: str) -> set[str]:
    return set(re.findall(r"`([\w/.]+)`", text))


def modules(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.py")} - {"__init__"}


def test_nothing_is_flat_in_core_but_the_contract() -> None:
    assert modules(CORE) == CONTRACT
    assert named((CORE / "README.md").read_text("utf-8")) >= {f"{name}.py" for name in CONTRACT}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(CORE)))
def test_a_room_names_its_modules_and_its_house_names_it(room: Path) -> None:
    assert modules(room) <= named((room / "README.md").read_text("utf-8"))
    above = ROOT / "layers" if room.parent == CORE else room.parent
    assert f"{room.name}/" in (above / "README.md").read_text("utf-8")


@pytest.mark.parametrize("room", CLI_ROOMS, ids=lambda room: str(room.relative_to(CLI)))
def test_a_room_of_the_command_line_names_its_modules_too(room: Path) -> None:
    assert modules(room) <= named((room / "README.md").read_text("utf-8"))
    above = ROOT / "cli" if room.parent == CLI else room.parent
    assert f"{room.name}/" in (above / "README.md").read_text("utf-8")


@pytest.mark.parametrize("package", OTHERS, ids=lambda package: package.name)
def test_every_module_of_the_other_packages_is_named_on_the_page(package: Path) -> None:
    page = (ROOT / "layers" / "README.md").read_text("utf-8")
    (row,) = (
        row
        for row in page.partition("## The other packages")[2].splitlines()
        if row.startswith(f"| `{package.name}` |")
    )
    assert modules(package) <= named(row)


@pytest.mark.parametrize("folder", ["training", "cli", "local"])
def test_the_tools_have_a_page_of_their_own(folder: str) -> None:
    page = (ROOT / folder / "README.md").read_text("utf-8")
    (package,) = (p.parent for p in (ROOT / folder).glob("*/__init__.py"))
    assert f"`{package.name}`" in page
    if folder != "local":
        assert modules(package) - {"__main__"} <= named(page)


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
