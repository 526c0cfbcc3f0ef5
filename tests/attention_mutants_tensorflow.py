"""Bugs that are TensorFlow's and Keras' own: each a right attention with one thing wrong."""

import keras
import numpy as np
import tensorflow as tf
from attention_mutants import Mutant, register

MUTANTS: list[Mutant] = []
_wrong = register(MUTANTS)


def wrong(caught_by, **options):
    return _wrong(caught_by, framework="tensorflow", **options)


def scaled(query, key):
    return tf.matmul(query, key, transpose_b=True) / tf.cast(key.shape[-1], key.dtype) ** 0.5


def masked_softmax(scores, mask):
    if mask is None:
        return tf.nn.softmax(scores)
    return tf.where(mask, tf.nn.softmax(tf.where(mask, scores, scores.dtype.min)), 0.0)


def attention(query, key, value, mask):
    """The right one."""
    weights = masked_softmax(scaled(query, key), mask)
    return weights @ value, weights


@wrong("polarity", museum=True)
def a_mask_of_ones_for_padding(query, key, value, mask):
    """A mask from a tutorial in which 1 is padding: tensorflow/text#894."""
    scores = scaled(query, key)
    if mask is not None:
        scores += tf.cast(mask, scores.dtype) * -1e9
    weights = tf.nn.softmax(scores)
    return weights @ value, weights


@wrong("mask_used", museum=True)
def a_mask_that_keras_does_not_pass_on(query, key, value, mask):
    """keras-team/keras-io#1046: a layer between drops `_keras_mask`."""
    value = keras.layers.Identity()(value)
    return keras.layers.Attention()([query / 2.0, value, key], return_attention_scores=True)


@wrong("softmax_over_keys")
def softmax_over_axis_one(query, key, value, mask):
    weights = tf.nn.softmax(scaled(query, key), axis=1)
    return weights @ value, weights


@wrong("formula", museum=True)
def reshape_for_transpose(query, key, value, mask):
    """bentrevett/pytorch-seq2seq#148."""
    turned = tf.reshape(key, [key.shape[0], key.shape[2], key.shape[1]])
    weights = masked_softmax(query @ turned / tf.cast(key.shape[-1], key.dtype) ** 0.5, mask)
    return weights @ value, weights


@wrong("weights_ignore_values", value_depth=4)
def keys_and_values_in_the_other_order(query, key, value, mask):
    """Keras' order is query, value, key."""
    return keras.layers.Attention()([query / 2.0, key, value], return_attention_scores=True)


@wrong("padding_invariance", masks="keys")
def lengths_that_are_one_too_long(query, key, value, mask):
    if mask is not None:
        lengths = tf.reduce_sum(tf.cast(mask[:, 0], tf.int32), -1)
        mask = tf.sequence_mask(lengths + 1, key.shape[1])[:, None]
    return attention(query, key, value, mask)


@wrong("nothing_from_the_future", causal=True)
def the_other_triangle(query, key, value, mask):
    future = tf.linalg.band_part(tf.ones((query.shape[1], key.shape[1])), 0, -1) > 0
    return attention(query, key, value, future if mask is None else mask & future)


@wrong("same_twice")
def dropout_in_training_mode(query, key, value, mask):
    _, weights = attention(query, key, value, mask)
    weights = keras.layers.Dropout(0.1)(weights, training=True)
    return weights @ value, weights


@wrong("every_key_counts", museum=True, kind=None, projected=True, weights="none", masks="none")
def heads_by_reshape(query, key, value, mask):
    """bentrevett/pytorch-seq2seq#83: (b, q, 2·d) is read as (b, 2, q, d), and each head sees half the words."""
    value = tf.pad(value, [(0, 0), (0, 0), (0, 1)])
    split = (tf.reshape(x, [x.shape[0], 2, x.shape[1], 2]) for x in (query, key, value))
    context, _ = attention(*split, None)
    return tf.reshape(context, query.shape)


@wrong("smaller_batch", museum=True, fresh=True)
def the_first_batch_s_size():
    """NVIDIA-NeMo/Megatron-Bridge#3117: a size is a Python number from the first call on."""
    sizes = {}

    def remembering(query, key, value, mask):
        context, weights = attention(query, key, value, mask)
        batch = sizes.setdefault((*query.shape[1:], key.shape[1]), query.shape[0])
        return tf.reshape(context, [batch, *context.shape[1:]]), weights

    return remembering


@wrong("finite_gradients", museum=True)
def nan_of_the_branch_not_taken(query, key, value, mask):
    """`where` gives 0 · inf backwards."""
    scores = scaled(query, key)
    if mask is not None:
        scores = tf.where(mask, scores / tf.cast(mask, scores.dtype), -1e9)
    weights = masked_softmax(scores, mask)
    return weights @ value, weights


@wrong("gradients_of_an_empty_row", museum=True)
def nan_set_to_zero_afterwards(query, key, value, mask):
    """huggingface/transformers#17306: the forward pass looks right."""
    if mask is None:
        return attention(query, key, value, mask)
    weights = tf.nn.softmax(scaled(query, key) + tf.where(mask, 0.0, -np.inf))
    weights = tf.where(tf.math.is_nan(weights), 0.0, weights)
    return weights @ value, weights


@wrong("no_gradient_to_masked")
def a_residual_of_all_the_values(query, key, value, mask):
    context, weights = attention(query, key, value, mask)
    return context + 0.1 * tf.reduce_mean(value, axis=1, keepdims=True), weights


@wrong("gradients_reach_all")
def weights_without_a_gradient(query, key, value, mask):
    _, weights = attention(query, key, value, mask)
    weights = tf.stop_gradient(weights)
    return weights @ value, weights


@tf.custom_gradient
def softmax_with_half_a_gradient(scores):
    weights = tf.nn.softmax(scores)
    return weights, lambda upstream: weights * upstream  # right: less the weighted mean


@wrong("gradients_are_derivatives")
def a_gradient_by_hand(query, key, value, mask):
    scores = scaled(query, key)
    if mask is not None:
        scores = tf.where(mask, scores, -1e9)
    weights = softmax_with_half_a_gradient(scores)
    return weights @ value, weights
