"""Records whose text is markup: RTF, HTML or XML in the cell of a table."""

import re
from enum import Enum

_RTF = re.compile(r"[\s\ufeff]{0,200}\{\\rtf")
_XML = re.compile(r"[\s\ufeff]{0,200}<\?xml\b")
_TAG = re.compile(
    r"[\s\ufeff]{0,200}<(?:!doctype html|!--|(?:html|head|body|meta|div|p|span|font|pre|center|br"
    r"|hr|b|i|u|s|em|strong|small|del|ins|strike|a|section|article|h[1-6]|ul|ol|li|dl|table|tbody"
    r"|tr|td|th|style|script|input|select|form|label|img)\b)",
    re.IGNORECASE,
)
_END = re.compile(r"</[a-z][a-z0-9]{0,15}\s{0,5}>", re.IGNORECASE)
_DELETED = re.compile(
    r"</(?:s|del|strike)\s{0,5}>"
    r"|<[a-z][^<>]{0,500}(?:line-through|display\s{0,5}:\s{0,5}none|\shidden\b)",
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"<(?:style|script|template|noscript|input|select|option|textarea|td|th)\b"
    r"|<!--(?!\s{0,5}(?:start|end)fragment\s{0,5}-->)"  # what a clipboard adds
    r"|(?:visibility\s{0,5}:\s{0,5}(?:hidden|collapse)|(?:font-size|opacity)\s{0,5}:\s{0,5}0[;a-z\"'])",
    re.IGNORECASE,
)


class Markup(Enum):
    """What the markup of a text does."""

    NONE = "none"
    PLAIN = "plain"
    """Its words are the text, whatever stands around them."""
    TELLING = "telling"
    """Without it the words may say the contrary: some are deleted, hidden, or in a table."""


def markup_of(text: str) -> Markup:
    """Whether a text is markup, and whether its words say the same without it.

    >>> markup_of("Hb <8"), markup_of("<p>No melena.</p>"), markup_of("<s>No</s> melena")
    (<Markup.NONE: 'none'>, <Markup.PLAIN: 'plain'>, <Markup.TELLING: 'telling'>)
    """
    if _RTF.match(text) or _XML.match(text):
        return Markup.TELLING
    if "</" not in text:
        return Markup.NONE
    if _DELETED.search(text):
        return Markup.TELLING
    if not _TAG.match(text) or not _END.search(text):
        return Markup.NONE
    return Markup.TELLING if _TELLING.search(text) else Markup.PLAIN
