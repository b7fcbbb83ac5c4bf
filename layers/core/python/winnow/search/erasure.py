"""Erases what people kept of searches, when a person is erased: exports, and saved searches.

A saved search is text. It goes if it names the case of an erased record, or has eight words in a
row in common with it, as a text has that was copied from it. Of a shorter text all words count.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from winnow.errors import ObjectGoneError
from winnow.models import ObjectRef, ResultRecord
from winnow.ports import ObjectStore
from winnow.reviews.forget import Eraser, StoredVersion
from winnow.search import exports, saved
from winnow.search.rows import record_tokens
from winnow.search.saved import SavedSearch, parse_saved
from winnow.search.tokens import tokens

IN_A_ROW = 8
"""So many words in a row are the same by no chance."""


class KeptSearches:
    """The SearchEraser of one stack."""

    def __init__(self, objects: ObjectStore, eraser: Eraser, bucket: str) -> None:
        """`bucket` is the one of the results."""
        self._objects = objects
        self._eraser = eraser
        self._bucket = bucket

    def erase(self, records: Iterable[ResultRecord]) -> int:
        """Delete every version of a saved search that holds a case or words of these records."""
        by_case: dict[str, set[StoredVersion]] = {}
        by_words: dict[tuple[str, ...], set[StoredVersion]] = {}
        for version, kept in self._saved():
            for case in kept.search.filters.cases:
                by_case.setdefault(case, set()).add(version)
            for text in (kept.search.query, kept.search.like_text or ""):
                for words in _rows_of_words(tokens(text)):
                    by_words.setdefault(words, set()).add(version)
        gone: set[StoredVersion] = set()
        if by_case or by_words:
            for record in records:
                gone |= by_case.get(record.source_id or "", set())
                for words in _rows_of_words(record_tokens(record)):
                    gone |= by_words.get(words, set())
        return self._eraser.delete(self._bucket, gone)

    def exports(self) -> int:
        """Delete every version of every export: it may hold what is erased, and lives for a day."""
        found = self._eraser.versions(self._bucket, exports.PREFIX)
        return self._eraser.delete(self._bucket, found)

    def _saved(self) -> Iterator[tuple[StoredVersion, SavedSearch]]:
        for version in self._eraser.versions(self._bucket, saved.PREFIX):
            if version.marker:
                continue
            ref = ObjectRef(bucket=self._bucket, key=version.key, version_id=version.version_id)
            with suppress(ObjectGoneError), self._objects.open(ref) as stream:
                kept = parse_saved(stream.read())
                if kept is not None:
                    yield version, kept


def _rows_of_words(text: str) -> Iterator[tuple[str, ...]]:
    """Each run of so many words; of a shorter text all words.

    >>> list(_rows_of_words(" a b c d e f g h i "))[1]
    ('b', 'c', 'd', 'e', 'f', 'g', 'h', 'i')
    """
    words = text.split()
    if words:
        for start in range(max(1, len(words) - IN_A_ROW + 1)):
            yield tuple(words[start : start + IN_A_ROW])
