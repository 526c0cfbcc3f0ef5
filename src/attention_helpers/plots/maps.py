"""The heat map for a page: inline SVG and CSS that show more where they are pointed at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ._html import element_id, html, id_from, text_of, width_of
from .alignments import GoldLinks, checked_gold, checked_weights
from .style import DEEP, GOLD, INK


class AlignmentMap:
    """An alignment that a page shows as inline SVG: see `alignment_map`, which makes it."""

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
        self.gold = checked_gold(gold, len(self.source), len(self.target))
        self.title = text_of("title", title or "") or "Attention weights"
        self._texts = [[f"{weight:.3f}" for weight in row] for row in self.weights]
        self._links = dict.fromkeys(sorted(self.gold.possible), "possible")
        self._links |= dict.fromkeys(sorted(self.gold.sure), "sure")
        content = (self._texts, self.source, self.target, self.title, self._links)
        self.name = id_from("alignment", content) if name is None else element_id("name", name)

    def __repr__(self) -> str:
        return f"AlignmentMap({len(self.target)} target words × {len(self.source)} source words)"

    def _repr_html_(self) -> str:
        # No MathJax in here: the "$" of a word is a dollar.
        return (
            f'<div class="attention-map tex2jax_ignore mathjax_ignore" id="{self.name}">'
            f"<style>{_MAP_CSS.replace('#map', '#' + self.name)}</style>"
            f'<div class="scroll">{self._svg()}</div>{self._table()}</div>'
        )

    def _svg(self) -> str:
        cell = 34  # pixels
        left = 18 + max(map(width_of, self.target))
        slant = 0.71 * max(map(width_of, self.source)) + 22
        width = left + cell * len(self.source) + max(slant, 60)
        bottom = slant + cell * len(self.target)
        height = bottom + 44
        title, description = f"{self.name}-title", f"{self.name}-description"
        columns = "".join(
            f'<text transform="translate({left + cell * (x + 0.6):.0f} {slant - 8:.0f}) '
            f'rotate(-45)">{html(word)}</text>'
            for x, word in enumerate(self.source)
        )
        rows = "".join(
            self._row(y, cell, left, slant + cell * y, slant) for y in range(len(self.target))
        )
        return (
            f'<svg role="group" aria-labelledby="{title} {description}" '
            f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
            f'<title id="{title}">{html(self.title)}</title>'
            f'<desc id="{description}">{html(self._description())}</desc>'
            f'<g class="source" aria-hidden="true">{columns}</g>'
            f'<g class="rows">{rows}</g>'
            f"{self._key(left, bottom + 14)}</svg>"
        )

    def _row(self, y: int, cell: int, left: float, top: float, slant: float) -> str:
        """One target word: its cells, and what appears when it is pointed at."""
        cells, outlines, numbers, looked_at = [], [], [], []
        for x, text in enumerate(self._texts[y]):
            weight, at = float(text), left + cell * x
            cells.append(
                f'<rect x="{at:.0f}" y="{top:.0f}" width="{cell}" height="{cell}" '
                f'fill-opacity="{text}"/>'
            )
            if (x, y) in self._links:
                outlines += [
                    f'<rect class="{kind}" x="{at + 2:.0f}" y="{top + 2:.0f}" '
                    f'width="{cell - 4}" height="{cell - 4}"/>'
                    for kind in ("halo", self._links[x, y])
                ]
            if weight >= 0.005:
                light = ' class="light"' if weight > 0.5 else ""
                numbers.append(
                    f'<text{light} x="{at + cell / 2:.0f}" y="{top + cell / 2 + 4:.0f}">'
                    f"{weight:.2f}</text>"
                )
            if weight >= 0.1:
                looked_at.append(
                    f'<text transform="translate({at + 0.6 * cell:.0f} {slant - 8:.0f}) '
                    f'rotate(-45)">{html(self.source[x])}</text>'
                )
        return (
            f'<g class="target-row" role="img" tabindex="0" aria-label="{html(self._row_text(y))}">'
            f'<rect class="reach" x="0" y="{top:.0f}" width="{left:.0f}" height="{cell}"/>'
            f'<text class="word" x="{left - 8:.0f}" y="{top + cell / 2 + 5:.0f}">'
            f"{html(self.target[y])}</text>"
            f'<g class="cells">{"".join(cells)}</g>{"".join(outlines)}'
            f'<g class="number">{"".join(numbers)}</g>'
            f'<g class="looked-at">{"".join(looked_at)}</g></g>'
        )

    def _row_text(self, y: int) -> str:
        order = np.argsort(-self.weights[y], kind="stable")[:3]
        looks = ", ".join(f"{self.source[x]} {self.weights[y, x]:.2f}" for x in order)
        return f"{self.target[y]} looks at: {looks}"

    def _description(self) -> str:
        return (
            f"Each row is a word of the translation, “{' '.join(self.target)}”; each column a word "
            f"of the source, “{' '.join(self.source)}”. The darker a cell, the larger the weight. "
            "The table below the figure has all weights."
        )

    def _key(self, left: float, top: float) -> str:
        kinds = set(self._links.values())
        parts, at = [], 8.0
        parts.append(f'<text x="{at:.0f}" y="{top + 15:.0f}">0</text>')
        for step in range(5):
            parts.append(
                f'<rect class="shade" x="{at + 14 + 18 * step:.0f}" y="{top + 2:.0f}" width="18" '
                f'height="18" fill-opacity="{step / 4}"/>'
            )
        parts.append(f'<text x="{at + 110:.0f}" y="{top + 15:.0f}">1</text>')
        at += 136
        for kind in ("sure", "possible"):
            if kind in kinds:
                parts.append(
                    f'<rect class="{kind}" x="{at:.0f}" y="{top + 2:.0f}" width="18" height="18"/>'
                    f'<text x="{at + 25:.0f}" y="{top + 15:.0f}">{kind}</text>'
                )
                at += 25 + 7.8 * len(kind) + 14
        return f'<g class="key" aria-hidden="true">{"".join(parts)}</g>'

    def _table(self) -> str:
        marks = {"sure": " ■", "possible": " □"}
        head = "".join(f'<th scope="col">{html(word)}</th>' for word in self.source)
        rows = "".join(
            f'<tr><th scope="row">{html(word)}</th>'
            + "".join(
                f"<td>{text}{marks.get(self._links.get((x, y), ''), '')}</td>"
                for x, text in enumerate(self._texts[y])
            )
            + "</tr>"
            for y, word in enumerate(self.target)
        )
        note = " (■ sure link, □ possible link)" if self._links else ""
        return (
            f"<details><summary>The weights as a table{note}</summary>"
            f'<div class="scroll"><table><thead><tr><th scope="col">target word</th>{head}</tr>'
            f"</thead><tbody>{rows}</tbody></table></div></details>"
        )


_MAP_CSS = f"""
#map {{ background: #fff; color: {INK}; color-scheme: light; padding: 12px; border-radius: 6px;
  font: 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  max-width: 100%; box-sizing: border-box; }}
#map .scroll {{ overflow-x: auto; }}
#map svg {{ display: block; max-width: none; font-size: 14px; }}
#map text {{ fill: {INK}; white-space: pre; }}
#map .word {{ text-anchor: end; }}
#map .cells rect, #map .shade {{ fill: {DEEP}; stroke: #bbb; stroke-width: 1; }}
#map .reach {{ fill: #fff; }}
#map .halo {{ fill: none; stroke: #fff; stroke-width: 4.5; }}
#map .sure, #map .possible {{ fill: none; stroke: {GOLD}; stroke-width: 2.5; }}
#map .possible {{ stroke-dasharray: 5 3; }}
#map .number, #map .looked-at {{ visibility: hidden; pointer-events: none; }}
#map .number text {{ font-size: 11px; text-anchor: middle; }}
#map .number .light {{ fill: #fff; }}
#map .looked-at text {{ font-weight: bold; fill: #a33f00; stroke: #fff; stroke-width: 5px;
  paint-order: stroke; }}
#map .target-row {{ outline: none; }}
#map .rows:hover .target-row:not(:hover):not(:focus),
#map .rows:focus-within .target-row:not(:hover):not(:focus) {{ opacity: 0.35; }}
#map .target-row:hover .number, #map .target-row:hover .looked-at,
#map .target-row:focus .number, #map .target-row:focus .looked-at {{ visibility: visible; }}
#map .target-row:hover .word, #map .target-row:focus .word {{ font-weight: bold; }}
#map .target-row:focus-visible .reach {{ stroke: {GOLD}; stroke-width: 2; }}
#map summary {{ cursor: pointer; margin-top: 8px; }}
#map table {{ border-collapse: collapse; margin: 8px 0; font-size: 13px; color: {INK};
  background: #fff; width: auto; }}
#map th, #map td {{ border: 1px solid #ccc; padding: 3px 8px; text-align: right; color: {INK};
  background: #fff; white-space: pre; }}
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
    """The heat map of `alignment` for a page: pointing at a row shows its weights as numbers.

    It is inline SVG and CSS, without a script and without anything from the network; it is
    complete without pointing, and has the weights as a text table under it.

    Args:
        weights, source, target, gold: as in `alignment`.
        title: what a screen reader announces; by default "Attention weights".
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
