"""Layers with several heads, as their tests make them."""

import numpy as np
from hypothesis import settings

TOKENS = np.array([[7, 8, 9, 4], [7, 8, 0, 0]], "int32")


few = settings(max_examples=12, derandomize=True, deadline=None)


def draw(*shape, seed=0, dtype="float32"):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


def disturb(layer, seed=5):
    """Weights that no part of the layer can mistake for one another; biases are not zero."""
    for i, weight in enumerate(layer.weights):
        weight.assign(0.5 * draw(*weight.shape, seed=seed + i))
    return layer


def built(layer, x):
    layer.build(x.shape, x.shape)
    return layer


def assert_close(ours, theirs, atol=1e-5):
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, atol=atol)
