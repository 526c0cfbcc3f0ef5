"""attention_helpers.functional: equal to loops, NumPy and Keras; masks; extremes; compiled; errors."""

import re

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
from attention_helpers.masks import causal_mask, local_mask, padding_mask

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


def test_causal_mask_is_aligned_at_the_end():
    np.testing.assert_array_equal(causal_mask(2, 5), np.tri(5, dtype=bool)[-2:])
    np.testing.assert_array_equal(causal_mask(3, 2), [[0, 0], [1, 0], [1, 1]])
    assert causal_mask(0).shape == (0, 0)


def test_local_mask_looks_both_ways_from_where_the_query_stands():
    np.testing.assert_array_equal(local_mask(4, window=0), np.eye(4, dtype=bool))
    np.testing.assert_array_equal(local_mask(3, window=1), [[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    np.testing.assert_array_equal(local_mask(2, 5, window=1), [[0, 0, 1, 1, 1], [0, 0, 0, 1, 1]])
    np.testing.assert_array_equal(local_mask(3, window=9), np.ones((3, 3), bool))
    lengths = [tf.constant(n, tf.int64) for n in (2, 3, 1)]
    both = local_mask(*lengths[:2], window=lengths[2]) & causal_mask(*lengths[:2])
    np.testing.assert_array_equal(both, [[1, 1, 0], [0, 1, 1]])


def test_padding_mask_is_true_where_there_is_a_token():
    tokens = np.array([[[3, 1], [2, 1]]], "int64")
    mask = padding_mask(tokens, pad_id=1)
    np.testing.assert_array_equal(mask, [[[[True, False]], [[True, False]]]])
    assert mask.dtype == tf.bool


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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@ATTENTIONS
def test_the_result_has_the_dtype_of_the_input(qkv, attend, dtype):
    exact = [tf.cast(tf.cast(x, dtype), tf.float64) for x in qkv]
    results = attend(*(tf.cast(x, dtype) for x in exact), PADDING)
    for ours, theirs in zip(results, attend(*exact, PADDING), strict=True):
        assert ours.dtype == dtype
        atol = {"float16": 4e-3, "bfloat16": 4e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
        np.testing.assert_allclose(tf.cast(ours, tf.float64), theirs, atol=atol)


def test_a_bias_of_16_bits_is_added_in_float32():
    query, key = tf.constant([[1.0]], tf.float16), tf.constant([[0.5], [0.0]], tf.float16)
    bias = tf.fill((1, 2), tf.constant(2048.0, tf.float16))  # 2048.5 would round to 2048
    _, weights = scaled_dot_product_attention(query, key, key, bias=bias)
    np.testing.assert_allclose(weights, [[0.622, 0.378]], atol=1e-3)


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


@pytest.mark.parametrize("jit_compile", [False, True])
def test_causal_mask_compiled_from_the_length_of_a_tensor(jit_compile):
    compiled = tf.function(
        lambda x: causal_mask(tf.shape(x)[0], tf.shape(x)[1]),
        jit_compile=jit_compile,
        input_signature=[tf.TensorSpec([None, None])],
    )
    np.testing.assert_array_equal(compiled(tf.zeros((2, 3))), causal_mask(2, 3))


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
        *("ExpandDims", "AddV2", "Tanh", "Einsum"),  # the scores and the context
        *("SelectV2", "Softmax"),  # the weights
    }


# Bad input

Q, K, V, W = (np.zeros(shape, "float32") for shape in ((2, 3, 5), (2, 4, 5), (2, 4, 6), (5,)))
BAD_INPUT = {
    "query is a vector": (lambda: dot_product_scores(Q[0, 0], K), "query: …(..., q, d), …(5,)"),
    "depths differ": (lambda: dot_product_scores(Q, V), "key: … d = 5 as in query, …(2, 4, 6)"),
    "batches differ": (lambda: dot_product_scores(Q, K[[0, 1, 1]]), "key: …(2,), got (3,)"),
    "integers": (lambda: dot_product_scores(Q.astype(int), K), "query: …floating… int64"),
    "dtypes differ": (lambda: dot_product_scores(Q, K.astype("float64")), "key: …float32…float64"),
    "no array": (
        lambda: dot_product_scores(Q, "key"),
        "key: expected a floating dtype, got string",
    ),
    "ragged": (lambda: dot_product_scores([[1.0], [1.0, 2.0]], K), "query: …array…got list"),
    "units differ": (lambda: additive_scores(Q, V, W), "key: …u = 5 as in query"),
    "weight of another size": (
        lambda: additive_scores(Q, K, W[:4]),
        "score_kernel: …(u) with u = 5",
    ),
    "weight is a matrix": (lambda: additive_scores(Q, K, W[:, None]), "score_kernel: …(5, 1)"),
    "score is a scalar": (lambda: masked_softmax(1.0), "scores: …(..., k), got shape ()"),
    "integer mask": (lambda: masked_softmax(Q, Q.astype("int32")), "mask: …bool…int32"),
    "mask of floats": (lambda: masked_softmax(Q, Q), "mask: …bool…float32"),
    "mask of the keys without an axis for the queries": (
        lambda: scaled_dot_product_attention(Q, K, V, np.ones((2, 4), bool)),
        "mask: …(2, 3, 4), got (2, 4); …mask[..., None, :]",
    ),
    "mask with more axes": (
        lambda: masked_softmax(Q, np.ones((1, 2, 3, 5), bool)),
        "mask: …(2, 3, 5), got (1, 2, 3, 5)",
    ),
    "mask would widen the scores": (
        lambda: masked_softmax(Q[:1], np.ones((2, 3, 5), bool)),
        "mask: …(1, 3, 5), got (2, 3, 5)",
    ),
    "fewer values than keys": (lambda: attention(Q, V), "value: …k = 5 as in scores"),
    "value is a vector": (lambda: attention(Q, W), "value: …(..., k, v), got shape (5,)"),
    "no scores": (lambda: masked_softmax(Q[..., :0]), "scores: …k = 1 or more…(2, 3, 0)"),
    "attention to no keys": (lambda: attention(Q[..., :0], V[:, :0]), "scores: …k = 1 or more"),
    "vectors of no depth": (lambda: dot_product_scores(Q[..., :0], K), "query: …d = 1 or more"),
    "hidden layer of no units": (lambda: additive_scores(Q[..., :0], K, W), "query: …u = 1 or"),
    "nine axes": (
        lambda: dot_product_scores(np.zeros((1,) * 7 + (3, 5)), np.zeros((4, 5))),
        "query: expected 8 or fewer axes, got shape (1, 1, 1, 1, 1, 1, 1, 3, 5)",
    ),
    "float8": (
        lambda: dot_product_scores(tf.cast(Q, tf.dtypes.experimental.float8_e5m2), K),
        "query: expected a floating dtype, got float8_e5m2",
    ),
    "weights of another batch": (lambda: attention(Q, Q[[0, 1, 1]]), "value: …k = 5"),
    "general: kernel of other queries": (
        lambda: general_scores(Q, K, np.zeros((4, 5), "float32")),
        "kernel: expected (d, e) with d = 5 as in query, got shape (4, 5)",
    ),
    "general: kernel of other keys": (
        lambda: general_scores(Q, K, np.zeros((5, 4), "float32")),
        "kernel: expected (d, e) with e = 5 as in key, got shape (5, 4)",
    ),
    "general: kernel is a vector": (lambda: general_scores(Q, K, W), "kernel: …(d, e), …(5,)"),
    "scaled: no keys": (
        lambda: scaled_dot_product_attention(Q, K[:, :0], V[:, :0]),
        "key: expected (..., k, d) with k = 1 or more, got shape (2, 0, 5)",
    ),
    "scaled: integer query": (
        lambda: scaled_dot_product_attention(Q.astype(int), K, V),
        "query: …floating…int64",
    ),
    "scaled: fewer values": (
        lambda: scaled_dot_product_attention(Q, K, V[:, 1:]),
        "value: …k = 4 as in key, got shape (2, 3, 6)",
    ),
    "scale of NaN": (
        lambda: scaled_dot_product_attention(Q, K, V, scale=float("nan")),
        "scale: expected a finite number, got nan",
    ),
    "infinite scale": (
        lambda: scaled_dot_product_attention(Q, K, V, scale=tf.constant(np.inf)),
        "scale: expected a finite number, got …inf",
    ),
    "scale too large for the dtype": (
        lambda: scaled_dot_product_attention(*(x.astype("float16") for x in (Q, K, V)), scale=1e6),
        "scale: expected a finite number, got 1000000.0",
    ),
    "scale is a vector": (
        lambda: scaled_dot_product_attention(Q, K, V, scale=W),
        "scale: expected a scalar, got shape (5,)",
    ),
    "scale is a word": (
        lambda: scaled_dot_product_attention(Q, K, V, scale="large"),
        "scale: expected a number, got str",
    ),
    "scale is a truth": (
        lambda: scaled_dot_product_attention(Q, K, V, scale=True),
        "scale: expected a number, got bool",
    ),
    "scale of an integer dtype": (
        lambda: scaled_dot_product_attention(Q, K, V, scale=tf.constant(1)),
        "scale: expected a floating dtype, got int32",
    ),
    "bias of another dtype": (
        lambda: scaled_dot_product_attention(Q, K, V, bias=np.zeros(4)),
        "bias: expected dtype float32 as in query, got float64",
    ),
    "bias is a mask": (
        lambda: scaled_dot_product_attention(Q, K, V, bias=np.ones(4, bool)),
        "bias: …got bool; a boolean goes into mask",
    ),
    "bias of other keys": (
        lambda: scaled_dot_product_attention(Q, K, V, bias=W),
        "bias: …(2, 3, 4), got (5,)",
    ),
    "bias would widen the scores": (
        lambda: scaled_dot_product_attention(Q[0], K[0], V[0], bias=np.zeros((2, 1, 4), "f")),
        "bias: …(3, 4), got (2, 1, 4)",
    ),
    "groups: no axis of heads": (
        lambda: scaled_dot_product_attention(Q[0], K, V, grouped=True),
        "query: expected (..., h, q, d), got shape (3, 5)",
    ),
    "groups: heads that do not divide": (
        lambda: scaled_dot_product_attention(Q[[0, 1, 1]], K, V, grouped=True),
        "query: …multiple of the 2 of key, got h = 3 in shape (3, 3, 5)",
    ),
    "groups: values of other heads": (
        lambda: scaled_dot_product_attention(Q, K, V[:1], grouped=True),
        "value: expected (..., g, k, v) with g = 2 as in key, got shape (1, 4, 6)",
    ),
    "groups: mask of the groups": (
        lambda: scaled_dot_product_attention(
            Q[[0, 0, 1, 1]], K, V, np.ones((2, 1, 4), bool), grouped=True
        ),
        "mask: …(4, 3, 4), got (2, 1, 4)",
    ),
    "additive: value of another length": (
        lambda: additive_attention(Q, K, V[:, :3], W),
        "value: …k = 4 as in key",
    ),
    "tokens are words": (lambda: padding_mask([["the", "cat"]]), "tokens: …integer…string"),
    "tokens are floats": (lambda: padding_mask([[1.0]]), "tokens: …integer…float32"),
    "one token": (lambda: padding_mask(3), "tokens: …1 or more axes, got shape ()"),
    "negative length": (lambda: causal_mask(-1), "query_length: expected 0 or more, got -1"),
    "fractional length": (lambda: causal_mask(3, 2.5), "key_length: …integer…float32"),
    "several lengths": (lambda: causal_mask([3, 4]), "query_length: …scalar…(2,)"),
    "no length": (lambda: causal_mask(None), "query_length: …array or a tensor, got NoneType"),
    "several paddings": (lambda: padding_mask([1], [0, 1]), "pad_id: expected a scalar…(2,)"),
    "fractional padding": (lambda: padding_mask([1], 0.5), "pad_id: …integer…float32"),
    "negative window": (lambda: local_mask(3, window=-1), "window: expected 0 or more, got -1"),
    "fractional window": (lambda: local_mask(3, window=1.5), "window: …integer…float32"),
    "negative length, local": (lambda: local_mask(-3, window=1), "query_length: …0 or more"),
    "fractional key length, local": (
        lambda: local_mask(3, 2.5, window=1),
        "key_length: …integer…float32",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(call, message):
    pattern = ".*".join(map(re.escape, message.split("…")))
    with pytest.raises((ValueError, TypeError), match=pattern):
        call()


def test_bad_input_is_named_while_tracing():
    with pytest.raises(ValueError, match="key: expected"):
        tf.function(dot_product_scores).get_concrete_function(
            tf.TensorSpec([None, None, 5]), tf.TensorSpec([None, None, 4])
        )


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int64", "uint64"])
def test_lengths_of_every_integer_dtype(dtype):
    number = np.dtype(dtype).type
    np.testing.assert_array_equal(causal_mask(number(3), number(4)), causal_mask(3, 4))
    np.testing.assert_array_equal(local_mask(number(3), window=number(1)), local_mask(3, window=1))


def test_widening_to_many_axes_starts_from_any_number():
    from attention_helpers._tensors import widen

    array = draw(3, 1, 5, 4)
    wide = widen(tf.constant(array), tf.constant([2, 1, 2, 3, 6]), own=2)
    np.testing.assert_array_equal(wide, np.broadcast_to(array, (2, 1, 2, 3, 6, 5, 4)))


def test_a_window_of_any_size_is_wide():
    assert local_mask(3, window=2**40).numpy().all()


def test_no_token_is_taken_for_a_padding_id_of_another_dtype():
    assert padding_mask(np.array([7, 0], "uint8"), pad_id=256).numpy().all()
    assert padding_mask(np.array([7, 255], "uint8"), pad_id=-1).numpy().all()
