"""Infinite, large and 16-bit numbers: dense and in chunks alike, with finite gradients."""

import numpy as np
import pytest
import tensorflow as tf

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

INF, NAN = np.inf, np.nan
DTYPES = pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
HALVES = pytest.mark.parametrize("dtype", ["float16", "bfloat16"])


def draw(*shape, dtype="float32", seed=0):
    return tf.constant(np.random.default_rng([seed, *shape]).normal(size=shape), dtype)


def dense(*arrays, **options):
    return scaled_dot_product_attention(*arrays, **options)[0]


def in_chunks(*arrays, **options):
    return chunked_attention(*arrays, chunk_size=2, **options)


WAYS = pytest.mark.parametrize("attend", [dense, in_chunks])


def numbers(tensor):
    return tf.cast(tensor, tf.float64).numpy()


def with_gradients(function, *tensors):
    """The result, and the gradients of a loss that tells numbers apart."""
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*tensors)
        loss = tf.reduce_sum(tf.sin(3 * tf.cast(result, tf.float64)))
    return result, *tape.gradient(loss, tensors)


# −∞ forbids as a mask does

BIASES = {
    "a row": [[0, 1, 2, 3, 4], [-INF] * 5, [4, 3, 2, 1, 0]],
    "all": [[-INF] * 5] * 3,
    "part of a row": [[0, -INF, 2, -INF, -INF], [1, 2, 3, 4, -INF], [-INF, -INF, -INF, -INF, 7]],
    "keys": [[-INF, 0, -INF, 1, -INF]],
    "a query": [[0], [-INF], [1]],
}


@WAYS
@DTYPES
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("bias", BIASES.values(), ids=BIASES)
def test_a_bias_of_minus_infinity_forbids(attend, bias, dtype, masked):
    tensors = [draw(2, 3, 4, dtype=dtype), draw(2, 5, 4, dtype=dtype), draw(2, 5, 3, dtype=dtype)]
    bias = np.array(bias)
    mask = np.array([[True, True, False, True, True]]) if masked else np.array(True)
    finite = tf.constant(np.where(np.isinf(bias), 0, bias), dtype)
    expected = with_gradients(
        lambda q, k, v, b: dense(q, k, v, mask & ~np.isinf(bias), bias=b), *tensors, finite
    )
    ours = with_gradients(
        lambda q, k, v, b: attend(q, k, v, mask if masked else None, bias=b),
        *tensors,
        tf.constant(bias, dtype),
    )
    for one, other in zip(ours, expected, strict=True):
        assert one.dtype == dtype
        atol = {"float16": 4e-3, "bfloat16": 4e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
        np.testing.assert_allclose(numbers(one), numbers(other), atol=atol, rtol=atol)
    nothing = np.broadcast_to(np.isinf(bias) | ~mask, (3, 5)).all(axis=-1)
    assert not numbers(ours[0])[:, nothing].any()


@WAYS
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
def test_a_bias_of_minus_infinity_compiled_and_in_groups(attend, jit_compile):
    query, key, value = draw(2, 4, 3, 5), draw(2, 2, 5, 5), draw(2, 2, 5, 3)
    bias = tf.constant([[[-INF] * 5, [0, -INF, 1, 2, 3], [0.0] * 5]] * 4)
    compiled = tf.function(
        lambda *x: with_gradients(lambda q, k, v, b: attend(q, k, v, bias=b, grouped=True), *x),
        jit_compile=jit_compile,
    )
    context, *gradients = compiled(query, key, value, bias)
    assert not context.numpy()[:, :, 0].any()
    assert context.numpy()[:, :, 1:].all()
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@DTYPES
@pytest.mark.parametrize("mask", [None, [[True, True, False]] * 4])
def test_the_softmax_of_infinite_scores(dtype, mask):
    """−∞ forbids; +∞ takes all the weight, and shares it; nothing allowed gives zeros."""
    scores = tf.constant([[-INF, 1, -INF], [-INF] * 3, [INF, 2, -INF], [INF, INF, 0]], dtype)
    weights, gradient = with_gradients(lambda scores: masked_softmax(scores, mask), scores)
    np.testing.assert_array_equal(
        numbers(weights), [[0, 1, 0], [0, 0, 0], [1, 0, 0], [0.5, 0.5, 0]]
    )
    assert weights.dtype == gradient.dtype == dtype
    assert np.isfinite(numbers(gradient)).all()
    value = tf.constant([[1.0], [2.0], [4.0]], dtype)
    context, gradient = with_gradients(lambda x: attention(x, value, mask)[0], scores)
    np.testing.assert_array_equal(numbers(context), [[2], [0], [1], [1.5]])
    assert np.isfinite(numbers(gradient)).all()


def test_a_score_that_is_no_number_stays_visible_where_it_is_allowed():
    mask = [[True, True], [False, True]]
    row, other = masked_softmax([[NAN, 1.0], [NAN, 1.0]], mask).numpy()
    assert np.isnan(row).any()  # oneDNN makes NaN of one, TensorFlow's own softmax of the whole row
    np.testing.assert_array_equal(other, [0, 1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@WAYS
def test_the_lowest_finite_bias_is_not_taken_for_forbidden(attend, dtype):
    """Some libraries forbid with the lowest number: of a row that has no other, softmax is even."""
    lowest = tf.fill((1, 3), tf.constant(tf.as_dtype(dtype).min, dtype))
    zeros, value = tf.zeros((1, 2), dtype), tf.constant([[2.0], [4.0], [9.0]], dtype)
    context = attend(zeros, tf.zeros((3, 2), dtype), value, [[True, True, False]], bias=lowest)
    np.testing.assert_allclose(context, [[3.0]], rtol=1e-6)


@WAYS
def test_an_infinite_bias_takes_all_the_weight(attend):
    tensors = draw(3, 4), draw(5, 4), draw(5, 2), tf.constant([[0.0, INF, 1.0, 2.0, INF]])
    context, *gradients = with_gradients(lambda q, k, v, b: attend(q, k, v, bias=b), *tensors)
    mean = (tensors[2][1] + tensors[2][4]) / 2
    np.testing.assert_allclose(context, np.broadcast_to(mean, (3, 2)), atol=1e-6)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


# 16 bits: in float32 from the scores to the context


@HALVES
@pytest.mark.parametrize(
    "scores",
    [
        lambda x: dot_product_scores(x, x),
        lambda x: general_scores(x, x, tf.eye(2, dtype=x.dtype)),
        lambda x: additive_scores(x, x, tf.fill(2, tf.cast(49152.0, x.dtype))),
    ],
    ids=["dot", "general", "additive"],
)
def test_scores_of_16_bits_are_float32(scores, dtype):
    query = tf.constant([[300.0, 1.0], [0.0, 1.0]], dtype)  # 300² = 90,000 > 65,504
    result, gradient = with_gradients(lambda x: attention(scores(x), x)[1], query)
    assert scores(query).dtype == tf.float32
    exact = scores(tf.cast(query, tf.float64))
    np.testing.assert_allclose(scores(query), exact, rtol=1e-5)
    assert result.dtype == gradient.dtype == dtype
    assert numbers(result)[0, 0] == pytest.approx(numbers(attention(exact, exact)[1])[0, 0])
    assert np.isfinite(numbers(gradient)).all()


@HALVES
@WAYS
@pytest.mark.parametrize("scale", [1.0, None, 300.0, 1e6])
def test_no_score_of_16_bits_overflows(attend, scale, dtype):
    query = tf.constant([[300.0, 0.0], [0.0, 1.0]], dtype)
    context, gradient = with_gradients(lambda x: attend(x, x, x, scale=scale), query)
    np.testing.assert_array_equal(context[0], query[0])
    assert np.isfinite(numbers(gradient)).all()


@HALVES
def test_additive_scores_of_16_bits_do_not_overflow(dtype):
    query = tf.fill((1, 4), tf.constant(9.0, dtype))
    kernel = tf.fill(4, tf.constant(6e4, dtype))  # the sum of four is 240,000
    value = tf.constant([[3.0], [5.0]], dtype)
    key = tf.constant([[0.0] * 4, [-18.0] * 4], dtype)
    assert numbers(additive_attention(query, key, value, kernel)[0]) == 3
    assert numbers(chunked_additive_attention(query, key, value, kernel)) == 3


@HALVES
@pytest.mark.parametrize(
    "attend", [dense, chunked_attention, lambda q, k, v: attention(dot_product_scores(q, k), v)[0]]
)
def test_a_mean_of_many_values_of_16_bits(attend, dtype):
    """A sum of ones / 4096 in 16 bits would end at 0.5, where the next term is rounded away."""
    query, key = tf.zeros((1, 1), dtype), tf.zeros((4096, 1), dtype)
    np.testing.assert_array_equal(numbers(attend(query, key, tf.ones((4096, 1), dtype))), [[1.0]])


def test_a_bias_of_16_bits_is_added_in_float32():
    query, key = tf.constant([[1.0]], tf.float16), tf.constant([[0.5], [0.0]], tf.float16)
    bias = tf.fill((1, 2), tf.constant(2048.0, tf.float16))  # 2048.5 would round to 2048
    _, weights = scaled_dot_product_attention(query, key, key, bias=bias)
    np.testing.assert_allclose(weights, [[0.622, 0.378]], atol=1e-3)


# Large scores


@WAYS
def test_gradients_of_equal_large_scores(attend):
    """log(2) is nothing beside a score of 10⁸, but two weights of 1 would be twice the gradient."""
    query, key = tf.constant([[1e4]]), tf.constant([[1e4], [1e4]])
    value = tf.constant([[1.0], [3.0]])
    context, _, _, gradient = with_gradients(attend, query, key, value)
    np.testing.assert_allclose(context, [[2.0]])
    np.testing.assert_allclose(gradient, [[1.5 * np.cos(6)]] * 2, rtol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("masked", [False, True])
def test_large_scores_stay_finite(dtype, masked, compiled):
    scores = tf.constant(
        [[1e4, -1e4, 0.0, 1e4], [-1e4, -1e4, -1e4, 1e4], [0.0, 1e4, 0.0, 0.0]], dtype
    )
    allowed = np.array([True, True, True, False] if masked else [True] * 4)

    @tf.function(jit_compile=True)
    def run(scores):
        with tf.GradientTape() as tape:
            tape.watch(scores)
            weights = masked_softmax(scores, allowed if masked else None)
        return weights, tape.gradient(weights, scores, output_gradients=weights)

    weights, gradient = (run if compiled else run.python_function)(scores)
    expected = [[1, 0, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0], [0, 1, 0, 0]]
    if not masked:
        expected = [[0.5, 0, 0, 0.5], [0, 0, 0, 1], [0, 1, 0, 0]]
    np.testing.assert_allclose(tf.cast(weights, "float64"), expected, atol=2e-3)
    assert np.isfinite(tf.cast(gradient, "float64")).all()


def test_the_scale_keeps_float16_from_overflowing():
    query = tf.fill((1, 256), tf.constant(16.5, tf.float16))  # the product is 69,696 > 65,504
    context, weights = scaled_dot_product_attention(query, query, query)
    assert weights.numpy().item() == 1
    np.testing.assert_array_equal(context, query)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("dtype", "half"), [("float16", 2.0**-11), ("bfloat16", 2.0**-8)])
def test_the_softmax_of_16_bits_is_rounded_once(dtype, half, masked):
    """`half` is the error of rounding once; exp, sum and quotient in 16 bits would be three."""
    scores = tf.cast(draw(8, 64), dtype)
    mask = np.arange(64) < 50 if masked else None
    weights = masked_softmax(scores, mask)
    assert weights.dtype == dtype
    exact = masked_softmax(tf.cast(scores, tf.float64), mask)
    np.testing.assert_allclose(tf.cast(weights, tf.float64), exact, rtol=1.01 * half, atol=1e-7)
