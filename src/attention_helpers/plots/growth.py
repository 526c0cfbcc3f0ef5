"""What grows with a size, on two logarithmic axes, and what falls with the number of pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._checks import Seeds, by_name, by_size, numbers, seeds_by_name
from ._lines import draw_line, draw_seeds, label_ends
from .curves import CHANCE
from .style import INK, drawing, label_axes, line_styles, ordered_styles


def growth(
    values: Mapping[str, Mapping[int, Seeds] | Mapping[str, Seeds]],
    *,
    xlabel: str,
    ylabel: str,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """A measure against a size, both on logarithmic axes, where a power of the size is a straight line.

    Args:
        values: for each name, for each size (also as text, as JSON stores it), one positive number a
            seed or a round; a single number stands for one. Names may have different sizes.
        xlabel, ylabel: of the axes.
        ax, title: as in `bleu_by_length`.

    Returns:
        The axes; a line goes through the medians, and every number is a dot.

    Raises:
        TypeError: `values` is not a dictionary of dictionaries, or a size not an integer.
        ValueError: there is nothing to draw, or a number is not positive and finite.

    Example:
        >>> ax = growth({"dot": {64: [1, 3, 2], 128: 8}}, xlabel="length T", ylabel="seconds")
        >>> ax.lines[0].get_ydata().tolist(), ax.get_yscale()
        ([2.0, 8.0], 'log')
    """
    runs = {
        name: dict(sorted(by_size(f"values[{name!r}]", of_name).items()))
        for name, of_name in by_name("values", values).items()
    }
    found = {name: seeds_by_name(f"values[{name!r}]", r, (0, np.inf)) for name, r in runs.items()}
    for name, of_name in found.items():
        if least := [size for size, each in of_name.items() if not each.min() > 0]:
            raise ValueError(f"values[{name!r}]: expected positive numbers, got 0 at {least[0]}")
    styles = line_styles(found)
    sizes = sorted({size for of_name in found.values() for size in of_name})
    lines = []
    with drawing(ax, (7.0, 4.2), title) as ax:
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        for name, of_name in found.items():
            medians = [np.median(each) for each in of_name.values()]
            lines.append(draw_line(ax, list(of_name), medians, styles[name], name))
            for size, each in of_name.items():
                if each.size > 1:
                    draw_seeds(ax, np.full(each.size, size), each, styles[name], name)
        ax.set_xticks(sizes, labels=[f"{size:,}" for size in sizes], minor=False)
        ax.set_xticks([], minor=True)
        ax.set_xlim(sizes[0] / 1.1, sizes[-1] * 1.1)
        low, high = ax.get_ylim()
        ax.yaxis.set_major_formatter(_plain)
        ax.yaxis.set_minor_formatter(_one_two_five if high < 100 * low else _nothing)
        label_axes(ax, xlabel, ylabel)
        label_ends(ax, lines)
    return ax


def recall_by_pairs(
    accuracy: Mapping[Any, npt.ArrayLike],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    chance: float | None = None,
    xlabel: str = "pairs heard so far, N",
    ylabel: str = "right answers",
) -> Axes:
    """How many questions are answered rightly after 1, 2, … pairs.

    Args:
        accuracy: for each model, or for each size of a state (an integer), the shares of right
            answers after 1, 2, … pairs, 0 to 1, or a row of them for each seed. Sizes are drawn from
            light to dark.
        ax, title: as in `bleu_by_length`.
        chance: what a guess is worth, as a dotted line.
        xlabel, ylabel: of the axes.

    Returns:
        The axes: the mean of the seeds thick, each seed thin.

    Raises:
        TypeError: `accuracy` is not a dictionary.
        ValueError: there is nothing to draw, or a share is outside 0–1.

    Example:
        >>> ax = recall_by_pairs({16: [[1.0, 0.8], [1.0, 0.6]], 32: [1.0, 0.9]})
        >>> ax.lines[0].get_ydata().tolist(), ax.texts[0].get_text()
        ([1.0, 0.7], '16')
    """
    curves = {
        name: np.atleast_2d(numbers(f"accuracy[{name!r}]", rows, (0, 1)))
        for name, rows in by_name("accuracy", accuracy).items()
    }
    sized = all(isinstance(name, int) for name in curves)
    styles = ordered_styles(curves) if sized else line_styles(curves)
    longest = max(rows.shape[1] for rows in curves.values())
    marked = [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= longest]
    lines = []
    with drawing(ax, (7.0, 4.2), title) as ax:
        ax.set_xscale("log", base=2)
        for name, rows in curves.items():
            pairs, style = np.arange(1, rows.shape[1] + 1), styles[name]
            every: Any = [n - 1 for n in marked if n <= rows.shape[1]]
            lines.append(draw_line(ax, pairs, rows.mean(axis=0), style, name, every))
            if len(rows) > 1:
                thin: dict[str, Any] = {"color": style.colour, "linewidth": 0.7, "alpha": 0.4}
                ax.plot(pairs, rows.T, label=f"_{name}: seeds", **thin)
        if chance is not None:
            ax.axhline(chance, color=INK, lw=1.2, ls=CHANCE, label="_chance")
        ax.set_ylim(0, 1.02)
        ax.set_xlim(1, longest)
        ax.set_xticks(marked, labels=[str(n) for n in marked], minor=False)
        ax.set_xticks([], minor=True)
        label_axes(ax, xlabel, ylabel)
        label_ends(ax, lines, margin=1.0)
    return ax


def _plain(value: float, _: object = None) -> str:
    """No powers of ten: 1,000 and 0.01."""
    return f"{value:,.0f}" if value >= 1 else f"{value:.9f}".rstrip("0")


def _nothing(value: float, _: object = None) -> str:
    return ""


def _one_two_five(value: float, _: object = None) -> str:
    return _plain(value) if f"{value:e}"[0] in "125" else ""
