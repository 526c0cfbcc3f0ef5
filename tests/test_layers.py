"""attention_helpers.layers: the layer is the functions plus its weights, and a citizen of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_helpers.layers import (
    BahdanauAttention,
    LuongAttention,
    copy_from_keras,
    copy_to_keras,
)
from attention_helpers.masks import causal_mask, padding_mask

TOKENS = np.array([[7, 8, 9, 4], [7, 8, 0, 0]], "int32")


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


@pytest.fixture
def layer():
    keras.utils.set_random_seed(0)
    return BahdanauAttention(units=8)


@pytest.fixture
def query():
    return draw(2, 3, 5)


@pytest.fixture
def value():
    return draw(2, 4, 6)


def by_numpy(layer, query, value, key, mask):
    kernel_q, kernel_k, weight = (w.numpy() for w in layer.weights)
    scores = np.tanh((query @ kernel_q)[:, :, None] + (key @ kernel_k)[:, None]) @ weight
    exponentials = np.exp(scores) * mask
    weights = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return weights @ value, weights


@pytest.mark.parametrize("key", [None, draw(2, 4, 7)], ids=["key = value", "a key of its own"])
@pytest.mark.parametrize("mask", [None, padding_mask(TOKENS)], ids=["no mask", "padding"])
def test_equals_the_formula(layer, query, value, key, mask):
    ours = layer(query, value, key=key, mask=mask)
    theirs = by_numpy(
        layer, query, value, value if key is None else key, True if mask is None else mask.numpy()
    )
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, atol=1e-6)


def test_equals_keras_additive_attention_on_the_projected_inputs(layer, query, value):
    ours = layer(query, value, mask=padding_mask(TOKENS))
    theirs_layer = keras.layers.AdditiveAttention()
    projected = [query @ layer.query_kernel.numpy(), value, value @ layer.key_kernel.numpy()]
    theirs_layer.build([x.shape for x in projected])
    theirs_layer.set_weights([layer.score_kernel.numpy()])  # their `scale` is our v
    is_token = (TOKENS != 0)[:, None]  # Keras before 3.12 takes (b, k) for (q, k)
    theirs = theirs_layer(projected, mask=[None, is_token], return_attention_scores=True)
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, atol=1e-6)


def test_call_is_composed_of_project_key_and_attend(layer, query, value):
    mask = padding_mask(TOKENS)
    whole = layer(query, value, mask=mask)
    projected = layer.project_key(value)
    assert projected.shape == (2, 4, 8)
    for step in range(3):  # a decoder asks one query at a time, with keys projected once
        context, weights = layer.attend(query[:, step : step + 1], projected, value, mask)
        np.testing.assert_allclose(context[:, 0], whole[0][:, step], atol=1e-6)
        np.testing.assert_allclose(weights[:, 0], whole[1][:, step], atol=1e-6)


def test_permuting_the_source_permutes_the_weights(layer, query, value):
    order = [2, 0, 3, 1]
    context, weights = layer(query, value)
    new_context, new_weights = layer(query, value[:, order])
    np.testing.assert_allclose(new_weights, weights.numpy()[..., order], atol=1e-6)
    np.testing.assert_allclose(new_context, context, atol=1e-6)


def test_a_sentence_alone_equals_itself_in_a_padded_batch(layer, query, value):
    value[1, 2:] = 100.0
    context, weights = layer(query, value, mask=padding_mask(TOKENS))
    alone_context, alone_weights = layer(query[1:], value[1:, :2])
    np.testing.assert_allclose(context[1:], alone_context, atol=1e-6)
    np.testing.assert_allclose(weights[1:, :, :2], alone_weights, atol=1e-6)


def test_every_weight_learns_also_with_a_row_that_attends_to_nothing(layer, query, value):
    mask = np.ones((2, 3, 4), bool)
    mask[0, 1] = False
    with tf.GradientTape() as tape:
        context, _ = layer(query, value, mask=mask)
        loss = tf.reduce_sum(context**2)
    assert not context[0, 1].numpy().any()
    for gradient in tape.gradient(loss, layer.trainable_variables):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 1e-4


def test_the_initialisation_of_the_paper_is_uniform_attention(query, value):
    layer = BahdanauAttention(
        8, keras.initializers.RandomNormal(stddev=0.001), score_initializer="zeros"
    )
    _, weights = layer(query, value)
    np.testing.assert_array_equal(weights, np.full((2, 3, 4), 0.25))
    assert 2e-4 < layer.query_kernel.numpy().std() < 3e-3


@pytest.mark.parametrize("initializer", ["glorot_uniform", keras.initializers.HeNormal()])
def test_equal_sizes_do_not_give_equal_kernels(initializer):
    layer = BahdanauAttention(8, kernel_initializer=initializer)
    layer.build((None, None, 6), (None, None, 6))
    assert np.abs(layer.query_kernel - layer.key_kernel).max() > 0.1


def test_the_seed_decides_the_weights():
    kernels = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        layer = BahdanauAttention(8)
        layer.build((None, None, 6), (None, None, 6))
        kernels.append(layer.query_kernel.numpy())
    np.testing.assert_array_equal(*kernels)


# Keras


@pytest.mark.filterwarnings("error::UserWarning")
def test_model_saves_and_loads(tmp_path, query, value):
    inputs = [
        keras.Input((None, 5), name="query"),
        keras.Input((None, 6), name="value"),
        keras.Input((None, 7), name="key"),
        keras.Input((None, None), dtype="bool", name="mask"),
    ]
    q, v, k, m = inputs
    layer = BahdanauAttention(4, kernel_initializer="he_normal", name="attention")
    model = keras.Model(inputs, layer(q, v, key=k, mask=m))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    arguments = [query, value, draw(2, 4, 7), padding_mask(TOKENS).numpy()]
    for before, after in zip(model(arguments), loaded(arguments), strict=True):
        np.testing.assert_array_equal(before, after)
    again = loaded.get_layer("attention")
    assert isinstance(again, BahdanauAttention)
    assert again.get_config() == layer.get_config()
    assert isinstance(again.kernel_initializer, keras.initializers.HeNormal)


def test_is_registered_under_the_name_of_the_package():
    assert keras.saving.get_registered_name(BahdanauAttention) == (
        "attention_helpers>BahdanauAttention"
    )


@pytest.mark.parametrize(
    ("query_shape", "value_shape", "key_shape"),
    [
        ((2, 3, 5), (2, 4, 6), None),
        ((2, 3, 5), (2, 4, 6), (2, 4, 7)),
        ((2, 9, 3, 5), (9, 4, 6), None),
        ((3, 5), (4, 6), None),
    ],
)
def test_output_shape_is_what_is_said(layer, query_shape, value_shape, key_shape):
    key = None if key_shape is None else tf.zeros(key_shape)
    outputs = layer(tf.zeros(query_shape), tf.zeros(value_shape), key=key)
    said = layer.compute_output_shape(query_shape, value_shape, key_shape)
    assert tuple(tuple(output.shape) for output in outputs) == said


def test_symbolic_shapes_keep_what_is_unknown(layer):
    context, weights = layer(keras.Input((None, 5)), keras.Input((4, 6)))
    assert context.shape == (None, None, 6)
    assert weights.shape == (None, None, 4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_equals_eager_with_unknown_shapes(layer, query, value, jit_compile):
    layer.build(query.shape, value.shape)
    compiled = tf.function(
        lambda query, value, mask: layer(query, value, mask=mask),
        jit_compile=jit_compile,
        input_signature=[
            tf.TensorSpec([None, None, 5]),
            tf.TensorSpec([None, None, 6]),
            tf.TensorSpec([None, None, None], tf.bool),
        ],
    )
    arguments = [query, value, padding_mask(TOKENS)]
    for of_compiled, of_eager in zip(
        compiled(*arguments), layer(query, value, mask=arguments[2]), strict=True
    ):
        np.testing.assert_allclose(of_compiled, of_eager, atol=1e-6)


def test_mixed_precision(query, value):
    layer = BahdanauAttention(8, dtype="mixed_float16")
    context, weights = layer(query, value, mask=causal_mask(3, 4))
    assert context.dtype == weights.dtype == tf.float16
    assert layer.query_kernel.dtype == "float32"
    assert np.isfinite(context).all()


def test_learns_to_find_a_key():
    """With one-hot keys and queries, the layer can learn to look where the query points."""
    keras.utils.set_random_seed(1)
    points = np.random.default_rng(0).integers(0, 4, size=(60 * 64, 1))
    query = np.eye(4, dtype="float32")[points]
    value = np.tile(np.eye(4, dtype="float32"), (len(points), 1, 1))
    inputs = keras.Input((1, 4)), keras.Input((4, 4))
    model = keras.Model(inputs, BahdanauAttention(16)(*inputs)[0])
    model.compile(keras.optimizers.Adam(0.05), "mse", jit_compile=False)
    model.fit([query, value], query, batch_size=64, verbose=0)
    _, weights = model.layers[-1](query[:64], value[:64])
    assert (weights.numpy()[:, 0].argmax(axis=-1) == points[:64, 0]).all()


def test_keeps_nothing_of_a_call(layer, query, value):
    layer(query, value)
    before = set(vars(layer))
    layer(query, value, mask=causal_mask(3, 4))
    assert set(vars(layer)) == before
    assert not any(isinstance(kept, tf.Tensor) for kept in vars(layer).values())


# Luong's scores, and what the layers of one head share

SCORES = ["dot", "general", "concat"]
MAKERS = {
    "bahdanau": lambda **kwargs: BahdanauAttention(7, **kwargs),
    "dot": lambda **kwargs: LuongAttention("dot", **kwargs),
    "general": lambda **kwargs: LuongAttention("general", **kwargs),
    "concat": lambda **kwargs: LuongAttention("concat", units=7, **kwargs),
}
every_layer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def score_by_hand(layer, query, key):
    """One query with one key, as the paper writes it."""
    w = {weight.name: weight.numpy() for weight in layer.weights}
    if layer.score == "dot":
        return query @ key
    if layer.score == "general":
        return query @ w["kernel"] @ key
    both = np.concatenate([w["query_kernel"], w["key_kernel"]])  # W, for [s; h]
    return w["score_kernel"] @ np.tanh(np.concatenate([query, key]) @ both)


@pytest.mark.parametrize("score", SCORES)
def test_luong_equals_the_formula_in_loops(score):
    keras.utils.set_random_seed(0)
    layer = LuongAttention(score)
    query, value, key = draw(2, 3, 5), draw(2, 4, 6), draw(2, 4, 5 if score == "dot" else 7)
    context, weights = layer(query, value, key=key, mask=padding_mask(TOKENS))
    for b in range(2):
        words = int((TOKENS[b] != 0).sum())
        for q in range(3):
            scores = [score_by_hand(layer, query[b, q], key[b, k]) for k in range(words)]
            expected = np.exp(scores) / np.exp(scores).sum()
            np.testing.assert_allclose(weights[b, q, :words], expected, atol=1e-6)
            np.testing.assert_array_equal(weights[b, q, words:], 0)
            np.testing.assert_allclose(context[b, q], expected @ value[b, :words], atol=1e-5)


def test_concat_is_the_score_of_bahdanau(query, value):
    keras.utils.set_random_seed(0)
    luong, bahdanau = LuongAttention("concat", units=8), BahdanauAttention(8)
    theirs = bahdanau(query, value)
    luong.build(query.shape, value.shape)
    luong.set_weights(bahdanau.get_weights())
    for our, their in zip(luong(query, value), theirs, strict=True):
        np.testing.assert_array_equal(our, their)


@pytest.mark.parametrize(
    ("score", "shapes"),
    [("dot", []), ("general", [(5, 6)]), ("concat", [(5, 5), (6, 5), (5,)])],
)
def test_the_weights_of_each_score(score, shapes):
    layer = LuongAttention(score)
    layer.build((None, None, 5), (None, None, 6))
    assert [tuple(weight.shape) for weight in layer.weights] == shapes


@pytest.mark.parametrize("score", SCORES)
def test_luong_is_composed_of_project_key_and_attend(score):
    layer = LuongAttention(score)
    query, value = draw(2, 3, 5), draw(2, 4, 5)
    whole, _ = layer(query, value)
    projected = layer.project_key(value)
    for step in range(3):
        context, _ = layer.attend(query[:, step : step + 1], projected, value)
        np.testing.assert_allclose(context[:, 0], whole[:, step], atol=1e-6)


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


def draw_masks(data, b, q, k):
    """Masks of positions in which each query has a key, at least the first, to attend to."""
    masks = {}
    if data.draw(st.booleans(), label="query_mask"):
        masks["query_mask"] = data.draw(random_mask(b, q))
    if data.draw(st.booleans(), label="value_mask"):
        masks["value_mask"] = data.draw(random_mask(b, k))
        masks["value_mask"][:, 0] = True
    return masks


def random_mask(*shape):
    seeds = st.integers(0, 2**16)
    return seeds.map(lambda seed: np.random.default_rng(seed).random(shape) < 0.6)


def ours_and_gradients(layer, query, value, key, **masks):
    with tf.GradientTape() as tape:
        inputs = [tf.constant(array) for array in (query, value, key)]
        tape.watch(inputs)
        context, weights = layer(inputs[0], inputs[1], key=inputs[2], **masks)
        loss = tf.reduce_sum(tf.sin(context))
    return context, weights, tape.gradient(loss, inputs)


def theirs_and_gradients(layer, query, value, key, query_mask=None, value_mask=None, **kwargs):
    with tf.GradientTape() as tape:
        inputs = [tf.constant(array) for array in (query, value, key)]
        tape.watch(inputs)
        masks = [None if m is None else tf.constant(m) for m in (query_mask, value_mask)]
        if value_mask is not None and not kwargs["use_causal_mask"]:
            # Keras before 3.12 adds the axis of the queries only to join it with a causal mask.
            masks[1] = masks[1][:, None]
        context, weights = layer(inputs, mask=masks, return_attention_scores=True, **kwargs)
        loss = tf.reduce_sum(tf.sin(context))
    return context, weights, tape.gradient(loss, inputs)


OF_KERAS = {
    "additive": (lambda d: BahdanauAttention(d, dtype="float64"), keras.layers.AdditiveAttention),
    "additive without v": (
        lambda d: BahdanauAttention(d, dtype="float64"),
        lambda **kwargs: keras.layers.AdditiveAttention(use_scale=False, **kwargs),
    ),
    "dot": (lambda d: LuongAttention(dtype="float64"), keras.layers.Attention),
    "scaled dot": (
        lambda d: LuongAttention("general", dtype="float64"),
        lambda **kwargs: keras.layers.Attention(use_scale=True, **kwargs),
    ),
    "concat": (
        lambda d: LuongAttention("concat", dtype="float64"),
        lambda **kwargs: keras.layers.Attention(True, "concat", **kwargs),
    ),
}


@pytest.mark.parametrize(("make", "make_theirs"), OF_KERAS.values(), ids=OF_KERAS.keys())
@settings(max_examples=8, derandomize=True, deadline=None)
@given(data=st.data())
def test_equals_keras_values_and_gradients_under_every_mask(make, make_theirs, data):
    b, q, k, d, v = (data.draw(st.integers(1, 5)) for _ in range(5))
    query, value, key = (
        draw(*shape).astype("float64") for shape in [(b, q, d), (b, k, v), (b, k, d)]
    )
    theirs, ours = make_theirs(dtype="float64"), make(d)
    theirs.build([query.shape, value.shape, key.shape])
    for i, weight in enumerate(theirs.weights):
        weight.assign(0.3 + draw(*weight.shape, seed=i + 1))
    ours.build(query.shape, value.shape, key.shape)
    copy_from_keras(ours, theirs)
    masks = draw_masks(data, b, q, k) | {"use_causal_mask": data.draw(st.booleans())}
    context, weights, gradients = ours_and_gradients(ours, query, value, key, **masks)
    expected = theirs_and_gradients(theirs, query, value, key, **masks)
    np.testing.assert_allclose(context, expected[0], atol=1e-10)
    # Keras leaves weights in the rows that it sets to zero in the context.
    asked = masks.get("query_mask", np.ones((b, q), bool))
    np.testing.assert_allclose(weights.numpy()[asked], expected[1].numpy()[asked], atol=1e-10)
    assert not weights.numpy()[~asked].any()
    for gradient, their in zip(gradients, expected[2], strict=True):
        np.testing.assert_allclose(gradient, their, atol=1e-10)


def test_copies_to_keras_and_back(query, value):
    ours, theirs = BahdanauAttention(6), keras.layers.AdditiveAttention()
    context, _ = ours(query, value)
    theirs.build([(2, 3, 6), (2, 4, 6), (2, 4, 6)])
    copy_to_keras(ours, theirs)
    again = theirs([query @ ours.query_kernel.numpy(), value, ours.project_key(value)])
    np.testing.assert_allclose(again, context, atol=1e-6)
    back = BahdanauAttention(6)
    back.build((2, 3, 6), (2, 4, 6))
    copy_from_keras(back, theirs)
    np.testing.assert_array_equal(back.score_kernel, ours.score_kernel)
    np.testing.assert_array_equal(back.query_kernel, np.eye(6))
    np.testing.assert_array_equal(back.key_kernel, np.eye(6))


# Masks: explicit, and those that tensors carry


def embedded(depth=5):
    keras.utils.set_random_seed(1)
    return keras.layers.Embedding(10, depth, mask_zero=True)(TOKENS)


@every_layer
def test_a_mask_that_keras_lets_the_values_carry_is_obeyed(make):
    layer, query, value = make(), draw(2, 3, 5), embedded()
    context, weights = layer(query, value)
    assert not weights[1, :, 2:].numpy().any()
    expected = layer(query, value.numpy(), mask=padding_mask(TOKENS))
    for our, their in zip((context, weights), expected, strict=True):
        np.testing.assert_array_equal(our, their)
    np.testing.assert_array_equal(layer(query, value.numpy(), key=value)[1], weights)
    np.testing.assert_array_equal(layer(query, value.numpy(), value_mask=TOKENS != 0)[1], weights)


@every_layer
def test_an_explicit_mask_is_added_to_the_one_that_is_carried(make):
    layer, query, value = make(), draw(2, 4, 5), embedded()
    _, weights = layer(query, value, mask=causal_mask(4))
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


# Dropout


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


def test_the_seed_of_the_dropout_decides_what_is_dropped(query, value):
    contexts = []
    for _ in range(2):
        layer = LuongAttention("dot", dropout=0.5, seed=3)
        contexts.append(layer(query, value[..., :5], training=True)[0])
    np.testing.assert_array_equal(*contexts)


# Configuration


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


def test_an_older_configuration_is_read():
    layer = BahdanauAttention.from_config({"units": 8, "kernel_initializer": "zeros"})
    assert (layer.units, layer.dropout, layer.activity_regularizer) == (8, 0.0, None)


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


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(score="cosine"), 'score: expected "dot", "general" or "concat", got \'cosine\''),
        (dict(score="concat", units=0), "units: expected a positive integer, got 0"),
        (dict(score="dot", units=4), 'units: expected None, for the score "dot" has none, got 4'),
        (dict(dropout=1.0), "dropout: expected a number from 0 to below 1, got 1.0"),
        (dict(dropout=-0.1), "dropout: expected a number"),
        (dict(dropout=float("nan")), "dropout: expected a number"),
        (dict(dropout="0.1"), "dropout: expected a number"),
    ],
)
def test_bad_arguments_of_luong_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        LuongAttention(**arguments)


def test_dot_needs_keys_of_the_depth_of_the_query(query, value):
    with pytest.raises(ValueError, match="key: expected .* d = 5 as in query"):
        LuongAttention("dot")(query, value)


@every_layer
@pytest.mark.parametrize("method", ["project_key", "attend"])
def test_a_layer_without_weights_says_how_it_gets_them(make, method):
    arguments = {"project_key": [draw(2, 4, 6)], "attend": [draw(2, 3, 6)] + [draw(2, 4, 6)] * 2}
    with pytest.raises(ValueError, match=r"expected a layer that has its weights; call it once"):
        getattr(make(), method)(*arguments[method])


BAD_COPIES = {
    "another pair": (
        lambda: (BahdanauAttention(4), keras.layers.Attention()),
        (TypeError, "keras_layer: expected keras.layers.AdditiveAttention, got"),
    ),
    "not a layer of ours": (
        lambda: (keras.layers.AdditiveAttention(), keras.layers.AdditiveAttention()),
        (TypeError, "layer: expected one of MultiHeadAttention, BahdanauAttention"),
    ),
    "not built": (
        lambda: (BahdanauAttention(4), keras.layers.AdditiveAttention()),
        (ValueError, "layer: expected a layer that has its weights"),
    ),
}


@pytest.mark.parametrize("copy", [copy_from_keras, copy_to_keras])
@pytest.mark.parametrize(("make", "error"), BAD_COPIES.values(), ids=BAD_COPIES.keys())
def test_a_bad_copy_is_named(copy, make, error):
    with pytest.raises(error[0], match=error[1]):
        copy(*make())


def built(layer, *shapes):
    layer.build(*shapes)
    return layer


def test_a_copy_that_does_not_fit_changes_nothing():
    shapes = (1, 2, 6), (1, 3, 6)
    ours = built(BahdanauAttention(4), *shapes)
    theirs = built(keras.layers.AdditiveAttention(), list(shapes))
    before = ours.get_weights()
    with pytest.raises(ValueError, match=r"query_kernel: expected shape \(6, 4\), got \(4, 4\)"):
        copy_from_keras(ours, theirs)
    for kept, was in zip(ours.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, was)
    with pytest.raises(ValueError, match=r"scale: expected shape \(6,\), got \(4,\)"):
        copy_to_keras(ours, theirs)


def test_a_copy_needs_the_score_and_the_place_that_keras_has():
    shapes = (1, 2, 6), (1, 3, 6)
    scaled = built(keras.layers.Attention(use_scale=True), list(shapes))
    with pytest.raises(ValueError, match='layer: expected the score "general", for Attention'):
        copy_from_keras(built(LuongAttention("dot"), *shapes), scaled)
    with pytest.raises(TypeError, match="Keras' Attention has no place"):
        copy_to_keras(built(LuongAttention("general"), *shapes), scaled)
    without = built(keras.layers.AdditiveAttention(use_scale=False), list(shapes))
    with pytest.raises(ValueError, match="keras_layer: expected use_scale=True"):
        copy_to_keras(built(BahdanauAttention(6), *shapes), without)


@pytest.mark.parametrize("units", [0, -3, 2.5, "8", None, True])
def test_units_must_be_a_positive_integer(units):
    with pytest.raises(ValueError, match="units: expected a positive integer, got"):
        BahdanauAttention(units)


BAD_CALLS = {
    "another query depth": (
        dict(query=draw(2, 3, 4)),
        r"query: expected \(..., q, n\) with n = 5 as in query_kernel, got shape \(2, 3, 4\)",
    ),
    "another key depth": (dict(key=draw(2, 4, 5)), r"key: .* m = 6 as in key_kernel"),
    "fewer keys than values": (
        dict(key=draw(2, 3, 6)),
        r"key: expected a position for each of the value's",
    ),
    "integer mask": (dict(mask=TOKENS[:, None]), "mask: expected dtype bool"),
    "mask of the keys alone": (dict(mask=TOKENS != 0), r"mask: .*\(2, 3, 4\), got \(2, 4\)"),
    "query without an axis for the positions": (
        dict(query=draw(5)),
        r"query: expected two or more axes, got shape \(5,\)",
    ),
    "another batch": (
        dict(value=draw(3, 4, 6)),
        r"value: expected leading axes that broadcast with those of query, \(2,\), got \(3,\)",
    ),
    "integer query": (dict(query=TOKENS[..., None]), "query: .*got int32"),
    "mask of the values for a query": (
        dict(query_mask=TOKENS != 0),
        r"query_mask: expected \(2, 3\), the shape of query less its last axis, got \(2, 4\)",
    ),
    "mask of the scores for the values": (
        dict(value_mask=np.ones((2, 3, 4), bool)),
        r"value_mask: expected \(2, 4\), .* got \(2, 3, 4\)",
    ),
    "floating mask of the values": (
        dict(value_mask=np.ones((2, 4), "float32")),
        "value_mask: expected dtype bool .*, got float32",
    ),
    "mask of another key": (
        dict(key=draw(2, 4, 6), key_mask=np.ones((2, 5), bool)),
        r"key_mask: expected \(2, 4\), the shape of key",
    ),
}


@pytest.mark.parametrize(("changed", "message"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_input_is_named(layer, query, value, changed, message):
    layer(query, value)
    arguments = {"query": query, "value": value, **changed}
    with pytest.raises(ValueError, match=message):
        layer(arguments.pop("query"), arguments.pop("value"), **arguments)


def test_an_unknown_depth_cannot_be_projected(layer):
    with pytest.raises(ValueError, match="query: expected a last axis of known size"):
        layer.build((None, None, None), (None, None, 6))
