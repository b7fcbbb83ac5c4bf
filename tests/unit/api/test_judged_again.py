"""A run that is started again judges its records anew: nobody decides what they were not shown."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.http_api import call
from tests.fakes.stage import RESULTS, Stage
from winnow.recovery.upload_row import UploadRow

ROWS = """case_id,note,summary
A,Anna has no anemia.,anemia
A,Anna was seen again.,seen
B,Bert bleeds from the bowel.,bleeding
C,Carl is well.,well
"""
REVIEWS, SKIP, UNDO = "POST /v1/reviews", "POST /v1/reviews/skip", "POST /v1/reviews/undo"


class Judged:
    """An upload, and the process that judges it, which can be changed."""

    def __init__(self, folder: Path, **first: Any) -> None:
        self.folder = folder
        self.define("1.0.0", **first)
        self.stage = Stage(processes=folder)
        self.row = self.stage.drop(ROWS.encode(), "inbox/notes/0a1b2c/notes.csv")

    def define(self, version: str, **more: Any) -> None:
        definition = {
            "id": "notes",
            "version": version,
            "kind": "labels",
            "title": "Notes",
            "description": "What a note is about.",
            "threshold": more.pop("threshold", 1.0),
            "input": {"text_columns": ["note"], "id_columns": ["case_id"], **more},
            "labels": [
                {"id": f"label-{n}", "title": f"L{n}", "examples": [f"example {n}"]}
                for n in range(3)
            ],
        }
        (self.folder / "notes.yaml").write_text(yaml.safe_dump(definition))

    def again(self, **more: Any) -> UploadRow:
        self.define("1.1.0", **more)
        self.row = self.stage.run_again(self.row)
        return self.row

    def shown(self, record: int) -> dict[str, Any]:
        path = {"id": self.row.upload_id, "n": str(record)}
        item: dict[str, Any] = call(
            self.stage, "GET /v1/uploads/{id}/records/{n}", path=path, user="auditor"
        ).json
        return item

    def send(self, route: str, item: dict[str, Any], *, told: bool = True, **more: Any) -> Any:
        names = ("upload", "record", "version", *(("run",) if told else ()))
        asked = {name: item[name] for name in names} | more
        if route == REVIEWS:
            asked |= {"decision": "label-1"}
        return call(self.stage, route, asked)


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return Judged(tmp_path, text_columns=["summary"])


def test_while_there_is_one_run_a_program_need_not_say_which(judged: Judged) -> None:
    assert judged.send(REVIEWS, judged.shown(1), told=False).status == 201
    assert judged.send(SKIP, judged.shown(2), told=False).status == 200
    assert judged.send(UNDO, judged.shown(1), told=False).status == 200
    assert judged.send(REVIEWS, judged.shown(3)).status == 201


@pytest.mark.parametrize("route", [REVIEWS, SKIP])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("again", [{"text_columns": ["note"]}, {"text_columns": ["summary"]}])
def test_what_another_run_had_judged_is_refused_and_shown_anew(judged, route, told, again) -> None:
    shown = judged.shown(2)
    judged.again(**again)
    refused = judged.send(route, shown, told=told, **({"note": "Ask."} if route == REVIEWS else {}))
    assert (refused.status, refused.json["code"]) == (409, "record_judged_again")
    anew = judged.shown(2)
    assert (anew["version"], anew["review"]["state"]) == (0, "open")
    assert anew["run"] != shown["run"]
    if route == REVIEWS:
        assert (
            call(
                judged.stage,
                "GET /v1/uploads/{id}/records/{n}",
                path={"id": judged.row.upload_id, "n": "2"},
            ).json["draft"]
            == "Ask."
        )
    assert judged.send(route, anew).status in (200, 201)


def test_a_later_run_need_not_be_told_by_who_was_shown_its_records(judged: Judged) -> None:
    judged.again(text_columns=["note"])
    refused = judged.send(REVIEWS, judged.shown(2), told=False)
    assert (refused.status, refused.json["code"]) == (409, "record_judged_again")
    assert "`run`" in refused.json["detail"]


def test_a_record_that_nobody_was_asked_about_is_compared_too(tmp_path: Path) -> None:
    judged = Judged(tmp_path, threshold=0.0, text_columns=["summary"])
    shown = judged.shown(2)
    assert shown["review"] is None
    judged.again(threshold=0.0, text_columns=["note"])
    for told in (True, False):
        assert judged.send(REVIEWS, shown, told=told).json["code"] == "record_judged_again"
    assert judged.send(REVIEWS, judged.shown(2)).status == 201


@pytest.mark.parametrize("route", [REVIEWS, SKIP, UNDO])
def test_a_record_that_a_later_run_has_joined_to_another_is_told_so(judged, route) -> None:
    shown = judged.shown(2)
    judged.again(case="join")
    refused = judged.send(route, shown)
    assert (refused.status, refused.json["code"]) == (409, "record_judged_again")
    assert "no record 2 now" in refused.json["detail"]
    unknown = judged.send(route, shown | {"record": 99, "run": judged.shown(1)["run"]})
    assert unknown.json["code"] == "record_unknown"


def test_what_was_decided_before_a_later_run_is_corrected_and_taken_back(judged: Judged) -> None:
    assert judged.send(REVIEWS, judged.shown(2)).status == 201
    judged.again(text_columns=["note"])
    shown = judged.shown(2)
    assert shown["text"] == "seen"
    assert judged.send(REVIEWS, shown, note="Again.").status == 201
    assert judged.send(UNDO, judged.shown(2)).json["item"]["text"] == "seen"


def test_what_was_decided_before_stays_in_the_export_when_old_versions_go(judged: Judged) -> None:
    def exported() -> tuple[list[str], str]:
        answer = call(judged.stage, "GET /v1/reviews/export.csv", user="auditor")
        rows = csv.DictReader(io.StringIO(answer.body.decode(), newline=""))
        return [row["text"] for row in rows], answer.headers["winnow-gone"]

    for record in (1, 2):
        judged.send(REVIEWS, judged.shown(record))
    assert exported() == (["anemia", "seen"], "0")
    judged.again(text_columns=["note"])
    versions = judged.stage.store._versions
    for key, there in versions.items():
        if key[0] == RESULTS:
            versions[key] = there[-1:]
    assert exported() == (["anemia", "seen"], "0")
    assert judged.send(REVIEWS, judged.shown(2)).status == 201
    for key in [key for key in versions if "/judged-" in key[1] and "0000000001/" in key[1]]:
        del versions[key]
    assert exported() == (["seen"], "1")
