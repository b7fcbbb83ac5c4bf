"""The tutorial: every command does what its page shows, in the order of the page."""

import csv
import re
import runpy
from pathlib import Path

import pytest

from tests.docs import tutorial
from tests.docs.console import ROOT, Session, Step, alike, differences, report, rewritten, steps

FILES = ROOT / "docs" / "tutorial"

PAGE = """\
Text.

```console
$ echo 0123456789abcdef scored 0.51 of 12
fedcba9876543210 scored 0.50 of 12
$ printf 'one\\ntwo\\nthree\\nfour\\n'
one
[...]
four
```

<!-- exit 1 -->
```console
$ export X=fedcba \\
  Y=2
$ echo $X$Y; false
wrong
```
"""


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.stack
@pytest.mark.timeout(900)
@pytest.mark.parametrize("file", tutorial.PAGES, ids=lambda file: file.stem)
def test_every_command_prints_what_the_page_shows(file: Path, tmp_path: Path):
    if not (ROOT / "build" / "model" / "manifest.json").is_file():
        pytest.skip("the model is not built (make model)")
    page = file.read_text("utf-8")
    wrong = [report(step, ran, found) for step, ran, found in tutorial.run(page, tmp_path) if found]
    assert not wrong, "\n".join([*wrong, "python -m tests.docs --write mends the page"])


def test_what_the_page_quotes_of_a_process_stands_in_one():
    quoted = re.findall(r"^```yaml\n(.*?)^```", tutorial.PAGE.read_text("utf-8"), re.S | re.M)
    files = [file.read_text("utf-8") for file in FILES.glob("*.yaml")]
    assert quoted
    assert not [text for text in quoted if not any(text in file for file in files)]


def test_the_notes_are_those_that_the_script_writes(tmp_path: Path):
    script = runpy.run_path(str(FILES / "make_notes.py"))
    script["main"](tmp_path)
    written = sorted(tmp_path.iterdir())
    assert written
    for file in written:
        assert file.read_bytes() == (FILES / file.name).read_bytes(), file.name


def test_no_sentence_about_a_fact_stands_in_practice_and_in_fresh_notes():
    script = runpy.run_path(str(FILES / "make_notes.py"))
    texts = {}
    for name in ("practice", "fresh"):
        with (FILES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            texts[name] = " ".join(row["note"] for row in csv.DictReader(file))
    fixed = [
        sentence
        for states in script["SENTENCES"].values()
        for sentences in states.values()
        for sentence in sentences
        if sentence and "{" not in sentence
    ]
    assert len(fixed) > 20
    assert not [s for s in fixed if all(s in text for text in texts.values())]


def _run(folder: Path) -> list[tuple[Step, str, int, list[str]]]:
    session = Session(folder, {"PATH": "/usr/bin:/bin"})
    done = []
    for step in steps(PAGE):
        ran = session.learn(step, session.run(step))
        done.append((step, ran.printed, ran.code, differences(step, ran.printed)))
    return done


def test_commands_run_in_order_with_the_ids_of_this_run(tmp_path: Path):
    scored, cut, exported, last = _run(tmp_path)
    assert scored[3] == []  # an id, and a score that is near enough
    assert cut[3] == []
    assert exported[0].typed == "export X=fedcba \\\n  Y=2"
    assert last[1:3] == ("0123452\n", 1)
    assert scored[1] == "fedcba9876543210 scored 0.51 of 12\n"
    assert [step.fails for step, *_ in (scored, cut, exported, last)] == [False, False, False, True]
    assert last[3]


def test_a_page_is_rewritten_where_it_is_wrong_and_nowhere_else(tmp_path: Path):
    printed = {step.line: text for step, text, _, _ in _run(tmp_path)}
    assert rewritten(PAGE, printed) == PAGE.replace("wrong\n", "0123452\n")


@pytest.mark.parametrize(
    ("shown", "own", "same"),
    [
        ("0.51", "0.53", True),
        ("0.51", "0.54", False),
        ("51.0%", "52.9%", True),
        ("51.0%", "53.1%", False),
        ("51%", "0.51", False),
        ("160", "161", False),
        ("3.7e-35", "6.2e-22", True),
        ("met", "not", False),
    ],
)
def test_scores_may_differ_a_little_and_counts_may_not(shown: str, own: str, same: bool):
    assert alike(shown, own) is same
