"""The layers of one head compute what Keras' `AdditiveAttention` and `Attention` compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_helpers.layers import BahdanauAttention, LuongAttention


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


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


# Keras' layer, ours, and the weights with which ours computes what Keras' does from those of Keras'.
OF_KERAS = {
    "additive": (
        keras.layers.AdditiveAttention,
        lambda d: BahdanauAttention(d, dtype="float64"),
        lambda d, v: [np.eye(d), np.eye(d), v],
    ),
    "additive without v": (
        lambda **kwargs: keras.layers.AdditiveAttention(use_scale=False, **kwargs),
        lambda d: BahdanauAttention(d, dtype="float64"),
        lambda d: [np.eye(d), np.eye(d), np.ones(d)],
    ),
    "dot": (keras.layers.Attention, lambda d: LuongAttention(dtype="float64"), lambda d: []),
    "scaled dot": (
        lambda **kwargs: keras.layers.Attention(use_scale=True, **kwargs),
        lambda d: LuongAttention("general", dtype="float64"),
        lambda d, scale: [float(scale) * np.eye(d)],
    ),
    "concat": (
        lambda **kwargs: keras.layers.Attention(True, "concat", **kwargs),
        lambda d: LuongAttention("concat", dtype="float64"),
        lambda d, *scales: concat_weights(d, *scales),
    ),
}


def concat_weights(d, scale, score_weight):
    """Keras scales [query; key] by one number, and has one weight for all units of the tanh."""
    kernel = float(scale) * np.eye(d)
    return [kernel, kernel, np.full(d, float(score_weight))]


@pytest.mark.parametrize(
    ("make_theirs", "make", "weights_of"), OF_KERAS.values(), ids=OF_KERAS.keys()
)
@settings(max_examples=8, derandomize=True, deadline=None)
@given(data=st.data())
def test_equals_keras_values_and_gradients_under_every_mask(make_theirs, make, weights_of, data):
    b, q, k, d, v = (data.draw(st.integers(1, 5)) for _ in range(5))
    query, value, key = (
        draw(*shape).astype("float64") for shape in [(b, q, d), (b, k, v), (b, k, d)]
    )
    theirs, ours = make_theirs(dtype="float64"), make(d)
    theirs.build([query.shape, value.shape, key.shape])
    for i, weight in enumerate(theirs.weights):
        weight.assign(0.3 + draw(*weight.shape, seed=i + 1))
    ours.build(query.shape, value.shape, key.shape)
    by_name = {weight.name: weight.numpy() for weight in theirs.weights}
    names = [name for name in ("scale", "concat_score_weight") if name in by_name]
    ours.set_weights(weights_of(d, *(by_name[name] for name in names)))
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
