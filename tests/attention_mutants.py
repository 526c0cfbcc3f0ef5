"""A right attention in NumPy, and its bugs: each in a few lines, with the property that catches it.

Read `attention` first. Each function below is that one with one thing wrong; `@wrong` names the
property of `check_attention` that must fail, and what is declared of it. Those marked `museum=True`
were seen in public threads (the chapter "Bug museum" has them).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Mutant(NamedTuple):
    name: str
    attention: Callable
    caught_by: str
    museum: bool
    options: dict


def register(mutants):
    """A decorator that puts a wrong attention into this list."""

    def wrong(caught_by, *, museum=False, fresh=False, **options):
        def put(function):
            made = function() if fresh else function
            mutants.append(Mutant(function.__name__, made, caught_by, museum, options))
            return function

        return put

    return wrong


RANDOM = np.random.default_rng(0)
MUTANTS: list[Mutant] = []
wrong = register(MUTANTS)


# The right one, and its parts


def attention(query, key, value, mask):
    """softmax(q kᵀ / √d) v, where the mask is True; zeros where it is True nowhere."""
    weights = masked_softmax(scaled(query, key), mask)
    return weights @ value, weights


def dot(query, key):
    return query @ key.swapaxes(-1, -2)


def scaled(query, key):
    return dot(query * np.asarray(key.shape[-1] ** -0.5, query.dtype), key)


def softmax(scores, axis=-1):
    weights = np.exp(scores - scores.max(axis, keepdims=True))
    return weights / weights.sum(axis, keepdims=True)


def masked_softmax(scores, mask):
    if mask is None:
        return softmax(scores)
    weights = softmax(np.where(mask, scores, np.finfo(scores.dtype).min))
    return np.where(mask, weights, np.zeros((), weights.dtype))


# The scores


@wrong("scale", museum=True)
def scaled_by_the_depth_of_the_values(query, key, value, mask):
    """karpathy/ng-video-lecture#6 divides by the root of the model's depth."""
    weights = masked_softmax(dot(query, key) / np.sqrt(np.float32(value.shape[-1])), mask)
    return weights @ value, weights


@wrong("scale", museum=True)
def scaled_by_the_depth_of_the_model(query, key, value, mask):
    """The root of all the heads' depths together, here of two heads."""
    weights = masked_softmax(dot(query, key) / np.sqrt(np.float32(2 * key.shape[-1])), mask)
    return weights @ value, weights


@wrong("scale")
def scaled_by_the_number_of_keys(query, key, value, mask):
    weights = masked_softmax(dot(query, key) / np.sqrt(np.float32(key.shape[-2])), mask)
    return weights @ value, weights


@wrong("scale")
def not_scaled(query, key, value, mask):
    weights = masked_softmax(dot(query, key), mask)
    return weights @ value, weights


@wrong("scale")
def scaled_without_the_root(query, key, value, mask):
    weights = masked_softmax(dot(query, key) / np.float32(key.shape[-1]), mask)
    return weights @ value, weights


@wrong("scale")
def multiplied_by_the_root(query, key, value, mask):
    weights = masked_softmax(dot(query, key) * np.sqrt(np.float32(key.shape[-1])), mask)
    return weights @ value, weights


@wrong("scale", kind="dot_product")
def scaled_though_it_is_the_dot_product(query, key, value, mask):
    return attention(query, key, value, mask)


@wrong("formula", kind="additive")
def additive_without_tanh(query, key, value, mask):
    """AuCson/PyTorch-Batch-Attention-Seq2seq#3: it sticks to one word."""
    scores = (query[..., :, None, :] + key[..., None, :, :]).sum(-1)
    weights = masked_softmax(scores, mask)
    return weights @ value, weights


@wrong("formula")
def softmax_twice(query, key, value, mask):
    weights = masked_softmax(masked_softmax(scaled(query, key), mask), mask)
    return weights @ value, weights


def rotated(x, pairs):
    """RoFormer's rotation: `pairs` gives, of the last axis, the first and the second of each pair."""
    first, second = pairs(x)
    depth = first.shape[-1]
    angles = np.arange(x.shape[-2])[:, None] / 100 ** (np.arange(depth) / depth)
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


def halves(x):
    return x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]


def neighbours(x):
    return x[..., ::2], x[..., 1::2]


def rotary_scores(query, key):
    return dot(rotated(query, halves), rotated(key, halves)) / np.sqrt(key.shape[-1])


@wrong("formula", museum=True, kind=rotary_scores, positions=True)
def sine_and_cosine_in_another_layout(query, key, value, mask):
    """tensorflow/text#1122, tensor2tensor#1925: interleaved or in halves, which weights must fit."""
    scores = dot(rotated(query, neighbours), rotated(key, neighbours)) / np.sqrt(key.shape[-1])
    weights = masked_softmax(scores, mask).astype(value.dtype)
    return weights @ value, weights


# The softmax


@wrong("softmax_over_keys")
def softmax_over_the_queries(query, key, value, mask):
    scores = scaled(query, key)
    weights = softmax(scores, axis=-2)
    weights = weights if mask is None else np.where(mask, weights, np.float32(0))
    return weights @ value, weights


@wrong("softmax_over_keys")
def softmax_over_the_sentences(query, key, value, mask):
    scores = scaled(query, key)
    weights = softmax(scores, axis=0)
    weights = weights if mask is None else np.where(mask, weights, np.float32(0))
    return weights @ value, weights


@wrong("rows_sum_to_one")
def a_sigmoid_for_a_softmax(query, key, value, mask):
    weights = 1 / (1 + np.exp(-scaled(query, key)))
    weights = weights if mask is None else np.where(mask, weights, np.float32(0))
    return weights @ value, weights


@wrong("rows_sum_to_one")
def one_more_in_the_denominator(query, key, value, mask):
    exps = np.exp(scaled(query, key))
    exps = exps if mask is None else np.where(mask, exps, np.float32(0))
    weights = exps / (1 + exps.sum(-1, keepdims=True))
    return weights @ value, weights


@wrong("weights_not_negative")
def scores_divided_by_their_sum(query, key, value, mask):
    scores = scaled(query, key)
    weights = scores / scores.sum(-1, keepdims=True)
    return weights @ value, weights


@wrong("shift_of_scores")
def absolute_scores_divided_by_their_sum(query, key, value, mask):
    scores = abs(scaled(query, key))
    weights = scores / scores.sum(-1, keepdims=True)
    return weights @ value, weights


@wrong("scores_of_plus_1e4", museum=True)
def exp_overflows(query, key, value, mask):
    """nyu-dl/dl4mt-tutorial#31: no maximum is subtracted."""
    exps = np.exp(scaled(query, key))
    exps = exps if mask is None else np.where(mask, exps, np.float32(0))
    weights = exps / exps.sum(-1, keepdims=True)
    return weights @ value, weights


@wrong("scores_of_minus_1e4")
def exp_underflows(query, key, value, mask):
    """A small number in the denominator hides 0 / 0, and scores are cut at 80."""
    exps = np.exp(np.minimum(scaled(query, key), 80))
    exps = exps if mask is None else np.where(mask, exps, np.float32(0))
    weights = exps / (exps.sum(-1, keepdims=True) + np.float32(1e-9))
    return weights @ value, weights


@wrong("rows_of_unlike_scores")
def the_maximum_of_the_whole_batch(query, key, value, mask):
    scores = scaled(query, key)
    exps = np.exp(scores - scores.max())
    exps = exps if mask is None else np.where(mask, exps, np.float32(0))
    weights = exps / exps.sum(-1, keepdims=True)
    return weights @ value, weights


# What is returned


@wrong("weights_not_scores", museum=True)
def scores_called_weights(query, key, value, mask):
    """rasbt/LLMs-from-scratch#280."""
    scores = scaled(query, key)
    return masked_softmax(scores, mask) @ value, scores


@wrong("weights_not_scores")
def logarithms_called_weights(query, key, value, mask):
    context, weights = attention(query, key, value, mask)
    return context, np.log(np.maximum(weights, np.float32(1e-30)))


@wrong("context_of_weights", museum=True)
def a_heat_map_without_its_mask(query, key, value, mask):
    """harvardnlp/annotated-transformer#54: what is drawn is not what was used."""
    context, _ = attention(query, key, value, mask)
    return context, softmax(scaled(query, key))


@wrong("context_of_weights", museum=True)
def labels_shifted_by_one(query, key, value, mask):
    """spro/practical-pytorch#31: the weights stand at the next word."""
    context, weights = attention(query, key, value, mask)
    return context, np.roll(weights, 1, axis=-1)


@wrong("shapes")
def words_before_sentences(query, key, value, mask):
    context, weights = attention(query, key, value, mask)
    return context.swapaxes(0, 1), weights


@wrong("value_depth", value_depth=4)
def values_as_deep_as_queries(query, key, value, mask):
    context, weights = attention(query, key, value, mask)
    return np.resize(context, query.shape), weights


@wrong("one_key")
def scores_of_unit_variance(query, key, value, mask):
    scores = scaled(query, key)
    scores = (scores - scores.mean(-1, keepdims=True)) / scores.std(-1, keepdims=True)
    weights = masked_softmax(scores, mask)
    return weights @ value, weights


@wrong("many_keys")
def the_last_block_is_dropped(query, key, value, mask):
    whole = key.shape[-2] // 64 * 64 or key.shape[-2]
    key, value = key[..., :whole, :], value[..., :whole, :]
    weights = masked_softmax(scaled(query, key), None if mask is None else mask[..., :whole])
    return weights @ value, weights


@wrong("many_keys", weights="none", masks="none", heads=False)
def a_running_softmax_that_forgets_to_rescale(query, key, value, mask, block=64):
    largest = np.full((*query.shape[:-1], 1), -np.inf, query.dtype)
    total, context = np.zeros_like(largest), 0
    for start in range(0, key.shape[-2], block):
        scores = scaled(query, key[..., start : start + block, :])
        new = np.maximum(largest, scores.max(-1, keepdims=True))
        exps = np.exp(scores - new)
        total = total + exps.sum(-1, keepdims=True)  # right: total * exp(largest - new) + …
        context = context + exps @ value[..., start : start + block, :]
        largest = new
    return context / total


@wrong("input_unchanged")
def scales_its_query_in_place(query, key, value, mask):
    query /= np.float32(key.shape[-1] ** 0.5)
    weights = masked_softmax(dot(query, key), mask)
    return weights @ value, weights


@wrong("same_twice")
def dropout_in_inference(query, key, value, mask):
    _, weights = attention(query, key, value, mask)
    weights = weights * (RANDOM.random(weights.shape) < 0.9) / np.float32(0.9)
    weights = weights.astype(value.dtype)
    return weights @ value, weights


@wrong("dtype")
def float64_on_the_way(query, key, value, mask):
    weights = masked_softmax(dot(query, key) / np.sqrt(key.shape[-1]), mask)
    return weights @ value, weights


@wrong("float64", dtypes=("float64",))
def float32_on_the_way(query, key, value, mask):
    narrow = (array.astype("float32") for array in (query, key, value))
    context, weights = attention(*narrow, mask)
    return context.astype(value.dtype), weights.astype(value.dtype)


@wrong("float16", dtypes=("float16",))
def a_constant_that_no_float16_holds(query, key, value, mask):
    scores = scaled(query, key)
    if mask is not None:
        scores = scores + np.where(mask, 0, 1).astype(scores.dtype) * scores.dtype.type(-1e9)
    weights = softmax(scores)
    return weights @ value, weights


# Whether it looks


@wrong("looks_at_the_keys", museum=True)
def never_looks(query, key, value, mask):
    """pytorch/tutorials#87, #130: the weights are made from the decoder's side alone."""
    place = np.arange(key.shape[-2], dtype=query.dtype)
    weights = masked_softmax(query.sum(-1, keepdims=True) * place / 4, mask)
    return weights @ value, weights


@wrong("looks_at_the_queries", museum=True)
def the_same_for_every_query(query, key, value, mask):
    """spro/practical-pytorch#84: the weights are made from the encoder's side alone."""
    scores = np.repeat(key.sum(-1)[..., None, :], query.shape[-2], axis=-2)
    weights = masked_softmax(scores, mask)
    return weights @ value, weights


@wrong("looks_at_the_values", value_depth=4)
def returns_the_keys(query, key, value, mask):
    _, weights = attention(query, key, value, mask)
    return weights @ key, weights


@wrong("weights_ignore_values", value_depth=4)
def scores_of_the_values(query, key, value, mask):
    weights = masked_softmax(scaled(query, value), mask)
    return weights @ value, weights


@wrong("every_key_counts")
def the_first_key_is_left_out(query, key, value, mask):
    scores = scaled(query, key)
    if key.shape[-2] > 1:
        scores[..., 0] = -1e9
    weights = masked_softmax(scores, mask)
    return weights @ value, weights


@wrong("linear_in_values")
def a_relu_on_the_context(query, key, value, mask):
    context, weights = attention(query, key, value, mask)
    return np.maximum(context, 0), weights


@wrong("permutation_of_keys")
def values_of_the_next_key(query, key, value, mask):
    _, weights = attention(query, key, value, mask)
    return weights @ np.roll(value, 1, axis=-2), weights


@wrong("permutation_of_queries")
def answers_in_turned_order(query, key, value, mask):
    context, weights = attention(query, key, value, mask)
    return context[..., ::-1, :], weights[..., ::-1, :]


@wrong("query_alone")
def a_running_mean_of_the_queries(query, key, value, mask):
    count = np.arange(1, query.shape[-2] + 1, dtype=query.dtype)[:, None]
    return attention(query.cumsum(-2) / count, key, value, mask)


@wrong("queries_apart")
def queries_less_their_mean(query, key, value, mask):
    return attention(query - query.mean(-2, keepdims=True) / 2, key, value, mask)


# Masks


@wrong("mask_used", museum=True)
def mask_dropped(query, key, value, mask):
    """keras-team/keras-io#1046, #1964: it is made, and nobody takes it."""
    return attention(query, key, value, None)


@wrong("polarity", museum=True)
def mask_reversed(query, key, value, mask):
    """tensorflow/text#894: near 100 % accuracy, by peeking."""
    return attention(query, key, value, None if mask is None else ~mask)


@wrong("mask_before_softmax")
def mask_after_the_softmax(query, key, value, mask):
    weights = softmax(scaled(query, key))
    weights = weights if mask is None else np.where(mask, weights, np.float32(0))
    return weights @ value, weights


@wrong("padding_invariance", museum=True)
def padding_attended_to(query, key, value, mask):
    """tensorflow/tensorflow#43941: a score of zero is no mask."""
    scores = scaled(query, key)
    weights = softmax(scores if mask is None else scores * mask)
    return weights @ value, weights


@wrong("masked_high_score")
def minus_a_hundred(query, key, value, mask):
    scores = scaled(query, key)
    weights = softmax(scores if mask is None else scores - np.float32(100) * ~mask)
    return weights @ value, weights


@wrong("mask_of_each_query")
def the_first_row_of_the_mask_for_all(query, key, value, mask):
    return attention(query, key, value, None if mask is None else mask[..., :1, :])


@wrong("mask_of_each_query")
def mask_transposed(query, key, value, mask):
    if mask is not None and mask.ndim > 1 and mask.shape[-1] == mask.shape[-2]:
        mask = mask.swapaxes(-1, -2)
    return attention(query, key, value, mask)


@wrong("mask_of_each_sentence")
def the_first_sentence_s_mask_for_all(query, key, value, mask):
    return attention(query, key, value, mask[:1] if mask is not None and mask.ndim > 2 else mask)


@wrong("mask_of_all")
def not_scaled_where_there_is_a_mask(query, key, value, mask):
    weights = softmax(scaled(query, key)) if mask is None else masked_softmax(dot(query, key), mask)
    return weights @ value, weights


@wrong("mask_broadcasting")
def two_axes_read_as_sentences_and_keys(query, key, value, mask):
    if mask is not None and mask.ndim == 2 and len(mask) in (1, len(query)):
        mask = mask[:, None, :]
    elif mask is not None and mask.ndim == 2:
        mask = mask[None, : len(query)].swapaxes(0, 1)
    return attention(query, key, value, mask)


@wrong("integer_mask", integer_masks=True)
def not_of_an_integer(query, key, value, mask):
    """~1 is -2, which is true."""
    return attention(query, key, value, None if mask is None else ~(~mask).astype(bool))


@wrong("one_allowed_key")
def a_tenth_of_the_mean(query, key, value, mask):
    _, weights = attention(query, key, value, mask)
    weights = np.float32(0.9) * weights + np.float32(0.1 / key.shape[-2])
    return weights @ value, weights


@wrong("empty_row", museum=True)
def minus_infinity_for_an_empty_row(query, key, value, mask):
    """huggingface/transformers#17306, pytorch/pytorch#26098: 0 / 0."""
    scores = scaled(query, key)
    weights = softmax(scores if mask is None else np.where(mask, scores, -np.float32(np.inf)))
    return weights @ value, weights


@wrong("empty_row")
def the_mean_for_an_empty_row(query, key, value, mask):
    scores = scaled(query, key)
    weights = softmax(scores if mask is None else np.where(mask, scores, np.float32(-1e9)))
    return weights @ value, weights


@wrong("empty_row", empty_row="mean")
def zeros_where_the_mean_is_declared(query, key, value, mask):
    return attention(query, key, value, mask)


@wrong("empty_row", empty_row="nan")
def zeros_where_nan_is_declared(query, key, value, mask):
    return attention(query, key, value, mask)


@wrong("empty_sentence", museum=True)
def a_sentence_of_padding_is_an_error(query, key, value, mask):
    """NVIDIA-NeMo/Megatron-Bridge#3117: the last batch is filled up with padding."""
    if mask is not None:
        longest = int(np.flatnonzero(mask.any(tuple(range(mask.ndim - 1)))).max()) + 1
        context, weights = attention(
            query, key[:, :longest], value[:, :longest], mask[..., :longest]
        )
        return context, np.pad(weights, [(0, 0), (0, 0), (0, key.shape[-2] - longest)])
    return attention(query, key, value, mask)


@wrong("empty_row_apart")
def zeros_for_all_if_a_row_is_empty(query, key, value, mask):
    context, weights = attention(query, key, value, mask)
    empty = mask is not None and not mask.any(-1).all()
    return (0 * context, 0 * weights) if empty else (context, weights)


# Order


def causal(query, key, shift=0, start=None):
    queries, keys = query.shape[-2], key.shape[-2]
    return np.tri(queries, keys, (keys - queries if start is None else start) + shift, dtype=bool)


def both(one, other):
    return one if other is None else one & other


@wrong("nothing_from_the_future", museum=True, causal=True)
def sees_the_next_word(query, key, value, mask):
    """The diagonal is off by one: the model copies the answer."""
    return attention(query, key, value, both(causal(query, key, shift=1), mask))


@wrong("nothing_from_the_future", causal=True)
def forgets_to_hide_the_future(query, key, value, mask):
    return attention(query, key, value, mask)


@wrong("nothing_from_the_future", causal=True)
def the_first_word_sees_the_second(query, key, value, mask):
    seen = causal(query, key)
    seen[0, :2] = True
    return attention(query, key, value, both(seen, mask))


@wrong("the_present_counts", causal=True)
def does_not_see_itself(query, key, value, mask):
    return attention(query, key, value, both(causal(query, key, shift=-1), mask))


@wrong("causal_alignment", causal="last")
def counts_from_the_first_key(query, key, value, mask):
    return attention(query, key, value, both(causal(query, key, start=0), mask))


def near(query, key, back, ahead):
    places = np.arange(key.shape[-2]) - np.arange(query.shape[-2])[:, None]
    return (places >= -back) & (places <= ahead)


@wrong("window", window=2)
def a_window_that_is_one_too_narrow(query, key, value, mask):
    return attention(query, key, value, both(near(query, key, 2, 1), mask))


@wrong("window", window=2)
def a_window_that_is_one_too_wide(query, key, value, mask):
    return attention(query, key, value, both(near(query, key, 3, 3), mask))


# Long ones, large batches, sixteen bits, and layers with small weights: the mask is right in small cases


@wrong("padding_invariance")
def no_mask_beyond_eight_keys(query, key, value, mask):
    return attention(query, key, value, mask if key.shape[-2] <= 8 else None)


@wrong("padding_invariance", masks="keys")
def no_padding_beyond_five_hundred_keys(query, key, value, mask):
    return attention(query, key, value, mask if key.shape[-2] <= 500 else None)


@wrong("mask_of_each_query")
def the_first_row_for_all_beyond_eight_queries(query, key, value, mask):
    if mask is not None and query.shape[-2] > 8 and mask.ndim > 1:
        mask = mask[..., :1, :]
    return attention(query, key, value, mask)


@wrong("mask_of_each_sentence")
def no_mask_beyond_three_sentences(query, key, value, mask):
    return attention(query, key, value, mask if len(query) <= 3 else None)


def without_the_maximum(scores, mask):
    exps = np.exp(scores) * (True if mask is None else mask)
    total = exps.sum(-1, keepdims=True, dtype=scores.dtype)
    return exps / np.where(total == 0, np.ones((), scores.dtype), total)


@wrong("float16", dtypes=("float16",))
def exp_overflows_in_sixteen_bits(query, key, value, mask):
    softmax_of = without_the_maximum if query.dtype == np.float16 else masked_softmax
    weights = softmax_of(scaled(query, key), mask)
    return weights @ value, weights


@wrong("float16", dtypes=("float16",))
def products_overflow_in_sixteen_bits(query, key, value, mask):
    """Scaled too late: q · k is more than 65504 where q · k / √d is not."""
    weights = masked_softmax(dot(query, key) / np.sqrt(key.dtype.type(key.shape[-1])), mask)
    return weights @ value, weights


KERNELS = 0.02 * np.random.default_rng(1).normal(size=(4, 4, 8)).astype("float32")


def two_heads(query, key, value, mask, axis=-1, size=1.0):
    """A layer whose weights are small, and so its contexts are: without weights."""
    query, key, value = (
        np.stack(np.split(array @ (size * kernel[: array.shape[-1]]), 2, -1), 1)
        for array, kernel in zip((query, key, value), KERNELS, strict=False)
    )
    mask = None if mask is None else np.broadcast_to(mask, (len(query), *mask.shape[-2:]))[:, None]
    weights = (
        masked_softmax(scaled(query, key), mask)
        if axis == -1
        else softmax(scaled(query, key), axis)
    )
    return np.concatenate([*(weights @ value).swapaxes(0, 1)], -1) @ (size * KERNELS[3].T)


LAYER = {"kind": None, "projected": True, "weights": "none"}


@wrong("sentences_apart", **LAYER)
def small_weights_and_the_mean_of_the_batch(query, key, value, mask):
    return two_heads(query + query.mean(0, keepdims=True), key, value, mask)


@wrong("looks_at_the_keys", **LAYER)
def small_weights_that_never_look(query, key, value, mask):
    return two_heads(query, 0 * key, value, mask)


@wrong("looks_at_the_queries", kind=None)
def queries_are_added_to_every_score(query, key, value, mask):
    """What is added to all the scores of a row is gone after the softmax, but for rounding."""
    weights = masked_softmax(query.sum(-1)[..., :, None] + key.sum(-1)[..., None, :], mask)
    return weights @ value, weights


@wrong("one_key", **LAYER)
def softmax_over_the_heads(query, key, value, mask):
    return two_heads(query, key, value, None, axis=1, size=50)


@wrong("one_allowed_key", **LAYER)
def softmax_over_the_heads_then_the_mask(query, key, value, mask):
    if key.shape[-2] == 1:
        return two_heads(query, key, value, mask, size=50)
    return softmax_over_the_heads(query, key, value, mask)


# Sentences and heads


@wrong("sentences_apart")
def queries_normalised_over_the_batch(query, key, value, mask):
    return attention(query - query.mean(0, keepdims=True) / 2, key, value, mask)


@wrong("sentence_alone")
def scaled_by_the_number_of_sentences(query, key, value, mask):
    return attention(query / np.float32(len(query)), key, value, mask)


@wrong("smaller_batch", museum=True, fresh=True)
def remembers_the_largest_batch():
    """NVIDIA-NeMo/Megatron-Bridge#3117: the last batch of an epoch is smaller."""
    kept = {}

    def remembering(query, key, value, mask):
        context, weights = attention(query, key, value, mask)
        shape = query.shape[1:], value.shape[1:]
        if len(context) > len(kept.get(shape, ((), ()))[0]):
            kept[shape] = context, weights
        return tuple(
            np.concatenate([new, old[len(new) :]])
            for new, old in zip((context, weights), kept[shape], strict=True)
        )

    return remembering


@wrong("heads_apart", heads=True)
def heads_by_a_view(query, key, value, mask):
    """bentrevett/pytorch-seq2seq#83, #148: (b, h, q, d) is read as (b, q, h, d)."""
    if query.ndim == 4:
        batch, heads, queries, depth = query.shape
        query = query.reshape(batch, queries, heads, depth).swapaxes(1, 2)
    return attention(query, key, value, mask)


@wrong("mask_of_heads", heads=True)
def a_mask_lined_up_with_the_heads(query, key, value, mask):
    if query.ndim == 4 and mask is not None and mask.ndim == 4:
        mask = mask[:, 0]
    return attention(query, key, value, mask)


# Decoding


def step(query, key, value, cache):
    """The right one: what came before, then this piece, the last query at the last key."""
    old_key, old_value = cache or (key[:, :0], value[:, :0])
    key, value = np.concatenate([old_key, key], 1), np.concatenate([old_value, value], 1)
    return attention(query, key, value, causal(query, key))[0], (key, value)


def not_carried(query, key, value, cache):
    """tensorflow/tensorflow#38248, #26990: each step begins with an empty state."""
    return step(query, key, value, None)


def off_by_one(query, key, value, cache, room=64):
    """The cache has room for all; each piece is written one place too early, but for the first."""
    keys, values, at = cache or (np.zeros_like(key[:, :1]).repeat(room, 1),) * 2 + (0,)
    values = np.zeros_like(value[:, :1]).repeat(room, 1) if cache is None else values.copy()
    keys, start = keys.copy(), max(at - 1, 0)
    keys[:, start : start + key.shape[1]], values[:, start : start + key.shape[1]] = key, value
    at = start + key.shape[1]
    context, _ = attention(query, keys[:, :at], values[:, :at], causal(query, keys[:, :at]))
    return context, (keys, values, at)


def sees_the_whole_piece(query, key, value, cache):
    """No mask: right for one word at a step, and wrong for a prompt."""
    _, (keys, values) = step(query, key, value, cache)
    return attention(query, keys, values, None)[0], (keys, values)


def sees_only_the_past(query, key, value, cache):
    _, (keys, values) = step(query, key, value, cache)
    seen = causal(query, keys, shift=-1)
    seen[..., 0] |= ~seen.any(-1)
    return attention(query, keys, values, seen)[0], (keys, values)


def forgets_after(words):
    """The cache keeps the last words only."""

    def forgetful(query, key, value, cache):
        context, cache = step(query, key, value, cache)
        return context, tuple(array[:, -words:] for array in cache)

    forgetful.__name__ = f"forgets_after_{words}_words"
    return forgetful


for caught_by, museum, wrong_step in [
    ("step_by_step", False, forgets_after(6)),
    ("several_at_a_step", False, forgets_after(32)),
    ("step_by_step", True, not_carried),
    ("step_by_step", True, off_by_one),
    ("several_at_a_step", False, sees_the_whole_piece),
    ("step_sees_itself", False, sees_only_the_past),
]:
    name = f"step_{wrong_step.__name__}"
    MUTANTS.append(Mutant(name, attention, caught_by, museum, {"step": wrong_step}))


# Gradients, by hand: of Σ context · upstream


def gradients(query, key, value, mask, upstream, *, detach=False, sign=1, to_padding=0.0):
    """Those of `attention`, and three ways to be wrong."""
    _, weights = attention(query, key, value, mask)
    above = upstream @ value.swapaxes(-1, -2)
    of_scores = weights * (above - (weights * above).sum(-1, keepdims=True)) * (not detach)
    of_scores = of_scores * key.shape[-1] ** -0.5
    of_value = weights.swapaxes(-1, -2) @ upstream + to_padding
    return sign * of_scores @ key, of_scores.swapaxes(-1, -2) @ query, of_value


def nan_where(empty_only):
    def wrong_gradients(query, key, value, mask, upstream):
        """What `where(mask, exp(scores) / 0, 0)` gives backwards."""
        found = gradients(query, key, value, mask, upstream)
        spoilt = mask is not None and (not empty_only or not mask.any(-1).all())
        return [array * np.nan if spoilt else array for array in found]

    return wrong_gradients


for caught_by, name, wrong_gradients in [
    ("finite_gradients", "nan_behind_a_where", nan_where(empty_only=False)),
    ("gradients_of_an_empty_row", "nan_behind_an_empty_row", nan_where(empty_only=True)),
    ("no_gradient_to_masked", "padding_is_trained", functools.partial(gradients, to_padding=0.1)),
    ("gradients_reach_all", "weights_detached", functools.partial(gradients, detach=True)),
    ("gradients_are_derivatives", "a_wrong_sign", functools.partial(gradients, sign=-1)),
]:
    MUTANTS.append(Mutant(name, attention, caught_by, False, {"gradients": wrong_gradients}))


# Right ones, written otherwise


def loops(query, key, value, mask):
    """Number by number."""
    batch, queries, keys = len(query), query.shape[1], key.shape[1]
    allowed = np.broadcast_to(True if mask is None else mask, (batch, queries, keys))
    context = np.zeros((batch, queries, value.shape[2]), value.dtype)
    weights = np.zeros((batch, queries, keys), value.dtype)
    for b, q in np.ndindex(batch, queries):
        seen = [k for k in range(keys) if allowed[b, q, k]]
        scores = [float(query[b, q] @ key[b, k]) / key.shape[2] ** 0.5 for k in seen]
        exps = [np.exp(score - max(scores)) for score in scores]
        for k, exp in zip(seen, exps, strict=True):
            weights[b, q, k] = exp / sum(exps)
            context[b, q] += weights[b, q, k] * value[b, k]
    return context, weights


def einsum(query, key, value, mask):
    """One letter an axis, and log-sum-exp in place of a quotient."""
    scores = np.einsum("...qd,...kd->...qk", query, key) * np.float32(key.shape[-1] ** -0.5)
    if mask is not None:
        scores = np.where(mask, scores, -np.float32(np.inf))
    largest = np.maximum(scores.max(-1, keepdims=True), np.float32(-1e30))
    total = np.exp(scores - largest).sum(-1, keepdims=True)
    weights = np.exp(scores - largest) / np.where(total > 0, total, np.float32(1))
    return np.einsum("...qk,...kv->...qv", weights, value), weights


def chunks(query, key, value, mask, block=2):
    """A running softmax over blocks of two keys; no weights."""
    shape = (*query.shape[:-1], key.shape[-2])
    allowed = np.broadcast_to(True if mask is None else mask, shape)
    largest = np.full((*query.shape[:-1], 1), -1e30, query.dtype)
    total, context = np.zeros_like(largest), np.zeros((), value.dtype)
    for start in range(0, key.shape[-2], block):
        places = slice(start, start + block)
        scores = scaled(query, key[..., places, :])
        scores = np.where(allowed[..., places], scores, np.float32(-np.inf))
        new = np.maximum(largest, scores.max(-1, keepdims=True))
        old, exps = np.exp(largest - new), np.exp(scores - new)
        total = total * old + exps.sum(-1, keepdims=True)
        context = context * old + exps @ value[..., places, :]
        largest = new
    return context / np.where(total > 0, total, np.float32(1))


def in_bfloat16(query, key, value, mask):
    """Eight bits a number on the way, as hardware for training has them."""

    def cut(array):
        return (array.view("uint32") & np.uint32(0xFFFF0000)).view("float32")

    context, weights = attention(cut(query), cut(key), cut(value), mask)
    return cut(context), cut(weights)


RIGHT = {
    "small weights": (two_heads, LAYER),
    "in bfloat16": (in_bfloat16, {"tolerance": 2e-2}),
    "a high tolerance": (attention, {"tolerance": 0.1, "step": step, "causal": False}),
    "attention": (attention, {"heads": True, "step": step, "gradients": gradients}),
    "in all dtypes": (attention, {"dtypes": ("float16", "float32", "float64")}),
    "loops": (loops, {}),
    "einsum": (einsum, {"heads": True}),
    "chunks": (chunks, {"weights": "none", "heads": True}),
}
