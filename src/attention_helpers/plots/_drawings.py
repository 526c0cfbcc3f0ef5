"""The drawings that steppers step through: a network unrolled, one step of a decoder, as SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from math import hypot
from typing import Literal

from ._checks import Numbers
from ._html import holdable, width_of
from ._shades import shown
from .style import DEEP, GOLD

# What is done, what happens in this frame, what is still to come. Told apart without colour too:
# what happens now is thick and bold, what is to come is dashed.
When = Literal["done", "now", "later"]
STYLE = (
    "text{font:14px system-ui,sans-serif;text-anchor:middle}.l{text-anchor:start}"
    ".n text{font-weight:700}.t text{fill:#666}path{fill:none;stroke:#222;stroke-width:1.3}"
    f"path.n{{stroke:{GOLD};stroke-width:3}}path.t{{stroke:#999;stroke-dasharray:4 3}}"
    f"path.b{{stroke:none;fill:{DEEP}}}path.m{{stroke:none;fill:{GOLD}}}"
)
CLASSES: dict[When, str] = {"done": "", "now": " class='n'", "later": " class='t'"}


class Sketch:
    """Boxes, arrows and words, gathered by when they happen, so that the SVG stays small."""

    def __init__(self) -> None:
        self._lines: dict[When, str] = defaultdict(str)
        self._words: dict[When, str] = defaultdict(str)
        self.rest = ""

    def svg(self, width: float, height: float) -> str:
        parts = [self.rest]
        for when, name in CLASSES.items():
            parts += [f"<path{name} d='{d}'/>" for d in [self._lines[when]] if d]
            parts += [f"<g{name}>{texts}</g>" for texts in [self._words[when]] if texts]
        return (
            f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}'>"
            f"<style>{STYLE}</style><rect width='100%' height='100%' fill='#fff'/>"
            f"{''.join(parts)}</svg>"
        )

    def words(self, x: float, y: float, text: str, when: When, left: bool = False) -> None:
        """A text around its middle x, or from there on."""
        name = " class='l'" if left else ""
        self._words[when] += (
            f"<text{name} x='{x:.0f}' y='{y:.0f}'>{escape(holdable(text), quote=False)}</text>"
        )

    def box(self, x: float, y: float, width: float, height: float, text: str, when: When) -> None:
        """A box around its middle x, from y down, and a text in its middle."""
        left, right = round(x - width / 2), round(width)
        self._lines[when] += f"M{left} {y:.0f}h{right}v{height:.0f}h-{right}z"
        if text:
            self.words(x, y + height / 2 + 5, text, when)

    def arrow(self, x: float, y: float, to_x: float, to_y: float, when: When) -> None:
        """An arrow from (x, y), with a head of two strokes."""
        length = hypot(to_x - x, to_y - y)
        dx, dy = 6 * (to_x - x) / length, 6 * (to_y - y) / length
        left = f"{to_x - dx + 0.6 * dy:.0f} {to_y - dy - 0.6 * dx:.0f}"
        right = f"{to_x - dx - 0.6 * dy:.0f} {to_y - dy + 0.6 * dx:.0f}"
        tip = f"L{to_x:.0f} {to_y:.0f}"
        self._lines[when] += f"M{x:.0f} {y:.0f}{tip}M{left}{tip}L{right}"


def when(own: int, now: int) -> When:
    """How a part stands to the frame: it has its turn in frame ``own``, and this is ``now``."""
    return "now" if own == now else "done" if own < now else "later"


def subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def unrolled(
    words: Sequence[str], states: Numbers, outputs: Sequence[str] | None, step: int
) -> str:
    """The network when it has read ``step`` words: a column a state, the first without a word."""
    column = max(82, 26 + max(map(width_of, [*words, *(outputs or [])])))
    top = 46 if outputs else 10  # of the boxes of the states, 60 by 76
    sketch = Sketch()
    sketch.rest = _bars([column * t + 40 for t in range(step + 1)], top + 47, states)
    for t in range(len(states)):
        x = column * t + 40
        at = when(t, step)
        sketch.box(x, top, 60, 76, "", at)
        sketch.words(x, top + 17, f"h{subscript(t)}", at)
        if t:
            sketch.box(x, top + 108, width_of(words[t - 1]) + 14, 28, words[t - 1], at)
            sketch.arrow(x, top + 107, x, top + 80, at)
            sketch.arrow(x - column + 33, top + 47, x - 33, top + 47, at)
            if outputs:
                sketch.arrow(x, top - 2, x, 24, at)
                sketch.words(x, 17, outputs[t - 1] if t <= step else "?", at)
    return sketch.svg(column * len(words) + max(80, 50 + width_of(words[-1]) / 2), top + 140)


def _bars(columns: Sequence[float], middle: float, states: Numbers) -> str:
    """The numbers of states, -1 to 1, as bars up and down from a line."""
    wide = 50 / states.shape[1]
    line = up = down = ""
    for x, state in zip(columns, states, strict=False):
        line += f"M{x - 26:.0f} {middle}h52"
        for unit, value in enumerate(state):
            if height := round(-24 * value):
                left = x - 25 + wide * (unit + 0.15)
                bar = f"M{left:.0f} {middle}v{height}h{0.7 * wide:.0f}V{middle}z"
                up, down = (up + bar, down) if value > 0 else (up, down + bar)
    return f"<path d='{line}'/><path class='b' d='{up}'/><path class='m' d='{down}'/>"


# What happens in the frames of one step of the decoder.
ASKS, WEIGHTS, CONTEXT, ENTERS, STATE, LEAVES = range(6)


def decoding(
    source: Sequence[str], target: Sequence[str], weights: Numbers, i: int, stage: int
) -> str:
    """The decoder as it writes word ``i``, counted from 1: ``target`` begins with y_0."""

    def at(own: int) -> When:
        return when(own, stage)

    column = max(58, 14 + max(map(width_of, source)))
    width = max(column * len(source) + 20, 560)
    columns = [(width - column * (len(source) - 1)) / 2 + column * j for j in range(len(source))]
    now, before = subscript(i), subscript(i - 1)
    enters, leaves = f"y{before} = {target[i - 1]}", f"y{now} = {target[i]}"
    wide = max(64, width_of(leaves) + 14)
    out, new, asking = width - wide / 2 - 8, width - wide - 120, 48
    context = min(width / 2, new - 110)
    sketch = Sketch()
    for j, (x, word) in enumerate(zip(columns, source, strict=True)):
        sketch.words(x, 15, word, "done")
        sketch.box(x, 24, column - 14, 28, f"h{subscript(j + 1)}", "done")
        if stage == ASKS:
            sketch.arrow(asking, 208, x, 58, "now")
        else:
            sketch.words(x, 68, shown(weights[j]), at(WEIGHTS))
    if stage != ASKS:
        sketch.rest = _shares(columns, weights, context, stage)
    sketch.box(context, 152, 56, 30, f"c{now}", at(CONTEXT))
    sketch.box(asking, 212, 70, 36, f"s{before}", at(ASKS))
    sketch.box(new, 212, 70, 36, f"s{now}", at(STATE))
    sketch.box(new, 282, width_of(enters) + 14, 30, enters, at(ENTERS))
    sketch.box(out, 212, wide, 36, leaves if stage == LEAVES else f"y{now} = ?", at(LEAVES))
    sketch.arrow(asking + 38, 230, new - 38, 230, at(STATE))
    sketch.arrow(context + 30, 174, new - 24, 209, at(STATE))
    sketch.arrow(new, 280, new, 252, at(STATE) if stage != ENTERS else "now")
    sketch.arrow(new + 38, 230, out - wide / 2 - 3, 230, at(LEAVES))
    if stage == LEAVES:  # it is read off the context and the last word too
        sketch.arrow(context + 30, 164, out - 10, 209, "now")
        sketch.arrow(new + width_of(enters) / 2 + 10, 290, out - 10, 252, "now")
    _has_read(sketch, f"s{before}", target[: i - 1], 13, 268, at(ASKS))
    if stage >= STATE:
        _has_read(sketch, f"s{now}", target[:i], new - 50, 334, at(STATE))
    return sketch.svg(width, 344)


def _has_read(
    sketch: Sketch, state: str, words: Sequence[str], x: float, y: float, when: When
) -> None:
    last = " ".join((["…"] if len(words) > 3 else []) + list(words[-3:]))
    sketch.words(x, y, f"{state} has read: {last or 'no word yet'}", when, left=True)


def _shares(columns: Sequence[float], weights: Numbers, context: float, stage: int) -> str:
    """The weights as bars, and what flows from each annotation into the context."""
    bars = flows = ""
    for x, weight in zip(columns, weights, strict=True):
        if weight >= 0.005:
            bars += f"M{x - 12:.0f} 122v{-46 * weight:.0f}h24V122z"
            flows += f"M{x - 6 * weight - 0.7:.0f} 123h{12 * weight + 1.4:.0f}L{context:.0f} 151z"
    base = (
        f"<path class='b' d='{bars}'/><path d='M{columns[0] - 20:.0f} 122H{columns[-1] + 20:.0f}'/>"
    )
    if stage < CONTEXT:
        return base
    return f"<path class='{'m' if stage == CONTEXT else 'b'}' d='{flows}'/>{base}"
