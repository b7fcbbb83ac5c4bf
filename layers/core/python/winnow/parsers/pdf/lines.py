"""The words of a PDF page as lines."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from winnow.parsers.pdf.words import Word
from winnow.parsers.superscripts import is_raised, is_read_into

_WORD_GAP = 1.2
"""Words further apart than this, in heights of the line, are not of one run: columns, cells."""
_WIDE_GAP = 0.45
"""Further apart than words mostly are: where line after line has such a gap, columns part."""
_MAX_BOLD_OFFSET = 0.35
"""Further aside, in heights, nothing is printed a second time to look bold."""
_MAX_RISEN_GAP = 0.25
"""In heights: what is raised further aside is no power of the number before it."""
_MAX_GAP_AFTER = 0.1
"""In heights: what is no further from it follows what is raised without a space."""
_MIN_COLUMN_ROWS = 6
_STEP = 2.0
"""Points: how finely gaps are compared."""
_MAX_STEPS = 4_000
"""Steps of a line at most: the gaps of pages that are wider are compared less finely."""

Row = list[Word]


def lines(words: Sequence[Word]) -> list[list[Any]]:
    """Words that are side by side, as one line `[text, x0, y0, x1, y1]`.

    Every word is put where it is on the page: a file that draws one word at a time, or in
    no order, gives the same lines as one that draws whole sentences.
    """
    rows = _rows(words)
    gutters = _gutters(rows)
    lines_of_page: list[list[Any]] = []
    for index, (row, size) in enumerate(rows):
        run: Row = []
        far, parting = _WORD_GAP * max(size, 4.0), gutters.get(index)
        for word in row:
            if run:
                last = run[-1]
                if word[0] == last[0] and _printed_twice(last, word):
                    continue
                end = last[3]
                if word[1] - end > far or (parting and _is_between(end, word[1], parting)):
                    lines_of_page.append(_run(run))
                    run = []
            run.append(word)
        lines_of_page.append(_run(run))
    return lines_of_page


def _is_between(start: float, end: float, places: Sequence[float]) -> bool:
    """Whether one of the places, which are sorted, is between two others."""
    after = bisect_right(places, start)
    return after < len(places) and places[after] < end


def _printed_twice(before: Word, word: Word) -> bool:
    """Whether the same word stands hardly beside itself, as programs print it to look bold."""
    aside = word[1] - before[1]
    return aside < min(_MAX_BOLD_OFFSET * (word[4] - word[2]), (word[3] - word[1]) / 2)


def _rows(words: Sequence[Word]) -> list[tuple[Row, float]]:
    """Words at the same height, left to right, and how high their row is."""
    rows: list[Row] = []
    middles: list[tuple[float, float]] = []
    for word in sorted(words, key=lambda w: ((w[2] + w[4]) / 2, w[1])):
        middle, size = (word[2] + word[4]) / 2, word[4] - word[2]
        for back in range(1, min(4, len(rows)) + 1):
            row_middle, row_size = middles[-back]
            if abs(middle - row_middle) < 0.4 * (size if size > row_size else row_size):
                rows[-back].append(word)
                if size > row_size:
                    middles[-back] = (middle, size)
                break
        else:
            rows.append([word])
            middles.append((middle, size))
    for row in rows:
        row.sort(key=lambda w: w[1])
    return [(row, size) for row, (_, size) in zip(rows, middles, strict=True)]


def _gutters(rows: Sequence[tuple[Row, float]]) -> dict[int, list[float]]:
    """Where narrow gutters part columns: the rows concerned, and their gutters' places.

    A gutter is a strip at which at least six rows below each other have a gap, those aside that
    do not reach there.
    """
    width = max((row[-1][1] for row, _ in rows), default=0.0)
    size_of_step = max(_STEP, width / _MAX_STEPS)
    gaps: dict[int, list[int]] = defaultdict(list)
    for index, (row, size) in enumerate(rows):
        steps: set[int] = set()
        for before, after in pairwise(row):
            if after[1] - before[3] > _WIDE_GAP * size:
                first, last = int(before[3] / size_of_step), int(after[1] / size_of_step)
                steps.update(range(first + 1, last + 1))
        for step in steps:
            gaps[step].append(index)
    gutters: dict[int, list[float]] = defaultdict(list)
    ends = [max(word[3] for word in row) for row, _ in rows]
    for step, indexes in sorted(gaps.items()):
        if len(indexes) < _MIN_COLUMN_ROWS:
            continue
        x = step * size_of_step
        here = set(indexes)
        stretch: list[int] = []
        for index in range(indexes[0], indexes[-1] + 1):
            if index in here:
                stretch.append(index)
            elif rows[index][0][0][1] < x < ends[index]:
                _add(gutters, stretch, x)
                stretch = []
        _add(gutters, stretch, x)
    return gutters


def _add(gutters: dict[int, list[float]], stretch: list[int], x: float) -> None:
    if len(stretch) >= _MIN_COLUMN_ROWS:
        for index in stretch:
            gutters[index].append(x)


def _run(words: Row) -> list[Any]:
    return [
        "".join(_joined(words)),
        round(min(word[1] for word in words), 1),
        round(min(word[2] for word in words), 1),
        round(max(word[3] for word in words), 1),
        round(max(word[4] for word in words), 1),
    ]


def _joined(words: Row) -> Iterator[str]:
    """The words and what is between them: a space, or `^` before what is raised after a digit.

    PDFium parts what is raised from the "/L" behind it, however near that is.
    """
    yield words[0][0]
    for before, word in pairwise(words):
        gap, size = word[1] - before[3], before[4] - before[2]
        if "^" in before[0] and not word[0][0].isalnum() and gap < _MAX_GAP_AFTER * size:
            yield ""
        elif is_read_into(before[:1], word[0]) and gap < _MAX_RISEN_GAP * size:
            yield "^" if is_raised(before[1:], word[1:]) else " "
        else:
            yield " "
        yield word[0]
