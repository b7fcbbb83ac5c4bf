"""The kinds of HTML elements, by the lists of names in the HTML standard."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLOSES_P = _words(
    """
    address article aside blockquote center details dialog dir div dl fieldset figcaption figure
    footer header hgroup main menu nav ol p search section summary ul pre listing form hr
    plaintext xmp h1 h2 h3 h4 h5 h6 li dd dt
    """
)
"""What ends an open paragraph."""
HEADINGS = _words("h1 h2 h3 h4 h5 h6")
BLOCKS = CLOSES_P | _words(
    "body caption center html legend option optgroup table tbody tfoot thead tr"
)
"""What begins and ends a line of text."""
SPECIAL = CLOSES_P | _words(
    """
    applet area base basefont bgsound body br button caption col colgroup embed frame frameset head
    html iframe img input keygen link marquee meta noembed noframes noscript object param script
    select source style table tbody td template textarea tfoot th thead title tr track wbr
    """
)
FORMATTING = _words("a b big code em font i nobr s small strike strong tt u")
VOID = _words(
    """
    area base basefont bgsound br col embed frame hr image img input keygen link meta param source
    track wbr
    """
)
IGNORED = _words("html head body frameset frame")
"""Elements that every page has, with or without their tags."""
UNSEEN = _words(
    """
    script style template noembed noframes noscript object iframe svg del datalist title audio
    video canvas meter progress rp /annotation /annotation-xml
    """
)
"""Elements whose text a browser does not show, and text that was deleted."""
REPLACED = _words("object svg audio video canvas meter progress iframe")
"""Those of them that take up space in a line."""
SCOPE = _words("applet caption table td th marquee object template select")
FOREIGN = _words("svg math")
INTEGRATION_POINTS = _words("/foreignobject /desc /title /mi /mo /mn /ms /mtext /annotation-xml")
"""Parts of drawings and formulas that contain HTML; here their names begin with a slash."""
FORMULA_SIGNS = {"/mfrac": (2, "/"), "/msup": (2, "^"), "/msubsup": (3, "^")}
"""Parts of formulas: which of its parts is written after a sign."""
DRAWN = _words("/text /tspan /textpath")
"""Parts of drawings that show text."""
SECTIONS = _words("tbody thead tfoot")
TABLE_PARTS = SECTIONS | _words("caption colgroup col tr td th")
NOT_INLINE = REPLACED | _words("td th col colgroup img input select textarea button embed")
"""What has a size of its own without being a block."""
NEEDS_ROOM = CLOSES_P | _words("table button option optgroup rb rt rtc rp")
BETWEEN_CELLS = _words("table tbody thead tfoot tr")
MARKERS = _words("applet marquee object template td th caption")
"""What formatting that was not closed does not reach into."""
LEFT_OUT_IN_SELECT = TABLE_PARTS | _words("table")
IMPLIED = _words("dd dt li optgroup option p rb rp rt rtc")
"""Elements whose end tags may be left out."""
BREAKS_OUT = _words(
    """
    b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li
    listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var
    """
)
"""What ends an SVG drawing, because it cannot be in one."""
INPUTS_WITHOUT_TEXT = _words("hidden password submit button reset image file")
"""Types of `input` that show nothing that was entered."""
PREFORMATTED = _words("pre listing textarea plaintext")
LOOK_ATTRIBUTES = _words("color bgcolor background face")
"""Attributes that set colours and fonts."""
STRUCK = _words("s strike del")
BOXES = _words("checkbox radio")
"""Types of `input` that are ticked."""
BOX_ROLES = _words("checkbox radio switch menuitemcheckbox menuitemradio")
"""Roles of elements that scripts tick."""


def kinds_of(tag: str) -> tuple[str, ...]:
    """The keys that an open element is found by: its name and its kinds (" special", " scope")."""
    kinds = [tag]
    if tag in SPECIAL:
        kinds.append(" special")
        if tag not in ("address", "div", "p"):
            kinds.append(" stop")
    if tag in HEADINGS:
        kinds.append(" heading")
    if tag in SCOPE:
        kinds.append(" scope")
    if tag in SECTIONS:
        kinds.append(" section")
    if tag in FOREIGN:
        kinds.append(" foreign")
    if tag in INTEGRATION_POINTS:
        kinds += (" point", " scope")
    return tuple(kinds)
