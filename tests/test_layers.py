"""What the layers share: masks, dropout, dtypes, losses, wrong calls."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.layers import BahdanauAttention, LuongAttention, MultiHeadAttention
from attention_helpers.masks import causal_mask, padding_mask

TOKENS = np.array([[7, 8, 9, 4], [7, 8, 0, 0]], "int32")


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


MAKERS = {
    "bahdanau": lambda **kwargs: BahdanauAttention(7, **kwargs),
    "dot": lambda **kwargs: LuongAttention("dot", **kwargs),
    "general": lambda **kwargs: LuongAttention("general", **kwargs),
    "concat": lambda **kwargs: LuongAttention("concat", units=7, **kwargs),
}


every_layer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
ALL_MAKERS = MAKERS | {
    "heads": lambda **kwargs: MultiHeadAttention(2, 3, **kwargs),
    "shared heads": lambda **kwargs: MultiHeadAttention(4, 3, num_key_value_heads=2, **kwargs),
}
also_heads = pytest.mark.parametrize("make", ALL_MAKERS.values(), ids=ALL_MAKERS.keys())


@every_layer
@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_near_full_precision(make, dtype):
    query, value = draw(2, 3, 5), draw(2, 4, 5)
    full, mixed = make(), make(dtype=dtype)
    expected, _ = full(query, value)
    mixed.build(query.shape, value.shape)
    mixed.set_weights(full.get_weights())
    context, weights = mixed(query, value)
    assert context.dtype == weights.dtype == dtype.removeprefix("mixed_")
    assert {weight.dtype for weight in mixed.weights} <= {"float32"}
    np.testing.assert_allclose(tf.cast(context, tf.float32), expected, atol=0.05)


def embedded(depth=5):
    keras.utils.set_random_seed(1)
    return keras.layers.Embedding(10, depth, mask_zero=True)(TOKENS)


@every_layer
def test_a_mask_that_keras_lets_the_values_carry_is_obeyed(make):
    layer, query, value = make(), draw(2, 3, 5), embedded()
    context, weights = layer(query, value)
    assert not weights[1, :, 2:].numpy().any()
    expected = layer(query, value.numpy(), attention_mask=padding_mask(TOKENS))
    for our, their in zip((context, weights), expected, strict=True):
        np.testing.assert_array_equal(our, their)
    np.testing.assert_array_equal(layer(query, value.numpy(), key=value)[1], weights)
    np.testing.assert_array_equal(layer(query, value.numpy(), value_mask=TOKENS != 0)[1], weights)


@every_layer
def test_an_explicit_mask_is_added_to_the_one_that_is_carried(make):
    layer, query, value = make(), draw(2, 4, 5), embedded()
    _, weights = layer(query, value, attention_mask=causal_mask(4))
    expected = (TOKENS != 0)[:, None, :] & causal_mask(4).numpy()
    np.testing.assert_array_equal(weights.numpy() > 0, expected)


@every_layer
def test_an_explicit_mask_of_positions_takes_the_place_of_the_one_that_is_carried(make):
    layer, query, value = make(), draw(2, 3, 5), embedded()
    _, weights = layer(query, value, value_mask=np.ones((2, 4), bool))
    assert (weights.numpy() > 0).all()


@every_layer
def test_a_masked_query_gets_zeros_and_its_mask_is_carried_on(make):
    layer, query, value = make(), embedded(), draw(2, 3, 5)
    context, weights = layer(query, value)
    for output in (context.numpy(), weights.numpy()):
        assert not output[1, 2:].any()
        assert (np.abs(output[TOKENS != 0]).max(axis=-1) > 0).all()
    np.testing.assert_array_equal(context._keras_mask, TOKENS != 0)
    assert getattr(weights, "_keras_mask", None) is None
    explicit = layer(query.numpy(), value, query_mask=TOKENS != 0, return_attention_scores=False)
    np.testing.assert_array_equal(explicit, context)
    np.testing.assert_array_equal(explicit._keras_mask, TOKENS != 0)


@every_layer
def test_masks_pass_through_a_functional_model(make):
    tokens = keras.Input((None,), dtype="int32")
    words = keras.layers.Embedding(10, 5, mask_zero=True)(tokens)
    context, weights = make()(words, words)
    assert context.shape == (None, None, 5)
    pooled = keras.layers.GlobalAveragePooling1D()(context)
    model = keras.Model(tokens, [context, weights, pooled])
    context, weights, pooled = model(TOKENS)
    is_word = TOKENS != 0
    both = is_word[:, None, :] & is_word[:, :, None]
    np.testing.assert_array_equal(weights.numpy() > 0, both)
    mean = context.numpy().sum(axis=1) / is_word.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(pooled, mean, atol=1e-6)


@every_layer
def test_no_later_key_changes_what_a_causal_mask_allows(make):
    layer, query, value = make(), draw(2, 4, 5), draw(2, 4, 5)
    before, _ = layer(query, value, use_causal_mask=True)
    value[:, 2:] += 3
    after, _ = layer(query, value, use_causal_mask=True)
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert (np.abs(before[:, 2:] - after[:, 2:]) > 1e-3).all(axis=-1).any()


@every_layer
def test_drops_weights_in_training_only_and_scales_the_others(make):
    keras.utils.set_random_seed(2)
    layer = make(dropout=0.25)
    query, key, value = draw(1, 30, 5), draw(1, 20, 5), np.eye(20, dtype="float32")[None]
    quiet, weights = layer(query, value, key=key)
    np.testing.assert_allclose(quiet, weights, atol=1e-6)
    context, weights_in_training = layer(query, value, key=key, training=True)
    np.testing.assert_array_equal(weights_in_training, weights)  # they are returned whole
    kept = context.numpy() > 0
    np.testing.assert_allclose(context, np.where(kept, weights / 0.75, 0), atol=1e-6)
    assert 0.65 < kept.mean() < 0.85
    again, _ = layer(query, value, key=key, training=True)
    assert np.any(again != context)


@also_heads
@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16", "float32", "float64"])
def test_dropout_rounds_no_more_than_a_call_without(make, dtype):
    """A rate at which none of the weights is dropped; 16 bits cannot sum 2,000 rounded ones."""
    layer = make(dropout=1e-9, seed=1, dtype=dtype)
    query, value = draw(1, 1, 5), draw(1, 2000, 5) + 1
    quiet, in_training = (layer(query, value, training=training) for training in (False, True))
    if isinstance(quiet, tuple):
        quiet, in_training = quiet[0], in_training[0]
    assert in_training.dtype == layer.compute_dtype
    contexts = (tf.cast(context, tf.float64) for context in (in_training, quiet))
    np.testing.assert_allclose(*contexts, rtol=1e-8)


def test_the_seed_of_the_dropout_decides_what_is_dropped():
    query, value, contexts = draw(2, 3, 5), draw(2, 4, 5), []
    for _ in range(2):
        layer = LuongAttention("dot", dropout=0.5, seed=3)
        contexts.append(layer(query, value, training=True)[0])
    np.testing.assert_array_equal(*contexts)


@every_layer
def test_its_configuration_makes_it_again(make):
    layer = make(
        dropout=0.1,
        seed=3,
        kernel_initializer="he_normal",
        score_initializer="ones",
        activity_regularizer=keras.regularizers.L2(0.5),
        dtype="mixed_bfloat16",
        name="mine",
    )
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.dropout, again.seed, again.name) == (0.1, 3, "mine")
    assert again.activity_regularizer.l2 == 0.5
    assert again.compute_dtype == "bfloat16"
    assert isinstance(again.kernel_initializer, keras.initializers.HeNormal)
    assert isinstance(again.score_initializer, keras.initializers.Ones)


@every_layer
@pytest.mark.parametrize("scores", [True, False])
def test_symbolic_outputs_are_like_the_real_ones(make, scores):
    layer, arguments = make(dtype="mixed_float16"), (draw(2, 3, 5), draw(2, 4, 5))
    symbols = [keras.Input(batch_shape=array.shape) for array in arguments]
    symbolic = layer(*symbols, return_attention_scores=scores)
    real = layer(*arguments, return_attention_scores=scores)
    assert isinstance(real, tuple) == isinstance(symbolic, tuple) == scores
    for said, is_so in zip(*(x if scores else [x] for x in (symbolic, real)), strict=True):
        assert (said.shape, said.dtype) == (tuple(is_so.shape), is_so.dtype.name)


@every_layer
@pytest.mark.parametrize("method", ["project_key", "attend"])
def test_a_layer_without_weights_says_how_it_gets_them(make, method):
    arguments = {"project_key": [draw(2, 4, 6)], "attend": [draw(2, 3, 6)] + [draw(2, 4, 6)] * 2}
    with pytest.raises(ValueError, match=r"expected a layer that has its weights; call it once"):
        getattr(make(), method)(*arguments[method])


# Dtypes


@also_heads
@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"]
)
def test_every_policy_computes_near_float32(make, dtype):
    query, value, masks = draw(2, 3, 5), draw(2, 4, 5), {"use_causal_mask": True}
    full, layer = make(), make(dtype=dtype)
    expected, expected_weights = full(query, value, return_attention_scores=True, **masks)
    layer.build(query.shape, value.shape)
    layer.set_weights(full.get_weights())
    context, weights = layer(query, value, return_attention_scores=True, **masks)
    assert context.dtype == weights.dtype == layer.compute_dtype
    np.testing.assert_allclose(tf.cast(context, tf.float32), expected, atol=0.05)
    np.testing.assert_allclose(tf.cast(weights, tf.float32), expected_weights, atol=0.05)


LARGE = np.array([[[300.0, 0.0], [0.0, 1.0]]], "float32")  # 300 · 300 is too much for float16


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("score", ["dot", "general"])
def test_scores_of_16_bits_do_not_overflow(score, dtype):
    layer = LuongAttention(score, kernel_initializer="identity", dtype=dtype)
    context, weights = layer(LARGE, LARGE)
    np.testing.assert_array_equal(weights[0, 0], [1, 0])
    np.testing.assert_array_equal(context[0, 0], [300, 0])
    np.testing.assert_allclose(tf.cast(weights[0, 1], tf.float32), [0.269, 0.731], atol=2e-3)


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("groups", [1, 2])
def test_scores_of_heads_of_16_bits_do_not_overflow(groups, dtype):
    layer = MultiHeadAttention(2, 2, num_key_value_heads=groups, dtype=dtype)
    layer.build(LARGE.shape, LARGE.shape)
    for dense in (layer.query_dense, layer.key_dense):
        dense.kernel.assign(np.stack([np.eye(2)] * dense.kernel.shape[1], axis=1))
    _, weights = layer(LARGE, LARGE, return_attention_scores=True)
    np.testing.assert_array_equal(weights[0, :, 0], [[1, 0], [1, 0]])


# Compiled


@also_heads
def test_xla_compiles_a_loop_over_a_batch_of_unknown_size(make):
    layer, query, value = make(), draw(3, 2, 5), draw(3, 4, 5)
    expected = layer(query, value, return_attention_scores=True)

    @tf.function(jit_compile=True, input_signature=[tf.TensorSpec([None, None, 5])] * 2)
    def steps(query, value):
        def step(i, _):
            context = layer(query, value, return_attention_scores=True)[0]
            return i + 1, tf.ensure_shape(context, [None, None, 5])

        shapes = tf.TensorShape([]), tf.TensorShape([None, None, 5])
        loop = tf.constant(0), tf.zeros_like(query)
        return tf.while_loop(lambda i, _: i < 2, step, loop, shapes, maximum_iterations=2)[1]

    for rows in (3, 2):
        np.testing.assert_allclose(steps(query[:rows], value[:rows]), expected[0][:rows], atol=1e-5)


@every_layer
def test_xla_compiles_a_decoder_that_asks_in_a_loop(make):
    """With its gradient, which the loop of a recurrent network has."""
    layer, state, value = make(), draw(3, 5), draw(3, 4, 5)
    layer(state[:, None], value)

    def decode(state, value):
        projected = layer.project_key(value)

        def step(i, state):
            context, _ = layer.attend(state[:, None], projected, value)
            return i + 1, tf.ensure_shape(state + context[:, 0], [None, 5])

        with tf.GradientTape() as tape:
            tape.watch(value)
            loop = tf.constant(0), state
            result = tf.while_loop(lambda i, _: i < 2, step, loop, maximum_iterations=2)[1]
            loss = tf.reduce_sum(result**2)
        return result, tape.gradient(loss, value)

    signature = [tf.TensorSpec([None, 5]), tf.TensorSpec([None, None, 5])]
    compiled = tf.function(decode, jit_compile=True, input_signature=signature)
    for rows in (3, 2):
        arguments = tf.constant(state[:rows]), tf.constant(value[:rows])
        for of_compiled, of_eager in zip(compiled(*arguments), decode(*arguments), strict=True):
            np.testing.assert_allclose(of_compiled, of_eager, atol=1e-4)


# Losses of activity


@pytest.mark.parametrize("scores", [True, False])
def test_activity_is_regularised_as_in_keras(scores):
    """The context, and the weights where they are returned; in Keras' layer too."""
    query, value = draw(2, 3, 5), draw(2, 4, 5)
    ours = LuongAttention("dot", activity_regularizer="l2")
    theirs = keras.layers.Attention(activity_regularizer="l2")
    ours(query, value, return_attention_scores=scores)
    theirs([query, value], return_attention_scores=scores)
    assert len(ours.losses) == (2 if scores else 1)
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-5)


# Masks and shapes as Keras asks for them


@also_heads
def test_the_mask_that_it_is_handed_is_the_mask_of_the_output(make):
    mask = tf.constant([[True, False]])
    assert make().compute_mask(tf.ones((1, 2, 8)), mask) is mask
    assert make().compute_mask(tf.ones((1, 2, 8)), None) is None


@also_heads
def test_an_explicit_mask_of_the_query_passes_through_a_functional_model(make):
    inputs, mask = keras.Input((4, 5)), keras.Input((4,), dtype="bool")
    context = make()(inputs, inputs, query_mask=mask, return_attention_scores=True)[0]
    model = keras.Model([inputs, mask], [context, keras.layers.GlobalAveragePooling1D()(context)])
    is_word = TOKENS != 0
    context, pooled = model([draw(2, 4, 5), is_word])
    mean = (context.numpy() * is_word[..., None]).sum(axis=1) / is_word.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(pooled, mean, atol=1e-6)


@also_heads
def test_a_mask_of_its_input_costs_no_warning_and_is_left_where_it_is(make, recwarn):
    words = embedded()
    make()(words, words)
    assert not [each for each in recwarn if "mask" in str(each.message)]
    np.testing.assert_array_equal(words._keras_mask, TOKENS != 0)


@also_heads
def test_a_symbolic_call_knows_what_is_known_of_the_shapes(make):
    inputs = keras.Input((None, 5)), keras.Input((4, 5))
    context, weights = make()(*inputs, return_attention_scores=True, use_causal_mask=True)
    assert context.shape == (None, None, 5)
    assert (weights.shape[0], *weights.shape[-2:]) == (None, None, 4)
    assert len(make()(*inputs, return_attention_scores=False).shape) == 3


# Wrong calls


@also_heads
@pytest.mark.parametrize("symbolic", [False, True])
def test_keys_and_values_of_different_lengths_are_refused(make, symbolic):
    shapes = [(2, 4, 5), (2, 5, 5), (2, 6, 5)]
    query, value, key = (
        keras.Input(batch_shape=shape) if symbolic else draw(*shape) for shape in shapes
    )
    with pytest.raises(ValueError, match=r"(value|key): expected .*k = . as in (key|value)"):
        make()(query, value, key)


@also_heads
@pytest.mark.parametrize("symbolic", [False, True])
def test_a_state_is_one_query_a_sentence(make, symbolic):
    """Broadcast, it would be a query for each sentence of the batch."""
    shapes = [(4, 5), (4, 7, 5)]
    state, value = (
        keras.Input(batch_shape=shape) if symbolic else draw(*shape) for shape in shapes
    )
    message = r"query: expected as many axes as value, got shape \(4, 5\) .*: state\[:, None\]"
    with pytest.raises(ValueError, match=message):
        make()(state, value)
    if not symbolic:
        context = make()(state[:, None], value, return_attention_scores=False)
        assert context.shape == (4, 1, 5)


@also_heads
@pytest.mark.parametrize("shape", [(7, 5), (1, 4, 7, 5)], ids=str)
@pytest.mark.parametrize("name", ["value", "key"])
def test_values_and_keys_have_as_many_axes_as_the_query(make, name, shape):
    arguments = {"value": draw(4, 7, 5), name: draw(*shape)}
    with pytest.raises(ValueError, match=r"(query|value|key): expected "):
        make()(draw(4, 1, 5), **arguments)


@every_layer
def test_a_state_is_one_query_a_sentence_of_attend_too(make):
    layer, state, value = make(), draw(4, 5), draw(4, 7, 5)
    layer(state[:, None], value)
    with pytest.raises(ValueError, match=r"query: expected as many axes as .*: state\[:, None\]"):
        layer.attend(state, layer.project_key(value), value)
    with pytest.raises(ValueError, match="value: expected as many axes as query"):
        layer.attend(state[:, None], layer.project_key(value), value[0])


@every_layer
def test_a_batch_of_one_is_shared_by_all_queries(make):
    layer, query, value = make(), draw(4, 3, 5), draw(1, 7, 5)
    context, weights = layer(query, value)
    assert (context.shape, weights.shape) == ((4, 3, 5), (4, 3, 7))
    np.testing.assert_allclose(context, layer(query, np.tile(value, (4, 1, 1)))[0], atol=1e-6)


@also_heads
@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_inputs_as_keras_takes_it_is_refused(make, kind):
    inputs = kind([draw(2, 3, 5), draw(2, 4, 5)])
    message = r"query: expected a tensor, got a (list|tuple); call the layer as layer\(query, value"
    with pytest.raises(ValueError, match=message):
        make()(inputs)
    with pytest.raises(ValueError, match=message):
        make()(query=inputs, value=inputs[0])
