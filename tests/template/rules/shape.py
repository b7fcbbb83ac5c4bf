"""What a part of the template has to be, as data, and every way in which it is something else.

A wanted mapping names every key that may stand there: one that it does not name is a problem, and
so is one that is missing, unless it is a Maybe. What else may be wanted: a list, in its order; an
AnyOrder of list entries; a Keyed set of mappings; a check (a callable that says what is wrong, or
None); and a plain value, which is compared together with its type.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Check = Callable[[Any], str | None]
UNKNOWN = "no rule speaks of it"


@dataclass(frozen=True)
class Maybe:
    """A key that may be missing."""

    wanted: Any


@dataclass(frozen=True)
class AnyOrder:
    """These entries, whatever their order, and no other."""

    wanted: list[Any]


@dataclass(frozen=True)
class Keyed:
    """Mappings told apart by one of their values, whatever their order, and no other."""

    key: str
    wanted: dict[str, Any]
    key_of: Callable[[Any], Any] = field(default=lambda entry: entry)
    """the mapping that has the key, of an entry that wraps it"""


def problems(path: str, wanted: Any, found: Any) -> Iterator[str]:
    """Every way in which what was found is not what is wanted."""
    if isinstance(wanted, Maybe):
        wanted = wanted.wanted
    if isinstance(wanted, dict):
        yield from _of_mapping(path, wanted, found)
    elif isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            yield f"{path}: {found!r} is not a list of {len(wanted)}"
            return
        for number, (one, there) in enumerate(zip(wanted, found, strict=True)):
            yield from problems(f"{path}[{number}]", one, there)
    elif isinstance(wanted, AnyOrder):
        yield from _of_any_order(path, wanted.wanted, found)
    elif isinstance(wanted, Keyed):
        yield from _of_keyed(path, wanted, found)
    elif callable(wanted):
        if said := wanted(found):
            yield f"{path}: {said}, not {found!r}"
    elif type(wanted) is not type(found) or wanted != found:
        yield f"{path}: {wanted!r} is wanted, not {found!r}"


def _of_mapping(path: str, wanted: dict[str, Any], found: Any) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{path}: {found!r} is no mapping"
        return
    for key, there in found.items():
        if key in wanted:
            yield from problems(f"{path}.{key}", wanted[key], there)
        else:
            yield f"{path}.{key}: {UNKNOWN}"
    for key, one in wanted.items():
        if key not in found and not isinstance(one, Maybe):
            yield f"{path}.{key}: missing"


def _of_any_order(path: str, wanted: list[Any], found: Any) -> Iterator[str]:
    if not isinstance(found, list):
        yield f"{path}: {found!r} is no list"
        return
    left = list(wanted)
    for number, there in enumerate(found):
        fits = next((one for one in left if not any(problems(path, one, there))), None)
        if fits is None:
            yield f"{path}[{number}]: {UNKNOWN}: {there!r}"
        else:
            left.remove(fits)
    for one in left:
        yield f"{path}: {one!r} is missing"


def _of_keyed(path: str, wanted: Keyed, found: Any) -> Iterator[str]:
    if not isinstance(found, list):
        yield f"{path}: {found!r} is no list"
        return
    left = dict(wanted.wanted)
    for number, there in enumerate(found):
        keyed = wanted.key_of(there)
        key = keyed.get(wanted.key) if isinstance(keyed, dict) else None
        if isinstance(key, str) and key in left:
            yield from problems(f"{path}[{key}]", left.pop(key), there)
        else:
            yield f"{path}[{number}]: {UNKNOWN}, {wanted.key} {key!r}"
    for key in left:
        yield f"{path}[{key}]: missing"


# -- checks --------------------------------------------------------------------------------------


def text(at_least: int = 1, *, end: str = "") -> Check:
    """Words of some length."""

    def check(found: Any) -> str | None:
        if isinstance(found, str) and len(found) >= at_least and found.endswith(end):
            return None
        return f"a text of {at_least} characters or more that ends in {end!r}"

    return check


def one_of(*allowed: Any) -> Check:
    def check(found: Any) -> str | None:
        same = [one for one in allowed if type(one) is type(found) and one == found]
        return None if same else f"one of {allowed!r}"

    return check


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def any_order(entries: list[Any]) -> Any:
    """As policies have it: several in a list whatever its order, one by itself."""
    return AnyOrder(entries) if len(entries) > 1 else entries[0]


# -- CloudFormation ------------------------------------------------------------------------------


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def sub(pattern: str) -> dict[str, str]:
    return {"Fn::Sub": pattern}


NOTHING = ref("AWS::NoValue")


def given(condition: str, then: Any, otherwise: Any = NOTHING) -> dict[str, list[Any]]:
    """`then` where the condition holds."""
    return {"Fn::If": [condition, then, otherwise]}


def where_it_holds(entry: Any) -> Any:
    """What an entry is under its condition, if it has one."""
    if isinstance(entry, dict) and set(entry) == {"Fn::If"}:
        parts = entry["Fn::If"]
        return parts[1] if isinstance(parts, list) and len(parts) == 3 else entry
    return entry


def skips(*checks: str) -> Any:
    """Metadata for checkov: what it must not report, each with its reason."""
    return {
        "checkov": {"skip": AnyOrder([{"id": check, "comment": text(31)} for check in checks])},
    }
