"""Style sheets that a web archive has beside its page: put into it where it links to them."""

import html
import re
from contextlib import suppress
from email.message import Message
from urllib.parse import unquote, urljoin

from winnow.parsers.html.markup import Attributes, link_tags, unescaped
from winnow.parsers.labels import codec_of, decode
from winnow.parsers.mail.transfer_encodings import unpacked

_FOLD = re.compile(r"[\r\n][ \t\r\n]*")
MISSING_NOTE = (
    "styles_left_out",
    "A style sheet that the page links to is not in the file: text that it hides may have been "
    "read.",
)


class LinkedSheets:
    """The style sheets of a mail, by the addresses that its pages have for them."""

    def __init__(self, message: Message, most_chars: int) -> None:
        self._left = most_chars
        self._sheets: dict[str, Message] = {}
        for part in message.walk():
            if part.get_content_type() != "text/css" or part.is_multipart():
                continue
            if place := _place(part):
                self._sheets.setdefault(place, part)
            if name := str(part.get("content-id", "")).strip().strip("<>"):
                self._sheets.setdefault(f"cid:{name}", part)
        self._is_archive = bool(self._sheets) or "snapshot-content-location" in message

    def applied(self, page: str, part: Message) -> tuple[str, bool]:
        """A page with its style sheets, and whether one of them is missing.

        Mails often link to a sheet on the web, which no mail program fetches: none is missing.
        """
        out: list[str] = []
        copied = 0
        is_missing = False
        base = _place(part)
        for start, end, attributes in link_tags(page):
            if not _is_sheet(attributes):
                continue
            href = unescaped(attributes.get("href", "")).strip()
            sheet = self._css(href, base)
            if sheet is None:
                is_inside = href.lower().startswith("cid:")
                is_missing = is_missing or self._is_archive or is_inside
                continue
            is_missing = is_missing or "@import" in sheet
            media = html.escape(attributes.get("media", ""))
            out += (page[copied:start], f'<style media="{media}">', sheet, "</style>")
            copied = end
        return "".join((*out, page[copied:])), is_missing

    def _css(self, href: str, base: str) -> str | None:
        address = href
        with suppress(ValueError):
            address = urljoin(base, href)
        names = (address, href, unquote(address), unquote(href))
        part = next((self._sheets[name] for name in names if name in self._sheets), None)
        if part is None:
            return None
        codec = None
        with suppress(LookupError, ValueError, AttributeError, TypeError):
            codec = codec_of(part.get_content_charset("") or "")
        text = decode(unpacked(part).content, codec).text
        self._left -= len(text)
        return text.replace("</", "<\\/") if self._left >= 0 else None


def _place(part: Message) -> str:
    """The address that a part had on the web."""
    return _FOLD.sub("", str(part.get("content-location", ""))).strip()


def _is_sheet(attributes: Attributes) -> bool:
    kinds = attributes.get("rel", "").lower().split()
    return "stylesheet" in kinds and "alternate" not in kinds and "disabled" not in attributes
