"""`winnow process`: lists, writes and checks process definitions."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from winnow_cli.console import clean, command, emit_json, here, note
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    AsJson,
    ModelDir,
    ProcessesDir,
    handle_errors,
)

app = typer.Typer(
    help="Process definitions: YAML files of what records are judged by.", no_args_is_help=True
)
MAX_PARTS = 50
"""Criteria or labels that `winnow process new` asks for at most."""


@app.callback()
def group() -> None:
    """Process definitions: YAML files of what records are judged by."""


@app.command("list")
@handle_errors
def list_processes(processes: ProcessesDir = DEFAULT_PROCESSES, as_json: AsJson = False) -> None:
    """List the processes of the folder: kind, version, threshold, trained head."""
    from winnow_cli.definitions import definitions_in, described, shared_names
    from winnow_cli.render.definitions import print_definitions

    if not processes.is_dir():
        raise typer.BadParameter(f"there is no folder {processes}")
    files = definitions_in(processes)
    documents = [described(file) for file in files]
    shared = shared_names(files)
    if as_json:
        emit_json({"folder": str(processes), "processes": documents, "shared_names": shared})
        return
    if not files:
        note(f"No process in {clean(str(processes))}. `{_new(processes)}` writes one.")
        return
    print_definitions(documents)
    for file in files:
        if file.definition is None:
            count = len(file.problems)
            path = shlex.quote(here(file.path.absolute()))
            note(
                f"{clean(file.path.name)} has {count} problem{'s' * (count > 1)}: "
                f"{command()} process validate {path}"
            )
    for name in shared:
        note(f"{clean(name)!r} names more than one process: give each ids and codes of its own.")


def _new(processes: Path) -> str:
    where = "" if processes == DEFAULT_PROCESSES else f" --processes {shlex.quote(str(processes))}"
    return f"{command()} process new{where}"


@app.command()
@handle_errors
def new(
    process: Annotated[
        str | None, typer.Argument(metavar="ID", help="The id of the process to write.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="`criteria` (facts joined by logic) or `labels`."),
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it decides, for people.")
    ] = None,
    criterion: Annotated[
        list[str] | None,
        typer.Option("--criterion", metavar="ID", help="A criterion; repeatable."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="ID", help="A label; repeatable.")
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option("--code", metavar="CODE", help="Another name of the process; repeatable."),
    ] = None,
    text_column: Annotated[
        str, typer.Option("--text-column", metavar="C", help="Column with the text.")
    ] = "text",
    id_column: Annotated[
        str, typer.Option("--id-column", metavar="C", help="Column with the record's own id.")
    ] = "id",
    processes: ProcessesDir = DEFAULT_PROCESSES,
    as_json: AsJson = False,
) -> None:
    """Write a new process definition with comments that say what to fill in.

    On a terminal it asks for what no option says.
    """
    from winnow.processes.loader import load_definition
    from winnow_cli.definitions import definitions_in
    from winnow_cli.new_definition import EXAMPLE_PARTS, Draft, Part, definition_text

    asks = _is_terminal() and not as_json
    if criterion and label:
        raise typer.BadParameter("a process has criteria or labels, not both")
    kind = kind or ("criteria" if criterion else "labels" if label else None)
    if not asks and (process is None or kind is None):
        missing = "the ID of the process" if process is None else "--kind criteria, or labels"
        raise typer.BadParameter(f"give {missing}")
    process = _checked(process) if process else _ask("Id of the process", _checked)
    kind = _kind(kind) if kind else _ask("Kind: criteria (facts joined by logic) or labels", _kind)
    if (criterion and kind != "criteria") or (label and kind != "labels"):
        raise typer.BadParameter(f"--{'criterion' if criterion else 'label'} is not of kind {kind}")
    file = processes / f"{process}.yaml"
    names = {
        name.casefold(): other.path.name
        for other in definitions_in(processes)
        if other.definition is not None
        for name in other.definition.names
    }
    for name in (process, *(code or ())):
        if taken := names.get(name.casefold()):
            raise typer.BadParameter(f"{name!r} names the process of {taken} already")
    if file.exists():
        raise typer.BadParameter(f"{file} exists already")
    interview = asks and not (criterion or label or title)
    if title is None:
        default = process.replace("-", " ").replace("_", " ").capitalize()
        title = _ask("Title, for people", _text, default) if asks else default
    given = [Part(_checked(name)) for name in (criterion or label or [])]
    if not given and interview:
        given = _interview(kind)
    draft = Draft(
        id=process,
        kind=kind,
        title=title,
        parts=given or EXAMPLE_PARTS[kind],
        codes=tuple(code or ()),
        text_column=_ask("Column with the text", _text, text_column) if interview else text_column,
        id_column=_ask("Column with the record's own id", _text, id_column)
        if interview
        else id_column,
    )
    text = definition_text(draft)
    definition = load_definition(text, file.name)
    processes.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    path = here(file.absolute())
    if as_json:
        emit_json({"file": str(path), "process": definition.info.model_dump()})
        return
    note(
        f"Wrote {clean(path)}. Write its sentences in an editor, then:\n"
        f"  {command()} process validate {shlex.quote(path)}"
    )


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _ask(question: str, check: Callable[[str], str], default: str | None = None) -> str:
    """An answer that passes the check; asked again until one does."""
    return str(typer.prompt(question, default=default, value_proc=check, err=True))


def _interview(kind: str) -> list[Any]:
    """The criteria or labels, asked for one after the other; an empty id ends them."""
    from winnow_cli.new_definition import Part

    what = "criterion" if kind == "criteria" else "label"
    least = 1 if kind == "criteria" else 2
    note(f"Now each {what}; press Enter where you do not know yet, and at the end of the list.")
    parts: list[Part] = []
    while len(parts) < MAX_PARTS:
        number = len(parts) + 1
        name = _ask(f"Id of {what} {number}", _id_or_end, "")
        if not name and (not parts or len(parts) >= least):
            break
        if not name or name.casefold() in {part.id.casefold() for part in parts}:
            note("Two labels are needed." if not name else f"{name} is in the list already.")
            continue
        if kind == "labels":
            parts.append(Part(name, statement=_ask("  A text of this kind", str.strip, "")))
            continue
        parts.append(
            Part(
                name,
                title=_ask("  The fact, in words", str.strip, ""),
                statement=_ask("  A sentence of a record that meets it", str.strip, ""),
                counter_statement=_ask("  A sentence of a record that denies it", str.strip, ""),
                keywords=tuple(
                    dict.fromkeys(
                        word.strip()
                        for word in _ask("  Its keywords, with commas", str.strip, "").split(",")
                        if word.strip()
                    )
                ),
            )
        )
    return parts


def _checked(name: str) -> str:
    """An id as a definition takes it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name.strip()):
        raise typer.BadParameter(
            "an id has 1 to 64 letters, digits, '_' or '-', and begins with a letter or digit"
        )
    return name.strip()


def _id_or_end(name: str) -> str:
    return _checked(name) if name.strip() else ""


def _kind(kind: str) -> str:
    if kind.strip() not in ("criteria", "labels"):
        raise typer.BadParameter("the kind is criteria or labels")
    return kind.strip()


def _text(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("it must not be empty")
    return text.strip()


@app.command()
@handle_errors
def validate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="A process definition (YAML).",
        ),
    ],
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Check a process definition: all its problems, and what makes wrong decisions.

    Each is shown with its line and field. Warnings do not make a definition invalid. For some its
    sentences are judged, where the model is built.
    """
    from winnow_cli.definitions import read_definition
    from winnow_cli.render.definitions import print_problems, print_warnings

    read = read_definition(file)
    definition = read.definition
    if definition is None:
        if as_json:
            emit_json({"valid": False, "problems": read.problems, "warnings": []})
        print_problems(file.name, read.check.problems)
        raise typer.Exit(1)
    from winnow_train.lint import lint

    encoder = _encoder(model)
    warnings = lint(read.check, read.text, encoder)
    if as_json:
        emit_json(
            {
                "valid": True,
                "process": definition.info.model_dump(),
                "codes": list(definition.codes),
                "problems": [],
                "warnings": [warning.told(file.name) for warning in warnings],
            }
        )
        return
    print_warnings(file.name, read, warnings)
    if encoder is None:
        note("Its sentences were not judged: the model is not built (`make model`).")


def _encoder(model: Path) -> Any:
    """The encoder, or None where the model is not built."""
    from winnow.errors import ModelInvalidError
    from winnow_encoder import load_encoder

    try:
        return load_encoder(model)
    except ModelInvalidError:
        return None
