"""Curves over positions and steps: a probe's accuracy, losses in training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from .._arguments import integer, number
from ._checks import Numbers, Seeds, seeds_by_name
from ._lines import bucket_label, draw_line, label_ends
from .style import INK, drawing, label_axes, line_styles, ordered_styles

CHANCE = (0, (1, 2))  # the dots of what a probe that knows nothing would read


def probe_accuracy(
    accuracy: Mapping[str, Seeds],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    chance: float | Mapping[str, Seeds] | None = None,
) -> Axes:
    """How well a probe reads the i-th source word off the vector: one line a bucket of lengths.

    Args:
        accuracy: for each bucket (or length), the accuracy at the positions 1, 2, …, 0 to 1. The
            buckets may have different numbers of positions.
        ax, title: as in `bleu_by_length`.
        chance: accuracy of a probe that knows nothing (always the commonest word), as a dotted
            line; or, since chance differs with length and position, a dictionary of the same names
            and as many positions: a dotted line in the colour of each.

    Returns:
        The axes.

    Raises:
        TypeError: `accuracy` is not a dictionary, or `chance` neither a number nor a dictionary.
        ValueError: there is nothing to draw, an accuracy is outside 0–1, or chance is given for
            other names or positions.

    Example:
        >>> ax = probe_accuracy({"5-10": [0.9, 0.8, 0.9], "11-20": [0.4, 0.3, 0.2, 0.5]})
        >>> ax.lines[1].get_xdata().tolist()
        [1, 2, 3, 4]
    """
    curves = seeds_by_name("accuracy", accuracy, (0, 1))
    of_chance: Mapping[str, Numbers] = {}
    of_all = None
    if isinstance(chance, Mapping):
        of_chance = _same_positions(seeds_by_name("chance", chance, (0, 1)), curves)
    elif chance is not None:
        of_all = number("chance", chance, least=0, most=1)
    styles = ordered_styles(curves)
    lines = []
    with drawing(ax, (7.0, 4.2), title) as ax:
        for name, values in curves.items():
            positions = np.arange(1, len(values) + 1)
            label = bucket_label(name)
            every = max(1, len(values) // 8)
            lines.append(draw_line(ax, positions, values, styles[name], label, every))
            if name in of_chance:
                colour, hidden = styles[name].colour, f"_{name}: chance"
                ax.plot(positions, of_chance[name], color=colour, lw=1.4, ls=CHANCE, label=hidden)
        longest = max(map(len, curves.values()))
        if of_all is not None:
            at = [1, longest], [of_all, of_all]
            lines += ax.plot(*at, color=INK, lw=1.2, ls=CHANCE, label="chance")
        ax.set_ylim(0, 1)
        ax.set_xlim(0.5, longest + 0.5)
        ax.set_xticks(_whole_steps(longest))
        label_axes(
            ax,
            "position of the word in the source sentence (each line: a sentence length)",
            "accuracy of the probe",
        )
        label_ends(ax, lines)
    return ax


def _same_positions(
    chance: dict[str, Numbers], curves: Mapping[str, Numbers]
) -> dict[str, Numbers]:
    for name in chance.keys() | curves.keys():
        positions = [len(each.get(name, ())) for each in (curves, chance)]
        if positions[0] != positions[1]:
            raise ValueError(
                f"chance[{name!r}]: expected as many positions as in accuracy, {positions[0]}, "
                f"got {positions[1]}"
            )
    return chance


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
        TypeError: `losses` is not a dictionary, or `window` not an integer.
        ValueError: there is nothing to draw, a loss is not positive and finite, or the window is
            not positive.

    Example:
        >>> ax = loss_curves({"bahdanau": [4.0, 2.0, 1.0, 0.5]}, window=2)
        >>> ax.lines[1].get_ydata().tolist()
        [4.0, 3.0, 1.5, 0.75]
    """
    curves = seeds_by_name("losses", losses, (0, np.inf))
    for name, values in curves.items():
        if not values.min() > 0:
            raise ValueError(f"losses[{name!r}]: expected positive numbers, got {values.min()}")
    window = integer("window", window, least=1)
    styles = line_styles(curves)
    lines = []
    with drawing(ax, (7.0, 4.0), title) as ax:
        ax.set_yscale("log")
        for name, values in curves.items():
            steps, style = np.arange(1, len(values) + 1), styles[name]
            if window > 1:
                ax.plot(
                    steps, values, color=style.colour, linewidth=0.7, alpha=0.35, label=f"_{name}"
                )
            every = max(1, len(values) // 7)
            means = _running_mean(values, window)
            lines.append(draw_line(ax, steps, means, style, name, every))
        ax.set_xlim(0, max(map(len, curves.values())))
        ax.yaxis.set_major_formatter(_plain_logarithmic)
        ax.yaxis.set_minor_formatter(_plain_logarithmic)
        note = f" (thick: mean of the last {window} steps)" if window > 1 else ""
        label_axes(ax, f"training step{note}", ylabel)
        label_ends(ax, lines)
    return ax


def _running_mean(values: Numbers, window: int) -> Numbers:
    """The mean of each value and the up to `window` − 1 values before it."""
    # No difference of running sums: it loses small losses that follow large ones.
    ends = range(1, len(values) + 1)
    return np.array([values[max(0, end - window) : end].mean() for end in ends])


def _plain_logarithmic(value: float, _: object = None) -> str:
    """0.1, 0.2, 0.5, 1, …: no powers, and no labels that touch each other."""
    return f"{value:g}" if f"{value:e}"[0] in "125" else ""


def _whole_steps(longest: int) -> list[int]:
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 10**9) if longest / s <= 12)
    return sorted({1, *range(step, longest + 1, step)})
