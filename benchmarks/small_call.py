"""What checking costs: a small eager call beside the bare formula, on tensors.

    python benchmarks/small_call.py [--rounds 50] [--json FILE]

q = 3 queries, k = 5 keys, of depth d = 8. The bare formula is that of chapter 6, which checks nothing
and gives NaN or a mean where the package gives zeros; that of `masked_softmax` gives zeros too.
"""

import statistics

import common
import numpy as np
import tensorflow as tf
from common import Row

from attention_helpers import functional

CALLS = 100  # of a round
AIM = 1 / 1.3


def bare_attention(scores, value, mask=None):
    if mask is not None:
        scores = tf.where(mask, scores, scores.dtype.min)
    weights = tf.nn.softmax(scores)
    return tf.einsum("...qk,...kv->...qv", weights, value), weights


def bare_softmax(scores, mask):
    return tf.where(mask, tf.nn.softmax(tf.where(mask, scores, scores.dtype.min)), 0.0)


def bare_dot_product(query, key):
    return tf.einsum("...qd,...kd->...qk", query, key)


def bare_scaled(query, key, value, mask=None):
    return bare_attention(bare_dot_product(query, key) / query.shape[-1] ** 0.5, value, mask)


def bare_scores(query, key, score_kernel):
    hidden = tf.tanh(query[..., :, None, :] + key[..., None, :, :])
    return tf.einsum("...qku,u->...qk", hidden, score_kernel)


def bare_additive(query, key, value, score_kernel, mask=None):
    return bare_attention(bare_scores(query, key, score_kernel), value, mask)


def bare_general(query, key, kernel):
    return bare_dot_product(tf.einsum("...qd,de->...qe", query, kernel), key)


def cases():
    def draw(*shape):
        return tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)

    query, key, value, kernel = draw(3, 8), draw(5, 8), draw(5, 8), draw(8, 8)
    mask = tf.constant(np.tri(3, 5, dtype=bool))
    scores, v = draw(3, 5), draw(8)
    yield "dot_product_scores", bare_dot_product, (query, key)
    yield "general_scores", bare_general, (query, key, kernel)
    yield "additive_scores", bare_scores, (query, key, v)
    yield "masked_softmax", bare_softmax, (scores, mask)
    yield "attention", bare_attention, (scores, value, mask)
    yield "additive_attention", bare_additive, (query, key, value, v)
    yield "additive_attention", bare_additive, (query, key, value, v, mask)
    yield "scaled_dot_product_attention", bare_scaled, (query, key, value)
    yield "scaled_dot_product_attention", bare_scaled, (query, key, value, mask)


def repeated(function, arguments):
    def run():
        for _ in range(CALLS):
            function(*arguments)

    return run


def measure(arguments):
    for name, bare, tensors in cases():
        runs = {
            "ours": repeated(getattr(functional, name), tensors),
            "bare formula": repeated(bare, tensors),
        }
        seconds = common.interleaved(runs, arguments.rounds)
        ratios = common.by_round(seconds["bare formula"], seconds["ours"])
        microseconds = 1e6 * statistics.median(seconds["ours"]) / CALLS
        case = f"{name}{', mask' if tensors[-1].dtype == tf.bool else ''}"
        yield Row(case, "eager", "ours", microseconds, "µs", "bare formula", ratios, AIM)


if __name__ == "__main__":
    common.run(__doc__, measure, rounds=50, settings=[common.DEFAULTS])
