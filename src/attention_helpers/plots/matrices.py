"""Matrices side by side: masks as cells that are full or empty, numbers as shades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from ._checks import by_name, numbers, words_of
from .style import AS_IS, DEEP, EDGE, FAINT, STYLE, WEIGHTS, label_axes, name_ticks

MAY_ATTEND = ListedColormap(["white", "#bcd4ee"])
SIGNED = "PuOr"  # purple and orange: all kinds of colour vision tell them apart
MOST_LINES = 20  # with more rows or columns, lines between the cells would hide them


def matrices(
    panels: Mapping[str, npt.ArrayLike],
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    ylabel: str = "query",
    xlabel: str = "key",
    bar: str = "",
) -> list[Axes]:
    """Matrices of one kind in panels, up to three in a row: masks, weights, scores.

    A boolean matrix is a mask: True, "may attend", is a shaded cell with a dot, False an empty one.
    Numbers are shades, the same in all panels: from white for 0 to blue if none is negative, else
    from orange over white for 0 to purple.

    Args:
        panels: for each title, a matrix (rows, columns), all boolean or all numbers.
        rows, columns: names of the rows and columns, such as the words of a sentence; else their
            numbers from 0.
        ylabel, xlabel: of the axes.
        bar: what the shades mean, beside them; for numbers only.

    Returns:
        The axes, one a panel.

    Raises:
        TypeError: `panels` is not a dictionary, or names are not words.
        ValueError: a matrix does not have two axes, boolean and other ones are mixed, or there are
            more or fewer names than rows or columns.

    Example:
        >>> axes = matrices({"causal": [[True, False], [True, True]]}, rows=["a", "cat"])
        >>> [label.get_text() for label in axes[0].get_yticklabels()]
        ['a', 'cat']
    """
    arrays = _checked(panels)
    high = max(max(np.abs(array).max(initial=0.0) for array in arrays.values()), 1e-9)
    low = -high if any((array < 0).any() for array in arrays.values()) else 0.0
    mask = all(array.dtype == bool for array in arrays.values())
    style: Any = STYLE
    with plt.rc_context(style):
        across, down = min(len(arrays), 3), (len(arrays) + 2) // 3
        height = {1: 4.2, 2: 3.4, 3: 2.9}[across] * down
        figure, grid = plt.subplots(
            down, across, figsize=(7.0, height), layout="constrained", squeeze=False
        )
        axes: list[Axes] = list(grid.flat)
        for ax, (title, array) in zip(axes, arrays.items(), strict=False):
            shades: Any = MAY_ATTEND if mask else SIGNED if low else WEIGHTS
            image = ax.imshow(array, cmap=shades, vmin=low, vmax=1 if mask else high, aspect="auto")
            ax.set_title(title, fontsize=11, **AS_IS)
            _draw_cells(ax, array)
            _name(ax, array, rows, columns, first=ax in grid[:, 0])
            label_axes(ax, xlabel, ylabel if ax in grid[:, 0] else "")
        for ax in axes[len(arrays) :]:
            ax.set_axis_off()
        if not mask:
            colours = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, aspect=22)
            colours.set_label(bar, fontsize=10, **AS_IS)
            colours.outline.set(color=EDGE)
    return axes[: len(arrays)]


def _checked(panels: Mapping[str, npt.ArrayLike]) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for title, values in by_name("panels", panels).items():
        array = np.asarray(values)
        if array.dtype != bool:
            array = numbers(f"panels[{title!r}]", array, (-np.inf, np.inf))
        if array.ndim != 2:
            raise ValueError(
                f"panels[{title!r}]: expected a matrix (rows, columns), got shape {array.shape}"
            )
        arrays[str(title)] = array
    kinds = {array.dtype == bool for array in arrays.values()}
    if len(kinds) > 1:
        raise ValueError("panels: expected all boolean, or none, got both kinds")
    return arrays


def _draw_cells(ax: Axes, array: npt.NDArray[Any]) -> None:
    """Lines between the cells, and a dot in those that a mask allows."""
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set(visible=True, color=EDGE)
    if max(array.shape) <= MOST_LINES:
        for y in np.arange(1, array.shape[0]) - 0.5:
            ax.axhline(y, color=FAINT, linewidth=0.6)
        for x in np.arange(1, array.shape[1]) - 0.5:
            ax.axvline(x, color=FAINT, linewidth=0.6)
    if array.dtype == bool:
        y, x = np.nonzero(array)
        ax.plot(x, y, linestyle="none", marker="o", markersize=4, color=DEEP)


def _name(
    ax: Axes,
    array: npt.NDArray[Any],
    rows: Sequence[str] | None,
    columns: Sequence[str] | None,
    first: bool,
) -> None:
    """The names of rows and columns; those of rows at the first panel of a row only."""
    if rows is not None:
        name_ticks(ax.yaxis, _names("rows", rows, array.shape[0]), fontsize=9.5)
    if columns is not None:
        name_ticks(ax.xaxis, _names("columns", columns, array.shape[1]), fontsize=9.5, rotation=90)
    if not first:
        ax.tick_params(labelleft=False)


def _names(name: str, given: Sequence[str], count: int) -> list[str]:
    words = words_of(name, given)
    if len(words) != count:
        raise ValueError(f"{name}: expected {count} names, got {len(words)}")
    return words
