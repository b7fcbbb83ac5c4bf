"""Which parts of a mail are its body, which its attachments, and which are no text of it.

One mail is one record. What `multipart/alternative` holds is one text several times: the first
plain one that says something, else the page. What else stands in its branches is an attachment,
but for texts in other forms (calendars, AMP, RTF), which are the same mail once more.
"""

import email
import email.policy
import html
import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Protocol

from winnow.parsers.errors import ParseError
from winnow.parsers.mail.transfer_encodings import unpacked
from winnow.parsers.merged_cells import Cell, flat, tables_in

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
    ("application/rtf", "application/x-rtf", "text/rtf", "text/x-amp-html", "text/watch-html")
)
"""Types in an alternative, besides calendars, that are the same text in another form."""
_RESOURCES = frozenset(("text/javascript", "application/javascript", "application/x-javascript"))
"""What pages of web archives use, besides pictures and fonts, that is no text."""
_ENCRYPTED = frozenset(
    ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")
)
_BOUNDARY = re.compile(rb"^--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\n(?=content-|\r?\n)", re.I | re.M)
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,100}(?:<\?xml[^<>]{0,200}\?>\s{0,100})?<(?:!doctype\s{1,9}html|html)[\s>]",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_BOX = re.compile(r"\[[ xX]\]|[☐☒☑✓]")
_BOX_IN_PAGE = re.compile(_BOX.pattern + r"|\bcheckbox\b|\bradio\b", re.IGNORECASE)
_FORM = re.compile(
    r"<(?:select|textarea|input(?![^<>]{0,500}\btype\s{0,9}=\s{0,9}[\"']?"
    r"(?:hidden|checkbox|radio|submit|button|image)))\b",
    re.IGNORECASE,
)
"""What holds what somebody has entered."""
_RAISED = re.compile(r"\d\^\d")
_EMPTY_BOXES = frozenset(("[ ]", "☐"))
_SAYS = re.compile("[^\\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]")
"""A character that is seen."""

_LOOKS = frozenset(("hidden_text", "symbols_unknown"))
"""Notes of pages whose plain text may say otherwise."""
_MAX_ANSWER = 40
"""Characters of a cell that may be a title, a mark or an answer."""

_MAX_HEADER_CHARS = 10_000
"""Characters of a header that the library takes apart by parameters, in quadratic time."""
_PARTED = frozenset(("content-type", "content-disposition"))


class _Policy(email.policy.Compat32):
    """compat32: the newer policy parses every header by grammar, slowly, and fails on bad ones."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MAX_HEADER_CHARS] if name.lower() in _PARTED else value


POLICY = _Policy()


class PartReader(Protocol):
    """Reads parts of a mail."""

    def lines(self, part: Message) -> list[list[Any]]:
        """The text of a part."""

    def notes(self, part: Message) -> list[list[Any]]:
        """What is to be noted of a part if it is read."""


@dataclass
class MailParts:
    """The parts of a mail, each in the order in which it has them."""

    body: list[Message] = field(default_factory=list)
    attachments: list[Message] = field(default_factory=list)
    encrypted: list[Message] = field(default_factory=list)
    without_text: int = 0
    differing: bool = False
    """Whether alternatives were left out that say something else than the last of their kind."""

    def add(self, other: "MailParts", *, body: bool = True) -> None:
        """Take over the contents of a part of this one."""
        if body:
            self.body += other.body
        self.attachments += other.attachments
        self.encrypted += other.encrypted
        self.without_text += other.without_text
        self.differing = self.differing or other.differing


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
    return unpacked(part).content


def is_page_called_text(part: Message) -> bool:
    """Whether a plain text without a name is a whole page: some programs send pages so."""
    if part.is_multipart() or part.get_content_type() != "text/plain" or filename(part):
        return False
    return _PAGE.match(content_of(part)) is not None


def sort(message: Message, reader: PartReader) -> MailParts:
    """The parts of a mail; of the alternatives, those that say nothing go."""
    sorter = _Sorter(reader)
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
    def __init__(self, reader: PartReader) -> None:
        self._lines = reader.lines
        self._notes = reader.notes
        self._seen = 0
        self._chosen: set[int] = set()
        """Parts that are the body as one of several alternatives."""

    def words(self, part: Message) -> list[str]:
        """The words of a part."""
        return [word for text in self._texts(part) for word in _WORD.findall(text)]

    def _texts(self, part: Message) -> Iterator[str]:
        for item in self._lines(part):
            yield from [item[1]] if item[0] == "text" else map(flat, item[2])

    def _boxes(self, body: Sequence[Message]) -> list[bool]:
        """The boxes of a form in a text: of each, whether it is ticked."""
        boxes = (box for part in body for text in self._texts(part) for box in _BOX.findall(text))
        return [box not in _EMPTY_BOXES for box in boxes]

    def says(self, part: Message) -> int:
        """The length of a part's text, in characters."""
        return sum(len(text.strip()) for text in self._texts(part) if _SAYS.search(text))

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
            return MailParts(without_text=int(kind != "text/css"))
        if kind in _ENCRYPTED:
            return MailParts(encrypted=[part])
        if kind in _BODIES and part.get_content_disposition() != "attachment":
            return MailParts(attachments=[part]) if filename(part) else MailParts(body=[part])
        return MailParts(attachments=[part])

    def _alternative(self, branches: Sequence[Message]) -> MailParts:
        mail = MailParts()
        bodies: list[list[Message]] = []
        unnamed = {of_type(branch) for branch in branches if not filename(branch)}
        for branch in branches:
            if _is_other_form(branch):
                mail.without_text += 1
                continue
            inner = self.sorted(branch)
            if inner.attachments == [branch] and _may_be_body(branch, unnamed):
                inner = MailParts(body=[branch])
            mail.add(inner, body=False)
            if inner.body:
                bodies.append(inner.body)
        mail.body = self._choice(bodies, mail)
        self._chosen.update(map(id, mail.body))
        if not mail.body and not mail.attachments:
            # Nothing but other forms: better those than nothing.
            mail.attachments = [branch for branch in branches if _is_other_form(branch)]
        return mail

    def _choice(self, bodies: list[list[Message]], mail: MailParts) -> list[Message]:
        """The plain text, unless the page beside it says more, or shows what plain text cannot."""
        said = [body for body in bodies if any(map(self.says, body))]
        plain = self._last([body for body in said if not _is_page(body)], mail)
        page = self._last([body for body in said if _is_page(body)], mail)
        if plain and page:
            return page if self._is_page_better(plain, page) else plain
        return plain or page

    def _last(self, bodies: list[list[Message]], mail: MailParts) -> list[Message]:
        """The last of several of a kind, which is the richest one (RFC 2046); none with marks."""
        if not bodies:
            return []
        last = next((body for body in reversed(bodies) if not _is_marked(body)), bodies[-1])
        if len(bodies) > 1:
            words = {word for part in last for word in self.words(part)}
            mail.differing = mail.differing or any(
                not words.issuperset(self.words(part))
                for body in bodies
                if not _is_marked(body)
                for part in body
            )
        return last

    def _is_page_better(self, plain: Sequence[Message], page: Sequence[Message]) -> bool:
        """Whether a page has more to say than the plain text beside it, or says it by its look."""
        if 2 * sum(map(self.says, plain)) < sum(map(self.says, page)):
            return True
        noted = {note[1] for part in page for note in self._notes(part)}
        if "struck_text" in noted:
            return True
        of_plain, of_page = self._boxes(plain), self._boxes(page)
        source = "\n".join(content_of(part).decode("utf-8", "replace") for part in page)
        if len(of_plain) > len(of_page):  # others are pictures in the page, unless it hides them
            return "hidden_text" in noted and len(of_plain) <= len(_BOX_IN_PAGE.findall(source))
        if of_plain != of_page:
            return True
        has_look = (
            noted & _LOOKS
            or _FORM.search(source)
            or any(_RAISED.search(text) for part in page for text in self._texts(part))
            or any(map(self._has_columns, page))
        )
        return bool(has_look) and self._has_text_of(source, plain)

    def _has_columns(self, page: Message) -> bool:
        """Whether a page has a table whose columns say something: below titles, short cells."""
        counts: Counter[int] = Counter()
        for item in self._lines(page):
            if item[0] != "row":
                continue
            counts[item[1]] += _is_short_row(item[2])
            inner = (table for cell in item[2] for table in tables_in(cell))
            if counts[item[1]] > 1 or any(sum(map(_is_short_row, rows)) > 1 for rows in inner):
                return True
        return False

    def _has_text_of(self, source: str, plain: Sequence[Message]) -> bool:
        """Whether a page, with what it hides, has most of the words of the plain text.

        Others are made of pictures, or only say where the mail is.
        """
        has = set(_WORD.findall(html.unescape(source)))
        words = {word for part in plain for word in self.words(part) if len(word) > 2}
        return 2 * len(words & has) >= len(words)

    def _related(self, parts: Sequence[Message]) -> MailParts:
        """A page and what it shows: its pictures are part of it, other files are attachments."""
        mail = MailParts()
        for part in parts:
            mail.add(self.sorted(part))
        page = next(iter(mail.attachments), None)
        if page and page is parts[0] and not mail.body and _may_be_body(page, ()):
            mail.attachments.remove(page)
            mail.body = [page]
        shown = self._pictures_shown(mail)
        mail.attachments = [part for part in mail.attachments if not _is_shown(part, shown)]
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
        content = content_of(part)
        if match := _BOUNDARY.search(content):
            head = f"Content-Type: {part.get_content_type()}; boundary=".encode()
            raw = head + b'"' + match[1].replace(b'"', b"") + b'"\n\n' + content
            again = email.message_from_bytes(raw, policy=POLICY)
            if isinstance(again.get_payload(), list):
                return self.sorted(again)
        if not content.strip():
            return MailParts()
        return MailParts(body=[email.message_from_bytes(b"\n" + content, policy=POLICY)])


def _is_other_form(branch: Message) -> bool:
    """Whether a branch of an alternative is the same mail in a form that is not read."""
    return (
        branch.get_content_type() in _OTHER_FORMS
        and not branch.is_multipart()
        and not filename(branch)
        and branch.get_content_disposition() != "attachment"
    )


def _may_be_body(branch: Message, unnamed: Container[str]) -> bool:
    """Whether a branch with a name is what others have without one."""
    kind = of_type(branch)
    return (
        kind in _BODIES and kind not in unnamed and branch.get_content_disposition() != "attachment"
    )


def _is_short_row(cells: Sequence[Cell]) -> bool:
    """Whether a row has, behind its first cell, one such as marks and answers."""
    return any(0 < len(flat(cell).strip()) <= _MAX_ANSWER for cell in cells[1:])


def _is_marked(body: Sequence[Message]) -> bool:
    """Whether a plain text has marks in it, such as Markdown's."""
    return any(part.get_content_type() in _PLAIN for part in body)


def _is_page(body: Sequence[Message]) -> bool:
    return any(of_type(part) == "text/html" for part in body)


def _is_shown(part: Message, pages: str) -> bool:
    """Whether a page shows a picture, or uses a font or script; what has a name is a file."""
    is_picture = part.get_content_maintype() == "image"
    if not is_picture and of_type(part) not in _RESOURCES and part.get_content_maintype() != "font":
        return False
    name = str(part.get("content-id", "")).strip().strip("<>")
    place = str(part.get("content-location", "")).strip()
    if is_picture and ((name and name in pages) or (place and place in pages)):
        return True
    return part.get_content_disposition() != "attachment" and not filename(part)


def _find_body(mail: MailParts) -> None:
    """A mail without a body, whose first attachment is a text without a name, has it there."""
    for part in mail.attachments:
        if of_type(part) in _BODIES and not filename(part):
            mail.attachments.remove(part)
            mail.body = [part]
            return
