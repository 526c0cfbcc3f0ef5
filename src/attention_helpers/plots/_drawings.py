"""The drawings that steppers step through: a network unrolled, one step of a decoder, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot
from typing import Literal

from ._checks import Numbers
from ._html import FONT, html, width_of
from ._tables import shown
from .style import DEEP, GOLD, INK

# What is done, what happens in this frame, what is still to come. Told apart without colour too:
# what happens now is drawn thick and bold, what is to come in dashes.
When = Literal["done", "now", "later"]
PAINT = {
    "done": f"stroke='{INK}' stroke-width='1.3'",
    "now": f"stroke='{GOLD}' stroke-width='3'",
    "later": "stroke='#999' stroke-width='1.2' stroke-dasharray='4 3'",
}
LETTERS = {"done": "", "now": " font-weight='bold'", "later": " fill='#6b6b6b'"}
Point = tuple[float, float]


def subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def svg(width: float, height: float, parts: Iterable[str]) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"font-family=\"{FONT}\" font-size='14' fill='{INK}' text-anchor='middle'>"
        f"<rect width='100%' height='100%' fill='#fff'/>{''.join(parts)}</svg>"
    )


def letters(x: float, y: float, text: str, when: When = "done") -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}'{LETTERS[when]}>{html(text)}</text>"


def box(x: float, y: float, width: float, height: float, text: str, when: When) -> str:
    """A box around its middle x from y down, its text in the middle."""
    return (
        f"<rect x='{x - width / 2:.0f}' y='{y:.0f}' width='{width:.0f}' height='{height:.0f}' "
        f"rx='4' fill='#fff' {PAINT[when]}/>" + letters(x, y + height / 2 + 5, text, when)
    )


def arrows(pairs: Iterable[tuple[Point, Point]], when: When) -> str:
    """Arrows from point to point, as one path."""
    path, head = "", 7
    for (x, y), (to_x, to_y) in pairs:
        length = hypot(to_x - x, to_y - y)
        dx, dy = head * (to_x - x) / length, head * (to_y - y) / length
        left, right = (
            (to_x - dx + dy / 2, to_y - dy - dx / 2),
            (to_x - dx - dy / 2, to_y - dy + dx / 2),
        )
        path += f"M{x:.0f} {y:.0f}L{to_x:.0f} {to_y:.0f}"
        path += f"M{left[0]:.0f} {left[1]:.0f}L{to_x:.0f} {to_y:.0f}L{right[0]:.0f} {right[1]:.0f}"
    return f"<path d='{path}' fill='none' {PAINT[when]}/>" if path else ""


def unrolled(
    words: Sequence[str], states: Numbers, outputs: Sequence[str] | None, step: int
) -> str:
    """The network when it has read ``step`` words: a column a state, the first without a word."""
    column = max(82, 26 + max(map(width_of, [*words, *(outputs or [])])))
    side, top, height = 60, (46 if outputs else 10), 76
    parts = []
    for t, state in enumerate(states):
        x = column * t + 50
        when: When = "now" if t == step else "done" if t < step else "later"
        parts.append(box(x, top, side, height, "", when))
        parts.append(letters(x, top + 17, f"h{subscript(t)}", when))
        if t <= step:
            parts.append(_bars(x, top + 48, side - 10, state))
        if t:
            word = width_of(words[t - 1]) + 14
            parts.append(box(x, top + height + 32, word, 28, words[t - 1], when))
            onward = (x - column + side / 2 + 3, top + 48), (x - side / 2 - 3, top + 48)
            upward = (x, top + height + 31), (x, top + height + 4)
            parts.append(arrows([onward, upward], when))
            if outputs:
                parts.append(arrows([((x, top - 2), (x, 24))], when))
                parts.append(letters(x, 17, outputs[t - 1] if t <= step else "?", when))
    return svg(column * len(words) + 100, top + height + 64, parts)


def _bars(x: float, middle: float, width: float, state: Numbers) -> str:
    """The numbers of a state, -1 to 1, as bars up and down from a line."""
    wide = width / len(state)
    paths = {DEEP: "", GOLD: ""}
    for unit, value in enumerate(state):
        left = x - width / 2 + wide * (unit + 0.15)
        paths[DEEP if value >= 0 else GOLD] += (
            f"M{left:.1f} {middle}v{-24 * value:.1f}h{0.7 * wide:.1f}V{middle}z"
        )
    line = f"<path d='M{x - width / 2:.0f} {middle}h{width}' stroke='#767676'/>"
    return line + "".join(f"<path fill='{ink}' d='{d}'/>" for ink, d in paths.items() if d)


ASKS, WEIGHTS, CONTEXT, ENTERS, STATE, LEAVES = range(6)


def decoding(
    source: Sequence[str], target: Sequence[str], weights: Numbers, i: int, stage: int
) -> str:
    """The decoder as it writes word ``i`` (from 1): ``target`` has the words to i, from y_0 on."""

    def at(own: int) -> When:
        return "now" if stage == own else "done" if stage > own else "later"

    column = max(58, 14 + max(map(width_of, source)))
    width = max(column * len(source) + 20, 540)
    left = (width - column * len(source) + column) / 2
    columns = [left + column * j for j in range(len(source))]
    now, before = subscript(i), subscript(i - 1)
    y_before, y_now = f"y{before} = {target[i - 1]}", f"y{now} = {target[i]}"
    asking, context, new = 55.0, width / 2, width - 190
    parts = []
    for j, (x, word) in enumerate(zip(columns, source, strict=True)):
        parts += [letters(x, 16, word), box(x, 24, column - 14, 28, f"h{subscript(j + 1)}", "done")]
    if stage == ASKS:
        parts.append(arrows([((asking, 214), (x, 56)) for x in columns], "now"))
    else:
        parts.append(_shares(columns, weights, context, stage))
    parts += [
        box(context, 152, 56, 30, f"c{now}", at(CONTEXT)),
        box(asking, 214, 70, 36, f"s{before}", "now" if stage == ASKS else "done"),
        box(new, 214, 70, 36, f"s{now}", at(STATE)),
        box(new, 284, width_of(y_before) + 14, 30, y_before, at(ENTERS)),
        box(
            width - 66,
            214,
            width_of(y_now) + 14,
            36,
            y_now if stage == LEAVES else f"y{now} = ?",
            at(LEAVES),
        ),
        arrows([((asking + 38, 232), (new - 38, 232))], at(STATE)),
        arrows([((context + 30, 172), (new - 28, 211))], at(STATE)),
        arrows([((new, 282), (new, 254))], at(STATE) if stage != ENTERS else "now"),
        arrows([((new + 38, 232), (width - 66 - width_of(y_now) / 2 - 10, 232))], at(LEAVES)),
        _has_read(f"s{before}", target[: i - 1], asking - 40, 340, "start", "done"),
    ]
    return svg(width, 350, parts)


def _shares(columns: Sequence[float], weights: Numbers, context: float, stage: int) -> str:
    """The weights as numbers and bars, and what flows from each annotation into the context."""
    bars, parts = "", []
    for x, weight in zip(columns, weights, strict=True):
        parts.append(letters(x, 68, shown(weight), "now" if stage == WEIGHTS else "done"))
        bars += f"M{x - 12:.0f} 122v{-46 * weight:.1f}h24V122z"
        if stage >= CONTEXT and weight >= 0.005:
            ink = GOLD if stage == CONTEXT else DEEP
            parts.append(
                f"<path stroke='{ink}' stroke-width='{0.6 + 7 * weight:.1f}' "
                f"d='M{x:.0f} 123L{context:.0f} 152'/>"
            )
    line = f"<path d='M{columns[0] - 20:.0f} 122H{columns[-1] + 20:.0f}' stroke='#767676'/>"
    return f"<path fill='{DEEP}' d='{bars}'/>{line}" + "".join(parts)


def _has_read(state: str, words: Sequence[str], x: float, y: float, anchor: str, when: When) -> str:
    text = f"{state} has read: " + (" ".join(words[-4:]) if words else "no word yet")
    return letters(x, y, text, when).replace("<text", f"<text text-anchor='{anchor}'", 1)
