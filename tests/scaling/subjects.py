"""What is measured: every reader, parser, normaliser and judge, as a function of a text."""

import csv
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.fakes import files, heads, pdfs, word
from tests.fakes.encoder import FakeEncoder
from tests.fuzz import targets
from tests.scaling.measure import Subject
from tests.unit.core.judging import test_calibrated_criteria as weighed
from tests.unit.model.test_model_build import VOCABULARY
from winnow.errors import WinnowError
from winnow.heads import ngrams
from winnow.judging import build_judge
from winnow.judging.criteria.cautions import with_cautions
from winnow.judging.criteria.compile import compile_criteria
from winnow.judging.criteria.exams import finds_something
from winnow.judging.criteria.explain import CriteriaExplainer
from winnow.judging.criteria.fact_rules import Note
from winnow.judging.criteria.findings import findings_of
from winnow.judging.criteria.judge import facts_of
from winnow.judging.criteria.limits import ConfidenceLimits
from winnow.judging.criteria.logic import decide, verdict
from winnow.judging.criteria.match import match_segments
from winnow.judging.criteria.organs import is_of_other_organ
from winnow.judging.criteria.past import is_long_ago, is_past
from winnow.judging.criteria.retractions import is_over, retraction
from winnow.judging.criteria.suspicions import (
    concludes_otherwise,
    has_returned,
    is_known,
    is_laymans,
)
from winnow.judging.criteria.undoing import ends, takes_back
from winnow.judging.shadow import JudgePair
from winnow.judging.text import segments
from winnow.judging.text.remembering import RememberingEncoder
from winnow.judging.text.similarity import SegmentScorer, count
from winnow.limits.budget import RecordBudget, estimated_segments, no_deadline
from winnow.limits.unicode import nfkc, nfkc_length
from winnow.models import CriteriaDecision, Record, Verdict
from winnow.ports import Judge
from winnow.processes.meaning import meaning_problems
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import ADAPTER, CriteriaProcess, cross_problems
from winnow.processes.yaml_repair import repaired
from winnow.readers import ReadLimits, Source, read, sandbox
from winnow.readers.cases import joined
from winnow.search.tokens import matches, terms, tokens
from winnow.steps.classify import judge_records
from winnow.tables.columns import plain_name
from winnow.tables.dates import with_dates
from winnow.tables.formulas import defused, restored
from winnow.tables.numbers import number, numbers_of
from winnow_cli.render.csv_cells import safe_cell
from winnow_encoder.batching import DIMENSIONS, TokenEncoder
from winnow_encoder.tokenizer import Tokenizer
from winnow_model.pieces import to_sentencepiece
from winnow_train.data import read_labelled
from winnow_train.train import train, write

PROCESSES = Path(__file__).parents[2] / "processes"
_XML = "".join(chr(code) for code in range(32) if code not in (9, 10, 13))
_NOT_IN_XML = dict.fromkeys(map(ord, _XML + "\ufeff\ufffe\uffff"))


# -- files ---------------------------------------------------------------------------------------


def reading(content: Callable[[str], bytes], ending: str) -> Subject:
    """A file made of a text, read with its parser in this process."""

    def subject(text: str) -> Callable[[], object]:
        made = content(text)

        def run() -> None:
            with mock.patch.object(sandbox, "parse", targets.in_process):
                read_all(made, ending)

        return run

    return subject


def read_all(content: bytes, ending: str) -> int:
    """How many records a file has; none where it is refused."""
    limits = ReadLimits()
    try:
        with Source(
            io.BytesIO(content), f"x{ending}", ["note", "text"], ["id"], limits, ocr=targets.ocr
        ) as source:
            return len(list(read(source)))
    except WinnowError:
        return 0


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _pdf(text: str) -> bytes:
    shown = [line[:80] for line in text.replace("\f", "\n").split("\n")]
    plain = [line.encode("cp1252", "replace").decode("cp1252") for line in shown]
    pages = [plain[at : at + 50] for at in range(0, min(len(plain), 2_000), 50)]
    long = text[:80_000].encode("cp1252", "replace").decode("cp1252").replace("\n", " ")
    return files.pdf([files.lines([long[at : at + 90] for at in range(0, len(long), 90)][:700]),
                      *(files.lines(page) for page in pages)])  # fmt: skip


def _pdf_form(text: str) -> bytes:
    plain = text[:20_000].encode("latin-1", "replace").decode("latin-1")
    fields = [
        {
            "type": "Tx",
            "rect": (90, 60 + at % 600, 200, 80 + at % 600),
            "value": plain[at : at + 40],
        }
        for at in range(0, len(plain), 40)
    ]
    return pdfs.form([(72, 100, "Note")], fields)


_SYMBOL = '<w:p><w:r><w:sym w:font="Wingdings" w:char="F0B1"/></w:r></w:p>'


def _xml(text: str) -> str:
    return escape(text.translate(_NOT_IN_XML))


def _mail(body: str, head: str = "Subject: x\n", kind: str = "text/plain") -> bytes:
    return _bytes(
        f"From: a@b.example\n{head}MIME-Version: 1.0\nMessage-ID: <1@b.example>\n"
        f"Content-Type: {kind}; charset=utf-8\n\n{body}\n"
    )


def _multipart(text: str) -> bytes:
    return _bytes(
        "From: a@b.example\nMIME-Version: 1.0\nMessage-ID: <1@b.example>\n"
        f'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\n{text}\n--b--\n'
    )


def _packed(text: str, encoding: str) -> bytes:
    return _mail(text, f"Content-Transfer-Encoding: {encoding}\n")


def _alternatives(text: str) -> bytes:
    page = f"<table><tr><td>a<td>{escape(text)}</table><p hidden>b</p>"
    return _bytes(
        "From: a@b.example\nMIME-Version: 1.0\nMessage-ID: <1@b.example>\n"
        'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        f"a {text}\n--b\nContent-Type: text/html\n\n{page}\n--b--\n"
    )


def _header_lines(text: str) -> bytes:
    return _mail("a", f"{text}\n", "multipart/mixed; boundary=b") + b"--b\n" + _bytes(text)


def _web_archive(text: str) -> bytes:
    page = "<link rel=stylesheet href='cid:a'>" * (len(text) // 100)
    return _mail("", kind="multipart/related; boundary=b") + _bytes(
        f"--b\nContent-Type: text/html\n\n<html>{page}{text}\n"
        f"--b\nContent-Type: text/css\nContent-ID: <a>\n\n{text[:100]}\n--b--\n"
    )


def _header(text: str) -> str:
    return text.replace("\n", "\n ").replace("\r", " ")


def _picture(text: str, kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("L", (200, len(text) // 100 + 1), 230).save(file, kind)
    return file.getvalue()


def _member_name(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for at in range(0, len(text), 200):
            archive.writestr(f"{at}{text[at : at + 200]}.txt".replace("\x00", ""), "Melena.")
    return out.getvalue()


def _json_rows(text: str) -> bytes:
    lines = text.split("\n")[:5_000]
    return json.dumps(
        [{"id": str(n), "note": line or "a"} for n, line in enumerate(lines)]
    ).encode()


def _csv_rows(text: str) -> bytes:
    return _bytes("id,note,other\n" + "".join(f"{n},{_quoted(line or 'a')},b\n"
                                        for n, line in enumerate(text.split("\n"))))  # fmt: skip


FILES: dict[str, Subject] = {
    "csv: lines": reading(lambda text: _bytes(f"id,note\n1,{text}\n2,c\n"), ".csv"),
    "csv: a cell": reading(lambda text: _bytes(f"id,note\n1,{_quoted(text)}\n2,c\n"), ".csv"),
    "csv: the header": reading(lambda text: _bytes(f"note,{text}\nhello,1\nthere,2\n"), ".csv"),
    "csv: a column": reading(lambda t: _bytes(f"note,{_quoted(t)}\nhello,1\nthere,2\n"), ".csv"),
    "csv: columns of blanks": reading(lambda t: _bytes(f"id note x\n1 a{t}b\n2 c d\n"), ".csv"),
    "csv: rows": reading(_csv_rows, ".csv"),
    "csv: all": reading(_bytes, ".csv"),
    "tsv: lines": reading(lambda text: _bytes(f"id\tnote\n1\t{text}\n2\tc\n"), ".tsv"),
    "jsonl: text": reading(lambda t: json.dumps({"note": t}).encode() + b"\n{}\n", ".jsonl"),
    "jsonl: a name": reading(
        lambda text: json.dumps({"note": "a", text: "1"}, ensure_ascii=False).encode() * 2, ".jsonl"
    ),
    "jsonl: all": reading(lambda text: _bytes('{"note": "a"}\n' + text), ".jsonl"),
    "json: text": reading(lambda text: json.dumps([{"note": text}, "a"]).encode(), ".json"),
    "json: rows": reading(_json_rows, ".json"),
    "json: all": reading(lambda text: _bytes("[" + text), ".json"),
    "txt": reading(_bytes, ".txt"),
    "txt: in a code page": reading(lambda text: f"{text} é".encode("cp1252", "replace"), ".txt"),
    "no ending": reading(_bytes, ""),
    "md": reading(_bytes, ".md"),
    "html": reading(lambda text: _bytes(f"<html><body>{text}"), ".html"),
    "html: text": reading(lambda text: _bytes(f"<html><body><p>{escape(text)}</p>"), ".html"),
    "html: an attribute": reading(
        lambda text: _bytes(f'<html><body><p style="{escape(text)}" class=a>b</p>'), ".html"
    ),
    "html: rules and classes": reading(
        lambda text: _bytes("<html><style>" + "".join(
            f".a.b{at},.c+.a{at},[class*=d{at}]{{display:none}}" for at in range(0, len(text), 20))
            + f'</style><p class="a {escape(text)}">b</p>'),
        ".html",
    ),
    "html: rules": reading(
        lambda text: _bytes(f"<html><style>{escape(text)}{{display:none}}</style><p>b"), ".html"
    ),
    "html: raised": reading(
        lambda text: _bytes("<html><p>" + "".join(
            f"10<sup>{escape(text[at:at + 20])}</sup>" for at in range(0, len(text), 20))),
        ".html",
    ),
    "docx: a web archive taken in": reading(
        lambda text: word.document(
            '<w:altChunk r:id="c"/>',
            {"c": ("aFChunk", "word/a.mht", f"MIME-Version: 1.0\n\n{_xml(text)}")},
        ),
        ".docx",
    ),
    "html: a table": reading(
        lambda text: _bytes("<html><table><tr><td>note" + "".join(
            f"<tr><td>{escape(text[at:at + 40])}<td>a" for at in range(0, len(text), 40))),
        ".html",
    ),
    "html: tables in tables": reading(
        lambda text: _bytes("<html><table>" + "".join(
            f"<tr><td>{'<table><tr><td>a<td>' * (at % 7)}{escape(text[at:at + 40])}"
            f"{'</table>' * (at % 7)}<td>b" for at in range(0, len(text), 40))),
        ".html",
    ),
    "html: tables in one cell": reading(
        lambda text: _bytes("<html><table><tr><td>a<td>" + "".join(
            f"<table><tr><td>{escape(text[at:at + 40])}<td>b</table>c"
            for at in range(0, len(text), 40))),
        ".html",
    ),
    "html: a selection list": reading(
        lambda text: _bytes("<html><p><select>" + "".join(
            f"<option>{escape(text[at:at + 40])}" for at in range(0, len(text), 40))),
        ".html",
    ),
    "html: one row": reading(
        lambda text: _bytes(
            "<html><table><tr>" + "<td>" * (len(text) // 2)
            + "<td colspan=100>" * (len(text) // 40)
            + f"<td>Denies pain<td>{escape(text[:40])}</table>"
        ),
        ".html",
    ),
    "html: boxes and struck text": reading(
        lambda text: _bytes("<html><p>" + "".join(
            f"<input type=checkbox hidden id=a{at}><label for=a{at} role=checkbox>"
            f"{escape(text[at:at + 40])}</label><p><s>a" for at in range(0, len(text), 40))),
        ".html",
    ),
    "eml: body": reading(_mail, ".eml"),
    "eml: HTML": reading(lambda text: _mail(f"<html>{text}", kind="text/html"), ".eml"),
    "eml: subject": reading(lambda text: _mail("a", f"Subject: {_header(text)}\n"), ".eml"),
    "eml: type": reading(lambda text: _mail("a", kind=f"text/plain; x={_header(text)}"), ".eml"),
    "eml: base64": reading(lambda text: _packed(text, "base64"), ".eml"),
    "eml: quoted-printable": reading(lambda text: _packed(text, "quoted-printable"), ".eml"),
    "eml: alternatives": reading(_alternatives, ".eml"),
    "eml: header lines": reading(_header_lines, ".eml"),
    "eml: a mailbox": reading(
        lambda text: _bytes("From a@b Mon Jan 01 10:00:00 2024\nFrom: a@b.example\n\n"
                            f"{text.replace('ab', 'From a Mon 10:00' + chr(10) + 'a: b')}\n"),
        ".eml",
    ),
    "eml: a web archive": reading(_web_archive, ".eml"),
    "eml: parts": reading(_multipart, ".eml"),
    "zip: a member": reading(lambda text: files.package({"a.txt": _bytes(text)}), ".zip"),
    "zip: names": reading(_member_name, ".zip"),
    "docx": reading(
        lambda text: files.docx("".join(files.paragraph(_xml(line)) for line in text.split("\n"))),
        ".docx",
    ),
    "docx: a file taken in": reading(
        lambda text: word.document(
            '<w:altChunk r:id="c"/>', {"c": ("aFChunk", "word/a.html", f"<html>{escape(text)}")}
        ),
        ".docx",
    ),
    "docx: symbols": reading(
        lambda text: word.document(
            files.paragraph("Melena.")
            + _SYMBOL * (len(text) // 20)
        ),
        ".docx",
    ),
    "docx: one row": reading(
        lambda text: files.docx(
            files.table([[*[""] * (len(text) // 4), "Denies pain", _xml(text[:40])]])
        ),
        ".docx",
    ),
    "docx: a table": reading(
        lambda text: files.docx(files.table([[_xml(line), "a"] for line in text.split("\n")])),
        ".docx",
    ),
    "xlsx": reading(
        lambda text: files.xlsx(
            {"A": [["id", "note"], *([n, _xml(line)] for n, line in enumerate(text.split("\n")))]}
        ),
        ".xlsx",
    ),
    "pdf": reading(_pdf, ".pdf"),
    "pdf: over a picture": reading(
        lambda text: files.pdf_of_streams(
            [
                pdfs.picture() + pdfs.turned([(72, 700, f"Melena {at}")], 0)
                for at in range(1 + len(text) // 1_000)
            ]
        ),
        ".pdf",
    ),
    "pdf: a form": reading(_pdf_form, ".pdf"),
    "pdf: rows of cells": reading(
        lambda text: pdfs.drawn(
            b"".join(
                b"BT /F1 2 Tf %d %d Td (a) Tj ET\n" % (7 * at, top)
                for top in (300, 320) for at in range(len(text) // 4)
            ),
            page=b"/MediaBox [0 0 %d 792]" % (2 * len(text)),
        ).replace(b"/MediaBox [0 0 612 792]", b""),
        ".pdf",
    ),
    "pdf: words of a row": reading(
        lambda text: pdfs.drawn(
            b"".join(
                b"BT /F1 4 Tf %d %d Td (a) Tj ET\n" % (5 * at, top)
                for top in range(300, 480, 30) for at in range(len(text) // 12)
            ),
            page=b"/MediaBox [0 0 %d 792]" % len(text),
        ).replace(b"/MediaBox [0 0 612 792]", b""),
        ".pdf",
    ),
    "pdf: a list of chosen entries": reading(
        lambda text: pdfs.drawn(
            pdfs.at("Finding:", 700),
            b"<< /Type /Annot /Subtype /Widget /FT /Ch /Ff 2097152 /T (a) /V 7 0 R /Opt 7 0 R "
            b"/Rect [150 698 300 712] >>",
            b"[%s]" % b" ".join(b"(entry %d)" % at for at in range(len(text) // 60)),
            catalog=b"/AcroForm << /Fields [6 0 R] >>",
            page=b"/Annots [6 0 R]",
        ),
        ".pdf",
    ),
    "pdf: struck out": reading(
        lambda text: pdfs.annotated(
            b"".join(pdfs.at("Melena", 700 - at % 600) for at in range(0, len(text), 40)),
            [
                f"/Subtype /StrikeOut /Rect [72 {at % 700} 90 {at % 700 + 9}]"
                for at in range(0, len(text), 40)
            ],
        ),
        ".pdf",
    ),
    "png": reading(lambda text: _picture(text, "PNG"), ".png"),
    "jpeg": reading(lambda text: _picture(text, "JPEG"), ".jpg"),
    "tiff": reading(lambda text: _picture(text, "TIFF"), ".tif"),
    "webp": reading(lambda text: _picture(text, "WEBP"), ".webp"),
    "gif": reading(lambda text: _picture(text, "GIF"), ".gif"),
}  # fmt: skip
"""By kind of file, and what of it the text becomes."""


# -- texts ---------------------------------------------------------------------------------------


def of_text(call: Callable[[str], object]) -> Subject:
    """A function of a text."""
    return lambda text: lambda: call(text)


def _grams(block: ngrams.Block) -> Subject:
    return of_text(lambda text: ngrams.hash_ngrams([text], block, 16))


def _joined(text: str) -> list[object]:
    """Lines that are in turn of two cases."""
    lines = (
        Record(record=number, source_id=str(number % 2), text=line or "a")
        for number, line in enumerate(text.split("\n"), start=1)
    )
    with Source(io.BytesIO(b""), "x.csv", ["note"], ["id"], ReadLimits()) as source:
        return [*joined(source, lines)]


NORMALISERS: dict[str, Subject] = {
    "joined cases": of_text(_joined),
    "sentences": of_text(segments.spans),
    "windows": of_text(count),
    "estimate": of_text(estimated_segments),
    "budget": of_text(lambda text: RecordBudget(max_segments=1).rejection(text, count)),
    "NFKC": of_text(nfkc),
    "NFKC length": of_text(nfkc_length),
    "search: tokens": of_text(tokens),
    "search: matches": of_text(lambda text: matches(text, terms(f"{text[:100]} a iron*"))),
    "column name": of_text(plain_name),
    "dates of records": of_text(
        lambda text: [
            *with_dates(iter([Record(record=1, text="", fields={text: text})]), [text], text, None)
        ]
    ),
    "numeric column": of_text(lambda text: numbers_of([{text: text}], [text], 1)),
    "number": of_text(number),
    "n-grams of characters": _grams("characters"),
    "n-grams of words": _grams("words"),
}


# -- records -------------------------------------------------------------------------------------


@cache
def _shipped(name: str) -> Judge:
    book = ProcessRegistry.from_directory(PROCESSES)
    return build_judge(book.find(name), FakeEncoder())


def judging(judge: Callable[[], Judge]) -> Subject:
    """A record judged within its budget."""

    def subject(text: str) -> Callable[[], object]:
        built = judge()
        record = Record(record=1, text=text)
        return lambda: list(judge_records(built, [record], RecordBudget(), _still))

    return subject


def many_records(judge: Callable[[], Judge]) -> Subject:
    """The lines of a text, a record each."""

    def subject(text: str) -> Callable[[], object]:
        built = judge()
        lines = [line or "a" for line in text.split("\n")]
        records: Sequence[Record] = [
            Record(record=at, text=line) for at, line in enumerate(lines, start=1)
        ]
        return lambda: list(judge_records(built, records, RecordBudget(), _still))

    return subject


def _still() -> float:
    return 0.0


@cache
def _trained_on_labels() -> Judge:
    with tempfile.TemporaryDirectory() as folder:
        book = heads.trained(Path(folder), count=120)
        return build_judge(book.find("bank"), FakeEncoder(), book.heads["bank"])


def _two_heads() -> Judge:
    return JudgePair(_trained_on_labels(), _trained_on_labels(), time.monotonic)


def _two_versions() -> Judge:
    """Of another kind each, so that they share the sentences' vectors alone."""
    book = ProcessRegistry.from_directory(PROCESSES)
    memory = RememberingEncoder(FakeEncoder())
    first, second = (build_judge(book.find(name), memory) for name in ("emotions", "L33774"))
    return JudgePair(first, second, time.monotonic, memory=memory)


@cache
def _trained_on_criteria() -> Judge:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bleed.yaml"
        file.write_text(weighed.PROCESS, encoding="utf-8")
        definition = ProcessRegistry.from_directory(file.parent).find("bleed")
        rows = file.with_name("rows.csv")
        with rows.open("w", encoding="utf-8", newline="") as stream:
            decided = [
                (f"{text} Room {room}.", "met" if text.startswith("The") else "not_met")
                for text in weighed.TEXTS
                for room in range(20)
            ]
            csv.writer(stream).writerows([("text", "decision"), *decided])
        data = read_labelled(rows, definition, "decision", "text")
        fitted = train(
            definition, data, FakeEncoder(), label_column="decision", text_column="text",
            created="2024-01-01T00:00:00+00:00",
        )  # fmt: skip
        write(fitted, file, "bleed")
        book = ProcessRegistry.from_directory(file.parent)
        return build_judge(book.find("bleed"), FakeEncoder(), book.heads["bleed"])


@cache
def _of_facts() -> Judge:
    facts: dict[str, dict[str, object]] = {
        "measure": {
            "measure": [{"name": "hgb", "unit": "g/dL", "below": 12, "least": 3, "most": 20}]
        },
        "age": {"age": {"at_least": 45}},
        "interval": {"interval_since": {"event": "colonoscopy", "at_least": "10 years"}},
        "column": {"column": {"name": "age", "at_least": 45}},
    }
    definition = ADAPTER.validate_python(
        {
            "id": "facts",
            "version": "1.0.0",
            "kind": "criteria",
            "title": "Facts",
            "criteria": [{"id": name, "title": name, **rule} for name, rule in facts.items()],
            "logic": {"all_of": [*facts]},
        }
    )
    return build_judge(definition, FakeEncoder())


@cache
def _explained() -> Callable[[str], object]:
    definition = ProcessRegistry.from_directory(PROCESSES).find("L33774")
    assert isinstance(definition, CriteriaProcess)
    judge = build_judge(definition, FakeEncoder())
    explain = CriteriaExplainer(definition, FakeEncoder())
    limits = ConfidenceLimits(definition)

    def run(text: str) -> object:
        (judgement,) = judge([text])
        assert isinstance(judgement.decision, CriteriaDecision)
        return explain(text, judgement.decision.criteria), limits(judgement)

    return run


def _past(text: str) -> None:
    """What is said of a time that is over, sentence by sentence, as long as they may be."""
    for start in range(0, len(text), segments.MAX_CHARACTERS):
        is_past(text[start : start + segments.MAX_CHARACTERS], ("melena", "letters"), 2024)


def _beside(text: str) -> None:
    """What is read beside the evidence of a decision, sentence by sentence."""
    for start in range(0, len(text), segments.MAX_CHARACTERS):
        sentence = text[start : start + segments.MAX_CHARACTERS]
        for reader in (
            *(finds_something, retraction, is_over, takes_back, ends),
            *(is_known, is_laymans, concludes_otherwise),
        ):
            reader(sentence)
        has_returned(sentence, "")
        is_long_ago(sentence, 2024)
        is_of_other_organ(sentence, ("melena", "letters"), ())


@cache
def _with_exclusions() -> CriteriaProcess:
    """A definition whose decision depends on what is excluded."""
    criteria = [
        {
            "id": name,
            "title": name,
            "statements": [f"There is {name}."],
            "counter_statements": [f"There is no {name}."],
            "keywords": [name],
            "if_silent": silent,
        }
        for name, silent in (("anemia", "undetermined"), ("fever", "not_met"), ("rash", "not_met"))
    ]
    definition = ADAPTER.validate_python(
        {
            "id": "exclusions",
            "version": "1.0.0",
            "kind": "criteria",
            "title": "Exclusions",
            "criteria": criteria,
            "logic": {"all_of": ["anemia"], "none_of": ["fever", "rash"]},
        }
    )
    assert isinstance(definition, CriteriaProcess)
    return definition


def concluding(definition: Callable[[], CriteriaProcess]) -> Subject:
    """What comes after the segments of a record are compared: findings, and their cautions."""

    def subject(text: str) -> Callable[[], object]:
        process = definition()
        compiled = compile_criteria(process)
        scorer = SegmentScorer(
            FakeEncoder(), compiled.plain_references, structure=True, topics=compiled.topics,
            accepts=compiled.accepts,
        )  # fmt: skip
        matrix = scorer([text])
        matches = match_segments(compiled, matrix, no_deadline)
        note = Note(text, {}, (), date(2024, 1, 1))

        def run() -> None:
            stated = [facts_of(criterion, note) for criterion in compiled.criteria]
            findings = findings_of(compiled.criteria, matches, matrix, 0, stated)
            joined = decide(process.logic, {finding.id: finding for finding in findings})
            decision = CriteriaDecision(
                value=verdict(joined.score), because=tuple(joined.because), criteria=findings
            )
            assert decision.value is not Verdict.UNDETERMINED
            with_cautions(decision, compiled, matches, matrix, 0, note, process.logic)

        return run

    return subject


def _decided(lines: Callable[[int], str]) -> Callable[[int], str]:
    """Records of one statement a criterion, and so many further lines."""

    def text(count: int) -> str:
        process = _shipped_definition()
        stated = [each.statements[0] for each in process.criteria if each.statements]
        return "\n".join([*stated, *map(lines, range(count))])

    return text


def _shipped_definition() -> CriteriaProcess:
    definition = ProcessRegistry.from_directory(PROCESSES).find("L33774")
    assert isinstance(definition, CriteriaProcess)
    return definition


CONCLUSIONS: dict[str, tuple[Subject, Callable[[int], str]]] = {
    "the same again": (
        concluding(_shipped_definition), _decided(lambda _: "Ongoing bleeding: yes.")
    ),
    "numbered": (
        concluding(_shipped_definition),
        _decided(lambda n: f"Ileocolonoscopy: no sign of Crohn's {n}."),
    ),
    "in parts": (
        concluding(_shipped_definition),
        _decided(lambda n: f"Melena {n}; EGD normal {n}; colonoscopy without a source {n}."),
    ),
    "addenda": (
        concluding(_shipped_definition), _decided(lambda n: f"Addendum {n}: stable, as above.")
    ),
    "denials": (concluding(_shipped_definition), _decided(lambda n: f"No bleeding on day {n}.")),
    "stools that nobody hears": (
        concluding(_with_exclusions),
        lambda count: "There is anemia.\n" + "\n".join(
            f"His stools are loose {n}. There is no fever {n}." for n in range(count)
        ),
    ),
}  # fmt: skip
"""Records with a decision, by their number of lines."""

JUDGES: dict[str, Subject] = {
    "criteria: what stands beside": of_text(_beside),
    "criteria: the past": of_text(_past),
    "criteria, explained": of_text(lambda text: _explained()(text)),
    "criteria": judging(lambda: _shipped("L33774")),
    "criteria of facts": judging(_of_facts),
    "criteria: records": many_records(lambda: _shipped("L33774")),
    "labels": judging(lambda: _shipped("emotions")),
    "labels, trained": judging(_trained_on_labels),
    "labels, trained: records": many_records(_trained_on_labels),
    "criteria, trained": judging(_trained_on_criteria),
    "labels, trained: two heads": judging(_two_heads),
    "two versions": judging(_two_versions),
}


# -- definitions -----------------------------------------------------------------------------------


def _misspelt(size: int) -> dict[str, Any]:
    """As many ids as names in the logic that are none of them."""
    return {
        "kind": "criteria",
        "criteria": [{"id": f"abcd{n}", "statements": ["A."]} for n in range(size)],
        "logic": {"all_of": [f"abce{n}" for n in range(size)]},
    }


def _implied(size: int) -> dict[str, Any]:
    criteria = [
        {"id": f"abcd{n}", "statements": ["A."], "implied_by": {"criterion": f"abce{n}"}}
        for n in range(size)
    ]
    return {"kind": "criteria", "criteria": criteria}


def _measures(name: str) -> Callable[[int], dict[str, Any]]:
    """As many measures, each with a name of its own, or all of one."""
    return lambda size: {
        "criteria": [
            {
                "measure": [
                    {"name": name.format(n), "unit": "g/dL", "below": 5, "least": 1, "most": 20}
                    for n in range(size)
                ]
            }
        ]
    }


def _lines_of_blanks(size: int) -> str:
    """Lines that cannot be read, with so many blanks each."""
    return "\n".join(f"a: b: {' ' * size}x" for _ in range(40))


DEFINITIONS: dict[str, tuple[Callable[[Any], Iterable[object]], Callable[[int], object]]] = {
    "names that are none": (cross_problems, _misspelt),
    "implied by what is none": (cross_problems, _implied),
    "measures": (meaning_problems, _measures("m{}")),
    "measures of one name": (meaning_problems, _measures("m")),
    "lines of blanks": (repaired, _lines_of_blanks),
}
"""What an analyst's definition is checked by, and definitions by their size."""


# -- the encoder ---------------------------------------------------------------------------------


def _alike(rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    return np.full((len(rows), DIMENSIONS), DIMENSIONS**-0.5, np.float32)


@cache
def _encoder() -> TokenEncoder:
    tokens = Tokenizer(to_sentencepiece(json.dumps(VOCABULARY).encode()))
    return TokenEncoder(tokens, lambda: _alike, FakeEncoder.info, threads=1, batch=32)


ENCODERS: dict[str, Subject] = {
    "tokens of a text": of_text(lambda text: _encoder()([text])),
    "tokens of lines": of_text(lambda text: _encoder()(text.split("\n"))),
}


# -- the rest ------------------------------------------------------------------------------------

safe_cells = of_text(safe_cell)
"""What `winnow results --format csv` writes."""
exported_cells = of_text(lambda text: restored(defused(text)))
"""What `winnow reviews export` writes, and what training reads of it."""

ORDINARY = (
    "HISTORY: Melena twice since May 2023; Hgb 8.1 g/dL. It was seen again.\nNo pain, no fever.\n"
    "No pain in his leg.\n",
    "52 yo woman, fifty pounds. Visit date: 3/2/2024. Last colonoscopy 3/2015, two years ago.\n",
    "id,note\n1,Melena twice.\n2,No melena.\n",
)
"""Texts that every module has something to do with."""
