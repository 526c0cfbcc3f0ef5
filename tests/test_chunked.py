"""attention_helpers.functional, in chunks: equal to dense for any chunk; memory; compiled; errors."""

import re

import numpy as np
import pytest
import tensorflow as tf

from attention_helpers import chunked
from attention_helpers.chunked import chunked_additive_attention, chunked_attention
from attention_helpers.functional import additive_attention, scaled_dot_product_attention
from attention_helpers.masks import causal_mask

BATCH, HEADS, QUERIES, KEYS, DEPTH, VALUES = 2, 2, 4, 5, 3, 2


def draw(*shape, dtype="float64", seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of one row of the leading axes, or of few."""
    monkeypatch.setattr(chunked, "_SCORES", 3 * 2 * 2)  # 3 rows of 4, with chunks of 2
    monkeypatch.setattr(chunked, "_HIDDEN_UNITS", 2 * 2 * DEPTH)


@pytest.fixture
def qkv():
    return (
        draw(BATCH, HEADS, QUERIES, DEPTH),
        draw(BATCH, HEADS, KEYS, DEPTH),
        draw(BATCH, HEADS, KEYS, VALUES),
    )


def dot(query, key, value, other, mask, **options):
    """Dense or in chunks; `other` is the bias here."""
    if "chunk_size" in options:
        return chunked_attention(query, key, value, mask, bias=other, **options)
    if options.pop("causal", False):
        later = causal_mask(tf.shape(query)[-2], tf.shape(key)[-2])
        mask = later if mask is None else later & mask
    return scaled_dot_product_attention(query, key, value, mask, bias=other, **options)[0]


def additive(query, key, value, other, mask, **options):
    """Dense or in chunks; `other` is the weight here."""
    if "chunk_size" in options:
        return chunked_additive_attention(query, key, value, other, mask, **options)
    return additive_attention(query, key, value, other, mask)[0]


BIAS, WEIGHT = draw(HEADS, QUERIES, KEYS), draw(DEPTH)
BOTH = pytest.mark.parametrize(
    ("attend", "other"), [(dot, BIAS), (additive, WEIGHT)], ids=["dot", "additive"]
)
MASKS = {
    shape: np.random.default_rng(1).random(shape) < 0.7
    for shape in [
        (),
        (1,),
        (KEYS,),
        (1, KEYS),
        (QUERIES, 1),
        (QUERIES, KEYS),
        (HEADS, 1, KEYS),
        (HEADS, QUERIES, KEYS),
        (BATCH, 1, 1, KEYS),
        (BATCH, 1, QUERIES, KEYS),
        (1, HEADS, QUERIES, 1),
        (BATCH, HEADS, QUERIES, KEYS),
    ]
}


def with_gradients(attend, mask=None, **options):
    """A function that returns the context and the gradients of a loss that tells numbers apart."""

    def run(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            context = attend(*tensors, mask, **options)
            loss = tf.reduce_sum(tf.sin(3 * context) * tf.cast(context > -1, context.dtype))
        return context, *tape.gradient(loss, tensors)

    return run


def assert_same(ours, theirs, atol=1e-10):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


def constants(*arrays):
    return [tf.constant(x) for x in arrays]


# In chunks = dense


@BOTH
@pytest.mark.parametrize("chunk_size", [1, 2, 3, 4, 5, 100])
@pytest.mark.usefixtures("small_blocks")
def test_any_chunk_size_gives_what_dense_gives(qkv, attend, other, chunk_size):
    tensors = constants(*qkv, other)
    mask = MASKS[BATCH, 1, QUERIES, KEYS]
    dense = with_gradients(attend, mask)(*tensors)
    assert_same(with_gradients(attend, mask, chunk_size=chunk_size)(*tensors), dense)
    assert np.abs(dense[4]).max() > 0.01  # bias and weight have gradients that could be wrong


@BOTH
@pytest.mark.parametrize("mask", MASKS.values(), ids=map(str, MASKS))
@pytest.mark.usefixtures("small_blocks")
def test_any_mask_that_broadcasts(qkv, attend, other, mask):
    tensors = constants(*qkv, other)
    dense = with_gradients(attend, mask)(*tensors)
    assert_same(with_gradients(attend, mask, chunk_size=2)(*tensors), dense)


@pytest.mark.parametrize(
    "shape",
    [(), (1,), (KEYS,), (QUERIES, 1), (1, KEYS), (HEADS, 1, 1), (BATCH, 1, QUERIES, KEYS)],
)
@pytest.mark.usefixtures("small_blocks")
def test_any_bias_that_broadcasts(qkv, shape):
    tensors = constants(*qkv, draw(*shape))
    assert_same(with_gradients(dot, chunk_size=2)(*tensors), with_gradients(dot)(*tensors))


@pytest.mark.parametrize("lengths", [(4, 5), (5, 3), (3, 7), (1, 5), (4, 4)])
@pytest.mark.parametrize("mask", [None, MASKS[1,]], ids=["causal", "causal and a mask"])
def test_causal_is_aligned_at_the_end(lengths, mask):
    queries, keys = lengths
    tensors = constants(draw(queries, 3), draw(keys, 3), draw(keys, 2), draw(keys))
    dense = with_gradients(dot, mask, causal=True)(*tensors)
    assert_same(with_gradients(dot, mask, causal=True, chunk_size=2)(*tensors), dense)


@BOTH
def test_leading_axes_broadcast(attend, other):
    other = other[:1] if attend is dot else other
    tensors = constants(draw(2, 1, 4, 3), draw(3, 5, 3), draw(5, 2), other)
    dense = with_gradients(attend)(*tensors)
    assert dense[0].shape == (2, 3, 4, 2)
    assert_same(with_gradients(attend, chunk_size=3)(*tensors), dense)


def test_heads_that_share_keys(qkv):
    query, key, value = draw(BATCH, 3 * HEADS, QUERIES, DEPTH), *qkv[1:]
    mask = draw(BATCH, 3 * HEADS, 1, KEYS) > -1
    tensors = constants(query, key, value, draw(3 * HEADS, 1, KEYS))
    repeated = [np.repeat(x, 3, axis=1) for x in (key, value)]
    expected = dot(query, *repeated, tensors[3], mask)
    dense = with_gradients(dot, mask, grouped=True)(*tensors)
    np.testing.assert_allclose(dense[0], expected, atol=1e-12)
    assert_same(with_gradients(dot, mask, grouped=True, chunk_size=3)(*tensors), dense)


@BOTH
@pytest.mark.parametrize(
    ("dtype", "atol"), [("float16", 4e-3), ("bfloat16", 3e-2), ("float32", 1e-5)]
)
def test_dtypes(qkv, attend, other, dtype, atol):
    exact = [tf.cast(tf.cast(x, dtype), "float64") for x in (*qkv, other)]
    rounded = [tf.cast(x, dtype) for x in exact]
    context = attend(*rounded, None, chunk_size=3)
    assert context.dtype == dtype
    assert_same([tf.cast(context, "float64")], [attend(*exact, None)], atol)


def test_sums_of_16_bits_do_not_lose_what_comes_late():
    """In bfloat16 a running sum of ones ends at 256."""
    query, key = tf.zeros((1, 4), tf.bfloat16), tf.zeros((512, 4), tf.bfloat16)
    value = tf.cast(tf.range(512)[:, None] >= 256, tf.bfloat16)
    np.testing.assert_array_equal(chunked_attention(query, key, value, chunk_size=1), [[0.5]])


@BOTH
def test_gradients_equal_finite_differences(attend, other):
    other = draw(3, 4) if attend is dot else other
    arrays = [draw(3, DEPTH), draw(4, DEPTH), draw(4, 2), other]
    mask = np.array([[True, True, False, True], [False] * 4, [True] * 4])
    theory, numeric = tf.test.compute_gradient(
        lambda *tensors: attend(*tensors, mask, chunk_size=3), constants(*arrays), delta=1e-5
    )
    assert_same(theory, numeric, atol=1e-8)
    assert all(np.abs(x).max() > 0.01 for x in theory)


@BOTH
def test_second_derivatives_are_those_of_dense(attend, other):
    other = draw(3, 4) if attend is dot else other
    tensors = constants(draw(3, DEPTH), draw(4, DEPTH), draw(4, 2), other)
    mask = np.array([[True, True, False, True], [False] * 4, [True] * 4])

    def second(**options):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            first = with_gradients(attend, mask, **options)(*tensors)[1:]
            loss = sum(tf.reduce_sum(x**3) for x in first)
        return tape.gradient(loss, tensors)

    assert_same(second(chunk_size=3), second(), atol=1e-9)


@BOTH
@pytest.mark.parametrize("moved", range(4), ids=["query", "key", "value", "bias or score kernel"])
def test_forward_mode_gives_what_dense_gives(qkv, attend, other, moved):
    tensors = constants(*qkv, other)
    tangent = tf.constant(draw(*tensors[moved].shape, seed=3))

    def derivative(**options):
        with tf.autodiff.ForwardAccumulator(tensors[moved], tangent) as accumulator:
            context = attend(*tensors, MASKS[QUERIES, KEYS], **options)
        return accumulator.jvp(context)

    dense = derivative()
    assert_same([derivative(chunk_size=2)], [dense])
    assert np.abs(dense).max() > 0.01
    with pytest.raises(NotImplementedError, match="no forward mode.* in a compiled function"):
        tf.function(derivative)(chunk_size=2)  # and not a derivative of zero


@BOTH
def test_forward_over_reverse(qkv, attend, other):
    """The product of the Hessian with a vector."""
    tensors = constants(*qkv, other)
    tangents = [tf.constant(draw(*x.shape, seed=3)) for x in tensors]

    def product(**options):
        with tf.autodiff.ForwardAccumulator(tensors, tangents) as accumulator:
            gradients = with_gradients(attend, **options)(*tensors)[1:]
        return accumulator.jvp(gradients)

    assert_same(product(chunk_size=2), product())


@BOTH
def test_a_loop_of_unknown_batches_under_xla(attend, other):
    """As a decoder is trained: Keras leaves the size of the last, smaller batch open."""
    other = other[0] if attend is dot else other

    def run(query, key, value, **options):
        total = tf.zeros_like(query)
        with tf.GradientTape() as tape:
            tape.watch((query, key, value))
            for _ in tf.range(3):
                context = attend(query + total, key, value, other, None, **options)
                total += tf.reduce_sum(context, axis=-1, keepdims=True)
        return total, *tape.gradient(total, (query, key, value))

    tensors = constants(draw(3, QUERIES, DEPTH), draw(3, KEYS, DEPTH), draw(3, KEYS, VALUES))
    signature = [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in tensors]
    compiled = tf.function(
        lambda *x: run(*x, chunk_size=2), input_signature=signature, jit_compile=True
    )
    assert_same(compiled(*tensors), run(*tensors))


# Extremes


@BOTH
def test_nothing_to_attend_gives_zeros_and_no_gradient(qkv, attend, other):
    mask = np.zeros((QUERIES, KEYS), bool)
    mask[1, 4] = mask[2, 0] = True  # in the second chunk, in the first, elsewhere nowhere
    tensors = constants(*qkv, other)
    context, *gradients = with_gradients(attend, mask, chunk_size=3)(*tensors)
    np.testing.assert_allclose(context[..., 1, :], qkv[2][..., 4, :], atol=1e-12)
    np.testing.assert_allclose(context[..., 2, :], qkv[2][..., 0, :], atol=1e-12)
    assert not context.numpy()[..., [0, 3], :].any()
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert not gradients[1].numpy()[..., [1, 2, 3], :].any()  # keys that nobody may look at


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("largest", [0, 2, 4])
def test_large_scores_stay_finite_wherever_the_largest_stands(dtype, largest):
    scores = np.full(5, -1e4)
    scores[largest] = 1e4
    tensors = [
        tf.cast(x, dtype) for x in (np.ones((1, 1)), scores[:, None], np.arange(5.0)[:, None])
    ]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        context = chunked_attention(*tensors, chunk_size=2)
    assert context.numpy().item() == largest
    assert all(np.isfinite(tf.cast(x, "float64")).all() for x in tape.gradient(context, tensors))


@BOTH
@pytest.mark.parametrize("shape", [(2, 0), (0, 3)])
def test_no_queries_or_no_batch_give_nothing(attend, other, shape):
    batch, queries = shape
    other = None if attend is dot else other
    arrays = draw(batch, queries, DEPTH), draw(batch, KEYS, DEPTH), draw(batch, KEYS, VALUES)
    for options in ({}, {"chunk_size": 3}):
        assert attend(*arrays, other, None, **options).shape == (batch, queries, VALUES)


# Memory


@BOTH
def test_no_array_of_the_compiled_program_is_as_large_as_the_scores(attend, other):
    length = 64
    other = None if attend is dot else other
    inputs = [tf.zeros((3, length, DEPTH), tf.float64) for _ in range(3)]

    def run(query, key, value):
        with tf.GradientTape() as tape:
            tape.watch((query, key, value))
            context = attend(query, key, value, other, None, **options)
        return tape.gradient(context, (query, key, value))

    def largest():
        compiled = tf.function(run, jit_compile=True, autograph=False)
        program = compiled.experimental_get_compiler_ir(*inputs)("optimized_hlo")
        return max(
            np.prod([int(size) for size in sizes.split(",")])
            for sizes in re.findall(r"\b(?:f64|pred)\[([\d,]+)\]", program)
        )

    options = {}
    assert largest() >= 3 * length**2
    options = {"chunk_size": 8}
    chunked_largest = largest()
    assert chunked_largest < length**2
    inputs = [tf.zeros((3, 2 * length, DEPTH), tf.float64) for _ in range(3)]
    assert largest() <= 2 * chunked_largest  # the arguments; the blocks stay as they are


def test_an_eager_tape_keeps_no_block(monkeypatch):
    """Whatever computes the scores must not be recorded: a tape would keep every result."""
    seen = []

    def score(query, key):
        result = tf.matmul(query, key, transpose_b=True)
        seen.append(tape.gradient(result, tensors, unconnected_gradients="none"))
        return result, None

    monkeypatch.setattr(chunked, "_dot", score)
    tensors = constants(draw(4, 3), draw(5, 3), draw(5, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        chunked_attention(*tensors, chunk_size=2)
    assert len(seen) == 6
    assert all(gradient is None for gradients in seen for gradient in gradients)


# Compiled


@BOTH
@pytest.mark.parametrize("shapes", ["static", "unknown sizes", "unknown ranks"])
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
@pytest.mark.parametrize("chunk_size", [2, 64])  # 64: longer than every axis, which shows only late
@pytest.mark.usefixtures("small_blocks")
def test_compiled_equals_dense(qkv, attend, other, chunk_size, shapes, jit_compile):
    if jit_compile and shapes == "unknown ranks":
        pytest.skip("XLA compiles for sizes that it knows; unknown ranks are tested in graphs")
    tensors = constants(*qkv, other)
    mask = MASKS[BATCH, 1, 1, KEYS]
    options = {"causal": True} if attend is dot else {}
    signature = {
        "static": None,
        "unknown sizes": [tf.TensorSpec([None] * x.shape.rank, x.dtype) for x in tensors],
        "unknown ranks": [tf.TensorSpec(None, x.dtype) for x in tensors],
    }[shapes]
    compiled = tf.function(
        with_gradients(attend, mask, chunk_size=chunk_size, **options),
        input_signature=signature,
        jit_compile=jit_compile,
    )
    assert_same(compiled(*tensors), with_gradients(attend, mask, **options)(*tensors))


@BOTH
def test_a_tape_around_a_compiled_call(qkv, attend, other):
    tensors = constants(*(x[0, 0] for x in qkv), other[0] if attend is dot else other)
    compiled = tf.function(lambda *x: attend(*x, None, chunk_size=2))
    ours = with_gradients(lambda *x: compiled(*x[:-1]))(*tensors)  # less the mask
    assert_same(ours, with_gradients(attend)(*tensors))


def test_unknown_masks(qkv):
    @tf.function(input_signature=[tf.TensorSpec(None, tf.bool)])
    def run(mask):
        return chunked_attention(*qkv, mask, chunk_size=3)

    for shape in [(KEYS,), (QUERIES, 1), (BATCH, 1, QUERIES, KEYS)]:
        dense, _ = scaled_dot_product_attention(*qkv, MASKS[shape])
        assert_same([run(MASKS[shape])], [dense])
    assert run.experimental_get_tracing_count() == 1


def test_the_static_shape_is_known():
    traced = tf.function(lambda *x: chunked_attention(*x, chunk_size=4)).get_concrete_function(
        tf.TensorSpec([None, 3, None, 5]), tf.TensorSpec([2, 1, 8, 5]), tf.TensorSpec([8, 6])
    )
    assert traced.output_shapes.as_list() == [2, 3, None, 6]


@pytest.mark.parametrize("known", [True, False], ids=["static", "unknown sizes"])
@pytest.mark.parametrize(
    "shape",
    [(), (1,), (KEYS,), (QUERIES, 1), (1, 1, 1, 1), (BATCH, 1, 1, 1), (1, HEADS, QUERIES, 1),
     (BATCH, HEADS, QUERIES, 1), (BATCH, HEADS, QUERIES, KEYS)],
    ids=str,
)  # fmt: skip
def test_a_bias_of_any_shape_and_its_gradient(qkv, shape, known):
    bias = tf.constant(draw(*shape, dtype="float64"))
    signature = None if known else [tf.TensorSpec([None] * x.ndim, x.dtype) for x in (*qkv, bias)]

    def run(attend):
        @tf.function(input_signature=signature)
        def compiled(query, key, value, bias):
            with tf.GradientTape() as tape:
                tape.watch((query, bias))
                loss = tf.reduce_sum(tf.sin(attend(query, key, value, bias=bias)))
            return loss, *tape.gradient(loss, (query, bias))

        return compiled(*map(tf.constant, qkv), bias)

    dense = run(lambda *x, **options: scaled_dot_product_attention(*x, **options)[0])
    assert_same(run(lambda *x, **options: chunked_attention(*x, chunk_size=2, **options)), dense)


# Bad input

Q, K, V, W = (np.zeros(shape, "float32") for shape in ((2, 3, 5), (2, 4, 5), (2, 4, 6), (5,)))
BAD_INPUT = {
    "chunk of 0": (
        lambda: chunked_attention(Q, K, V, chunk_size=0),
        "chunk_size: … positive …, got 0",
    ),
    "negative chunk": (
        lambda: chunked_additive_attention(Q, K, V, W, chunk_size=-2),
        "chunk_size: expected a positive integer, got -2",
    ),
    "fractional chunk": (
        lambda: chunked_attention(Q, K, V, chunk_size=2.5),
        "chunk_size: expected a positive integer, got 2.5",
    ),
    "no chunk": (
        lambda: chunked_additive_attention(Q, K, V, W, chunk_size=None),
        "chunk_size: expected a positive integer, got None",
    ),
    "query is a vector": (lambda: chunked_attention(W, K, V), "query: …(..., q, d), …(5,)"),
    "integer query": (lambda: chunked_attention(Q.astype(int), K, V), "query: …floating…int64"),
    "depths differ": (lambda: chunked_attention(Q, V, V), "key: …d = 5 as in query…(2, 4, 6)"),
    "no keys": (lambda: chunked_attention(Q, K[:, :0], V[:, :0]), "key: …k = 1 or more…(2, 0, 5)"),
    "no depth": (lambda: chunked_attention(Q[..., :0], K, V), "query: …d = 1 or more…(2, 3, 0)"),
    "fewer values": (lambda: chunked_attention(Q, K, V[:, 1:]), "value: …k = 4 as in key"),
    "batches differ": (lambda: chunked_attention(Q, K, V[[0, 0, 0]]), "value: …(2,), got (3,)"),
    "integer mask": (lambda: chunked_attention(Q, K, V, np.ones(4, int)), "mask: …bool…int64"),
    "mask of other keys": (
        lambda: chunked_attention(Q, K, V, np.ones(5, bool)),
        "mask: …(2, 3, 4), got (5,)",
    ),
    "additive: mask without an axis for the queries": (
        lambda: chunked_additive_attention(Q, K, V, W, np.ones((2, 4), bool)),
        "mask: …(2, 3, 4), got (2, 4); …mask[..., None, :]",
    ),
    "bias of another dtype": (
        lambda: chunked_attention(Q, K, V, bias=np.zeros(4)),
        "bias: …float32 as in query, got float64",
    ),
    "bias of other keys": (
        lambda: chunked_attention(Q, K, V, bias=W),
        "bias: …(2, 3, 4), got (5,)",
    ),
    "scale of NaN": (lambda: chunked_attention(Q, K, V, scale=np.nan), "scale: …finite…got nan"),
    "scale of words": (lambda: chunked_attention(Q, K, V, scale="1"), "scale: …number, got str"),
    "heads that do not divide": (
        lambda: chunked_attention(Q[[0, 1, 1]], K, V, grouped=True),
        "query: …multiple of the 2 of key, got h = 3",
    ),
    "additive: units differ": (
        lambda: chunked_additive_attention(Q, K, V, W[1:]),
        "score_kernel: …(u) with u = 5 as in query, got shape (4,)",
    ),
    "additive: weight is a matrix": (
        lambda: chunked_additive_attention(Q, K, V, W[:, None]),
        "score_kernel: expected (u), got shape (5, 1)",
    ),
    "additive: no keys": (
        lambda: chunked_additive_attention(Q, K[:, :0], V[:, :0], W),
        "key: …k = 1 or more",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(call, message):
    pattern = ".*".join(map(re.escape, message.split("…")))
    with pytest.raises((ValueError, TypeError), match=pattern):
        call()


@pytest.mark.parametrize("shape", [(0, 3, DEPTH), (2, 0, DEPTH)])
def test_no_query_at_all_in_a_graph(shape):
    """In a graph it killed the process."""
    query, key = tf.zeros(shape), tf.zeros((shape[0], 5, DEPTH))

    @tf.function
    def run(query, key):
        context = chunked_attention(query, key, key, chunk_size=2)
        additive = chunked_additive_attention(query, key, key, tf.ones(DEPTH), chunk_size=2)
        return context, tf.gradients(context, key)[0], additive, tf.gradients(additive, key)[0]

    for result, expected in zip(run(query, key), [query, key] * 2, strict=True):
        np.testing.assert_array_equal(result, expected)
