"""What comes out: its shapes, its dtype, and that nothing else happens."""

from __future__ import annotations

import numpy as np

from .registry import NotApplicableError, must_hold
from .subject import Case, Subject, differs, unequal, with_scores

ATTENTION = "Vaswani et al. 2017 (arXiv 1706.03762), equation 1"


@must_hold(
    why="A context in another layout is taken for the right one wherever two lengths are equal.",
    source=f"{ATTENTION}; bentrevett/pytorch-seq2seq#83, #148",
)
def shapes(attention: Subject, case: Case) -> str | None:
    attention(case)  # it raises what is wrong
    return None


@must_hold(
    why="Nothing makes the values as deep as the keys; code that mixes the two depths breaks here.",
    source=f"{ATTENTION}: d_k and d_v",
    needs="free_value_depth",
)
def value_depth(attention: Subject, case: Case) -> str | None:
    context, depth = attention(case).context, case.value.shape[-1]
    more = np.concatenate([case.value, case.value + 1, case.value], axis=-1)
    for value in (case.value[..., :1], more):
        same = min(depth, value.shape[-1])
        found = unequal(
            f"values of depth {value.shape[-1]}, the context",
            attention(case.but(value=value)).context[..., :same],
            context[..., :same],
            10 * attention.tolerance,
        )
        if found:
            return found
    return None


@must_hold(
    why="With one key there is no choice: a `squeeze` or a mean that breaks is seen here.",
    source=f"{ATTENTION}: the softmax of one score is 1",
)
def one_key(attention: Subject, case: Case) -> str | None:
    queries = 1 if attention.options.ordered else case.sizes[1]
    case = attention.case(case.sizes[0], queries, 1)
    context, weights = attention(case)
    tolerance, found = attention.options.tolerance, None
    if weights is not None:
        found = unequal("one key, the weights", weights, np.ones(weights.shape), tolerance)
    if found or attention.options.projected:
        return found or stays_for_other_queries(attention, case, None, "one key")
    value = np.broadcast_to(case.value, context.shape)
    return unequal("one key, the context", context, value, tolerance)


def stays_for_other_queries(
    attention: Subject, case: Case, mask: np.ndarray | None, what: str
) -> str | None:
    """With one key to look at a query has no choice: whatever it is, the context is the same."""
    other = case.but(query=0.5 - case.query)
    return unequal(
        f"{what}, other queries, the context",
        attention(other, mask).context,
        attention(case, mask).context,
        10 * attention.tolerance,
    )


@must_hold(
    why="What works through the keys in blocks drops or repeats those that fill no whole block.",
    source="Milakov and Gimelshein 2018 (arXiv 1805.02867), the running softmax; "
    "Rabe and Staats 2021 (arXiv 2112.05682)",
)
def many_keys(attention: Subject, case: Case) -> str | None:
    options = attention.options
    if options.ordered and options.kind is None:
        raise NotApplicableError("its scores are not known, and its keys have an order")
    case = attention.case(1, *attention.many)
    got = attention(case).context
    if options.ordered:
        expected = attention.formula(case).context
        return unequal(
            f"{case.sizes[2]} keys, the context", got, expected, 10 * attention.tolerance
        )
    turned = attention(case.keys(slice(None, None, -1))).context
    return unequal(
        f"{case.sizes[2]} keys in turned order, the context", turned, got, 10 * attention.tolerance
    )


@must_hold(
    why="A query that is scaled in place is scaled twice where it is used again.",
    source="the rule of PyTorch: what writes into its arguments has a name that ends in _; NumPy's `out`",
)
def input_unchanged(attention: Subject, case: Case) -> str | None:
    mask = attention.some_mask(case) if attention.options.masks != "none" else None
    given = {"query": case.query, "key": case.key, "value": case.value, "mask": mask}
    after = {name: None if a is None else a.copy() for name, a in given.items()}
    attention.call_without_copies(*after.values())
    for name, array in given.items():
        if array is not None and array.tobytes() != after[name].tobytes():  # type: ignore[union-attr]
            return f"it changed its argument {name}: work on a copy"
    return None


@must_hold(
    why="Dropout that stays on in inference makes every answer another one.",
    source="the dropout layers of Keras and PyTorch, which drop in training only",
)
def same_twice(attention: Subject, case: Case) -> str | None:
    first = attention(case)
    for _ in range(3):
        found = differs(attention, "called again", attention(case), first, times=0)
        if found:
            return found + ": is dropout on?"
    return None


@must_hold(
    why="A result that is wider than its arguments takes twice the memory, and spreads from there.",
    source="the rule of NumPy, TensorFlow and PyTorch: a function keeps the dtype",
)
def dtype(attention: Subject, case: Case) -> str | None:
    return _kept(attention, case, "float32")


@must_hold(
    why="What is computed in float32 on the way has seven digits only; a test by finite differences "
    "then fails.",
    source="NumPy, TensorFlow and PyTorch: a function keeps the dtype",
    needs="float64",
)
def float64(attention: Subject, case: Case) -> str | None:
    wide = Case(*(array.astype("float64") for array in case.arrays))
    wide = wide.but(query=wide.query + 1e-9 * np.arange(wide.query.size).reshape(wide.query.shape))
    found = _kept(attention, wide, "float64")
    if found or attention.options.kind is None:
        return found
    got, expected = attention(wide).context, attention.formula(wide).context
    return unequal("float64 to eleven digits, the context", got, expected, 1e-11)


@must_hold(
    why="Sums of sixteen bits lose what comes late, and a constant such as -1e9 is no float16.",
    source="google/flax#982; huggingface/transformers#17306",
    needs="float16",
)
def float16(attention: Subject, case: Case) -> str | None:
    mask = attention.some_mask(case) if attention.options.masks != "none" else None
    narrow = _narrow(case)
    found = _kept(attention, narrow, "float16", mask)
    if found:
        return found
    got, wide = attention(narrow, mask).context, None
    if attention.options.kind is None:
        return None if np.isfinite(got).all() else "a context in float16 is not finite"
    wide = attention.formula(narrow, mask).context
    found = unequal("float16 to two digits, the context", got, wide, 1e-2)
    return found or _sixteen_bits_suffice(attention, case)


def _sixteen_bits_suffice(attention: Subject, case: Case) -> str | None:
    """Scores that a float16 holds, though neither their exponential nor, at last, q · k."""
    if attention.options.kind not in ("scaled_dot_product", "dot_product"):
        return None
    about_zero = np.broadcast_to(np.arange(case.sizes[2]) % 3 - 1.0, case.sizes)
    for level in (12, 100, -100):
        narrow = _narrow(with_scores(attention, about_zero + level))
        found = unequal(
            f"float16, scores about {level}, the context",
            attention(narrow).context,
            attention.formula(narrow).context,
            1e-2,
        )
        if found:
            return found
    if attention.options.kind == "dot_product":
        return None
    wide = attention.case(*case.sizes, depth=64)
    narrow = _narrow(wide.but(query=0 * wide.query + 40, key=0 * wide.key + 40))
    return unequal(
        "float16, q · k = 102400 and the scores 12800, the context",
        attention(narrow).context,
        attention.formula(narrow).context,
        1e-2,
    )


def _narrow(case: Case) -> Case:
    return Case(*(array.astype("float16") for array in case.arrays))


def _kept(attention: Subject, case: Case, dtype: str, mask: np.ndarray | None = None) -> str | None:
    for name, array in attention(case, mask)._asdict().items():
        if array is not None and array.dtype != dtype:
            return f"{name}: expected {dtype} as the arguments have, got {array.dtype}"
    return None
