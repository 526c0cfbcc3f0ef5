"""`check_attention`: every property on cases that grow, until one fails."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from .._arguments import choice
from .options import Options, Scores
from .registry import PROPERTIES, NotApplicableError, Property, WrongResultError, missing
from .report import FAILED, NOT_APPLICABLE, PASSED, Outcome, Report
from .subject import Subject

# Sentences, queries, keys: the first that fails is the counterexample.
SIZES = ((1, 1, 2), (1, 2, 3), (2, 3, 5))
SIZES_IN_ORDER = ((1, 2, 2), (1, 3, 3), (2, 5, 5))  # where a query has a place among the keys


def check_attention(
    attention: Callable[..., Any],
    *,
    kind: str | Scores | None = "scaled_dot_product",
    causal: bool | str = False,
    window: int | None = None,
    positions: bool = False,
    weights: str = "returned",
    masks: str = "any",
    integer_masks: bool = False,
    empty_row: str | None = "zeros",
    heads: bool | str = False,
    projected: bool = False,
    depth: int = 4,
    value_depth: int | None = 3,
    dtypes: Iterable[str] = ("float32",),
    framework: str | None = None,
    gradients: bool | Callable[..., Any] = True,
    step: Callable[..., Any] | None = None,
    tolerance: float = 1e-5,
    seed: int = 0,
    only: Iterable[str] | None = None,
    skip: Mapping[str, str] | None = None,
) -> Report:
    """Checks what must hold for any attention, and says for each property whether it does.

    Args:
        attention: a function of query `(b, q, d)`, key `(b, k, d)`, value `(b, k, v)`, float32, and
            a mask, boolean and broadcastable to `(b, q, k)`, **True = may attend**, or None. NumPy
            arrays go in. The context `(b, q, v)` comes out, or (context, weights) with weights
            `(b, q, k)`: anything that NumPy can read, and PyTorch's tensors.
        kind: what the scores are: "scaled_dot_product", "dot_product", "additive" (Σ tanh(query +
            key)), or a function from query and key to scores, in NumPy. None: not known, as with
            weights that are learnt. Then only what needs no formula is checked.
        causal: whether the attention hides the future by itself: True if it is called with as many
            queries as keys only; "first" or "last" says which key the first or last query stands at
            if there are more or fewer.
        window: how many places before and after its own a query sees; None: all.
        positions: whether the places of queries and keys count otherwise, as with rotary positions
            that the attention applies itself. Then `kind` is None, or a function that knows them.
        weights: "returned", or "none" if the attention returns the context alone.
        masks: "any" that broadcasts; "full": of the shape `(b, q, k)` only; "keys": `(b, 1, k)`
            only, for padding; "none".
        integer_masks: whether 0 and 1 serve as False and True.
        empty_row: what a query that may attend to nothing gives: "zeros", the "mean" of all values,
            "nan"; None: anything.
        heads: whether query, key and value may be `(b, h, q, d)` too; "only": they must.
        projected: whether the values are multiplied with weights of the attention's own, as in a
            layer with heads. Then `kind` is None, and weights may be `(b, h, q, k)`.
        depth, value_depth: of queries and keys, and of values. Where `kind` leaves them free, others
            are tried too. A value_depth of None means that values are as deep as keys, always.
        dtypes: of "float16", "float32", "float64", those that are supported; float32 always is.
        framework: "tensorflow", "torch" or "jax" if the attention takes tensors of it, not arrays.
        gradients: whether gradients are checked, if the context is a tensor of one of the three; or
            a function of query, key, value, mask and upstream that returns the gradients of
            Σ context · upstream with respect to the first three.
        step: a step of decoding, `step(query, key, value, cache)` → (context, cache), for one word
            or several, which see themselves and what came before; the first cache is None.
        tolerance: how far float32 may be from what is expected, as a share of `1 + abs(expected)`.
        seed: of the random numbers.
        only: the names of the properties to check, in place of all.
        skip: properties that are not applicable, by name: why.

    Returns:
        The report: print it, ask it whether it `passed`, or let it `raise_for_failures()`.

    Raises:
        TypeError: an argument of a wrong kind.
        ValueError: a name or a choice there is not.

    Example:
        >>> def attention(query, key, value, mask):
        ...     scores = query @ key.swapaxes(-1, -2) / np.sqrt(key.shape[-1])
        ...     weights = np.exp(scores - scores.max(-1, keepdims=True))
        ...     weights = weights / weights.sum(-1, keepdims=True)
        ...     if mask is not None:
        ...         weights = weights * mask
        ...     return weights @ value, weights
        >>> print(check_attention(attention, only=["polarity", "mask_before_softmax"]))
        polarity             passed
        mask_before_softmax  FAILED  ...
        1 passed, 1 failed, 0 not applicable
    """
    if not callable(attention):
        raise TypeError(f"attention: expected a function, got {type(attention).__name__}")
    options = Options(
        kind=kind,
        causal=causal,
        window=window,
        positions=positions,
        weights=weights,
        masks=masks,
        integer_masks=integer_masks,
        empty_row=empty_row,
        heads=heads,
        projected=projected,
        depth=depth,
        value_depth=value_depth,
        dtypes=dtypes,
        framework=framework,
        gradients=gradients,
        step=step,
        tolerance=tolerance,
        seed=seed,
    )
    return _report(Subject(attention, options), _chosen(only), _skipped(skip or {}))


def properties() -> tuple[Property, ...]:
    """The properties that `check_attention` checks, in the order of a report.

    Example:
        >>> [each.name for each in properties()][:3]
        ['shapes', 'value_depth', 'one_key']
        >>> print(properties()[0].source)
        Vaswani et al. 2017 (arXiv 1706.03762), equation 1; bentrevett/pytorch-seq2seq#83, #148
    """
    return tuple(PROPERTIES.values())


def _chosen(only: Iterable[str] | None) -> list[Property]:
    if isinstance(only, str):
        raise TypeError(f"only: expected several names, such as [{only!r}], got {only!r}")
    if only is None:
        return list(PROPERTIES.values())
    names = [_name("only", name) for name in only]
    if not names:
        raise ValueError("only: expected a name at least, got none")
    return [each for name, each in PROPERTIES.items() if name in names]


def _skipped(skip: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(skip, Mapping):
        kind = type(skip).__name__
        raise TypeError(f"skip: expected a mapping from names to reasons, got {kind}")
    return {_name("skip", name): str(why) for name, why in skip.items()}


def _name(where: str, name: str) -> str:
    """The name of a property, or an error that says which one may be meant."""
    try:
        return str(choice(where, name, list(PROPERTIES)))
    except ValueError as error:
        close = get_close_matches(str(name), list(PROPERTIES), 1)
        raise ValueError(f"{error}; did you mean {close[0]!r}?" if close else str(error)) from None


def _report(subject: Subject, chosen: list[Property], skipped: Mapping[str, str]) -> Report:
    sizes = SIZES_IN_ORDER if subject.options.ordered else SIZES
    first = _outcome(subject, PROPERTIES["shapes"], sizes[:1])
    if first.error is not None:
        first = replace(first, message=f"{first.message} ({_what_goes_in(subject)})")
    if first.verdict == FAILED:  # nothing comes out: one line says it, not sixty
        return Report(tuple(_nothing_to_check(each, first, chosen[0]) for each in chosen))
    outcomes = tuple(
        Outcome(each.name, NOT_APPLICABLE, skipped[each.name])
        if each.name in skipped
        else _outcome(subject, each, sizes)
        for each in chosen
    )
    failures = {each.name for each in outcomes if each.verdict == FAILED}
    return Report(outcomes, _where_to_start(subject, failures))


def _what_goes_in(subject: Subject) -> str:
    """What the first call had, for one who declared too little."""
    framework, depth = subject.options.framework, subject.options.depth
    what = (
        f"tensors of {framework} go in"
        if framework
        else "NumPy arrays go in: is framework declared"
    )
    values = subject.options.value_depth or depth
    return (
        f"called as attention(query, key, value, mask), with depth={depth} and "
        f"value_depth={values}; {what}{'' if framework else '?'}"
    )


def _where_to_start(subject: Subject, failures: set[str]) -> str:
    """One cause of many failures, if there is one."""
    if "same_twice" in failures:
        return "start with same_twice: what changes from call to call can be compared with nothing"
    if "every_key_counts" in failures and len(failures) > 1:
        moves = subject.looks(subject.case(1, 3, 3)) > subject.noise
        if np.array_equal(moves, np.tri(3, dtype=bool)):
            return (
                'no query looks at a later key: is it causal? Then declare causal=True (or "last")'
            )
    return ""


def _nothing_to_check(each: Property, first: Outcome, of: Property) -> Outcome:
    if each is of:
        return replace(first, name=each.name)
    return Outcome(
        each.name, NOT_APPLICABLE, f"nothing comes out that can be checked: see {of.name}"
    )


def _outcome(subject: Subject, each: Property, sizes: tuple[tuple[int, int, int], ...]) -> Outcome:
    """The property on cases of these sizes, until one fails."""
    reason = missing(each.needs, subject.options)
    if reason:
        return Outcome(each.name, NOT_APPLICABLE, reason)
    for size in sizes:
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a warning would say less than the case does
                found = each.holds(subject, subject.case(*size))
        except NotApplicableError as error:
            return Outcome(each.name, NOT_APPLICABLE, str(error))
        except WrongResultError as error:
            found = str(error)
        except Exception as raised:  # noqa: BLE001 - whatever the attention raises is shown
            message = f"{_said(subject)}: it raised {type(raised).__name__}: {_in_short(raised)}"
            last = subject.last
            message += _of_its_mask(subject, each, size)
            return Outcome(each.name, FAILED, message, last, raised)
        if found:
            return Outcome(each.name, FAILED, f"{_said(subject)}: {found}", subject.last)
    return Outcome(each.name, PASSED)


def _of_its_mask(subject: Subject, each: Property, size: tuple[int, int, int]) -> str:
    """The shape of the mask with which it raised, and whether a full one would have served."""
    mask = subject.last["mask"]
    if mask is None:
        return ""
    shape = f", with a mask of the shape {mask.shape}"
    if subject.options.masks != "any":
        return shape
    full = Subject(subject.function, replace(subject.options, masks="full"))
    try:
        with np.errstate(all="ignore"):
            served = missing(each.needs, full.options) or each.holds(full, full.case(*size)) is None
    except Exception:  # noqa: BLE001 - then the shape is not the reason
        return shape
    return f'{shape} (masks="full" declares that it takes no smaller ones)' if served else shape


def _in_short(error: Exception) -> str:
    """What an error says in one line, without colours, and without where Keras met it."""
    text = re.sub(r"\x1b\[[\d;]*m|^Exception encountered when calling \S+", "", str(error).strip())
    return " ".join(text.split())[:160]


def _said(subject: Subject) -> str:
    """What the last call was given."""
    query, key = subject.last["query"], subject.last["key"]
    assert query is not None and key is not None
    counts = (query.shape[0], "sentence"), (query.shape[-2], "query"), (key.shape[-2], "key")
    plurals = {"query": "queries"}
    return ", ".join(
        f"{n} {word if n == 1 else plurals.get(word, word + 's')}" for n, word in counts
    )
