"""HTML as tags and text, in time in proportion to its length, whatever is in it.

As the HTML standard's tokenizer does it (https://html.spec.whatwg.org/#tokenization), but for names
of attributes that stand twice and for comments inside scripts. Python's html.parser takes time in
the square of the length for tags and comments that are never closed.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

_SPACE = "\t\n\f\r "
_PLAIN = re.compile(rf"([^<]*)<(/?)([a-zA-Z][^{_SPACE}/>]*)[{_SPACE}]*>")
"""Text, then a tag that has no attributes."""
_NAME = re.compile(rf"</?([a-zA-Z][^{_SPACE}/>]*)")
_ATTRIBUTE = re.compile(
    rf"""[{_SPACE}/]*([^{_SPACE}/>][^{_SPACE}/>=]*)"""
    rf"""(?:[{_SPACE}]*=[{_SPACE}]*(?:"([^"]*)"|'([^']*)'|([^"'{_SPACE}>][^{_SPACE}>]*)|(?=>)))?"""
)
_OPEN_QUOTE = re.compile(rf"""[{_SPACE}]*=[{_SPACE}]*["']""")
_TAG_END = re.compile(rf"[{_SPACE}/]*>")
_COMMENT_END = re.compile(r"--!?>")
_RAW = frozenset(("script", "style", "xmp", "iframe", "noembed", "noframes", "noscript"))
_RAW_WITHOUT_SCRIPTS = _RAW - {"noscript"}
_ESCAPABLE = frozenset(("textarea", "title"))
_NUMBER = re.compile(r"&#(?:0+(?=[0-9])|([xX])0+(?=[0-9a-fA-F]))")
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
_STYLES = re.compile(
    rf"<!--|<(style|script|textarea|title|xmp|iframe|noscript)(?=[{_SPACE}/>])", re.I
)

_STYLE = re.compile("<style", re.IGNORECASE)
_LINK = re.compile(rf"<link(?=[{_SPACE}/>])", re.IGNORECASE)
_LINKS = re.compile(f"{_STYLES.pattern}|{_LINK.pattern}", re.IGNORECASE)
_CDATA = "<![CDATA["
_XML_ONLY = re.compile(r"<!--(?P<comment>)|<!\[CDATA\[")

Attributes = dict[str, str]


class Tag(NamedTuple):
    """A tag; `text` is what an element of nothing but text holds, such as a script."""

    name: str
    attributes: Attributes
    end: bool = False
    text: str | None = None
    closed: bool = False
    """Whether it ends with `/>`, which closes elements of XML, of drawings and of formulas."""


_NONE: Attributes = {}


class Markup:
    """The tokens of a page: its texts, entities replaced, and its tags.

    `foreign` is set while the reader is inside of SVG, where no element holds nothing but text;
    `swallowed` says that something was begun that no one closes, and took all that follows it.
    A page that is `xml` closes any element with `/>`, and has texts in CDATA. Where no `scripts`
    run, as in a mail program, a `noscript` holds elements like any other.
    """

    def __init__(self, text: str, *, xml: bool = False, scripts: bool = True) -> None:
        self._text = text
        self._xml = xml
        self._raw = _RAW if scripts else _RAW_WITHOUT_SCRIPTS
        self.foreign = False
        self.swallowed = 0

    def __iter__(self) -> Iterator[Tag | str]:
        text = self._text
        size = len(text)
        at = 0
        while at < size:
            if plain := _PLAIN.match(text, at):
                before, slash, name = plain.groups()
                at = plain.end()
                if before:
                    yield unescaped(before) if "&" in before else before
                tag: Tag | str | None = Tag(name.lower(), _NONE, bool(slash))
            else:
                start = text.find("<", at)
                while 0 <= start < size - 1 and not _begins(text, start):
                    start = text.find("<", start + 1)
                if start < 0 or start == size - 1:
                    yield unescaped(text[at:])
                    return
                if start > at:
                    yield unescaped(text[at:start])
                tag, at = self._other(start)
            if tag is None:
                continue
            if isinstance(tag, str):
                yield tag
                continue
            if not tag.end and not self.foreign:
                if tag.name == "plaintext":
                    yield tag
                    yield text[at:]
                    return
                if tag.name in self._raw or tag.name in _ESCAPABLE:
                    content, at = self._content(tag, at)
                    yield tag._replace(text=content)
                    continue
            yield tag

    def holds_elements(self, name: str) -> bool:
        """Whether a `noscript` is shown, with the elements in it."""
        return name == "noscript" and name not in self._raw

    def _other(self, start: int) -> tuple[Tag | str | None, int]:
        """What a `<` begins that is no tag without attributes, and where it ends."""
        text = self._text
        if (self._xml or self.foreign) and text.startswith(_CDATA, start):
            end_of_text = text.find("]]>", start)
            if end_of_text < 0:
                return None, self._swallow(start)
            return text[start + len(_CDATA) : end_of_text], end_of_text + len("]]>")
        if not (name := _NAME.match(text, start)):
            return None, self._comment(start)
        at = name.end()
        attributes: Attributes = {}
        while not (end := _TAG_END.match(text, at)):
            attribute = _ATTRIBUTE.match(text, at)
            if (
                not attribute
                or attribute.end() == len(text)
                or _OPEN_QUOTE.match(text, attribute.end())
            ):
                return None, self._swallow(start)
            at = attribute.end()
            value = attribute[2] or attribute[3] or attribute[4] or ""
            attributes.setdefault(attribute[1].lower(), value)
        closed = end.group().endswith("/>")
        return Tag(name[1].lower(), attributes, text[start + 1] == "/", None, closed), end.end()

    def _comment(self, start: int) -> int:
        """The end of a comment, a document type, or what browsers take for a comment."""
        text = self._text
        if not text.startswith("<!--", start):
            end = text.find(">", start)
            return end + 1 if end >= 0 else self._swallow(start)
        for empty in ("<!-->", "<!--->"):
            if text.startswith(empty, start):
                return start + len(empty)
        comment_end = _COMMENT_END.search(text, start + 4)
        return comment_end.end() if comment_end else self._swallow(start)

    def _content(self, tag: Tag, at: int) -> tuple[str, int]:
        """What an element of nothing but text holds, and where its end tag begins."""
        if tag.closed and self._xml:
            return "", at
        name = tag.name
        end = re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE).search(self._text, at)
        if end:
            content, at = self._text[at : end.start()], end.start()
        elif name == "textarea":
            content, at = self._text[at:], len(self._text)
        else:
            self._swallow(at)
            return "", len(self._text)
        if self._xml:
            return xml_text(content), at
        return (unescaped(content) if name in _ESCAPABLE else content), at

    def _swallow(self, start: int) -> int:
        self.swallowed += len(self._text) - start
        return len(self._text)


def style_sheets(
    text: str, *, xml: bool = False, scripts: bool = True
) -> Iterator[tuple[Attributes, str]]:
    """The style elements of a page, wherever they stand: each with its attributes."""
    if not _STYLE.search(text):
        return
    markup = Markup(text, xml=xml, scripts=scripts)
    at = 0
    while match := _STYLES.search(text, at):
        if match[1] is None:
            at = markup._comment(match.start())
            continue
        tag, at = markup._other(match.start())
        if isinstance(tag, Tag) and not markup.holds_elements(tag.name):
            content, at = markup._content(tag, at)
            if tag.name == "style":
                yield tag.attributes, content


def link_tags(text: str) -> Iterator[tuple[int, int, Attributes]]:
    """The links of a mail's page to its style sheets and others: where each begins and ends."""
    if not _LINK.search(text):
        return
    markup = Markup(text, scripts=False)
    at = 0
    while match := _LINKS.search(text, at):
        start = match.start()
        if match.group() == "<!--":
            at = markup._comment(start)
            continue
        tag, at = markup._other(start)
        if not isinstance(tag, Tag):
            continue
        if tag.name == "link":
            yield start, at, tag.attributes
        elif not markup.holds_elements(tag.name):
            _, at = markup._content(tag, at)


def xml_text(text: str) -> str:
    """A text of XML: without its comments, its entities replaced but in CDATA."""
    pieces = []
    at = 0
    while found := _XML_ONLY.search(text, at):
        pieces.append(unescaped(text[at : found.start()]))
        is_comment = found["comment"] is not None
        closing = "-->" if is_comment else "]]>"
        end = text.find(closing, found.end())
        end = len(text) if end < 0 else end
        if not is_comment:
            pieces.append(text[found.end() : end])
        at = end + len(closing)
    pieces.append(unescaped(text[at:]))
    return "".join(pieces)


def unescaped(text: str) -> str:
    """A text with its entities replaced."""
    if "&" not in text:
        return text
    if "&#" in text:
        text = _NUMBER.sub(lambda match: f"&#{match[1] or ''}", text)
        text = _LONG_NUMBER.sub("\ufffd", text)
    return html.unescape(text)


def _begins(text: str, start: int) -> bool:
    """Whether a `<` begins something."""
    char = text[start + 1]
    if char == "/":
        return start + 2 < len(text)
    return ("a" <= char <= "z") or ("A" <= char <= "Z") or char in "!?"
