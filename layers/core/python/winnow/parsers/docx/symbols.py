"""Letters of the symbol fonts that Word writes by their codes."""

import re

_SYMBOL_FROM_22 = (
    "∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
)
_SYMBOL_FROM_A0 = (
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…\ufffd\ufffd\ufffdℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑"
)
_SYMBOL = {0x20: " ", 0x21: "!", 0xF1: "〉", 0xF2: "∫"}
_SYMBOL |= {0x22 + place: letter for place, letter in enumerate(_SYMBOL_FROM_22)}
_SYMBOL |= {0xA0 + place: letter for place, letter in enumerate(_SYMBOL_FROM_A0)}
_WINGDINGS = {
    **{0x20: " ", 0x6C: "●", 0x6E: "■", 0x6F: "☐", 0x71: "☐", 0x72: "☐", 0x76: "❖", 0x77: "◆"},
    **{0x78: "☒", 0x9F: "•", 0xA1: "○", 0xA3: "○", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xE0: "→"},
    **{0xDF: "←", 0xE8: "➔", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑"},
}
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐"}
_FONTS = {
    "symbol": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
}
_OF_ANY = {**_WINGDINGS, **_SYMBOL, 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xFC: "✓", 0xFE: "☑"}
"""For letters without a font: bullets and ticks are taken from Wingdings."""
_PRIVATE = re.compile("[\uf020-\uf0ff]")


def symbol(font: str, code: str) -> str:
    """The letter of a font with this code, in hexadecimal; U+FFFD for one that is not known."""
    try:
        number = int(code[-4:], 16)
    except ValueError:
        return "\ufffd"
    letters = _FONTS.get(font.lower())
    if letters is None:
        # A font that names its letters as Unicode does: a box to tick of MS Gothic.
        return "\ufffd" if number < 0x20 or 0xD800 <= number < 0xF900 else chr(number)
    return letters.get(number & 0xFF, "\ufffd")


def from_symbol_font(text: str, font: str) -> str:
    """A run's text, whose letters stand for others in a symbol font."""
    letters = _FONTS.get(font.lower())
    if letters is not None:
        return "".join(
            letters.get(ord(char) & 0xFF, char)
            if ord(char) < 0x100 or "\uf020" <= char <= "\uf0ff"
            else char
            for char in text
        )
    if text.isascii():
        return text
    return _PRIVATE.sub(lambda match: _OF_ANY.get(ord(match.group()) & 0xFF, match.group()), text)
