"""BahdanauAttention: the formula of the paper, with its weights, as a layer of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.layers import BahdanauAttention
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
    ours = layer(query, value, key=key, attention_mask=mask)
    theirs = by_numpy(
        layer, query, value, value if key is None else key, True if mask is None else mask.numpy()
    )
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, atol=1e-6)


def test_equals_keras_additive_attention_on_the_projected_inputs(layer, query, value):
    ours = layer(query, value, attention_mask=padding_mask(TOKENS))
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
    whole = layer(query, value, attention_mask=mask)
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
    context, weights = layer(query, value, attention_mask=padding_mask(TOKENS))
    alone_context, alone_weights = layer(query[1:], value[1:, :2])
    np.testing.assert_allclose(context[1:], alone_context, atol=1e-6)
    np.testing.assert_allclose(weights[1:, :, :2], alone_weights, atol=1e-6)


def test_every_weight_learns_also_with_a_row_that_attends_to_nothing(layer, query, value):
    mask = np.ones((2, 3, 4), bool)
    mask[0, 1] = False
    with tf.GradientTape() as tape:
        context, _ = layer(query, value, attention_mask=mask)
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
    model = keras.Model(inputs, layer(q, v, key=k, attention_mask=m))
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
        ((2, 9, 3, 5), (1, 9, 4, 6), None),
        ((3, 5), (4, 6), None),
    ],
)
def test_symbolic_shapes_are_the_real_ones(layer, query_shape, value_shape, key_shape):
    shapes = {"query": query_shape, "value": value_shape, "key": key_shape}
    shapes = {name: shape for name, shape in shapes.items() if shape is not None}
    real = layer(**{name: tf.zeros(shape) for name, shape in shapes.items()})
    said = layer(**{name: keras.KerasTensor(shape) for name, shape in shapes.items()})
    assert [tuple(each.shape) for each in real] == [each.shape for each in said]


def test_symbolic_shapes_keep_what_is_unknown(layer):
    context, weights = layer(keras.Input((None, 5)), keras.Input((4, 6)))
    assert context.shape == (None, None, 6)
    assert weights.shape == (None, None, 4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_equals_eager_with_unknown_shapes(layer, query, value, jit_compile):
    layer.build(query.shape, value.shape)
    compiled = tf.function(
        lambda query, value, mask: layer(query, value, attention_mask=mask),
        jit_compile=jit_compile,
        input_signature=[
            tf.TensorSpec([None, None, 5]),
            tf.TensorSpec([None, None, 6]),
            tf.TensorSpec([None, None, None], tf.bool),
        ],
    )
    arguments = [query, value, padding_mask(TOKENS)]
    for of_compiled, of_eager in zip(
        compiled(*arguments), layer(query, value, attention_mask=arguments[2]), strict=True
    ):
        np.testing.assert_allclose(of_compiled, of_eager, atol=1e-6)


def test_mixed_precision(query, value):
    layer = BahdanauAttention(8, dtype="mixed_float16")
    context, weights = layer(query, value, attention_mask=causal_mask(3, 4))
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
    layer(query, value, attention_mask=causal_mask(3, 4))
    assert set(vars(layer)) == before
    assert not any(isinstance(kept, tf.Tensor) for kept in vars(layer).values())


def test_an_older_configuration_is_read():
    layer = BahdanauAttention.from_config({"units": 8, "kernel_initializer": "zeros"})
    assert (layer.units, layer.dropout, layer.activity_regularizer) == (8, 0.0, None)


@pytest.mark.parametrize("units", [0, -3, 2.5, "8", None, True])
def test_units_must_be_a_positive_integer(units):
    with pytest.raises((TypeError, ValueError), match="units: expected a positive integer, got"):
        BahdanauAttention(units)


BAD_CALLS = {
    "another query depth": (
        dict(query=draw(2, 3, 4)),
        r"query: expected \(..., q, n\) with n = 5 as in query_kernel, got shape \(2, 3, 4\)",
    ),
    "another key depth": (dict(key=draw(2, 4, 5)), r"key: .* m = 6 as in key_kernel"),
    "fewer keys than values": (
        dict(key=draw(2, 3, 6)),
        r"value: expected \(..., k, v\) with k = 3 as in key, got shape \(2, 4, 6\)",
    ),
    "integer mask": (dict(attention_mask=TOKENS[:, None]), "attention_mask: expected dtype bool"),
    "mask of the keys alone": (
        dict(attention_mask=TOKENS != 0),
        r"attention_mask: .*\(2, 3, 4\), got \(2, 4\)",
    ),
    "query without an axis for the positions": (
        dict(query=draw(5)),
        r"query: expected \(..., q, n\), got shape \(5,\)",
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
