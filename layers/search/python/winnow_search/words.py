"""Which rows hold a phrase: an index of words in SQLite's FTS5, with positions and without texts.

It is a copy that is made again when it is needed, so nothing in it is ever deleted: rows that are
gone are no longer asked about. Where they are more than those that are left, it is worth being made
again.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class WordIndex:
    """The words of rows by the rows' ids, which grow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        # Tokens are words already: the tokenizer only has to split at blanks. A full stop is one.
        self._database.execute(
            "CREATE VIRTUAL TABLE words USING"
            " fts5(tokens, content='', tokenize=\"ascii tokenchars '.'\")"
        )
        self.upto = 0
        """Rows up to this id are in it."""
        self.rows = 0
        """How many are, also of those that are gone."""

    def add(self, rows: Iterable[tuple[int, str]], upto: int) -> None:
        """Add the rows up to an id."""
        done = self._database.executemany("INSERT INTO words (rowid, tokens) VALUES (?, ?)", rows)
        self._database.commit()
        self.upto = upto
        self.rows += done.rowcount

    def find(self, terms: Sequence[str], most: int) -> Ids | None:
        """The ids of the rows that have all terms; None: there are more than `most`."""
        match = " AND ".join(_phrase(term) for term in terms)
        found = self._database.execute(
            "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (match, most + 1)
        ).fetchall()
        if len(found) > most:
            return None
        return np.fromiter((row[0] for row in found), np.int64, len(found))

    def interrupt(self) -> None:
        """Stop what another thread asks."""
        self._database.interrupt()

    def close(self) -> None:
        """Delete it."""
        self._database.close()
        self._path.unlink(missing_ok=True)


def _phrase(term: str) -> str:
    """A term as FTS5 writes a phrase; a term has letters, digits and marks only.

    >>> [_phrase(" iron deficiency "), _phrase(" bleed")]
    ['"iron deficiency"', '"bleed" *']
    """
    return f'"{term.strip()}"' + ("" if term.endswith(" ") else " *")
