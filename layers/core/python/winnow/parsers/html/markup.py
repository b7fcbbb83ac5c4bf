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
_ESCAPABLE = frozenset(("textarea", "title"))
_NUMBER = re.compile(r"&#(?:0+(?=[0-9])|([xX])0+(?=[0-9a-fA-F]))")
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
_STYLES = re.compile(
    rf"<!--|<(style|script|textarea|title|xmp|iframe|noscript)(?=[{_SPACE}/>])", re.I
)

_STYLE = re.compile("<style", re.IGNORECASE)

Attributes = dict[str, str]


class Tag(NamedTuple):
    """A tag; `text` is what an element of nothing but text holds, such as a script."""

    name: str
    attributes: Attributes
    end: bool = False
    text: str | None = None


_NONE: Attributes = {}


class Markup:
    """The tokens of a page: its texts, entities replaced, and its tags.

    `foreign` is set while the reader is inside of SVG, where no element holds nothing but text;
    `swallowed` says that something was begun that no one closes, and took all that follows it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
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
                tag: Tag | None = Tag(name.lower(), _NONE, bool(slash))
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
            if not tag.end and not self.foreign:
                if tag.name == "plaintext":
                    yield tag
                    yield text[at:]
                    return
                if tag.name in _RAW or tag.name in _ESCAPABLE:
                    content, at = self._content(tag.name, at)
                    if tag.name in _ESCAPABLE:
                        content = unescaped(content)
                    yield tag._replace(text=content)
                    continue
            yield tag

    def _other(self, start: int) -> tuple[Tag | None, int]:
        """What a `<` begins that is no tag without attributes, and where it ends."""
        text = self._text
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
        return Tag(name[1].lower(), attributes, text[start + 1] == "/"), end.end()

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

    def _content(self, name: str, at: int) -> tuple[str, int]:
        end = re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE).search(self._text, at)
        if end:
            return self._text[at : end.start()], end.start()
        if name == "textarea":
            return self._text[at:], len(self._text)
        self._swallow(at)
        return "", len(self._text)

    def _swallow(self, start: int) -> int:
        self.swallowed += len(self._text) - start
        return len(self._text)


def style_sheets(text: str) -> Iterator[tuple[Attributes, str]]:
    """The style elements of a page, wherever they stand: each with its attributes."""
    if not _STYLE.search(text):
        return
    markup = Markup(text)
    at = 0
    while match := _STYLES.search(text, at):
        if match[1] is None:
            at = markup._comment(match.start())
            continue
        tag, at = markup._other(match.start())
        if tag:
            content, at = markup._content(tag.name, at)
            if tag.name == "style":
                yield tag.attributes, content


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
