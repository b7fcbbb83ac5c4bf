"""Texts that make careless code slow: one small thing, over and over."""

from collections.abc import Callable

UNITS: dict[str, str] = {
    "blank": " ",
    "tab": "\t",
    "no-break space": "\u00a0",
    "zero width": "\u200b",
    "line": "\n",
    "line of text": "ab c\n",
    "empty lines": "a\n\n",
    "CR LF": "\r\n",
    "form feed": "\f",
    "letter": "a",
    "capital": "A",
    "word": "ab ",
    "digit": "1",
    "number": "1.5 ",
    "thousands": "1,",
    "sign": "+",
    "full stop": ".",
    "full stops": ". ",
    "glued sentences": "Abcd.",
    "glued initials": "A.B.",
    "glued numbers": "3.Abc",
    "abbreviation": "b.i.d. A",
    "question": "?!",
    "quoted end": ".'",
    "bracketed end": "?)",
    "comma": ",",
    "commas": "a, ",
    "semicolon": ";",
    "semicolons": "a; ",
    "colon": ": ",
    "heading": "HISTORY: ",
    "item": "1. ",
    "repeated item": "x 1. ",
    "bracketed item": "1) ",
    "hyphen": "-",
    "bullet": "- a\n",
    "rule": "--- ",
    "quote": '"',
    "quotes": '""',
    "quoted": '"a",',
    "escaped quote": '\\"',
    "broken quote": 'a"b ',
    "apostrophe": "'",
    "curly": "\u2019",
    "bracket": "(",
    "brackets": "[]",
    "open bracket": "[",
    "brace": '{"a":',
    "pipe": "|",
    "cells": "| a ",
    "equals": "=",
    "backslash": "\\",
    "tag": "<b>",
    "div": "<div>",
    "paragraph": "<p>",
    "item tag": "<li>",
    "cell tag": "<td>",
    "table": "<table>",
    "closing": "</p>",
    "unclosed": "<",
    "comment": "<!--",
    "CDATA": "<![CDATA[",
    "instruction": "<?",
    "end tag": "</",
    "attribute": "a='b' ",
    "entity": "&",
    "entities": "&amp;",
    "encoded word": "=?utf-8?q?a?= ",
    "encoded words": "=?utf-8?b?",
    "percent": "%20",
    "header": "X: a\n",
    "folded": "a\n ",
    "mime": "--b\n",
    "parameter": "; a=b",
    "marks": "\u0300\u0316",
    "letters with marks": "e\u0301",
    "phrase": "\ufdfa",
    "surrogates": "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "byte order": "\ufeff",
    "NUL": "\x00",
    "control": "\x1c",
    "denial": "no ",
    "family": "mother has ",
    "box": "[]a",
    "ticked box": "[x]a",
    "drawn box": "☐a",
    "question without an answer": "Ab? n ",
    "value": "Hgb ",
    "values": "Hgb 8.1, ",
}
"""Name -> what the text is made of."""


def repeated(unit: str) -> Callable[[int], str]:
    """Texts of about so many characters, which begin and end as other texts do."""
    return lambda size: f"a {unit * (size // len(unit))} b."


def _words(size: int) -> list[str]:
    """As many words of four letters, no two alike."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        f"{letters[n % 26]}{letters[n // 26 % 26]}{letters[n // 676 % 26]}{letters[n // 17576]}"
        for n in range(size // 5)
    ]


DISTINCT: dict[str, Callable[[int], str]] = {
    "distinct lines": lambda size: "\n".join(_words(size)),
    "distinct sentences": lambda size: ". ".join(_words(size)),
    "distinct words": lambda size: " ".join(_words(size)),
    "one word": lambda size: "".join(_words(size)),
    "nested once": lambda size: "(" * (size // 2) + ")" * (size // 2),
    "nested arrays": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "nested tags": lambda size: "<b>" * (size // 7) + "</b>" * (size // 7),
    "nested blocks": lambda size: "<div>" * (size // 11) + "a" + "</div>" * (size // 11),
    "nested tables": lambda size: "<table><tr><td>" * (size // 15),
    "misnested": lambda size: "<b><p>a</b>" * (size // 11),
    "unclosed comments": lambda size: "<!-- > " * (size // 7),
}
"""Name -> a text of about so many characters, made of more than one thing."""

_LINES = 200
LINE_FRAMES = (
    *("{}", "A{}x[", "(check 12){}A{}x[", "A: {}[ ] b", "A, a: {}x", "x{}: no", "A{}: [x] a {}[ ]"),
    *("Hgb {}x", "Denies {}x", "Melena {}x", "No {}x, but y", "EGD {}: normal", "In 2019 {}he had"),
)
"""What is around the units of a line, which make a pattern begin, and fail at its end."""
LINE_UNITS = (
    *(" ", "a ", "a,", "a, ", "no, ", "no ", "(", "[", "[ ] ", "- ", "1 ", "A", ": ", "; ", "/"),
    *("'", '"', "1/1 ", "and ", "of the "),
)


def lines_of(frame: str, unit: str) -> Callable[[int], str]:
    """Texts of so many lines that are each of about so many characters."""
    return lambda length: "\n".join(
        f"{number} {frame.format(*[unit * (length // len(unit) // frame.count('{}'))] * 2)}"
        for number in range(_LINES)
    )


TEXTS: dict[str, Callable[[int], str]] = {
    **{name: repeated(unit) for name, unit in UNITS.items()},
    **DISTINCT,
}
