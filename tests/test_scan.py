"""The loop of the recurrent layers, beside that of TensorFlow."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from attention_helpers._scan import scan, swap_batch_and_time


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


@pytest.mark.parametrize("compiled", ["eager", "graph", "XLA", "graph of unknown shape"])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_is_that_of_tensorflow_and_so_is_its_gradient(compiled, reverse):
    inputs, factors, start = draw(2, 5, 3), draw(2, 5, 1), draw(2, 3)
    kernel = draw(3, 3)

    def step(state, element):
        one, factor = element
        total, _ = state
        return tf.tanh(total @ kernel + one) * factor, one - total

    def tensorflows(step, elements, start, reverse):
        turned = tuple(swap_batch_and_time(each) for each in elements)
        return tuple(swap_batch_and_time(s) for s in tf.scan(step, turned, start, reverse=reverse))

    def values_and_gradients(scan, inputs, factors, start):
        with tf.GradientTape() as tape:
            tape.watch((inputs, factors, start))
            states = scan(step, (inputs, factors), (start, 2 * start), reverse)
            total = tf.add_n([tf.reduce_sum(state * draw(2, 5, 3, seed=1)) for state in states])
        return [*states, *tape.gradient(total, (inputs, factors, start))]

    ours = functools.partial(values_and_gradients, scan)
    if compiled != "eager":
        unknown = [
            tf.TensorSpec([None] * 2 + [3]),
            tf.TensorSpec([None] * 3),
            tf.TensorSpec([2, 3]),
        ]
        signature = unknown if "unknown" in compiled else None
        ours = tf.function(ours, jit_compile=compiled == "XLA", input_signature=signature)
    arguments = [tf.constant(each) for each in (inputs, factors, start)]
    expected = values_and_gradients(tensorflows, *arguments)
    for got, wanted in zip(ours(*arguments), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-5)
