"""One step of a gated recurrent unit in numbers: what each gate lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from ._checks import Numbers, numbers
from ._lines import draw_arrow
from .style import AS_IS, DEEP, EDGE, GOLD, GREY, INK, MODELS, drawing

if TYPE_CHECKING:
    from matplotlib.typing import ColorType as Colour

# From −1 over 0 to 1, told apart by colour-blind readers; the number stands in each cell too.
SIGNED = LinearSegmentedColormap.from_list("signed", [MODELS["fixed"].colour, "white", DEEP])
GATE = "#b9b9b9"
MOST = 6  # components that can be read on a telephone


class Row(NamedTuple):
    y: float
    symbol: str
    says: str
    values: Numbers
    is_gate: bool = False


def gate_diagram(
    state: npt.ArrayLike,
    reset: npt.ArrayLike,
    candidate: npt.ArrayLike,
    update: npt.ArrayLike,
    *,
    ax: Axes | None = None,
) -> Axes:
    """One step of a GRU, a column for each component of the state, read from top to bottom.

    The gates are drawn as cells that are filled as far as they are open: the reset gate decides what
    of the old state the candidate is made from, the update gate how much of the candidate is taken.

    Args:
        state: the old state, 1 to 6 numbers from −1 to 1.
        reset: the reset gate r, as many numbers from 0 to 1.
        candidate: the candidate, as many numbers from −1 to 1.
        update: the update gate z, as many from 0 to 1; z = 1 takes the candidate.
        ax: where to draw; by default in a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: no numbers, too many, not as many in each, or one out of its range.

    Example:
        >>> ax = gate_diagram([0.8, -0.5], [1, 0], [-0.4, 0.3], [0, 0.5])
        >>> [text.get_text() for text in ax.texts if text.get_position()[1] == 0]  # the last row
        ['0.80', '−0.10']

    Source: Cho et al. 2014 (arXiv 1406.1078); z as in Bahdanau et al. 2014 (arXiv 1409.0473).
    """
    old = _components("state", state, -1, None)
    r = _components("reset", reset, 0, old.shape)
    proposed = _components("candidate", candidate, -1, old.shape)
    z = _components("update", update, 0, old.shape)
    new = (1 - z) * old + z * proposed
    rows = [
        Row(6.0, "$h_{j-1}$", "old state", old),
        Row(5.0, "$r_j$", "reset gate", r, True),
        Row(4.0, r"$r_j \circ h_{j-1}$", "what is let through", r * old),
        Row(2.0, r"$\tilde{h}_j$", "candidate", proposed),
        Row(1.0, "$z_j$", "update gate", z, True),
        Row(0.0, "$h_j$", "new state", new),
    ]
    columns = len(old)
    with drawing(ax, (2.4 + 0.95 * columns, 4.9)) as ax:
        ax.set(xlim=(-2.35, columns - 0.35), ylim=(-0.55, 6.55))
        ax.set_axis_off()
        for row in rows:
            _draw_row(ax, row)
        _draw_mixing(ax, columns)
    return ax


def _components(
    name: str, values: npt.ArrayLike, low: float, shape: tuple[int, ...] | None
) -> Numbers:
    array = numbers(name, values, (low, 1))
    if array.ndim != 1 or not 1 <= array.size <= MOST:
        raise ValueError(f"{name}: expected 1 to {MOST} numbers, got shape {array.shape}")
    if shape not in (None, array.shape):
        raise ValueError(f"{name}: expected as many numbers as state, {shape}, got {array.shape}")
    return array


def _draw_row(ax: Axes, row: Row) -> None:
    ax.text(-0.62, row.y + 0.14, row.symbol, ha="right", va="center", fontsize=13)
    ax.text(-0.62, row.y - 0.2, row.says, ha="right", va="center", fontsize=10, color=GREY, **AS_IS)
    for x, value in enumerate(row.values):
        face: Colour = "white" if row.is_gate else SIGNED((value + 1) / 2)
        _cell(ax, x, row.y, 0.7, face, EDGE)
        if row.is_gate:
            _cell(ax, x, row.y, 0.7 * value, GATE, "none")
        ax.text(
            x,
            row.y,
            f"{value + 0.0:.2f}".replace("-", "−"),
            ha="center",
            va="center",
            fontsize=11,
            color="white" if not row.is_gate and abs(value) > 0.6 else INK,
            **AS_IS,
        )


def _cell(ax: Axes, x: float, y: float, height: float, face: Colour, edge: Colour) -> None:
    """A box whose foot is at the foot of its row: a gate that is half open is half full."""
    ax.add_patch(Rectangle((x - 0.42, y - 0.35), 0.84, height, facecolor=face, edgecolor=edge))


def _draw_mixing(ax: Axes, columns: int) -> None:
    """Between what is let through and the candidate all components mix, and the word joins."""
    middle = (columns - 1) / 2
    ax.add_patch(
        Rectangle((-0.42, 2.68), columns - 0.16, 0.62, facecolor="#fbe3d3", edgecolor=GOLD)
    )
    formula = r"$\tanh(W E x_j + U[\,\cdot\,])$" if columns > 2 else r"$\tanh$"
    ax.text(middle, 2.99, formula, ha="center", va="center", fontsize=12)
    for x in range(columns):
        draw_arrow(ax, (x, 3.62), (x, 3.34), GREY, 1.2)
        draw_arrow(ax, (x, 2.66), (x, 2.37), GREY, 1.2)
    ax.text(-1.2, 2.99, "the word", ha="right", va="center", fontsize=10, color=GREY, **AS_IS)
    draw_arrow(ax, (-1.14, 2.99), (-0.46, 2.99), GREY, 1.2)
