"""Every reader: any text survives a round trip; any bytes give records or a catalogued error."""

import csv
import email.message
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import files, pictures
from tests.fakes.examples import examples
from tests.fuzz.__main__ import CORPUS
from tests.fuzz.targets import SEEDS, TARGETS, in_process, patched, reader
from winnow.errors import WinnowError
from winnow.readers import READERS, ReadLimits, Source, read, sandbox
from winnow.readers.ocr import Pictures
from winnow.readers.pages.geometry import Line, Page

Draw = st.DataObject
RoundTrip = Callable[[Draw], tuple[bytes, list[str]]]
"""Draws a file and the texts of its records."""

ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), min_size=1)
TEXT = ANY.filter(str.strip)
LINES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=60
)
WORDS = st.lists(
    st.text(st.characters(categories=["Lu", "Ll", "Nd"], max_codepoint=0x17F), min_size=1),
    min_size=1,
    max_size=6,
).map(" ".join)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


def csv_of(data: Draw, marks: str = ",;|\t") -> tuple[bytes, list[str]]:
    texts = data.draw(st.lists(TEXT, min_size=1, max_size=6))
    out = io.StringIO(newline="")
    # Where lines end with LF alone, Python's writer does not quote a CR.
    quoting, end = data.draw(
        st.sampled_from(
            [(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_MINIMAL, "\r\n")]
        )
    )
    writer = csv.writer(
        out,
        delimiter=data.draw(st.sampled_from(marks)),
        quoting=quoting,  # type: ignore[arg-type]
        lineterminator=end,
    )
    writer.writerow(["id", "note", "x"])
    for number, text in enumerate(texts):
        writer.writerow([str(number), text, data.draw(ANY)])
    return out.getvalue().encode(data.draw(st.sampled_from(ENCODINGS))), texts


def tsv_of(data: Draw) -> tuple[bytes, list[str]]:
    return csv_of(data, "\t")


def jsonl_of(data: Draw) -> tuple[bytes, list[str]]:
    texts = data.draw(st.lists(TEXT, min_size=1, max_size=6))
    plain = data.draw(st.booleans())
    lines = [json.dumps({"id": 1, "note": text}, ensure_ascii=plain) for text in texts]
    return "\n".join(lines).encode(data.draw(st.sampled_from(ENCODINGS))), texts


def json_of(data: Draw) -> tuple[bytes, list[str]]:
    texts = data.draw(st.lists(TEXT, min_size=1, max_size=6))
    elements = [{"x": [1.5, {"y": None}], "note": text} for text in texts]
    shape = data.draw(st.sampled_from([elements, {"n": 1, "records": elements}, {"a": elements}]))
    indent = data.draw(st.sampled_from([None, 2]))
    content = json.dumps(shape, ensure_ascii=data.draw(st.booleans()), indent=indent)
    return content.encode(data.draw(st.sampled_from(ENCODINGS))), texts


def txt_of(data: Draw) -> tuple[bytes, list[str]]:
    text = "A report of a case.\n" + data.draw(LINES)
    return text.encode(data.draw(st.sampled_from(ENCODINGS))), [text.rstrip("\n")]


def html_of(data: Draw) -> tuple[bytes, list[str]]:
    texts = data.draw(st.lists(WORDS, min_size=1, max_size=4))
    return ("<html>" + "".join(f"<p>{text}</p>" for text in texts)).encode(), ["\n".join(texts)]


def eml_of(data: Draw) -> tuple[bytes, list[str]]:
    text = data.draw(WORDS)
    message = email.message.EmailMessage()
    message["From"] = "a@b.example"
    message["MIME-Version"] = "1.0"
    message.set_content(text, charset="utf-8", cte="base64")
    return message.as_bytes(), [text]


def pdf_of(data: Draw) -> tuple[bytes, list[str]]:
    # Hardly a vowel on a page would mean a font without its table of letters: ask OCR.
    word = st.text("abcXYZ019", max_size=6).map(lambda drawn: f"ae{drawn}")
    words = data.draw(st.lists(word, min_size=1))
    lines = [" ".join(words[at : at + 6]) for at in range(0, len(words), 6)]
    return files.pdf([files.lines(["A sentence of words:", *lines])]), [
        "A sentence of words: " + " ".join(words)
    ]


def docx_of(data: Draw) -> tuple[bytes, list[str]]:
    texts = data.draw(st.lists(WORDS, min_size=1, max_size=4))
    return files.docx("".join(map(files.paragraph, texts))), ["\n".join(texts)]


def xlsx_of(data: Draw) -> tuple[bytes, list[str]]:
    texts = data.draw(st.lists(WORDS, min_size=1, max_size=4))
    return files.xlsx({"A": [["id", "note"], *[["x", f"T {text}"] for text in texts]]}), [
        f"T {text}" for text in texts
    ]


def zip_of(data: Draw) -> tuple[bytes, list[str]]:
    kinds = data.draw(st.lists(st.sampled_from(["csv", "jsonl", "json", "txt"]), min_size=1))
    drawn = [(kind, *ROUND_TRIPS[kind](data)) for kind in kinds]
    members = {f"{at}.{kind}": content for at, (kind, content, _) in enumerate(drawn)}
    return files.package(members), [text for _, _, texts in drawn for text in texts]


def picture_of(made: Callable[[], tuple[bytes, ...]]) -> RoundTrip:
    def drawn(data: Draw) -> tuple[bytes, list[str]]:
        SEEN[:] = [data.draw(WORDS)]
        return data.draw(st.sampled_from(made()[:3])), list(SEEN)

    return drawn


SEEN: list[str] = []


def ocr(file: IO[bytes], kind: Pictures, pages: Sequence[int] | None) -> Iterator[Page]:
    """Finds on every picture what SEEN holds."""
    assert pages is None
    yield Page(1, 612, 792, tuple(Line(text, 72, 72, 540, 84, 0.99) for text in SEEN))


ROUND_TRIPS: dict[str, RoundTrip] = {
    "csv": csv_of,
    "tsv": tsv_of,
    "jsonl": jsonl_of,
    "json": json_of,
    "txt": txt_of,
    "md": txt_of,
    "html": html_of,
    "eml": eml_of,
    "pdf": pdf_of,
    "docx": docx_of,
    "xlsx": xlsx_of,
    "zip": zip_of,
    "png": picture_of(pictures.pngs),
    "jpeg": picture_of(pictures.jpegs),
    "tiff": picture_of(pictures.tiffs),
    "webp": picture_of(pictures.webps),
    "gif": picture_of(pictures.gifs),
}


REFLOWED = frozenset({"pdf", "png", "jpeg", "tiff", "webp", "gif"})
"""Kinds whose lines are put back into sentences: their words are compared."""


def test_every_reader_has_a_round_trip_a_fuzz_target_and_seeds():
    assert set(ROUND_TRIPS) == set(READERS)
    assert set(TARGETS) == {*READERS, "any"}
    assert {name for name, seeds in SEEDS.items() if seeds} == set(TARGETS)


@pytest.fixture(autouse=True)
def parsers_in_this_process(monkeypatch):
    monkeypatch.setattr(sandbox, "parse", in_process)


@pytest.mark.parametrize("kind", READERS)
@given(data=st.data())
@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_text_survives(kind, data):
    content, texts = ROUND_TRIPS[kind](data)
    with Source(
        io.BytesIO(content), f"x.{kind}", ["note"], ["id"], ReadLimits(), ocr=ocr
    ) as source:
        found = list(read(source))
    read_from = [getattr(record, "text", record) for record in found]
    if kind in REFLOWED:
        assert [text.split() for text in read_from] == [text.split() for text in texts]
    else:
        assert read_from == texts


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> bytes:
    """A seed of this kind with some bytes changed, put in, taken out or cut off; or any bytes."""
    content = bytearray(draw(st.sampled_from(SEEDS[kind])))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        content[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    if draw(st.booleans()):
        del content[draw(st.integers(0, len(content))) :]
    return bytes(content) if draw(st.integers(0, 3)) else draw(st.binary(max_size=400))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", READERS)
@given(data=st.data())
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_bytes_give_records_or_a_catalogued_error(kind, data):
    # The target lets every error pass that is none of the catalogue.
    content = data.draw(damaged(kind))
    patched(reader(TARGETS[kind]))(content)
    patched(reader(""))(content)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged TIFFs
@pytest.mark.parametrize("name", TARGETS)
def test_what_fuzzing_kept_ends_well(name):
    target = patched(reader(TARGETS[name]))
    with zipfile.ZipFile(CORPUS / f"{name}.zip") as kept:
        assert kept.namelist()
        for member in kept.namelist():
            target(kept.read(member))


def test_a_target_lets_other_errors_pass(monkeypatch):
    monkeypatch.setattr("winnow.readers.tabular.delimited.sniff", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        reader(".csv")(b"id,note\n1,a\n")
    assert not issubclass(ZeroDivisionError, WinnowError)
