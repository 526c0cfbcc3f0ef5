"""Gradients: finite, none to what is masked, some to all else, and the derivative of what is computed."""

from __future__ import annotations

import numpy as np

from .masks import EMPTY, PADDING, last_hidden, with_empty_row
from .options import Array
from .registry import must_hold
from .results import ATTENTION
from .subject import Case, Subject, short


@must_hold(
    why="Where both branches of a `where` are differentiated, a NaN of the one not taken comes back.",
    source=EMPTY,
    needs="gradients masks",
)
def finite_gradients(attention: Subject, case: Case) -> str | None:
    return _not_finite(attention, case, attention.some_mask(case), "with a mask")


@must_hold(
    why="A forward pass that hides NaN with zeros still has it in the gradient: one step, and every "
    "weight is NaN.",
    source=EMPTY,
    needs="gradients masks finite_empty_row",
)
def gradients_of_an_empty_row(attention: Subject, case: Case) -> str | None:
    return _not_finite(attention, case, with_empty_row(attention, case), "with an empty row")


def _not_finite(attention: Subject, case: Case, mask: Array, what: str) -> str | None:
    for name, gradient in attention.gradients(case, mask).items():
        wrong = np.argwhere(~np.isfinite(gradient).all(-1))
        if wrong.size:
            at = tuple(wrong[0])
            return f"{what}, the gradient of {name}[{', '.join(map(str, at))}] is {short(gradient[at])}"
    return None


@must_hold(
    why="Padding that has a gradient is trained on.",
    source=PADDING,
    needs="gradients masks",
)
def no_gradient_to_masked(attention: Subject, case: Case) -> str | None:
    found = attention.gradients(case, last_hidden(case))
    for name in ("key", "value"):
        last = found[name][:, -1]
        if not np.abs(last).max() <= 1e-7 * attention.size:
            return f"the last key is forbidden, and the gradient of its {name} is {short(last[0])}"
    return None


@must_hold(
    why="Through a detached tensor nothing is learnt: the loss falls as far as the rest can bring it.",
    source=f"{ATTENTION} is differentiable in all three",
    needs="gradients",
)
def gradients_reach_all(attention: Subject, case: Case) -> str | None:
    for name, gradient in attention.gradients(case).items():
        if not np.abs(gradient).max() > attention.noise:
            return f"no gradient reaches the {name}"
    return None


@must_hold(
    why="A gradient that is written by hand, as that of a running softmax, may be another function's.",
    source="Dao et al. 2022 (arXiv 2205.14135), the backward pass; compared with finite differences",
    needs="gradients",
)
def gradients_are_derivatives(attention: Subject, case: Case) -> str | None:
    found, step = attention.gradients(case), 0.01
    for name in found:
        array = getattr(case, name)
        way = np.sign(np.random.default_rng(attention.options.seed + 3).normal(size=array.shape))
        ahead, behind = (
            attention(case.but(**{name: (array + sign * step * way).astype(array.dtype)})).context
            for sign in (1, -1)
        )
        upstream = attention.upstream(ahead)
        difference = (upstream * (ahead.astype(float) - behind)).sum() / (2 * step)
        slope = (found[name] * way).sum()
        if not abs(slope - difference) <= 0.02 * (attention.size + abs(difference)):
            return f"along the {name} the context rises by {difference:.4g}, the gradient says {slope:.4g}"
    return None
