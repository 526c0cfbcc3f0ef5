"""Checks of what figures are given, which end in arrays and lists of a known form."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]
# One number for each seed; a single number stands for one seed.
Seeds: TypeAlias = float | Sequence[float] | npt.NDArray[np.floating]
Key = TypeVar("Key", bound=Hashable)
Bucket = TypeVar("Bucket", bound=Hashable)


def words_of(name: str, words: Sequence[str]) -> list[str]:
    """The words as a list."""
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{name}: expected a sequence of words, got {words!r:.60}")
    if not len(words):
        raise ValueError(f"{name}: expected at least one word, got none")
    return list(words)


def numbers(name: str, values: npt.ArrayLike, limits: tuple[float, float]) -> Numbers:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected numbers, got {values!r:.60}") from error
    low, high = limits
    slack = 1e-6 * (high if np.isfinite(high) else 0)  # a sum of rounded shares may pass its limit
    wrong = array[~(np.isfinite(array) & (array >= low - slack) & (array <= high + slack))]
    if wrong.size:
        raise ValueError(f"{name}: expected finite numbers from {low} to {high}, got {wrong[0]}")
    return array


def seeds_by_name(
    name: str, data: Mapping[Key, npt.ArrayLike], limits: tuple[float, float]
) -> dict[Key, Numbers]:
    if not isinstance(data, Mapping) or not data:
        raise ValueError(f"{name}: expected a dictionary that is not empty, got {data!r:.60}")
    checked = {}
    for key, values in data.items():
        seeds = np.atleast_1d(numbers(f"{name}[{key!r}]", values, limits))
        if seeds.ndim != 1 or not seeds.size:
            raise ValueError(
                f"{name}[{key!r}]: expected a list of numbers that is not empty, "
                f"got shape {seeds.shape}"
            )
        checked[key] = seeds
    return checked


def runs_by_name(
    name: str,
    data: Mapping[Key, Mapping[Bucket, npt.ArrayLike]],
    limits: tuple[float, float],
) -> dict[Key, dict[Bucket, Numbers]]:
    if not isinstance(data, Mapping) or not data:
        raise ValueError(f"{name}: expected a dictionary that is not empty, got {data!r:.60}")
    runs = {key: seeds_by_name(f"{name}[{key!r}]", of, limits) for key, of in data.items()}
    first, *others = runs
    for other in others:
        if list(runs[other]) != list(runs[first]):
            raise ValueError(
                f"{name}[{other!r}]: expected the buckets of {first!r}, {list(runs[first])}, "
                f"got {list(runs[other])}"
            )
    return runs
