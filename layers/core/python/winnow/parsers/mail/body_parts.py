"""Which parts of a mail are its body, which its attachments, and which are no text of it.

One mail is one record. What `multipart/alternative` holds is one text several times: the first
plain one that says something, else the page. What else stands in its branches is an attachment,
but for texts in other forms (calendars, AMP, RTF), which are the same mail once more.
"""

import email
import email.policy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from winnow.parsers.errors import ParseError

_MAX_PARTS = 1_000
_MESSAGES = frozenset(("message/rfc822", "message/global", "message/news"))
_BODIES = ("text/plain", "text/html")
_PLAIN = frozenset(("text/markdown", "text/x-markdown", "text/enriched", "text/richtext"))
"""Text with marks in it, which are text, too."""
_WITHOUT_TEXT = frozenset(
    re.findall(
        r"\S+",
        """
        application/pgp-signature application/pkcs7-signature application/x-pkcs7-signature
        application/pgp-keys application/applefile application/ics
        text/calendar text/x-vcalendar text/vcard text/x-vcard text/directory text/css
        text/rfc822-headers message/delivery-status message/disposition-notification
        message/feedback-report message/tracking-status message/external-body
        """,
    )
)
"""Types that contain no case: signatures, calendars, cards, receipts."""
_OTHER_FORMS = frozenset(
    ("application/rtf", "application/x-rtf", "application/json", "application/ld+json",
     "application/xhtml+xml")
)  # fmt: skip
"""Types in an alternative, besides `text/*`, that are the same text in another form."""
_ENCRYPTED = frozenset(
    ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")
)
_BOUNDARY = re.compile(r"^--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\n(?=content-|\r?\n)", re.I | re.M)
_WORD = re.compile(r"\w+")
_BOX = re.compile(r"\[[ xX]\]|[☐☒☑✓]")
_SAYS = re.compile("[^\\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]")
"""A character that is seen."""

_MAX_HEADER_CHARS = 10_000
"""Characters of a header that the library takes apart by parameters, in quadratic time."""
_PARTED = frozenset(("content-type", "content-disposition"))


class _Policy(email.policy.Compat32):
    """compat32: the newer policy parses every header by grammar, slowly, and fails on bad ones."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MAX_HEADER_CHARS] if name.lower() in _PARTED else value


POLICY = _Policy()

Lines = Callable[[Message], list[list[Any]]]


@dataclass
class MailParts:
    """The parts of a mail, each in the order in which it has them."""

    body: list[Message] = field(default_factory=list)
    attachments: list[Message] = field(default_factory=list)
    encrypted: list[Message] = field(default_factory=list)
    without_text: int = 0

    def add(self, other: "MailParts", *, body: bool = True) -> None:
        """Take over the contents of a part of this one."""
        if body:
            self.body += other.body
        self.attachments += other.attachments
        self.encrypted += other.encrypted
        self.without_text += other.without_text


def of_type(part: Message) -> str:
    """The type of a part; older names as today's."""
    kind = part.get_content_type()
    if kind in _PLAIN:
        return "text/plain"
    return "text/html" if kind == "application/xhtml+xml" else kind


def filename(part: Message) -> str:
    """The name of a part, as it is written; "" if there is none that can be read."""
    try:
        return str(part.get_filename() or "")
    except (LookupError, ValueError, AttributeError, TypeError):
        return ""


def content_of(part: Message) -> bytes:
    """The bytes of a part, as they were before they were packed for the mail."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):  # what it calls its encoding is a codec that is none of text
        content = None
    if isinstance(content, bytes):
        return content
    payload = part.get_payload()
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def sort(message: Message, lines: Lines, strikes: Callable[[Message], bool]) -> MailParts:
    """The parts of a mail; of the alternatives, those that say nothing go.

    `lines` reads a part, `strikes` tells whether it has text that is struck through.
    """
    sorter = _Sorter(lines, strikes)
    mail = sorter.sorted(message)
    texts = [part for part in mail.body if sorter.says(part)]
    pages = [part for part in texts if of_type(part) == "text/html"]
    if len(pages) < len(texts) and pages and message.get_content_type() != "multipart/alternative":
        mail.body = sorter.without_copies(texts, mail)
    elif texts:
        mail.body = texts
    mail.attachments = [part for part in mail.attachments if not sorter.is_blank(part)]
    if not texts:
        _find_body(mail)
    return mail


class _Sorter:
    def __init__(self, lines: Lines, strikes: Callable[[Message], bool]) -> None:
        self._lines = lines
        self._strikes = strikes
        self._seen = 0
        self._chosen: set[int] = set()
        """Parts that are the body as one of several alternatives."""

    def words(self, part: Message) -> list[str]:
        """The words of a part."""
        words: list[str] = []
        for item in self._lines(part):
            for text in [item[1]] if item[0] == "text" else item[2]:
                words += _WORD.findall(text)
        return words

    def _boxes(self, body: Sequence[Message]) -> int:
        """How many boxes of a form a text has."""
        return sum(
            len(_BOX.findall(text))
            for part in body
            for item in self._lines(part)
            for text in ([item[1]] if item[0] == "text" else item[2])
        )

    def says(self, part: Message) -> int:
        """The length of a part's text, in characters."""
        return sum(
            len(text.strip())
            for item in self._lines(part)
            for text in ([item[1]] if item[0] == "text" else item[2])
            if _SAYS.search(text)
        )

    def is_blank(self, part: Message) -> bool:
        """Whether an attachment without a name of its own is empty."""
        name = filename(part)
        if of_type(part) not in _BODIES or (name and not name.upper().startswith("ATT0")):
            return False
        return not self.says(part)

    def sorted(self, part: Message) -> MailParts:
        self._seen += 1
        if self._seen > _MAX_PARTS:
            raise ParseError("file_bomb", f"The mail has more than {_MAX_PARTS:,} parts.")
        kind = of_type(part)
        payload = part.get_payload()
        if isinstance(payload, list) and kind not in _MESSAGES and kind not in _WITHOUT_TEXT:
            inner = [child for child in payload if isinstance(child, Message)]
            if kind == "multipart/alternative":
                return self._alternative(inner)
            if kind == "multipart/related":
                return self._related(inner)
            if kind == "multipart/encrypted":
                return MailParts(encrypted=[part])
            mail = MailParts()
            for child in inner[:1] if kind == "multipart/signed" else inner:
                mail.add(self.sorted(child))
            if kind == "multipart/signed":
                mail.without_text += len(inner) > 1
                for child in inner[2:]:  # a signed mail has two parts; lists add a footer
                    mail.add(self.sorted(child))
            return mail
        return self._leaf(part, kind)

    def _leaf(self, part: Message, kind: str) -> MailParts:
        if kind.startswith("multipart/"):
            return self._broken(part)
        if kind in _WITHOUT_TEXT:
            return MailParts(without_text=1)
        if kind in _ENCRYPTED:
            return MailParts(encrypted=[part])
        if kind in _BODIES and part.get_content_disposition() != "attachment":
            return MailParts(attachments=[part]) if filename(part) else MailParts(body=[part])
        return MailParts(attachments=[part])

    def _alternative(self, branches: Sequence[Message]) -> MailParts:
        mail = MailParts()
        bodies: list[list[Message]] = []
        for branch in branches:
            inner = self.sorted(branch)
            if not isinstance(branch.get_payload(), list) and self._is_other_form(branch):
                mail.without_text += not inner.body
                inner.attachments = []
            mail.add(inner, body=False)
            if inner.body:
                bodies.append(inner.body)
        mail.body = self._choice(bodies)
        self._chosen.update(map(id, mail.body))
        if not mail.body and not mail.attachments:
            # Nothing but other forms: better those than nothing.
            mail.attachments = [
                branch
                for branch in branches
                if not branch.is_multipart() and self._is_other_form(branch)
            ]
        return mail

    def _is_other_form(self, part: Message) -> bool:
        kind = part.get_content_type()
        if kind in _BODIES and part.get_content_disposition() == "attachment":
            return False
        return kind.startswith("text/") or kind in _OTHER_FORMS

    def _choice(self, bodies: list[list[Message]]) -> list[Message]:
        """The plain text, unless the page beside it says much more, or what is ticked or struck."""
        counted = [(sum(self.says(part) for part in body), _is_page(body), body) for body in bodies]
        plain = next((body for body in counted if body[0] and not body[1]), None)
        page = next((body for body in counted if body[0] and body[1]), None)
        if plain and page:
            has_more = 2 * plain[0] < page[0] or self._boxes(plain[2]) < self._boxes(page[2])
            if has_more or any(map(self._strikes, page[2])):
                return page[2]
        choice = plain or page
        return choice[2] if choice else []

    def _related(self, parts: Sequence[Message]) -> MailParts:
        """A page and what it shows: its pictures are part of it, other files are attachments."""
        mail = MailParts()
        for part in parts:
            mail.add(self.sorted(part))
        shown = self._pictures_shown(mail)
        mail.attachments = [
            part
            for part in mail.attachments
            if not (part.get_content_maintype() == "image" and _is_shown(part, shown))
        ]
        return mail

    def _pictures_shown(self, mail: MailParts) -> str:
        pages = [part for part in mail.body if of_type(part) == "text/html"]
        return "\n".join(content_of(page).decode("latin-1") for page in pages)

    def without_copies(self, texts: list[Message], mail: MailParts) -> list[Message]:
        """The texts of a mail that has plain ones and pages, though not as alternatives.

        A page beside plain text is an attachment, unless it says the same: then it is no second
        case.
        """
        plain = [part for part in texts if of_type(part) != "text/html"]
        plain_words = [word for part in plain for word in self.words(part)]
        kept: list[Message] = []
        for part in texts:
            if of_type(part) != "text/html" or id(part) in self._chosen:
                kept.append(part)
                continue
            words = self.words(part)
            if words == plain_words[: len(words)] or words == plain_words[-len(words) :]:
                continue
            if plain_words and words[: len(plain_words)] == plain_words:
                return [part]
            mail.attachments.append(part)
        return kept

    def _broken(self, part: Message) -> MailParts:
        """A multipart part whose boundary is missing or wrong, split by another or read as text."""
        payload = part.get_payload()
        text = payload if isinstance(payload, str) else ""
        if match := _BOUNDARY.search(text):
            boundary = match[1].replace('"', "")
            raw = f'Content-Type: {part.get_content_type()}; boundary="{boundary}"\n\n{text}'
            again = email.message_from_bytes(raw.encode("utf-8", "surrogateescape"), policy=POLICY)
            if isinstance(again.get_payload(), list):
                return self.sorted(again)
        if not text.strip():
            return MailParts()
        whole = Message(policy=POLICY)
        whole.set_payload(text)
        return MailParts(body=[whole])


def _is_page(body: Sequence[Message]) -> bool:
    return any(of_type(part) == "text/html" for part in body)


def _is_shown(picture: Message, pages: str) -> bool:
    """Whether a page shows a picture; one that was attached to it by name is a file."""
    name = str(picture.get("content-id", "")).strip().strip("<>")
    place = str(picture.get("content-location", "")).strip()
    if (name and name in pages) or (place and place in pages):
        return True
    return picture.get_content_disposition() != "attachment" and not filename(picture)


def _find_body(mail: MailParts) -> None:
    """A mail without a body, whose first attachment is a text without a name, has it there."""
    for part in mail.attachments:
        if of_type(part) in _BODIES and not filename(part):
            mail.attachments.remove(part)
            mail.body = [part]
            return
