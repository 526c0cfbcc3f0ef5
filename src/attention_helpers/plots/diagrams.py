"""The models as diagrams: states as boxes, what is passed on as arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from matplotlib.patheffects import withStroke

from .._arguments import integer
from ._checks import numbers, words_of
from ._lines import draw_arrow
from .style import AS_IS, GOLD, GREY, INK, MODELS, dark, drawing

if TYPE_CHECKING:
    from matplotlib.typing import ColorType as Colour


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
        TypeError: a sentence is not a sequence of words.
        ValueError: a sentence is empty, or too long to be drawn legibly (more than 6 words).

    Example:
        >>> ax = bottleneck_diagram()
        >>> "one vector" in [text.get_text() for text in ax.texts]
        True
    """
    source, target = _diagram_words(source, target)
    columns = max(len(source), len(target))
    with drawing(ax, _size(columns)) as ax:
        ax.set(xlim=(-1.15, columns - 0.45), ylim=(-0.85, 4.0))
        ax.set_axis_off()
        encoder = _states(ax, source, 0.0, "h", below=True)
        decoder = _states(ax, target, 3.2, "s", below=False)
        _chain(ax, encoder, 0.0)
        _chain(ax, decoder, 3.2)
        middle = (columns - 1) / 2
        _box(ax, middle, 1.6, "$c$", "#fbe3d3", GOLD, width=0.5)
        ax.text(middle - 0.38, 1.6, "one vector", ha="right", va="center", color=dark(GOLD))
        draw_arrow(ax, (encoder[-1], 0.32), (middle + 0.27, 1.42), GOLD, 2.2)
        for x in decoder:
            draw_arrow(ax, (middle, 1.92), (x, 2.88), GOLD, 1.6)
        for y, text in ((0.0, "encoder"), (3.2, "decoder")):
            ax.text(-0.5, y, text, ha="right", va="center", fontsize=10, color=GREY)
    return ax


def attention_diagram(
    weights: Sequence[float] = (0.05, 0.12, 0.79, 0.04),
    source: Sequence[str] = ("the", "red", "house", "."),
    target: Sequence[str] = ("la", "maison", "rouge", "."),
    *,
    step: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """The same with attention: the context is a weighted mean of all states, new for every word.

    The state before the step asks: it is scored with every annotation, and a softmax makes weights
    of the scores. Only then does the last word written enter, together with the context.

    Args:
        weights: one weight a source word, 0 to 1: how wide its arrow is.
        source: the words the encoder reads, in both directions.
        target: the words the decoder writes.
        step: position of the target word that is being written, from 0.
        ax: where to draw; by default in a new figure.

    Returns:
        The axes.

    Raises:
        TypeError: a sentence is not a sequence of words, or `step` not an integer.
        ValueError: as `bottleneck_diagram`, the weights are not one a source word and within
            0–1, or there is no such step.

    Example:
        >>> ax = attention_diagram()
        >>> {"0.79", "query", "$s_{0}$", "$y_{1}$"} <= {text.get_text() for text in ax.texts}
        True
    """
    source, target = _diagram_words(source, target)
    shares = numbers("weights", weights, (0, 1))
    if shares.shape != (len(source),):
        raise ValueError(
            f"weights: expected one a source word, {len(source)}, got shape {shares.shape}"
        )
    step = integer("step", step, 0, len(target) - 1)
    blue = MODELS["bahdanau"].colour
    columns = max(len(source), len(target))
    width, height = _size(columns)
    with drawing(ax, (width + 0.35, height + 1.3)) as ax:
        ax.set(xlim=(-1.5, columns - 0.45), ylim=(-0.85, 5.15))
        ax.set_axis_off()
        encoder = _states(ax, source, 0.0, "h", below=True)
        decoder = _states(ax, target, 4.2, "s", below=False, bold=step)
        _chain(ax, encoder, 0.0, "<|-|>")
        _box(ax, -1, 4.2, "$s_{0}$", "#f2f2f2", GREY)
        _chain(ax, [-1, *decoder], 4.2)
        at = decoder[step]
        _score_bar(ax, encoder, 1.15)
        for x, weight in zip(encoder, shares, strict=True):
            draw_arrow(ax, (x, 0.32), (x, 0.87), GREY, 1.2)
            draw_arrow(ax, (x, 1.43), (at, 2.62), blue, 0.6 + 8 * weight, head=7 + 8 * weight)
            # Beside its arrow, on the side that the arrow leans away from.
            side = "right" if x < at else "left"
            beside = 0.8 * x + 0.2 * at + (1 if side == "left" else -1) * (0.12 + 0.14 * weight)
            share = ax.text(beside, 1.66, f"{weight:.2f}", ha=side, va="center", fontsize=11)
            share.set_path_effects([withStroke(linewidth=3, foreground="white")])
        _box(ax, at, 2.92, f"$c_{{{step + 1}}}$", "#dceaf5", blue, width=0.5)
        draw_arrow(ax, (at, 3.24), (at, 3.88), blue, 2.2)
        # What enters after the look: the last word; before the first there is the sign of a start.
        draw_arrow(ax, (at - 0.45, 3.4), (at - 0.16, 3.9), INK, 1.3)
        ax.text(at - 0.5, 3.28, f"$y_{{{step}}}$", ha="center", va="center", fontsize=13)
        start, end = (at - 1.04, 3.88), (-0.78, 1.46)
        draw_arrow(ax, start, end, INK, 1.3, dashes=(0, (3, 2)))
        beside = max((start[0] + end[0]) / 2 - 0.42, -1.25)
        ax.text(beside, 2.9, "query", ha="center", va="center", fontsize=11)
        ax.text(-0.5, 0.0, "encoder", ha="right", va="center", fontsize=11, color=GREY)
        ax.text(-1, 4.76, "decoder", ha="center", va="bottom", fontsize=11, color=GREY)
    return ax


def _score_bar(ax: Axes, xs: list[int], y: float) -> None:
    """Where the query meets every annotation."""
    bar = FancyBboxPatch(
        (xs[0] - 0.85, y - 0.22),
        xs[-1] - xs[0] + 1.2,
        0.44,
        boxstyle="round,pad=0.06",
        facecolor="#f7f7f7",
        edgecolor=INK,
        linewidth=1.3,
    )
    ax.add_patch(bar)
    middle = (xs[0] + xs[-1]) / 2 - 0.2
    ax.text(middle, y, "score each, then softmax", ha="center", va="center", fontsize=11)


def _diagram_words(source: Sequence[str], target: Sequence[str]) -> tuple[list[str], list[str]]:
    sentences = words_of("source", source), words_of("target", target)
    for name, words in zip(("source", "target"), sentences, strict=True):
        if len(words) > 6:
            raise ValueError(f"{name}: expected 1 to 6 words, got {len(words)}")
    return sentences


def _size(columns: int) -> tuple[float, float]:
    """Small, so that its words can still be read when a telephone shows it 360 pixels wide."""
    return 1.0 + 1.05 * columns, 4.4


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
        edge = MODELS["bahdanau"].colour if x == bold else GREY
        _box(ax, x, y, f"${letter}_{{{x + 1}}}$", "#f2f2f2", edge)
        draw_arrow(ax, *(((x, -0.52), (x, -0.32)) if below else ((x, y + 0.32), (x, y + 0.52))))
        ax.text(
            x,
            -0.56 if below else y + 0.56,
            word,
            ha="center",
            va="top" if below else "bottom",
            fontsize=12,
            fontweight="bold" if x == bold else "normal",
            **AS_IS,
        )
    return list(range(len(words)))


def _chain(ax: Axes, xs: list[int], y: float, form: str = "-|>") -> None:
    for x in xs[:-1]:
        draw_arrow(ax, (x + 0.3, y), (x + 0.7, y), form=form)


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
