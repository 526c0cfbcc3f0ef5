"""Weights as a table whose cells are shaded: what is left where a page loses SVG and styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

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


class Shaded(NamedTuple):
    """Rows of cells, and the marks of some of them, by (column, row) without the headings."""

    rows: Rows
    marks: Marks


def rows_of(weights: Numbers, source: Sequence[str], target: Sequence[str]) -> Rows:
    """The weights under their words."""
    rows: list[list[Cell]] = [["", *source]]
    for word, of_word in zip(target, weights, strict=True):
        rows.append([word, *map(float, of_word)])
    return rows


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
    text, styles, attributes = "0", [], ""
    if value >= 0.005:
        text = shown(value)
        styles.append(f"background:{to_hex(WEIGHTS(float(f'{value:.2f}')))}")
        if value > 0.4:  # the ink that has a contrast of at least 4.5 on the shade
            styles.append("color:#fff" if value > 0.7 else "color:#000")
    if mark:
        styles.append(MARKS[mark])
    if styles:
        attributes = f' style="{";".join(styles)}"' + (f' title="{mark} link"' if mark else "")
    return f"<td{attributes}>{text}</td>"


def key(marks: Marks) -> str:
    """What the outlines mean, as HTML."""
    kinds = set(marks.values())
    return "".join(
        f' <span style="white-space:nowrap"><span style="{style};padding:0 8px;margin-left:8px">'
        f"</span>&#160;{kind} link</span>"
        for kind, style in MARKS.items()
        if kind in kinds
    )


def shaded_table(
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
