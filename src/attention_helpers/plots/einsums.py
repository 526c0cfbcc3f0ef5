"""An einsum as a picture: its arrays as grids of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from .._arguments import integer
from ._checks import Numbers, by_name, numbers
from ._lines import draw_arrow
from .style import AS_IS, EDGE, GOLD, INK, MODELS, dark, drawing

if TYPE_CHECKING:
    from matplotlib.typing import ColorType as Colour


SIDE = 0.46  # inches: a cell with up to three digits
GAP = 1.7  # cells between two arrays


class _Array(NamedTuple):
    """One of the arrays of an einsum. Widths are in cells of three digits."""

    name: str
    letters: str
    values: Numbers

    @property
    def label(self) -> str:
        return f"{self.name} ({', '.join(self.letters)})" if self.letters else str(self.name)

    @property
    def table(self) -> npt.NDArray[np.str_]:
        """The numbers as text."""
        texts = [f"{v:g}" if v == round(v) else f"{v:.3g}" for v in self.values.flat]
        return np.array(texts, dtype=str).reshape(np.atleast_2d(self.values).shape)

    @property
    def cell(self) -> float:
        longest: int = max((len(text) for text in self.table.flat), default=0)
        return max(1.0, 0.15 + 0.28 * longest)

    @property
    def width(self) -> float:
        """Of the grid, or of its label if that does not end within the gap."""
        columns: int = self.table.shape[1]
        return max(self.cell * columns, 0.25 * len(self.label) - GAP + 0.4)


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
        TypeError: `operands` is not a dictionary, or a position not an integer.
        ValueError: an array does not have the axes of its letters or more than two, two sizes of a
            letter differ, or ``at`` does not give each letter of the result a position in range.

    Example:
        >>> operands = {"query": [[1, 2], [0, 3]], "key": [[4, 1]]}
        >>> ax = contraction_diagram("qd,kd->qk", operands, at={"q": 1, "k": 0})
        >>> [text.get_text() for text in ax.texts][-1]
        'result (q, k)'
    """
    arrays = _checked_arrays(equation, operands, at)
    kept = arrays[-1].letters
    rows = max(each.table.shape[0] for each in arrays)
    width = sum(each.width + GAP for each in arrays)
    scale = min(1.0, 7.0 / (SIDE * width))  # as wide as the page at most
    with drawing(ax, (SIDE * scale * width, SIDE * scale * (rows + 2.2))) as ax:
        ax.set(xlim=(-1.2, width - 0.9), ylim=(rows + 0.95, -1.2), aspect="equal")
        ax.set_axis_off()
        x = 0.0
        for each in arrays:
            colour = MODELS["bahdanau"].colour if each is arrays[-1] else GOLD
            middle = x + each.width / 2
            left = middle - each.cell * each.table.shape[1] / 2
            position = [at.get(letter) for letter in each.letters]
            _draw_grid(ax, left, each, position, colour, 13 * scale)
            _draw_letters(ax, left, each.letters, kept, 14 * scale)
            text = ax.text(middle, rows + 0.5, each.label, ha="center", va="center", **AS_IS)
            text.set_fontsize(13 * scale)
            x += each.width + GAP
    return ax


def _draw_grid(
    ax: Axes,
    x: float,
    array: _Array,
    position: list[int | None],
    colour: Colour,
    fontsize: float,
) -> None:
    """Cells with their numbers; those at the position are shaded (None: the whole axis is)."""
    position = [*[0] * (2 - len(position)), *position]
    table, cell = array.table, array.cell
    for row, column in np.ndindex(table.shape):
        shaded = all(p in (None, i) for p, i in zip(position, (row, column), strict=True))
        ax.add_patch(
            Rectangle(
                (x + cell * column, row),
                cell,
                1,
                facecolor=(*to_rgb(colour), 0.22) if shaded else "white",
                edgecolor=colour if shaded else EDGE,
                linewidth=2.2 if shaded else 0.8,
                zorder=2 if shaded else 1,
            )
        )
        ax.text(
            x + cell * (column + 0.5),
            row + 0.5,
            str(table[row, column]),
            ha="center",
            va="center",
            fontsize=fontsize,
            fontweight="bold" if shaded else "normal",
            zorder=3,
        )


def _draw_letters(ax: Axes, x: float, letters: str, kept: str, fontsize: float) -> None:
    """The letter of each axis with an arrow along it, in the colour of the sum if it is summed."""
    ends = {-1: ((x, -0.35), (x + 0.9, -0.35)), -2: ((x - 0.35, 0), (x - 0.35, 0.9))}
    names = {-1: (x + 1.2, -0.35), -2: (x - 0.35, 1.2)}
    for axis in range(-len(letters), 0):
        colour: Colour = INK if letters[axis] in kept else dark(GOLD)
        draw_arrow(ax, *ends[axis], colour, 1.2)
        text = ax.text(*names[axis], letters[axis], ha="center", va="center", color=colour)
        text.set_fontsize(fontsize)


def _checked_arrays(
    equation: str, operands: Mapping[str, npt.ArrayLike], at: Mapping[str, int]
) -> list[_Array]:
    """The operands in their order, and the result last."""
    left, sign, output = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if not sign or len(inputs) != len(by_name("operands", operands)):
        raise ValueError(f"equation: expected {len(operands)} operands and ->, got {equation!r}")
    arrays = []
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
        arrays.append(_Array(name, letters, array))
    if set(at) != set(output) or not set(output) <= set(sizes):
        raise ValueError(f"at: expected a position for each letter of {output!r}, got {dict(at)}")
    for letter in output:
        integer(f"at[{letter!r}]", at[letter], 0, sizes[letter] - 1)
    result = np.einsum(f"{left}->{output}", *(each.values for each in arrays))
    return [*arrays, _Array("result", output, result)]
