"""Reading on after a YAML error: the likeliest repair of the line, so that later ones are reported.

YAML stops at its first error. A definition often has several of the same kind, such as sentences
with a colon, and would have to be checked once for each. So the line is repaired in memory and read
again. A repair is kept only if the next error, if there is one, is further down; nothing is written
to the file, and a definition that needed a repair is still refused.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

MAX_REPAIRS = 50
MAX_REPAIRED_CHARS = 200_000
"""Larger files are read up to their first error: a repair reads all again."""
_MAX_REPAIRED_LINE = 2_000
_MAX_SHOWN = 120

_LEAD = re.compile(r"[ \t]*(?:-[ \t]+)*")
_BEFORE_VALUE = re.compile(r"\s*(?:-\s+)*(?:[\w-]+:\s+)?")
_COMMENT = re.compile(r"(?<!\s)\s++#|(?<!\s)\s++\Z")
_KEY = re.compile(r"(?P<lead>\s*(?:-\s+)*)[\w-]+:(?:\s|$)")
_CLOSED_QUOTE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
_ESCAPE = re.compile(r"""\\(?![0abt\tnvfre "/\\N_LPxuU])""")


class Repair(NamedTuple):
    """A line that was repaired, and what was wrong with it."""

    line: int
    """From 0."""
    text: str
    """The line as it is read instead."""
    message: str
    of_value: bool = True
    """Whether it concerns the value on this line, and not the layout of the file."""


class _Position(NamedTuple):
    line: int
    column: int


def repaired(text: str) -> tuple[str, list[Repair], yaml.YAMLError | None]:
    """The text with its lines repaired, the repairs, and the error that remains."""
    error = _first_error(text)
    if error is None or len(text) > MAX_REPAIRED_CHARS:
        return text, [], error
    text, repairs = _without_tabs(text)
    for _ in range(MAX_REPAIRS):
        error = _first_error(text)
        if not isinstance(error, yaml.MarkedYAMLError):
            break
        lines = text.split("\n")
        repair = next(_that_help(lines, error), None)
        if repair is None:
            break
        repairs.append(repair)
        lines[repair.line] = repair.text
        text = "\n".join(lines)
    return text, repairs, error


def _first_error(text: str) -> yaml.YAMLError | None:
    try:
        for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.YAMLError as error:
        return error
    return None


def _that_help(lines: Sequence[str], error: yaml.MarkedYAMLError) -> Iterator[Repair]:
    """The repairs after which the text can be read further than before."""
    before = _position(error)
    for repair in _candidates(lines, error):
        changed = [*lines]
        changed[repair.line] = repair.text
        after = _first_error("\n".join(changed))
        if after is None or (isinstance(after, yaml.MarkedYAMLError) and _position(after) > before):
            yield repair


def _position(error: yaml.MarkedYAMLError) -> _Position:
    """Where a text cannot be read; for a quote or bracket that is never closed, its beginning."""
    mark = error.problem_mark or error.context_mark
    if error.context_mark and "end of stream" in (error.problem or ""):
        mark = error.context_mark
    return _Position(mark.line, mark.column) if mark else _Position(0, 0)


def _candidates(lines: Sequence[str], error: yaml.MarkedYAMLError) -> Iterator[Repair]:
    at = _position(error).line
    begin = error.context_mark.line if error.context_mark else at
    flow = "flow" in (error.context or "")
    for line in dict.fromkeys((at, begin, at - 1) if not flow else (at, begin)):
        if 0 <= line < len(lines) and 0 < len(lines[line].strip()) <= _MAX_REPAIRED_LINE:
            yield from _quoted(line, lines[line])
            yield from _indented(line, lines)
            yield from _spaced(line, lines[line])
    for line in (begin, at) if flow else ():
        if line < len(lines):
            yield from _closed(line, lines[line])


def _quoted(number: int, line: str) -> Iterator[Repair]:
    """A text that has to be in quotes, in them."""
    parts = _parts(line)
    if not (value := parts.value):
        return
    first = value[0]
    if first in "[{":
        yield from _quoted_inside(number, line)
        return
    if first in "\"'":
        yield from _requoted(number, parts)
        return
    if first in "*&!@`%|>?":
        reason = f"{first!r} at the beginning of a text has a meaning in YAML"
    elif re.search(r":(?:\s|$)", value):
        reason = "': ' in a text begins a field in YAML"
    else:
        return
    cure = f"{parts.lead}{quote(value)}"
    yield Repair(number, cure + parts.comment, f"{reason}; quote it: {_shown(cure)}")


class _Parts(NamedTuple):
    """What a line is made of."""

    lead: str
    """The hyphens of items and the name of the field."""
    value: str
    comment: str
    """The comment, and the white space before it."""


def _parts(line: str) -> _Parts:
    lead = _BEFORE_VALUE.match(line)
    start = lead.end() if lead else 0
    comment = _COMMENT.search(line, start)
    stop = comment.start() if comment else len(line)
    return _Parts(line[:start], line[start:stop], line[stop:])


def _requoted(number: int, parts: _Parts) -> Iterator[Repair]:
    """A text whose quotes are not around all of it."""
    lead, value = parts.lead, parts.value
    whole = f"{value}{parts.comment}".rstrip()
    if (closed := _CLOSED_QUOTE.match(whole)) is None:
        cure = f"{lead}{quote(whole[1:])}"
        message = f"the quote {whole[0]} is not closed; write {_shown(cure)}"
    elif closed.end() < len(value):
        inner = value[1:-1] if len(value) > 1 and value[-1] == value[0] else value
        cure = f"{lead}{quote(inner)}"
        message = f"the quotes are not around the whole text; write {_shown(cure)}"
    elif value[0] == '"' and _ESCAPE.search(value):
        cure = f"{lead}{quote(value[1:-1])}"
        message = rf"'\' has a meaning in double quotes; write {_shown(cure)}"
    else:
        return
    yield Repair(number, cure, message)


def _quoted_inside(number: int, line: str) -> Iterator[Repair]:
    """A text in brackets that has to be in quotes, in them."""
    for item in re.finditer(r"(?<=[\[{,])\s*(?:[\w-]+:\s+)?(?P<text>[^\[\]{},\"']*)", line):
        value = item["text"].rstrip()
        if not value or not (re.search(r":\s", value) or value[0] in "*&!@`%|>?"):
            continue
        start = item.start("text")
        cure = line[:start] + quote(value) + line[start + len(value) :]
        reason = f"the text {_shown(value)} has a character with a meaning in YAML"
        yield Repair(number, cure, f"{reason}; quote it: {quote(value)}")


def _indented(number: int, lines: Sequence[str]) -> Iterator[Repair]:
    """A field or an item that is not below the others, moved there."""
    line = lines[number]
    own = _width(line)
    item = line.lstrip().startswith("- ")
    if not item and _KEY.match(line) is None:
        return
    columns: list[int] = []
    for other in reversed(lines[:number]):
        if not other.strip() or other.lstrip().startswith("#"):
            continue
        if item and not other.lstrip().startswith("-"):
            continue
        key = _KEY.match(other)
        columns += [_width(other)] if item else [key.end("lead")] if key else []
        if len(columns) > 40:
            break
    for column in sorted(dict.fromkeys(columns), key=lambda column: abs(column - own)):
        if column != own:
            what = "other items" if item else "fields around it"
            message = f"begins at column {own + 1}, the {what} at column {column + 1}: indent alike"
            yield Repair(number, " " * column + line.lstrip(), message)


def _spaced(number: int, line: str) -> Iterator[Repair]:
    """A hyphen or a colon that has no space behind it."""
    if re.match(r"\s*-[^\s-]", line):
        cure = re.sub(r"^(\s*-)", r"\1 ", line)
        yield Repair(number, cure, f"an item needs a space behind '-': {_shown(cure)}")
    if re.match(r"\s*[A-Za-z_]+:\S", line):
        cure = re.sub(r"^(\s*[A-Za-z_]+:)", r"\1 ", line)
        yield Repair(number, cure, f"a field needs a space behind ':': {_shown(cure)}")
    if match := re.fullmatch(r"(\s*)([A-Za-z_]+)( .*)?", line):
        cure = f"{match[1]}{match[2]}:{match[3] or ''}"
        yield Repair(number, cure, f"a field needs ':' behind its name: {_shown(cure)}")


def _closed(number: int, line: str) -> Iterator[Repair]:
    """A list or group of fields in brackets that is not closed, or by the wrong bracket."""
    bare = _CLOSED_QUOTE.sub("", line)
    stripped = line.rstrip()
    for opening, closing, wrong in ("[]}", "{}]"):
        if bare.count(opening) <= bare.count(closing):
            continue
        message = f"'{opening}' is not closed by '{closing}'"
        if stripped.endswith(wrong):
            yield Repair(number, stripped[:-1] + closing, message)
        yield Repair(number, stripped + closing, message)


def _without_tabs(text: str) -> tuple[str, list[Repair]]:
    """The text with spaces for the tabs that indent its lines: of two, four or eight the best."""
    lines = text.split("\n")
    tabbed = [number for number, line in enumerate(lines) if "\t" in line and "\t" in _lead(line)]
    if not tabbed:
        return text, []

    def expanded(width: int) -> str:
        leads = [(_lead(line), line) for line in lines]
        return "\n".join(
            lead.replace("\t", " " * width) + line[len(lead) :] for lead, line in leads
        )

    best = max(map(expanded, (2, 4, 8)), key=_readable)
    others = len(tabbed) - 1
    rest = f" (and {others} more line{'s' * (others > 1)})" if others else ""
    message = f"a tab indents this line{rest}; YAML takes spaces only: replace tabs with spaces"
    return best, [Repair(tabbed[0], best.split("\n")[tabbed[0]], message, False)]


def _readable(text: str) -> _Position:
    error = _first_error(text)
    if isinstance(error, yaml.MarkedYAMLError):
        return _position(error)
    return _Position(text.count("\n") + 2, 0)


def _lead(line: str) -> str:
    """The white space and hyphens that a line begins with."""
    match = _LEAD.match(line)
    return match[0] if match else ""


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def quote(text: str) -> str:
    """A text in YAML's quotes.

    >>> quote("Impression: bleeding")
    '"Impression: bleeding"'
    """
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def _shown(text: str) -> str:
    plain = text.strip()
    return plain if len(plain) <= _MAX_SHOWN else f"{plain[: _MAX_SHOWN - 1]}…"
