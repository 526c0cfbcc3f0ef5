"""Why `functional.project` is a product of two matrices rather than a `tf.einsum`.

    python benchmarks/projection.py [--rounds 7]

Both compute `...km,mu->...ku`. Measured in turn: forward and gradient of the projection alone, in
graph mode and under XLA, and the whole training step of `Seq2Seq`, in which the attention and the
GRUs project with the one or the other. A ratio above 1 says that einsum is slower. (`tf.tensordot`
makes the same product of two matrices, but in a loop XLA cannot compile it where the size of a batch
is unknown.)
"""

import argparse
import contextlib
import os
import statistics
import time
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

import keras
import numpy as np
import tensorflow as tf

from attention_helpers import functional, seq2seq
from attention_helpers.layers import bahdanau
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import Vocabulary
from attention_helpers.training import training_step

BATCH, KEYS, DEPTH, UNITS, WORDS = 64, 25, 128, 64, 300
CALLS = 10  # of a round


def by_einsum(inputs, kernel):
    return tf.einsum("...n,nu->...u", inputs, kernel)


def projection(project, jit_compile):
    """A function that computes the projection and its gradient once."""
    random = np.random.default_rng(0)
    key = tf.constant(random.normal(size=(BATCH, KEYS, DEPTH)), tf.float32)
    kernel = tf.constant(random.normal(size=(DEPTH, UNITS)), tf.float32)

    @tf.function(jit_compile=jit_compile)
    def forward_and_gradient(key, kernel):
        with tf.GradientTape() as tape:
            tape.watch((key, kernel))
            loss = tf.reduce_sum(tf.tanh(project(key, kernel)))
        return tape.gradient(loss, (key, kernel))

    return lambda: forward_and_gradient(key, kernel)[1].numpy()


def whole_step(project):
    """A function that takes one training step of a model whose layer projects like this."""
    vocabulary = Vocabulary([f"w{number}" for number in range(WORDS)])
    model = Seq2Seq(vocabulary, vocabulary, units=UNITS, seed=0)
    step = training_step(model, keras.optimizers.Adam())
    random = np.random.default_rng(0)
    batch = [random.integers(4, WORDS, size=(BATCH, KEYS)).astype("int32") for _ in range(3)]
    with contextlib.ExitStack() as patched:
        for module in (bahdanau, seq2seq):  # as attention and GRU call it
            patched.enter_context(mock.patch.object(module, "project", project))
        step(*batch)  # traced here, once
    return lambda: float(step(*batch))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    cases = {
        "alone, graph": lambda project: projection(project, jit_compile=False),
        "alone, XLA": lambda project: projection(project, jit_compile=True),
        "training step, XLA": whole_step,
    }
    print(f"(b, k, m, u) = {(BATCH, KEYS, DEPTH, UNITS)}; milliseconds, medians")
    print(f"{'':20}{'einsum':>10}{'matrices':>11}{'ratio':>8}   (each round)")
    for name, make in cases.items():
        runs = [make(by_einsum), make(functional.project)]
        seconds = [[time_of(run) for run in runs] for _ in range(arguments.rounds + 1)][1:]
        ratios = [one / other for one, other in seconds]
        einsum, matrices = (1000 * statistics.median(times) for times in zip(*seconds, strict=True))
        print(
            f"{name:20}{einsum:10.2f}{matrices:11.2f}{statistics.median(ratios):8.2f}"
            f"   {min(ratios):.2f}–{max(ratios):.2f}"
        )


def time_of(run):
    start = time.perf_counter()
    for _ in range(CALLS):
        run()
    return (time.perf_counter() - start) / CALLS


if __name__ == "__main__":
    main()
