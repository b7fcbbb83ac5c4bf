"""The text of a new process definition, with comments that say what to write where."""

from collections.abc import Sequence
from dataclasses import dataclass

from winnow_train.lint import TODO
from winnow_train.new_process import quoted


@dataclass(frozen=True)
class Part:
    """A criterion or a label, as far as it is known."""

    id: str
    title: str = ""
    statement: str = ""
    """A sentence of a record that meets the criterion, or an example of the label."""
    counter_statement: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What is known of a process to be written."""

    id: str
    kind: str
    title: str
    parts: Sequence[Part]
    codes: tuple[str, ...] = ()
    text_column: str = "text"
    id_column: str = "id"
    threshold: float = 0.7


EXAMPLE_PARTS = {
    "criteria": (Part("first-fact"), Part("second-fact")),
    "labels": (Part("first-label"), Part("second-label")),
}
"""What a draft has where no criteria or labels are named."""


def definition_text(draft: Draft) -> str:
    """The YAML; it validates, and each text that is still to be written begins with TODO."""
    lines = [
        f"# {draft.kind.capitalize()} process. Every field: processes/README.md.",
        "# Texts that begin with TODO are for you to write; `winnow process validate` lists them.",
        f"id: {_plain(draft.id)}",
        "version: 0.1.0  # raise it with every change",
        f"kind: {draft.kind}",
        f"title: {quoted(draft.title)}",
        *(
            [f"codes: [{', '.join(map(_plain, draft.codes))}]"]
            if draft.codes
            else ["# codes: [A1234]  # other names, such as billing codes"]
        ),
        "input:",
        "  # The columns of a table that hold the text and the record's own id, best first.",
        f"  text_columns: [{quoted(draft.text_column)}]",
        f"  id_columns: [{quoted(draft.id_column)}]",
        "  # To judge the rows, attachments or documents of one case id as one record:",
        "  # case: join",
        "# Lowest confidence that is accepted. `winnow tune` finds it on labelled records.",
        f"threshold: {draft.threshold:g}",
        "",
        *(_criteria(draft) if draft.kind == "criteria" else _labels(draft)),
    ]
    return "\n".join(lines) + "\n"


def _criteria(draft: Draft) -> list[str]:
    lines = [
        "# One fact for each criterion: `bleeding with anemia` are two. Put a sentence in quotes",
        "# if it has ': ' or ' #'.",
        "criteria:",
    ]
    for number, part in enumerate(draft.parts):
        first = number == 0
        title = part.title or part.id.replace("-", " ").replace("_", " ").capitalize()
        keywords = ", ".join(map(quoted, part.keywords))
        lines += [
            f"  - id: {_plain(part.id)}",
            f"    title: {quoted(title)}",
            *_only(first, "    # Three to eight short sentences in the words of real records."),
            "    statements:",
            f"      - {_sentence(part.statement, f'a sentence that meets it ({title})')}",
            *_only(
                first, "    # One for each way to deny it: what is negated, absent, or too little."
            ),
            "    counter_statements:",
            "      - " + _sentence(part.counter_statement, f"a sentence that denies it ({title})"),
            *_only(
                first,
                "    # Similar sentences that say nothing of it. Each needs a keyword.",
                "    # neutral_statements:",
                "    #   - A test for it is planned.",
                "    # Only sentences with one of these words are looked at.",
            ),
            f"    keywords: [{keywords}]" if keywords else "    # keywords: [word, other word]",
            *_only(
                first,
                "    # Where a record does not mention it: undetermined (ask), or not_met.",
                "    # if_silent: not_met",
                "    # Numbers, which sentences cannot tell apart; they need no sentences:",
                "    # measure:",
                "    #   - {name: hemoglobin, aliases: [hgb, hb], unit: g/dL, below: 12,",
                "    #      normal_from: 13, least: 3, most: 20}",
                "    # age: {at_least: 45}",
                "    # interval_since: {event: colonoscopy, at_least: 10 years}",
                "    # column: {name: age, at_least: 45}",
            ),
            "",
        ]
    ids = ", ".join(_plain(part.id) for part in draft.parts)
    return [
        *lines,
        "# How the criteria are joined: all_of, any_of, none_of, nested as needed:",
        "#   all_of: [a, {any_of: [b, c]}]",
        "#   none_of: [d]",
        "logic:",
        f"  all_of: [{ids}]",
    ]


def _labels(draft: Draft) -> list[str]:
    lines = [
        "# Each label with some sentences of its kind, five or more, in different words. With",
        "# labelled records `winnow train` learns more than sentences can say.",
        "labels:",
    ]
    for part in draft.parts:
        title = part.title or part.id.replace("-", " ").replace("_", " ").capitalize()
        lines += [
            f"  - id: {_plain(part.id)}",
            f"    title: {quoted(title)}",
            "    examples:",
            f"      - {_sentence(part.statement, f'a text of this kind ({title})')}",
            "",
        ]
    return lines[:-1]


def _only(first: bool, *lines: str) -> list[str]:
    """Comments that the first criterion alone has."""
    return list(lines) if first else []


def _sentence(given: str, todo: str) -> str:
    return quoted(given or f"{TODO}: {todo}")


def _plain(name: str) -> str:
    """An id as it stands; the word `null` in quotes."""
    return quoted(name) if name.casefold() == "null" else name
