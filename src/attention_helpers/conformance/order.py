"""Who may see whom: the future, the present, a window."""

from __future__ import annotations

import numpy as np

from .masks import not_as_allowed
from .options import Array
from .registry import must_hold
from .subject import Case, Subject, changed, unequal

FUTURE = "Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.3, the decoder"


def future_hidden(attention: Subject, length: int) -> Array | None:
    """The causal mask for an attention that has none of its own."""
    return None if attention.options.causal is not False else np.tri(length, dtype=bool)


@must_hold(
    why="A model that sees the word it must guess has the lowest loss, and cannot write.",
    source=f"{FUTURE}; tensorflow/text#894",
    needs="past_only",
)
def nothing_from_the_future(attention: Subject, case: Case) -> str | None:
    length = case.sizes[2]
    case = attention.case(case.sizes[0], length, length)
    mask = future_hidden(attention, length)
    context = attention(case, mask).context
    for place in range(1, length):
        later = slice(place, None)
        moved = attention(changed(case, keys=later, queries=later), mask).context
        found = unequal(
            f"another word at {place}, the context before it",
            moved[..., :place, :],
            context[..., :place, :],
            attention.tolerance,
        )
        if found:
            return found
    return None


@must_hold(
    why="A mask that is off by one hides the present too, and its first row is empty.",
    source=f"{FUTURE}: up to and including its own position",
    needs="past_only",
)
def the_present_counts(attention: Subject, case: Case) -> str | None:
    length = case.sizes[2]
    case = attention.case(case.sizes[0], length, length)
    mask = future_hidden(attention, length)
    context = attention(case, mask).context
    for place in range(length):
        moved = attention(changed(case, keys=[place]), mask).context
        if attention.stays(moved[..., place, :], context[..., place, :]):
            return f"query {place} does not look at key {place}, which stands at its own place"
    return None


@must_hold(
    why="Where keys of earlier steps are kept, the last query stands at the last key, not at its own "
    "number.",
    source="`is_causal` of PyTorch's `scaled_dot_product_attention` counts from the first key, measured here",
    needs="aligned",
)
def causal_alignment(attention: Subject, case: Case) -> str | None:
    queries, keys = 2, 4
    case = attention.case(1, queries, keys)
    return not_as_allowed(attention, case, None, attention.options.allowed(None, queries, keys))


@must_hold(
    why="A window that is one too wide or too narrow is seen by no loss.",
    source="Beltagy, Peters and Cohan 2020 (arXiv 2004.05150), the sliding window",
    needs="window",
)
def window(attention: Subject, case: Case) -> str | None:
    length = 2 * (attention.options.window or 0) + 3
    case = attention.case(1, length, length)
    return not_as_allowed(attention, case, None, attention.options.allowed(None, length, length))
