"""The workflow's two machines, drawn from their definitions: Mermaid state diagrams.

What goes where is read off the definition. What an arrow is called stands in `WORDS`: always where
a choice is made, and of errors where their names do not say it.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.pages import ROOT

State = dict[str, Any]
MACHINES = ("triage", "stopped")
# From, to -> what the arrow is called.
WORDS = {
    ("IsFolder", "Folder"): "an empty object that stands for a folder",
    ("Claim", "Duplicate"): "another run has it",
    ("NeedsScan", "Scan"): "pages that are images",
    ("ClassifyChunk", "Halve"): "the worker crashed",
    ("ClassifyPart", "Halve"): "the worker crashed",
    ("PartsLeft", "ExplainChunk"): "no record is to blame",
    ("PartsLeft", "ClassifyPart"): "some",
    ("RecordFailure", "Duplicate"): "another run has it",
    ("IsUnmailed", "NotifyStopped"): "the run recorded its end but could not send its e-mail",
    ("RecordStopped", "AlreadyRecorded"): "the run has told its end, or has lost its claim",
}
ALL = "States.ALL"
ENDS = {"Succeed": "succeeded", "Fail": "failed"}
# Own colours for text and background: they read alike in GitHub's light and dark themes.
STYLES = {
    "succeeded": "fill:#dff2e3,stroke:#2f7d46,color:#10331c",
    "failed": "fill:#fbe0dd,stroke:#b3392f,color:#4a120d",
}


def diagram(machine: str) -> str:
    """The machine as a Mermaid state diagram."""
    path = ROOT / "statemachine" / f"{machine}.asl.json"
    lines = _lines(json.loads(path.read_text("utf-8")), "    ")
    styles = [f"    classDef {name} {style}" for name, style in STYLES.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *styles, *lines, "```"])


def _lines(definition: State, indent: str) -> Iterator[str]:
    states: dict[str, State] = definition["States"]
    yield f"{indent}[*] --> {definition['StartAt']}"
    for name, state in states.items():
        if state["Type"] == "Map":
            yield f"{indent}state {name} {{"
            yield from _lines(state["ItemProcessor"], f"{indent}    ")
            yield f"{indent}}}"
        elif state["Type"] == "Choice":
            yield f"{indent}{name}: {name}?"
        elif state["Type"] in ENDS:
            yield f"{indent}class {name} {ENDS[state['Type']]}"
        for target, words in _merged(ways(name, state)):
            yield f"{indent}{name} --> {target}{f': {words}' if words else ''}"


def _merged(ways: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """One arrow to each target."""
    words: dict[str, list[str]] = {}
    for target, word in ways:
        words.setdefault(target, []).append(word)
    for target, several in words.items():
        yield target, several[0] if len(several) == 1 else "with or without an error"


def ways(name: str, state: State) -> Iterator[tuple[str, str]]:
    """Where a state goes on, and what that is called."""
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield "[*]", ""
    if "Next" in state:
        yield state["Next"], WORDS.get((name, state["Next"]), "")
    for choice in state.get("Choices", ()):
        yield choice["Next"], WORDS[name, choice["Next"]]
    if "Default" in state:
        yield state["Default"], WORDS.get((name, state["Default"]), "otherwise")
    for number, catch in enumerate(state.get("Catch", ())):
        errors = [error for error in catch["ErrorEquals"] if error != ALL]
        words = ", ".join(errors) or ("any other error" if number else "any error")
        yield catch["Next"], WORDS.get((name, catch["Next"]), words)


def every(definition: State) -> Iterator[tuple[str, State]]:
    """Every state of a machine, those within a Map too."""
    for name, state in definition["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from every(state["ItemProcessor"])


def blocks() -> dict[str, str]:
    """The generated blocks of statemachine/README.md."""
    return {machine: diagram(machine) for machine in MACHINES}
