"""Right and wrong answers to the exercises of chapter 9, for test_exercises.py."""

import numpy as np
import tensorflow as tf


def merged_by_logarithms(m_1, z_1, c_1, m_2, z_2, c_2):
    """Each block as one key: its score is the logarithm of all its exponentials, its value a mean."""
    m_1, z_1, c_1, m_2, z_2, c_2 = (x.astype("float64") for x in (m_1, z_1, c_1, m_2, z_2, c_2))
    scores = tf.stack([m_1 + np.log(z_1), m_2 + np.log(z_2)])
    weights = tf.nn.softmax(scores, axis=0)[..., None]
    mean = weights[0] * (c_1 / z_1[:, None]) + weights[1] * (c_2 / z_2[:, None])
    highest = np.maximum(m_1, m_2)
    total = np.exp(np.asarray(tf.reduce_logsumexp(scores, axis=0)) - highest)
    return highest, total, mean * total[:, None]


def merged(m_1, z_1, c_1, m_2, z_2, c_2, axis=(slice(None), None), sign=1):
    m = np.maximum(m_1, m_2)
    one, two = np.exp(sign * (m_1 - m)), np.exp(sign * (m_2 - m))
    return m, one * z_1 + two * z_2, one[axis] * c_1 + two[axis] * c_2


def merged_late(m_1, z_1, c_1, m_2, z_2, c_2):
    m = np.maximum(m_1, m_2)
    one, two = np.exp(m_1) / np.exp(m), np.exp(m_2) / np.exp(m)
    return m, one * z_1 + two * z_2, one[:, None] * c_1 + two[:, None] * c_2


def by_a_sum(query, key, value, least=0):
    """Linear attention pair by pair, those up to the query's place less `least`."""
    return [
        sum((q @ key[j] * value[j] for j in range(t + 1 - least)), np.zeros(value.shape[1]))
        for t, q in enumerate(query)
    ]


def by_corrections(query, key, value, share):
    """The delta rule as linear attention of what it writes."""
    system = np.eye(len(key)) + share * np.tril(key @ key.T, -1)
    return tf.constant(np.tri(len(query)) * (query @ key.T)) @ np.linalg.solve(
        system, share * value
    )


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


RIGHT_ON_COSTS = {
    "merged_blocks": merged_by_logarithms,
    "cache_bytes": lambda length, layers, heads, depth, size: (
        size * np.zeros((2, layers, heads, length, depth)).size
    ),
    "linear_attention": by_a_sum,
    "delta_rule": by_corrections,
}
WRONG_ON_COSTS = [
    ("merged_blocks", lambda *a: (np.maximum(a[0], a[3]), a[1] + a[4], a[2] + a[5]), "multiplied"),
    ("merged_blocks", lambda *a: merged(*a, sign=-1), "multiplied by exp"),
    ("merged_blocks", lambda *a: merged(*a, axis=(None, slice(None))), "its own maximum"),
    ("merged_blocks", merged_late, "exp overflows"),
    ("merged_blocks", lambda *a: (*merged(*a)[:2], a[2] / a[1] + a[5] / a[4]), "add up"),
    (
        "cache_bytes",
        lambda length, layers, heads, depth, size: length * depth * size,
        "a key and a",
    ),
    (
        "cache_bytes",
        lambda length, layers, heads, depth, size: 2 * length * depth * size,
        "each head",
    ),
    ("linear_attention", lambda q, k, v: (q @ k.T) @ v, "no query sees a later pair"),
    ("linear_attention", lambda q, k, v: by_a_sum(q, k, v, least=1), "sees the first pair"),
    (
        "linear_attention",
        lambda q, k, v: softmax(np.where(np.tri(len(q)), q @ k.T, -1e9)) @ v,
        "the first query sees",
    ),
    (
        "delta_rule",
        lambda q, k, v, share: np.tri(len(q)) * (q @ k.T) @ (share * v),
        "the old value is gone",
    ),
    ("delta_rule", lambda q, k, v, share: np.tri(len(q)) * (q @ k.T) @ v, "the share of the value"),
    (
        "delta_rule",
        lambda q, k, v, share: by_corrections(q, k, v, 1.0) * share,
        "before the share is taken",
    ),
]
