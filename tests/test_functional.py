"""attention_helpers.functional: equal to loops, NumPy and Keras; masks; extremes; compiled; errors."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.functional import (
    additive_attention,
    additive_scores,
    attention,
    dot_product_scores,
    general_scores,
    masked_softmax,
    scaled_dot_product_attention,
)
from attention_helpers.masks import causal_mask, padding_mask

BATCH, QUERIES, KEYS, DEPTH, VALUES = 2, 3, 4, 5, 6


def draw(*shape, dtype="float32", seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


@pytest.fixture
def qkv():
    return draw(BATCH, QUERIES, DEPTH), draw(BATCH, KEYS, DEPTH), draw(BATCH, KEYS, VALUES)


def attend_additive(query, key, value, mask=None):
    weight = tf.cast(np.linspace(-1, 2, DEPTH), query.dtype)
    return additive_attention(query, key, value, weight, mask)


ATTENTIONS = pytest.mark.parametrize("attend", [attend_additive, scaled_dot_product_attention])

PADDING = padding_mask([[7, 8, 9, 0], [7, 8, 0, 0]]).numpy()
MASKS = {
    "none": None,
    "padding": PADDING,
    "causal": causal_mask(QUERIES, KEYS).numpy(),
    "both": PADDING & causal_mask(QUERIES, KEYS).numpy(),
    "row with nothing": PADDING & np.array([[True], [False], [True]]),
}


# Loops = NumPy = package = Keras


def additive_score(q, k, weight):
    return sum(w * np.tanh(a + b) for w, a, b in zip(weight, q, k, strict=True))


def dot_score(q, k, scale):
    return scale * sum(a * b for a, b in zip(q, k, strict=True))


def attention_by_loops(score, query, key, value, mask):
    """One sentence, one query, one key at a time, in Python floats."""
    contexts, rows = np.zeros((BATCH, QUERIES, VALUES)), np.zeros((BATCH, QUERIES, KEYS))
    for b in range(BATCH):
        for q in range(QUERIES):
            allowed = [k for k in range(KEYS) if mask[b, q, k]]
            exponentials = {k: np.exp(float(score(query[b, q], key[b, k]))) for k in allowed}
            for k in allowed:
                rows[b, q, k] = exponentials[k] / sum(exponentials.values())
                contexts[b, q] += rows[b, q, k] * value[b, k]
    return contexts, rows


def attention_by_numpy(scores, value, mask):
    exponentials = np.exp(scores) * mask
    sums = exponentials.sum(axis=-1, keepdims=True)
    weights = exponentials / np.where(sums == 0, 1, sums)
    return weights @ value, weights


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
@pytest.mark.parametrize("score", ["additive", "dot"])
def test_loops_equal_numpy_equal_package(qkv, score, mask):
    query, key, value = qkv
    weight, scale = draw(DEPTH), 1 / np.sqrt(DEPTH)
    full = np.broadcast_to(True if mask is None else mask, (BATCH, QUERIES, KEYS))
    if score == "additive":
        loops = attention_by_loops(
            lambda q, k: additive_score(q, k, weight), query, key, value, full
        )
        scores = np.tanh(query[:, :, None] + key[:, None]) @ weight
        package = additive_attention(query, key, value, weight, mask)
    else:
        loops = attention_by_loops(lambda q, k: dot_score(q, k, scale), query, key, value, full)
        scores = query @ key.transpose(0, 2, 1) * scale
        package = scaled_dot_product_attention(query, key, value, mask)
    for of_loops, of_numpy, of_package in zip(
        loops, attention_by_numpy(scores, value, full), package, strict=True
    ):
        np.testing.assert_allclose(of_numpy, of_loops, atol=1e-5)
        np.testing.assert_allclose(of_package, of_loops, atol=1e-5)


def test_leading_axes_broadcast(qkv):
    query, key, value = qkv
    shared, _ = scaled_dot_product_attention(query, key[0], value[0])
    for b in range(BATCH):
        alone, _ = scaled_dot_product_attention(query[b], key[0], value[0])
        np.testing.assert_allclose(shared[b], alone, atol=1e-6)


@pytest.mark.parametrize(
    "batches",
    [((3, 1), (2,), ()), ((), (2, 1, 1), (4, 1)), ((2,) * 4,) * 3, ((2, 1) * 3, (1, 2) * 3, ())],
)
@ATTENTIONS
def test_any_number_of_leading_axes(attend, batches):
    query, key, value = (
        draw(*batch, n, d) for batch, n, d in zip(batches, (3, 4, 4), (5, 5, 6), strict=True)
    )
    context, weights = attend(query, key, value)
    batch = np.broadcast_shapes(*batches)
    assert context.shape == (*batch, 3, 6)
    assert weights.shape == (*np.broadcast_shapes(*batches[:2]), 3, 4)
    query, key, value = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (query, key, value))
    index = tuple(size - 1 for size in batch)
    np.testing.assert_allclose(
        context[index], attend(query[index], key[index], value[index])[0], atol=1e-6
    )


# The other scores, the bias, heads in groups


def test_general_scores_by_loops():
    query, key, kernel = draw(2, 3, 5), draw(2, 4, 6), draw(5, 6)
    scores = general_scores(query, key, kernel)
    for b, q, k in np.ndindex(2, 3, 4):
        expected = sum(
            query[b, q, d] * kernel[d, e] * key[b, k, e] for d in range(5) for e in range(6)
        )
        np.testing.assert_allclose(scores[b, q, k], expected, atol=1e-5)


def test_general_scores_with_the_identity_are_dot_products(qkv):
    query, key, _ = qkv
    np.testing.assert_allclose(
        general_scores(query, key, np.eye(DEPTH, dtype="float32")),
        dot_product_scores(query, key),
        atol=1e-6,
    )


@pytest.mark.parametrize("shape", [(), (KEYS,), (QUERIES, 1), (QUERIES, KEYS), (BATCH, 1, KEYS)])
def test_the_bias_is_added_to_the_scaled_scores(qkv, shape):
    query, key, value = qkv
    bias = draw(*shape)
    scores = 0.5 * dot_product_scores(query, key) + bias
    expected = attention(scores, value, PADDING)
    ours = scaled_dot_product_attention(query, key, value, PADDING, bias=bias, scale=0.5)
    for their, our in zip(expected, ours, strict=True):
        np.testing.assert_allclose(our, their, atol=1e-6)


def test_the_bias_has_a_gradient(qkv):
    query, key, value = (tf.constant(x, tf.float64) for x in qkv)
    (theory,), (numeric,) = tf.test.compute_gradient(
        lambda bias: scaled_dot_product_attention(query, key, value, PADDING, bias=bias)[0],
        [draw(QUERIES, KEYS, dtype="float64")],
        delta=1e-5,
    )
    np.testing.assert_allclose(theory, numeric, atol=1e-8)
    assert np.abs(theory).max() > 0.01


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("mask_heads", [None, 1, 6])
def test_heads_in_groups_share_their_key_and_value(static, mask_heads):
    query, key, value = draw(2, 6, 3, 5), draw(2, 2, 4, 5), draw(2, 2, 4, 6)
    mask = np.ones((3, 4), bool) if mask_heads is None else draw(2, mask_heads, 3, 4) > -0.5
    mask[..., 0] = True
    bias = draw(6, 1, 4)

    def grouped(query, key, value, mask, bias):
        return scaled_dot_product_attention(query, key, value, mask, bias=bias, grouped=True)

    arguments = [tf.constant(x) for x in (query, key, value, mask, bias)]
    if not static:
        grouped = tf.function(
            grouped,
            input_signature=[tf.TensorSpec([None] * x.shape.rank, x.dtype) for x in arguments],
        )
    context, weights = grouped(*arguments)
    for head in range(6):
        one_mask = mask if mask_heads is None else mask[:, head % mask_heads]
        expected = scaled_dot_product_attention(
            query[:, head], key[:, head // 3], value[:, head // 3], one_mask, bias=bias[head]
        )
        np.testing.assert_allclose(context[:, head], expected[0], atol=1e-6)
        np.testing.assert_allclose(weights[:, head], expected[1], atol=1e-6)


def test_one_head_of_keys_for_all_and_one_for_each(qkv):
    query, key, value = draw(2, 4, 3, 5), draw(2, 1, 4, 5), draw(2, 1, 4, 6)
    for repeats in (1, 4):
        keys, values = (np.repeat(x, repeats, axis=1) for x in (key, value))
        grouped = scaled_dot_product_attention(query, keys, values, grouped=True)
        plain = scaled_dot_product_attention(query, key, value)
        np.testing.assert_allclose(grouped[0], plain[0], atol=1e-6)


# What attention looks at


@ATTENTIONS
def test_permuting_the_source_permutes_the_weights(qkv, attend):
    query, key, value = qkv
    order = [2, 0, 3, 1]
    context, weights = attend(query, key, value)
    new_context, new_weights = attend(query, key[:, order], value[:, order])
    np.testing.assert_allclose(new_weights, weights.numpy()[..., order], atol=1e-6)
    np.testing.assert_allclose(new_context, context, atol=1e-6)
    assert np.abs(new_weights - weights).max() > 0.05  # it does look at the source


@ATTENTIONS
def test_a_sentence_alone_equals_itself_in_a_padded_batch(qkv, attend):
    query, key, value = qkv
    alone_context, alone_weights = attend(query[1:, :], key[1:, :2], value[1:, :2])
    key[1, 2:], value[1, 2:] = 100.0, -100.0  # whatever stands there must not matter
    context, weights = attend(query, key, value, PADDING)
    np.testing.assert_allclose(context[1:], alone_context, atol=1e-6)
    np.testing.assert_allclose(weights[1:, :, :2], alone_weights, atol=1e-6)
    assert not weights[1:, :, 2:].numpy().any()


@ATTENTIONS
def test_no_future_token_changes_the_past(attend):
    x = tf.constant(draw(5, DEPTH))
    with tf.GradientTape() as tape:
        tape.watch(x)
        context, _ = attend(draw(5, DEPTH, seed=1), x, x, causal_mask(5))
    influence = np.abs(tape.jacobian(context, x)).sum(axis=(1, 3))  # of key k on query q
    np.testing.assert_array_equal(influence > 0, np.tri(5, dtype=bool))


# Extremes


@ATTENTIONS
@pytest.mark.parametrize("compiled", [False, True])
def test_a_row_with_nothing_to_attend_gives_zeros_and_finite_gradients(qkv, attend, compiled):
    mask = tf.constant(MASKS["row with nothing"])

    @tf.function(jit_compile=True)
    def run(query, key, value):
        with tf.GradientTape() as tape:
            tape.watch((query, key, value))
            context, weights = attend(query, key, value, mask)
            loss = tf.reduce_sum(context**2) + tf.reduce_sum(weights**2)
        return context, weights, tape.gradient(loss, (query, key, value))

    tensors = [tf.constant(x) for x in qkv]
    context, weights, gradients = (run if compiled else run.python_function)(*tensors)
    assert not context[:, 1].numpy().any()
    assert not weights[:, 1].numpy().any()
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=-1)[:, ::2], 1, atol=1e-6)
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert not gradients[0][:, 1].numpy().any()
    assert gradients[0][:, 0].numpy().any()


@pytest.fixture
def check_numerics():
    """TensorFlow's own search for NaN: it stops at the first operation that yields one."""
    tf.debugging.enable_check_numerics()
    yield
    tf.debugging.disable_check_numerics()


def test_a_row_with_nothing_to_attend_is_not_nan_on_the_way_either(check_numerics):
    weights = masked_softmax([[1.0, 2.0], [3.0, 4.0]], [[False, False], [True, False]])
    np.testing.assert_array_equal(weights, [[0, 0], [1, 0]])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@ATTENTIONS
def test_the_result_has_the_dtype_of_the_input(qkv, attend, dtype):
    exact = [tf.cast(tf.cast(x, dtype), tf.float64) for x in qkv]
    results = attend(*(tf.cast(x, dtype) for x in exact), PADDING)
    for ours, theirs in zip(results, attend(*exact, PADDING), strict=True):
        assert ours.dtype == dtype
        atol = {"float16": 4e-3, "bfloat16": 4e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
        np.testing.assert_allclose(tf.cast(ours, tf.float64), theirs, atol=atol)


@ATTENTIONS
def test_no_queries_give_nothing(qkv, attend):
    query, key, value = qkv
    context, weights = attend(query[:, :0], key, value)
    assert context.shape == (BATCH, 0, VALUES)
    assert weights.shape == (BATCH, 0, KEYS)


@ATTENTIONS
@pytest.mark.parametrize("mask", [None, MASKS["row with nothing"][0]], ids=["no mask", "masked"])
def test_gradients_equal_finite_differences(attend, mask):
    arguments = [draw(n, d, dtype="float64") for n, d in [(3, DEPTH), (4, DEPTH), (4, 1)]]
    theory, numeric = tf.test.compute_gradient(
        lambda *qkv: attend(*qkv, mask)[0], arguments, delta=1e-5
    )
    for of_theory, of_differences in zip(theory, numeric, strict=True):
        np.testing.assert_allclose(of_theory, of_differences, atol=1e-8)
        assert np.abs(of_theory).max() > 0.01


def test_gradient_of_the_additive_weight_equals_finite_differences():
    query, key = draw(2, 3, dtype="float64"), draw(4, 3, dtype="float64")
    (theory,), (numeric,) = tf.test.compute_gradient(
        lambda weight: additive_scores(query, key, weight), [draw(3, dtype="float64")], delta=1e-5
    )
    np.testing.assert_allclose(theory, numeric, atol=1e-8)


# Compiled


def signature(*ranks, dtypes):
    return [
        tf.TensorSpec(rank if rank is None else [None] * rank, dtype)
        for rank, dtype in zip(ranks, dtypes, strict=True)
    ]


@ATTENTIONS
@pytest.mark.parametrize(
    ("rank", "jit_compile"),
    [(3, False), (None, False), (3, True)],
    ids=["unknown sizes", "unknown ranks", "unknown sizes, XLA"],
)
def test_compiled_equals_eager_with_unknown_shapes(qkv, attend, rank, jit_compile):
    def run(query, key, value, tokens):
        with tf.GradientTape() as tape:
            tape.watch(query)
            context, weights = attend(query, key, value, padding_mask(tokens))
        return context, weights, tape.gradient(context, query)

    compiled = tf.function(
        run,
        jit_compile=jit_compile,
        input_signature=signature(rank, rank, rank, 2, dtypes=3 * ["float32"] + ["int32"]),
    )
    query, key, value = qkv
    tokens = np.array([[7, 8, 9, 0], [7, 8, 0, 0]], "int32")
    for length in (KEYS, KEYS - 1):  # the second length without another trace
        arguments = [tf.constant(x) for x in (query, key[:, :length], value[:, :length])]
        arguments.append(tf.constant(tokens[:, :length]))
        for of_compiled, of_eager in zip(compiled(*arguments), run(*arguments), strict=True):
            np.testing.assert_allclose(of_compiled, of_eager, atol=1e-6)
    assert compiled.experimental_get_tracing_count() == 1


def test_the_checks_leave_no_operation_in_the_graph():
    traced = tf.function(additive_attention).get_concrete_function(
        tf.TensorSpec([None, None, 5]),
        tf.TensorSpec([None, None, 5]),
        tf.TensorSpec([None, None, 6]),
        tf.TensorSpec([5]),
        tf.TensorSpec([None, None, None], tf.bool),
    )
    kinds = {operation.type for operation in traced.graph.get_operations()}
    assert kinds <= {
        *("Placeholder", "Const", "Identity", "NoOp"),
        *("ExpandDims", "AddV2", "Tanh", "MatMul"),  # the scores
        *("Shape", "ConcatV2", "Reshape", "Squeeze", "StridedSlice"),  # as one matrix, and back
        *("SelectV2", "Softmax", "Einsum"),  # the weights and the context
    }


MANY_SHAPES = """
import numpy as np, tensorflow as tf
from attention_helpers.functional import additive_attention
random = np.random.default_rng(0)
for _ in range(150):
    a, b, q, k, u = random.integers(1, 4, size=5)
    query, key = tf.ones((a, b, q, u), {dtype!r}), tf.ones((k, u), {dtype!r})
    for _ in range(5):
        additive_attention(query, key, key, key[0])
"""


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_additive_scores_of_two_leading_axes_stay_in_their_memory(dtype):
    """With tf.einsum "...qku,u->...qk" oneDNN writes past it; in a process that may die of that."""
    environment = {**os.environ, "MALLOC_PERTURB_": "85"}
    code = MANY_SHAPES.format(dtype=dtype)
    run = subprocess.run([sys.executable, "-c", code], env=environment, timeout=120, check=False)
    assert run.returncode == 0
