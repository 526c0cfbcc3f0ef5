"""Every figure of the book: one function a figure, drawn with Matplotlib, and no TensorFlow.

Nothing is told by colour alone: each line has its own marker, its own dashes and a label at its
end. The colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart. The
background is opaque white, so that a figure can be read on a dark page too. A function returns
the axes it drew in and leaves `plt.show()` to the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.patheffects import withStroke

if TYPE_CHECKING:  # Matplotlib 3.7 has no such module
    from matplotlib.typing import ColorType as Colour

__all__ = [
    "MODELS",
    "STYLE",
    "AlignmentMap",
    "alignment",
    "alignment_map",
    "attention_diagram",
    "bleu_by_length",
    "bottleneck_diagram",
    "by_depth",
    "capacity_sweep",
    "contraction_diagram",
    "line_styles",
    "loss_curves",
    "probe_accuracy",
    "score_comparison",
]

INK = "#222222"
FAINT = "#d9d9d9"
GOLD = "#D55E00"
DEEP = "#08407e"
WEIGHTS = LinearSegmentedColormap.from_list("attention_weights", ["white", DEEP])

# Seven inches at 100 dots per inch are the 700 pixels of the book's text column.
STYLE = {
    "figure.dpi": 100,
    "figure.figsize": (7.0, 4.0),
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "savefig.pad_inches": 0.15,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.facecolor": "white",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 7.0,
}


Numbers: TypeAlias = npt.NDArray[np.float64]
LinkSet: TypeAlias = Collection[tuple[int, int]]
# The dashes of a line: a name, or an offset and the lengths of marks and gaps.
Dashes: TypeAlias = str | tuple[float, tuple[float, ...]]
# One number for each seed; a single number stands for one seed.
Seeds: TypeAlias = float | Sequence[float] | npt.NDArray[np.floating]
Point: TypeAlias = tuple[float, float]
# What is drawn under a name: a line, a bar, a bucket of lengths.
Key = TypeVar("Key", bound=Hashable)
Bucket = TypeVar("Bucket", bound=Hashable)


class Links(Protocol):
    """Anything with gold links, such as `text.SentencePair`."""

    @property
    def sure(self) -> LinkSet: ...

    @property
    def possible(self) -> LinkSet: ...


class LineStyle(NamedTuple):
    """What one model's line looks like, in every figure."""

    colour: Colour
    marker: str
    dashes: Dashes


MODELS = {
    "fixed": LineStyle("#D55E00", "o", "-"),
    "fixed-long": LineStyle("#E69F00", "s", "--"),
    "bahdanau": LineStyle("#0072B2", "D", "-"),
    "dot": LineStyle("#009E73", "^", "-."),
    "general": LineStyle("#CC79A7", "v", ":"),
    "additive": LineStyle("#56B4E9", "P", (0, (5, 1))),
    "scaled": LineStyle("#7a6a00", "X", (0, (3, 1, 1, 1, 1, 1))),
    "textbook": LineStyle("#666666", "h", (0, (1, 1))),
}
# For a name that is not in MODELS; after these, the styles of models that are not in the figure.
SPARE = (
    LineStyle("#000000", "*", (0, (4, 2))),
    LineStyle("#882255", "p", (0, (6, 2, 1, 2))),
)


def line_styles(names: Iterable[str]) -> dict[str, LineStyle]:
    """A style for each name: its own if it has one, otherwise one that is not taken.

    Args:
        names: names of models, in the order in which they are drawn.

    Returns:
        The styles by name, all different.

    Raises:
        ValueError: there are more names than styles.

    Example:
        >>> styles = line_styles(["bahdanau", "trained on this page"])
        >>> styles["bahdanau"].marker, styles["trained on this page"].marker
        ('D', '*')
    """
    names = list(names)
    known = {name: MODELS[name] for name in names if name in MODELS}
    free = [s for s in (*SPARE, *MODELS.values()) if s not in known.values()]
    unknown = [name for name in names if name not in MODELS]
    if len(unknown) > len(free):
        raise ValueError(
            f"names: expected at most {len(MODELS) + len(SPARE)} lines in a figure, "
            f"got {len(names)}"
        )
    styles = known | dict(zip(unknown, free, strict=False))
    return {name: styles[name] for name in names}


# Scores by sentence length


def bleu_by_length(
    bleu: Mapping[str, Mapping[str, Seeds]],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    ylabel: str = "BLEU",
) -> Axes:
    """BLEU against sentence length: a line through the seeds' means, every seed as a dot.

    Args:
        bleu: for each model, for each bucket of lengths, one score a seed, 0 to 100. A single
            number stands for one seed. All models have the same buckets, which are drawn in the
            order given.
        ax: where to draw; by default in a new figure.
        title: over the figure.
        ylabel: of the vertical axis, which always goes from 0 to 100.

    Returns:
        The axes.

    Raises:
        ValueError: there is nothing to draw, the buckets differ, or a score is outside 0–100.

    Example:
        >>> ax = bleu_by_length({"fixed": {"5-10": [88, 90], "11-20": [60, 66]}})
        >>> [label.get_text() for label in ax.get_xticklabels()]
        ['5–10', '11–20']
    """
    runs = _runs("bleu", bleu, (0, 100))
    return _score_lines(runs, line_styles(runs), {m: m for m in runs}, ax, title, ylabel)


def capacity_sweep(
    bleu: Mapping[int, Mapping[str, Seeds]] | Mapping[str, Mapping[str, Seeds]],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    ylabel: str = "BLEU",
) -> Axes:
    """BLEU against sentence length, one line for each size of the decoder's state.

    Args:
        bleu: for each number of units (also as text, as JSON stores it), for each bucket of
            lengths, one score a seed, 0 to 100.
        ax, title, ylabel: as in `bleu_by_length`.

    Returns:
        The axes; the lines go from the smallest state to the largest.

    Raises:
        ValueError: as `bleu_by_length`, or a number of units is not a number.

    Example:
        >>> ax = capacity_sweep({64: {"5-10": [90], "11-20": [70]}, 32: {"5-10": 80, "11-20": 40}})
        >>> [text.get_text() for text in ax.texts]
        ['32 units', '64 units']
    """
    try:
        by_units = {int(units): scores for units, scores in bleu.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"bleu: expected numbers of units as keys, got {bleu!r:.60}") from error
    runs = _runs("bleu", dict(sorted(by_units.items())), (0, 100))
    labels = {units: f"{units} units" for units in runs}
    return _score_lines(runs, _ordered_styles(runs), labels, ax, title, ylabel)


def _score_lines(
    runs: Mapping[Key, Mapping[str, Numbers]],
    styles: Mapping[Key, LineStyle],
    labels: Mapping[Key, str],
    ax: Axes | None,
    title: str | None,
    ylabel: str,
) -> Axes:
    buckets = list(next(iter(runs.values())))
    middle = (len(runs) - 1) / 2
    with _book_style():
        ax = ax if ax is not None else _new_axes((7.0, 4.2))
        for place, (name, scores) in enumerate(runs.items()):
            # Models stand a little beside each other, so that none hides another's seeds.
            at = np.arange(len(buckets)) + 0.05 * (place - middle)
            _line(ax, at, [np.mean(scores[b]) for b in buckets], styles[name], label=labels[name])
            for x, bucket in zip(at, buckets, strict=True):
                seeds = scores[bucket]
                spread = 0.03 * (np.arange(len(seeds)) - (len(seeds) - 1) / 2)
                _dots(ax, x + spread, seeds, styles[name], label=f"_{labels[name]}: seeds")
        ax.set_ylim(0, 100)
        ax.set_xlim(-0.3, len(buckets) - 0.8)
        ax.set_xticks(range(len(buckets)), labels=[bucket.replace("-", "–") for bucket in buckets])
        ax.grid(False, axis="x")
        ax.set_xlabel("length of the source sentence in tokens (small marks: single seeds)")
        ax.set_ylabel(ylabel)
        _label_ends(ax, _main_lines(ax), margin=1.0)
        _set_title(ax, title)
    return ax


def score_comparison(
    scores: Mapping[str, Seeds],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    xlabel: str = "BLEU",
    limits: tuple[float, float] = (0, 100),
    digits: int = 1,
) -> Axes:
    """A few named scores: each seed a small dot, their mean a large one with its value.

    Args:
        scores: for each name, one score a seed; a single number stands for one seed.
        ax, title: as in `bleu_by_length`.
        xlabel: of the axis of scores.
        limits: the least and the largest possible score, where the axis begins and ends.
        digits: decimals of the means that are written.

    Returns:
        The axes; the names stand from top to bottom in the order given.

    Raises:
        ValueError: there is nothing to draw, or a score is outside the limits.

    Example:
        >>> ax = score_comparison({"diagonal": 0.4, "bahdanau": [0.05, 0.06]}, xlabel="AER",
        ...                       limits=(0, 1), digits=2)
        >>> [text.get_text() for text in ax.texts]
        ['0.40', '0.06']
    """
    scores = _seeds_by_name("scores", scores, limits)
    styles = line_styles(scores)
    with _book_style():
        ax = ax if ax is not None else _new_axes((7.0, 1.1 + 0.45 * len(scores)))
        for y, (name, seeds) in enumerate(scores.items()):
            style, mean = styles[name], np.mean(seeds)
            _line(ax, [mean], [y], style, label=name)
            # Below their mean, which would hide them.
            _dots(ax, seeds, np.full(len(seeds), y + 0.24), style, label=f"_{name}: seeds")
            # In the margin: beside the dot it could hide a neighbour's seeds.
            ax.annotate(
                f"{mean:.{digits}f}",
                (1.02, y),
                xycoords=("axes fraction", "data"),
                va="center",
                annotation_clip=False,
            )
        ax.set_yticks(range(len(scores)), labels=list(scores))
        ax.set_ylim(len(scores) - 0.5, -0.5)
        span = limits[1] - limits[0]
        ax.set_xlim(limits[0] - 0.02 * span, limits[1] + 0.02 * span)
        ax.set_xlabel(xlabel)
        _set_title(ax, title)
    return ax


def probe_accuracy(
    accuracy: Mapping[str, Seeds],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    chance: float | None = None,
) -> Axes:
    """How well a probe reads the i-th source word off the vector: one line a bucket of lengths.

    Args:
        accuracy: for each bucket (or length), the accuracy at the positions 1, 2, …, 0 to 1. The
            buckets may have different numbers of positions.
        ax, title: as in `bleu_by_length`.
        chance: accuracy of a probe that knows nothing (always the commonest word), as a dashed
            line.

    Returns:
        The axes.

    Raises:
        ValueError: there is nothing to draw, or an accuracy is outside 0–1.

    Example:
        >>> ax = probe_accuracy({"5-10": [0.9, 0.8, 0.9], "11-20": [0.4, 0.3, 0.2, 0.5]})
        >>> ax.lines[1].get_xdata().tolist()
        [1, 2, 3, 4]
    """
    lines = _seeds_by_name("accuracy", accuracy, (0, 1))
    if chance is not None:
        _numbers("chance", chance, (0, 1))
    styles = _ordered_styles(lines)
    with _book_style():
        ax = ax if ax is not None else _new_axes((7.0, 4.2))
        for name, values in lines.items():
            positions = np.arange(1, len(values) + 1)
            label = str(name).replace("-", "–")
            every = max(1, len(values) // 8)
            _line(ax, positions, values, styles[name], label=label, markevery=every)
        longest = max(len(values) for values in lines.values())
        if chance is not None:
            ax.plot([1, longest], [chance] * 2, color=INK, lw=1.2, ls=(0, (2, 3)), label="chance")
        ax.set_ylim(0, 1)
        ax.set_xlim(0.5, longest + 0.5)
        ax.set_xticks(_whole_steps(longest))
        ax.set_xlabel("position of the word in the source sentence (each line: a sentence length)")
        ax.set_ylabel("accuracy of the probe")
        _label_ends(ax, _main_lines(ax))
        _set_title(ax, title)
    return ax


def loss_curves(
    losses: Mapping[str, Seeds],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    window: int = 25,
    ylabel: str = "loss per token (nats)",
) -> Axes:
    """Training losses on a logarithmic axis: every step thin, the mean of the last steps thick.

    Args:
        losses: for each model, one positive loss a step.
        ax, title: as in `bleu_by_length`.
        window: how many steps the thick line averages over (fewer at the beginning); 1 draws the
            losses themselves only.
        ylabel: of the axis of losses.

    Returns:
        The axes.

    Raises:
        ValueError: there is nothing to draw, a loss is not positive and finite, or the window is
            not a positive integer.

    Example:
        >>> ax = loss_curves({"bahdanau": [4.0, 2.0, 1.0, 0.5]}, window=2)
        >>> ax.lines[1].get_ydata().tolist()
        [4.0, 3.0, 1.5, 0.75]
    """
    lines = _seeds_by_name("losses", losses, (0, np.inf))
    for name, values in lines.items():
        if not values.min() > 0:
            raise ValueError(f"losses[{name!r}]: expected positive numbers, got {values.min()}")
    if not isinstance(window, int) or isinstance(window, bool) or window < 1:
        raise ValueError(f"window: expected a positive integer, got {window!r}")
    styles = line_styles(lines)
    with _book_style():
        ax = ax if ax is not None else _new_axes((7.0, 4.0))
        ax.set_yscale("log")
        for name, values in lines.items():
            steps, style = np.arange(1, len(values) + 1), styles[name]
            if window > 1:
                ax.plot(
                    steps, values, color=style.colour, linewidth=0.7, alpha=0.35, label=f"_{name}"
                )
            every = max(1, len(values) // 7)
            _line(ax, steps, _running_mean(values, window), style, label=name, markevery=every)
        ax.set_xlim(0, max(len(values) for values in lines.values()))
        ax.yaxis.set_major_formatter(_plain_logarithmic)
        ax.yaxis.set_minor_formatter(_plain_logarithmic)
        ax.set_xlabel(
            "training step" + (f" (thick: mean of the last {window} steps)" if window > 1 else "")
        )
        ax.set_ylabel(ylabel)
        _label_ends(ax, _main_lines(ax))
        _set_title(ax, title)
    return ax


# Alignments


class Gold(NamedTuple):
    """Links of a hand alignment, as (source position, target position) from 0."""

    sure: frozenset[tuple[int, int]]
    possible: frozenset[tuple[int, int]]


GoldLinks: TypeAlias = Links | tuple[LinkSet, LinkSet]


def alignment(
    weights: npt.ArrayLike,
    source: Sequence[str],
    target: Sequence[str],
    gold: GoldLinks | None = None,
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Attention weights as a heat map, exactly as they are, with the gold links outlined.

    Source words stand along the top, target words down the side; a row is what the decoder
    looked at when it wrote that word.

    Args:
        weights: float (target words, source words), 0 to 1.
        source: the source words, one for each column.
        target: the target words, one for each row.
        gold: the hand alignment: an object with the attributes ``sure`` and ``possible`` (such as
            `text.SentencePair`) or these two as a pair of sets of links (source position,
            target position). Sure links are outlined solid, links that are only possible dashed.
        ax: where to draw; by default in a new figure whose size follows the sentences.
        title: over the figure.

    Returns:
        The axes.

    Raises:
        ValueError: the shapes do not agree, a weight is not within 0–1, or a link points outside
            of the sentences.

    Example:
        >>> ax = alignment([[0.9, 0.1], [0.2, 0.8]], ["red", "house"], ["maison", "rouge"])
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['maison', 'rouge']
    """
    weights, source, target = _checked_weights(weights, source, target)
    links = _checked_gold(gold, len(source), len(target))
    with _book_style():
        width, height, font = _alignment_size(source, target)
        ax = ax if ax is not None else _new_axes((width, height), layout="compressed")
        image = ax.imshow(weights, cmap=WEIGHTS, vmin=0, vmax=1, interpolation="none")
        ax.grid(False)
        ax.set_xticks(
            range(len(source)),
            labels=source,
            fontsize=font,
            rotation=90 if font < 9 else 45,
            rotation_mode="anchor",
            ha="left",
            va="center" if font < 9 else "baseline",
        )
        ax.set_yticks(range(len(target)), labels=target, fontsize=font)
        ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        for x in np.arange(1, len(source)) - 0.5:
            ax.axvline(x, color=FAINT, linewidth=0.6)
        for y in np.arange(1, len(target)) - 0.5:
            ax.axhline(y, color=FAINT, linewidth=0.6)
        for spine in ax.spines.values():  # Matplotlib 3.7 has no set() for all of them
            spine.set(visible=True, color="#999999")
        _outline(ax, links, width=float(np.clip(font / 5, 1, 2)))
        bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03, aspect=18, shrink=0.8)
        bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
        bar.set_label("attention weight", fontsize=10)
        bar.outline.set(color="#999999")
        _set_title(ax, title)
    return ax


def _alignment_size(source: list[str], target: list[str]) -> tuple[float, float, float]:
    """Width and height of the figure in inches, and the size of the words in points."""
    # 0.075 inches a character at 11 points; room for the colour bar, the legend and the title.
    left = 0.085 * max(map(len, target))
    top = 0.065 * max(map(len, source))
    cell = min(0.36, (7.0 - left - 1.2) / len(source))
    font = float(np.clip(cell * 72 * 0.9, 6.5, 11))
    return max(3.6, left + cell * len(source) + 1.2), top + cell * len(target) + 0.9, font


def _outline(ax: Axes, links: Gold, width: float) -> None:
    # White and solid under the outline, which a dark cell would swallow.
    solid = {"dash_offset": 0, "dash_list": None}
    halo = [withStroke(linewidth=width + 1.6, foreground="white", dashes=solid)]
    kinds = []
    solid_line: Any = "-"
    for label, cells, dashes in (
        ("sure link", links.sure, solid_line),
        ("possible link", links.possible - links.sure, (0, (2.2, 1.4))),
    ):
        for column, row in sorted(cells):
            # A little inside of the cell, so that the outlines of neighbours stay apart.
            box = Rectangle(
                (column - 0.42, row - 0.42),
                0.84,
                0.84,
                fill=False,
                edgecolor=GOLD,
                linewidth=width,
                linestyle=dashes,
                label=f"_{label}",
                path_effects=halo,
            )
            ax.add_patch(box)
        if cells:
            kinds.append(Line2D([], [], color=GOLD, linewidth=2, linestyle=dashes, label=label))
    if kinds:
        ax.legend(
            handles=kinds,
            loc="upper left",
            bbox_to_anchor=(0, -0.01),
            ncols=2 if ax.get_xlim()[1] > 8 else 1,
            borderaxespad=0.2,
            fontsize=10,
            handlelength=2.6,
        )


class AlignmentMap:
    """An alignment that a page shows as inline SVG: see `alignment_map`, which makes it."""

    def __init__(
        self,
        weights: npt.ArrayLike,
        source: Sequence[str],
        target: Sequence[str],
        gold: GoldLinks | None = None,
        title: str | None = None,
        name: str | None = None,
    ) -> None:
        self.weights, self.source, self.target = _checked_weights(weights, source, target)
        self.gold = _checked_gold(gold, len(self.source), len(self.target))
        self.title = title or "Attention weights"
        content = repr((self._texts(), self.source, self.target, self.title, self._links()))
        # From the content, so that a page that is executed again stays the same.
        self.name = name or "alignment-" + hashlib.sha256(content.encode()).hexdigest()[:10]

    def __repr__(self) -> str:
        return f"AlignmentMap({len(self.target)} target words × {len(self.source)} source words)"

    def _repr_html_(self) -> str:
        return (
            f'<div class="attention-map" id="{escape(self.name)}">'
            f"<style>{_MAP_CSS.replace('#map', '#' + self.name)}</style>"
            f'<div class="scroll">{self._svg()}</div>{self._table()}</div>'
        )

    def _texts(self) -> list[list[str]]:
        return [[f"{weight:.3f}" for weight in row] for row in self.weights]

    def _links(self) -> dict[tuple[int, int], str]:
        links = dict.fromkeys(sorted(self.gold.possible), "possible")
        return links | dict.fromkeys(sorted(self.gold.sure), "sure")

    def _svg(self) -> str:
        cell, letter = 34, 7.8  # pixels; letter is a generous mean width at 14 pixels
        left = 18 + letter * max(map(len, self.target))
        slant = 0.71 * letter * max(map(len, self.source)) + 22
        width = left + cell * len(self.source) + max(slant, 60)
        bottom = slant + cell * len(self.target)
        height = bottom + 44
        title, description = f"{self.name}-title", f"{self.name}-description"
        columns = "".join(
            f'<text transform="translate({left + cell * (x + 0.6):.0f} {slant - 8:.0f}) '
            f'rotate(-45)">{escape(word)}</text>'
            for x, word in enumerate(self.source)
        )
        rows = "".join(
            self._row(y, cell, left, slant + cell * y, slant) for y in range(len(self.target))
        )
        return (
            f'<svg role="group" aria-labelledby="{title} {description}" '
            f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
            f'<title id="{title}">{escape(self.title)}</title>'
            f'<desc id="{description}">{escape(self._description())}</desc>'
            f'<g class="source" aria-hidden="true">{columns}</g>'
            f'<g class="rows">{rows}</g>'
            f"{self._key(left, bottom + 14)}</svg>"
        )

    def _row(self, y: int, cell: int, left: float, top: float, slant: float) -> str:
        """One target word: its cells, and what appears when it is pointed at."""
        links = self._links()
        cells, outlines, numbers, looked_at = [], [], [], []
        for x, text in enumerate(self._texts()[y]):
            weight, at = float(text), left + cell * x
            cells.append(
                f'<rect x="{at:.0f}" y="{top:.0f}" width="{cell}" height="{cell}" '
                f'fill-opacity="{text}"/>'
            )
            if (x, y) in links:
                outlines += [
                    f'<rect class="{kind}" x="{at + 2:.0f}" y="{top + 2:.0f}" '
                    f'width="{cell - 4}" height="{cell - 4}"/>'
                    for kind in ("halo", links[x, y])
                ]
            if weight >= 0.005:
                light = ' class="light"' if weight > 0.5 else ""
                numbers.append(
                    f'<text{light} x="{at + cell / 2:.0f}" y="{top + cell / 2 + 4:.0f}">'
                    f"{weight:.2f}</text>"
                )
            if weight >= 0.1:
                looked_at.append(
                    f'<text transform="translate({at + 0.6 * cell:.0f} {slant - 8:.0f}) '
                    f'rotate(-45)">{escape(self.source[x])}</text>'
                )
        return (
            f'<g class="target-row" role="img" tabindex="0" aria-label="{escape(self._row_text(y))}">'
            f'<rect class="reach" x="0" y="{top:.0f}" width="{left:.0f}" height="{cell}"/>'
            f'<text class="word" x="{left - 8:.0f}" y="{top + cell / 2 + 5:.0f}">'
            f"{escape(self.target[y])}</text>"
            f'<g class="cells">{"".join(cells)}</g>{"".join(outlines)}'
            f'<g class="number">{"".join(numbers)}</g>'
            f'<g class="looked-at">{"".join(looked_at)}</g></g>'
        )

    def _row_text(self, y: int) -> str:
        order = np.argsort(-self.weights[y], kind="stable")[:3]
        looks = ", ".join(f"{self.source[x]} {self.weights[y, x]:.2f}" for x in order)
        return f"{self.target[y]} looks at: {looks}"

    def _description(self) -> str:
        return (
            f"Each row is a word of the translation, “{' '.join(self.target)}”; each column a word "
            f"of the source, “{' '.join(self.source)}”. The darker a cell, the larger the weight. "
            "The table below the figure has all weights."
        )

    def _key(self, left: float, top: float) -> str:
        kinds = set(self._links().values())
        parts, at = [], 8.0
        parts.append(f'<text x="{at:.0f}" y="{top + 15:.0f}">0</text>')
        for step in range(5):
            parts.append(
                f'<rect class="shade" x="{at + 14 + 18 * step:.0f}" y="{top + 2:.0f}" width="18" '
                f'height="18" fill-opacity="{step / 4}"/>'
            )
        parts.append(f'<text x="{at + 110:.0f}" y="{top + 15:.0f}">1</text>')
        at += 136
        for kind in ("sure", "possible"):
            if kind in kinds:
                parts.append(
                    f'<rect class="{kind}" x="{at:.0f}" y="{top + 2:.0f}" width="18" height="18"/>'
                    f'<text x="{at + 25:.0f}" y="{top + 15:.0f}">{kind}</text>'
                )
                at += 25 + 7.8 * len(kind) + 14
        return f'<g class="key" aria-hidden="true">{"".join(parts)}</g>'

    def _table(self) -> str:
        marks = {"sure": " ■", "possible": " □"}
        links = self._links()
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in self.source)
        rows = "".join(
            f'<tr><th scope="row">{escape(word)}</th>'
            + "".join(
                f"<td>{text}{marks.get(links.get((x, y), ''), '')}</td>"
                for x, text in enumerate(self._texts()[y])
            )
            + "</tr>"
            for y, word in enumerate(self.target)
        )
        note = " (■ sure link, □ possible link)" if links else ""
        return (
            f"<details><summary>The weights as a table{note}</summary>"
            f'<div class="scroll"><table><thead><tr><th scope="col">target word</th>{head}</tr>'
            f"</thead><tbody>{rows}</tbody></table></div></details>"
        )


_MAP_CSS = f"""
#map {{ background: #fff; color: {INK}; color-scheme: light; padding: 12px; border-radius: 6px;
  font: 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  max-width: 100%; box-sizing: border-box; }}
#map .scroll {{ overflow-x: auto; }}
#map svg {{ display: block; max-width: none; font-size: 14px; }}
#map text {{ fill: {INK}; }}
#map .word {{ text-anchor: end; }}
#map .cells rect, #map .shade {{ fill: {DEEP}; stroke: #bbb; stroke-width: 1; }}
#map .reach {{ fill: #fff; }}
#map .halo {{ fill: none; stroke: #fff; stroke-width: 4.5; }}
#map .sure, #map .possible {{ fill: none; stroke: {GOLD}; stroke-width: 2.5; }}
#map .possible {{ stroke-dasharray: 5 3; }}
#map .number, #map .looked-at {{ visibility: hidden; pointer-events: none; }}
#map .number text {{ font-size: 11px; text-anchor: middle; }}
#map .number .light {{ fill: #fff; }}
#map .looked-at text {{ font-weight: bold; fill: #a33f00; stroke: #fff; stroke-width: 5px;
  paint-order: stroke; }}
#map .target-row {{ outline: none; }}
#map .rows:hover .target-row:not(:hover):not(:focus),
#map .rows:focus-within .target-row:not(:hover):not(:focus) {{ opacity: 0.35; }}
#map .target-row:hover .number, #map .target-row:hover .looked-at,
#map .target-row:focus .number, #map .target-row:focus .looked-at {{ visibility: visible; }}
#map .target-row:hover .word, #map .target-row:focus .word {{ font-weight: bold; }}
#map .target-row:focus-visible .reach {{ stroke: {GOLD}; stroke-width: 2; }}
#map summary {{ cursor: pointer; margin-top: 8px; }}
#map table {{ border-collapse: collapse; margin: 8px 0; font-size: 13px; color: {INK};
  background: #fff; width: auto; }}
#map th, #map td {{ border: 1px solid #ccc; padding: 3px 8px; text-align: right; color: {INK};
  background: #fff; white-space: nowrap; }}
"""


def alignment_map(
    weights: npt.ArrayLike,
    source: Sequence[str],
    target: Sequence[str],
    gold: GoldLinks | None = None,
    *,
    title: str | None = None,
    name: str | None = None,
) -> AlignmentMap:
    """The heat map of `alignment` for a page: pointing at a row shows its weights as numbers.

    It is inline SVG and CSS, without a script and without anything from the network; it is
    complete without pointing, and has the weights as a text table under it.

    Args:
        weights, source, target, gold: as in `alignment`.
        title: what a screen reader announces; by default "Attention weights".
        name: the element's id on the page; by default made from the content. Give it when one
            page shows the same map twice.

    Returns:
        An object that a notebook shows as HTML (`_repr_html_`).

    Raises:
        ValueError: as `alignment`.

    Example:
        >>> alignment_map([[0.9, 0.1], [0.2, 0.8]], ["red", "house"], ["maison", "rouge"])
        AlignmentMap(2 target words × 2 source words)
    """
    return AlignmentMap(weights, source, target, gold, title, name)


# Diagrams


def bottleneck_diagram(
    source: Sequence[str] = ("the", "red", "house", "."),
    target: Sequence[str] = ("la", "maison", "rouge", "."),
    *,
    ax: Axes | None = None,
) -> Axes:
    """The encoder–decoder without attention: all that the decoder sees passes through one vector.

    Args:
        source: the words the encoder reads.
        target: the words the decoder writes.
        ax: where to draw; by default in a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: a sentence is empty, or too long to be drawn legibly (more than 6 words).

    Example:
        >>> ax = bottleneck_diagram()
        >>> "one vector" in [text.get_text() for text in ax.texts]
        True
    """
    source, target = _diagram_words(source, target)
    with _book_style():
        ax = _diagram_axes(ax, max(len(source), len(target)))
        encoder = _states(ax, source, 0.0, "h", below=True)
        decoder = _states(ax, target, 3.2, "s", below=False)
        _chain(ax, encoder, 0.0)
        _chain(ax, decoder, 3.2)
        middle = (max(len(source), len(target)) - 1) / 2
        _box(ax, middle, 1.6, "$c$", "#fbe3d3", GOLD, width=0.5)
        ax.text(middle - 0.38, 1.6, "one vector", ha="right", va="center", color="#a33f00")
        _arrow(ax, (encoder[-1], 0.32), (middle + 0.27, 1.42), GOLD, 2.2)
        for x in decoder:
            _arrow(ax, (middle, 1.92), (x, 2.88), GOLD, 1.6)
        _side_labels(ax)
    return ax


def attention_diagram(
    weights: Sequence[float] = (0.05, 0.12, 0.79, 0.04),
    source: Sequence[str] = ("the", "red", "house", "."),
    target: Sequence[str] = ("la", "maison", "rouge", "."),
    *,
    step: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """The same with attention: the context is a weighted sum of all states, new for every word.

    Args:
        weights: one weight a source word, 0 to 1: how wide its arrow is.
        source: the words the encoder reads, in both directions.
        target: the words the decoder writes.
        step: position of the target word that is being written, from 0.
        ax: where to draw; by default in a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: as `bottleneck_diagram`, the weights are not one a source word and within
            0–1, or there is no such step.

    Example:
        >>> ax = attention_diagram()
        >>> "0.79" in [text.get_text() for text in ax.texts]
        True
    """
    source, target = _diagram_words(source, target)
    shares = _numbers("weights", weights, (0, 1))
    if shares.shape != (len(source),):
        raise ValueError(
            f"weights: expected one a source word, {len(source)}, got shape {shares.shape}"
        )
    if step not in range(len(target)):
        raise ValueError(f"step: expected 0 to {len(target) - 1}, got {step!r}")
    blue = MODELS["bahdanau"].colour
    with _book_style():
        ax = _diagram_axes(ax, max(len(source), len(target)))
        encoder = _states(ax, source, 0.0, "h", below=True)
        decoder = _states(ax, target, 3.2, "s", below=False, bold=step)
        _chain(ax, encoder, 0.0, "<|-|>")
        _chain(ax, decoder, 3.2)
        at = decoder[step]
        for x, weight in zip(encoder, shares, strict=True):
            _arrow(ax, (x, 0.32), (at, 1.42), blue, 0.6 + 8 * weight, head=7 + 8 * weight)
            # Beside its arrow, on the side that the arrow leans away from.
            side = "right" if x < at else "left"
            beside = 0.78 * x + 0.22 * at + (0.12 if side == "left" else -0.12)
            ax.text(beside, 0.56, f"{weight:.2f}", ha=side, va="center", fontsize=10)
        _box(ax, at, 1.74, f"$c_{{{step + 1}}}$", "#dceaf5", blue, width=0.5)
        left = at > max(encoder[-1], decoder[-1]) / 2
        ax.text(
            at + (-0.38 if left else 0.38),
            1.6,
            "weighted sum\nof the states",
            ha="right" if left else "left",
            va="center",
            color="#00527f",
        )
        _arrow(ax, (at, 2.06), (at, 2.88), blue, 2.2)
        if step:
            start, end = (decoder[step - 1] + 0.1, 2.88), (at - 0.28, 1.86)
            _arrow(ax, start, end, INK, 1.3, dashes=(0, (3, 2)))
            ax.text(decoder[step - 1] - 0.02, 2.3, "query", ha="center", va="center", fontsize=10)
        _side_labels(ax)
    return ax


def _diagram_words(source: Sequence[str], target: Sequence[str]) -> tuple[list[str], list[str]]:
    for name, words in (("source", source), ("target", target)):
        if not 1 <= len(_words(name, words)) <= 6:
            raise ValueError(f"{name}: expected 1 to 6 words, got {len(words)}")
    return list(source), list(target)


def _diagram_axes(ax: Axes | None, columns: int) -> Axes:
    # Small, so that its words can still be read when a telephone shows it 360 pixels wide.
    ax = ax if ax is not None else _new_axes((1.0 + 1.05 * columns, 4.4))
    ax.set(xlim=(-1.15, columns - 0.45), ylim=(-0.85, 4.0))
    ax.set_axis_off()
    return ax


def _states(
    ax: Axes,
    words: Sequence[str],
    y: float,
    letter: str,
    *,
    below: bool,
    bold: int | None = None,
) -> list[int]:
    for x, word in enumerate(words):
        edge = MODELS["bahdanau"].colour if x == bold else "#555555"
        _box(ax, x, y, f"${letter}_{{{x + 1}}}$", "#f2f2f2", edge)
        _arrow(ax, *(((x, -0.52), (x, -0.32)) if below else ((x, y + 0.32), (x, y + 0.52))))
        ax.text(
            x,
            -0.56 if below else y + 0.56,
            word,
            ha="center",
            va="top" if below else "bottom",
            fontsize=12,
            fontweight="bold" if x == bold else "normal",
        )
    return list(range(len(words)))


def _chain(ax: Axes, xs: list[int], y: float, arrow: str = "-|>") -> None:
    for x in xs[:-1]:
        _arrow(ax, (x + 0.3, y), (x + 0.7, y), arrow=arrow)


def _box(
    ax: Axes, x: float, y: float, text: str, face: Colour, edge: Colour, width: float = 0.6
) -> None:
    box = FancyBboxPatch(
        (x - width / 2 + 0.06, y - 0.26),
        width - 0.12,
        0.52,
        boxstyle="round,pad=0.06",
        facecolor=face,
        edgecolor=edge,
        linewidth=1.6,
    )
    ax.add_patch(box)
    ax.text(x, y, text, ha="center", va="center", fontsize=14)


def _arrow(
    ax: Axes,
    start: Point,
    end: Point,
    colour: Colour = "#555555",
    width: float = 1.4,
    *,
    arrow: str = "-|>",
    head: float = 9,
    dashes: Dashes = "-",
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle=arrow,
            mutation_scale=head,
            color=colour,
            linewidth=width,
            linestyle=dashes,
            shrinkA=0,
            shrinkB=0,
        )
    )


def _side_labels(ax: Axes) -> None:
    for y, text in ((0.0, "encoder"), (3.2, "decoder")):
        ax.text(-0.5, y, text, ha="right", va="center", fontsize=10, color="#555555")


def contraction_diagram(
    equation: str,
    operands: Mapping[str, npt.ArrayLike],
    at: Mapping[str, int],
    *,
    ax: Axes | None = None,
) -> Axes:
    """An einsum as grids of numbers, with the loops over its kept letters stopped at one position.

    The cells that meet there are shaded in the operands, where the summed letters run along them,
    and so is the cell of the result that takes their sum.

    Args:
        equation: of arrays with one or two axes each, such as ``"qd,kd->qk"``.
        operands: the arrays by name, in the order of the equation.
        at: a position for each letter of the result.
        ax: where to draw; by default in a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: an array does not have the axes of its letters or more than two, two sizes of a
            letter differ, or ``at`` does not give each letter of the result a position in range.

    Example:
        >>> operands = {"query": [[1, 2], [0, 3]], "key": [[4, 1]]}
        >>> ax = contraction_diagram("qd,kd->qk", operands, at={"q": 1, "k": 0})
        >>> [text.get_text() for text in ax.texts][-1]
        'result (q, k)'
    """
    arrays = _checked_contraction(equation, operands, at)
    kept = arrays["result"][0]
    columns = [array.shape[-1] if array.ndim else 1 for _, array in arrays.values()]
    rows = max(array.shape[0] if array.ndim == 2 else 1 for _, array in arrays.values())
    width = sum(columns) + 1.7 * len(columns)
    with _book_style():
        ax = ax if ax is not None else _new_axes((min(7.0, 0.52 * width), 0.52 * (rows + 2.2)))
        ax.set(xlim=(-1.2, width - 0.9), ylim=(rows + 0.95, -1.2), aspect="equal")
        ax.set_axis_off()
        x = 0.0
        for (name, (letters, array)), wide in zip(arrays.items(), columns, strict=True):
            colour = MODELS["bahdanau"].colour if name == "result" else GOLD
            _grid(ax, x, array, [at.get(letter) for letter in letters], colour)
            _axis_letters(ax, x, array, letters, kept)
            label = f"{name} ({', '.join(letters)})" if letters else name
            ax.text(x + wide / 2, rows + 0.5, label, ha="center", va="center", fontsize=13)
            x += wide + 1.7
    return ax


def _grid(ax: Axes, x: float, array: Numbers, position: list[int | None], colour: Colour) -> None:
    """Cells with their numbers; those at the position are shaded (None: the whole axis is)."""
    table = np.atleast_2d(array)
    position = [*[0] * (2 - len(position)), *position]
    for row, column in np.ndindex(table.shape):
        shaded = all(p in (None, i) for p, i in zip(position, (row, column), strict=True))
        ax.add_patch(
            Rectangle(
                (x + column, row),
                1,
                1,
                facecolor=(*to_rgb(colour), 0.22) if shaded else "white",
                edgecolor=colour if shaded else "#999999",
                linewidth=2.2 if shaded else 0.8,
                zorder=2 if shaded else 1,
            )
        )
        ax.text(
            x + column + 0.5,
            row + 0.5,
            f"{table[row, column]:g}",
            ha="center",
            va="center",
            fontsize=13,
            fontweight="bold" if shaded else "normal",
            zorder=3,
        )


def _axis_letters(ax: Axes, x: float, array: Numbers, letters: str, kept: str) -> None:
    """The letter of each axis with an arrow along it, in the colour of the sum if it is summed."""
    ends = {-1: ((x, -0.35), (x + 0.9, -0.35)), -2: ((x - 0.35, 0), (x - 0.35, 0.9))}
    names = {-1: (x + 1.2, -0.35), -2: (x - 0.35, 1.2)}
    for axis in range(-array.ndim, 0):
        colour: Colour = INK if letters[axis] in kept else _dark(GOLD)
        _arrow(ax, *ends[axis], colour, 1.2)
        ax.text(*names[axis], letters[axis], ha="center", va="center", fontsize=14, color=colour)


# What the figures share


def _book_style() -> AbstractContextManager[None]:
    style: Any = STYLE  # newer stubs name every key, older ones none
    return plt.rc_context(style)


def _new_axes(
    size: tuple[float, float], layout: Literal["constrained", "compressed"] = "constrained"
) -> Axes:
    axes: Axes = plt.subplots(figsize=size, layout=layout)[1]
    return axes


def _set_title(ax: Axes, title: str | None) -> None:
    if title:
        ax.set_title(title)


def _line(ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, style: LineStyle, **options: Any) -> None:
    ax.plot(
        x,
        y,
        color=style.colour,
        marker=style.marker,
        linestyle=style.dashes,
        markeredgecolor="white",
        markersize=12 if style.marker == "*" else 7,  # a star of 7 points cannot be seen
        clip_on=False,  # a score of 100 is not cut in half
        **options,
    )


def _dots(ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, style: LineStyle, label: str) -> None:
    """The single seeds: small, and above the line of their means."""
    ax.plot(
        x,
        y,
        linestyle="none",
        marker=style.marker,
        markersize=3.5,
        color=_dark(style.colour),
        alpha=0.75,
        markeredgewidth=0,
        clip_on=False,
        zorder=4,
        label=label,
    )


def _main_lines(ax: Axes) -> list[Line2D]:
    return [line for line in ax.lines if not str(line.get_label()).startswith("_")]


def _ordered_styles(names: Collection[Key]) -> dict[Key, LineStyle]:
    """For names that have an order (sizes, lengths): from light to dark, each its own marker."""
    shades = plt.get_cmap("viridis")(np.linspace(0.78, 0.05, max(2, len(names))))
    forms = [(s.marker, s.dashes) for s in (*MODELS.values(), *SPARE)]
    if len(names) > len(forms):
        raise ValueError(f"expected at most {len(forms)} lines in a figure, got {len(names)}")
    return {
        name: LineStyle(tuple(shade), *form)
        for name, shade, form in zip(names, shades, forms, strict=False)
    }


def _label_ends(ax: Axes, lines: Iterable[Line2D], margin: float | None = None) -> None:
    """The name of each line at its end, moved apart where ends are close, with a thin leader.

    With `margin`, a fraction of the axes' width, all names stand there, in one column.
    """
    # In fractions of the axes, which hold for any scale and do not wait for the layout.
    figure: Any = ax.figure  # no subfigure, which has no height in inches
    height = 0.75 * figure.get_figheight()
    gap = 1.35 * plt.rcParams["font.size"] / 72 / height
    ends = []
    for line in lines:
        end = float(np.asarray(line.get_xdata())[-1]), float(np.asarray(line.get_ydata())[-1])
        x, y = ax.transLimits.transform(ax.transScale.transform(end))
        x = round(float(x), 3) if margin is None else margin
        ends.append((x, float(y), end, line))
    for column in sorted({x for x, *_ in ends}):
        group = sorted((e for e in ends if e[0] == column), key=lambda e: e[1])
        for y, (x, at, end, line) in zip(_apart([e[1] for e in group], gap), group, strict=True):
            leader = {"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.8}
            label = ax.annotate(
                str(line.get_label()),
                end,
                xytext=(x + 0.03, y),
                textcoords="axes fraction",
                va="center",
                color=_dark(line.get_color()),
                annotation_clip=False,
                arrowprops=leader | {"shrinkA": 1, "shrinkB": 5} if abs(y - at) > 0.01 else None,
            )
            label.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _apart(places: list[float], gap: float) -> list[float]:
    """Sorted places moved apart to at least `gap`, as little as possible, within 0 to 1."""
    groups: list[tuple[int, float]] = []  # of neighbours that touch: (number, centre)
    for place in places:
        groups.append((1, place))
        while len(groups) > 1:
            (n, low), (m, high) = groups[-2:]
            if high - low >= gap * (n + m) / 2:
                break
            groups[-2:] = [(n + m, (n * low + m * high) / (n + m))]
    moved = [centre + gap * (i - (n - 1) / 2) for n, centre in groups for i in range(n)]
    shift = min(0.0, 1.0 - moved[-1])
    return [max(place + shift, 0.0 + gap * i) for i, place in enumerate(moved)]


def _dark(colour: Colour) -> tuple[float, float, float]:
    """The colour, dark enough for small letters on white."""
    red, green, blue = to_rgb(colour)
    return 0.62 * red, 0.62 * green, 0.62 * blue


def _running_mean(values: Numbers, window: int) -> Numbers:
    """The mean of each value and the up to `window` − 1 values before it."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    means: Numbers = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def _plain_logarithmic(value: float, _: object = None) -> str:
    """0.1, 0.2, 0.5, 1, …: no powers, and no labels that touch each other."""
    return f"{value:g}" if f"{value:e}"[0] in "125" else ""


def _whole_steps(longest: int) -> list[int]:
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 10**9) if longest / s <= 12)
    return sorted({1, *range(step, longest + 1, step)})


# Checks


def _words(name: str, words: Sequence[str]) -> list[str]:
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{name}: expected a sequence of words, got {words!r:.60}")
    if not len(words):
        raise ValueError(f"{name}: expected at least one word, got none")
    return list(words)


def _numbers(name: str, values: npt.ArrayLike, limits: tuple[float, float]) -> Numbers:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected numbers, got {values!r:.60}") from error
    low, high = limits
    slack = 1e-6 * (high if np.isfinite(high) else 0)  # a sum of rounded shares may pass its limit
    wrong = array[~(np.isfinite(array) & (array >= low - slack) & (array <= high + slack))]
    if wrong.size:
        raise ValueError(f"{name}: expected finite numbers from {low} to {high}, got {wrong[0]}")
    return array


def _seeds_by_name(
    name: str, data: Mapping[Key, npt.ArrayLike], limits: tuple[float, float]
) -> dict[Key, Numbers]:
    if not isinstance(data, Mapping) or not data:
        raise ValueError(f"{name}: expected a dictionary that is not empty, got {data!r:.60}")
    checked = {}
    for key, values in data.items():
        seeds = np.atleast_1d(_numbers(f"{name}[{key!r}]", values, limits))
        if seeds.ndim != 1 or not seeds.size:
            raise ValueError(
                f"{name}[{key!r}]: expected a list of numbers that is not empty, "
                f"got shape {seeds.shape}"
            )
        checked[key] = seeds
    return checked


def _runs(
    name: str,
    data: Mapping[Key, Mapping[Bucket, npt.ArrayLike]],
    limits: tuple[float, float],
) -> dict[Key, dict[Bucket, Numbers]]:
    if not isinstance(data, Mapping) or not data:
        raise ValueError(f"{name}: expected a dictionary that is not empty, got {data!r:.60}")
    runs = {key: _seeds_by_name(f"{name}[{key!r}]", of, limits) for key, of in data.items()}
    first, *others = runs
    for other in others:
        if list(runs[other]) != list(runs[first]):
            raise ValueError(
                f"{name}[{other!r}]: expected the buckets of {first!r}, {list(runs[first])}, "
                f"got {list(runs[other])}"
            )
    return runs


def _checked_weights(
    weights: npt.ArrayLike, source: Sequence[str], target: Sequence[str]
) -> tuple[Numbers, list[str], list[str]]:
    source, target = _words("source", source), _words("target", target)
    weights = _numbers("weights", weights, (0, 1))
    expected = len(target), len(source)
    if weights.shape != expected:
        hint = ""
        if weights.shape == (expected[0] + 1, expected[1]):
            hint = "; the last row is that of the end token: weights[:-1]"
        elif weights.shape == expected[::-1]:
            hint = "; it is transposed: weights.T"
        raise ValueError(
            f"weights: expected shape (target words, source words) = {expected}, "
            f"got {weights.shape}{hint}"
        )
    return weights, source, target


def _checked_gold(gold: GoldLinks | None, source_length: int, target_length: int) -> Gold:
    if gold is None:
        return Gold(frozenset(), frozenset())
    try:
        given: Any = gold  # a `SentencePair` is a tuple too, but not of these two
        sure, possible = (given.sure, given.possible) if hasattr(given, "sure") else given
        links = Gold(*(frozenset((int(s), int(t)) for s, t in kind) for kind in (sure, possible)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            "gold: expected a pair (sure, possible) of sets of links (source position, target "
            f"position), got {gold!r:.60}"
        ) from error
    for s, t in sorted(links.sure | links.possible):
        if not (0 <= s < source_length and 0 <= t < target_length):
            raise ValueError(
                f"gold: expected links within {source_length} source words and {target_length} "
                f"target words, got {(s, t)}"
            )
    return links


def _checked_contraction(
    equation: str, operands: Mapping[str, npt.ArrayLike], at: Mapping[str, int]
) -> dict[str, tuple[str, Numbers]]:
    """The letters and the array of each operand and of the result, by name."""
    left, arrow, output = equation.partition("->")
    inputs = left.split(",")
    if not arrow or len(inputs) != len(operands):
        raise ValueError(f"equation: expected {len(operands)} operands and ->, got {equation!r}")
    arrays: dict[str, tuple[str, Numbers]] = {}
    sizes: dict[str, int] = {}
    for letters, (name, values) in zip(inputs, operands.items(), strict=True):
        array = _numbers(name, values, (-np.inf, np.inf))
        if array.ndim != len(letters) or array.ndim > 2:
            raise ValueError(
                f"{name}: expected the axes {letters!r}, two at most, got {array.shape}"
            )
        for letter, size in zip(letters, array.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(f"{name}: expected {letter} = {sizes[letter]}, got {array.shape}")
        arrays[name] = letters, array
    if set(at) != set(output) or not all(
        0 <= at[letter] < sizes.get(letter, 0) for letter in output
    ):
        raise ValueError(f"at: expected a position for each letter of {output!r}, got {dict(at)}")
    result = np.einsum(equation, *(array for _, array in arrays.values()))
    return {**arrays, "result": (output, result)}


# Measures by depth


def by_depth(
    values: Mapping[str, Mapping[int, Seeds]],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    ylabel: str = "weight",
    limits: tuple[float, float] = (0, 1),
) -> Axes:
    """A measure against the depth d of queries and keys: a line through means, seeds as dots.

    Args:
        values: for each score, for each depth, one number a seed; a single number stands for one
            seed. All scores have the same depths, in increasing order.
        ax, title: as in `bleu_by_length`.
        ylabel: of the vertical axis.
        limits: where that axis begins and ends.

    Returns:
        The axes; that of the depths doubles with every step of the same width.

    Raises:
        ValueError: there is nothing to draw, the depths differ, do not increase or are not
            positive, or a number is outside the limits.

    Example:
        >>> ax = by_depth({"dot": {8: [0.9, 0.8], 256: [0.5, 0.6]}})
        >>> [label.get_text() for label in ax.get_xticklabels()]
        ['8', '256']
    """
    runs = _runs("values", values, limits)
    depths = list(next(iter(runs.values())))
    _numbers("depths", depths, (1, np.inf))
    if depths != sorted(depths):
        raise ValueError(f"values: expected increasing depths, got {depths}")
    styles = line_styles(runs)
    with _book_style():
        ax = ax if ax is not None else _new_axes((7.0, 3.6))
        ax.set_xscale("log", base=2)
        ax.set_ylim(*limits)
        margin = max(1.1, (depths[-1] / depths[0]) ** 0.08)
        ax.set_xlim(depths[0] / margin, depths[-1] * margin)
        ax.set_xticks(depths, labels=[str(depth) for depth in depths], minor=False)
        ax.set_xticks([], minor=True)
        for place, (name, of_depth) in enumerate(runs.items()):
            _line(ax, depths, [of_depth[d].mean() for d in depths], styles[name], label=name)
            # A column of seeds for each score, side by side before the depth they belong to.
            left = margin ** (0.18 * (place - len(runs)))
            for d in depths:
                if of_depth[d].size > 1:
                    at = np.full(of_depth[d].size, d * left)
                    _dots(ax, at, of_depth[d], styles[name], label=f"_{name}: seeds")
        ax.grid(False, axis="x")
        ax.set_xlabel("depth d of queries and keys")
        ax.set_ylabel(ylabel)
        _label_ends(ax, _main_lines(ax), margin=1.0)
        _set_title(ax, title)
    return ax
