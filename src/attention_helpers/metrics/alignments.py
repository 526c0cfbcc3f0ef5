"""Scores of alignments and of attention weights.

Alignments: error rate, precision, recall, of sets of links; the diagonal, which knows no word.
Weights: the links that they propose, their entropy and coverage.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import integer, number

__all__ = [
    "alignment_error_rate",
    "alignment_precision",
    "alignment_recall",
    "attention_coverage",
    "attention_entropy",
    "diagonal_links",
    "links_from_weights",
]

Links: TypeAlias = AbstractSet[tuple[int, int]]

# How far a row of float16 or bfloat16 weights may be from a sum of one.
ROW_TOLERANCE = 0.02


def links_from_weights(
    weights: npt.ArrayLike, threshold: float | None = None
) -> frozenset[tuple[int, int]]:
    """The alignment that the attention weights of one sentence propose.

    Args:
        weights: `(q, k)`, one row for each target word, one column for each source word.
        threshold: None links every target word with the source word of its largest weight (the
            first of them if equal); a number, 0 or more, links it with every source word above
            that weight. A row of zeros (nothing to attend) gives no link.

    Returns:
        A frozenset of links (source position, target position), from 0.

    Raises:
        TypeError: the threshold is neither None nor a number.
        ValueError: the weights are not a matrix, a weight that is negative or not finite, a
            threshold that is.

    Example:
        >>> sorted(links_from_weights([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]]))
        [(0, 1), (0, 2), (1, 0)]
        >>> sorted(links_from_weights([[0.1, 0.9], [0.6, 0.4]], threshold=0.3))
        [(0, 1), (1, 0), (1, 1)]
    """
    weights = _numbers(weights)
    if weights.ndim != 2:
        raise ValueError(f"weights: expected (target, source), got shape {weights.shape}")
    if threshold is not None:
        targets, sources = np.nonzero(weights > number("threshold", threshold, least=0))
    elif weights.size == 0:
        return frozenset()
    else:
        targets = np.flatnonzero(weights.any(axis=1))
        sources = weights[targets].argmax(axis=1)
    return frozenset(zip(sources.tolist(), targets.tolist(), strict=True))


def diagonal_links(source_length: int, target_length: int) -> frozenset[tuple[int, int]]:
    """The alignment of one who reads no word: every target word with the source word at its place.

    Both sentences are drawn with the same length; each target word is linked with the source word
    that its middle falls into. It is what an aligner has to beat.

    Args:
        source_length, target_length: in words.

    Returns:
        A frozenset of links (source position, target position), from 0, one a target word.

    Raises:
        TypeError: a length is no integer.
        ValueError: a length below 1.

    Example:
        >>> sorted(diagonal_links(3, 3))
        [(0, 0), (1, 1), (2, 2)]
        >>> sorted(diagonal_links(2, 4))
        [(0, 0), (0, 1), (1, 2), (1, 3)]
    """
    sources = integer("source_length", source_length, 1)
    targets = integer("target_length", target_length, 1)
    return frozenset(((2 * i + 1) * sources // (2 * targets), i) for i in range(targets))


def diagonal(source_length: int, target_length: int) -> npt.NDArray[np.float64]:
    """Where the middle of each target word falls, in source positions: 0 is that of the first word."""
    middles = 2 * np.arange(target_length) + 1
    positions: npt.NDArray[np.float64] = (middles * source_length / target_length - 1) / 2
    return positions


def alignment_error_rate(
    predicted: Links | Iterable[Links],
    sure: Links | Iterable[Links],
    possible: Links | Iterable[Links],
) -> float:
    """AER: ``1 − (|A∩S| + |A∩P|) / (|A| + |S|)``, of one sentence or pooled over many.

    Args:
        predicted: A, a set of links (source position, target position), or a list of such sets.
        sure: S, the links that an aligner must find; of the same form.
        possible: P ⊇ S, those that it may propose; of the same form.

    Returns:
        The error rate, 0 (best) to 1, a float. Counts are summed over the sentences, not rates.

    Raises:
        TypeError: neither a set of links nor a list of such sets, a link that is no pair of
            integers.
        ValueError: lists of different lengths, a negative position, a sure link that is not possible, no
            predicted and no sure link at all.

    Example:
        >>> alignment_error_rate({(0, 0), (1, 1)}, sure={(0, 0)}, possible={(0, 0), (1, 1)})
        0.0
        >>> alignment_error_rate({(0, 1)}, sure={(0, 0)}, possible={(0, 0), (1, 1)})
        1.0

    Source: Och and Ney 2003 (Computational Linguistics 29(1)).
    """
    sets = _link_sets(predicted=predicted, sure=sure, possible=possible)
    right = proposed = 0
    for i, (a, s, p) in enumerate(sets):
        if not s <= p:
            raise ValueError(
                f"possible: expected every sure link, got none of {sorted(s - p)} in sentence {i}"
            )
        right += len(a & s) + len(a & p)
        proposed += len(a) + len(s)
    if proposed == 0:
        raise ValueError("predicted, sure: expected at least one link, got none")
    return 1 - right / proposed


def alignment_precision(
    predicted: Links | Iterable[Links], possible: Links | Iterable[Links]
) -> float:
    """The share of the proposed links that are admissible: ``|A∩P| / |A|``.

    Args:
        predicted: A, a set of links (source position, target position), or a list of such sets.
        possible: P, the links that an aligner may propose, the sure ones among them; of the same
            form.

    Returns:
        The precision, 0 to 1 (best), a float. Counts are summed over the sentences, not rates.

    Raises:
        TypeError: neither a set of links nor a list of such sets, a link that is no pair of
            integers.
        ValueError: lists of different lengths, a negative position, no predicted link at all.

    Example:
        >>> alignment_precision({(0, 0), (2, 1)}, possible={(0, 0), (1, 1)})
        0.5

    Source: the sets of links of Och and Ney 2003 (Computational Linguistics 29(1)).
    """
    sets = _link_sets(predicted=predicted, possible=possible)
    return _share("predicted", [(len(a & p), len(a)) for a, p in sets])


def alignment_recall(predicted: Links | Iterable[Links], sure: Links | Iterable[Links]) -> float:
    """The share of the sure links that are found: ``|A∩S| / |S|``.

    Args:
        predicted: A, a set of links (source position, target position), or a list of such sets.
        sure: S, the links that an aligner must find; of the same form.

    Returns:
        The recall, 0 to 1 (best), a float. Counts are summed over the sentences, not rates.

    Raises:
        TypeError: neither a set of links nor a list of such sets, a link that is no pair of
            integers.
        ValueError: lists of different lengths, a negative position, no sure link at all.

    Example:
        >>> alignment_recall({(0, 0), (2, 1)}, sure={(0, 0), (1, 1), (2, 1), (2, 2)})
        0.5

    Source: the sets of links of Och and Ney 2003 (Computational Linguistics 29(1)).
    """
    sets = _link_sets(predicted=predicted, sure=sure)
    return _share("sure", [(len(a & s), len(s)) for a, s in sets])


def attention_entropy(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How spread the attention of each query is: ``−Σ_k α_k ln α_k``, in nats.

    Its exponential is the number of keys that would share the attention evenly: 1 for a row that
    looks at one key, k for a uniform one.

    Args:
        weights: `(..., q, k)`, any floating dtype; rows that sum to one, or to zero (nothing to
            attend). A sum that is rounded, as in float16, is made one.

    Returns:
        The entropies `(..., q)`, float64: 0 to ln k; 0 for a row of zeros.

    Raises:
        ValueError: fewer than two axes, a weight that is negative or not finite, a row with
            another sum.

    Example:
        >>> entropy = attention_entropy([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
        >>> print(np.exp(entropy).round(3))
        [1. 4.]
    """
    rows = _weight_rows(weights)
    sums = rows.sum(axis=-1, keepdims=True)
    shares = np.divide(rows, sums, out=np.zeros_like(rows), where=sums > 0)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy: npt.NDArray[np.float64] = -(shares * logarithms).sum(axis=-1) + 0.0  # no "-0."
    return entropy.clip(0.0, np.log(max(1, rows.shape[-1])))  # rounding may end a hair above ln k


def attention_coverage(
    weights: npt.ArrayLike, mask: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """How much attention each key received from all queries together: the sums of the columns.

    In a translation, a source word near 0 was never looked at, one far above 1 again and again.

    Args:
        weights: `(..., q, k)`, any floating dtype; rows that sum to one, or to zero (nothing to
            attend).
        mask: boolean, broadcastable to `(..., q)`: the queries that count, so that padding and the
            end token may be left out; None counts all.

    Returns:
        The coverage `(..., k)`, float64.

    Raises:
        ValueError: fewer than two axes, a weight that is negative or not finite, a row with
            another sum, a mask that is not boolean or does not broadcast.

    Example:
        >>> weights = [[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.0, 0.0, 1.0]]
        >>> print(attention_coverage(weights, mask=[True, True, False]))
        [1.7 0.3 0. ]

    Source: Tu et al. 2016 (arXiv 1601.04811), where such sums tell the decoder what it has covered.
    """
    rows = _weight_rows(weights)
    if mask is not None:
        counted = np.asarray(mask)
        if counted.dtype != bool:
            raise ValueError(f"mask: expected dtype bool (True = counts), got {counted.dtype}")
        try:
            counted = np.broadcast_to(counted, rows.shape[:-1])
        except ValueError:
            raise ValueError(
                f"mask: expected a shape that broadcasts to that of the queries, "
                f"{rows.shape[:-1]}, got {counted.shape}"
            ) from None
        rows = rows * counted[..., None]
    coverage: npt.NDArray[np.float64] = rows.sum(axis=-2)
    return coverage


def _numbers(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Weights in float64: finite numbers, 0 or more."""
    if weights is None:
        raise ValueError("weights: expected numbers, got None, as of a model without attention")
    try:
        array = np.asarray(weights)
        if array.dtype.kind in "cmMSU":  # complex numbers, times and texts
            raise TypeError(array.dtype)
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"weights: expected numbers, got {weights!r:.60}") from error
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("weights: expected finite numbers, 0 or more, got others")
    return array


def _weight_rows(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The weights in float64, if their rows can be those of attention."""
    rows = _numbers(weights)
    if rows.ndim < 2:
        raise ValueError(f"weights: expected (..., q, k), got shape {rows.shape}")
    sums = rows.sum(axis=-1)
    wrong = sums[(np.abs(sums - 1) > ROW_TOLERANCE) & (sums != 0)]
    if wrong.size:
        raise ValueError(
            f"weights: expected rows that sum to one, or to zero, got a row that sums to "
            f"{wrong[0]:.3g}"
        )
    return rows


def _link_sets(**named: Links | Iterable[Links]) -> list[tuple[Links, ...]]:
    """The sets of each sentence, in the order of the arguments."""
    sets = {name: _sets_of_sentences(name, links) for name, links in named.items()}
    numbers = [len(of_sentences) for of_sentences in sets.values()]
    if len(set(numbers)) > 1:
        raise ValueError(
            f"{', '.join(sets)}: expected the same number of sentences, "
            f"got {', '.join(map(str, numbers))}"
        )
    return list(zip(*sets.values(), strict=True))


def _sets_of_sentences(name: str, links: Links | Iterable[Links]) -> list[Links]:
    if not isinstance(links, Iterable):
        raise TypeError(
            f"{name}: expected a set of links (source, target), or a list of such sets, "
            f"got {links!r}"
        )
    sentences = [links] if isinstance(links, AbstractSet) else list(links)
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, AbstractSet):
            raise TypeError(
                f"{name}: expected a set of links (source, target), or a list of such sets, "
                f"got {type(sentence).__name__} in place of set {i}"
            )
    for link in set().union(*sentences):  # each once: a corpus has few different ones
        _check_link(name, link, sentences)
    return sentences


def _check_link(name: str, link: tuple[int, int], sentences: list[Links]) -> None:
    try:
        source, target = link
        integer("source", source)
        integer("target", target)
    except (TypeError, ValueError) as error:
        i = next(i for i, sentence in enumerate(sentences) if link in sentence)
        raise type(error)(
            f"{name}: expected links (source position, target position), from 0, "
            f"got {link!r} in set {i}"
        ) from None


def _share(name: str, counts: list[tuple[int, int]]) -> float:
    whole = sum(of for _, of in counts)
    if whole == 0:
        raise ValueError(f"{name}: expected at least one link, got none")
    return sum(part for part, _ in counts) / whole
