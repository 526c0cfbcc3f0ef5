"""One attention, five programs: loops = NumPy = einsum = package = Keras, over random shapes.

Values and gradients; float64 to 1e-10, float32 to 1e-5. Then what must hold for any attention, and
random shapes thrown at every function: the right answer, or an error of ours that names an argument.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from attention_helpers.chunked import chunked_additive_attention, chunked_attention
from attention_helpers.functional import (
    additive_attention,
    additive_scores,
    attention,
    dot_product_scores,
    general_scores,
    masked_softmax,
    scaled_dot_product_attention,
)
from attention_helpers.masks import causal_mask, local_mask, padding_mask

FEW = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
MASKS = ["none", "keys", "queries", "causal", "local", "any", "scalar"]
DTYPES = st.sampled_from(list(TOLERANCE))


class Case:
    """Random arrays: query, key, value, weight, kernel, bias and a mask of one kind."""

    def __init__(self, seed, dtype, batches, sizes, kind):
        self.random, self.dtype = np.random.default_rng(seed), dtype
        q, k, d, v = sizes
        self.query = self.draw(*batches[0], q, d)
        self.key = self.draw(*batches[1], k, d)
        self.value = self.draw(*batches[2], k, v)
        self.weight, self.kernel = self.draw(d), self.draw(d, d)
        self.batch = np.broadcast_shapes(*batches)  # of all
        self.scores = (*np.broadcast_shapes(*batches[:2]), q, k)
        self.bias = self.draw(*self.scores[1:])
        self.mask = self.mask_of(kind, q, k)

    def draw(self, *shape):
        return self.random.normal(size=shape).astype(self.dtype)

    def mask_of(self, kind, q, k):
        flip = self.random.random
        if kind == "none":
            return None
        if kind == "keys":
            return flip((*self.scores[:-2], 1, k)) < 0.7
        if kind == "queries":
            return flip((q, 1)) < 0.7
        if kind == "causal":
            return causal_mask(q, k).numpy()
        if kind == "local":
            return local_mask(q, k, window=1).numpy()
        return flip(self.scores) < 0.7 if kind == "any" else np.array(flip() < 0.7)


@st.composite
def cases(draw, dtypes=DTYPES, kinds=MASKS, axes=3):
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=axes, max_side=3))
    query, key = shapes.input_shapes
    value = draw(st.sampled_from([key, ()]))  # never wider than the scores
    sizes = [draw(st.integers(1, 4)) for _ in range(4)]
    seed, kind = draw(st.integers(0, 99)), draw(st.sampled_from(kinds))
    return Case(seed, draw(dtypes), (query, key, value), sizes, kind)


# The programs


def by_loops(score, case, bias=None):
    """One query and one key at a time, in Python floats."""
    *batch, queries, keys = case.scores
    query = np.broadcast_to(case.query, (*batch, *case.query.shape[-2:]))
    key = np.broadcast_to(case.key, (*batch, *case.key.shape[-2:]))
    value = np.broadcast_to(case.value, (*batch, *case.value.shape[-2:]))
    mask = np.broadcast_to(True if case.mask is None else case.mask, case.scores)
    weights = np.zeros(case.scores)
    context = np.zeros((*batch, queries, value.shape[-1]))
    for index in np.ndindex(*batch, queries):
        head = index[:-1]
        allowed = [k for k in range(keys) if mask[index][k]]
        scores = {k: float(score(query[index], key[head][k])) for k in allowed}
        if bias is not None:
            scores = {k: scores[k] + np.broadcast_to(bias, case.scores)[index][k] for k in allowed}
        exponentials = {k: np.exp(scores[k]) for k in allowed}
        for k in allowed:
            weights[index][k] = exponentials[k] / sum(exponentials.values())
            context[index] += weights[index][k] * value[head][k]
    return context, weights


def by_numpy(scores, case):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    exponentials = exponentials * (True if case.mask is None else case.mask)
    sums = exponentials.sum(axis=-1, keepdims=True)
    weights = exponentials / np.where(sums == 0, 1, sums)
    return weights @ case.value, weights


def by_einsum(scores, value, mask):
    """What a reader would write, without a care for large scores."""
    exponentials = tf.exp(scores)
    if mask is not None:
        exponentials *= tf.cast(mask, scores.dtype)
    sums = tf.einsum("...qk->...q", exponentials)
    weights = exponentials / tf.where(sums == 0, tf.ones_like(sums), sums)[..., None]
    return tf.einsum("...qk,...kv->...qv", weights, value), weights


def einsum_additive(query, key, value, weight, mask):
    hidden = tf.tanh(query[..., :, None, :] + key[..., None, :, :])
    # Not einsum "...qku,u->...qk", which oneDNN lets write past its memory.
    return by_einsum(tf.reduce_sum(hidden * weight, axis=-1), value, mask)


def einsum_dot(query, key, value, bias, mask, scale):
    scores = scale * tf.einsum("...qd,...kd->...qk", query, key)
    return by_einsum(scores if bias is None else scores + bias, value, mask)


def agree(case, results, *others):
    """Every program gives the arrays of the first, to a part of the largest number or of one."""
    for number, other in enumerate(others, start=2):
        for theirs, ours in zip(other, results, strict=True):
            atol = TOLERANCE[case.dtype] * max(1, np.abs(ours).max(initial=0))
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=atol, err_msg=f"program {number}")


def gradients(function, *arrays):
    """Of a sum that weights every number of the results differently."""
    tensors = [tf.constant(x) for x in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        results = function(*tensors)
        loss = sum(
            tf.reduce_sum(x * tf.reshape(tf.cos(tf.range(tf.size(x), dtype=x.dtype)), tf.shape(x)))
            for x in (results if isinstance(results, tuple) else [results])
        )
    return tape.gradient(loss, tensors, unconnected_gradients="zero")


# The chain


@FEW
@given(cases())
def test_additive_attention(case):
    arrays = case.query, case.key, case.value, case.weight
    loops = by_loops(lambda q, k: case.weight @ np.tanh(q + k), case)
    scores = np.tanh(case.query[..., :, None, :] + case.key[..., None, :, :]) @ case.weight
    agree(
        case,
        loops,
        by_numpy(scores, case),
        einsum_additive(*map(tf.constant, arrays), case.mask),
        additive_attention(*arrays, case.mask),
    )
    agree(
        case,
        gradients(lambda *x: einsum_additive(*x, case.mask), *arrays),
        gradients(lambda *x: additive_attention(*x, case.mask), *arrays),
    )


@FEW
@given(cases(), st.sampled_from([None, 1.0, -0.3, 0.0]), st.booleans())
def test_scaled_dot_product_attention(case, scale, biased):
    factor = case.query.shape[-1] ** -0.5 if scale is None else scale
    bias = case.bias if biased else None
    arrays = [case.query, case.key, case.value, *([bias] if biased else [])]

    def einsum(query, key, value, bias=None):
        return einsum_dot(query, key, value, bias, case.mask, factor)

    def package(query, key, value, bias=None):
        return scaled_dot_product_attention(query, key, value, case.mask, bias=bias, scale=scale)

    scores = factor * case.query @ np.swapaxes(case.key, -1, -2) + (bias if biased else 0)
    agree(
        case,
        by_loops(lambda q, k: factor * (q @ k), case, bias),
        by_numpy(scores, case),
        einsum(*map(tf.constant, arrays)),
        package(*arrays),
    )
    agree(case, gradients(einsum, *arrays), gradients(package, *arrays))


@FEW
@given(cases())
def test_attention_on_general_scores(case):
    arrays = case.query, case.key, case.value, case.kernel

    def einsum(query, key, value, kernel):
        scores = tf.einsum("...qd,...kd->...qk", tf.einsum("...qd,de->...qe", query, kernel), key)
        return by_einsum(scores, value, case.mask)

    def package(query, key, value, kernel):
        return attention(general_scores(query, key, kernel), value, case.mask)

    agree(
        case,
        by_loops(lambda q, k: q @ case.kernel @ k, case),
        by_numpy(case.query @ case.kernel @ np.swapaxes(case.key, -1, -2), case),
        einsum(*map(tf.constant, arrays)),
        package(*arrays),
    )
    agree(case, gradients(einsum, *arrays), gradients(package, *arrays))


# Keras' layers know (batch, time, depth), and masks of the keys and causal ones


@st.composite
def keras_cases(draw):
    batch, length = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    seed, dtype = draw(st.integers(0, 99)), draw(DTYPES)
    sizes = length, length, draw(st.integers(1, 4)), draw(st.integers(1, 4))
    case = Case(seed, dtype, [(batch,)] * 3, sizes, "none")
    lengths = [draw(st.integers(1, length)) for _ in range(batch)]  # Keras needs one key or more
    case.present = np.arange(length) < np.array(lengths)[:, None]
    case.causal = draw(st.booleans())
    case.mask = case.present[:, None, :] & (causal_mask(length).numpy() if case.causal else True)
    return case


def of_keras(layer, case):
    # Keras before 3.12 adds the axis of the queries only to a mask that it joins with a causal one.
    present = tf.constant(case.present if case.causal else case.present[:, None])

    def run(query, key, value):
        return tuple(
            layer(
                [query, value, key],
                mask=[None, present],
                use_causal_mask=case.causal,
                return_attention_scores=True,
            )
        )

    return run


@FEW
@given(keras_cases())
def test_keras_additive_attention_is_ours_after_the_projections(case):
    arrays = case.query, case.key, case.value
    layer = keras.layers.AdditiveAttention(dtype=case.dtype)
    layer.build([case.query.shape, case.value.shape, case.key.shape])
    layer.set_weights([case.weight])
    theirs = of_keras(layer, case)

    def ours(query, key, value):
        return additive_attention(query, key, value, case.weight, case.mask)

    agree(case, theirs(*map(tf.constant, arrays)), ours(*arrays))
    agree(case, gradients(theirs, *arrays), gradients(ours, *arrays))


@FEW
@given(keras_cases())
def test_keras_attention_is_ours_without_the_scale(case):
    arrays = case.query, case.key, case.value
    theirs = of_keras(keras.layers.Attention(dtype=case.dtype), case)

    def ours(query, key, value):
        return scaled_dot_product_attention(query, key, value, case.mask, scale=1.0)

    agree(case, theirs(*map(tf.constant, arrays)), ours(*arrays))
    agree(case, gradients(theirs, *arrays), gradients(ours, *arrays))


@pytest.mark.skipif(not hasattr(keras.ops, "dot_product_attention"), reason="Keras 3.5 has none")
@FEW
@given(keras_cases(), st.integers(1, 3))
def test_keras_dot_product_attention_is_ours_with_heads(case, heads):
    case.dtype = "float32"  # Keras takes the softmax in float32 whatever comes
    length, depth = case.query.shape[-2:]
    query, key, value = (case.draw(3, length, heads, depth) for _ in range(3))  # b t h d
    mask = case.random.random((3, heads, length, length)) < 0.7
    mask |= np.eye(length, dtype=bool)

    def theirs(query, key, value):
        return keras.ops.dot_product_attention(query, key, value, mask=tf.constant(mask))

    def ours(*arrays):
        heads_first = [tf.einsum("bthd->bhtd", x) for x in arrays]
        return tf.einsum("bhtd->bthd", scaled_dot_product_attention(*heads_first, mask)[0])

    agree(case, [theirs(query, key, value)], [ours(query, key, value)])
    agree(case, gradients(theirs, query, key, value), gradients(ours, query, key, value))


# In chunks


@settings(FEW, max_examples=20)
@given(cases(), st.integers(1, 5), st.booleans(), st.booleans())
def test_chunked_attention_is_dense_attention(case, chunk_size, causal, biased):
    mask = case.mask
    if causal:
        later = causal_mask(*case.scores[-2:]).numpy()
        mask = later if mask is None else mask & later
    arrays = [case.query, case.key, case.value, *([case.bias] if biased else [])]

    def dense(query, key, value, bias=None):
        return scaled_dot_product_attention(query, key, value, mask, bias=bias)[0]

    def chunked(query, key, value, bias=None):
        return chunked_attention(
            query, key, value, case.mask, bias=bias, causal=causal, chunk_size=chunk_size
        )

    agree(case, [dense(*arrays)], [chunked(*arrays)])
    agree(case, gradients(dense, *arrays), gradients(chunked, *arrays))


@FEW
@given(cases(), st.integers(1, 5))
def test_chunked_additive_attention_is_dense_attention(case, chunk_size):
    arrays = case.query, case.key, case.value, case.weight

    def dense(query, key, value, weight):
        return additive_attention(query, key, value, weight, case.mask)[0]

    def chunked(query, key, value, weight):
        return chunked_additive_attention(
            query, key, value, weight, case.mask, chunk_size=chunk_size
        )

    agree(case, [dense(*arrays)], [chunked(*arrays)])
    agree(case, gradients(dense, *arrays), gradients(chunked, *arrays))


# What holds for any attention: the same functions of query, key, value and mask, all in one table


def scaled(query, key, value, mask=None):
    return scaled_dot_product_attention(query, key, value, mask)[0]


def additive(query, key, value, mask=None):
    weight = np.linspace(-1, 2, query.shape[-1]).astype(query.dtype)
    return additive_attention(query, key, value, weight, mask)[0]


def general(query, key, value, mask=None):
    kernel = np.tri(query.shape[-1]).astype(query.dtype)
    return attention(general_scores(query, key, kernel), value, mask)[0]


def in_chunks(query, key, value, mask=None):
    return chunked_attention(query, key, value, mask, chunk_size=2)


def additive_in_chunks(query, key, value, mask=None):
    weight = np.linspace(-1, 2, query.shape[-1]).astype(query.dtype)
    return chunked_additive_attention(query, key, value, weight, mask, chunk_size=2)


ALL = pytest.mark.parametrize("attend", [scaled, additive, general, in_chunks, additive_in_chunks])
FEWER = settings(FEW, max_examples=6)
PLAIN = cases(dtypes=st.just("float64"), kinds=["none"], axes=1)


def same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@ALL
@FEWER
@given(case=PLAIN)
def test_the_order_of_the_keys_does_not_matter(attend, case):
    order = case.random.permutation(case.key.shape[-2])
    shuffled = attend(case.query, case.key[..., order, :], case.value[..., order, :])
    same(shuffled, attend(case.query, case.key, case.value))


@ALL
@FEWER
@given(case=PLAIN)
def test_padding_changes_nothing(attend, case):
    keys = case.key.shape[-2]
    key, value = (
        np.concatenate([x, 99 * np.ones_like(x)], axis=-2) for x in (case.key, case.value)
    )
    padded = attend(case.query, key, value, np.arange(2 * keys)[None, :] < keys)
    same(padded, attend(case.query, case.key, case.value))


@ALL
@FEWER
@given(case=PLAIN)
def test_no_future_key_changes_the_past(attend, case):
    queries, keys = case.scores[-2:]
    mask = causal_mask(queries, keys).numpy()
    before = attend(case.query, case.key, case.value, mask)
    value = case.value.copy()
    value[..., -1, :] += 1.0  # only the last query sees the last key
    key = case.key.copy()
    key[..., -1, :] += 1.0
    after = attend(case.query, key, value, mask)
    same(after[..., :-1, :], before[..., :-1, :])
    assert np.abs(after[..., -1, :] - before[..., -1, :]).max() > 1e-6


@ALL
@FEWER
@given(case=PLAIN)
def test_a_context_lies_between_the_values(attend, case):
    context = attend(case.query, case.key, case.value).numpy()
    assert (context >= case.value.min(axis=-2, keepdims=True) - 1e-12).all()
    assert (context <= case.value.max(axis=-2, keepdims=True) + 1e-12).all()


@ALL
@FEWER
@given(case=PLAIN)
def test_equal_keys_share_the_weight(attend, case):
    key = np.broadcast_to(case.key[..., :1, :], case.key.shape)
    mean = case.value.mean(axis=-2, keepdims=True)
    context = attend(case.query, key, case.value)
    same(context, np.broadcast_to(mean, context.shape))


@ALL
@FEWER
@given(case=PLAIN)
def test_one_allowed_key_gets_all_the_weight(attend, case):
    chosen = int(case.random.integers(case.key.shape[-2]))
    mask = np.arange(case.key.shape[-2])[None, :] == chosen
    context = attend(case.query, case.key, case.value, mask)
    same(context, np.broadcast_to(case.value[..., chosen, None, :], context.shape))


@ALL
@FEWER
@given(case=PLAIN)
def test_a_batch_is_its_sentences(attend, case):
    query = np.broadcast_to(case.query, (*case.scores[:-1], case.query.shape[-1]))
    both = attend(np.stack([query, 2 * query]), case.key, case.value)
    same(both[0], attend(query, case.key, case.value))
    same(both[1], attend(2 * query, case.key, case.value))


@FEWER
@given(case=PLAIN, shift=st.floats(-100, 100))
def test_a_shift_of_a_row_of_scores_changes_nothing(case, shift):
    scores = dot_product_scores(case.query, case.key).numpy()
    same(masked_softmax(scores + shift), masked_softmax(scores))
    bias = np.full((case.scores[-2], 1), shift)
    same(
        chunked_attention(case.query, case.key, case.value, bias=bias, chunk_size=2),
        scaled(case.query, case.key, case.value),
    )


@FEWER
@given(case=PLAIN)
def test_a_large_scale_takes_the_best_key_and_no_scale_takes_all(case):
    scores = dot_product_scores(case.query, case.key).numpy()
    best = np.eye(scores.shape[-1])[scores.argmax(axis=-1)]
    arrays = case.query, case.key, case.value
    if scores.shape[-1] > 1 and np.diff(np.sort(scores), axis=-1).min() < 1e-3:
        return  # two keys are equally good
    same(scaled_dot_product_attention(*arrays, scale=1e6)[1], best)
    same(chunked_attention(*arrays, scale=1e6, chunk_size=2), best @ case.value)
    same(
        scaled_dot_product_attention(*arrays, scale=0.0)[1], np.full_like(best, 1 / best.shape[-1])
    )


# Anything at all


SHAPES = st.sampled_from(
    [(3, 3)] * 6 + [(2, 3), (2, 3, 3), (3,), (0, 3), (3, 0)]
) | hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
ARRAYS = st.builds(
    lambda shape, dtype: np.ones(shape, dtype),
    SHAPES,
    st.sampled_from(["float32"] * 6 + ["float64", "int32", "bool"]),
)
NUMBERS = st.sampled_from([-1, 0, 1, 3, 2.5, float("nan"), float("inf"), None, "three", [1, 2]])
MAYBE = st.none() | ARRAYS.map(lambda x: x > 0)
FLAG = st.booleans()
CALLS = {
    "dot_product_scores": (dot_product_scores, dict(query=ARRAYS, key=ARRAYS)),
    "general_scores": (general_scores, dict(query=ARRAYS, key=ARRAYS, kernel=ARRAYS)),
    "additive_scores": (additive_scores, dict(query=ARRAYS, key=ARRAYS, score_kernel=ARRAYS)),
    "masked_softmax": (masked_softmax, dict(scores=ARRAYS, mask=MAYBE)),
    "attention": (attention, dict(scores=ARRAYS, value=ARRAYS, mask=MAYBE)),
    "additive_attention": (
        additive_attention,
        dict(query=ARRAYS, key=ARRAYS, value=ARRAYS, score_kernel=ARRAYS, mask=MAYBE),
    ),
    "scaled_dot_product_attention": (
        scaled_dot_product_attention,
        dict(
            query=ARRAYS,
            key=ARRAYS,
            value=ARRAYS,
            mask=MAYBE,
            bias=st.none() | ARRAYS,
            scale=NUMBERS,
            grouped=FLAG,
        ),
    ),
    "chunked_attention": (
        chunked_attention,
        dict(
            query=ARRAYS,
            key=ARRAYS,
            value=ARRAYS,
            mask=MAYBE,
            bias=st.none() | ARRAYS,
            causal=FLAG,
            scale=NUMBERS,
            chunk_size=NUMBERS,
            grouped=FLAG,
        ),
    ),
    "chunked_additive_attention": (
        chunked_additive_attention,
        dict(
            query=ARRAYS,
            key=ARRAYS,
            value=ARRAYS,
            score_kernel=ARRAYS,
            mask=MAYBE,
            chunk_size=NUMBERS,
        ),
    ),
    "padding_mask": (padding_mask, dict(tokens=ARRAYS, pad_id=NUMBERS)),
    "causal_mask": (
        causal_mask,
        dict(query_length=NUMBERS, key_length=NUMBERS, start=NUMBERS),
    ),
    "local_mask": (local_mask, dict(query_length=NUMBERS, key_length=NUMBERS, window=NUMBERS)),
}


@pytest.mark.parametrize(("function", "arguments"), CALLS.values(), ids=CALLS)
@settings(FEW, max_examples=40)
@given(data=st.data())
def test_random_arguments_are_answered_or_named(function, arguments, data):
    drawn = data.draw(st.fixed_dictionaries(arguments))
    try:
        results = function(**drawn)
    except (ValueError, TypeError) as error:
        name, colon, _ = str(error).partition(": expected")
        assert colon, error
        assert name in {*arguments, "scores"}, error  # additive scores are checked as scores
        assert not isinstance(error, tf.errors.OpError)
        return
    for result in results if isinstance(results, tuple) else [results]:
        if result.dtype.is_floating:
            assert np.isfinite(result).all()
