"""Rotary positions: pairs of components as arrows, which turn from place to place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from ._checks import by_name, numbers
from ._lines import draw_arrow
from .style import AS_IS, FAINT, STYLE, dark, ordered_styles


def rotations(panels: Mapping[str, npt.ArrayLike]) -> list[Axes]:
    """Vectors of two components as arrows from the origin, numbered from 0, side by side.

    A number that would lie on another is left out.

    Args:
        panels: for each title, the vectors (places, 2) of one pair of components.

    Returns:
        The axes, one a panel.

    Raises:
        TypeError: `panels` is not a dictionary.
        ValueError: an array is not (places, 2), or not of finite numbers.

    Example:
        >>> axes = rotations({"pair 0": [[1.0, 0.0], [0.54, 0.84]]})
        >>> [text.get_text() for text in axes[0].texts]
        ['0', '1']
    """
    arrays = {}
    for title, values in by_name("panels", panels).items():
        arrays[title] = numbers(f"panels[{title!r}]", values, (-np.inf, np.inf))
        if arrays[title].ndim != 2 or arrays[title].shape[1] != 2:
            raise ValueError(
                f"panels[{title!r}]: expected vectors (places, 2), got shape {arrays[title].shape}"
            )
    style: Any = STYLE
    with plt.rc_context(style):
        figure, axes = plt.subplots(
            1, len(arrays), figsize=(7.0, 7.6 / len(arrays)), layout="constrained", squeeze=False
        )
        for ax, (title, vectors) in zip(axes.flat, arrays.items(), strict=True):
            _draw_arrows(ax, vectors)
            ax.set_title(str(title), fontsize=11, **AS_IS)
    return list(axes.flat)


def _draw_arrows(ax: Axes, vectors: npt.NDArray[np.float64]) -> None:
    longest = float(np.hypot(*vectors.T).max(initial=0.0)) or 1.0
    ax.add_patch(Circle((0, 0), longest, fill=False, edgecolor=FAINT))
    styles = ordered_styles(range(len(vectors)))
    labels: list[npt.NDArray[np.float64]] = []
    for place, vector in enumerate(vectors):
        colour = styles[place].colour
        draw_arrow(ax, (0, 0), (vector[0], vector[1]), colour, 1.8)
        at = vector * (1 + 0.14 * longest / max(float(np.hypot(*vector)), 1e-9))
        if all(np.hypot(*(at - other)) > 0.15 * longest for other in labels):
            labels.append(at)
            ax.text(
                at[0], at[1], str(place), ha="center", va="center", fontsize=9.5, color=dark(colour)
            )
    edge = 1.3 * longest
    ax.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
    ax.set_axis_off()
