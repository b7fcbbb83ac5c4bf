"""The book of processes: finding by id and code, and refusing collisions."""

from pathlib import Path

import pytest

from winnow.errors import ProcessInvalidError, ProcessUnknownError
from winnow.processes.registry import ProcessRegistry

LABELS = """\
id: {id}
version: 1.0.0
kind: labels
title: T
codes: [{codes}]
labels:
  - {{id: a, examples: [x]}}
  - {{id: b, examples: [y]}}
"""


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return path


def test_find_by_id_and_code_in_any_case(tmp_path: Path) -> None:
    text = LABELS.format(id="Moods", codes="X77, 0110")
    book = ProcessRegistry.from_directory(folder(tmp_path, a=text))
    for name in ("Moods", "moods", " MOODS ", "x77", "0110"):
        assert book.find(name).id == "Moods"


def test_unknown_name_is_answered_with_the_known_ids(tmp_path: Path) -> None:
    files = {n: LABELS.format(id=n, codes="") for n in ("zeta", "alpha")}
    book = ProcessRegistry.from_directory(folder(tmp_path, **files))
    with pytest.raises(ProcessUnknownError) as caught:
        book.find("gamma\n\x1b[31m" + "x" * 500)
    # The name may be a folder that is called after a person.
    assert str(caught.value) == (
        "process_unknown: No process has the id or code that was asked for. Known: alpha, zeta."
    )


@pytest.mark.parametrize(("first", "second"), [("A1", "x"), ("x", "a1"), ("x, A1", "y, a1")])
def test_ids_and_codes_name_one_process(tmp_path: Path, first: str, second: str) -> None:
    one = LABELS.format(id="a1" if first == "x" else "one", codes=first)
    two = LABELS.format(id="A1" if second == "x" else "two", codes=second)
    with pytest.raises(ProcessInvalidError, match=r"names a\.yaml already"):
        ProcessRegistry.from_directory(folder(tmp_path, a=one, b=two))


def test_problems_of_all_files_together(tmp_path: Path) -> None:
    folder(tmp_path, a="id: 1", b="kind: labels")
    (tmp_path / "c.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProcessInvalidError) as caught:
        ProcessRegistry.from_directory(tmp_path)
    names = {line.split(":")[0] for line in caught.value.message.split("\n")}
    assert names == {"a.yaml", "b.yaml", "c.yml"}


def test_a_folder_without_processes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here")
    with pytest.raises(ProcessInvalidError, match="no process"):
        ProcessRegistry.from_directory(tmp_path)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    text = "\ufeff" + LABELS.format(id="moods", codes="")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert ProcessRegistry.from_directory(tmp_path).ids == ("moods",)
