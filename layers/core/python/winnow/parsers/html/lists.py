"""Selection lists (`select`): which of its entries one shows, and where none is chosen yet."""

from typing import NamedTuple

from winnow.parsers.html.markup import Attributes
from winnow.parsers.marks import OPEN


class _Option(NamedTuple):
    """An entry: its text comes piece by piece, a label stands in for it."""

    selected: bool
    disabled: bool
    hidden: bool
    value: str | None
    label: str
    pieces: list[str]

    @property
    def text(self) -> str:
        return " ".join((self.label or "".join(self.pieces)).split())


class Options:
    """The entries of an open selection list, as they come.

    Which of them is selected is what the HTML standard says of a list that nobody has touched
    (https://html.spec.whatwg.org/multipage/form-elements.html#the-select-element).
    """

    def __init__(self, attributes: Attributes) -> None:
        self._several = "multiple" in attributes
        size = attributes.get("size", "").strip()[:9]
        self._is_list_box = self._several or (size.isascii() and size.isdecimal() and int(size) > 1)
        self._options: list[_Option] = []
        self._disabled = False

    def begin_group(self, *, disabled: bool) -> None:
        """The entries that follow are in a group, or in none; of a disabled one, all are."""
        self._disabled = disabled

    def begin(self, attributes: Attributes, *, hidden: bool) -> None:
        """An entry begins."""
        option = _Option(
            "selected" in attributes,
            self._disabled or "disabled" in attributes,
            hidden,
            attributes.get("value"),
            attributes.get("label", ""),
            [],
        )
        self._options.append(option)

    def add(self, text: str) -> None:
        """Text of the entry that has begun."""
        self._options[-1].pieces.append(text)

    def shown(self) -> str:
        """What the list shows: a closed one that was left at its prompt, OPEN."""
        chosen = [option for option in self._options if option.selected]
        if not self._several:
            chosen = chosen[-1:]
        if self._is_list_box:
            return ", ".join(option.text for option in chosen if not option.hidden and option.text)
        if not chosen:
            chosen = [option for option in self._options if not option.disabled][:1]
        if not chosen or not chosen[-1].text or self._is_prompt(chosen[-1]):
            return OPEN
        return chosen[-1].text

    def _is_prompt(self, chosen: _Option) -> bool:
        """Whether an entry stands for no answer: nobody could choose it, unlike others."""
        return (
            chosen.value == ""
            or (chosen.disabled and not all(option.disabled for option in self._options))
            or (chosen.hidden and not all(option.hidden for option in self._options))
        )
