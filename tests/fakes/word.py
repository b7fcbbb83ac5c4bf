"""Word files with parts besides the text: what Word keeps apart from it, part by part."""

import io
import zipfile
from collections.abc import Mapping, Sequence

from tests.fakes import files

DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'
SPACES = (
    f'xmlns:w="{files.WORD}" xmlns:r="{files.RELATIONS}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
Related = tuple[str, str, str | bytes]
"""What a part is to another (the end of a relation's type), its name, its content."""


def part(tag: str, content: str) -> str:
    """A part of WordprocessingML."""
    return f"{DECLARED}<w:{tag} {SPACES}>{content}</w:{tag}>"


def relations(related: Mapping[str, Related], folder: str = "") -> str:
    """The relations of a part, by id."""
    inner = "".join(
        f'<Relationship Id="{key}" Type="{files.RELATIONS}/{kind}" '
        f'Target="{name.removeprefix(folder)}"/>'
        for key, (kind, name, _) in related.items()
    )
    return f'{DECLARED}<Relationships xmlns="{files.PACKAGE}/relationships">{inner}</Relationships>'


def document(
    body: str,
    related: Mapping[str, Related] | None = None,
    more: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """A Word file with this body; `related` are parts it refers to, `more` any others."""
    related = related or {}
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{DECLARED}<Types xmlns="{files.PACKAGE}/content-types"/>',
        "_rels/.rels": relations({"a": ("officeDocument", "word/document.xml", "")}),
        "word/_rels/document.xml.rels": relations(related, "word/"),
        "word/document.xml": part("document", f"<w:body>{body}</w:body>"),
    }
    members.update({name: content for _, name, content in related.values() if content})
    members.update(more or {})
    return files.package(members)


def run(text: str, properties: str = "") -> str:
    """A run of text with properties of its own."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, mark: str = "", properties: str = "") -> str:
    """A paragraph of runs; `mark` are properties of the mark at its end."""
    return f"<w:p><w:pPr>{properties}<w:rPr>{mark}</w:rPr></w:pPr>{''.join(runs)}</w:p>"


def char(kind: str) -> str:
    """A character that begins, parts or ends a field."""
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def code(text: str) -> str:
    """What a field is computed from."""
    return f"<w:r><w:instrText>{text}</w:instrText></w:r>"


def strict(content: bytes) -> bytes:
    """The same file in the strict form of the standard."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        members = {name: package.read(name) for name in package.namelist()}
    for old, new in _STRICT:
        members = {name: data.replace(old, new) for name, data in members.items()}
    return files.package(members)


_STRICT: Sequence[tuple[bytes, bytes]] = [
    (files.WORD.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main"),
    (files.RELATIONS.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships"),
    (
        b"http://schemas.openxmlformats.org/officeDocument/2006/math",
        b"http://purl.oclc.org/ooxml/officeDocument/math",
    ),
]
