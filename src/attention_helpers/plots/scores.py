"""Scores with their seeds: by sentence length, by size, by depth, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from .._arguments import integer
from ._checks import Numbers, Seeds, by_name, by_size, interval, runs_by_name, seeds_by_name
from ._lines import bucket_label, draw_line, draw_seeds, label_ends
from .style import (
    AS_IS,
    STYLE,
    Key,
    LineStyle,
    drawing,
    label_axes,
    line_styles,
    name_ticks,
    ordered_styles,
)

_LENGTHS = "length of the source sentence in tokens (small marks: single seeds)"


def bleu_by_length(
    bleu: Mapping[str, Mapping[str, Seeds]],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    ylabel: str = "BLEU",
) -> Axes:
    """BLEU against sentence length: a line through the seeds' means, every seed as a dot.

    Args:
        bleu: for each model, for each bucket of lengths, one score a seed, 0 to 100. A single
            number stands for one seed. All models have the same buckets, which are drawn in the
            order given.
        ax: where to draw; by default in a new figure.
        title: over the figure.
        ylabel: of the vertical axis, which always goes from 0 to 100.

    Returns:
        The axes.

    Raises:
        TypeError: `bleu` is not a dictionary of dictionaries.
        ValueError: there is nothing to draw, the buckets differ, or a score is outside 0–100.

    Example:
        >>> ax = bleu_by_length({"fixed": {"5-10": [88, 90], "11-20": [60, 66]}})
        >>> [label.get_text() for label in ax.get_xticklabels()]
        ['5–10', '11–20']
    """
    runs = runs_by_name("bleu", bleu, (0, 100))
    return _score_lines(runs, line_styles(runs), {m: m for m in runs}, ax, title, ylabel)


def capacity_sweep(
    bleu: Mapping[int, Mapping[str, Seeds]] | Mapping[str, Mapping[str, Seeds]],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    ylabel: str = "BLEU",
) -> Axes:
    """BLEU against sentence length, one line for each size of the decoder's state.

    Args:
        bleu: for each number of units (also as text, as JSON stores it), for each bucket of
            lengths, one score a seed, 0 to 100.
        ax, title, ylabel: as in `bleu_by_length`.

    Returns:
        The axes; the lines go from the smallest state to the largest.

    Raises:
        TypeError, ValueError: as `bleu_by_length`, or a number of units is not a positive integer.

    Example:
        >>> ax = capacity_sweep({64: {"5-10": [90], "11-20": [70]}, 32: {"5-10": 80, "11-20": 40}})
        >>> [text.get_text() for text in ax.texts]
        ['32 units', '64 units']
    """
    by_units = dict(sorted(by_size("bleu", bleu).items()))
    runs = runs_by_name("bleu", by_units, (0, 100))
    labels = {units: f"{units} units" for units in runs}
    return _score_lines(runs, ordered_styles(runs), labels, ax, title, ylabel)


def bleu_by_order(
    bleu: Mapping[str, Mapping[str, Mapping[str, Seeds]]],
    *,
    labels: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
    ylabel: str = "BLEU",
) -> list[Axes]:
    """BLEU against sentence length in panels, two in a row, one for each order of the words.

    Args:
        bleu: for each order, such as ``natural`` and ``mirrored``, what `bleu_by_length` takes.
        labels: what is written at a model's line in place of its name, which chooses its style.
            A line break keeps it narrow.
        titles: what is written over a panel in place of the name of its order.
        ylabel: of the vertical axis, which the panels share.

    Returns:
        The axes, one a panel, row by row.

    Raises:
        TypeError, ValueError: as `bleu_by_length`, or the labels or titles are no dictionary.

    Example:
        >>> of_length = {"5-10": [98, 99], "41-50": [80, 83]}
        >>> orders = {"natural": {"moving": of_length}, "mirrored": {"moving": of_length}}
        >>> panels = bleu_by_order(orders, labels={"moving": "walks along"})
        >>> [ax.get_title(loc="left") for ax in panels], panels[0].texts[0].get_text()
        (['natural', 'mirrored'], 'walks along')
    """
    names = by_name("labels", labels) if labels else {}
    heads = by_name("titles", titles) if titles else {}
    panels = {
        order: runs_by_name(f"bleu[{order!r}]", of_order, (0, 100))
        for order, of_order in by_name("bleu", bleu).items()
    }
    models = dict.fromkeys(model for runs in panels.values() for model in runs)
    styles = line_styles(models)
    texts = {model: str(names.get(model, model)) for model in models}
    columns, rows = min(len(panels), 2), (len(panels) + 1) // 2
    style: Any = STYLE
    with plt.rc_context(style):
        figure = plt.figure(figsize=(7.0, 3.6 * rows), layout="constrained")
        axes: list[Axes] = []
        for place, (order, runs) in enumerate(panels.items()):
            ax = figure.add_subplot(rows, columns, place + 1, sharey=axes[0] if axes else None)
            axes.append(ax)
            title = str(heads.get(order, order))
            _score_lines(runs, styles, texts, ax, title, "" if place % 2 else ylabel, "", size=9.5)
            ax.tick_params(labelleft=place % 2 == 0)
        figure.supxlabel(_LENGTHS, fontsize=10, **AS_IS)
    return axes


def _score_lines(
    runs: Mapping[Key, Mapping[str, Numbers]],
    styles: Mapping[Key, LineStyle],
    labels: Mapping[Key, str],
    ax: Axes | None,
    title: str | None,
    ylabel: str,
    xlabel: str = _LENGTHS,
    size: float | None = None,
) -> Axes:
    buckets = list(next(iter(runs.values())))
    middle = (len(runs) - 1) / 2
    lines = []
    with drawing(ax, (7.0, 4.2), title) as ax:
        for place, (name, scores) in enumerate(runs.items()):
            # Models stand a little beside each other, so that none hides another's seeds.
            at = np.arange(len(buckets)) + 0.05 * (place - middle)
            means = [scores[bucket].mean() for bucket in buckets]
            lines.append(draw_line(ax, at, means, styles[name], labels[name]))
            for x, bucket in zip(at, buckets, strict=True):
                seeds = scores[bucket]
                spread = 0.03 * (np.arange(len(seeds)) - (len(seeds) - 1) / 2)
                draw_seeds(ax, x + spread, seeds, styles[name], labels[name])
        ax.set_ylim(0, 100)
        ax.set_xlim(-0.3, len(buckets) - 0.8)
        name_ticks(ax.xaxis, [bucket_label(bucket) for bucket in buckets])
        ax.grid(False, axis="x")
        label_axes(ax, xlabel, ylabel)
        ends = label_ends(ax, lines, margin=1.0)
        if size:
            plt.setp([*ends, *ax.get_xticklabels()], fontsize=size)
    return ax


def score_comparison(
    scores: Mapping[str, Seeds],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    xlabel: str = "BLEU",
    limits: tuple[float, float] = (0, 100),
    digits: int = 1,
) -> Axes:
    """A few named scores: each seed a small dot, their mean a large one with its value.

    Args:
        scores: for each name, one score a seed; a single number stands for one seed.
        ax, title: as in `bleu_by_length`.
        xlabel: of the axis of scores.
        limits: the least and the largest possible score, where the axis begins and ends.
        digits: decimals of the means that are written.

    Returns:
        The axes; the names stand from top to bottom in the order given.

    Raises:
        TypeError: `scores` is not a dictionary, `limits` not a pair, or `digits` not an integer.
        ValueError: there is nothing to draw, or a score is outside the limits.

    Example:
        >>> ax = score_comparison({"diagonal": 0.4, "bahdanau": [0.05, 0.06]}, xlabel="AER",
        ...                       limits=(0, 1), digits=2)
        >>> [text.get_text() for text in ax.texts]
        ['0.40', '0.06']
    """
    low, high = interval("limits", limits)
    digits = integer("digits", digits)
    scores = seeds_by_name("scores", scores, (low, high))
    styles = line_styles(scores)
    with drawing(ax, (7.0, 1.1 + 0.45 * len(scores)), title) as ax:
        for y, (name, seeds) in enumerate(scores.items()):
            style, mean = styles[name], np.mean(seeds)
            draw_line(ax, [mean], [y], style, name)
            # Below their mean, which would hide them.
            draw_seeds(ax, seeds, np.full(len(seeds), y + 0.24), style, name)
            # In the margin: beside the dot it could hide a neighbour's seeds.
            ax.annotate(
                f"{mean:.{digits}f}",
                (1.02, y),
                xycoords=("axes fraction", "data"),
                va="center",
                annotation_clip=False,
            )
        name_ticks(ax.yaxis, list(scores))
        ax.set_ylim(len(scores) - 0.5, -0.5)
        beside = 0.02 * (high - low)
        ax.set_xlim(low - beside, high + beside)
        ax.set_xlabel(xlabel, **AS_IS)
    return ax


def by_depth(
    values: Mapping[str, Mapping[int, Seeds] | Mapping[str, Seeds]],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    ylabel: str = "weight",
    limits: tuple[float, float] = (0, 1),
) -> Axes:
    """A measure against the depth d of queries and keys: a line through means, seeds as dots.

    Args:
        values: for each score, for each depth (also as text, as JSON stores it), one number a
            seed; a single number stands for one seed. All scores have the same depths, in increasing order.
        ax, title: as in `bleu_by_length`.
        ylabel: of the vertical axis.
        limits: where that axis begins and ends.

    Returns:
        The axes; that of the depths doubles with every step of the same width.

    Raises:
        TypeError: `values` is not a dictionary of dictionaries, or a depth not an integer.
        ValueError: there is nothing to draw, the depths differ, do not increase or are not
            positive, or a number is outside the limits.

    Example:
        >>> ax = by_depth({"dot": {8: [0.9, 0.8], 256: [0.5, 0.6]}})
        >>> [label.get_text() for label in ax.get_xticklabels()]
        ['8', '256']
    """
    limits = interval("limits", limits)
    by_score: dict[str, dict[int, Seeds]] = {
        name: by_size(f"values[{name!r}]", of_score)
        for name, of_score in by_name("values", values).items()
    }
    runs = runs_by_name("values", by_score, limits)
    depths = list(next(iter(runs.values())))
    if depths != sorted(depths):
        raise ValueError(f"values: expected increasing depths, got {depths}")
    styles = line_styles(runs)
    lines = []
    with drawing(ax, (7.0, 3.6), title) as ax:
        ax.set_xscale("log", base=2)
        ax.set_ylim(*limits)
        margin = max(1.1, (depths[-1] / depths[0]) ** 0.08)
        ax.set_xlim(depths[0] / margin, depths[-1] * margin)
        ax.set_xticks(depths, labels=[str(depth) for depth in depths], minor=False)
        ax.set_xticks([], minor=True)
        for place, (name, of_depth) in enumerate(runs.items()):
            means = [of_depth[d].mean() for d in depths]
            lines.append(draw_line(ax, depths, means, styles[name], name))
            # A column of seeds for each score, side by side before the depth they belong to.
            left = margin ** (0.9 * (place - len(runs)) / max(5, len(runs)))
            for d in depths:
                if of_depth[d].size > 1:
                    at = np.full(of_depth[d].size, d * left)
                    draw_seeds(ax, at, of_depth[d], styles[name], name)
        ax.grid(False, axis="x")
        label_axes(ax, "depth d of queries and keys", ylabel)
        label_ends(ax, lines, margin=1.0)
    return ax
