"""The menu's loop: lists, questions, the command line, its run, and back to the list."""

from collections.abc import Callable, Sequence

from winnow_cli.console import clean, note, stdout
from winnow_cli.menu.facts import LOCAL, StackFacts
from winnow_cli.menu.prompts import BACK, Left, Prompts
from winnow_cli.menu.questions import WHICH_STAGE
from winnow_cli.menu.steps import (
    Argument,
    Choice,
    Menu,
    Question,
    Settings,
    Step,
    line_of,
    questions_of,
    shown,
)

LEAVE, STAGE, TYPE, RUN = "\0leave", "\0stage", "\0type", "\0run"
"""Values of lines that are no entry; no answer has a control character."""
UNREAD = 141
"""Exit code of a command whose output nobody reads any more."""
INTERRUPTED = 130
HINT = "arrow keys, Enter; Escape goes back"


class Session:
    """A person at the menu, from its opening to its end."""

    def __init__(
        self, prompts: Prompts, facts: StackFacts, run: Callable[[Sequence[str]], int]
    ) -> None:
        """`run` runs a command line, without `winnow`, and tells its exit code."""
        self._prompts = prompts
        self._facts = facts
        self._run = run
        self._last = ""
        """What the person did last, which is where the list begins the next time."""

    def open(self, menu: Menu) -> None:
        """Until the person leaves. Ctrl-C at a question raises KeyboardInterrupt."""
        while True:
            self._facts.stages()
            if self._facts.trouble is not None:
                note(str(self._facts.trouble))
            chosen = self._list(menu, top=True)
            if chosen is BACK or chosen == LEAVE:
                return
            if chosen == STAGE:
                self._change_stage()
            else:
                self._enter(_entry(menu, str(chosen)))

    def _enter(self, entry: Menu | Step) -> None:
        if isinstance(entry, Step):
            self._take(entry)
            return
        while (chosen := self._list(entry)) is not BACK:
            self._enter(_entry(entry, str(chosen)))

    def _list(self, menu: Menu, *, top: bool = False) -> str | Left:
        local = self._facts.stage == LOCAL
        choices = [
            Choice(entry.words, about=entry.about)
            for entry in menu.entries
            if local or not (isinstance(entry, Step) and entry.only_local)
        ]
        if top:
            choices.append(Choice(STAGE, "Another stage", "which one the menu works on"))
            choices.append(Choice(LEAVE, "Leave"))
        state = self._facts.state()
        where = f"{self._facts.stage}{f' ({state})' if state else ''}"
        title = f"{menu.words} - stage {where}"
        chosen = self._prompts.choose(title, choices, self._last, HINT if top else "")
        if chosen is not BACK:
            self._last = str(chosen)
        return chosen

    def _change_stage(self) -> None:
        answer = self._one(WHICH_STAGE, {})
        if not isinstance(answer, Left):
            self._facts.stage = answer[0]

    def _take(self, step: Step) -> None:
        arguments = step.on(self._facts.stage)
        if isinstance(arguments, str):
            note(arguments)
            return
        answers = self._ask(arguments)
        if answers is None:
            return
        line = line_of(arguments, self._facts.stage, answers)
        if step.warning:
            self._print(line)
            if not self._sure(step.warning):
                note("Nothing was done.")
                return
        try:
            if not step.warning:
                self._print(line)
            code = self._run(line)
        except KeyboardInterrupt:
            # Before the command could handle it: it ends, and the menu goes on.
            code = INTERRUPTED
        if code == UNREAD:
            raise BrokenPipeError
        note("" if code == 0 else f"It ended with exit code {code}.")

    def _print(self, line: Sequence[str]) -> None:
        from rich.text import Text

        stdout().print(Text.assemble(("$ ", "dim"), (shown(line), "bold")))

    def _sure(self, warning: str) -> bool:
        choices = [Choice(LEAVE, "No"), Choice(RUN, "Yes")]
        return self._prompts.choose(warning, choices, LEAVE) == RUN

    def _ask(self, arguments: tuple[Argument, ...]) -> dict[str, tuple[str, ...]] | None:
        """The answers to all questions; None if the person goes back before the first."""
        questions = list(questions_of(arguments))
        answers: dict[str, tuple[str, ...]] = {}
        at = 0
        while at < len(questions):
            question = questions[at]
            known = {one.name: answers[one.name] for one in questions[:at]}
            answer = (
                self._settings(question)
                if isinstance(question, Settings)
                else self._one(question, known)
            )
            if isinstance(answer, Left):
                if at == 0:
                    return None
                at -= 1
            else:
                answers[question.name] = answer
                at += 1
        return answers

    def _one(
        self, question: Question, answers: dict[str, tuple[str, ...]]
    ) -> tuple[str, ...] | Left:
        facts = self._facts
        default = question.default(facts, answers)
        choices = [
            one
            for one in question.choices(facts, answers)
            if question.trouble(one.value, facts, answers) is None
        ]
        while choices:
            more = [Choice(TYPE, "Another: type it")] if question.free else []
            chosen = self._prompts.choose(question.words, [*choices, *more], default)
            if isinstance(chosen, Left):
                return BACK
            if chosen != TYPE:
                return (chosen,)
            typed = self._typed(question, "", answers)
            if not isinstance(typed, Left):
                return typed
        if not question.free:
            note("There is nothing to choose from: note a stage in AWS by New stage first.")
            return BACK
        return self._typed(question, default, answers)

    def _typed(
        self, question: Question, default: str, answers: dict[str, tuple[str, ...]]
    ) -> tuple[str, ...] | Left:
        typed = self._prompts.type(
            question.words,
            clean(default),
            question.about,
            lambda value: question.trouble(value, self._facts, answers),
        )
        if isinstance(typed, Left):
            return BACK
        return (typed,) if typed else ()

    def _settings(self, question: Settings) -> tuple[str, ...] | Left:
        """Parameters of template.yaml, one after the other, each checked by the template."""
        parameters = self._facts.parameters()
        values: dict[str, str] = {}
        while True:
            # A secret is never asked for, so that it is never kept.
            offered = [one for one in parameters.settable() if not one.no_echo]
            choices = [
                Choice(RUN, "No more: go on"),
                *(
                    Choice(one.name, about=values.get(one.name, one.default) or "empty")
                    for one in offered
                ),
            ]
            chosen = self._prompts.choose(question.words, choices, RUN, question.about)
            if isinstance(chosen, Left):
                return BACK
            if chosen == RUN:
                return tuple(f"{name}={value}" for name, value in values.items())
            parameter = parameters.get(chosen)
            assert parameter is not None
            value = self._prompts.type(
                chosen,
                values.get(chosen, parameter.default or ""),
                f"{parameter.allowed}. {parameter.description}",
                parameter.problem,
            )
            if not isinstance(value, Left):
                values[chosen] = value


def _entry(menu: Menu, words: str) -> Menu | Step:
    return next(entry for entry in menu.entries if entry.words == words)
