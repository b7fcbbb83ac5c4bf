"""Ids that are none: programs write a mark where a value is missing, or round long numbers.

Records with one id may be judged as one case, so what stands for "no id" must never be taken for
the id of all who lack one.
"""

import re

from winnow.limits.unicode import nfkc

_MAX_MARK = 40
"""Characters that the mark for a missing value may have."""
_WORDS = re.compile(r"[^\W_]+")
_ALONE = """
    na nan nat nannan qnan snan ind null nullptr nil none nul void undef undefined uninitialized
    blank empty notavailable unavailable notapplicable unk unkn unknown unspecified unassigned
    unidentified missing tbd tba tbc pending redacted removed deleted masked hidden withheld
    suppressed confidential anonymous anonymized anonymised anon deidentified placeholder
    objectobject gettingdata true false
    unbekannt keine keiner keines fehlt fehlend leer ohne inconnu inconnue aucun aucune vide
    manquant desconocido desconocida ninguno ninguna nulo vacio vacío sconosciuto sconosciuta
    nullo nessuno nessuna vuoto mancante onbekend geen leeg desconhecido nenhum vazio
"""
"""As they are without punctuation, in small letters: `#N/A`, `<NA>` and `n.a.` are all `na`."""
_MARKS = frozenset(_ALONE.split())
_DENIALS = _MARKS | {"no", "not", "non", "without", "kein", "nicht", "sans", "sin"}
_WITH_THEM = """
    id ids identifier mrn number nr case patient record key code value data the given known
    available applicable assigned provided recorded entered found set specified yet issued
    angabe angaben vorhanden bekannt patientin fall nummer wert
"""
"""Words that say nothing more beside one of `_DENIALS`: `no MRN`, `not yet assigned`."""
_BESIDE = frozenset(_WITH_THEM.split())
_ABBREVIATIONS = frozenset({"nd", "ka", "sd", "sn", "nc", "ne", "nv"})
"""Marks only where they are written with points or a slash (n/d, k.A.): else they may be names."""
_OTHER = re.compile(
    r"""
      \\n                         # MySQL's \N
    | \.[a-z_]                    # SAS and Stata: .A to .Z, ._
    | \#[a-z][a-z0-9/_]*[!?]      # a spreadsheet's error
    | err:\d{3}
    | -?1\.\#\w{2,5}              # -1.#IND, as C wrote it
    | -?nan\(\w{1,8}\)
    | [-\u2212](?:1|9+)           # -1, -9, -99, -999
    | 0[0-]{3,}0                  # all zeros, also those of a nil UUID
    | 9[9-]{6,}
    | x[x-]+                      # blacked out
    """,
    re.VERBOSE,
)
_ROUNDED = re.compile(r"[-+]?\d(?:[.,]\d{1,30}e[-+]?|e\+)\d{1,3}")
"""A number as spreadsheets and programs shorten it: other ids become the same."""


def is_no_id(cell: str) -> bool:
    """Whether what stands in an id's place marks a missing value, or is a rounded number.

    A blank cell is none of these.

    >>> [is_no_id(cell) for cell in ("NULL", "#N/A", "no MRN", ".", "1.23457E+16")]
    [True, True, True, True, True]
    >>> [is_no_id(cell) for cell in ("A-1", "0", "NA-12", "12E4", "")]
    [False, False, False, False, False]
    """
    text = cell.strip()
    if len(text) > _MAX_MARK:
        return not any(map(str.isalnum, text))
    text = nfkc(text).casefold().strip("\"'`“”‘’ ")
    words = _WORDS.findall(text)
    if not words:
        return bool(cell.strip())
    plain = "".join(words)
    if plain in _MARKS or _OTHER.fullmatch(text) or _ROUNDED.fullmatch(text):
        return True
    if plain in _ABBREVIATIONS and ("/" in text or "." in text):
        return True
    return not _DENIALS.isdisjoint(words) and all(
        word in _DENIALS or word in _BESIDE for word in words
    )
