"""A drawing as an SVG file: one file, without scripts, for light and dark screens."""

from xml.etree import ElementTree as ET

from winnow.search.drawing import Drawing, Mark, Role

NAMESPACE = "http://www.w3.org/2000/svg"
LIGHT: dict[Role, str] = {
    "title": "#17212c",
    "label": "#51606f",
    "value": "#17212c",
    "legend": "#17212c",
    "axis": "#7c8896",
    "grid": "#d5dce4",
    "quiet": "#7c8896",
    "series0": "#0b5cad",
    "series1": "#c25a00",
    "series2": "#6b4a7d",
}
"""The colours on a light ground; the page has the same in `charts.css`."""
DARK: dict[Role, str] = {
    "title": "#e7edf3",
    "label": "#a3b1c0",
    "value": "#e7edf3",
    "legend": "#e7edf3",
    "axis": "#6f7e8f",
    "grid": "#2e3946",
    "quiet": "#6f7e8f",
    "series0": "#74b6ff",
    "series1": "#f0a030",
    "series2": "#e6cff2",
}
GROUND_LIGHT, GROUND_DARK = "#ffffff", "#171e27"
SIZES: dict[Role, int] = {"title": 15, "label": 11, "value": 12, "legend": 12}
MARGIN = 16
DOT = 4.0
"""Radius of a dot."""
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif'


def svg(drawing: Drawing) -> bytes:
    """The drawing as an SVG document, UTF-8."""
    root = ET.Element(
        "svg",
        {
            "xmlns": NAMESPACE,
            "viewBox": f"{-MARGIN} {-MARGIN} {drawing.width + 2 * MARGIN} "
            f"{drawing.height + 2 * MARGIN}",
            "width": str(drawing.width + 2 * MARGIN),
            "height": str(drawing.height + 2 * MARGIN),
            "role": "img",
            "aria-labelledby": "title summary",
        },
    )
    ET.SubElement(root, "title", {"id": "title"}).text = clean(drawing.title)
    ET.SubElement(root, "desc", {"id": "summary"}).text = clean(drawing.summary)
    ET.SubElement(root, "style").text = _style()
    ground = {"x": str(-MARGIN), "y": str(-MARGIN), "width": "100%", "height": "100%"}
    ET.SubElement(root, "rect", {"class": "ground", **ground})
    for mark in drawing.marks:
        _add(root, mark)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add(root: ET.Element, mark: Mark) -> None:
    x, y, x2, y2 = mark.x, mark.y, mark.x2 or 0, mark.y2 or 0
    named = {"class": mark.role}
    if mark.kind == "text":
        anchor = {} if mark.anchor == "start" else {"text-anchor": mark.anchor}
        text = ET.SubElement(root, "text", named | anchor | _numbers(x=x, y=y))
        text.text = clean(mark.text or "")
        return
    if mark.kind == "rect":
        element = ET.SubElement(
            root, "rect", named | _numbers(x=x, y=y, width=x2 - x, height=y2 - y)
        )
    elif mark.kind == "dot":
        element = ET.SubElement(root, "circle", named | _numbers(cx=x, cy=y, r=DOT))
    else:
        element = ET.SubElement(root, "line", named | _numbers(x1=x, y1=y, x2=x2, y2=y2))
    if mark.text:
        ET.SubElement(element, "title").text = clean(mark.text)


def _numbers(**values: float) -> dict[str, str]:
    return {name: f"{round(value, 1):g}" for name, value in values.items()}


def clean(text: str) -> str:
    r"""The text without what XML cannot have, and without what turns its direction.

    >>> clean("a\x00b\u202ec")
    'a?b?c'
    """
    return "".join(char if char.isprintable() else " " if char.isspace() else "?" for char in text)


def _style() -> str:
    sizes = "".join(f".{role}{{font-size:{size}px}}" for role, size in SIZES.items())
    return (
        f"text{{font-family:{_FONT};font-weight:400}}{sizes}.title{{font-weight:600}}"
        f"rect,circle{{stroke:none}}line{{stroke-width:1}}"
        f"line.series0,line.series1,line.series2{{stroke-width:2}}"
        f"{_colours(LIGHT, GROUND_LIGHT)}"
        f"@media (prefers-color-scheme:dark){{{_colours(DARK, GROUND_DARK)}}}"
    )


def _colours(colours: dict[Role, str], ground: str) -> str:
    rules = "".join(
        f".{role}{{fill:{colour}}}line.{role}{{stroke:{colour}}}"
        for role, colour in colours.items()
    )
    # A line of the ground's colour parts bars that stand on each other.
    return f".ground{{fill:{ground}}}{rules}rect:not(.ground){{stroke:{ground}}}"
