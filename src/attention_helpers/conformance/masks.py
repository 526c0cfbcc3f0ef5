"""What a mask says is what happens. True = may attend."""

from __future__ import annotations

import numpy as np

from .options import Array
from .registry import NotApplicableError, must_hold
from .results import stays_for_other_queries
from .subject import Case, Subject, changed, differs, parts_alone, same, short, unequal, with_scores

MASK = "Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.3"
DROPPED = "keras-team/keras-io#1046, #1964, #1997; keras-team/keras-hub#2220"
PADDING = "tensorflow/tensorflow#43941; tensorflow/docs#1610; pytorch/tutorials#593, #2840"
EMPTY = "huggingface/transformers#17306; pytorch/pytorch#26098"


def last_hidden(case: Case) -> Array:
    """A mask `(1, k)` that hides the last key from every query."""
    return np.arange(case.sizes[2])[None, :] < case.sizes[2] - 1


@must_hold(
    why="A mask that is made and then dropped on the way raises no error.",
    source=DROPPED,
    needs="masks",
)
def mask_used(attention: Subject, case: Case) -> str | None:
    got, plain = attention(case, last_hidden(case)).context, attention(case).context
    if attention.stays(got, plain):
        return "the last key is forbidden, and the context is that without a mask"
    return None


@must_hold(
    why="Read the other way round, a mask shows the future and hides the past: nearly every token is "
    "guessed, and nothing is learnt.",
    source="tensorflow/text#894",
    needs="masks",
)
def polarity(attention: Subject, case: Case) -> str | None:
    mask = last_hidden(case)
    context = attention(case, mask).context[
        ..., -1, :
    ]  # the last query may see all, also if causal
    forbidden, allowed = (
        attention(changed(case, keys=keys), mask).context[..., -1, :]
        for keys in ([-1], slice(0, -1))
    )
    if attention.stays(allowed, context) and not attention.stays(forbidden, context):
        said = f"mask {mask[0].tolist()}: it looks where the mask is False, and nowhere else"
        return f"{said} (give it ~mask, if its True hides)"
    return None


@must_hold(
    why="Weights that are set to zero after the softmax do not sum to one; scores that are set to zero "
    "before it are still scores.",
    source=f"{MASK}: -∞ before the softmax",
    needs="masks",
)
def mask_before_softmax(attention: Subject, case: Case) -> str | None:
    mask = last_hidden(case)
    if not attention.options.ordered:
        left = attention(case.keys(slice(0, -1))).context
    elif attention.options.kind is not None:
        left = attention.formula(case, mask).context
    else:
        raise NotApplicableError("keys with an order cannot be left out, and kind=None")
    return unequal(
        "the last key forbidden, or left out: the context",
        attention(case, mask).context,
        left,
        10 * attention.tolerance,
    )


@must_hold(
    why="A constant that is too small, such as -100, gives way to a high score.",
    source=f"{MASK}: -∞",
    needs="masks",
)
def masked_high_score(attention: Subject, case: Case) -> str | None:
    mask = last_hidden(case)
    batch, queries, keys = case.sizes
    if attention.options.kind in ("scaled_dot_product", "dot_product"):
        low = np.broadcast_to(np.arange(keys) % 3 - 1.0, (batch, queries, keys))
        high = low + np.where(np.arange(keys) == keys - 1, 1e4, 0)
        case, others = with_scores(attention, low), [with_scores(attention, high)]
    else:
        factor = np.where(np.arange(keys) == keys - 1, 1e4, 1)[:, None].astype(case.key.dtype)
        others = [case.but(key=sign * factor * case.key) for sign in (1, -1)]
        others[1] = others[1].but(key=np.where(factor > 1, others[1].key, case.key))
    expected = attention(case, mask)
    for other in others:
        found = differs(
            attention,
            "a forbidden key whose score is high",
            attention(other, mask),
            expected,
        )
        if found:
            return found
    return None


@must_hold(
    why="A sentence must mean the same alone and beside a longer one, which pads it.",
    source=f"{PADDING}; bentrevett/pytorch-seq2seq#90",
    needs="masks",
)
def padding_invariance(attention: Subject, case: Case) -> str | None:
    found = _padded(attention, case)
    if found or case.sizes[0] == 1:
        return found
    return _padded(
        attention, attention.case(1, *attention.many)
    )  # the largest case: a long one too


def _padded(attention: Subject, case: Case) -> str | None:
    queries, keys = case.sizes[1:]
    padded = Case(*(np.concatenate([a, 0 * a[..., :2, :] + 9], axis=-2) for a in case.arrays))
    mask = np.arange(padded.sizes[2])[None, :] < keys
    if not attention.options.ordered:
        padded = padded.queries(slice(0, queries))
    got, alone = attention(padded, mask), attention(case)
    found = unequal(
        "with padding, the context",
        got.context[..., :queries, :],
        alone.context,
        10 * attention.tolerance,
    )
    if found or got.weights is None or alone.weights is None:
        return found
    weights = got.weights[..., :queries, :]
    padding = weights[..., keys:]
    return unequal("the weights on padding", padding, np.zeros(padding.shape), 1e-6)


@must_hold(
    why="Each query has its own row of the mask: transposed, or its first row for all, it fits as well.",
    source=MASK,
    needs="query_masks",
)
def mask_of_each_query(attention: Subject, case: Case) -> str | None:
    length = case.sizes[2]
    case = attention.case(case.sizes[0], length, length)  # so that it fits transposed
    places = np.arange(length)
    mask = places[None, :] != (places[:, None] - 1) % length
    expected = attention.options.allowed(mask, length, length)
    found = not_as_allowed(attention, case, mask, expected)
    return found or (_every_other_key(attention) if case.sizes[0] > 1 else None)


def _every_other_key(attention: Subject) -> str | None:
    """Of a long sentence even queries may see even keys only, odd ones the odd: others change nothing."""
    places = np.arange(131)
    mask = (places[:, None] + places) % 2 == 0
    case = attention.case(1, 131, 131)
    context = attention(case, mask).context
    for first in (0, 1):
        moved = attention(changed(case, keys=slice(1 - first, None, 2)), mask).context
        found = unequal(
            f"every other of 131 keys is allowed, the forbidden ones change, from query {first} on "
            "every other context",
            moved[..., first::2, :],
            context[..., first::2, :],
            10 * attention.tolerance,
        )
        if found:
            return found
    return None


def not_as_allowed(
    attention: Subject, case: Case, mask: Array | None, expected: Array
) -> str | None:
    """The first query that looks at what it may not, or does not look at what it may."""
    moves = attention.looks(case, mask)
    for query, key in np.argwhere((moves > 10 * attention.tolerance) & ~expected):
        return f"query {query} looks at key {key}, which it must not"
    for query, key in np.argwhere(~(moves > attention.noise) & expected):
        return f"query {query} does not look at key {key}, which it may"
    return None


@must_hold(
    why="Sentences have lengths of their own: the mask of the first one does not fit the others.",
    source=PADDING,
    needs="masks",
)
def mask_of_each_sentence(attention: Subject, case: Case) -> str | None:
    found = _each_alone(attention, case)
    if found or case.sizes[0] == 1:
        return found
    return _each_alone(attention, attention.case(17, *case.sizes[1:]))  # and a larger batch


def _each_alone(attention: Subject, case: Case) -> str | None:
    mask = attention.some_mask(case)
    numbers = sorted({0, case.sizes[0] // 2, case.sizes[0] - 1})
    return parts_alone(
        attention,
        [attention(case, mask).context[[number]] for number in numbers],
        {
            f"sentence {number} alone with its mask": (case.sentences([number]), mask[[number]])
            for number in numbers
        },
    )


@must_hold(
    why="A mask that allows all must be no mask.",
    source=DROPPED,
    needs="masks",
)
def mask_of_all(attention: Subject, case: Case) -> str | None:
    batch, _, keys = case.sizes
    got = attention(case, np.ones((batch, 1, keys), bool))
    return differs(attention, "a mask of True only", got, attention(case))


@must_hold(
    why="A mask of the keys, of one sentence or of all means the same as when it is written out.",
    source="the rule of NumPy for shapes; keras-team/keras-io#1964",
    needs="any_masks",
)
def mask_broadcasting(attention: Subject, case: Case) -> str | None:
    batch, queries, keys = case.sizes
    mask = attention.some_mask(case)
    given = {
        "(k,)": mask[0, 0],
        "(1, k)": mask[0, :1],
        "(q, k)": mask[0],
        "(1, q, k)": mask[:1],
        "(b, 1, k)": mask[:, :1],
        "(1, 1, k)": mask[:1, :1],
    }
    for name, small in given.items():
        if (
            attention.options.ordered
            and not attention.options.allowed(small, queries, keys).any(-1).all()
        ):
            continue  # an empty row has a property of its own
        whole = np.broadcast_to(small, mask.shape).copy()
        found = differs(
            attention,
            f"a mask of the shape {name}",
            attention(case, small),
            attention(case, whole),
            times=1,
        )
        if found:
            return found
    return None


@must_hold(
    why="A mask of 0 and 1, as tokenizers give it, must not be added to scores or read as positions.",
    source="Keras' Softmax layer, which takes masks that are not boolean",
    needs="integer_masks",
)
def integer_mask(attention: Subject, case: Case) -> str | None:
    mask = attention.some_mask(case)
    got, expected = attention(case, mask.astype("int32")), attention(case, mask)
    return differs(attention, "the mask as 0 and 1", got, expected, times=1)


@must_hold(
    why="With one key left there is no choice: what is returned is its value.",
    source=f"{MASK}: the softmax of one finite score is 1",
    needs="masks",
)
def one_allowed_key(attention: Subject, case: Case) -> str | None:
    batch, queries, keys = case.sizes
    chosen = (np.arange(queries) + (not attention.options.ordered)) % keys
    if attention.options.masks == "keys":
        chosen[:] = 0  # the same for all
    mask = np.arange(keys)[None, :] == chosen[:, None]
    mask = mask[:1] if attention.options.masks == "keys" else mask
    context, weights = attention(case, mask)
    tolerance = 10 * attention.options.tolerance
    if weights is not None:
        found = unequal(
            "one key allowed, the weights", weights, np.broadcast_to(mask, weights.shape), tolerance
        )
        if found:
            return found
    if attention.options.projected:
        return stays_for_other_queries(attention, case, mask, "one key allowed")
    return unequal("one key allowed, the context", context, case.value[..., chosen, :], tolerance)


def with_empty_row(attention: Subject, case: Case) -> Array:
    """A mask with which the first query of each sentence may attend to nothing."""
    mask = np.ones(case.sizes, bool)
    mask[:, : 1 if attention.options.masks != "keys" else None] = False
    return mask[:, :1] if attention.options.masks == "keys" else mask


@must_hold(
    why="-∞ everywhere is 0 / 0, NaN, and the loss is lost; -1e9 everywhere is the mean of what is "
    "forbidden.",
    source=EMPTY,
    needs="masks empty_row",
)
def empty_row(attention: Subject, case: Case) -> str | None:
    return _empty(
        attention, case, with_empty_row(attention, case), "its query may attend to nothing"
    )


@must_hold(
    why="A sentence of padding only, which fills up a batch, is an empty row for every query.",
    source="NVIDIA-NeMo/Megatron-Bridge#3117",
    needs="masks empty_row",
)
def empty_sentence(attention: Subject, case: Case) -> str | None:
    mask = np.ones((case.sizes[0], 1, case.sizes[2]), bool)
    mask[-1] = False
    found = _empty(attention, case.sentences([-1]), mask[[-1]], "a sentence of padding")
    if found:
        return found
    got, alone = attention(case, mask).context[:-1], attention(case).context[:-1]
    return unequal(
        "beside a sentence of padding, the context", got, alone, 10 * attention.tolerance
    )


def _empty(attention: Subject, case: Case, mask: Array, what: str) -> str | None:
    """Whether the first query of each sentence gives what was declared of an empty row."""
    (context, weights), options = attention(case, mask), attention.options
    context = context[..., 0, :]
    if options.empty_row == "nan":
        return None if np.isnan(context).all() else f"{what}: expected NaN, got {short(context[0])}"
    if not np.isfinite(context).all():
        return f"{what}: expected {options.empty_row}, got {short(context[0])}"
    if options.projected:
        return _empty_projected(attention, case, mask, what, context)
    value = case.value.astype(float).mean(-2) if options.empty_row == "mean" else 0 * context
    if not same(context, value, 10 * options.tolerance).all():
        return f"{what}: expected {options.empty_row} {short(value[0])}, got {short(context[0])}"
    if weights is None:
        return None
    share = 1 / case.sizes[2] if options.empty_row == "mean" else 0.0
    return unequal(
        f"{what}: weights", weights[..., 0, :], np.full(weights[..., 0, :].shape, share), 1e-4
    )


def _empty_projected(
    attention: Subject, case: Case, mask: Array, what: str, context: Array
) -> str | None:
    """With projections: zeros see no value, and a mean is what equal keys give."""
    if attention.options.empty_row == "zeros":
        other = attention(changed(case, keys=slice(None)), mask).context[..., 0, :]
        if same(other, context, attention.tolerance).all():
            return None
        return f"{what}: expected what no value changes, got {short(context[0])}, then {short(other[0])}"
    alike = attention(case.but(key=np.broadcast_to(case.key[..., :1, :], case.key.shape))).context
    if same(context, alike[..., 0, :], 10 * attention.tolerance).all():
        return None
    return f"{what}: expected the mean {short(alike[0, 0])}, got {short(context[0])}"


@must_hold(
    why="One empty row must not spoil the others.",
    source=EMPTY,
    needs="query_masks",
)
def empty_row_apart(attention: Subject, case: Case) -> str | None:
    got, plain = attention(case, with_empty_row(attention, case)).context, attention(case).context
    return unequal(
        "beside an empty row, the context",
        got[..., 1:, :],
        plain[..., 1:, :],
        10 * attention.tolerance,
    )
