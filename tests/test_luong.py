"""LuongAttention: the three scores of the paper, with their weights, as a layer of Keras."""

import keras
import numpy as np
import pytest

from attention_helpers.layers import BahdanauAttention, LuongAttention
from attention_helpers.masks import padding_mask

TOKENS = np.array([[7, 8, 9, 4], [7, 8, 0, 0]], "int32")


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


@pytest.fixture
def query():
    return draw(2, 3, 5)


@pytest.fixture
def value():
    return draw(2, 4, 6)


SCORES = ["dot", "general", "concat"]


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
    context, weights = layer(query, value, key=key, attention_mask=padding_mask(TOKENS))
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(score="cosine"), "score: expected one of 'dot', 'general', 'concat', got 'cosine'"),
        (dict(score="concat", units=0), "units: expected a positive integer, got 0"),
        (dict(score="dot", units=4), 'units: expected None, for the score "dot" has none, got 4'),
        (dict(dropout=1.0), "dropout: expected a finite number, 0 or more, below 1, got 1.0"),
        (dict(dropout=-0.1), "dropout: expected a finite number"),
        (dict(dropout=float("nan")), "dropout: expected a finite number"),
        (dict(dropout="0.1"), "dropout: expected a finite number"),
    ],
)
def test_bad_arguments_of_luong_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        LuongAttention(**arguments)


def test_dot_needs_keys_of_the_depth_of_the_query(query, value):
    with pytest.raises(ValueError, match="value: expected .* d = 5 as in query"):
        LuongAttention("dot")(query, value)
