"""The list of properties: each a function with a name, a reason, a source and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .options import Options

# A property calls an attention on a case, and returns what is wrong, or None.
Holds: TypeAlias = Callable[..., "str | None"]


class NotApplicableError(Exception):
    """There is nothing to check, and why."""


class WrongResultError(Exception):
    """What came out is no attention's result: nothing of it can be compared."""


@dataclass(frozen=True)
class Property:
    """Something that must hold for an attention.

    Attributes:
        name: what a report and `only` call it; it is also the name of the function.
        why: what goes wrong where it does not hold, in a sentence.
        source: the paper it follows from, or public threads where it did not hold.
        needs: what an attention must have or declare, for the property to say something.

    Example:
        >>> from attention_helpers.conformance import properties
        >>> print(properties()[0].why)
        A context in another layout is taken for the right one wherever two lengths are equal.
    """

    name: str
    why: str
    source: str
    needs: tuple[str, ...] = ()
    holds: Holds = field(repr=False, compare=False, kw_only=True)


PROPERTIES: dict[str, Property] = {}


def must_hold(*, why: str, source: str, needs: str = "") -> Callable[[Holds], Holds]:
    """Puts a function into the list of properties, under its name."""

    def register(holds: Holds) -> Holds:
        name = holds.__name__
        PROPERTIES[name] = Property(name, why, source, tuple(needs.split()), holds=holds)
        return holds

    return register


def missing(needs: tuple[str, ...], options: Options) -> str | None:
    """Why a property with these needs says nothing of an attention with these options."""
    for need in needs:
        reason = _NEEDS[need](options)
        if reason:
            return reason
    return None


def _unless(condition: Any, reason: str) -> str | None:
    return None if condition else reason


# By the need: why it is missing, or None.
_NEEDS: dict[str, Callable[[Options], str | None]] = {
    "masks": lambda o: _unless(o.masks != "none", 'it takes no mask: masks="none"'),
    "query_masks": lambda o: _unless(
        o.masks in ("any", "full"), f'its mask is not one for each query: masks="{o.masks}"'
    ),
    "any_masks": lambda o: _unless(
        o.masks == "any", f'it takes masks of one shape or none: masks="{o.masks}"'
    ),
    "integer_masks": lambda o: _unless(
        o.integer_masks and o.masks != "none", "integer_masks=True was not declared"
    ),
    "weights": lambda o: _unless(o.weights == "returned", 'it returns no weights: weights="none"'),
    # Without weights they are found by values that are the rows of a unit matrix.
    "found_weights": lambda o: _unless(
        o.weights == "returned" or o.free_value_depth,
        'it returns no weights, and its values have one depth only: weights="none"',
    ),
    "one_hot_values": lambda o: _unless(
        o.free_value_depth,
        "its values have one depth only, and so cannot be the rows of a unit matrix",
    ),
    "plain_values": lambda o: _unless(not o.projected, "its values are projected: projected=True"),
    "formula": lambda o: _unless(o.kind is not None, "its scores are not known: kind=None"),
    "dot": lambda o: _unless(
        o.kind in ("scaled_dot_product", "dot_product"), "its scores are not declared dot products"
    ),
    "free_value_depth": lambda o: _unless(o.free_value_depth, "its values have one depth only"),
    "no_order": lambda o: _unless(
        not o.ordered, "the places of its keys count: causal, window or positions"
    ),
    "past_only": lambda o: _unless(
        o.causal is not False or o.masks in ("any", "full"),
        f'it is not causal, and takes no causal mask: causal=False, masks="{o.masks}"',
    ),
    "aligned": lambda o: _unless(
        o.causal in ("first", "last"),
        'where a query stands among other keys was not declared: causal="first" or "last"',
    ),
    "window": lambda o: _unless(o.window is not None, "window=None was declared"),
    "empty_row": lambda o: _unless(
        o.empty_row is not None, "what an empty row gives was not declared: empty_row=None"
    ),
    "finite_empty_row": lambda o: _unless(
        o.empty_row in ("zeros", "mean"), f"empty_row={o.empty_row!r} was declared"
    ),
    "heads": lambda o: _unless(o.heads is not False, "heads=False was declared"),
    "step": lambda o: _unless(o.step is not None, "no step of decoding was given: step=None"),
    "gradients": lambda o: _unless(o.gradients is not False, "gradients=False was declared"),
    "float16": lambda o: _unless("float16" in o.dtypes, "float16 is not in dtypes"),
    "float64": lambda o: _unless("float64" in o.dtypes, "float64 is not in dtypes"),
}
