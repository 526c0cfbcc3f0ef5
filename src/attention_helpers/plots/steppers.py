"""Figures that step through frames: radio buttons and CSS, without a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from .._arguments import integer
from ._checks import Numbers, numbers, words_of
from ._drawings import WEIGHTS, decoding, subscript, unrolled
from ._html import CARD, FONT, element_id, html, id_from, text_of
from ._tables import Rows, Table, checked_marks, key, rows_of, table
from .alignments import GoldLinks, checked_weights
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
    drawing: str | Rows | Table
    text: str = ""


def checked_frames(frames: Iterable[Frame]) -> list[Frame]:
    checked = [Frame(*frame) for frame in frames]
    if len(checked) < 2:
        raise ValueError(f"frames: expected at least two, got {len(checked)}")
    for i, frame in enumerate(checked):
        text_of(f"frames[{i}].caption", frame.caption)
        text_of(f"frames[{i}].text", frame.text)
        if isinstance(frame.drawing, Table):
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
        marked = [frame.drawing for frame in self.frames if isinstance(frame.drawing, Table)]
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
        # No MathJax in here: the "$" of a word is a dollar.
        return (
            f'<div class="attention-steps tex2jax_ignore mathjax_ignore" id="{self.name}" '
            f'style="{CARD}">'
            f"<style>{self._css()}</style>"
            f'<form method="dialog" aria-label="{html(self.title)}">'
            f"<p><strong>{html(self.title)}</strong></p>{self._buttons()}"
            f'<div class="frames" aria-live="polite">{"".join(map(self._frame, self._numbers))}</div>'
            f"{self._key}</form></div>"
        )

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
    if isinstance(frame.drawing, Table):
        return table(*frame.drawing)
    if not isinstance(frame.drawing, str):
        return table(frame.drawing)
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
#steps .frame p {{margin:8px 0}}
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
            of cells, a picture has no text, a number is not within 0–1, or the name cannot be an
            id.

    Example:
        >>> before = [["", "red", "house"], ["maison", 0.5, 0.5], ["rouge", 0.5, 0.5]]
        >>> after = [["", "red", "house"], ["maison", 0.1, 0.9], ["rouge", 0.8, 0.2]]
        >>> frames = [Frame("Before training.", before), Frame("After training.", after)]
        >>> stepper(frames, title="Two words find each other")
        Stepper(2 frames: Two words find each other)
    """
    return Stepper(frames, title, name)


def unrolled_steps(
    words: Sequence[str],
    states: npt.ArrayLike,
    *,
    outputs: Sequence[str] | None = None,
    title: str | None = None,
    name: str | None = None,
) -> Stepper:
    """A recurrent network unrolled: each frame reads one word more, and has one state more.

    Args:
        words: the words that are read, at most 10.
        states: float (words + 1, units), the state before the first word and after each, -1 to 1,
            at most 8 units; or (words, units), where the state before is all zeros.
        outputs: what is read off each state, one text a word (such as the likeliest next word).
        title, name: as in `stepper`; by default the title has the words.

    Returns:
        An object that a notebook shows as HTML, of words + 1 frames.

    Raises:
        TypeError: the words, the outputs, the title or the name are not texts.
        ValueError: the shapes do not agree, a number is not within -1–1, or there are too many
            words or units to be drawn legibly.

    Example:
        >>> unrolled_steps(["the", "house"], [[0.5, -0.2], [0.9, 0.1]])
        Stepper(3 frames: A recurrent network reads “the house”)
    """
    words = words_of("words", words)
    if len(words) > 10:
        raise ValueError(f"words: expected at most 10, to be legible, got {len(words)}")
    values = _states(states, len(words))
    if outputs is not None:
        outputs = words_of("outputs", outputs)
        if len(outputs) != len(words):
            raise ValueError(
                f"outputs: expected one for each of {len(words)} words, got {len(outputs)}"
            )
    frames = [
        Frame(
            _reading(words, values, outputs, t),
            unrolled(words, values, outputs, t),
            _unrolled_text(words, values, t),
        )
        for t in range(len(words) + 1)
    ]
    return Stepper(frames, title or f"A recurrent network reads “{' '.join(words)}”", name)


def _states(states: npt.ArrayLike, length: int) -> Numbers:
    values = numbers("states", states, (-1, 1))
    if values.ndim == 2 and len(values) == length:
        values = np.vstack([np.zeros_like(values[:1]), values])
    if values.ndim != 2 or len(values) != length + 1 or not 1 <= values.shape[1] <= 8:
        raise ValueError(
            f"states: expected shape (words or words + 1, units) = ({length} or {length + 1}, "
            f"1 to 8), got {values.shape}"
        )
    return values


def _vector(state: Numbers) -> str:
    return "(" + ", ".join(f"{value:.2f}".replace("-", "−") for value in state) + ")"


def _reading(words: Sequence[str], states: Numbers, outputs: Sequence[str] | None, t: int) -> str:
    now = f"h{subscript(t)}"
    if not t:
        return f"Nothing is read yet. The first state is {now} = {_vector(states[0])}."
    says = f" From {now} it says: “{outputs[t - 1]}”." if outputs else ""
    return (
        f"It reads “{words[t - 1]}”. The state h{subscript(t - 1)} and this word make the next state, "
        f"{now} = {_vector(states[t])}.{says}"
    )


def _unrolled_text(words: Sequence[str], states: Numbers, t: int) -> str:
    read = ", ".join(f"{w} makes h{subscript(k)}" for k, w in enumerate(words[:t], 1))
    left = ", ".join(words[t:])
    return (
        "States in a row, an arrow from each to the next, a word below each. Read: "
        f"{read or 'nothing'}. Not read yet: {left or 'nothing'}."
    )


def decoding_steps(
    source: Sequence[str],
    target: Sequence[str],
    weights: npt.ArrayLike,
    *,
    words: Sequence[int] = (0, 1),
    title: str | None = None,
    name: str | None = None,
) -> Stepper:
    """A decoder with attention as it writes words, six frames a word.

    The last state asks; each annotation gets a weight; the context is their mean with these
    weights; the last word enters; the new state is made; the new word leaves. What each state has
    read is written under it.

    Args:
        source: the source words, at most 9.
        target: the words that the decoder writes.
        weights: float (target words, source words), 0 to 1.
        words: positions of the target words, from 0, that are shown, one or two.
        title, name: as in `stepper`.

    Returns:
        An object that a notebook shows as HTML.

    Raises:
        TypeError: a sentence is not a sequence of words, or the title or the name is not a text.
        ValueError: the shapes do not agree, a weight is not within 0–1, a position is not one of
            the target, or there is too much to be drawn legibly.

    Example:
        >>> weights = [[0.9, 0.1], [0.2, 0.8]]
        >>> decoding_steps(["red", "house"], ["maison", "rouge"], weights, words=[1])
        Stepper(6 frames: How a decoder with attention writes “rouge”)

    Source:
        Bahdanau, Cho and Bengio (2015), section 3.1 and appendix A.2: the state before the step
        asks.
    """
    checked, source, target = checked_weights(weights, source, target)
    if len(source) > 9:
        raise ValueError(f"source: expected at most 9 words, to be legible, got {len(source)}")
    shown_words = [integer(f"words[{k}]", w, 0, len(target) - 1) for k, w in enumerate(words)]
    if not 1 <= len(shown_words) <= 2:
        raise ValueError(f"words: expected one or two positions, got {len(shown_words)}")
    written = ["<start>", *target]
    frames = [
        Frame(*_decoding_frame(source, written, checked[w], w + 1, stage))
        for w in shown_words
        for stage in range(6)
    ]
    names = " ".join(target[w] for w in shown_words)
    return Stepper(frames, title or f"How a decoder with attention writes “{names}”", name)


def _decoding_frame(
    source: Sequence[str], target: Sequence[str], weights: Numbers, i: int, stage: int
) -> tuple[str, str, str]:
    """Caption, drawing and text of one frame; word ``i`` counts from 1, as target[0] is the start."""
    now, before = subscript(i), subscript(i - 1)
    s_before, s_now, word = f"s{before}", f"s{now}", f"y{before} = “{target[i - 1]}”"
    most = int(np.argmax(weights))
    has_read = " ".join(target[: i - 1]) or "no word yet"
    caption = (
        f"{s_before} asks all annotations. It has read: {has_read}. It has not read {word}.",
        f"The answer: a weight for each source word. The largest is that of “{source[most]}”, "
        f"{weights[most]:.2f}.",
        f"The context c{now} is the mean of the annotations with these weights.",
        f"Only now the last word enters: {word}.",
        f"{s_before}, c{now} and y{before} make the new state {s_now}. "
        f"It has read: {' '.join(target[:i])}.",
        f"The word y{now} = “{target[i]}” is read off {s_now}, c{now} and y{before}. "
        f"In the next step {s_now} asks, and then this word enters.",
    )[stage]
    text = f"Source words with annotations; below them {s_before}, c{now}, y{before} and {s_now}."
    if stage == WEIGHTS:
        shares = ", ".join(f"{w} {x:.2f}" for w, x in zip(source, weights, strict=True))
        text = f"The weights as bars: {shares}."
    return caption, decoding(source, target, weights, i, stage), text


def weights_over_training(
    steps: Sequence[int],
    weights: npt.ArrayLike,
    source: Sequence[str],
    target: Sequence[str],
    gold: GoldLinks | None = None,
    *,
    scores: Sequence[float] | None = None,
    score_name: str = "AER",
    title: str | None = None,
    name: str | None = None,
) -> Stepper:
    """The weights of one sentence while the model is trained, a frame a measurement.

    Args:
        steps: the training steps at which the weights were taken, increasing, at least two.
        weights: float (steps, target words, source words), 0 to 1.
        source, target, gold: as in `alignment`; gold links are outlined in every frame.
        scores: one number a step, for the captions.
        score_name: what the scores are.
        title, name: as in `stepper`.

    Returns:
        An object that a notebook shows as HTML.

    Raises:
        TypeError: as `alignment`, or the title or the name is not a text.
        ValueError: as `alignment`, or the steps do not increase, or there are not as many weights
            or scores as steps.

    Example:
        >>> weights = [[[0.5, 0.5], [0.5, 0.5]], [[0.1, 0.9], [0.8, 0.2]]]
        >>> weights_over_training([0, 250], weights, ["red", "house"], ["maison", "rouge"])
        Stepper(2 frames: Attention weights during training)
    """
    counts = [integer(f"steps[{k}]", step) for k, step in enumerate(steps)]
    if len(counts) < 2 or sorted(set(counts)) != counts:
        raise ValueError(f"steps: expected at least two, increasing, got {counts!r:.60}")
    maps = numbers("weights", weights, (0, 1))
    if maps.ndim != 3 or len(maps) != len(counts):
        raise ValueError(
            "weights: expected shape (steps, target words, source words), one for each of "
            f"{len(counts)} steps, got {maps.shape}"
        )
    found = [] if scores is None else list(numbers("scores", scores, (-np.inf, np.inf)))
    if scores is not None and len(found) != len(counts):
        raise ValueError(f"scores: expected one for each of {len(counts)} steps, got {len(found)}")
    frames = []
    for k, (step, of_step) in enumerate(zip(counts, maps, strict=True)):
        of_step, source, target = checked_weights(of_step, source, target)
        marks = checked_marks(gold, len(source), len(target))
        score = f" {text_of('score_name', score_name)} {found[k]:.2f}." if found else ""
        caption = f"After {step:,} training steps.{score}" if step else f"Before training.{score}"
        frames.append(Frame(caption, Table(rows_of(of_step, source, target), marks)))
    return Stepper(frames, title or "Attention weights during training", name)
