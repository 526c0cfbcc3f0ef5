"""The Transformer as diagrams: which steps wait for which, and what its blocks are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from ._checks import words_of
from ._lines import draw_arrow
from .style import AS_IS, GOLD, GREY, INK, MODELS, dark, drawing

if TYPE_CHECKING:
    from matplotlib.typing import ColorType as Colour

BLUE = MODELS["bahdanau"].colour
LAYERS = 2


def waiting_diagram(
    words: Sequence[str] = ("my", "red", "house", "is", "old"), *, ax: Axes | None = None
) -> Axes:
    """Which steps wait for which: a recurrent network, and two layers of self-attention.

    In each box stands in which step it can be computed at the earliest, if there are workers for
    all boxes that have what they need.

    Args:
        words: the words that both read, at most 6.
        ax: where to draw; by default in a new figure.

    Returns:
        The axes.

    Raises:
        TypeError: the words are not a sequence of words.
        ValueError: there is no word, or more than 6.

    Example:
        >>> ax = waiting_diagram(["the", "red", "house"])
        >>> [text.get_text() for text in ax.texts if text.get_text().isdigit()]
        ['1', '2', '3', '1', '1', '1', '2', '2', '2']
    """
    words = words_of("words", words)
    if len(words) > 6:
        raise ValueError(f"words: expected 1 to 6 words, got {len(words)}")
    columns = len(words)
    right = columns + 0.6  # where the second network begins
    with drawing(ax, (7.0, 3.3)) as ax:
        ax.set(xlim=(-0.6, right + columns - 0.4), ylim=(-1.3, 3.2))
        ax.set_axis_off()
        for x in range(columns):
            _word(ax, x, words[x])
            draw_arrow(ax, (x, -0.55), (x, 0.68))
            _box(ax, x, 1.0, 0.56, 0.5, str(x + 1), "#fbe3d3", GOLD, 13)
            if x:
                draw_arrow(ax, (x - 0.7, 1.0), (x - 0.31, 1.0), GOLD, 2.0)
        for x in range(columns):
            _word(ax, right + x, words[x])
            for other in range(columns):
                draw_arrow(ax, (right + other, -0.55), (right + x, 0.28), BLUE, 0.8, head=6)
                draw_arrow(ax, (right + other, 0.88), (right + x, 1.68), BLUE, 0.8, head=6)
        for layer in range(LAYERS):
            for x in range(columns):
                place = right + x, 0.58 + 1.4 * layer
                _box(ax, *place, 0.56, 0.5, str(layer + 1), "#dceaf5", BLUE, 13)
        heads = {
            (columns - 1) / 2: f"recurrent: {_steps(columns)}",
            right + (columns - 1) / 2: f"self-attention, 2 layers: {_steps(LAYERS)}",
        }
        for middle, text in heads.items():
            ax.text(middle, 2.85, text, ha="center", va="center", fontsize=11)
    return ax


def _steps(number: int) -> str:
    return f"{number} step{'s' * (number > 1)}"


def _word(ax: Axes, x: float, word: str) -> None:
    ax.text(x, -0.9, word, ha="center", va="center", fontsize=12, **AS_IS)


def transformer_diagram(*, ax: Axes | None = None) -> Axes:
    """A Transformer: the parts of an encoder block and of a decoder block, and the way of a word.

    Args:
        ax: where to draw; by default in a new figure.

    Returns:
        The axes.

    Example:
        >>> ax = transformer_diagram()
        >>> [text.get_text() for text in ax.texts].count("feed-forward")
        2
    """
    with drawing(ax, (7.0, 6.3)) as ax:
        ax.set(xlim=(-0.75, 7.35), ylim=(-0.4, 7.35))
        ax.set_axis_off()
        _stack(ax, 0.0, "encoder", ["self-attention", "feed-forward"])
        _stack(ax, 4.2, "decoder", ["self-attention", "cross-attention", "feed-forward"])
        # The source as it was read, once, for every block of the decoder.
        draw_arrow(ax, (0.0, 3.9), (0.0, 4.5), INK, 1.6)
        _box(ax, 0.0, 4.72, 1.0, 0.4, "norm", "#f2f2f2", GREY, 10)
        ax.plot([0.5, 3.36, 3.36], [4.72, 4.72, 3.34], color=GOLD, lw=2.0)
        draw_arrow(ax, (3.36, 3.34), (4.88, 3.34), GOLD, 2.0)
        ax.text(1.9, 4.84, "the source, read", ha="center", fontsize=10, color=dark(GOLD))
        draw_arrow(ax, (4.2, 5.45), (4.2, 6.05), INK, 1.6)
        _box(ax, 4.2, 6.27, 1.0, 0.4, "norm", "#f2f2f2", GREY, 10)
        draw_arrow(ax, (4.2, 6.49), (4.2, 6.85), INK, 1.6)
        ax.text(4.2, 7.05, "logits of the next words", ha="center", va="center", fontsize=11)
    return ax


def _stack(ax: Axes, x: float, name: str, parts: Sequence[str]) -> None:
    """A column: words below, a block with its parts."""
    first, step = 1.35, 1.55
    top = first + step * len(parts)
    ax.text(x, -0.12, "words + places", ha="center", va="center", fontsize=11)
    draw_arrow(ax, (x, 0.08), (x, first - 0.68), INK, 1.6)
    frame = FancyBboxPatch(
        (x - 0.45, first - 0.6),
        3.1,
        top - first,
        boxstyle="round,pad=0.08",
        facecolor="#fafafa",
        edgecolor=GREY,
        linewidth=1.2,
    )
    ax.add_patch(frame)
    middle = (first + top) / 2 - 0.6
    ax.text(
        x + 2.92, middle, f"{name} block, twice", rotation=90, va="center", ha="center", size=10
    )
    ax.plot([x, x], [first - 0.68, top - 0.5], color=INK, lw=1.6, zorder=3)
    for place, part in enumerate(parts):
        _part(ax, x, first + step * place, part)


def _part(ax: Axes, x: float, y: float, part: str) -> None:
    """What is read from the line, normalised, worked on, and added to the line again."""
    face, edge = ("#f2f2f2", GREY) if part == "feed-forward" else ("#dceaf5", BLUE)
    _box(ax, x + 1.65, y - 0.18, 1.0, 0.4, "norm", "#f2f2f2", GREY, 10)
    _box(ax, x + 1.65, y + 0.44, 1.9, 0.44, part, face, edge, 11)
    draw_arrow(ax, (x, y - 0.18), (x + 1.12, y - 0.18), GREY)
    draw_arrow(ax, (x + 1.65, y + 0.04), (x + 1.65, y + 0.21), GREY)
    plus = y + 0.84
    ax.plot([x + 1.65, x + 1.65], [y + 0.66, plus], color=GREY, lw=1.4)
    draw_arrow(ax, (x + 1.65, plus), (x + 0.2, plus), GREY)
    ax.text(
        x,
        plus,
        "+",
        ha="center",
        va="center",
        fontsize=12,
        zorder=5,
        bbox={"boxstyle": "circle,pad=0.12", "facecolor": "white", "edgecolor": INK},
    )


def _box(
    ax: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    text: str,
    face: Colour,
    edge: Colour,
    size: float,
) -> None:
    box = FancyBboxPatch(
        (x - width / 2 + 0.06, y - height / 2 + 0.06),
        width - 0.12,
        height - 0.12,
        boxstyle="round,pad=0.06",
        facecolor=face,
        edgecolor=edge,
        linewidth=1.4,
        zorder=4,
    )
    ax.add_patch(box)
    ax.text(x, y, text, ha="center", va="center", fontsize=size, zorder=5)
