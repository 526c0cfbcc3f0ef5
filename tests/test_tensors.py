"""attention_helpers._tensors: what wrong tensors are told, by the functions that check with it."""

import re

import numpy as np
import pytest
import tensorflow as tf

from attention_helpers._tensors import tensors, widen
from attention_helpers.functional import (
    additive_attention,
    additive_scores,
    attention,
    dot_product_scores,
    general_scores,
    masked_softmax,
    scaled_dot_product_attention,
)

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
        "kernel: expected (n, m) with n = 5 as in query, got shape (4, 5)",
    ),
    "general: kernel of other keys": (
        lambda: general_scores(Q, K, np.zeros((5, 4), "float32")),
        "kernel: expected (n, m) with m = 5 as in key, got shape (5, 4)",
    ),
    "general: kernel is a vector": (lambda: general_scores(Q, K, W), "kernel: …(n, m), …(5,)"),
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
        lambda: scaled_dot_product_attention(Q, K, V, scale=1e39),
        "scale: expected a finite number, got 1e+39",
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


def test_a_shape_that_passed_does_not_excuse_another():
    """Verdicts are kept: for these dtypes, shapes and names, and no others."""
    for _ in range(2):
        tensors("...qd,...kd", query=Q, key=K)
        with pytest.raises(ValueError, match="key: .*d = 5 as in query"):
            tensors("...qd,...kd", query=Q, key=V)
        with pytest.raises(ValueError, match="other: .*d = 5 as in first"):
            tensors("...qd,...kd", first=Q, other=V)
        with pytest.raises(ValueError, match="key: expected dtype float32"):
            tensors("...qd,...kd", query=Q, key=K.astype("float64"))


def test_scores_of_16_bits_may_be_float32_but_no_other_array():
    value = V.astype("float16")
    scores = np.zeros((2, 3, 4), "float32")
    assert attention(scores, value)[0].dtype == tf.float16
    for wrong in (scores.astype("float64"), scores.astype("int32")):
        with pytest.raises(ValueError, match="value: expected dtype|scores: expected a floating"):
            attention(wrong, value)
    with pytest.raises(ValueError, match="key: expected dtype float32 as in query, got float16"):
        dot_product_scores(Q, K.astype("float16"))


def test_widening_to_many_axes_starts_from_any_number():
    array = np.arange(60.0).reshape(3, 1, 5, 4)
    wide = widen(tf.constant(array), tf.constant([2, 1, 2, 3, 6]), own=2)
    np.testing.assert_array_equal(wide, np.broadcast_to(array, (2, 1, 2, 3, 6, 5, 4)))
