"""An evaluation as one HTML page: words first, then plots as inline SVG; it loads nothing."""

import html
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from winnow_train.measure import Comparison, Evaluation, Part

_MOST_LABELS = 30
"""Up to so many labels the confusion matrix is drawn; beyond, the worst confusions are listed."""
_LONGEST = 28
"""Characters of a label in a plot."""
_BLUE, _GREY, _RED, _INK, _GRID = "#1f5fa8", "#9aa4b0", "#b3392f", "#1c2430", "#e6e9ee"
_VARIABLES = {_BLUE: "blue", _GREY: "grey", _RED: "bad", _INK: "ink", _GRID: "grid"}
"""The colours of the plots, as the page names them: so they follow its colour scheme."""

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1c2430; --dim: #5a6675; --edge: #d9dee5;
  --grid: #e6e9ee; --blue: #1f5fa8; --grey: #9aa4b0; --bad: #b3392f; --good: #23743b; }
@media (prefers-color-scheme: dark) {
  :root { --page: #12171d; --ink: #dbe2ea; --dim: #9aa7b5; --edge: #38424e; --grid: #2a323c;
    --blue: #6cb0f5; --grey: #6b7683; --bad: #ff8a7a; --good: #6fcf87; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  margin: 0 auto; max-width: 64rem; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p.sub { color: var(--dim); margin: 0 0 1.2rem; }
p.note { color: var(--dim); margin: .2rem 0 .8rem; max-width: 54rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem; }
.card { border: 1px solid var(--edge); border-radius: .5rem; padding: .8rem 1rem; }
.cards + .note { margin-top: .8rem; }
.card b { display: block; font-size: 1.5rem; white-space: nowrap; }
.card span { color: var(--dim); font-size: .9rem; line-height: 1.4; display: block; }
.plots { display: grid; gap: 1.2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
svg { width: 100%; height: auto; }
svg text { font-family: system-ui, sans-serif !important; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .28rem .6rem; border-bottom: 1px solid var(--grid); }
th { vertical-align: bottom; line-height: 1.3; border-bottom-color: var(--edge); }
.table + p { margin-top: .8rem; }
td { overflow-wrap: anywhere; } td.n { overflow-wrap: normal; } td:first-child { min-width: 8rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); font-weight: 600; }
@media (max-width: 30rem) {
  body { padding: 1.2rem 1rem 3rem; }
  .cards { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
  .card b { font-size: 1.3rem; }
}
"""


def page(
    found: Evaluation,
    data: str,
    other: Evaluation | None = None,
    comparison: Comparison | None = None,
    drifts: Sequence[dict[str, Any]] = (),
    title: str = "",
    names: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The page, complete; `names` are what people call the labels, by their ids."""
    parts = [
        f"<h1>{_e(title or found.process)}</h1>",
        f'<p class="sub">Process {_e(found.process)} {_e(found.version)}, measured on '
        f"{found.rows:,} labelled records of {_e(data)}.</p>",
        _cards(found),
        _against(found, other, comparison) if other and comparison else "",
        "<h2>Can the confidence be believed?</h2>",
        '<p class="note">Left: of the records with a confidence of about 80%, about 80% should be '
        "right: dots on the line are good, below it the process is too sure of itself. Right: a "
        "higher threshold accepts fewer records and makes fewer mistakes among them.</p>",
        '<div class="plots">',
        _figure(lambda axes: _draw_reliability(axes, found)),
        _figure(lambda axes: _draw_risk(axes, found, other)),
        "</div>",
        "<h2>What is mistaken for what?</h2>",
        _confusions(found, names),
        "<h2>Label by label</h2>",
        _labels(found, names),
    ]
    for column, some in found.parts.items():
        if column:
            parts += [f"<h2>By {_e(column)}</h2>", _slices(some)]
    if drifts:
        parts += ["<h2>Do live records look like the training records?</h2>", _drift(drifts)]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_e(found.process)}: evaluation</title><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def _cards(found: Evaluation) -> str:
    whole = found.whole
    precision = "none accepted" if whole.precision is None else f"{whole.precision:.1%}"
    least = "" if whole.bound is None else f" (with 95% confidence at least {whole.bound:.1%})"
    calibrated = "calibrated" if found.calibration else "not calibrated"
    told = [
        (f"{found.accuracy:.1%}", f"right over all {found.rows:,} records"),
        (
            f"{whole.coverage:.1%}",
            f"decided without a person, at the threshold of {found.threshold:g}",
        ),
        (precision, f"right among those{least}"),
        (
            f"{found.ece * 100:.1f} points",
            f"mean gap between confidence and truth ({calibrated})",
        ),
    ]
    if found.foreign:
        share = found.foreign_recognised / found.foreign
        text = f"of {found.foreign:,} foreign records recognised as such"
        told.append((f"{share:.1%}", f"{text}; {found.foreign_accepted:,} accepted by mistake"))
    cards = "".join(
        f'<div class="card"><b>{_e(value)}</b><span>{_e(text)}</span></div>' for value, text in told
    )
    held = (
        f'<p class="note">{found.held_out:,} of these records were used in training. They are '
        "counted as a model that had not seen them decided.</p>"
        if found.held_out
        else ""
    )
    return f'<div class="cards">{cards}</div>{held}'


def _against(found: Evaluation, other: Evaluation, comparison: Comparison) -> str:
    rows = [
        ("accuracy", f"{found.accuracy:.1%}", f"{other.accuracy:.1%}"),
        ("macro F1", f"{found.macro_f1:.3f}", f"{other.macro_f1:.3f}"),
        ("calibration error", f"{found.ece:.3f}", f"{other.ece:.3f}"),
        ("accepted", f"{found.whole.coverage:.1%}", f"{other.whole.coverage:.1%}"),
        ("right among the accepted", _share(found.whole.precision), _share(other.whole.precision)),
    ]
    sure = comparison.p_value < 0.05
    better = comparison.only_first_right > comparison.only_second_right
    kind = ("good" if better else "bad") if sure else "note"
    names = [_name(found), _name(other)]
    return (
        "<h2>Against the other version</h2>"
        + _table(["", *names], rows, numbers=(1, 2))
        + f'<p class="{kind}">'
        + ("The difference in accuracy is real" if sure else "The difference may be chance")
        + f": {comparison.only_first_right:,} records only the first decides rightly, "
        f"{comparison.only_second_right:,} only the second "
        f"(McNemar p = {comparison.p_value:.2g}).</p>"
    )


def _name(found: Evaluation) -> str:
    return f"{found.version}, {f'head {found.head}' if found.head else 'no head'}"


def _confusions(found: Evaluation, names: Mapping[str, str]) -> str:
    labels = [names.get(label, label) for label in found.labels]
    if len(found.labels) <= _MOST_LABELS:
        size = 2.6 + 0.3 * len(found.labels)
        return _figure(lambda axes: _draw_confusion(axes, found, labels), (size + 1.2, size))
    worst = sorted(
        (
            (count, labels[row], labels[column])
            for row, counts in enumerate(found.confusion)
            for column, count in enumerate(counts)
            if row != column and count
        ),
        reverse=True,
    )[:20]
    if not worst:
        return f'<p class="note">No mistake among {len(found.labels)} labels.</p>'
    note = (
        f'<p class="note">The twenty most frequent mistakes among {len(found.labels)} labels.</p>'
    )
    rows = [(truth, decided, f"{count:,}") for count, truth, decided in worst]
    return note + _table(["is", "was decided to be", "records"], rows, numbers=(2,))


def _labels(found: Evaluation, names: Mapping[str, str]) -> str:
    accepted = {part.name: part for part in found.parts[""]}
    rows = []
    many = len(found.by_label) > _MOST_LABELS
    shown = sorted(found.by_label, key=lambda one: one.f1) if many else found.by_label
    for each in shown:
        part = accepted.get(each.label)
        rows.append(
            (
                names.get(each.label, each.label),
                f"{each.known:,}",
                _share(each.precision),
                _share(each.recall),
                f"{each.f1:.3f}",
                f"{part.accepted:,}" if part else "0",
                _share(part.precision) if part else "",
            )
        )
    head = ["label", "records", "precision", "recall", "F1", "accepted", "right of these"]
    note = '<p class="note">The weakest first.</p>' if many else ""
    return note + _table(head, rows, numbers=(1, 2, 3, 4, 5, 6))


def _slices(parts: Sequence[Part]) -> str:
    rows = [
        (
            part.name,
            f"{part.rows:,}",
            f"{part.accuracy:.1%}",
            f"{part.coverage:.1%}",
            _share(part.precision),
            _share(part.bound),
        )
        for part in parts
    ]
    names = ["value", "records", "accuracy", "accepted", "right of these", "at least"]
    return _table(names, rows, numbers=(1, 2, 3, 4, 5))


def _drift(drifts: Sequence[dict[str, Any]]) -> str:
    rows = []
    for each in drifts:
        told = each["drift"] or {}
        cells = [
            f"{part['distance']:.3f}{' (drift)' if part['drifted'] else ''}" if part else ""
            for part in (told.get(n) for n in ("scores", "decisions", "embeddings", "review"))
        ]
        rows.append((each["upload"][:12], f"{each['records']:,}", *cells))
    note = (
        '<p class="note">0 is alike, 1 is nothing in common. "Drift" is said where the distance is '
        "more than chance and more than 0.1.</p>"
    )
    names = ["upload", "records", "scores", "decisions", "embeddings", "review rate"]
    return note + _table(names, rows, numbers=(1, 2, 3, 4, 5))


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        kinds = [' class="n"' if index in numbers else "" for index in range(len(cells))]
        return "".join(
            f"<{tag}{kind}>{_e(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
        )

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    head = f"<thead><tr>{row(names, 'th')}</tr></thead>"
    return f'<div class="table"><table>{head}<tbody>{body}</tbody></table></div>'


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _e(text: str) -> str:
    return html.escape(text)


# -- plots ---------------------------------------------------------------------------------------


def _figure(draw: Callable[[Any], None], size: tuple[float, float] = (5.2, 4.0)) -> str:
    """A plot as an <svg> element: text as text, no dates, no outer references."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "winnow",
            "font.size": 10,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "text.color": _INK,
            "axes.labelcolor": _INK,
            "axes.edgecolor": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
        }
    ):
        # Names in plots are names, whatever dollar signs stand in them.
        mpl.rcParams["text.parse_math"] = False
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        stream = io.StringIO()
        with warnings.catch_warnings():
            # Text stays text: the reader's fonts draw it, whatever glyphs are missing here.
            warnings.filterwarnings("ignore", "Glyph .* missing")
            figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    for colour, name in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{name})")
    return f'<div style="max-width: {size[0] * 96:.0f}px">{svg}</div>'


def _draw_reliability(axes: Any, found: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1)
    most = max((b.count for b in found.bins), default=1)
    sizes = [12 + 160 * b.count / most for b in found.bins]
    axes.scatter(
        [b.confidence for b in found.bins],
        [b.accuracy for b in found.bins],
        sizes,
        color=_BLUE,
        clip_on=False,
        zorder=3,
    )
    axes.set(
        xlim=(0, 1.02),
        ylim=(0, 1.02),
        xlabel="confidence (larger dots: more records)",
        ylabel="share that is right",
        title="Confidence against truth",
    )
    _plain(axes)


def _draw_risk(axes: Any, found: Evaluation, other: Evaluation | None) -> None:
    for one, colour, label in ((other, _GREY, "other version"), (found, _BLUE, "this version")):
        if one is not None:
            axes.plot(
                [100 * c for _, c, _ in one.curve],
                [100 * r for _, _, r in one.curve],
                color=colour,
                linewidth=2,
                label=label,
                zorder=3,
            )
    if found.whole.precision is not None:
        axes.plot(
            100 * found.whole.coverage,
            100 * (1 - found.whole.precision),
            "o",
            color=_RED,
            clip_on=False,
            zorder=4,
            label=f"threshold {found.threshold:g}",
        )
    axes.set(
        xlim=(0, 101),
        xlabel="accepted, % of the records",
        ylabel="wrong among the accepted, %",
        title="Mistakes against work saved",
    )
    # Hundredths of a percent would be ticks of nothing where there is no mistake.
    axes.set_ylim(0, max(1, 1.05 * axes.dataLim.y1))
    axes.legend(frameon=False)
    _plain(axes)


def _draw_confusion(axes: Any, found: Evaluation, labels: Sequence[str]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    # From clear to full, so that the page's own background shows through.
    blues = LinearSegmentedColormap.from_list("blues", [f"{_BLUE}0a", f"{_BLUE}ff"])
    shares = [[count / max(1, sum(row)) for count in row] for row in found.confusion]
    axes.imshow(shares, cmap=blues, vmin=0, vmax=1)
    places = range(len(found.labels))
    names = [_short(label) for label in labels]
    axes.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, names)
    axes.set(xlabel="decided", ylabel="truth")
    if len(found.labels) <= 15:
        for row in places:
            for column in places:
                if count := found.confusion[row][column]:
                    dark = shares[row][column] > 0.55
                    axes.text(
                        column,
                        row,
                        f"{count:,}",
                        ha="center",
                        va="center",
                        fontsize=8,
                        color="white" if dark else _INK,
                    )


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def _plain(axes: Any) -> None:
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
