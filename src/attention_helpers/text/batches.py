"""Batches of sentences of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import integer
from .vocabulary import Ids, pad

__all__ = ["batches_by_length"]

Batch: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]

# Between 0, as many sentences of every length, and 1, as many tokens of every length.
SHORTER_MORE_OFTEN = 0.6


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

    The pairs are sorted by the length of their longer side and cut into `bins` of equal size. A bin is drawn with a
    probability that falls with the length of its targets, to the power `SHORTER_MORE_OFTEN`, for
    short batches cost less. All batches of a bin have one shape, so that a compiled training step
    is compiled `bins` times and no more. A round through a bin takes no sentence twice; what is
    left at its end and too little for a batch waits for another round.

    Args:
        sources: lists of ids.
        targets: lists of ids, from START to END, as many as sources.
        batch_size: sentences a batch (fewer, if a bin holds fewer).
        steps: how many batches.
        bins: how many shapes (fewer, if there are fewer pairs).
        seed: of the order of batches and sentences.

    Returns:
        An iterator of `(source, target_in, target_out)`: int32 `(b, k)`, `(b, q)`, `(b, q)`;
        `target_out` is `target_in` one word later.

    Raises:
        TypeError: `batch_size`, `steps`, `bins` or `seed` is not an integer.
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
    _check_batches(sources, targets, batch_size, steps, bins, seed)
    longer = [
        max(len(source), len(target)) for source, target in zip(sources, targets, strict=True)
    ]
    order = np.argsort(longer, kind="stable")
    groups = [
        (pad([sources[i] for i in group]), pad([targets[i] for i in group]))
        for group in np.array_split(order, min(bins, len(order)))
    ]
    return _draw_batches(groups, batch_size, steps, np.random.default_rng(seed))


def _draw_batches(
    groups: Sequence[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]],
    batch_size: int,
    steps: int,
    random: np.random.Generator,
) -> Iterator[Batch]:
    weights = np.array([target.shape[1] for _, target in groups]) ** -SHORTER_MORE_OFTEN
    waiting = [np.array([], int) for _ in groups]
    for _ in range(steps):
        number = random.choice(len(groups), p=weights / weights.sum())
        source, target = groups[number]
        if len(waiting[number]) < batch_size:  # a new round through this bin
            waiting[number] = random.permutation(len(source))
        rows, waiting[number] = np.split(waiting[number], [batch_size])
        yield source[rows], target[rows, :-1], target[rows, 1:]


def _check_batches(
    sources: Sequence[Ids],
    targets: Sequence[Ids],
    batch_size: int,
    steps: int,
    bins: int,
    seed: int,
) -> None:
    for name, value in {"batch_size": batch_size, "steps": steps, "bins": bins}.items():
        integer(name, value, 1)
    integer("seed", seed, 0)
    if len(sources) == 0:
        raise ValueError("sources must hold at least one sentence, got none")
    if len(sources) != len(targets):
        raise ValueError(f"targets must be as many as sources, {len(sources)}, got {len(targets)}")
    for name, sentences, least in (("sources", sources, 1), ("targets", targets, 2)):
        for number, ids in enumerate(sentences):
            if len(ids) < least:
                raise ValueError(f"{name}[{number}] must hold {least} or more ids, got {ids!r}")
