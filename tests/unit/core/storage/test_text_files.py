"""Text files of people, also from Windows."""

from pathlib import Path

import pytest

from winnow.errors import ProcessInvalidError, StagesInvalidError
from winnow.storage.text_files import read_text


@pytest.mark.parametrize(
    ("content", "text", "written"),
    [
        (b"", "", b"new\n"),
        (b"a\nb\n", "a\nb\n", b"new\n"),
        (b"a", "a", b"new\n"),
        (b"a\r\nb\r\n", "a\nb\n", b"new\r\n"),
        (b"a\r\nb\r\nc\n", "a\nb\nc\n", b"new\r\n"),
        (b"a\nb\nc\r\n", "a\nb\nc\n", b"new\n"),
        (b"\xef\xbb\xbfa\n", "a\n", b"new\n"),
        (b"\xef\xbb\xbf\xc3\xa9\r\n", "\xe9\n", b"new\r\n"),
    ],
)
def test_the_ends_of_lines_are_kept(
    tmp_path: Path, content: bytes, text: str, written: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    file = read_text(path, StagesInvalidError)
    assert file.text == text
    assert file.content("new\n") == written


@pytest.mark.parametrize("content", [b"caf\xe9", b"\xff\xfea\x00", b"a\xc3"])
def test_what_is_not_utf_8_is_the_caller_s_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    with pytest.raises(ProcessInvalidError, match=r"file\.yaml is not in UTF-8\."):
        read_text(path, ProcessInvalidError)
