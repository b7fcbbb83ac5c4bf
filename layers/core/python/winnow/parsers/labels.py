"""Names of encodings as files give them, and the codec that each one means.

The table is that of the WHATWG's Encoding Standard (https://encoding.spec.whatwg.org/#names-and-labels):
what calls itself Latin 1 or ASCII is Windows-1252. Beside it stand a few text encodings that mails
name and browsers do not know. A name that is in neither means nothing: Python's other codecs are no
text (base64, zip, rot13), or run what they are given (unicode_escape).
"""

import codecs
import re
from typing import NamedTuple

_WHATWG = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859_2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 "
    "iso_8859-2:1987 l2 latin2",
    "iso8859_3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 "
    "iso_8859-3:1988 l3 latin3",
    "iso8859_4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 "
    "iso_8859-4:1988 l4 latin4",
    "iso8859_5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 "
    "iso_8859-5 iso_8859-5:1988",
    "iso8859_6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 "
    "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso8859_7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 "
    "iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    "iso8859_8": "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 "
    "iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical",
    "iso8859_10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859_13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859_14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859_15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso8859_16": "iso-8859-16",
    "koi8_r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8_u": "koi8-ru koi8-u",
    "mac_roman": "csmacintosh mac macintosh x-mac-roman",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 "
    "iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
    "iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk "
    "gb18030",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022_jp": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 "
    "ksc5601 ksc_5601 windows-949",
    "utf-16-be": "unicodefffe utf-16be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
}
_BESIDE = {
    "utf-8": "utf-8-sig utf8mb4 utf-8n cp65001 x-utf-8",
    "cp1252": "latin-1 iso_8859_1 iso8859_1 ansi windows1252 8859_1",
    "cp437": "cp437 ibm437 437 cspc8codepage437",
    "cp850": "cp850 ibm850 850 cspc850multilingual",
    "cp852": "cp852 ibm852 852",
    "cp855": "cp855 ibm855 855",
    "cp858": "cp858 ibm00858",
    "cp932": "cp932",
    "cp936": "cp936 windows-936 ms936",
    "cp949": "cp949 uhc ms949",
    "cp950": "cp950 windows-950 ms950",
    "euc_jp": "eucjp euc_jp ujis",
    "johab": "johab cp1361 ms1361",
    "hz": "hz-gb-2312 hz hz-gb",
    "iso2022_kr": "iso-2022-kr csiso2022kr",
    "iso2022_jp_2": "iso-2022-jp-1 iso-2022-jp-2 csiso2022jp2",
    "iso2022_jp_3": "iso-2022-jp-3 iso-2022-jp-2004",
    "iso2022_jp_ext": "iso-2022-jp-ext",
    "mac_latin2": "x-mac-ce x-mac-centraleurroman maccentraleurope",
    "mac_greek": "x-mac-greek",
    "mac_turkish": "x-mac-turkish",
    "utf-7": "utf-7 unicode-1-1-utf-7 csunicode11utf7",
    "utf-32-be": "utf-32be",
    "utf-32-le": "utf-32 utf-32le",
}

_CODECS = {
    label: codec
    for table in (_BESIDE, _WHATWG)
    for codec, labels in table.items()
    for label in labels.split()
}
_WIDE = re.compile("utf-(?:16|32|7)")
_DECLARED = re.compile(
    rb"""<(?:meta[^>]{0,500}?charset|\?xml[^>]{0,200}?encoding)\s{0,20}=\s{0,20}"""
    rb"""["']?\s{0,20}([^\s"'/>;]{2,40})""",
    re.IGNORECASE,
)
_HEAD_BYTES = 1 << 16
_SEVERAL_BYTES = frozenset(
    ("gb18030", "big5hkscs", "euc_jp", "cp932", "cp949", "cp936", "cp950", "johab")
)
_MIN_HIGH_BYTES = 12


class ByteOrderMark(NamedTuple):
    """What UTF-8, UTF-16 and UTF-32 may begin with."""

    mark: bytes
    codec: str
    """Of what follows the mark."""
    consuming_codec: str
    """Of the mark and what follows it; the text comes out without the mark."""


_BYTE_ORDER_MARKS = (
    ByteOrderMark(codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    # Before UTF-16, whose little-endian mark is the beginning of this one.
    ByteOrderMark(codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
    ByteOrderMark(codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ByteOrderMark(codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
    ByteOrderMark(codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
)


class Decoded(NamedTuple):
    """A text, and what was wrong with its bytes, if anything was."""

    text: str
    problem: str | None = None
    """`guessed` where another encoding than the declared one was taken, or none was declared;
    `replaced` where bytes stand for no character."""
    codec: str = "utf-8"


def codec_of(label: str) -> str | None:
    """The Python codec that the name of an encoding means; None where it means none.

    >>> codec_of(" ISO-8859-1 "), codec_of("base64")
    ('cp1252', None)
    """
    return _CODECS.get(label.strip("\t\n\f\r ").lower())


def byte_order_mark(content: bytes) -> ByteOrderMark | None:
    """The byte-order mark that bytes begin with."""
    return next((bom for bom in _BYTE_ORDER_MARKS if content.startswith(bom.mark)), None)


def declared_codec(head: bytes) -> str | None:
    """The codec that HTML or XML declares. What can be read without knowing it is not UTF-16."""
    for match in _DECLARED.finditer(head[:_HEAD_BYTES]):
        if codec := codec_of(match[1].decode("ascii", "replace")):
            return "utf-8" if _WIDE.match(codec) else codec
    return None


def is_utf8(content: bytes) -> bool:
    """Whether bytes are UTF-8 to their end."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def decode(content: bytes, codec: str | None) -> Decoded:
    """Bytes as text: by their mark, else as UTF-8 where that is what they are, else by `codec`.

    Bytes above 0x7F that are UTF-8 throughout are hardly ever anything else, whatever they are
    declared_codec to be. What fits neither is guessed.
    """
    from winnow.parsers.encodings import guess

    if bom := byte_order_mark(content):
        content = content[len(bom.mark) :]
        codec = bom.codec
    elif codec is None or (not _WIDE.match(codec) and not content.isascii()):
        # Two or three letters of an encoding of several bytes may happen to be UTF-8.
        few = (
            codec in _SEVERAL_BYTES
            and sum(byte > 0x7F for byte in content[:1_000]) < _MIN_HIGH_BYTES
        )
        if not few and is_utf8(content):
            text = content.decode("utf-8")
            return Decoded(text, "guessed" if codec not in (None, "utf-8") else None)
    if codec and codec != "utf-8":
        try:
            return Decoded(content.decode(codec), None, codec)
        except UnicodeError:
            return Decoded(content.decode(codec, "replace"), "replaced", codec)
    if is_utf8(content):
        return Decoded(content.decode("utf-8"))
    guessed = guess(content)
    return Decoded(content.decode(guessed, "replace"), "guessed", guessed)
