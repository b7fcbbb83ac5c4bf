"""Marks of forms, and the letters of symbol fonts that draw them, as the signs that judging knows.

An empty box is ☐, a ticked one ☒ or ☑, whatever glyph the document draws it with. What the fonts
draw besides, bullets above all, stays what it is; a glyph that is not known here is U+FFFD, never
a letter.
"""

import re

OPEN = "___"
"""An answer of a form that was left open."""
UNKNOWN = "\ufffd"
"""A glyph of a symbol font that is not known."""
UNKNOWN_NOTE = (
    "symbols_unknown",
    "Some boxes or signs of symbol fonts are not known here and were read as U+FFFD: look at the "
    "document.",
)
_EMPTY, _CROSSED, _TICKED = "☐", "☒", "☑"
_BOXES = frozenset((_EMPTY, _CROSSED, _TICKED))

_SYMBOL_FROM_22 = (
    "∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
)
_SYMBOL_FROM_A0 = (
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…\ufffd\ufffd\ufffdℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑"
)
_SYMBOL = {0x20: " ", 0x21: "!", 0xF1: "〉", 0xF2: "∫"}
_SYMBOL |= {0x22 + place: letter for place, letter in enumerate(_SYMBOL_FROM_22)}
_SYMBOL |= {0xA0 + place: letter for place, letter in enumerate(_SYMBOL_FROM_A0)}


def _font(**signs: tuple[int, ...]) -> dict[int, str]:
    """Letters of a font by their codes, from the codes of each sign."""
    names = {"empty": _EMPTY, "crossed": _CROSSED, "ticked": _TICKED}
    return {code: names.get(sign, sign) for sign, codes in signs.items() for code in codes}


_WINGDINGS = {
    **_font(empty=(0x6D, 0x6F, 0x70, 0x71, 0x72, 0xA1, 0xA2, 0xA3, 0xA6, 0xA8)),
    **_font(crossed=(0x78, 0xA4, 0xFD), ticked=(0xFE,)),
    **{0x20: " ", 0x21: "✏", 0x28: "☎", 0x2A: "✉", 0x46: "☞", 0x6C: "●", 0x6E: "■"},
    **{0x73: "◆", 0x74: "◆", 0x75: "◆", 0x76: "❖", 0x77: "◆", 0x9E: "·", 0x9F: "•", 0xA0: "▪"},
    **{0xA7: "▪", 0xAA: "✦", 0xAB: "★", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓"},
    **{0xE7: "←", 0xE8: "➔", 0xE9: "↑", 0xEA: "↓", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩"},
    **{0xFB: "✗", 0xFC: "✓"},
}
_WINGDINGS_2 = {
    **_font(empty=(0x2A, 0x99, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7)),
    **_font(crossed=(0x51, 0x53, 0x54), ticked=(0x52,)),
    **{0x20: " ", 0x4F: "✗", 0x50: "✓", 0x95: "·", 0x96: "•", 0x97: "●", 0x98: "●"},
    **{0x9E: "▪", 0x9F: "▪", 0xA0: "▪", 0xA1: "▪", 0xA2: "■"},
}
_WINGDINGS_3 = {0x20: " "} | dict.fromkeys((*range(0x21, 0x7F), *range(0x80, 0xFF)), "➢")
"""Arrows and triangles, all of them: bullets."""
_WEBDINGS = {
    **_font(empty=(0x63,)),
    **{0x20: " ", 0x61: "✓", 0x67: "■", 0x6E: "●", 0x72: "✗", 0x3D: "▪"},
}
_DINGBATS = {
    **_font(empty=(0x6D, 0x6F, 0x70, 0x71, 0x72)),
    **{0x20: " ", 0x21: "✁", 0x25: "☎", 0x28: "✈", 0x29: "✉", 0x2A: "☛", 0x2B: "☞", 0x2F: "✏"},
    **{0x33: "✓", 0x34: "✔", 0x35: "✕", 0x36: "✖", 0x37: "✗", 0x38: "✘", 0x48: "★", 0x49: "☆"},
    **{0x6C: "●", 0x6E: "■", 0x73: "▲", 0x74: "▼", 0x75: "◆", 0x76: "❖", 0x77: "◗"},
    **{0xD4: "➔", 0xD8: "➢", 0xE0: "➠", 0xE4: "➤"},
}
_FONTS: dict[str, dict[int, str]] = {
    "symbol": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdings2": _WINGDINGS_2,
    "wingdings3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
    "zapfdingbats": _DINGBATS,
    "itczapfdingbats": _DINGBATS,
    "dingbats": _DINGBATS,
    "monotypesorts": _DINGBATS,
}
_NAME = re.compile(r"(?:[a-z]{6}\+)?(.{0,60}?)(?:mt|ps|psmt|bt)?(?:[-,].{0,30})?")
"""A font's name in a PDF: with what tells subsets apart, and with its style."""
_OF_ANY = {
    **_WINGDINGS_2,
    **_WINGDINGS,
    **_SYMBOL,
    **{0xA7: "▪", 0xD8: "➢", 0xFC: "✓", 0x50: "✓", 0x6C: "●", 0x6E: "■", 0x76: "❖", 0xA4: UNKNOWN},
    **_font(empty=(0x6F, 0x70, 0x71, 0x72, 0xA1, 0xA2, 0xA3, 0xA8)),
    **_font(crossed=(0x78, 0xFD), ticked=(0x52, 0xFE)),
}
"""For letters whose font is not told: boxes and bullets are taken before Greek letters."""
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_SAME = {
    **dict.fromkeys("□▢◻◽⬜❍❏❐❑❒◯⚪🗆🗌🞎🞏🞐", _EMPTY),
    **dict.fromkeys("⌧⊠▣◉⦿🗵🗷", _CROSSED),
    "🗹": _TICKED,
    "✔": "✓",
}
"""Boxes and circles of Unicode that are drawn to be ticked; ○, ● and ■ are bullets as well."""
_TO_SAME = str.maketrans(_SAME)
_ANY_SAME = re.compile(f"[{''.join(_SAME)}]")


def symbol_font(name: str) -> str:
    """The symbol font of this name, as a key for `from_symbol_font`; "" for fonts of letters."""
    plain = name.lower().replace(" ", "").replace("_", "").strip("\"'")
    if plain in _FONTS:
        return plain
    match = _NAME.fullmatch(plain)
    return str(match[1]) if match and match[1] in _FONTS else ""


def symbol(font: str, code: str) -> str:
    """The letter of a font with this code, in hexadecimal; U+FFFD for one that is not known."""
    try:
        number = int(code[-4:], 16)
    except ValueError:
        return UNKNOWN
    letters = _FONTS.get(symbol_font(font))
    if letters is None:
        # A font that names its letters as Unicode does: a box to tick of MS Gothic.
        return UNKNOWN if number < 0x20 or 0xD800 <= number < 0xF900 else plain_marks(chr(number))
    return letters.get(number & 0xFF, UNKNOWN)


def from_symbol_font(text: str, font: str) -> str:
    """A text whose letters stand for others in a symbol font; "" is a font of letters."""
    if not font:
        return plain_marks(text)
    letters = _FONTS[font]
    return plain_marks(
        "".join(
            char if char.isspace() or not _is_code(char) else letters.get(ord(char) & 0xFF, UNKNOWN)
            for char in text
        )
    )


def plain_marks(text: str) -> str:
    """A text whose marks are those that judging knows, whichever signs they were."""
    if text.isascii():
        return text
    if _PRIVATE.search(text):
        text = _PRIVATE.sub(_of_any, text)
    return text.translate(_TO_SAME) if _ANY_SAME.search(text) else text


def is_box(text: str) -> bool:
    """Whether a text is nothing but one box."""
    return text in _BOXES


def _is_code(char: str) -> bool:
    return ord(char) < 0x100 or "\uf020" <= char <= "\uf0ff"


def _of_any(match: re.Match[str]) -> str:
    char = match.group()
    return _OF_ANY.get(ord(char) & 0xFF, UNKNOWN) if _is_code(char) else UNKNOWN
