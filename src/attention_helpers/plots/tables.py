"""A small table of results: HTML that reads well where styles and scripts are dropped, and text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from numbers import Integral, Real

import numpy as np

from .._arguments import integer
from ._html import html

_CELL = "padding: 0.25em 0.75em; border-bottom: 1px solid #999; text-align: "


class Table:
    """Rows of results under named columns: see `table`, which makes it."""

    def __init__(
        self,
        rows: Iterable[Sequence[object]],
        columns: Sequence[str],
        caption: str | None = None,
        digits: int = 1,
    ) -> None:
        if isinstance(columns, str) or not all(isinstance(name, str) for name in columns):
            raise TypeError(f"columns: expected a sequence of names, got {columns!r:.60}")
        digits = integer("digits", digits)
        given = [list(row) for row in rows]
        if not given:
            raise ValueError("rows: expected at least one row, got none")
        for place, row in enumerate(given):
            if len(row) != len(columns):
                raise ValueError(
                    f"rows[{place}]: expected {len(columns)} cells, one a column, got {len(row)}"
                )
        self.columns, self.caption = list(columns), caption
        by_column = list(zip(*given, strict=True))
        texts = [_texts(cells, digits) for cells in by_column]
        self.rows = [list(row) for row in zip(*texts, strict=True)]
        # A column of numbers is set to the right, where their last digits meet.
        self._right = [
            all(cell is None or _is_number(cell) for cell in cells) for cells in by_column
        ]

    def __repr__(self) -> str:
        table = [self.columns, *self.rows]
        widths = [max(len(row[x]) for row in table) for x in range(len(self.columns))]
        lines = [
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, self._right, strict=True)
            ).rstrip()
            for row in table
        ]
        return "\n".join([*([self.caption] if self.caption else []), *lines])

    def _repr_html_(self) -> str:
        sides = [_CELL + ("right" if right else "left") for right in self._right]
        head = "".join(
            f'<th scope="col" style="{side}; vertical-align: bottom">{html(name)}</th>'
            for name, side in zip(map(_unbroken, self.columns), sides, strict=True)
        )
        rows = "".join(
            f'<tr><th scope="row" style="{sides[0]}; font-weight: normal">{html(row[0])}</th>'
            + "".join(
                f'<td style="{side}">{html(cell)}</td>'
                for cell, side in zip(row[1:], sides[1:], strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        caption = ""
        if self.caption:
            style = "caption-side: top; text-align: left; color: inherit"
            caption = f'<caption style="{style}">{html(self.caption)}</caption>'
        return (
            '<table class="results tex2jax_ignore mathjax_ignore" '
            f'style="border-collapse: collapse">{caption}'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


def _unbroken(name: str) -> str:
    """The name with a range of numbers, such as 41–50, in one piece (word joiners)."""
    return re.sub(r"(?<=\d)–(?=\d)", "\u2060–\u2060", name)


def _is_number(cell: object) -> bool:
    return isinstance(cell, Real) and not isinstance(cell, bool)


def _texts(cells: Sequence[object], digits: int) -> list[str]:
    """The cells of a column: its numbers have decimals unless all of them are integers."""
    whole = all(isinstance(cell, Integral) for cell in cells if _is_number(cell))
    return [_text(cell, 0 if whole else digits) for cell in cells]


def _text(cell: object, digits: int) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, Real):
        return f"{float(cell):,.{digits}f}".replace("-", "−")
    return str(cell)


def table(
    rows: Iterable[Sequence[object]],
    columns: Sequence[str],
    *,
    caption: str | None = None,
    digits: int = 1,
) -> Table:
    """A table of results for a page, in place of a printed dictionary.

    Args:
        rows: the rows, each with one cell a column: texts as they are, numbers rounded and
            with commas, None as a dash, True and False as yes and no. The first cell of a row is
            its name.
        columns: the names of the columns.
        caption: what the table shows, over it.
        digits: decimals of the numbers of a column, unless all of them are integers.

    Returns:
        An object that a notebook shows as an HTML table (`_repr_html_`; its styles are inline, so
        that an untrusted notebook keeps them) and a console as text.

    Raises:
        TypeError: the columns are not names, or `digits` is not an integer.
        ValueError: there is no row, a row has another number of cells, or `digits` is negative.

    Example:
        >>> table([["mean", 56.04, 7.71], ["attention", 99.96, None]], ["model", "5–10", "41–50"])
        model       5–10  41–50
        mean        56.0    7.7
        attention  100.0      –
    """
    return Table(rows, columns, caption, digits)
