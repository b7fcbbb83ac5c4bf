"""A menu without a stack: what it looks up is fixed, and what a person answers is a list."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.conftest import ROOT
from winnow_cli.deployment.parameters import Parameters
from winnow_cli.deployment.stages import Stages, parse_stages
from winnow_cli.menu.facts import StackFacts
from winnow_cli.menu.prompts import BACK, Left
from winnow_cli.menu.steps import Choice

TWO_STAGES = """\
[stages.test]
account = "123456789012"
region = "eu-central-1"

[stages.production]
account = "210987654321"
region = "us-east-1"
"""


class FixedFacts(StackFacts):
    """Two stages in AWS beside the local one, two processes, one upload."""

    def __init__(
        self, stage: str = "local", text: str = TWO_STAGES, processes: Sequence[str] = ()
    ) -> None:
        super().__init__(stage)
        self._text = text
        self._processes = list(processes) or ["L33774", "emotions"]

    def stages(self) -> Stages:
        return parse_stages(self._text, Path("stages.toml"))

    def parameters(self) -> Parameters:
        return Parameters.read(ROOT / "template.yaml")

    def processes(self) -> list[str]:
        return self._processes

    def published(self) -> list[str]:
        return self._processes

    def uploads(self) -> list[tuple[str, str]]:
        return [("0528e606017f", "cases.csv, succeeded")]

    def account(self) -> str:
        return "123456789012"

    def region(self) -> str:
        return "eu-central-1"

    def state(self) -> str:
        return "running"


class Person:
    """Answers in the order of a list: an entry's words, a text, or BACK."""

    def __init__(self, *answers: str | Left) -> None:
        self._answers = list(answers)
        self.lists: list[tuple[str, list[str]]] = []
        """Each list that was shown: its title, and what it had."""
        self.refused: list[str] = []
        """Why answers that were typed were not taken."""

    def choose(
        self, title: str, choices: Sequence[Choice], default: str, hint: str = ""
    ) -> str | Left:
        del hint
        self.lists.append((title, [choice.words or choice.value for choice in choices]))
        answer = self._next()
        if isinstance(answer, Left):
            return answer
        if answer == "":
            return default if any(one.value == default for one in choices) else choices[0].value
        return next(one.value for one in choices if answer in (one.words, one.value))

    def type(
        self, title: str, default: str, about: str, trouble: Callable[[str], str | None]
    ) -> str | Left:
        del title, about
        while True:
            answer = self._next()
            if isinstance(answer, Left):
                return answer
            typed = answer or default
            problem = trouble(typed)
            if problem is None:
                return typed
            self.refused.append(problem)

    @property
    def done(self) -> bool:
        """Whether every answer was asked for."""
        return not self._answers

    def _next(self) -> str | Left:
        return self._answers.pop(0) if self._answers else BACK
