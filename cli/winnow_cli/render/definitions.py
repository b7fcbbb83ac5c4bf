"""Definitions of processes: a list of them, and what is wrong with one."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from winnow_cli.console import clean, note, say, stderr
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow.processes.yaml_tree import Problem
    from winnow_cli.definitions import DefinitionFile

PROBLEM_STYLE, WARNING_STYLE = "bold red", "yellow"


def print_definitions(documents: Sequence[Mapping[str, Any]]) -> None:
    """A table with one row a file; invalid ones are red and have no more than their name."""
    table(
        ("process", "version", "kind", "has", "threshold", "head", "codes", "title"),
        [
            (
                (
                    document["id"],
                    document["version"],
                    document["kind"],
                    document["parts"],
                    f"{document['threshold']:g}",
                    _head(document),
                    ", ".join(document["codes"]),
                    document["title"],
                )
                if document["valid"]
                else (document["file"], "", "invalid", "", "", "", "", "")
            )
            for document in documents
        ],
        styles=["bold" if document["valid"] else "red" for document in documents],
        right=("threshold",),
        spare=("codes", "has"),
    )


def _head(document: Mapping[str, Any]) -> str:
    if document["head_problem"]:
        return "invalid"
    if document["head"] is None:
        return "none"
    return f"{document['head']}{', calibrated' if document['calibrated'] else ''}"


def print_problems(file: str, problems: "Sequence[Problem]") -> None:
    """Each problem on a line, then how many there are."""
    for problem in problems:
        _print_finding(file, problem, "", PROBLEM_STYLE)
    if len(problems) > 1:
        note(f"{len(problems)} problems.")


def print_warnings(file: str, read: "DefinitionFile", warnings: "Sequence[Problem]") -> None:
    """That a definition is valid, and each warning on a line."""
    for warning in warnings:
        _print_finding(file, warning, "warning: ", WARNING_STYLE)
    definition = read.definition
    if definition is None:
        return
    valid = f"{clean(file)} is valid: {definition.id} {definition.version}, {definition.kind}"
    count = len(warnings)
    say(f"{valid}; {count} warning{'s' * (count > 1)}." if count else f"{valid}.")


def _print_finding(file: str, problem: "Problem", severity: str, style: str) -> None:
    """`file:line: warning: field: message`, as compilers have it; editors jump to such a line."""
    where, field = f"{clean(file)}:{problem.line}: ", f"{clean(problem.field) or '(file)'}: "
    message = clean(problem.message)
    if not sys.stderr.isatty():
        note(f"{where}{severity}{field}{message}")
        return
    from rich.text import Text

    parts = ((where, "bold"), (severity, style), (field, style if not severity else "cyan"))
    stderr().print(Text.assemble(*parts, message), soft_wrap=False)
