"""Lines with their own markers, single seeds as dots, names at the lines' ends, arrows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation

from .style import AS_IS, GREY, Dashes, LineStyle, dark

if TYPE_CHECKING:
    from matplotlib.typing import ColorType as Colour

Point: TypeAlias = tuple[float, float]


def bucket_label(bucket: object) -> str:
    """The name of a bucket as it is, except that a range of numbers gets its dash: 5–10."""
    return re.sub(r"^(\d+)-(\d+)$", r"\1–\2", str(bucket))


def draw_line(
    ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, style: LineStyle, name: object, every: int = 1
) -> Line2D:
    """One line in its style, with a marker at every `every`-th point."""
    (line,) = ax.plot(
        x,
        y,
        color=style.colour,
        marker=style.marker,
        linestyle=style.dashes,
        markeredgecolor="white",
        markersize=12 if style.marker == "*" else 7,  # a star of 7 points cannot be seen
        clip_on=False,  # a score of 100 is not cut in half
        label=str(name),
        markevery=every,
    )
    return line


def draw_seeds(
    ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, style: LineStyle, name: object
) -> None:
    """The single seeds: small, and above the line of their means."""
    ax.plot(
        x,
        y,
        linestyle="none",
        marker=style.marker,
        markersize=3.5,
        color=dark(style.colour),
        alpha=0.75,
        markeredgewidth=0,
        clip_on=False,
        zorder=4,
        label=f"_{name}: seeds",  # a legend leaves out what begins with "_"
    )


def label_ends(ax: Axes, lines: Iterable[Line2D], margin: float | None = None) -> list[Annotation]:
    """The name of each line at its end, moved apart where ends are close, with a thin leader.

    With `margin`, a fraction of the axes' width, all names stand there, in one column.
    """
    # In fractions of the axes, which hold for any scale and do not wait for the layout.
    figure: Any = ax.figure  # no subfigure, which has no height in inches
    grid = ax.get_subplotspec()
    height = 0.75 * figure.get_figheight() / (grid.get_gridspec().nrows if grid else 1)
    gap = 1.35 * plt.rcParams["font.size"] / 72 / height
    ends, names = [], []
    for line in lines:
        end = float(np.asarray(line.get_xdata())[-1]), float(np.asarray(line.get_ydata())[-1])
        x, y = ax.transLimits.transform(ax.transScale.transform(end))
        x = round(float(x), 3) if margin is None else margin
        ends.append((x, float(y), end, line))
    for column in sorted({x for x, *_ in ends}):
        group = sorted((e for e in ends if e[0] == column), key=lambda e: e[1])
        for y, (x, at, end, line) in zip(apart([e[1] for e in group], gap), group, strict=True):
            leader: dict[str, Any] = {
                "arrowstyle": "-",
                "color": line.get_color(),
                "linewidth": 0.8,
                "relpos": (0, 0.5),  # from the side of the name, not across its neighbours
                "shrinkA": 1,
                "shrinkB": 5,
            }
            label = ax.annotate(
                str(line.get_label()),
                end,
                xytext=(x + 0.03, y),
                textcoords="axes fraction",
                va="center",
                color=dark(line.get_color()),
                annotation_clip=False,
                arrowprops=leader if abs(y - at) > 0.01 else None,
                **AS_IS,
            )
            label.set_path_effects([withStroke(linewidth=3, foreground="white")])
            names.append(label)
    return names


def apart(places: list[float], gap: float) -> list[float]:
    """Sorted places moved apart to at least `gap`, as little as possible, within 0 to 1."""
    groups: list[tuple[int, float]] = []  # of neighbours that touch: (number, centre)
    for place in places:
        groups.append((1, place))
        while len(groups) > 1:
            (n, low), (m, high) = groups[-2:]
            if high - low >= gap * (n + m) / 2:
                break
            groups[-2:] = [(n + m, (n * low + m * high) / (n + m))]
    moved = [centre + gap * (i - (n - 1) / 2) for n, centre in groups for i in range(n)]
    shift = min(0.0, 1.0 - moved[-1])
    return [max(place + shift, 0.0 + gap * i) for i, place in enumerate(moved)]


def draw_arrow(
    ax: Axes,
    start: Point,
    end: Point,
    colour: Colour = GREY,
    width: float = 1.4,
    *,
    form: str = "-|>",
    head: float = 9,
    dashes: Dashes = "-",
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle=form,
            mutation_scale=head,
            color=colour,
            linewidth=width,
            linestyle=dashes,
            shrinkA=0,
            shrinkB=0,
        )
    )
