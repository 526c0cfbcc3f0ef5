"""Checks of what figures are given, which end in arrays, lists and dictionaries of a known form."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from .._arguments import integer, number

Numbers: TypeAlias = npt.NDArray[np.float64]
# One number for each seed; a single number stands for one seed.
Seeds: TypeAlias = float | Sequence[float] | npt.NDArray[np.floating]
Key = TypeVar("Key", bound=Hashable)
Bucket = TypeVar("Bucket", bound=Hashable)
Value = TypeVar("Value")


def words_of(name: str, words: Sequence[str]) -> list[str]:
    """The words of a sentence, at least one."""
    as_list = list(words) if isinstance(words, Iterable) and not isinstance(words, str) else None
    if as_list is None or not all(isinstance(word, str) for word in as_list):
        raise TypeError(f"{name}: expected a sequence of words, got {words!r:.60}")
    if not as_list:
        raise ValueError(f"{name}: expected at least one word, got none")
    return as_list


def numbers(name: str, values: npt.ArrayLike, limits: tuple[float, float]) -> Numbers:
    """An array of finite numbers within the limits."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected numbers, got {values!r:.60}") from error
    low, high = limits
    slack = 1e-6 * (high if np.isfinite(high) else 0)  # a sum of rounded shares may pass its limit
    wrong = array[~(np.isfinite(array) & (array >= low - slack) & (array <= high + slack))]
    if wrong.size:
        raise ValueError(
            f"{name}: expected finite numbers from {low:g} to {high:g}, got {wrong[0]}"
        )
    return array


def interval(name: str, limits: tuple[float, float]) -> tuple[float, float]:
    """The ends of an axis."""
    if not isinstance(limits, Sequence | np.ndarray) or len(limits) != 2:
        raise TypeError(f"{name}: expected a pair of numbers, got {limits!r:.60}")
    low = number(f"{name}[0]", limits[0])
    return low, number(f"{name}[1]", limits[1], above=low)


def by_name(name: str, data: Mapping[Key, Value]) -> Mapping[Key, Value]:
    """A dictionary of what is drawn, by the name it is drawn under."""
    if not isinstance(data, Mapping):
        raise TypeError(f"{name}: expected a dictionary, got {data!r:.60}")
    if not data:
        raise ValueError(f"{name}: expected a dictionary that is not empty, got {data!r:.60}")
    return data


def by_size(name: str, data: Mapping[Any, Value]) -> dict[int, Value]:
    """The same by size, a positive integer, which JSON stores as text."""
    sized: dict[int, Value] = {}
    for key, value in by_name(name, data).items():
        given = int(key) if isinstance(key, str) and key.isdecimal() else key
        size = integer(f"size in {name}", given, least=1)
        if size in sized:
            raise ValueError(f"{name}: expected each size once, got {size} twice")
        sized[size] = value
    return sized


def seeds_by_name(
    name: str, data: Mapping[Key, npt.ArrayLike], limits: tuple[float, float]
) -> dict[Key, Numbers]:
    """One number a seed for each name."""
    checked = {}
    for key, values in by_name(name, data).items():
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
    """One number a seed for each name and bucket; the buckets are the same for all names."""
    runs = {
        key: seeds_by_name(f"{name}[{key!r}]", of_key, limits)
        for key, of_key in by_name(name, data).items()
    }
    first, *others = runs
    for other in others:
        if list(runs[other]) != list(runs[first]):
            raise ValueError(
                f"{name}[{other!r}]: expected the buckets of {first!r}, {list(runs[first])}, "
                f"got {list(runs[other])}"
            )
    return runs
