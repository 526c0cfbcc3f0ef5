"""What a model says under teacher forcing: at every place, given the right words before it.

A translation that goes wrong at its third word has no gold alignment after it. Under teacher forcing
every sentence counts, and all models are asked the same questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from .._arguments import integer
from ..text import END_ID, START_ID, SentencePair, Vocabulary, encode_side, pad
from ._checks import AnyPair, Pair, listed, listed_pairs
from .alignments import alignment_error_rate, links_from_weights

__all__ = ["Forced", "forced", "forced_accuracy", "forced_alignment_error_rate"]


class Forced(NamedTuple):
    """What a model said of one sentence, at each of its q words and at END, q + 1 places.

    Args:
        right: boolean `(q + 1,)`, whether the likeliest word was the right one.
        log_probabilities: float64 `(q + 1,)`, ln of the chance that it gave to the right one. Their
            sum is that of the whole translation, its negative mean the loss.
        weights: `(q + 1, k)`, a row of weights over the source for each place; None for a model
            without attention.
    """

    right: npt.NDArray[np.bool_]
    log_probabilities: npt.NDArray[np.float64]
    weights: npt.NDArray[Any] | None


class Model(Protocol):
    """What `forced` uses of a `translator.Translator`."""

    @property
    def source_vocabulary(self) -> Vocabulary: ...

    @property
    def target_vocabulary(self) -> Vocabulary: ...

    def teacher_force(self, source: Any, target_in: Any) -> tuple[Any, Any]: ...


def forced(
    model: Model, pairs: Iterable[Pair], batch_size: int = 128, *, unknown: str = "error"
) -> list[Forced]:
    """Asks a model for every next word, given the source and the right words before it.

    Args:
        model: a `Translator`.
        pairs: a list of sentence pairs, as `text.SentencePair`; their links are not read.
        batch_size: how many sentences of similar length to ask for at once.
        unknown: "error", or "replace" to read UNKNOWN for words that are not in the vocabulary; to
            predict UNKNOWN is right there.

    Returns:
        A list of `Forced`, in the order of the pairs.

    Raises:
        TypeError: the model is no `Translator`, no list of pairs, a sentence that is no sequence of
            words, `batch_size` is no integer.
        ValueError: no pair, an empty sentence, a special token or an unknown word; `batch_size`
            below 1; logits or weights of another shape than they should have.

    Example:
        >>> from attention_helpers.seq2seq import Seq2Seq
        >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
        >>> (said,) = forced(model, [SentencePair(("a", "cat"), ("un", "chat"))])
        >>> said.right.shape, said.log_probabilities.shape, said.weights.shape
        ((3,), (3,), (3, 2))
    """
    integer("batch_size", batch_size, 1)
    if not callable(getattr(model, "teacher_force", None)):
        raise TypeError(f"model: expected a Translator, got {model!r:.60}")
    pairs = listed_pairs("pairs", pairs)
    sources = encode_side("pairs", pairs, "source", model.source_vocabulary, unknown)
    targets = encode_side("pairs", pairs, "target", model.target_vocabulary, unknown)
    said: dict[int, Forced] = {}
    by_length = sorted(range(len(pairs)), key=lambda n: (len(targets[n]), len(sources[n])))
    for first in range(0, len(pairs), batch_size):
        batch = by_length[first : first + batch_size]
        batch_said = _forced_batch(model, [sources[n] for n in batch], [targets[n] for n in batch])
        said.update(zip(batch, batch_said, strict=True))
    return [said[n] for n in range(len(pairs))]


def forced_accuracy(said: Iterable[Forced], pairs: Iterable[Pair] | None = None) -> float:
    """The share of the words, END among them, that were the likeliest, 0 to 1.

    Args:
        said: a list of what `forced` gave.
        pairs: the pairs that it was given, or None. They only have to fit: `by_length` calls every
            metric with two lists.

    Returns:
        The share, a float, of all words of all sentences.

    Raises:
        TypeError: no list of `Forced`, or of pairs.
        ValueError: an empty list, pairs of another number or other lengths.

    Example:
        >>> said = Forced(np.array([True, True, True, False]), np.zeros(4), None)
        >>> forced_accuracy([said])
        0.75
    """
    said = _listed_forced(said)
    if pairs is not None:
        _fitting(said, pairs)
    return float(np.concatenate([each.right for each in said]).mean())


def forced_alignment_error_rate(said: Iterable[Forced], pairs: Iterable[SentencePair]) -> float:
    """AER of the links that the weights propose, of all sentences, against their gold links.

    Each target word is linked with the source word of its largest weight, the first of them if
    equal (`links_from_weights`). The weights of END are left out, for it is no word.

    Args:
        said: a list of what `forced` gave for a model with attention.
        pairs: the pairs that it was given, with gold links.

    Returns:
        The error rate, 0 (best) to 1, a float. Counts are summed over the sentences, not rates.

    Raises:
        TypeError: no list of `Forced`, or of pairs.
        ValueError: an empty list, pairs of another number, other lengths or without links; no
            weights, as of a model without attention.

    Example:
        >>> said = Forced(np.ones(3, bool), np.zeros(3), np.array([[0.1, 0.9], [0.7, 0.3], [0, 1]]))
        >>> links = frozenset({(0, 0), (0, 1)})
        >>> forced_alignment_error_rate([said], [SentencePair(("a", "b"), ("c", "d"), links, links)])
        0.5

    Source: Och and Ney 2003 (Computational Linguistics 29(1)).
    """
    said = _listed_forced(said)
    pairs = _fitting(said, pairs)
    links = []
    for n, (each, pair) in enumerate(zip(said, pairs, strict=True)):
        if each.weights is None:
            raise ValueError(
                f"said[{n}]: expected weights, got None, as of a model without attention"
            )
        if not getattr(pair, "possible", None):
            raise ValueError(f"pairs[{n}]: expected gold links, got none")
        links.append(links_from_weights(each.weights[:-1]))
    return alignment_error_rate(
        links, [pair.sure for pair in pairs], [pair.possible for pair in pairs]
    )


def _forced_batch(
    model: Model, sources: Sequence[list[int]], targets: Sequence[list[int]]
) -> list[Forced]:
    """What the model says of sentences that are padded to one length; the padding is cut off."""
    source, target_in = pad(sources), pad([[START_ID, *target] for target in targets])
    given_logits, given_weights = model.teacher_force(source, target_in)
    logits = _of_shape("logits", given_logits, (*target_in.shape, len(model.target_vocabulary)))
    weights = None
    if given_weights is not None:
        weights = _of_shape("weights", given_weights, (*target_in.shape, source.shape[1]))
    said = []
    for n, target in enumerate(targets):
        right_ids = np.array([*target, END_ID])
        rows = logits[n, : len(right_ids)].astype(np.float64)
        rows -= rows.max(axis=1, keepdims=True)
        of_right = np.take_along_axis(rows, right_ids[:, None], axis=1)[:, 0]
        log_probabilities = of_right - np.log(np.exp(rows).sum(axis=1))
        own = None if weights is None else weights[n, : len(right_ids), : len(sources[n])].copy()
        said.append(Forced(rows.argmax(axis=1) == right_ids, log_probabilities, own))
    return said


def _of_shape(name: str, given: Any, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    array = np.asarray(given)
    if array.shape != shape:
        raise ValueError(f"{name} of teacher_force: expected shape {shape}, got {array.shape}")
    return array


def _listed_forced(said: Iterable[Forced]) -> list[Forced]:
    as_list = listed("said", said, "Forced, as of `forced`")
    for n, each in enumerate(as_list):
        if not isinstance(each, Forced):
            got = type(each).__name__
            raise TypeError(f"said[{n}]: expected Forced, as of `forced`, got {got}")
    if not as_list:
        raise ValueError("said: expected at least one sentence, got none")
    return as_list


def _fitting(said: Sequence[Forced], pairs: Iterable[AnyPair]) -> list[AnyPair]:
    """The pairs, if they can be those that it was said of."""
    as_list = listed_pairs("pairs", pairs)
    if len(as_list) != len(said):
        raise ValueError(
            f"pairs: expected one for each of the {len(said)} in said, got {len(as_list)}"
        )
    for n, (each, pair) in enumerate(zip(said, as_list, strict=True)):
        if len(each.right) != len(pair.target) + 1:
            raise ValueError(
                f"pairs[{n}]: expected a target of {len(each.right) - 1} words, as in said, "
                f"got {len(pair.target)}"
            )
    return as_list
