"""Figures that step through frames: radio buttons and CSS, without a script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

from ._checks import numbers
from ._html import FONT, card, element_id, html, id_from, text_of
from ._shades import Rows, Shaded, key, shaded_table
from .style import GOLD, INK

BYTES = 40_000
SVG = re.compile(r"""<svg\s[^>]*\bwidth=["']([\d.]+)""")


class Frame(NamedTuple):
    """One frame of a `stepper`.

    A drawing that is an SVG element (as a text) is shown as a picture, and ``text`` says what it
    shows, for those who do not see it. A drawing that is rows of cells becomes a table: the first
    row and the first column are headings, a cell is a text, or a number from 0 to 1, which stands
    on a shade of blue.
    """

    caption: str
    drawing: str | Rows | Shaded
    text: str = ""


def checked_frames(frames: Iterable[Frame]) -> list[Frame]:
    checked = [Frame(*frame) for frame in frames]
    if len(checked) < 2:
        raise ValueError(f"frames: expected at least two, got {len(checked)}")
    for i, frame in enumerate(checked):
        text_of(f"frames[{i}].caption", frame.caption)
        text_of(f"frames[{i}].text", frame.text)
        if isinstance(frame.drawing, Shaded):
            continue
        if not isinstance(frame.drawing, str):
            _check_rows(f"frames[{i}].drawing", frame.drawing)
        elif not SVG.match(frame.drawing):
            raise ValueError(
                f"frames[{i}].drawing: expected an SVG element with a width, "
                f"got {frame.drawing!r:.60}"
            )
        elif not frame.text.strip():
            raise ValueError(f"frames[{i}].text: expected what the drawing shows, got nothing")
    return checked


def _check_rows(name: str, rows: Rows) -> None:
    lengths = {len(row) for row in rows}
    if len(rows) < 2 or len(lengths) != 1 or min(lengths) < 2:
        raise ValueError(
            f"{name}: expected at least two rows of the same length, two or more, "
            f"got rows of {[len(row) for row in rows]}"
        )
    weights = [value for row in rows[1:] for value in row[1:] if not isinstance(value, str)]
    numbers(name, weights, (0, 1))


class Stepper:
    """A figure of several frames: see `stepper`, which makes it."""

    def __init__(self, frames: Iterable[Frame], title: str, name: str | None = None) -> None:
        self.frames = checked_frames(frames)
        self.title = text_of("title", title)
        if not self.title.strip():
            raise ValueError(f"title: expected what the figure shows, got {title!r}")
        marked = [frame.drawing for frame in self.frames if isinstance(frame.drawing, Shaded)]
        outlines = key(marked[0].marks) if marked else ""
        self._key = f"<p>{outlines}</p>" if outlines else ""
        self._drawn = [_drawn(frame) for frame in self.frames]
        content = (self.title, [frame.caption for frame in self.frames], self._drawn)
        self.name = id_from("steps", content) if name is None else element_id("name", name)
        size = len(self._repr_html_().encode())
        if size > BYTES:
            raise ValueError(
                f"frames: expected at most {BYTES:,} bytes together, to keep the page light, "
                f"got {size:,}; show fewer frames, or shorter ones"
            )

    def __repr__(self) -> str:
        return f"Stepper({len(self.frames)} frames: {self.title})"

    def _repr_html_(self) -> str:
        frames = "".join(map(self._frame, self._numbers))
        body = (
            f'<form method="dialog" aria-label="{html(self.title)}">'
            f"<p><strong>{html(self.title)}</strong></p>{self._buttons()}"
            f'<div class="frames" aria-live="polite">{frames}</div>{self._key}</form>'
        )
        return card("steps", self.name, self._css(), body)

    @property
    def _numbers(self) -> range:
        return range(1, len(self.frames) + 1)

    def _buttons(self) -> str:
        # Hidden where styles are lost: there all frames stand one under another.
        # JupyterLab keeps its hands off the arrow keys where it is told so.
        radio = (
            '<input hidden="hidden" type="radio" data-lm-suppress-shortcuts="true" '
            f'name="{self.name}" id="{self.name}-'
        )
        radios = "".join(
            f'{radio}{i}" aria-label="Frame {i} of {len(self.frames)}"/>' for i in self._numbers
        ).replace("/>", ' checked=""/>', 1)
        return (
            radios + '<span class="keys" hidden="hidden" aria-hidden="true">or the keys ← →</span>'
        )

    def _frame(self, i: int) -> str:
        frame, count = self.frames[i - 1], len(self.frames)
        turn = ""
        for other, words in ((i - 1, "← back"), (i + 1, "next →")):
            if other in self._numbers:
                turn += f'<label hidden="hidden" for="{self.name}-{other}">{words}</label>'
        return (
            f'<div class="frame"><div class="turn" aria-hidden="true">{turn}</div>'
            f"<p><strong>{i} / {count}</strong> {html(frame.caption)}</p>"
            f'<div class="scroll" style="overflow-x:auto">{self._drawn[i - 1]}</div></div>'
        )

    def _css(self) -> str:
        this = f"#{self.name}"
        shown = ",".join(f"{this}-{i}:checked~.frames>:nth-child({i})" for i in self._numbers)
        return _CSS.replace("#steps", this) + f"{shown}{{visibility:visible}}"


def _drawn(frame: Frame) -> str:
    if isinstance(frame.drawing, Shaded):
        return shaded_table(*frame.drawing)
    if not isinstance(frame.drawing, str):
        return shaded_table(frame.drawing)
    # Quoted is only what an address or an attribute cannot hold as it is, for the size.
    picture = frame.drawing.translate({ord(sign): quote(sign) for sign in '%#<>"&\n\t\r'})
    address = f"data:image/svg+xml;charset=utf-8,{picture}"
    # On a phone it shrinks a little, then scrolls: its letters stay legible.
    svg = SVG.match(frame.drawing)
    least = min(400, float(svg[1] if svg else 0))
    style = f"max-width:100%;min-width:{least:.0f}px;height:auto"
    return f'<img style="{style}" alt="{html(frame.text)}" src="{address}"/>'


_CSS = f"""
#steps {{font:14px/1.4 {FONT};color-scheme:light}}
#steps form,#steps p {{margin:0}}
#steps .frame p,#steps .frames+p {{margin:8px 0}}
#steps input {{display:inline-block!important;width:18px;height:18px;margin:6px 3px 0;
 accent-color:{INK};vertical-align:middle;cursor:pointer}}
#steps .keys {{display:inline!important;color:#555;margin-left:8px}}
#steps .frames {{display:grid}}
#steps .frame {{grid-area:1/1;min-width:0;visibility:hidden}}
#steps .turn {{display:flex;gap:8px;margin-top:8px}}
#steps label {{display:block!important;min-width:5em;padding:4px 10px;border:1px solid #767676;
 border-radius:6px;cursor:pointer;text-align:center;user-select:none}}
#steps label:hover {{border-color:{GOLD};box-shadow:0 0 0 1px {GOLD}}}
#steps .frame:first-child label {{margin-left:calc(5em + 30px)}}
#steps table {{border-collapse:separate;border-spacing:1px;font-size:13px}}
#steps th {{padding:3px 6px;border:0;text-align:center}}
#steps td {{padding:2px;min-width:34px;border:3px solid transparent;text-align:center}}
#steps tr:hover {{background:#fff}}
@media (hover:none) {{
#steps .keys {{display:none!important}}
}}
@media print {{
#steps input,#steps .keys,#steps label {{display:none!important}}
#steps .frames {{display:block}}
#steps .frame {{visibility:visible;break-inside:avoid;margin-top:12px}}
}}
"""


def stepper(frames: Iterable[Frame], *, title: str, name: str | None = None) -> Stepper:
    """A figure that steps through frames, without a script.

    A row of radio buttons, moved by the arrow keys, shows one frame at a time. On paper, and where
    a page loses its styles (a notebook that is not trusted), all frames stand one under another.

    Args:
        frames: at least two, in order: see `Frame`.
        title: what the figure shows; it stands over the figure.
        name: the element's id on the page, a letter and then letters, digits, ``-`` and ``_``; by
            default made from the content. Give it when one page shows the same figure twice.

    Returns:
        An object that a notebook shows as HTML (`_repr_html_`).

    Raises:
        TypeError: a caption, a text, the title or the name is not a text.
        ValueError: there are fewer than two frames, a drawing is neither an SVG element nor rows
            of cells, a picture has no text, a number is not within 0–1, the name cannot be an id,
            or all frames together have more than 40,000 bytes.

    Example:
        >>> before = [["", "red", "house"], ["maison", 0.5, 0.5], ["rouge", 0.5, 0.5]]
        >>> after = [["", "red", "house"], ["maison", 0.1, 0.9], ["rouge", 0.8, 0.2]]
        >>> frames = [Frame("Before training.", before), Frame("After training.", after)]
        >>> stepper(frames, title="Two words find each other")
        Stepper(2 frames: Two words find each other)
    """
    return Stepper(frames, title, name)
