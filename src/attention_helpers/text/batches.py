"""Batches of sentences of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import integer
from .vocabulary import Ids, id_array, padded

__all__ = ["batches_by_length"]

Batch: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]

# Between 0, as many sentences of every length, and 1, as many tokens of every length.
SHORTER_MORE_OFTEN = 0.6
# A bin's longest sentence is at most so many times its median: what is longer gets a bin of its
# own, else one sentence of 400 words would fill a whole bin of short ones with padding.
LONGEST_TO_MEDIAN = 4


class Bin(NamedTuple):
    """Sentences that are padded to one shape: ids `(b, k)` and `(b, q)`, and how to draw them."""

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    batch_size: int
    weight: float


def batches_by_length(
    sources: Sequence[Ids],
    targets: Sequence[Ids],
    batch_size: int,
    *,
    steps: int,
    bins: int = 4,
    seed: int = 0,
) -> Iterator[Batch]:
    """Batches of sentences of similar length, padded to a few fixed shapes.

    The pairs are sorted by the length of their longer side and cut into `bins` of equal size. A
    bin is drawn with a probability that falls with the length of its targets, to the power
    `SHORTER_MORE_OFTEN`, for short batches cost less. All batches of a bin have one shape, so that
    a compiled training step is compiled `bins` times and no more. A round through a bin takes no
    sentence twice; what is left at its end and too little for a batch waits for another round.

    A few sentences far longer than the rest (more than `LONGEST_TO_MEDIAN` times the median of
    the last bin) get one bin more, or several. Its batches have fewer rows, so that they need no
    more memory than the others: rows x source length x target length does not grow, until one row
    is left. Such a bin is drawn in proportion to its sentences, so that each of them weighs as
    much in the mean of all losses as any other.

    Args:
        sources: lists of ids, integers of any type.
        targets: lists of ids, from START to END, as many as sources.
        batch_size: sentences a batch (fewer, if a bin holds fewer or longer ones).
        steps: how many batches.
        bins: how many shapes (fewer, if there are fewer pairs; more, if some are far longer).
        seed: of the order of batches and sentences.

    Returns:
        An iterator of `(source, target_in, target_out)`: int32 `(b, k)`, `(b, q)`, `(b, q)`;
        `target_out` is `target_in` one word later.

    Raises:
        TypeError: `batch_size`, `steps`, `bins`, `seed` or an id is not an integer.
        ValueError: one of them is too small, there are no sentences, not as many targets as
            sources, an empty source, or a target of fewer than two ids.

    Example:
        >>> batches = batches_by_length([[4, 5]], [[1, 7, 8, 2]], batch_size=1, steps=1)
        >>> for array in next(batches):
        ...     print(array.tolist())
        [[4, 5]]
        [[1, 7, 8]]
        [[7, 8, 2]]
    """
    for name, value in {"batch_size": batch_size, "steps": steps, "bins": bins}.items():
        integer(name, value, 1)
    integer("seed", seed)
    sources, targets = _checked("sources", sources, 1), _checked("targets", targets, 2)
    if len(sources) != len(targets):
        raise ValueError(
            f"targets: expected as many as sources, {len(sources)}, got {len(targets)}"
        )
    longer = np.array([max(len(s), len(t)) for s, t in zip(sources, targets, strict=True)])
    bins = min(bins, len(longer))
    arrays = [
        (_together(sources, group), _together(targets, group)) for group in _groups(longer, bins)
    ]
    area = max(source.shape[1] * target.shape[1] for source, target in arrays[:bins])
    drawn = []
    for source, target in arrays:
        columns = target.shape[1]
        rows = max(1, min(batch_size, batch_size * area // (source.shape[1] * columns)))
        share = min(1.0, len(source) / (len(longer) // bins))
        drawn.append(Bin(source, target, rows, share * columns**-SHORTER_MORE_OFTEN))
    return _draw(drawn, steps, np.random.default_rng(seed))


def _checked(name: str, sentences: Sequence[Ids], least: int) -> list[npt.NDArray[np.int32]]:
    if len(sentences) == 0:
        raise ValueError(f"{name}: expected at least one sentence, got none")
    checked = [id_array(f"{name}[{n}]", ids) for n, ids in enumerate(sentences)]
    for n, ids in enumerate(checked):
        if len(ids) < least:
            raise ValueError(f"{name}[{n}]: expected {least} or more ids, got {ids.tolist()}")
    return checked


def _together(
    sentences: Sequence[npt.NDArray[np.int32]], group: npt.NDArray[np.int_]
) -> npt.NDArray[np.int32]:
    rows = [sentences[i] for i in group]
    return padded(rows, max(map(len, rows)))


def _groups(longer: npt.NDArray[np.int_], bins: int) -> list[npt.NDArray[np.int_]]:
    """The numbers of the sentences in `bins` of equal size by length, the far longer ones apart."""
    groups = np.array_split(np.argsort(longer, kind="stable"), bins)
    while True:
        last = groups[-1]
        far = longer[last] > LONGEST_TO_MEDIAN * np.median(longer[last])
        if not far.any():
            return groups
        groups[-1:] = [last[~far], last[far]]


def _draw(bins: Sequence[Bin], steps: int, random: np.random.Generator) -> Iterator[Batch]:
    weights = np.array([each.weight for each in bins])
    waiting = [np.array([], int) for _ in bins]
    for _ in range(steps):
        number = random.choice(len(bins), p=weights / weights.sum())
        source, target, batch_size, _weight = bins[number]
        if len(waiting[number]) < batch_size:  # a new round through this bin
            waiting[number] = random.permutation(len(source))
        rows, waiting[number] = np.split(waiting[number], [batch_size])
        yield source[rows], target[rows, :-1], target[rows, 1:]
