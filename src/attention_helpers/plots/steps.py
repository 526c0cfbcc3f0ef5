"""The figures of the book that step: a network unrolled, a decoder's step, weights over training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .._arguments import integer
from ._checks import Numbers, numbers, words_of
from ._drawings import WEIGHTS, decoding, subscript, unrolled
from ._html import text_of
from ._shades import Shaded, checked_marks, rows_of
from .alignments import GoldLinks, checked_weights
from .steppers import Frame, Stepper


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
        words: the words that are read, at most 8.
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
    if len(words) > 8:
        raise ValueError(f"words: expected at most 8, to be legible, got {len(words)}")
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
    _, source, target = checked_weights(maps[0], source, target)  # all have its shape
    marks = checked_marks(gold, len(source), len(target))
    score_name = text_of("score_name", score_name)
    frames = []
    for k, (step, of_step) in enumerate(zip(counts, maps, strict=True)):
        score = f" {score_name} {found[k]:.2f}." if found else ""
        caption = f"After {step:,} training steps.{score}" if step else f"Before training.{score}"
        frames.append(Frame(caption, Shaded(rows_of(of_step, source, target), marks)))
    return Stepper(frames, title or "Attention weights during training", name)
