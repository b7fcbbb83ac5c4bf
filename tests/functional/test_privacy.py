"""Strings planted in every place of a file that people fill, and in the exceptions of libraries.

The functions' own handlers read, judge and report each file, logging all there is. What they log,
print, raise, mail, count and hand to the workflow is searched; what they write into the results
bucket is not, for that is where text belongs.
"""

import email.message
import io
import json
import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pypdf
import pytest
import yaml
from botocore.exceptions import ClientError, EndpointConnectionError
from pydantic import BaseModel

from tests.fakes import files
from tests.fakes.processes import MODEL, SayingJudge, book, models
from tests.fakes.store import MemoryStore
from tests.scripts import load
from tests.unit.core.steps.test_steps import RUN
from winnow.errors import WinnowError
from winnow.limits.budget import RecordBudget
from winnow.models import ChunkTask, Judgement, ObjectRef
from winnow.processes.schema import parse_definition_json
from winnow.steps.serialize import SerializeOptions
from winnow.steps.upload import upload_id
from winnow_aws.handler import logger
from winnow_aws.settings import FilterSettings
from winnow_ocr.jpeg import page_jpeg
from winnow_ocr.pages import Pages
from winnow_ocr.rapid import RapidEngine

ROOT = Path(__file__).parents[2]
MARK = "quillfeather"
NAME = "Zebulon Quillfeather"
ADDRESS = "zebulon@quillfeather.example"
KEY = f"inbox/moods/{NAME}/{NAME}"
UPLOADS, RESULTS = "uploads", "results"


def app(function: str) -> ModuleType:
    return load(ROOT / "functions" / function / "app.py")


@dataclass
class Functions:
    """The functions over a store in memory, and what they say."""

    serialize: ModuleType
    scan: ModuleType
    classify: ModuleType
    filter: ModuleType
    store: MemoryStore
    log: io.StringIO
    said: list[str] = field(default_factory=list)

    def drop(self, key: str, content: bytes, metadata: dict[str, str]) -> str:
        """Run a file through; the code it ends with."""
        ref = self.store.add(UPLOADS, key, content, **metadata)
        own_id = upload_id(UPLOADS, key, str(ref.version_id))
        upload = {"upload_id": own_id, "object": ref.model_dump(mode="json"), "size": len(content)}
        given = {"upload": upload, "run": RUN.model_dump()}
        try:
            run = self._call(self.serialize, given)
            if "chunks" not in run:
                run = self._call(self.scan, given)
            manifest = self.store.content(ObjectRef.model_validate(run["manifest"]))
            for line in manifest.splitlines():
                task = ChunkTask.model_validate_json(line).model_dump()
                self._call(self.classify, task)
                whole = {"first": 0, "records": task["records"]}
                self._call(self.filter, {"task": task, "parts": [whole]})
            self._call(self.filter, run)
        except WinnowError as error:
            return error.code
        return "done"

    def _call(self, function: ModuleType, event: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = function.handler(event, None)
        except WinnowError as error:
            # What the runtime sends to the workflow and to the log.
            self.said.append("".join(traceback.format_exception(error)))
            raise
        told = json.loads(json.dumps(answer))
        if "upload" in told:
            # The reference that steps pass on, and the one place where the key may stand.
            assert told["upload"]["object"].pop("key")
        self.said.append(json.dumps(told, ensure_ascii=False))
        return answer


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    for name in ("POWERTOOLS_LOG_LEVEL", "LOG_LEVEL"):
        monkeypatch.setenv(name, "DEBUG")
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    store, log = MemoryStore(), io.StringIO()
    everything = logging.StreamHandler(log)
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    monkeypatch.setattr(logging.getLogger(), "handlers", [everything])
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    level = logger.log_level
    logger.setLevel("DEBUG")
    modules = [app(name) for name in ("serialize", "scan", "classify", "filter")]
    made = Functions(modules[0], modules[1], modules[2], modules[3], store, log)
    options = SerializeOptions(results_bucket=RESULTS)
    pages = Pages(_reads, options.limits, lambda: 0.0)
    settings = FilterSettings(results_bucket=RESULTS)
    judge_for = lambda definition, *_: SayingJudge(parse_definition_json(definition))  # noqa: E731
    monkeypatch.setattr(made.serialize, "build", lambda: (store, models(), options))
    monkeypatch.setattr(made.scan, "build", lambda: (store, models(), options, pages))
    monkeypatch.setattr(
        made.classify, "build", lambda: (store, SimpleNamespace(budget=RecordBudget()))
    )
    monkeypatch.setattr(made.classify, "texts", lambda: SimpleNamespace(info=MODEL))
    monkeypatch.setattr(made.classify, "judge_for", judge_for)
    monkeypatch.setattr(made.filter, "build", lambda: (store, settings))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield made
    logger.setLevel(level)


def _reads(picture: object) -> list[Any]:
    raise ValueError(f"cannot read {NAME}")


def search(functions: Functions, capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Where the planted string stands: place -> what was said there."""
    printed, complained = capfd.readouterr()
    places = {
        "log": functions.log.getvalue(),
        "standard output": printed,
        "standard error": complained,
        "answers and errors": "\n".join(functions.said),
    }
    return {place: text for place, text in places.items() if MARK in text.lower()}


# -- files ---------------------------------------------------------------------------------------


def pdf(*, password: str = "") -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(files.pdf([files.lines([f"{NAME} is glad."])])))
    writer.add_metadata({"/Title": NAME, "/Author": ADDRESS})
    if password:
        writer.encrypt(user_password=password, owner_password="o", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def mail(charset: str = "utf-8", *, attached: bytes = b"\x7fELF") -> bytes:
    message = email.message.EmailMessage()
    message["From"] = f"{NAME} <{ADDRESS}>"
    message["To"] = ADDRESS
    message["Subject"] = NAME
    message.set_content(f"glad {NAME}\n")
    message.add_attachment(attached, maintype="application", subtype="x", filename=f"{NAME}.csv")
    return message.as_bytes().replace(b'charset="utf-8"', f'charset="{charset}"'.encode())


ROWS = f"""case_id,note,{NAME}
{NAME},glad 0.9,{ADDRESS}
2,glad {NAME},
3,{NAME} is not a number {ADDRESS},
4,poison,{NAME}
5,{NAME},too,many,cells
6,"quoted" {NAME}",
7,\0{NAME},
8,,{NAME}
9,glad 0.2,{NAME}
"""
LINES = f"""{{"case_id": "{NAME}", "note": "glad 0.9"}}
{{"note": "{NAME}", "note": "{NAME}"}}
{{"note": {{"{NAME}": 1}}}}
{{"{NAME}": NaN, "note": "x"}}
{{"note": {"[" * 3000}"{NAME}"
{{broken {NAME}
"{NAME}"
[1, "{NAME}"]
"""
TABLE = "note\nglad 0.9\n"
DAMAGED = files.docx(f"<{MARK}>&{MARK};{NAME}")
BAD_ZIP = files.package({f"../{NAME}.txt": NAME, f"{NAME}.exe": "\x7fELF", f"{NAME}.csv": ROWS})
ENCRYPTED_ZIP = bytearray(files.package({f"{NAME}.txt": NAME}))
for _signature, _offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    ENCRYPTED_ZIP[ENCRYPTED_ZIP.index(_signature) + _offset] |= 1
PICTURE = files.pdf([[]])

# name -> key, content, metadata, the code it ends with
FILES: dict[str, tuple[str, str | bytes, dict[str, str], str]] = {
    "rows good and bad": (f"{KEY}.csv", ROWS, {}, "done"),
    "metadata": (f"{KEY}.txt", NAME, {"case-id": NAME, "author": ADDRESS}, "done"),
    "process in metadata": (f"{KEY}.csv", TABLE, {"process": NAME}, "process_unknown"),
    "process in folder": (f"inbox/{NAME}/a.csv", TABLE, {}, "process_unknown"),
    "threshold": (f"{KEY}.csv", TABLE, {"threshold": NAME}, "threshold_invalid"),
    "no text column": (f"{KEY}.csv", f"{NAME},{ADDRESS}\n1,2\n", {}, "no_text_column"),
    "header alone": (f"{KEY}.csv", f"note,{NAME}\n", {}, "no_records"),
    "an ending nobody knows": (f"{KEY}.{MARK}", NAME, {}, "done"),
    "neither text nor known": (f"{KEY}.{MARK}", b"\x7fELF\2\1\1" + NAME.encode(), {}, "file_type"),
    "foreign encoding": (f"{KEY}.txt", f"{NAME} naïve".encode("cp1252"), {}, "done"),
    "half a UTF-16": (f"{KEY}.txt", b"\xff\xfe" + NAME.encode() + b"\0\xd8", {}, ""),
    "lines of JSON": (f"{KEY}.jsonl", LINES, {}, "done"),
    "JSON cut off": (f"{KEY}.json", f'[{{"note": "{NAME}"', {}, "file_unreadable"),
    "JSON keys": (f"{KEY}.json", f'[{{"{NAME}": "{ADDRESS}"}}]', {}, ""),
    "ZIP": (f"{KEY}.zip", BAD_ZIP, {}, "done"),
    "ZIP with a password": (f"{KEY}.zip", bytes(ENCRYPTED_ZIP), {}, "done"),
    "ZIP cut off": (f"{KEY}.zip", BAD_ZIP[:-30], {}, "file_unreadable"),
    "PDF": (f"{KEY}.pdf", pdf(), {}, "done"),
    "PDF with a password": (f"{KEY}.pdf", pdf(password=MARK), {}, "file_encrypted"),
    "PDF damaged": (f"{KEY}.pdf", pdf()[:400] + NAME.encode(), {}, "file_unreadable"),
    "Word": (f"{KEY}.docx", files.docx(files.paragraph(NAME), header=NAME), {}, ""),
    "Word damaged": (f"{KEY}.docx", DAMAGED, {}, "file_unreadable"),
    "Excel": (f"{KEY}.xlsx", files.xlsx({NAME: [["note", NAME], [NAME, 1]]}), {}, "done"),
    "Excel without text": (
        f"{KEY}.xlsx",
        files.xlsx({NAME: [[NAME, ADDRESS], [1, 2]]}),
        {},
        "no_text_column",
    ),
    "HTML": (f"{KEY}.html", f"<title>{NAME}</title><p>{NAME}", {}, "done"),
    "HTML in no encoding": (f"{KEY}.html", f"<meta charset={MARK}><p>{NAME}", {}, "done"),
    "mail": (f"{KEY}.eml", mail(), {}, "done"),
    "mail in no encoding": (f"{KEY}.eml", mail(MARK), {}, "done"),
    "mail with a damaged file": (f"{KEY}.eml", mail(attached=DAMAGED), {}, "done"),
    "picture that OCR chokes on": (f"{KEY}.pdf", PICTURE, {}, "file_unreadable"),
}


@pytest.mark.parametrize("name", FILES)
def test_nothing_planted_in_a_file_is_said(
    name: str, functions: Functions, capfd: pytest.CaptureFixture[str]
) -> None:
    key, content, metadata, code = FILES[name]
    ended = functions.drop(key, content.encode() if isinstance(content, str) else content, metadata)
    # Some files may be read or refused, as their readers come to be.
    assert not code or ended == code
    assert '"message":"done"' in functions.log.getvalue() or ended != "done"
    assert not search(functions, capfd)


class FirstAndLastWordJudge(SayingJudge):
    """Judges by the first word and the last; what is between them is only carried along."""

    def _judge(self, text: str) -> Judgement:
        first, *_, last = text.split()
        return super()._judge(f"{first} {last}")


def test_results_hold_the_text_of_records_and_nothing_else_does(
    functions: Functions, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = FirstAndLastWordJudge(book().find("moods"))
    monkeypatch.setattr(functions.classify, "judge_for", lambda *_: judge)
    rows = f"note\nglad for {NAME} 0.9\nglad for {NAME} 0.2\n"
    assert functions.drop(f"{KEY}.csv", rows.encode(), {}) == "done"
    holding = {
        key.rpartition("/")[2]
        for key in functions.store.keys(RESULTS)
        if key.startswith("results/")
        and f"glad for {NAME}".encode()
        in functions.store.content(ObjectRef(bucket=RESULTS, key=key))
    }
    assert holding == {"accepted.jsonl", "review.jsonl"}
    assert not search(functions, capfd)


def test_ocr_says_nothing_of_what_it_reads(
    functions: Functions, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, processes, options, _ = functions.scan.build()
    pages = Pages(RapidEngine(1), options.limits, lambda: 0.0, packed=page_jpeg)
    monkeypatch.setattr(functions.scan, "build", lambda: (store, processes, options, pages))
    scan = ROOT / "samples" / "prior-auth-scan.pdf"
    assert functions.drop(f"{KEY}.pdf", scan.read_bytes(), {}) == "done"
    assert [key for key in functions.store.keys(RESULTS) if key.endswith("/pages/1.jpg")]
    text = scan.with_name("prior-auth-note.txt").read_text("utf-8")
    words = {word for word in re.findall(r"[A-Za-z]{9,}", text) if word.islower()}
    read = b"".join(
        store.content(ObjectRef(bucket=RESULTS, key=key)) for key in store.keys(RESULTS)
    )
    assert len([word for word in words if word.encode() in read]) > 10, "nothing was read"
    said = "\n".join([functions.log.getvalue(), *capfd.readouterr(), *functions.said])
    assert not [word for word in words if word in said]


# -- exceptions of libraries ---------------------------------------------------------------------


class _Form(BaseModel):
    number: int


def _pydantic() -> None:
    _Form.model_validate({"number": NAME})


def _json() -> None:
    json.loads(f'{{"{NAME}" 1}}')


def _yaml() -> None:
    yaml.safe_load(f"name: [{NAME}\nmail: '{ADDRESS}")


def _unicode() -> None:
    f"{NAME} \udcff".encode()


def _denied() -> None:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": f"{KEY} is not yours"}}, "Get")


def _endpoint() -> None:
    raise EndpointConnectionError(endpoint_url=f"https://bucket.example/{KEY}")


def _nested() -> None:
    try:
        _json()
    except ValueError as error:
        raise RuntimeError(f"while reading {NAME}") from error


def _key() -> None:
    {"": 0}[NAME]


CARELESS: list[Callable[[], None]] = [
    *(_pydantic, _json, _yaml, _unicode, _denied, _endpoint, _nested, _key)
]


@pytest.mark.parametrize("fail", CARELESS)
@pytest.mark.parametrize("step", ["serialize", "classify", "filter"])
def test_an_exception_that_quotes_what_it_met_is_not_repeated(
    step: str,
    fail: Callable[[], None],
    functions: Functions,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(Exception) as quoted:
        fail()
    carried = f"{quoted.value!r} {quoted.value} {getattr(quoted.value, 'doc', '')}"
    assert MARK in carried.lower(), "this exception quotes nothing"

    class Failing:
        def __getattr__(self, _name: str) -> object:
            fail()
            raise AssertionError

    good = functions.store
    built = getattr(functions, step).build()
    monkeypatch.setattr(getattr(functions, step), "build", lambda: (Failing(), *built[1:]))
    assert functions.drop(f"{KEY}.csv", TABLE.encode(), {}) == "internal"
    assert functions.store is good
    assert '"code":"internal"' in functions.log.getvalue()
    assert not search(functions, capfd)


def test_the_search_sees_every_place(
    functions: Functions, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not search(functions, capfd)
    logging.getLogger("some.library").debug("read %s", NAME)
    assert set(search(functions, capfd)) == {"log"}
    functions.log.truncate(0)
    logger.debug("read", extra={"file": NAME})
    assert set(search(functions, capfd)) == {"log"}
    functions.log.truncate(0)
    os.write(2, NAME.encode())
    assert set(search(functions, capfd)) == {"standard error"}
    sys.stdout.write(NAME)
    assert set(search(functions, capfd)) == {"standard output"}
    functions.said.append(NAME)
    assert set(search(functions, capfd)) == {"answers and errors"}


def test_no_function_writes_traces_of_its_own() -> None:
    """What stands in traces is Lambda's and Step Functions' own: names, times, states."""
    locks = list(ROOT.glob("functions/*/requirements*.txt"))
    assert len(locks) >= 5
    assert not [
        lock for lock in locks if re.search(r"^(aws-xray|opentelemetry)", lock.read_text(), re.M)
    ]
