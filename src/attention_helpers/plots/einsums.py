"""An einsum as a picture: its arrays as grids of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from ._checks import Numbers, numbers
from ._lines import draw_arrow
from .style import EDGE, GOLD, INK, MODELS, dark, drawing

if TYPE_CHECKING:
    from matplotlib.typing import ColorType as Colour


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
    with drawing(ax, (min(7.0, 0.52 * width), 0.52 * (rows + 2.2))) as ax:
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
                edgecolor=colour if shaded else EDGE,
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
        colour: Colour = INK if letters[axis] in kept else dark(GOLD)
        draw_arrow(ax, *ends[axis], colour, 1.2)
        ax.text(*names[axis], letters[axis], ha="center", va="center", fontsize=14, color=colour)


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
        array = numbers(name, values, (-np.inf, np.inf))
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
