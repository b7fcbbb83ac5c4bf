"""What a valid definition has that makes wrong decisions: `winnow process validate` warns of it.

The sentences of a definition are judged as records of their own: a statement that its criterion
does not take for one, or that says more about another criterion, goes wrong in a record, too. That
takes an encoder; without one the rest is checked.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.judging import build_judge
from winnow.judging.criteria.keywords import Keywords, SharedWords, words
from winnow.judging.criteria.match import SHARED
from winnow.judging.text.shorthand import expand_shorthand
from winnow.models import CriterionFinding, Judgement
from winnow.ports import Encoder
from winnow.processes.loader import DefinitionCheck
from winnow.processes.meaning import UNITS, idle_criteria, is_known_unit, wordless
from winnow.processes.schema import (
    CriteriaProcess,
    Criterion,
    FieldPath,
    Group,
    LabelsProcess,
    field_of,
    nearest,
)
from winnow.processes.yaml_tree import Problem

TODO = "TODO"
"""What a text begins with that somebody still has to write."""
MIN_EXAMPLES = 3
"""Fewer sentences tell little of a label that has no trained head."""
MARGIN = 0.02
"""By so much a sentence has to be nearer to another criterion than to its own."""
MIXED_SHARE = 1 / 3
"""If more of a label's examples are nearer to other labels, the examples do not separate it."""
MAX_LINES = 8
_SIDES = ("statements", "counter_statements")
_KINDS = (*_SIDES, "neutral_statements")
_NUMBER = re.compile(
    r"\b(?:\d+(?:\.\d+)?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty)"
    r"[ -]?(?:%|percent|years?|months?|weeks?|days?|hours?|m?g(?:/[dm]?l)?|mm|cm)\b"
    r"|\b(?:aged?|last year|last month)\b",
    re.IGNORECASE,
)
_ACCEPTS_ALL = "accepts every record, however doubtful: give the least confidence that is enough"
_NO_UNITS = {"ratio", "index", "score", "points", "point", "grade", "stage", "count", "1"}
"""What stands for a unit where a value has none."""
_GREATEST = {"g/dl": 40, "%": 1_000, "10^9/l": 10_000, "k/ul": 10_000, "mmol/l": 1_000}
"""Greater values of a unit are another unit's: nothing of the body has them."""
_LONGEST = 130 * 12
_CUT = re.compile(r"^\s*(?:-\s+)*(?:\w+:\s+)?[^\s\"'#\[{-][^\"']*?\s#\w")
_MAX_LINE = 2_000


class _Advice(NamedTuple):
    path: FieldPath
    message: str


def lint(check: DefinitionCheck, text: str, encoder: Encoder | None = None) -> list[Problem]:
    """The warnings about a valid definition, in the order of their lines.

    Args:
        text: The YAML that was checked.
    """
    definition = check.definition
    if definition is None:
        return []
    unwritten = [*_placeholders(definition.model_dump(), ())]
    if unwritten:
        encoder = None
    advice = [*_cut_off(text, check.lines), *unwritten]
    if definition.threshold == 0:
        advice.append(_Advice(("threshold",), _ACCEPTS_ALL))
    if isinstance(definition, CriteriaProcess):
        advice += _criteria(definition, check, text)
        if encoder is not None:
            advice += _judged_criteria(definition, check, encoder)
    else:
        advice += _labels(definition, check, text)
        if encoder is not None:
            advice += _mixed_labels(definition, encoder)
    return sorted(Problem(check.line_of(path), field_of(path), message) for path, message in advice)


# -- as YAML -------------------------------------------------------------------------------------


def _cut_off(text: str, lines: Mapping[FieldPath, int]) -> Iterator[_Advice]:
    """Texts whose end YAML takes for a comment: `- Colonoscopy #2 was normal`."""
    paths = {line: path for path, line in lines.items()}
    for number, line in enumerate(text.split("\n"), 1):
        if number in paths and " #" in line and len(line) < _MAX_LINE and _CUT.match(line):
            yield _Advice(
                paths[number],
                "ends before ' #', which begins a comment in YAML; quote the text if it goes on",
            )


def _placeholders(value: object, path: FieldPath) -> Iterator[_Advice]:
    """Texts that `winnow process new` left to be written."""
    if isinstance(value, str) and value.startswith(TODO):
        yield _Advice(path, "is still to be written: put a sentence as in a record here")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _placeholders(inner, (*path, name))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _placeholders(inner, (*path, position))


def _split_at_comma(
    sentences: Sequence[str], path: FieldPath, check: DefinitionCheck, text: str
) -> Iterator[_Advice]:
    """Items of `[...]` that are the rest of a sentence with a comma."""
    raw = text.split("\n")
    for position, (before, sentence) in enumerate(itertools.pairwise(sentences), start=1):
        own = (*path, position)
        in_brackets = not raw[check.line_of(own) - 1].lstrip().startswith("- ") or (
            check.line_of(own) == check.line_of((*path, position - 1))
        )
        if (
            in_brackets
            and before[:1].isupper()
            and sentence[:1].islower()
            and before[-1] not in ".!?"
        ):
            yield _Advice(
                own,
                f"looks like the end of {before!r}: a comma separates the items of [...]; quote "
                "a sentence that has one",
            )


# -- criteria ------------------------------------------------------------------------------------


def _criteria(definition: CriteriaProcess, check: DefinitionCheck, text: str) -> Iterator[_Advice]:
    yield from _repeated_members(definition.logic, ("logic",))
    for name in idle_criteria(definition.logic):
        yield _Advice(
            ("logic",), f"comes to the same whatever {name} is: check what it is joined with"
        )
    for index, criterion in enumerate(definition.criteria):
        path: FieldPath = ("criteria", index)
        yield from _facts(criterion, path)
        for name in ("keywords", "counter_keywords"):
            found = wordless(getattr(criterion, name), (*path, name))
            yield from (_Advice(own, message) for own, message in found)
        if not criterion.statements:
            continue
        if not criterion.keywords:
            yield _Advice(
                path,
                f"{criterion.id} has no keywords, so whatever resembles a statement supports it: "
                "name the words that must be in it",
            )
        if not criterion.counter_statements:
            yield _Advice(
                path,
                f"{criterion.id} has no counter_statements, so no sentence opposes it: write one "
                "for each way to deny it",
            )
        yield from _without_keyword(criterion, path, check)
        yield from _numbers(criterion, path, check)
        for name in _KINDS:
            yield from _split_at_comma(getattr(criterion, name), (*path, name), check, text)


def _repeated_members(group: Group, path: FieldPath) -> Iterator[_Advice]:
    for name in ("all_of", "any_of", "none_of"):
        members = getattr(group, name) or ()
        for position, member in enumerate(members):
            if isinstance(member, Group):
                yield from _repeated_members(member, (*path, name, position))
            elif member in members[:position]:
                yield _Advice((*path, name, position), "repeats an earlier one: remove it")


def _facts(criterion: Criterion, path: FieldPath) -> Iterator[_Advice]:
    """Units that are not known, bounds that are another unit's, intervals longer than a life."""
    for name in ("measure", "values"):
        for position, measure in enumerate(getattr(criterion, name)):
            own = (*path, name, position)
            unit = _plain(measure.unit)
            if not (is_known_unit(unit) or unit in _NO_UNITS):
                yield _Advice(
                    (*own, "unit"),
                    "is no unit that is known: values are read that have this one or none, and "
                    f"nothing is converted{nearest(measure.unit, list(UNITS))}",
                )
            bounds = (measure.below, measure.above, measure.normal_from, measure.normal_to)
            greatest = max(abs(bound) for bound in bounds if bound is not None)
            if greatest > _GREATEST.get(unit, greatest):
                yield _Advice(
                    own, f"has a bound of {greatest:g} {measure.unit}: is it of another unit?"
                )
    if criterion.interval_since is not None and criterion.interval_since.months > _LONGEST:
        yield _Advice((*path, "interval_since"), "is longer than anybody lives")


def _without_keyword(
    criterion: Criterion, path: FieldPath, check: DefinitionCheck
) -> Iterator[_Advice]:
    counter = criterion.counter_keywords or criterion.keywords
    if not criterion.keywords:
        return
    unheard = "a record that says it is not heard"
    for name, keywords, effect in (
        ("statements", criterion.keywords, unheard),
        ("counter_statements", counter, unheard),
        ("neutral_statements", (*criterion.keywords, *counter), "it never counts"),
    ):
        find = Keywords([expand_shorthand(keyword) for keyword in keywords])
        bare = [
            (*path, name, position)
            for position, sentence in enumerate(getattr(criterion, name))
            if not find(words(expand_shorthand(sentence)))
        ]
        if bare:
            field = (
                "counter_keywords"
                if name == "counter_statements" and criterion.counter_keywords
                else "keywords"
            )
            yield _Advice(
                bare[0],
                f"has none of the {field}{_also(bare, check)}: {effect}; add its word there",
            )


def _numbers(criterion: Criterion, path: FieldPath, check: DefinitionCheck) -> Iterator[_Advice]:
    """Sentences for and against a criterion that a number tells apart."""
    found = [
        [
            (*path, name, position)
            for position, sentence in enumerate(getattr(criterion, name))
            if _NUMBER.search(sentence)
        ]
        for name in _SIDES
    ]
    if all(found):
        paths = [place for side in found for place in side]
        yield _Advice(
            paths[0],
            f"differs from sentences of the other side in a number{_also(paths, check)}: the "
            "encoder does not tell numbers apart; let measure, age or interval_since read them",
        )


class _Place(NamedTuple):
    criterion: int
    side: str
    position: int

    @property
    def path(self) -> FieldPath:
        return ("criteria", *self)


class _Heard(NamedTuple):
    """A sentence of one criterion that decides another."""

    place: _Place
    nearest: str
    """The sentence of the other criterion that it is nearest to."""


def _judged_criteria(
    definition: CriteriaProcess, check: DefinitionCheck, encoder: Encoder
) -> Iterator[_Advice]:
    """Sentences that their own criterion does not understand, or that decide another one."""
    criteria = definition.criteria
    places = [
        _Place(index, side, position)
        for index, criterion in enumerate(criteria)
        for side in _SIDES
        for position in range(len(getattr(criterion, side)))
    ]
    sentences = [getattr(criteria[at.criterion], at.side)[at.position] for at in places]
    similarity = _similarity(sentences, encoder)
    elsewhere: dict[tuple[int, str, str, str], list[_Heard]] = {}
    judgements = build_judge(definition, encoder)(sentences)
    for row, (place, judgement) in enumerate(zip(places, judgements, strict=True)):
        beside = [
            similarity[row, other]
            for other, at in enumerate(places)
            if at[:2] == place[:2] and other != row
        ]
        for finding in _findings(judgement):
            if finding.id == criteria[place.criterion].id:
                yield from _not_understood(place, finding)
            elif nearest := _nearer(finding, sentences[row], float(max(beside, default=0.0))):
                key = (place.criterion, place.side, finding.id, finding.verdict.value)
                elsewhere.setdefault(key, []).append(_Heard(place, nearest))
    for (_, side, other, verdict), heard in elsewhere.items():
        yield _Advice(
            heard[0].place.path,
            f"makes {other} {verdict}{_also([each.place.path for each in heard], check)}: it is "
            f"nearer to {heard[0].nearest!r} there than to the other {side} here; if it says "
            f"nothing of {other}, add it to the neutral_statements there",
        )


def _findings(judgement: Judgement) -> tuple[CriterionFinding, ...]:
    decision = judgement.decision
    return decision.criteria if decision.kind == "criteria" else ()


def _not_understood(place: _Place, finding: CriterionFinding) -> Iterator[_Advice]:
    if finding.verdict != ("met" if place.side == "statements" else "not_met"):
        reason = "another sentence is as near" if finding.evidence else "it is not heard"
        yield _Advice(
            place.path,
            f"leaves its criterion {finding.verdict.value} when it stands alone ({reason}): check "
            "its keywords, or say it in other words",
        )


def _nearer(finding: CriterionFinding, sentence: str, own: float) -> str | None:
    """The sentence of another criterion that decides it, if that is nearer than its own are."""
    if finding.verdict == "undetermined" or not finding.evidence:
        return None
    nearest = finding.evidence[0]
    shared = nearest.reference is None or _plain(nearest.reference) == _plain(sentence)
    return None if shared or nearest.similarity <= own + MARGIN else nearest.reference


def _similarity(sentences: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
    """The similarity of every two sentences, as judging computes it."""
    plain = [expand_shorthand(sentence) for sentence in sentences]
    vectors = encoder(plain)
    shared = SharedWords(plain)([words(sentence) for sentence in plain])
    similarity: NDArray[np.float32] = (1 - SHARED) * (vectors @ vectors.T) + SHARED * shared
    return similarity


# -- labels --------------------------------------------------------------------------------------


def _labels(definition: LabelsProcess, check: DefinitionCheck, text: str) -> Iterator[_Advice]:
    for index, label in enumerate(definition.labels):
        path: FieldPath = ("labels", index, "examples")
        if 0 < len(label.examples) < MIN_EXAMPLES:
            yield _Advice(
                path, f"are few: give {MIN_EXAMPLES} or more in different words, or train a head"
            )
        yield from _split_at_comma(label.examples, path, check, text)


def _mixed_labels(definition: LabelsProcess, encoder: Encoder) -> Iterator[_Advice]:
    """Labels whose examples are often nearer to an example of another label."""
    owners = [at for at, label in enumerate(definition.labels) for _ in label.examples]
    examples = [example for label in definition.labels for example in label.examples]
    if not examples:
        return
    similarity = _similarity(examples, encoder)
    np.fill_diagonal(similarity, -1.0)
    nearest = np.array(owners)[similarity.argmax(axis=1)].tolist()
    for index, label in enumerate(definition.labels):
        others = Counter(
            definition.labels[near].id
            for own, near in zip(owners, nearest, strict=True)
            if own == index != near
        )
        if len(label.examples) >= MIN_EXAMPLES and (
            others.total() > MIXED_SHARE * len(label.examples)
        ):
            most = ", ".join(f"{name} {count}" for name, count in others.most_common(3))
            yield _Advice(
                ("labels", index, "examples"),
                f"do not tell {label.id} from other labels: {others.total()} of "
                f"{len(label.examples)} are nearer to another's ({most}); say them differently, "
                "or train a head",
            )


def _also(paths: Sequence[FieldPath], check: DefinitionCheck) -> str:
    """` (so do lines 12, 15 and 3 more)`, for the places of a warning after the first."""
    lines = sorted({check.line_of(path) for path in paths[1:]} - {check.line_of(paths[0])})
    if not lines:
        return ""
    shown = ", ".join(map(str, lines[:MAX_LINES]))
    rest = f" and {len(lines) - MAX_LINES} more" if len(lines) > MAX_LINES else ""
    return f" (also line{'s' * (len(lines) > 1)} {shown}{rest})"


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
