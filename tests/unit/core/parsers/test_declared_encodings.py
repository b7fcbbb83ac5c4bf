"""Names of encodings in files: text encodings by the web's names, and no other codec."""

import codecs
import encodings
import io
import pkgutil
from encodings.aliases import aliases

import pytest

from tests.fakes import files
from winnow.parsers.labels import codec_of, declared_codec, decode
from winnow.readers import ReadLimits, Source, read

NAMES = sorted(
    {
        *aliases,
        *aliases.values(),
        *(module.name for module in pkgutil.iter_modules(encodings.__path__)),
    }
)
NO_TEXT = (
    "base64", "base64_codec", "bz2", "hex", "zip", "zlib", "uu", "quopri", "rot13", "rot_13",
    "punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem",
    "charmap", "palmos", "cp037", "cp500", "../../etc/passwd", "nosuch", "",
)  # fmt: skip
BYTES = b"caf\xe9 \x80\x81\x9d \\x41 =41 xn--4ca &#8211; +AGE- \xd8\x3d"


def text(content: bytes, name: str) -> list[str]:
    with Source(io.BytesIO(content), name, ["note"], ["id"], ReadLimits()) as opened:
        return [getattr(record, "text", None) or record.code for record in read(opened)]


def page(name: str) -> bytes:
    return f'<html><head><meta charset="{name}"></head><body><p>'.encode() + BYTES


@pytest.mark.parametrize("name", NO_TEXT)
def test_a_codec_that_is_none_for_text_means_nothing(name):
    assert codec_of(name) is None


def test_every_codec_of_python_reads_as_text_or_means_nothing():
    for name in NAMES:
        for label in {name, name.replace("_", "-"), name.upper()}:
            codec = codec_of(label)
            if codec is not None:
                assert codecs.lookup(codec)._is_text_encoding
                assert isinstance(decode(b"caf\xe9 and more \x81", codec).text, str)
            assert declared_codec(page(label)) in (codec, "utf-8", None)


def test_no_name_of_an_encoding_takes_the_rest_of_an_archive_along():
    pages = {f"{number}.html": page(name) for number, name in enumerate(NO_TEXT)}
    found = text(files.package({"a.txt": "First.", **pages, "z.txt": "Last."}), "x.zip")
    assert len(found) == len(NO_TEXT) + 2
    assert (found[0], found[-1]) == ("First.", "Last.")
    assert all(one.startswith("caf") for one in found[1:-1])


@pytest.mark.parametrize("name", ["base64", "unicode_escape", "x-nosuch", "punycode"])
def test_pages_mails_and_xml_with_such_a_name_are_read(name):
    assert text(page(name), "x.html")[0].startswith("caf")
    xhtml = f'<?xml version="1.0" encoding="{name}"?><html><body>café'.encode("cp1252")
    assert text(xhtml, "x.xhtml") == ["café"]
    head = f"From: a@b\nMessage-ID: <1>\nContent-Type: text/plain; charset={name}\n\n"
    assert text(head.encode() + "Déjà vu, naïveté".encode("cp1252"), "x.eml") == [
        "Déjà vu, naïveté"
    ]


@pytest.mark.parametrize(
    ("label", "content", "read_as"),
    [
        ("iso-8859-1", b"hasn\x92t", "hasn’t"),
        ("us-ascii", b"\x93no\x94", "“no”"),
        ("latin1", b"\x96", "–"),
        ("iso-8859-9", b"\xfe\x92", "ş’"),
        ("x-mac-roman", b"\x8e", "é"),
        ("utf-16", "Déjà".encode("cp1252"), "Déjà"),
        ("shift_jis", "下血".encode("cp932"), "下血"),
        ("tis-620", "ถ่าย".encode("cp874"), "ถ่าย"),
    ],
)
def test_pages_are_read_by_the_names_of_the_web(label, content, read_as):
    assert text(f"<html><meta charset={label}><p>".encode() + content, "x.html") == [read_as]


def test_bytes_that_a_declared_encoding_lacks_are_marked_and_noted():
    content = b"<html><meta charset=windows-1252><p>caf\xe9 \x81"
    with Source(io.BytesIO(content), "x.html", ["note"], [], ReadLimits()) as opened:
        assert [record.text for record in read(opened)] == ["café \ufffd"]
    assert [note.code for note in opened.notes] == ["bytes_replaced"]
