"""Copy what a function reaches of our code. Usage: python select_code.py APP DESTINATION ROOT...

Run while an image is built. APP is the function's app.py, each ROOT a folder of packages. A module
is reached when app.py, or a module that is reached,

- imports it or something below it, at the top or in a function, but not `if TYPE_CHECKING:`
- has its dotted name as a string, as `READERS` has "winnow.readers.office".

A data file is reached when a reached module in the same folder has its name as a string,
as "context.tsv".
"""

import ast
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def select(app: Path, roots: Sequence[Path]) -> dict[Path, Path]:
    """The modules that `app` reaches: path of each file in its root -> the file.

    Raises SystemExit if one of our packages lacks a module that is imported from it.
    """
    modules = {
        _dotted(file.relative_to(root)): (file.relative_to(root), file)
        for root in roots
        for file in root.rglob("*.py")
    }
    packages = {name.partition(".")[0] for name in modules}
    selected: dict[Path, Path] = {}
    unread = [(Path(app.name), app)]
    while unread:
        place, file = unread.pop()
        nodes = list(_nodes_at_run_time(ast.parse(file.read_text("utf-8"))))
        imports, strings = set(_imports(nodes)), set(_strings(nodes))
        for name in imports:
            if name.partition(".")[0] in packages and name not in modules:
                raise SystemExit(f"select_code: {place} imports {name}, which does not exist")
        names = imports | set(_members(nodes)) | strings
        reached = {modules[part] for name in names for part in _parents(name) if part in modules}
        unread += [module for module in reached if module[0] not in selected]
        selected |= dict(reached)
        if file != app:
            beside = {path.name: path for path in file.parent.iterdir() if path.is_file()}
            selected |= {place.with_name(name): beside[name] for name in strings & beside.keys()}
    return selected


def copy(selected: dict[Path, Path], destination: Path) -> None:
    """Put each file at its place in the destination."""
    for place, file in selected.items():
        (destination / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, destination / place)


def _dotted(place: Path) -> str:
    """The name that a file is imported by."""
    parts = place.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parents(name: str) -> Iterator[str]:
    """The name, and the packages that are loaded before it: a, a.b and a.b.c of a.b.c."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _nodes_at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        children = iter(node.orelse)
    for child in children:
        yield from _nodes_at_run_time(child)


def _imports(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Names that have to be modules: `a.b` of `import a.b` and of `from a.b import c`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _members(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Names that may be modules: `a.b.c` of `from a.b import c`."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _strings(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


if __name__ == "__main__":
    copy(select(Path(sys.argv[1]), [Path(root) for root in sys.argv[3:]]), Path(sys.argv[2]))
