"""The parameters of template.yaml, and whether a value is one that CloudFormation would take."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field

from winnow.models import FrozenModel

LOCAL_ONLY = ("Local", "LocalApiHost", "LocalSignIn")
"""Parameters that `winnow up` sets by itself."""
OF_RELEASES = ("CodeVersion", "Intake")
"""Parameters that a release of code sets in a stack; a deployment keeps what they are there."""


class Parameter(FrozenModel):
    """One parameter as the template declares it."""

    name: str
    type: str = "String"
    default: str | None = None
    description: str = ""
    allowed_values: tuple[str, ...] = ()
    allowed_pattern: str | None = None
    constraint: str = ""
    """What a value has to be, in words: ConstraintDescription."""
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    min_length: int | None = None
    max_length: int | None = None
    no_echo: bool = False
    """Whether its value is a secret, which belongs into no file."""

    @property
    def allowed(self) -> str:
        """What a value has to be, in words.

        >>> Parameter(name="A", allowed_values=("x", "y", "z")).allowed
        'one of x, y, z'
        """
        if self.allowed_values:
            return f"one of {', '.join(self.allowed_values)}"
        if self.type == "Number":
            if self.min_value is not None and self.max_value is not None:
                return f"a number from {self.min_value:,} to {self.max_value:,}"
            if self.min_value is not None:
                return f"a number of at least {self.min_value:,}"
            if self.max_value is not None:
                return f"a number of at most {self.max_value:,}"
            return "a number"
        if self.constraint:
            return self.constraint
        if self.allowed_pattern is not None:
            return f"text of the form {self.allowed_pattern}"
        if self.min_length is not None or self.max_length is not None:
            return f"text of {self.min_length or 0} to {self.max_length or 4096} characters"
        return "text"

    def problem(self, value: str) -> str | None:
        """Why CloudFormation would not take the value, in a sentence; None if it would.

        The value itself is not in the sentence.

        >>> Parameter(name="A", type="Number", min_value=1, max_value=9).problem("12")
        'A has to be a number from 1 to 9.'
        """
        return None if self._takes(value) else f"{self.name} has to be {self.allowed}."

    def _takes(self, value: str) -> bool:
        if self.allowed_values and value not in self.allowed_values:
            return False
        if self.type == "Number":
            return self._takes_number(value)
        if self.allowed_pattern is not None and not re.fullmatch(self.allowed_pattern, value):
            return False
        return (self.min_length or 0) <= len(value) <= (self.max_length or 4096)

    def _takes_number(self, value: str) -> bool:
        try:
            number = Decimal(value)
        except InvalidOperation:
            return False
        return (
            number.is_finite()
            and (self.min_value is None or number >= self.min_value)
            and (self.max_value is None or number <= self.max_value)
        )


class Parameters(FrozenModel):
    """All parameters of a template, in its order."""

    listed: tuple[Parameter, ...] = Field(default=())

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> "Parameters":
        """The parameters that a template declares."""
        return cls(
            listed=tuple(
                _parameter(name, given) for name, given in template.get("Parameters", {}).items()
            )
        )

    @classmethod
    def read(cls, path: Path) -> "Parameters":
        """The parameters of a template's file.

        Raises:
            StackFailedError: the file is not YAML.
        """
        from winnow_local.template import read_template

        return cls.of(read_template(path))

    @cached_property
    def _by_name(self) -> dict[str, Parameter]:
        return {one.name: one for one in self.listed}

    def get(self, name: str) -> Parameter | None:
        """The parameter of that name; None if there is none."""
        return self._by_name.get(name)

    def settable(self) -> tuple[Parameter, ...]:
        """Those that a person sets: not the ones of the local stack, nor of a release of code."""
        others = (*LOCAL_ONLY, *OF_RELEASES)
        return tuple(one for one in self.listed if one.name not in others)

    def problem(self, name: str, value: str) -> str | None:
        """Why a parameter cannot have the value, in a sentence; None if it can."""
        parameter = self.get(name)
        if parameter is None:
            return self.unknown(name)
        if name in LOCAL_ONLY:
            return f"{name} is set by the local stack alone; leave it out."
        return parameter.problem(value)

    def unknown(self, name: str) -> str:
        """That there is no such parameter, and which one may be meant."""
        near = get_close_matches(name, self._by_name, 1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(self._by_name)}"
        return f"template.yaml has no parameter {name!r}; {hint}"


def as_text(value: object) -> str | None:
    """A value of TOML or YAML as CloudFormation takes it; None for what is not one value.

    >>> as_text(True), as_text(0.8), as_text(["a"])
    ('true', '0.8', None)
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return None


def _parameter(name: str, given: Mapping[str, Any]) -> Parameter:
    default = given.get("Default")
    return Parameter(
        name=name,
        type=given.get("Type", "String"),
        default=None if default is None else as_text(default),
        description=given.get("Description", ""),
        allowed_values=tuple(str(as_text(value)) for value in given.get("AllowedValues", ())),
        allowed_pattern=given.get("AllowedPattern"),
        constraint=given.get("ConstraintDescription", ""),
        min_value=given.get("MinValue"),
        max_value=given.get("MaxValue"),
        min_length=given.get("MinLength"),
        max_length=given.get("MaxLength"),
        no_echo=as_text(given.get("NoEcho", False)) == "true",
    )
