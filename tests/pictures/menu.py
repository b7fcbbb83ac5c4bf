"""The menu, recorded: what a new user sees on the tour, as an SVG of one frame after another."""

import html
import re
from collections import Counter
from itertools import count, groupby
from pathlib import Path

from tests.e2e.menu import Visitor, go
from tests.e2e.terminal import EmulatedTerminal
from tests.menu_tour import ENTRY, NO_AWS, TIMEOUT_S, tour, write_definition
from tests.pictures import PICTURES, ROOT
from tests.pictures.desk import Desk, desk
from tests.pictures.terminal import THEME

COLUMNS, LINES = 94, 25
WIDTH, HEIGHT, MARGIN = 8.43, 18, 14
"""Of a character, in pixels."""
FRAME_S = 2.5
_HEX = re.compile(r"[0-9a-f]{6}")
_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
"""Pyte's names of the eight colours; it calls yellow brown."""


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


FOREGROUND, BACKGROUND = _hex(THEME.foreground_color), _hex(THEME.background_color)
Run = tuple[int, str, str, bool]
"""Where it begins, its text, its colour, whether it is bold."""
Frame = list[list[Run]]
"""The runs of each line."""


def make() -> list[Path]:
    """Writes docs/pictures/menu.svg."""
    with desk() as place:
        frames = _record(place)
    out = PICTURES / "menu.svg"
    out.write_text(compact(_svg(frames)), "utf-8")
    return [out]


def _record(place: Desk) -> list[Frame]:
    frames: list[Frame] = []
    write_definition(place.folder / "mine")
    stops = tour(str((place.folder / "mine" / "emotions.yaml").relative_to(ROOT)))
    environment = {
        **place.environment,
        "WINNOW_STATE_DIR": str(place.folder / ".winnow"),
        "WINNOW_STAGES": str(place.folder / "stages.toml"),
        **NO_AWS,
    }
    with EmulatedTerminal(
        *ENTRY, environment=environment, columns=COLUMNS, lines=LINES, folder=ROOT
    ) as terminal:
        terminal.timeout_s = TIMEOUT_S
        visitor = Visitor(terminal).at("Winnow")

        def seen() -> None:
            terminal.settle()
            frame = [_runs(terminal.drawn.buffer[number]) for number in range(LINES)]
            if not frames or frame != frames[-1]:
                frames.append(frame)

        seen()
        for stop in stops:
            if stop is stops[-1]:
                _ = place.uploads  # While there is a stack to ask.
            go(visitor, stop, seen)
        visitor.pick("Leave")
        terminal.end()
    return [_stable(frame, place) for frame in frames]


def _runs(line: dict) -> list[Run]:
    cells = [line[column] for column in range(COLUMNS)]
    runs = []
    at = 0
    for (colour, bold), group in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        text = "".join(cell.data for cell in group)
        runs.append((at, text, _colour(colour), bold))
        at += len(text)
    return runs


def _colour(name: str) -> str:
    if _HEX.fullmatch(name):
        return f"#{name}"
    if name in _NAMES:
        return _hex(THEME.ansi_colors[_NAMES.index(name)])
    return FOREGROUND


def _stable(frame: Frame, place: Desk) -> Frame:
    """Ids, times and ports that differ from run to run are fixed, in their places."""
    stable = []
    for runs in frame:
        text = place.stable("".join(run[1] for run in runs))
        stable.append(
            [(at, text[at : at + len(old)], colour, bold) for at, old, colour, bold in runs]
        )
    return stable


def _svg(frames: list[Frame]) -> str:
    width, height = round(COLUMNS * WIDTH) + 2 * MARGIN, LINES * HEIGHT + 2 * MARGIN
    total = FRAME_S * len(frames)
    share = 100 / len(frames)
    delays = "\n".join(
        f".f{number} {{ animation-delay: {number * FRAME_S:g}s; }}" for number in range(len(frames))
    )
    drawn = "\n".join(
        f'<g class="f f{number}">\n{_drawn(frame)}\n</g>' for number, frame in enumerate(frames)
    )
    return f"""\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>winnow menu: a tour of all its functions on the local stage</title>
<style>
text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  fill: {FOREGROUND}; white-space: pre; }}
.b {{ font-weight: bold; }}
.f {{ visibility: hidden; animation: show {total:g}s steps(1) infinite; }}
.f0 {{ visibility: visible; }}
{delays}
@keyframes show {{ 0% {{ visibility: visible; }} {share:.4f}%, 100% {{ visibility: hidden; }} }}
@media (prefers-reduced-motion: reduce) {{ .f {{ animation: none; }} }}
</style>
<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>
{drawn}
</svg>
"""


_GROUP = re.compile(r'(<g class="f f\d+">\n)(.*?)(\n</g>)', re.DOTALL)
_TEXT = re.compile(r'<text x="([^"]+)" y="([^"]+)"([^>]*)>(.*?)</text>')


def compact(svg: str) -> str:
    """The same picture with each line once that several frames show."""
    lines: dict[tuple[str, str], list[str]] = {}
    for group, (_, drawn, _) in enumerate(_GROUP.findall(svg)):
        for x, y, style, words in _TEXT.findall(drawn):
            text = f'<text x="{x}"{style}>{words}</text>'
            lines.setdefault((str(group), y), []).append(text)
    counts = Counter("".join(texts) for texts in lines.values())
    names = {text: f"l{number}" for number, text in enumerate(counts) if counts[text] > 1}
    defined = "\n".join(f'<g id="{name}">{text}</g>' for text, name in names.items())
    numbers = count()

    def used(match: re.Match[str]) -> str:
        group = str(next(numbers))
        drawn = []
        for (own, y), texts in lines.items():
            if own == group:
                text = "".join(texts)
                drawn.append(
                    f'<use href="#{names[text]}" y="{y}"/>'
                    if text in names
                    else text.replace('<text x="', f'<text y="{y}" x="')
                )
        return match[1] + "\n".join(drawn) + match[3]

    return _GROUP.sub(used, svg).replace("<style>", f"<defs>\n{defined}\n</defs>\n<style>", 1)


def _drawn(frame: Frame) -> str:
    lines = []
    for number, runs in enumerate(frame):
        for at, text, colour, bold in runs:
            words = text.strip()
            if not words:
                continue
            begin = at + len(text) - len(text.lstrip())
            x, y = MARGIN + begin * WIDTH, MARGIN + number * HEIGHT + HEIGHT * 0.75
            plain = colour == FOREGROUND
            style = (' class="b"' if bold else "") + ("" if plain else f' style="fill: {colour}"')
            long = f'textLength="{len(words) * WIDTH:.1f}"'
            lines.append(f'<text x="{x:.1f}" y="{y:g}" {long}{style}>{html.escape(words)}</text>')
    return "\n".join(lines)
