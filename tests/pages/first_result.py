"""How far it is from a clone to the first result: commands that are typed, words that are read.

Counted here from the pages themselves, so that the table follows them. A command is one that a
person types; `&&` and `|` join two. Words are those of the sections on the way, outside of code.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.pages.blocks import table

ROOT = Path(__file__).resolve().parents[2]
CLONE = ("git clone REPOSITORY", "cd winnow")
_CODE = re.compile(r"^```.*?^```\n?", re.MULTILINE | re.DOTALL)
_GENERATED = re.compile(r"<!-- begin generated.*?end generated[^\n]*-->", re.DOTALL)
_TARGET = re.compile(r"\]\([^)]*\)")
_JOINS = {"&&", "||", "|", ";"}
INTRODUCTION, MENU, TAKES = (
    ("docs/deploying.md", heading) for heading in ("", "The menu", "What it takes")
)


@dataclass(frozen=True)
class Way:
    """One way from nothing to a result that can be read."""

    what: str
    commands: tuple[str, ...]
    sections: tuple[tuple[str, str], ...] = ()
    """Pages and their headings, which tell the way."""
    words: int | None = None
    """Of a text that is not here."""

    def read(self) -> int:
        """The words on the way."""
        if self.words is not None:
            return self.words
        return sum(words_of(section(page, heading)) for page, heading in self.sections)


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level or above.

    An empty heading means the page's introduction: all before its second heading.

    Raises:
        ValueError: the page has no such heading.
    """
    text = _GENERATED.sub("", (ROOT / page).read_text("utf-8"))
    if not heading:
        return re.split(r"^#+ .*$", text, flags=re.MULTILINE)[1]
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{page} has no heading {heading!r}")
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def words_of(text: str) -> int:
    """Words outside of code blocks; the target of a link is none.

    >>> words_of("Read [this page](https://example.org/a) - and type `make demo`.")
    7
    """
    plain = _TARGET.sub("]", _CODE.sub("", text))
    return sum(any(map(str.isalnum, word)) for word in plain.split())


def commands_in(line: str) -> int:
    """How many commands a line is.

    >>> commands_in("cd lib && pip install -e .")
    2
    """
    return 1 + sum(word in _JOINS for word in shlex.split(line))


WAYS = (
    Way(
        "Winnow on this machine, `make demo`",
        (*CLONE, "make demo"),
        (("README.md", "Two commands"),),
    ),
    Way(
        "Winnow on this machine, by the menu",
        (*CLONE, "make install", ".venv/bin/winnow deploy"),
        (INTRODUCTION, MENU),
    ),
    Way(
        "Winnow in AWS, by the menu",
        (*CLONE, "make install", ".venv/bin/winnow deploy"),
        (INTRODUCTION, MENU, TAKES),
    ),
    Way(
        "Winnow in AWS, by commands",
        (
            *CLONE,
            "make install",
            ".venv/bin/winnow stages set test --account 123456789012 --region eu-central-1 "
            "--parameter NotifyEmail=team@example.org",
            ".venv/bin/winnow deploy test",
        ),
        (INTRODUCTION, MENU, TAKES),
    ),
    Way(
        "the accelerator in AWS, from its source",
        (
            "git clone REPOSITORY",
            "cd accelerated-intelligent-document-processing-on-aws",
            "pip install boto3 rich typer PyYAML botocore setuptools ruff build cfn-lint",
            "make setup-venv",
            "source .venv/bin/activate",
            "idp-cli deploy --stack-name my-idp-dev --from-code . --admin-email A --wait",
            "cd lib/idp_cli_pkg && pip install -e .",
            "idp-cli run-inference --stack-name IDP --dir ./samples/ --batch-id sample-test "
            "--monitor",
            "idp-cli download-results --stack-name IDP --batch-id sample-test --output-dir D",
            "cat ./test-results/sample-test/lending_package.pdf/sections/1/result.json | jq .",
        ),
        words=316,
    ),
)


def blocks() -> dict[str, str]:
    """Return the generated block of docs/deploying.md."""
    rows = [(way.what, str(sum(map(commands_in, way.commands))), f"{way.read():,}") for way in WAYS]
    return {"first-result": table(("way", "commands", "words"), rows)}
