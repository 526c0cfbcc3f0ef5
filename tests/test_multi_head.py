"""MultiHeadAttention: a word for a word for Keras' layer."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from headed import TOKENS, assert_close, built, disturb, draw, few
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_helpers.layers import (
    AttentionCache,
    MultiHeadAttention,
)


@pytest.fixture
def x():
    return draw(2, 4, 6)


@pytest.fixture
def layer(x):
    made = MultiHeadAttention(num_heads=2, key_dim=3)
    made.build(x.shape, x.shape)
    return disturb(made)


KERAS = tuple(int(part) for part in keras.__version__.split(".")[:2])


@st.composite
def cases(draw_from):
    """Sizes, settings and masks; each query has at least the first key to attend to."""
    size, flag = st.integers(1, 4), st.booleans()
    b, q, k, n, m, w = (draw_from(size) for _ in range(6))
    if KERAS < (3, 7):  # which asks for a query as deep as the value
        w = n
    rng = np.random.default_rng(draw_from(st.integers(0, 2**16)))
    settings_ = {"num_heads": draw_from(size), "key_dim": draw_from(size)}
    if draw_from(flag):
        settings_["value_dim"] = draw_from(size)
    if draw_from(flag):
        settings_["output_shape"] = draw_from(st.sampled_from([3, (2, 3), (1,)]))
    settings_["use_bias"] = draw_from(flag)

    def mask(*shape):
        made = rng.random(shape) < 0.6
        made[..., 0] = True
        return made

    masks = {"use_causal_mask": draw_from(flag)}
    if draw_from(flag):
        shapes = [(b, q, k), (1, q, k), (q, k), (b, 1, k), (b, settings_["num_heads"], q, k)]
        masks["attention_mask"] = mask(*draw_from(st.sampled_from(shapes)))
    for name, length in (("value_mask", k), ("key_mask", k), ("query_mask", q)):
        if draw_from(flag):
            masks[name] = mask(b, length)
    return settings_, [(b, q, n), (b, k, w), (b, k, m)], masks


def values_and_gradients(layer, arrays, asked, masks):
    """The output and the weights, and the gradients of what is asked, of all inputs and weights."""
    with tf.GradientTape() as tape:
        query, value, key = inputs = [tf.constant(array) for array in arrays]
        tape.watch(inputs)
        outputs = layer(query, value, key=key, return_attention_scores=True, **masks)
        loss = tf.reduce_sum(tf.sin(tf.boolean_mask(outputs[0], asked)))
    return outputs, tape.gradient(loss, [*inputs, *layer.trainable_variables])


def compare_with_keras(ours, theirs, shapes, masks, dtype, atol):
    arrays = [draw(*shape, dtype=dtype) for shape in shapes]
    for each in (ours, theirs):
        each.build(*shapes)
    disturb(theirs)
    ours.set_weights(theirs.get_weights())
    asked = masks.get("query_mask", np.ones(shapes[0][:2], bool))
    outputs, gradients = values_and_gradients(ours, arrays, asked, masks)
    # Keras takes the masks of positions from the tensors or from these arguments alike.
    expected, their_gradients = values_and_gradients(theirs, arrays, asked, masks)
    np.testing.assert_allclose(outputs[0][asked], expected[0][asked], atol=atol)
    rows = [np.moveaxis(weights.numpy(), 1, 2)[asked] for weights in (outputs[1], expected[1])]
    np.testing.assert_allclose(*rows, atol=atol)
    order = [0, 1, 2, *(3 + i for i in range(len(ours.weights)))]
    for i in order:
        np.testing.assert_allclose(gradients[i], their_gradients[i], atol=10 * atol)


@few
@given(cases())
def test_equals_keras_to_1e_10_in_float64(case):
    settings_, shapes, masks = case
    settings_["key_dim"] = 4  # for Keras rounds 1/√d to float32, and here that changes nothing
    ours = MultiHeadAttention(**settings_, dtype="float64")
    theirs = keras.layers.MultiHeadAttention(**settings_, dtype="float64")
    compare_with_keras(ours, theirs, shapes, masks, "float64", 1e-10)


@settings(few, max_examples=4)
@given(cases())
def test_equals_keras_to_1e_5_in_float32(case):
    settings_, shapes, masks = case
    ours, theirs = (
        kind(**settings_) for kind in (MultiHeadAttention, keras.layers.MultiHeadAttention)
    )
    compare_with_keras(ours, theirs, shapes, masks, "float32", 1e-5)


@settings(few, max_examples=5)
@given(cases(), st.sampled_from([(4, 2), (4, 1), (6, 3), (3, 3)]))
def test_shared_heads_equal_those_of_keras(case, heads):
    settings_, shapes, masks = case
    h, g = heads
    d, use_bias = settings_["key_dim"], settings_["use_bias"]
    if "attention_mask" in masks:  # Keras' layer of shared heads takes (b, q, k) and nothing else
        mask = masks["attention_mask"]
        mask = mask[:, 0] if mask.ndim == 4 else mask
        (b, q, _), (_, k, _), _ = shapes
        masks["attention_mask"] = np.broadcast_to(mask, (b, q, k))
    ours = MultiHeadAttention(h, d, num_key_value_heads=g, use_bias=use_bias, dtype="float64")
    theirs = keras.layers.GroupQueryAttention(d, h, g, use_bias=use_bias, dtype="float64")
    # Keras' layer of shared heads is exact to the digits of float32 only, in float64 too.
    compare_with_keras(ours, theirs, shapes, masks, "float64", 1e-6)


def test_a_mask_for_each_head_reaches_the_heads_that_share_keys(x):
    layer = disturb(built(MultiHeadAttention(4, 3, num_key_value_heads=2), x))
    mask = np.random.default_rng(0).random((2, 4, 4, 4)) < 0.5
    _, weights = layer(x, x, attention_mask=mask, return_attention_scores=True)
    np.testing.assert_array_equal(weights.numpy() > 0, mask)


KERAS_HAS = inspect.signature(keras.layers.MultiHeadAttention.__init__).parameters


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [1, 2, 9])
def test_the_window_is_the_band_of_the_formula_and_of_keras(x, window, causal):
    ours = disturb(built(MultiHeadAttention(2, 3, sliding_window=window), x))
    masks = {"use_causal_mask": causal, "return_attention_scores": True}
    output, weights = ours(x, x, **masks)
    for q in range(4):
        for k in range(4):
            allowed = abs(q - k) < window and (k <= q or not causal)
            assert (weights.numpy()[:, :, q, k] > 0).all() == allowed
    if "sliding_window" in KERAS_HAS:
        theirs = built(keras.layers.MultiHeadAttention(2, 3, sliding_window=window), x)
        theirs.set_weights(ours.get_weights())
        assert_close((output, weights), theirs(x, x, **masks))


def test_integer_masks_are_read_as_keras_reads_them(layer, x):
    mask = np.tril(np.ones((4, 4), "int32"))
    expected = layer(x, x, use_causal_mask=True)
    np.testing.assert_array_equal(layer(x, x, attention_mask=mask), expected)
    np.testing.assert_array_equal(layer(x, x, attention_mask=mask > 0), expected)


def test_a_query_with_nothing_to_attend_to_gets_the_bias_alone(layer, x):
    mask = np.ones((4, 4), bool)
    mask[1] = False
    with tf.GradientTape() as tape:
        output, weights = layer(x, x, attention_mask=mask, return_attention_scores=True)
        loss = tf.reduce_sum(output**2)
    np.testing.assert_allclose(output[:, 1], np.tile(layer.output_dense.bias, (2, 1)), atol=1e-6)
    assert not weights.numpy()[:, :, 1].any()
    for gradient in tape.gradient(loss, layer.trainable_variables):
        assert np.isfinite(gradient).all()


def test_the_masks_that_tensors_carry_are_obeyed_and_carried_on(layer):
    words = keras.layers.Embedding(10, 6, mask_zero=True)(TOKENS)
    output, weights = layer(words, words, return_attention_scores=True)
    is_word = TOKENS != 0
    both = is_word[:, None, :, None] & is_word[:, None, None, :]
    np.testing.assert_array_equal(weights.numpy() > 0, np.tile(both, (1, 2, 1, 1)))
    np.testing.assert_array_equal(output._keras_mask, is_word)
    plain = words.numpy()
    explicit = layer(plain, plain, query_mask=is_word, value_mask=is_word)
    np.testing.assert_array_equal(explicit, output)
    np.testing.assert_array_equal(explicit._keras_mask, is_word)


def test_symbolic_tensors_carry_masks_on_too(layer):
    """A layer behind it is called with the mask only if the symbolic tensor had one."""
    words = keras.layers.Embedding(10, 6, mask_zero=True)(keras.Input((4,), dtype="int32"))
    assert tuple(layer(words, words)._keras_mask.shape) == (None, 4)


def test_a_sentence_alone_equals_itself_in_a_padded_batch(layer, x):
    x[1, 2:] = 100.0
    whole = layer(x, x, value_mask=TOKENS != 0)
    np.testing.assert_allclose(whole[1:, :2], layer(x[1:, :2], x[1:, :2]), atol=1e-5)


def test_no_later_word_changes_an_earlier_one(layer, x):
    before = layer(x, x, use_causal_mask=True).numpy()
    x[:, 2:] += 3
    after = layer(x, x, use_causal_mask=True).numpy()
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert (np.abs(before - after)[:, 2:].max(axis=-1) > 1e-3).all()


def test_the_order_of_keys_with_values_is_of_no_account(layer, x):
    value, order = draw(2, 5, 6), [3, 0, 4, 1, 2]
    before, weights = layer(x, value, return_attention_scores=True)
    after, new_weights = layer(x, value[:, order], return_attention_scores=True)
    assert_close([after, new_weights], [before, weights.numpy()[..., order]])


def test_permuting_the_queries_permutes_the_output(layer, x):
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(layer(x[:, order], x), layer(x, x).numpy()[:, order], atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2])
def test_drops_weights_in_training_only_and_scales_the_others(groups):
    keras.utils.set_random_seed(2)
    layer = MultiHeadAttention(
        2,
        3,
        value_dim=20,
        dropout=0.25,
        use_bias=False,
        num_key_value_heads=groups,
        output_shape=(40,),
    )
    query, key, value = draw(1, 30, 5), draw(1, 20, 5), np.eye(20, dtype="float32")[None]
    layer.build(query.shape, value.shape, key.shape)
    # Each head copies the values, and the output keeps the heads apart: it is the weights.
    layer.value_dense.kernel.assign(np.tile(np.eye(20)[:, None], (1, groups, 1)))
    layer.output_dense.kernel.assign(np.eye(40).reshape(2, 20, 40))

    def call(**kwargs):
        output, weights = layer(query, value, key=key, return_attention_scores=True, **kwargs)
        return output.numpy()[0].reshape(30, 2, 20).swapaxes(0, 1), weights.numpy()[0]

    quiet, weights = call()
    np.testing.assert_allclose(quiet, weights, atol=1e-6)
    loud, weights_in_training = call(training=True)
    np.testing.assert_array_equal(weights_in_training, weights)  # they are returned whole
    kept = loud != 0
    np.testing.assert_allclose(loud, np.where(kept, weights / 0.75, 0), atol=1e-6)
    assert 0.65 < kept.mean() < 0.85
    assert np.any(kept[0] != kept[1])
    assert np.any(call(training=True)[0] != loud)


def test_the_layer_keeps_nothing_of_a_call(layer, x):
    layer(x, x)
    before = set(vars(layer))
    layer(x, x, cache=layer.empty_cache(2, 4), return_attention_scores=True)
    assert set(vars(layer)) == before
    assert not any(isinstance(kept, tf.Tensor) for kept in vars(layer).values())


@pytest.mark.parametrize("output_shape", [None, 7, (2, 5)])
@pytest.mark.parametrize("with_cache", [False, True])
def test_symbolic_outputs_are_like_the_real_ones(x, output_shape, with_cache):
    layer = MultiHeadAttention(2, 3, output_shape=output_shape, dtype="mixed_bfloat16")
    options, symbolic_options = {}, {}
    if with_cache:
        options["cache"] = layer.empty_cache(2, 9)
        symbolic_options["cache"] = AttentionCache(
            *(keras.KerasTensor(each.shape, each.dtype) for each in options["cache"])
        )
    value = draw(2, 5, 4)
    real = layer(x, value, return_attention_scores=True, **options)
    symbols = [keras.Input(batch_shape=array.shape) for array in (x, value)]
    symbolic = layer(*symbols, return_attention_scores=True, **symbolic_options)
    flat = [tf.nest.flatten(outputs) for outputs in (symbolic, real)]
    for said, is_so in zip(*flat, strict=True):
        assert tuple(said.shape) == tuple(is_so.shape)
        assert keras.backend.standardize_dtype(said.dtype) == is_so.dtype.name
    assert layer(*symbols).shape == tuple(real[0].shape)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_near_full_precision(layer, x, dtype):
    mixed = built(MultiHeadAttention(2, 3, dtype=dtype), x)
    mixed.set_weights(layer.get_weights())
    expected = layer(x, x, use_causal_mask=True)
    output, cache = mixed(x, x, cache=mixed.empty_cache(2, 4), use_causal_mask=True)
    narrow = dtype.removeprefix("mixed_")
    assert output.dtype == cache.key.dtype == cache.value.dtype == narrow
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    np.testing.assert_allclose(tf.cast(output, tf.float32), expected, atol=0.06)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_equals_eager_with_unknown_shapes(layer, x, jit_compile):
    specs = [tf.TensorSpec([None, None, 6]), tf.TensorSpec([None, None, None], tf.bool)]

    @tf.function(jit_compile=jit_compile, input_signature=specs)
    def compiled(x, mask):
        return layer(x, x, attention_mask=mask, return_attention_scores=True, use_causal_mask=True)

    mask = np.ones((2, 4, 4), bool)
    mask[1, :, 2:] = False
    expected = layer(x, x, attention_mask=mask, return_attention_scores=True, use_causal_mask=True)
    assert_close(compiled(x, mask), expected)


BAD_CALLS = {
    "another depth": (
        dict(query=draw(2, 4, 5)),
        r"query: expected a last axis of 6 as in the first call, got shape \(2, 4, 5\)",
    ),
    "another depth of the keys": (
        dict(key=draw(2, 4, 5)),
        "key: expected a last axis of 6",
    ),
    "another length of the keys": (dict(key=draw(2, 3, 6)), r"value: expected .*k = 3 as in key"),
    "another batch": (dict(value=draw(3, 4, 6)), "value: expected .* b = 2 as in query"),
    "two axes": (
        dict(query=draw(4, 6)),
        r"query: expected as many axes as value, got shape \(4, 6\) .*: state\[:, None\]",
    ),
    "four axes": (dict(query=draw(2, 1, 4, 6)), r"query: expected \(b, q, n\), got shape"),
    "integers": (dict(query=TOKENS[..., None]), "query: expected a floating dtype, got int32"),
    "floating mask": (
        dict(attention_mask=np.ones((4, 4), "float32")),
        "attention_mask: expected dtype bool .*, got float32",
    ),
    "mask of the keys alone": (
        dict(attention_mask=TOKENS != 0),
        r"attention_mask: .*\(2, 4, 4\), got \(2, 4\); .* attention_mask\[..., None, :\]",
    ),
    "mask of other heads": (
        dict(attention_mask=np.ones((2, 3, 4, 4), bool)),
        r"attention_mask: .*\(2, 2, 4, 4\), got \(2, 3, 4, 4\)",
    ),
    "mask with five axes": (dict(attention_mask=np.ones((1,) * 5, bool)), "attention_mask: "),
    "mask of other positions": (
        dict(value_mask=np.ones((2, 3), bool)),
        r"value_mask: expected \(2, 4\), the shape of value less its last axis, got \(2, 3\)",
    ),
    "no value": (dict(value=None), "value: expected a tensor; it may be None with a cache"),
}


@pytest.mark.parametrize(("changed", "message"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_input_is_named(layer, x, changed, message):
    arguments = {"query": x, "value": x, **changed}
    query, value = arguments.pop("query"), arguments.pop("value")
    with pytest.raises(ValueError, match=message):
        layer(query, value, **arguments)


def test_no_query_gives_no_output(layer, x):
    output, weights = layer(x[:, :0], x, return_attention_scores=True)
    assert (tuple(output.shape), tuple(weights.shape)) == ((2, 0, 6), (2, 2, 0, 4))
    output, cache = layer(x[:, :0], x[:, :0], cache=layer.empty_cache(2, 4))
    assert (tuple(output.shape), cache.length.numpy().tolist()) == ((2, 0, 6), [0, 0])
