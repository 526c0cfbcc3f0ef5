"""The heat map for a page: a table that shows more where it is pointed at, without a script."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ._html import FONT, card, element_id, html, id_from, text_of, width_of
from ._shades import MARKS, checked_marks, key, rows_of, shaded_table
from .alignments import GoldLinks, checked_weights
from .style import GOLD


class AlignmentMap:
    """An alignment that a page shows as a table: see `alignment_map`, which makes it."""

    def __init__(
        self,
        weights: npt.ArrayLike,
        source: Sequence[str],
        target: Sequence[str],
        gold: GoldLinks | None = None,
        title: str | None = None,
        name: str | None = None,
    ) -> None:
        self.weights, self.source, self.target = checked_weights(weights, source, target)
        self.title = text_of("title", title or "") or "Attention weights"
        self._marks = checked_marks(gold, len(self.source), len(self.target))
        content = (self.title, self._table(""))
        self.name = id_from("alignment", content) if name is None else element_id("name", name)
        self._body = (
            f"{self._table(f'{self.name}-key')}{_HINT}"
            f'<p id="{self.name}-key" style="margin:8px 0 0">A row is a word of the translation, a '
            "column a word of the source. The darker a cell, the larger its weight."
            f"{key(self._marks)}</p>"
        )

    def __repr__(self) -> str:
        return f"AlignmentMap({len(self.target)} target words × {len(self.source)} source words)"

    def _repr_html_(self) -> str:
        return card("map", self.name, self._css(), self._body)

    def _table(self, described_by: str) -> str:
        label = f' aria-label="{html(self.title)}" aria-describedby="{described_by}"'
        of_row = [f' tabindex="0" aria-label="{html(text)}"' for text in self._row_texts()]
        rows = rows_of(self.weights, self.source, self.target)
        return (
            f'<p style="margin:0"><strong>{html(self.title)}</strong></p>'
            '<div class="scroll" style="overflow-x:auto">'
            f"{shaded_table(rows, self._marks, label, of_row)}</div>"
        )

    def _row_texts(self) -> list[str]:
        """Each row as a sentence: the largest weights and the gold links."""
        texts = []
        for y, (word, weights) in enumerate(zip(self.target, self.weights, strict=True)):
            order = np.argsort(-weights, kind="stable")[:3]
            looks = ", ".join(f"{self.source[x]} {weights[x]:.2f}" for x in order)
            texts.append(f"{word} looks at: {looks}")
            for kind in MARKS:
                linked = [w for x, w in enumerate(self.source) if self._marks.get((x, y)) == kind]
                if linked:
                    texts[-1] += f"; {kind} link: {', '.join(linked)}"
        return texts

    def _css(self) -> str:
        heads = [0.71 * width_of(word) + 20 for word in self.source]
        words = max(map(width_of, self.target)) + 16
        # Pixels that the table takes as it is, and set smaller for a phone (its words not bold).
        out, small_out = _standing_out(heads, 37), _standing_out([0.86 * h for h in heads], 25)
        wide = words + 37 * len(heads) + out
        small = 0.75 * words + 25 * len(heads) + small_out
        sizes = {"SLANT": max(heads), "OUT": out, "LESS": small_out, "WIDE": wide, "SMALL": small}
        this = f"#{self.name}"
        # The words that a row looks at, while it is pointed at.
        lit = ",".join(
            f"{this} table:has(tbody tr:nth-child({y + 1}):{how}) th:nth-child({x + 2}) span"
            for y, x in zip(*np.nonzero(self.weights >= 0.095), strict=True)
            for how in ("hover", "focus")
        )
        css = _CSS.replace("#map", this)
        for mark, pixels in sizes.items():
            css = css.replace(mark, f"{pixels:.0f}px")
        return css + (f"{lit}{{font-weight:bold;color:#a33f00}}" if lit else "")


def _standing_out(heads: Sequence[float], cell: int) -> float:
    """By how many pixels the slanted heads stand out over the last of the cells."""
    from_the_end = np.arange(len(heads), 0, -1) - 0.5
    return float(max(0.0, *np.asarray(heads) - cell * from_the_end))


_HINT = (
    '<p class="hint" style="display:none;margin:8px 0 0">The map is wider than the screen: move it '
    "sideways.</p>"
)

_CSS = f"""
#map {{font:14px/1.4 {FONT};color-scheme:light;container-type:inline-size}}
#map .scroll {{padding-right:OUT}}
#map table {{border-collapse:separate;border-spacing:1px;font-size:14px}}
#map tr,#map tr:hover {{background:#fff}}
#map th {{border:0;font-weight:normal;white-space:pre}}
#map thead th {{height:SLANT;padding:0;position:relative}}
#map thead span {{position:absolute;left:50%;bottom:6px;transform:rotate(-45deg);
 transform-origin:0 100%}}
#map tbody th {{padding:0 8px;text-align:right}}
#map td {{box-sizing:border-box;min-width:36px;height:34px;padding:0;border:1px solid #bbb;
 text-align:center;font-size:12px}}
#map tbody:hover tr:not(:hover):not(:focus),#map tbody:focus-within tr:not(:hover):not(:focus)
 {{opacity:0.4}}
#map tr:hover th,#map tr:focus th {{font-weight:bold}}
#map tr:focus-visible {{outline:2px solid {GOLD};outline-offset:-2px}}
@container (max-width:WIDE) {{
#map table {{font-size:12px}}
#map .scroll {{padding-right:LESS}}
#map td {{min-width:24px;height:28px;font-size:11px}}
#map tbody th {{padding:0 4px}}
}}
@container (max-width:SMALL) {{
#map .hint {{display:block!important}}
}}
"""


def alignment_map(
    weights: npt.ArrayLike,
    source: Sequence[str],
    target: Sequence[str],
    gold: GoldLinks | None = None,
    *,
    title: str | None = None,
    name: str | None = None,
) -> AlignmentMap:
    """The heat map of `alignment` for a page: pointing at a row shows which words it looks at.

    It is a table and CSS, without a script and without anything from the network. It is complete
    without pointing, and where a page loses its styles (a notebook that is not trusted).

    Args:
        weights, source, target, gold: as in `alignment`.
        title: stands over the figure; by default "Attention weights".
        name: the element's id on the page, a letter and then letters, digits, ``-`` and ``_``; by
            default made from the content. Give it when one page shows the same map twice.

    Returns:
        An object that a notebook shows as HTML (`_repr_html_`).

    Raises:
        TypeError: as `alignment`, or the title or the name is not a text.
        ValueError: as `alignment`, or the name cannot be an id.

    Example:
        >>> alignment_map([[0.9, 0.1], [0.2, 0.8]], ["red", "house"], ["maison", "rouge"])
        AlignmentMap(2 target words × 2 source words)
    """
    return AlignmentMap(weights, source, target, gold, title, name)
