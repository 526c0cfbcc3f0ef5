"""Whether it looks at all: at the queries, at every key, at the values; and each with its own."""

from __future__ import annotations

import numpy as np

from .registry import must_hold
from .results import ATTENTION
from .subject import Case, Subject, changed, differs, unequal

NEVER = "pytorch/tutorials#87, #130, #2452; spro/practical-pytorch#16, #84, #149"


@must_hold(
    why="An attention that does not read its query says the same at every step.",
    source=NEVER,
)
def looks_at_the_queries(attention: Subject, case: Case) -> str | None:
    return _stays(attention, case, "queries", query=0.5 - case.query)


@must_hold(
    why="An attention that never looks at the states of the encoder trains, and aligns nothing.",
    source=NEVER,
)
def looks_at_the_keys(attention: Subject, case: Case) -> str | None:
    return _stays(attention, case, "keys", key=0.5 - case.key)


@must_hold(
    why="What is looked at must also arrive.",
    source=NEVER,
)
def looks_at_the_values(attention: Subject, case: Case) -> str | None:
    return _stays(attention, case, "values", value=case.value + np.asarray(2, case.value.dtype))


def _stays(attention: Subject, case: Case, what: str, **arrays: np.ndarray) -> str | None:
    got, context = attention(case.but(**arrays)).context, attention(case).context
    return (
        f"other {what}, and the context stays the same" if attention.stays(got, context) else None
    )


@must_hold(
    why="A loop that starts at one, or a shift of the keys, leaves out the first or the last word.",
    source=f"{ATTENTION}: the sum is over all keys",
    needs="no_order",
)
def every_key_counts(attention: Subject, case: Case) -> str | None:
    missed = np.argwhere(~(attention.looks(case) > attention.noise))
    if not missed.size:
        return None
    return f"query {missed[0][0]} does not look at key {missed[0][1]} of {case.sizes[2]}"


@must_hold(
    why="Where the values take part in the scores, what is said decides where to look.",
    source=f"{ATTENTION}: softmax(q kᵀ / √d_k) holds no v",
    needs="found_weights",
)
def weights_ignore_values(attention: Subject, case: Case) -> str | None:
    if attention.options.weights == "none":
        return linear(attention, case)
    got = attention.weights(case.but(value=3 - 2 * case.value))
    return unequal(
        "other values, the weights", got, attention.weights(case), attention.options.tolerance
    )


@must_hold(
    why="The context is a mean of values: what stands between two sets of them gives what stands between.",
    source=f"{ATTENTION}; Bahdanau et al. 2014 (arXiv 1409.0473), c_i = Σ_j α_ij h_j",
)
def linear_in_values(attention: Subject, case: Case) -> str | None:
    return linear(attention, case)


def linear(attention: Subject, case: Case) -> str | None:
    other = (3 - 2 * case.value[..., ::-1, :]).astype(case.value.dtype)
    half = attention(case.but(value=(case.value + other) / 2)).context
    contexts = [attention(case.but(value=value)).context for value in (case.value, other)]
    return unequal(
        "the mean of two sets of values, the context",
        half,
        (contexts[0] + contexts[1]) / 2,
        10 * attention.tolerance,
    )


@must_hold(
    why="A key that takes another's value is looked at and not heard: the two must move together.",
    source=f"{ATTENTION}: a sum over the keys has no order",
    needs="no_order",
)
def permutation_of_keys(attention: Subject, case: Case) -> str | None:
    order = np.arange(case.sizes[2])
    order[:2] = 1, 0  # a rotation would not find values that are rotated
    got, expected = attention(case.keys(order)), attention(case)
    weights = None if expected.weights is None else expected.weights[..., order]
    return differs(
        attention,
        f"keys and values in the order {order.tolist()}",
        got,
        expected._replace(weights=weights),
    )


@must_hold(
    why="The answers must come back in the order of the questions.",
    source=f"{ATTENTION}: a row for each query",
    needs="no_order",
)
def permutation_of_queries(attention: Subject, case: Case) -> str | None:
    order = np.roll(np.arange(case.sizes[1]), 1)
    got, expected = attention(case.queries(order)), attention(case)
    moved = [None if array is None else array[..., order, :] for array in expected]
    return differs(
        attention,
        f"queries in the order {order.tolist()}",
        got,
        type(got)(*moved),  # type: ignore[arg-type]
    )


@must_hold(
    why="Decoding asks one query at a time, training all at once: the answers must be the same.",
    source=f"{ATTENTION}: a row holds one query only",
    needs="no_order",
)
def query_alone(attention: Subject, case: Case) -> str | None:
    context = attention(case).context
    for number in range(case.sizes[1]):
        alone = attention(case.queries([number])).context
        found = unequal(
            f"query {number} asked alone, the context",
            alone,
            context[..., [number], :],
            10 * attention.tolerance,
        )
        if found:
            return found
    return None


@must_hold(
    why="The answer to a query must not change with its neighbour.",
    source=f"{ATTENTION}: a row holds one query only",
)
def queries_apart(attention: Subject, case: Case) -> str | None:
    moved = attention(changed(case, queries=[-1])).context[..., :-1, :]
    return unequal(
        "another last query, the context",
        moved,
        attention(case).context[..., :-1, :],
        attention.tolerance,
    )
