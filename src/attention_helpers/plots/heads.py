"""What heads are worth: a measure against their number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from ._checks import Seeds, by_name, by_size, interval, runs_by_name
from ._lines import draw_line, draw_seeds, label_ends
from .style import drawing, label_axes, name_ticks, ordered_styles


def by_heads(
    values: Mapping[str, Mapping[int, Seeds] | Mapping[str, Seeds]],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    ylabel: str = "share right",
    limits: tuple[float, float] = (0, 1),
) -> Axes:
    """A measure against the number of heads: a line through means, every seed as a small mark.

    Args:
        values: for each line, from the one that is drawn lightest, for each number of heads (also
            as text, as JSON stores it), one number a seed; a single number stands for one seed. All
            lines have the same numbers of heads.
        ax, title: as in `bleu_by_length`.
        ylabel: of the vertical axis.
        limits: where that axis begins and ends.

    Returns:
        The axes.

    Raises:
        TypeError: `values` is not a dictionary of dictionaries, or a number of heads no integer.
        ValueError: there is nothing to draw, the numbers of heads differ, or a value is outside the
            limits.

    Example:
        >>> ax = by_heads({"one look": {1: [1.0, 1.0], 4: 1.0}, "four": {1: [0.4, 0.5], 4: 1.0}})
        >>> [label.get_text() for label in ax.get_xticklabels()]
        ['1', '4']
    """
    limits = interval("limits", limits)
    by_line = {
        name: by_size(f"values[{name!r}]", of_line)
        for name, of_line in by_name("values", values).items()
    }
    runs = runs_by_name("values", by_line, limits)
    heads = list(next(iter(runs.values())))
    styles, lines = ordered_styles(runs), []
    with drawing(ax, (7.0, 3.8), title) as ax:
        for place, (name, of_line) in enumerate(runs.items()):
            # Lines stand a little beside each other, so that none hides another's seeds.
            at = np.arange(len(heads)) + 0.06 * (place - (len(runs) - 1) / 2)
            means = [of_line[n].mean() for n in heads]
            lines.append(draw_line(ax, at, means, styles[name], name))
            for x, n in zip(at, heads, strict=True):
                draw_seeds(ax, np.full(of_line[n].size, x), of_line[n], styles[name], name)
        ax.set(ylim=limits, xlim=(-0.3, len(heads) - 0.8))
        name_ticks(ax.xaxis, heads)
        ax.grid(False, axis="x")
        label_axes(ax, "heads (small marks: single seeds)", ylabel)
        label_ends(ax, lines, margin=1.0)
    return ax
