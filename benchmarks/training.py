"""Target tokens a second while training: a textbook loop, a usual architecture in Keras, and ours.

    python benchmarks/training.py [--rounds 5] [--output training.json]

All train in one process, in turn, on the same sentences (32 a batch, states of 64 units, embeddings
of 64), so that whatever else the machine does disturbs all alike: look at the ratios. Compilation
is measured apart. Every model is our own code:

* textbook: `keras.layers.GRUCell` in a Python loop over the target, attention at every step, under
  `fit()`, every sentence padded to one length;
* whole: a bidirectional GRU encoder, a `keras.layers.GRU` over the whole target, and one attention
  of all its states, under `fit()`, with batches by length (the architecture of TensorFlow's
  tutorial on translation with attention);
* ours: `Seq2Seq` with the step of `train()`.
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf

from attention_helpers.corpus import (
    batches_by_length,
    generate_pairs,
    pad,
    source_vocabulary,
    target_vocabulary,
)
from attention_helpers.seq2seq import Seq2Seq, training_step

BATCH, UNITS, EMBEDDING = 32, 64, 64
BATCHES = 8  # of a round; the same sentences for every model


class Attention(keras.layers.Layer):
    """Additive attention, with the projections that `keras.layers.AdditiveAttention` leaves out."""

    def __init__(self):
        super().__init__()
        self.query, self.key = (keras.layers.Dense(UNITS, use_bias=False) for _ in range(2))
        self.attention = keras.layers.AdditiveAttention()

    def call(self, query, value, is_word):
        return self.attention(
            [self.query(query), value, self.key(value)], mask=[None, is_word]
        )  # a textbook projects the keys whenever it attends


class Peer(keras.Model):
    """What both peers share: embeddings, a bidirectional encoder, an output layer."""

    def __init__(self):
        super().__init__()
        self.source = keras.layers.Embedding(len(source_vocabulary()), EMBEDDING)
        self.target = keras.layers.Embedding(len(target_vocabulary()), EMBEDDING)
        gru = keras.layers.GRU(UNITS, return_sequences=True)
        self.encoder = keras.layers.Bidirectional(gru, merge_mode="sum")
        self.attention = Attention()
        self.output_words = keras.layers.Dense(len(target_vocabulary()))


class Textbook(Peer):
    """One step of the decoder after the other, in Python."""

    def __init__(self):
        super().__init__()
        self.cell = keras.layers.GRUCell(UNITS)

    def call(self, inputs):
        source, target = inputs
        is_word = source != 0
        states = self.encoder(self.source(source), mask=is_word)
        embedded, state, logits = self.target(target), states[:, 0], []
        for position in range(target.shape[1]):
            context = self.attention(state[:, None], states, is_word)[:, 0]
            step = keras.ops.concatenate([context, embedded[:, position]], axis=-1)
            output, (state,) = self.cell(step, [state])
            logits.append(self.output_words(output))
        return keras.ops.stack(logits, axis=1)


class Whole(Peer):
    """The decoder's recurrence over the whole target at once, then attention."""

    def __init__(self):
        super().__init__()
        self.gru = keras.layers.GRU(UNITS, return_sequences=True)

    def call(self, inputs):
        source, target = inputs
        is_word = source != 0
        states = self.encoder(self.source(source), mask=is_word)
        outputs = self.gru(self.target(target))
        context = self.attention(outputs, states, is_word)
        return self.output_words(outputs + context)


def as_dataset(batches):
    """Batches as `fit()` takes them; a length that all share is known when the model is traced."""
    source, target_in, target_out = (
        tf.TensorSpec((BATCH, lengths.pop() if len(lengths) == 1 else None), tf.int32)
        for lengths in (
            {array.shape[1] for array in arrays} for arrays in zip(*batches, strict=True)
        )
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: (((source, target_in), target_out) for source, target_in, target_out in batches),
        output_signature=((source, target_in), target_out),
    )
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def under_fit(model, batches):
    """A function that trains once through the batches."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(keras.optimizers.Adam(5e-3, global_clipnorm=1.0), loss)
    data = as_dataset(batches)
    return lambda: model.fit(data, verbose=0, shuffle=False)


def with_our_step(attention, batches):
    model = Seq2Seq(
        source_vocabulary(),
        target_vocabulary(),
        attention=attention,
        units=UNITS,
        embedding_dim=EMBEDDING,
        seed=0,
    )
    step = training_step(model, keras.optimizers.Adam(5e-3, global_clipnorm=1.0))
    return lambda: [float(step(*batch)) for batch in batches]


def draw_batches():
    """The same sentences twice: padded by length, and all of them to one length."""
    pairs = generate_pairs(4000, seed=0)
    sources = [source_vocabulary().encode(pair.source) for pair in pairs]
    targets = [target_vocabulary().encode(pair.target, start=True, end=True) for pair in pairs]
    by_length = list(batches_by_length(sources, targets, BATCH, steps=BATCHES))
    longest = [max(map(len, sentences)) for sentences in (sources, targets)]
    lengths = longest[0], longest[1] - 1, longest[1] - 1
    padded = [
        tuple(pad(array, length) for array, length in zip(batch, lengths, strict=True))
        for batch in by_length
    ]
    return by_length, padded


def measure(rounds):
    """Target tokens a second of every model, in each round, and the seconds of its first round."""
    by_length, padded = draw_batches()
    tokens = sum(np.count_nonzero(target_out) for _, _, target_out in by_length)
    make = {
        "textbook": lambda: under_fit(Textbook(), padded),
        "whole": lambda: under_fit(Whole(), by_length),
        "ours, bahdanau": lambda: with_our_step("bahdanau", by_length),
        "ours, dot": lambda: with_our_step("dot", by_length),
        "ours, fixed": lambda: with_our_step(None, by_length),
    }
    keras.utils.set_random_seed(0)
    first, runs = {}, {}
    for name, maker in make.items():
        start = time.perf_counter()
        runs[name] = maker()
        runs[name]()
        first[name] = time.perf_counter() - start
    speeds = {name: [] for name in make}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            speeds[name].append(tokens / (time.perf_counter() - start))
    return first, speeds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", help="a JSON file for the figures")
    arguments = parser.parse_args()
    tf.get_logger().setLevel("ERROR")  # each length is compiled: that is no news here
    first, speeds = measure(arguments.rounds)
    rows = []
    print(f"{'model':16}{'first round, s':>15}{'tokens/s':>10}{'of textbook':>13}   (each round)")
    for name, values in speeds.items():
        ratios = [a / b for a, b in zip(values, speeds["textbook"], strict=True)]
        row = {
            "model": name,
            "first_round_seconds": first[name],
            "tokens_per_second": statistics.median(values),
            "ratio": statistics.median(ratios),
            "ratios": ratios,
        }
        rows.append(row)
        print(
            f"{name:16}{row['first_round_seconds']:15.1f}{row['tokens_per_second']:10,.0f}"
            f"{row['ratio']:12.1f}×   {min(ratios):.1f}–{max(ratios):.1f}"
        )
    if arguments.output:
        settings = {"batch_size": BATCH, "units": UNITS, "embedding_dim": EMBEDDING}
        with open(arguments.output, "w", encoding="utf-8") as file:
            json.dump({"settings": settings, "runs": rows}, file, indent=1)


if __name__ == "__main__":
    main()
