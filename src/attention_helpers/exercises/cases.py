"""What an exercise is made of: a reference and, beside it, its cases, each with a hint.

@exercise(
    case("the hint for the reader whose answer fails here", matrix=numbers(1, 1)),
    case("a larger case, another hint", matrix=numbers(3, 3)),
)
def trace(matrix: Floats) -> Floats:
    return np.trace(matrix)
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating]
Ids: TypeAlias = npt.NDArray[np.int32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Links: TypeAlias = AbstractSet[tuple[int, int]]
Reference = TypeVar("Reference", bound=Callable[..., Any])


class Case(NamedTuple):
    hint: str
    arguments: dict[str, Any]


class Exercise(NamedTuple):
    reference: Callable[..., Any]
    cases: tuple[Case, ...]
    results: tuple[str, ...]  # the names of what it returns, if it returns more than one thing


# By name, in the order in which the chapters are imported.
EXERCISES: dict[str, Exercise] = {}


def case(hint: str, **arguments: object) -> Case:
    """The arguments of one call, and what to say to a reader whose answer fails there."""
    return Case(hint, arguments)


def exercise(*cases: Case, results: tuple[str, ...] = ()) -> Callable[[Reference], Reference]:
    """Makes an exercise, of the same name, of the function below it.

    Args:
        cases: the simplest first, for the first that fails is shown.
        results: the names of what the function returns, if it returns more than one thing.
    """

    def register(reference: Reference) -> Reference:
        EXERCISES[reference.__name__] = Exercise(reference, cases, results)
        return reference

    return register


def floats(values: npt.ArrayLike) -> Floats:
    """The values, in float32."""
    return np.array(values, "float32")


def ids(values: npt.ArrayLike) -> Ids:
    """The values in int32."""
    return np.array(values, "int32")


def numbers(*shape: int, start: int = 0) -> Floats:
    """Small half-integers in no simple order, the same on every machine."""
    n = np.arange(start, start + np.prod(shape, dtype=int))
    flat = (5 * n**3 + 3 * n + 11) % 17 - 8
    return floats(flat / 2).reshape(shape)
