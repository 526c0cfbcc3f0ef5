"""Weights as a table whose cells are shaded: what is left where a page loses SVG and styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from matplotlib.colors import to_hex

from ._checks import Numbers
from ._html import html
from .alignments import GoldLinks, checked_gold
from .style import GOLD, INK, WEIGHTS

Cell: TypeAlias = str | float
Rows: TypeAlias = Sequence[Sequence[Cell]]
Marks: TypeAlias = Mapping[tuple[int, int], str]
MARKS = {
    "sure": f"border:3px solid {GOLD}",
    "possible": f"border:3px dashed {GOLD}",
}


class Table(NamedTuple):
    """Rows of cells, and the marks of some of them, by (column, row) without the headings."""

    rows: Rows
    marks: Marks


def rows_of(weights: Numbers, source: Sequence[str], target: Sequence[str]) -> Rows:
    """The weights under their words."""
    body = [[word, *map(float, row)] for word, row in zip(target, weights, strict=True)]
    return [["", *source], *body]


def checked_marks(gold: GoldLinks | None, source_length: int, target_length: int) -> Marks:
    """Which kind of gold link a cell is."""
    links = checked_gold(gold, source_length, target_length)
    return dict.fromkeys(links.possible, "possible") | dict.fromkeys(links.sure, "sure")


def shown(weight: float) -> str:
    """Two decimals without the zero before them: ".42"."""
    return f"{weight:.2f}".removeprefix("0") if weight < 0.995 else "1"


def cell(value: Cell, mark: str = "") -> str:
    """A text as it is; a weight from 0 to 1 as a number on its shade, outlined if it has a mark."""
    if isinstance(value, str):
        return f"<td>{html(value)}</td>"
    shade = to_hex(WEIGHTS(float(f"{value:.2f}")))
    style = f"background:{shade};color:{'#fff' if value > 0.45 else INK}"
    if mark:
        style += f";{MARKS[mark]}"
    title = f' title="{mark} link"' if mark else ""
    return f'<td style="{style}"{title}>{shown(value)}</td>'


def looks_at(word: str, source: Sequence[str], weights: Sequence[float]) -> str:
    """A row of weights as a sentence: the three largest."""
    order = np.argsort(-np.asarray(weights), kind="stable")[:3]
    return f"{word} looks at: " + ", ".join(f"{source[x]} {weights[x]:.2f}" for x in order)


def table(
    rows: Rows,
    marks: Marks | None = None,
    attributes: str = "",
    of_row: Sequence[str] | None = None,
) -> str:
    """The rows as an HTML table: the first row and the first column are headings.

    ``marks`` are by (column, row), counted without the headings; ``of_row`` are attributes of the
    rows without the first.
    """
    marks = marks or {}
    # White, or a dark notebook would shade every other row; the ink is the table's.
    white = ' style="background:#fff"'
    corner, *names = map(str, rows[0])
    head = "".join(f'<th scope="col"><span>{html(name)}</span></th>' for name in names)
    body = "".join(
        f'<tr{white}{of_row[y] if of_row else ""}><th scope="row">{html(str(first))}</th>'
        + "".join(cell(value, marks.get((x, y), "")) for x, value in enumerate(values))
        + "</tr>"
        for y, (first, *values) in enumerate(rows[1:])
    )
    return (
        f'<table style="color:{INK};background:#fff;width:auto;margin:0"{attributes}>'
        f'<thead><tr{white}><th scope="col">{html(corner)}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
