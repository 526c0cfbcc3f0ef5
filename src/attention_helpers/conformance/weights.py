"""The scores, the softmax, and whether what is called weights are weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .options import Array
from .registry import must_hold
from .results import ATTENTION
from .subject import Case, Subject, place, same, short, unequal, with_scores

SOFTMAX = f"{ATTENTION}; Bahdanau et al. 2014 (arXiv 1409.0473), α_ij"
OVERFLOW = "nyu-dl/dl4mt-tutorial#31; Milakov and Gimelshein 2018 (arXiv 1805.02867)"


@must_hold(
    why="The one check of the whole: it is the attention that its name promises.",
    source=f"{ATTENTION}; Luong et al. 2015 (arXiv 1508.04025), dot; Bahdanau et al. 2014 "
    "(arXiv 1409.0473), e_ij and α_ij",
    needs="formula",
)
def formula(attention: Subject, case: Case) -> str | None:
    got, expected = attention(case), attention.formula(case)
    tolerance = attention.options.tolerance
    found = unequal("the context", got.context, expected.context, tolerance)
    if found or got.weights is None or expected.weights is None:
        return found
    return unequal("the weights", got.weights, expected.weights, tolerance)


@must_hold(
    why="Scaled by another dimension, the softmax is too sharp or too flat, and the model still trains.",
    source=f"{ATTENTION}, 1/√d_k; karpathy/ng-video-lecture#6",
    needs="dot one_hot_values",
)
def scale(attention: Subject, case: Case) -> str | None:
    """The factor is measured: how much the logarithms of the weights rise with the products."""
    # A name must fit for two sets of sizes: a constant may be the root of one of them by chance.
    ordered = attention.options.ordered
    sizes = [(3, 7 if ordered else 11, 7, 36), (2, 5 if ordered else 3, 5, 16)]
    factors = [_factor(attention, attention.case(b, q, k, depth=d)) for b, q, k, d in sizes]
    factor = factors[-1]
    expected = 0.25 if attention.options.kind == "scaled_dot_product" else 1.0
    if abs(factor / expected - 1) < 0.01:
        return None
    names = [
        name
        for name, value in _SCALES.items()
        if all(abs(f / value(*s) - 1) < 0.01 for f, s in zip(factors, sizes, strict=True))
    ]
    remark = f", {names[0]}" if len(names) == 1 else ""
    return f"the products are multiplied by {factor:.4g}{remark}: expected {expected:.4g}"


def _factor(attention: Subject, case: Case) -> float:
    """How much the logarithms of the weights rise with the products of query and key."""
    weights = attention.shown_weights(case).astype(float)
    products = np.einsum("...qd,...kd->...qk", *(a.astype(float) for a in case.arrays[:2]))
    logarithms, runs = [], []
    keys = case.sizes[2]
    for row, product in zip(weights.reshape(-1, keys), products.reshape(-1, keys), strict=True):
        kept = row > 1e-4  # smaller ones have no digits, or are forbidden
        if kept.any():
            logarithms.append(np.log(row[kept]) - np.log(row[kept]).mean())
            runs.append(product[kept] - product[kept].mean())
    x, y = np.concatenate(runs), np.concatenate(logarithms)
    return float(x @ y / (x @ x))


# What a wrong scale may be, by sentences, queries, keys and depth; values are two deeper than keys are many.
_SCALES: dict[str, Callable[[int, int, int, int], float]] = {
    "not at all": lambda b, q, k, d: 1.0,
    "1/√d of the key's depth": lambda b, q, k, d: d**-0.5,
    "√d, and not 1/√d": lambda b, q, k, d: d**0.5,
    "1/d, without the root": lambda b, q, k, d: 1 / d,
    "1/√v, of the depth of the values": lambda b, q, k, d: (k + 2) ** -0.5,
    "1/√k, of the number of keys": lambda b, q, k, d: k**-0.5,
    "1/√q, of the number of queries": lambda b, q, k, d: q**-0.5,
    "1/√b, of the number of sentences": lambda b, q, k, d: b**-0.5,
    "1/√(2d), as of two heads together": lambda b, q, k, d: (2 * d) ** -0.5,
}


@must_hold(
    why="A softmax over the queries, or over the sentences, lets the questions compete, not the keys.",
    source=SOFTMAX,
    needs="found_weights",
)
def softmax_over_keys(attention: Subject, case: Case) -> str | None:
    weights = attention.weights(case)
    if _sums_to_one(weights, -1):
        return None
    for axis, name in ((-2, "queries"), (0, "sentences")):
        if weights.shape[axis] > 1 and _sums_to_one(weights, axis):
            return f"the weights sum to one over the {name}, not over the keys: {_row(weights)}"
    return None


@must_hold(
    why="A context whose weights sum to more or less than one grows and shrinks with the length.",
    source=SOFTMAX,
    needs="found_weights",
)
def rows_sum_to_one(attention: Subject, case: Case) -> str | None:
    masks = [None] if attention.options.masks == "none" else [None, attention.some_mask(case)]
    for mask in masks:
        weights = attention.weights(case, mask)
        sums = weights.astype(float).sum(-1)
        wrong = np.argwhere(~(abs(sums - 1) <= 10 * attention.options.tolerance))
        if wrong.size:
            at, with_mask = tuple(wrong[0]), "" if mask is None else "with a mask, "
            return (
                f"{with_mask}the weights of {place(at)} sum to {sums[at]:.4g}: {short(weights[at])}"
            )
    return None


@must_hold(
    why="A negative weight subtracts a value, and no picture of the weights shows it.",
    source=SOFTMAX,
    needs="found_weights",
)
def weights_not_negative(attention: Subject, case: Case) -> str | None:
    weights = attention.weights(case)
    wrong = np.argwhere(~(weights >= 0).all(-1))
    return (
        f"the weights of {place(tuple(wrong[0]))}: {short(weights[tuple(wrong[0])])}"
        if wrong.size
        else None
    )


@must_hold(
    why="A heat map of scores looks almost like one of weights, and says something else.",
    source="rasbt/LLMs-from-scratch#280; Bahdanau et al. 2014 (arXiv 1409.0473): e_ij and α_ij",
    needs="weights",
)
def weights_not_scores(attention: Subject, case: Case) -> str | None:
    got = attention.weights(case)
    if (got >= 0).all() and _sums_to_one(got, -1):
        return None
    return None if _sums_to_one(got, -1) else _what_they_are(got)


def _what_they_are(got: Array) -> str | None:
    with np.errstate(over="ignore"):
        logarithms = _sums_to_one(np.exp(got), -1)
    if logarithms:
        return f"logarithms of weights are returned: {_row(got)}"
    if ((got < 0) | (got > 1)).any():
        return f"what is returned are scores, or something else that is no weight: {_row(got)}"
    return None


@must_hold(
    why="Weights that the context was not made with explain nothing, however good they look.",
    source=f"{SOFTMAX} and c_i = Σ_j α_ij h_j; harvardnlp/annotated-transformer#54",
    needs="weights plain_values",
)
def context_of_weights(attention: Subject, case: Case) -> str | None:
    masks = [None] if attention.options.masks == "none" else [None, attention.some_mask(case)]
    for mask in masks:
        context, weights = attention(case, mask)
        assert weights is not None
        mean = np.einsum("...qk,...kv->...qv", weights.astype(float), case.value.astype(float))
        found = unequal("weights @ value", context, mean, 10 * attention.options.tolerance)
        if found:
            return found
    return None


@must_hold(
    why="A softmax does not see what is added to all the scores of a row; a row divided by the sum of "
    "its scores does.",
    source=SOFTMAX,
    needs="dot",
)
def shift_of_scores(attention: Subject, case: Case) -> str | None:
    shift = np.linspace(1, 2, case.key.shape[-1]).astype(case.key.dtype)
    got, expected = attention(case.but(key=case.key + shift)), attention(case)
    return unequal(
        "a vector added to every key, the context",
        got.context,
        expected.context,
        10 * attention.options.tolerance,
    )


@must_hold(
    why="exp(89) is more than a float32 holds: inf / inf is NaN.",
    source=OVERFLOW,
)
def scores_of_plus_1e4(attention: Subject, case: Case) -> str | None:
    if attention.options.kind in ("scaled_dot_product", "dot_product"):
        return _exact(attention, case, [1e4])
    context, weights = attention(case.but(query=case.query * 1e4, key=case.key * 1e4))
    if not np.isfinite(context).all() or (weights is not None and not np.isfinite(weights).all()):
        return f"queries and keys times 1e4: the context is {_row(context)}"
    return None


@must_hold(
    why="exp(-1e4) is zero: 0 / 0 is NaN, or a row of zeros where something must be added to the sum.",
    source=OVERFLOW,
    needs="dot",
)
def scores_of_minus_1e4(attention: Subject, case: Case) -> str | None:
    return _exact(attention, case, [-1e4])


@must_hold(
    why="The largest score of another row is not this row's: what is subtracted must be its own.",
    source=OVERFLOW,
    needs="dot",
)
def rows_of_unlike_scores(attention: Subject, case: Case) -> str | None:
    return _exact(attention, case, [1e4, -1e4])


def _exact(attention: Subject, case: Case, levels: list[float]) -> str | None:
    """Scores about these numbers, one after the other by queries, give what scores about 0 give."""
    batch, queries, keys = case.sizes
    about_zero = np.broadcast_to(np.arange(keys) % 3 - 1.0, (batch, queries, keys))
    if attention.options.tolerance > 1e-3:  # as in bfloat16: of 1e4 it would hold no unit
        levels = [level / 100 for level in levels]
    scores = about_zero + np.resize(np.asarray(levels), queries)[:, None]
    return unequal(
        f"scores about {' and '.join(f'{level:g}' for level in levels)}, the context",
        attention(with_scores(attention, scores)).context,
        attention(with_scores(attention, about_zero)).context,
        max(2e-3, attention.options.tolerance),  # of a score of 1e4 float32 holds three decimals
    )


def _sums_to_one(weights: Array, axis: int) -> bool:
    return bool(same(weights.astype(float).sum(axis), np.ones(()), 1e-4).all())


def _row(weights: Array) -> str:
    return short(weights.reshape(-1, weights.shape[-1])[0])
