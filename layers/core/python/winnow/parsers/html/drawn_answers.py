"""Pictures and icons of a page that are answers: a tick, a cross, a box, "No" as a picture.

A person sees them beside their questions. Other pictures say nothing here.
"""

import re
from collections.abc import Mapping

_YES, _NO, _TICK, _CROSS, _FULL, _EMPTY = "Yes", "No", "✓", "✗", "[x]", "[ ]"
_WORDS = {
    **dict.fromkeys(("yes", "true", "positive", "present"), _YES),
    **dict.fromkeys(("no", "false", "negative", "absent", "denied"), _NO),
    **dict.fromkeys(
        ("check", "checkmark", "check mark", "tick", "✓", "✔", "✅", "thumbs up"), _TICK
    ),
    **dict.fromkeys(("cross", "x", "x mark", "cross mark", "✗", "✘", "❌", "thumbs down"), _CROSS),
    **dict.fromkeys(("checked", "ticked", "selected", "checked box", "checked checkbox"), _FULL),
    **dict.fromkeys(("unchecked", "unticked", "not checked", "not selected", "unselected"), _EMPTY),
    **dict.fromkeys(("empty box", "unchecked box", "unchecked checkbox"), _EMPTY),
}
_FILE = re.compile(
    r"(?:^|[/_-])(yes|no|tick|checkmark|cross|checked|unchecked|unticked|ticked)"
    r"\.(?:gif|png|jpe?g|svg|webp)$",
    re.IGNORECASE,
)
_ICON = re.compile(
    r"(?:fa|bi|glyphicon|icon|mdi|ti|ph|la)-(?:"
    r"(?P<full>check-square(?:-o|-fill)?|square-check|checkbox-marked(?:-outline)?)"
    r"|(?P<empty>square(?:-o)?|unchecked|checkbox-blank(?:-outline)?|circle-o)"
    r"|(?P<tick>check|ok|check-lg|check-circle(?:-o|-fill)?|circle-check|thumbs-up|tick|yes)"
    r"|(?P<cross>times|xmark|x|x-lg|remove|ban|cross|no|thumbs-down|close"
    r"|(?:times|x)-circle(?:-o|-fill)?|circle-xmark))",
    re.IGNORECASE,
)
_SIGNS = {"full": _FULL, "empty": _EMPTY, "tick": _TICK, "cross": _CROSS}
_ICONS = frozenset(("i", "span", "em", "li", "svg"))
_MAX_LABEL = 20
_MAX_CLASSES = 500


def drawn_answer(tag: str, attributes: Mapping[str, str | None]) -> str:
    """What a picture or an icon answers; "" where it is none.

    >>> drawn_answer("img", {"alt": "No"}), drawn_answer("i", {"class": "fa fa-check"})
    ('No', '✓')
    """
    is_picture = tag in ("img", "svg") or (attributes.get("role") or "").lower() == "img"
    if is_picture:
        for name in ("alt", "aria-label", "title"):
            label = " ".join((attributes.get(name) or "")[: _MAX_LABEL + 1].split()).lower()
            if label:
                return _WORDS.get(label, "")
    if tag == "img" and (file := _FILE.search((attributes.get("src") or "")[-60:])):
        return _WORDS[file[1].lower()]
    if tag in _ICONS:
        for name in (attributes.get("class") or "")[:_MAX_CLASSES].split():
            if icon := _ICON.fullmatch(name):
                return _SIGNS[icon.lastgroup or ""]
    return ""
