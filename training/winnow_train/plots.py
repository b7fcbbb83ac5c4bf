"""The plots of an evaluation, as inline SVG that loads nothing and follows the page's colours."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from winnow_train.measure import Evaluation

MAX_NAME = 28
"""Characters of a label in a plot."""
_BLUE, _GREY, _RED, _INK, _GRID = "#1f5fa8", "#9aa4b0", "#b3392f", "#1c2430", "#e6e9ee"
_VARIABLES = {_BLUE: "blue", _GREY: "grey", _RED: "bad", _INK: "ink", _GRID: "grid"}
"""The colours of the plots, as the page names them: so they follow its colour scheme."""


def reliability_plot(evaluation: Evaluation) -> Markup:
    """Confidence against accuracy, a dot a bin."""
    return _figure(lambda axes: _draw_reliability(axes, evaluation))


def risk_coverage_plot(evaluation: Evaluation, other: Evaluation | None) -> Markup:
    """Mistakes among the accepted against the share that is accepted."""
    return _figure(lambda axes: _draw_risk(axes, evaluation, other))


def confusion_plot(evaluation: Evaluation, labels: Sequence[str]) -> Markup:
    """The confusion matrix; `labels` are the names to show, in the evaluation's order."""
    size = 2.6 + 0.3 * len(labels)
    return _figure(lambda axes: _draw_confusion(axes, evaluation, labels), (size + 1.2, size))


def _figure(draw: Callable[[Any], None], size: tuple[float, float] = (5.2, 4.0)) -> Markup:
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
    # Markup: matplotlib has escaped what it drew.
    return Markup(f'<div style="max-width: {size[0] * 96:.0f}px">{svg}</div>')  # noqa: S704


def _draw_reliability(axes: Any, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1)
    largest = max((b.count for b in evaluation.bins), default=1)
    sizes = [12 + 160 * b.count / largest for b in evaluation.bins]
    axes.scatter(
        [b.confidence for b in evaluation.bins],
        [b.accuracy for b in evaluation.bins],
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


def _draw_risk(axes: Any, evaluation: Evaluation, other: Evaluation | None) -> None:
    for version, colour, label in (
        (other, _GREY, "other version"),
        (evaluation, _BLUE, "this version"),
    ):
        if version is not None:
            axes.plot(
                [100 * c for _, c, _ in version.curve],
                [100 * r for _, _, r in version.curve],
                color=colour,
                linewidth=2,
                label=label,
                zorder=3,
            )
    if evaluation.whole.precision is not None:
        axes.plot(
            100 * evaluation.whole.coverage,
            100 * (1 - evaluation.whole.precision),
            "o",
            color=_RED,
            clip_on=False,
            zorder=4,
            label=f"threshold {evaluation.threshold:g}",
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


def _draw_confusion(axes: Any, evaluation: Evaluation, labels: Sequence[str]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    # From clear to full, so that the page's own background shows through.
    blues = LinearSegmentedColormap.from_list("blues", [f"{_BLUE}0a", f"{_BLUE}ff"])
    shares = [[count / max(1, sum(row)) for count in row] for row in evaluation.confusion]
    axes.imshow(shares, cmap=blues, vmin=0, vmax=1)
    places = range(len(evaluation.labels))
    names = [_shortened(label) for label in labels]
    axes.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, names)
    axes.set(xlabel="decided", ylabel="truth")
    if len(evaluation.labels) <= 15:
        for row in places:
            for column in places:
                if count := evaluation.confusion[row][column]:
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


def _shortened(label: str) -> str:
    return label if len(label) <= MAX_NAME else f"{label[: MAX_NAME - 1]}…"


def _plain(axes: Any) -> None:
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
