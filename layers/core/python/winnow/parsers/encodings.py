"""Which encoding bytes that are not UTF-8 have: the one whose reading is the likeliest text.

No name of an encoding stands in a CSV, so each candidate's reading is scored, character by
character: letters that its languages have are cheap, others dear, and so are a capital after a
small letter and a script change inside a word. Windows-1252 wins what is left undecided. Short
samples can be read wrongly all the same: whoever uses a guess has to say so to the user.
"""

import math
import re
from functools import cache

_LATIN_1 = "éèêàâçôûùîïëäöüßñáíóúåøæãõÉÈÀÇÄÖÜÑÅØ"
_LATIN_2 = "ąćęłńóśźżáčďéěíňřšťúůýžäöüßőűâăîșțşţŁŚŻČŘŠŽĐđ"
_TURKISH = "çğıöşüİÇĞÖŞÜâ"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώςϊΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯіїєґёІЇЄ"
_HEBREW = "".join(map(chr, range(0x5D0, 0x5EB)))
_BALTIC = "ąčęėįšųūžĄČĘĖĮŠŲŪŽāēģīķļņĀĒĢĪĶĻŅõäöü"
_THAI = "".join(map(chr, [*range(0xE01, 0xE3B), *range(0xE40, 0xE4F)]))
_ARABIC = "".join(map(chr, range(0x621, 0x64B)))

_FREQUENT = frozenset("αοιετσνηυρπκλόάίςέоеаинтсрвлкмдпуяיולהאמרתבשנחاليمنترعوبدานรกอเงว่้มยลทป")
"""The letters that best_score words of the other scripts are made of."""

_SINGLE = (
    ("cp1252", _LATIN_1, 0.0),
    ("cp1250", _LATIN_2, -4.0),
    ("iso8859_2", _LATIN_2, -5.0),
    ("iso8859_15", _LATIN_1 + "€œŒšŠžŽ", -6.0),
    ("cp1257", _BALTIC, -6.0),
    ("cp1254", _TURKISH, -5.0),
    ("mac_roman", _LATIN_1, -5.0),
    ("cp850", _LATIN_1, -5.0),
    ("iso8859_7", _GREEK, -4.0),
    ("cp1253", _GREEK, -4.5),
    ("cp1251", _CYRILLIC, -4.0),
    ("koi8_r", _CYRILLIC, -5.0),
    ("cp866", _CYRILLIC, -5.0),
    ("cp1255", _HEBREW, -4.0),
    ("cp1256", _ARABIC, -4.0),
    ("cp874", _THAI, -6.0),
)
_MULTI = (
    ("cp932", -3.0),
    ("euc_jp", -4.0),
    ("gb18030", -3.0),
    ("big5", -4.0),
    ("cp949", -3.5),
)
TITLES = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250 (Central European)",
    "iso8859_2": "ISO 8859-2 (Central European)",
    "iso8859_15": "ISO 8859-15",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1254": "Windows-1254 (Turkish)",
    "mac_roman": "Mac Roman",
    "cp850": "DOS 850",
    "iso8859_7": "ISO 8859-7 (Greek)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8_r": "KOI8-R (Cyrillic)",
    "cp866": "DOS 866 (Cyrillic)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp874": "Windows-874 (Thai)",
    "cp932": "Shift-JIS (CP932, Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "CP949 (Korean)",
}
"""Every encoding that is guessed, and what it is called in notes."""

_PUNCTUATION = frozenset("‘’“”–—…•°§€£«»´·\u00a0®©±²³µ½¼×")
_SAMPLE = 20_000
_MIN_BYTES = 3
"""Fewer bytes than these say nothing."""
_HIGH = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*")

_COMMON = math.log(1 / 20)
_PUNCT = math.log(1 / 80)
_RARE = math.log(1 / 70)
_LETTER = math.log(1 / 1_000)
_OTHER = math.log(1 / 10_000)
_CAPITAL_AFTER_SMALL = -4.0
_SCRIPT_CHANGE = -4.0
_RUN = -3.0
_IN_A_WORD = -4.0
_CUT = -12.0


def guess(sample: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8: a Python codec's name."""
    lines = b"\n".join(line for line in _HIGH.findall(sample) if not _is_utf8(line))[:_SAMPLE]
    best, best_score = "cp1252", -math.inf
    if sum(byte > 0x7F for byte in lines) < _MIN_BYTES:
        return best
    for name, letters, prior in _SINGLE:
        score = prior + _single(lines, name, frozenset(letters))
        if score > best_score:
            best, best_score = name, score
    for name, prior in _MULTI:
        score = prior + _multi(lines, name)
        if score > best_score:
            best, best_score = name, score
    return best


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@cache
def _table(name: str) -> tuple[str, ...]:
    return tuple(bytes([byte]).decode(name, "replace") for byte in range(256))


def _single(sample: bytes, name: str, common: frozenset[str]) -> float:
    table = _table(name)
    foreign = ord(min(common)) > 0x250
    score = 0.0
    earlier = before = " "
    run = 0
    for byte in sample:
        char = table[byte]
        if char.isalpha() and before in _PUNCTUATION and before != "’" and earlier.isalpha():
            score += _IN_A_WORD
        if byte < 0x80:
            if foreign and char.isalpha() and before > "\x80" and before.isalpha():
                score += _SCRIPT_CHANGE
            run = 0
            earlier, before = before, char
            continue
        if char in common:
            score += _COMMON if not foreign or char in _FREQUENT else _RARE
        elif char == "\ufffd":
            score += 2 * _OTHER
        elif char in _PUNCTUATION:
            score += _PUNCT
        else:
            score += _LETTER if char.isalpha() else _OTHER
        if char.isalpha():
            if before.islower() and char.isupper():
                score += _CAPITAL_AFTER_SMALL
            if foreign and before < "\x80" and before.isalpha():
                score += _SCRIPT_CHANGE
            if before == "ς":  # the sigma that ends a word
                score += _SCRIPT_CHANGE
            run += 1
            if run > 2 and not foreign:
                score += _RUN
        else:
            run = 0
        earlier, before = before, char
    return score


def _multi(sample: bytes, name: str) -> float:
    for cut in range(min(4, len(sample))):
        try:
            text = sample[: len(sample) - cut].decode(name)
            break
        except UnicodeDecodeError:
            continue
    else:
        return -math.inf
    # A cut through the middle of a character at the end of a full sample is no fault.
    score = _CUT if cut and len(sample) < _SAMPLE else 0.0
    run = 0
    before = " "
    for char in text:
        if char < "\x80":
            if run == 1:
                score -= 2.0  # words of these scripts are rarely one character
            if before >= "\x80" and char.isalpha():
                score += _SCRIPT_CHANGE
            run = 0
        else:
            if before < "\x80" and before.isalpha():
                score += _SCRIPT_CHANGE
            score += _east_asian(char, name)
            run += 1
        before = char
    return score - 2.0 if run == 1 else score


def _east_asian(char: str, name: str) -> float:
    code = ord(char)
    if 0x3040 <= code <= 0x30FF:  # kana
        return math.log(1 / 80) if name in ("cp932", "euc_jp") else math.log(1 / 20_000)
    if 0xAC00 <= code <= 0xD7A3:  # hangul
        return math.log(1 / 700) if _frequent(char, "euc_kr") else math.log(1 / 100_000)
    if 0x4E00 <= code <= 0x9FFF:
        if name == "cp949":
            return math.log(1 / 50_000)
        return math.log(1 / 1_500) if _frequent(char, name) else math.log(1 / 60_000)
    if 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E:
        return math.log(1 / 200)
    return math.log(1 / 100_000)


def _frequent(char: str, name: str) -> bool:
    """Whether a character is of the first level of its national standard: the everyday ones."""
    if name in ("cp932", "euc_jp"):
        codes = _encoded(char, "euc_jp")
        return len(codes) == 2 and 0xB0 <= codes[0] <= 0xCF
    if name == "gb18030":
        codes = _encoded(char, "gb2312")
        return len(codes) == 2 and 0xB0 <= codes[0] <= 0xD7
    if name == "big5":
        codes = _encoded(char, "big5")
        return len(codes) == 2 and 0xA4 <= codes[0] <= 0xC6
    return len(_encoded(char, name)) == 2


def _encoded(char: str, name: str) -> bytes:
    try:
        return char.encode(name)
    except UnicodeEncodeError:
        return b""
