"""Attention weights as a heat map, and the checks it shares with the map for a page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import index
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from ._checks import Numbers, numbers, words_of
from .style import EDGE, FAINT, GOLD, WEIGHTS, drawing, name_ticks

LinkSet: TypeAlias = Collection[tuple[int, int]]


class Links(Protocol):
    """Anything with gold links, such as `text.SentencePair`."""

    @property
    def sure(self) -> LinkSet: ...

    @property
    def possible(self) -> LinkSet: ...


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
        TypeError: a sentence is not a sequence of words.
        ValueError: the shapes do not agree, a weight is not within 0–1, or a link points outside
            of the sentences.

    Example:
        >>> ax = alignment([[0.9, 0.1], [0.2, 0.8]], ["red", "house"], ["maison", "rouge"])
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['maison', 'rouge']
    """
    weights, source, target = checked_weights(weights, source, target)
    links = checked_gold(gold, len(source), len(target))
    width, height, cell = _alignment_size(source, target)
    font = float(np.clip(cell * 72 * 0.9, 6.5, 11))
    upright = cell < 0.23  # at a slant, neighbours would touch
    with drawing(ax, (width, height), title, layout="compressed") as ax:
        image = ax.imshow(weights, cmap=WEIGHTS, vmin=0, vmax=1, interpolation="none")
        ax.grid(False)
        name_ticks(
            ax.xaxis,
            source,
            fontsize=font,
            rotation=90 if upright else 45,
            rotation_mode="anchor",
            ha="left",
            va="center" if upright else "baseline",
        )
        name_ticks(ax.yaxis, target, fontsize=font)
        ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        for x in np.arange(1, len(source)) - 0.5:
            ax.axvline(x, color=FAINT, linewidth=0.6)
        for y in np.arange(1, len(target)) - 0.5:
            ax.axhline(y, color=FAINT, linewidth=0.6)
        for spine in ax.spines.values():  # Matplotlib 3.7 has no set() for all of them
            spine.set(visible=True, color=EDGE)
        _outline(ax, links, width=float(np.clip(font / 5, 1, 2)))
        bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03, aspect=18, shrink=0.8)
        bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
        bar.set_label("attention weight", fontsize=10)
        bar.outline.set(color=EDGE)
    return ax


def _alignment_size(source: list[str], target: list[str]) -> tuple[float, float, float]:
    """Width and height of the figure, and the side of a cell, in inches."""
    # 0.075 inches a character at 11 points; room for the colour bar, the legend and the title.
    left = 0.085 * max(map(len, target))
    top = 0.065 * max(map(len, source))
    cell = min(0.36, (7.0 - left - 1.2) / len(source))
    return max(3.6, left + cell * len(source) + 1.2), top + cell * len(target) + 0.9, cell


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


def checked_weights(
    weights: npt.ArrayLike, source: Sequence[str], target: Sequence[str]
) -> tuple[Numbers, list[str], list[str]]:
    source, target = words_of("source", source), words_of("target", target)
    if weights is None:
        raise ValueError("weights: expected numbers, got None, as of a model without attention")
    weights = numbers("weights", weights, (0, 1))
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


def checked_gold(gold: GoldLinks | None, source_length: int, target_length: int) -> Gold:
    if gold is None:
        return Gold(frozenset(), frozenset())
    try:
        given: Any = gold  # a `SentencePair` is a tuple too, but not of these two
        sure, possible = (given.sure, given.possible) if hasattr(given, "sure") else given
        links = Gold(*(frozenset((index(s), index(t)) for s, t in k) for k in (sure, possible)))
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
