"""Checks of plain arguments: integers, numbers, choices. One wording, and no TensorFlow.

Each returns the value as a plain Python object, which a configuration can hold. What comes is
named: "NAME: expected …, got …", a `TypeError` if it is of the wrong kind, a `ValueError` if it is
of the right kind and out of range.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np


def integer(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """An integer from `least` to `most`, which None leaves open. A bool is none.

    Raises:
        TypeError: it is no integer.
        ValueError: it is out of range.

    Example:
        >>> integer("steps", np.int64(3), least=1)
        3
        >>> integer("steps", 0, least=1)
        Traceback (most recent call last):
        ValueError: steps: expected a positive integer, got 0
        >>> integer("length", 70, least=5, most=60)
        Traceback (most recent call last):
        ValueError: length: expected an integer from 5 to 60, got 70
    """
    if most is not None:
        expected = f"an integer from {least} to {most}"
    elif least == 1:
        expected = "a positive integer"
    else:
        expected = f"an integer, {least} or more"
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name}: expected {expected}, got {value!r} ({type(value).__name__})")
    whole = int(value)
    if whole < least or (most is not None and whole > most):
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return whole


def number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> float:
    """A finite number in an interval: `least` and `most` belong to it, `above` and `below` do not.

    Raises:
        TypeError: it is no number.
        ValueError: it is not finite, or out of the interval.

    Example:
        >>> number("dropout", 0, least=0, below=1)
        0.0
        >>> number("dropout", 1.0, least=0, below=1)
        Traceback (most recent call last):
        ValueError: dropout: expected a finite number, 0 or more, below 1, got 1.0
    """
    bounds = (
        (least, f", {least:g} or more"),
        (above, f", above {above:g}"),
        (below, f", below {below:g}"),
        (most, f", {most:g} or less"),
    )
    expected = "a finite number" + "".join(text for bound, text in bounds if math.isfinite(bound))
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected {expected}, got {value!r} ({type(value).__name__})")
    try:
        real = float(value)
    except OverflowError:  # an integer that no float can hold
        real = math.inf
    if not (math.isfinite(real) and least <= real <= most and above < real < below):
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return real


def choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """One of the choices.

    Raises:
        ValueError: it is none of them.

    Example:
        >>> choice("split", "dev", ["train", "test"])
        Traceback (most recent call last):
        ValueError: split: expected one of 'train', 'test', got 'dev'
    """
    choices = list(choices)  # a list, for the value may not be hashable
    if not any(value is each or (type(value) is type(each) and value == each) for each in choices):
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def seed(name: str, value: Any) -> int | None:
    """A seed that Keras and NumPy take, or None.

    Raises:
        TypeError: it is neither None nor an integer.
        ValueError: it is out of range.

    Example:
        >>> seed("seed", -1)
        Traceback (most recent call last):
        ValueError: seed: expected an integer from 0 to 4294967295, got -1
    """
    return None if value is None else integer(name, value, 0, 2**32 - 1)
