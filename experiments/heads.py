"""How many looks does a layer need? The digits one, two, … places back, by so many heads.

    python experiments/heads.py
    python experiments/heads.py --looks 4 --seeds 0 1

Rows of random digits. At every place the model names the digits that stand one to `looks` places back.
Between the digits' vectors and the answers lies one `MultiHeadAttention`, whose heads share its depth:
more heads are narrower ones, and its parameters are as many. What else is changed: a "wide" layer is
four times as deep; a "hidden" readout has a hidden layer between the attention and the answers.

Writes book/data/heads.json, a record a run; what the file already holds is not made again. Each variant
has its own learning rate, the best of three on validation rows.
"""

import argparse
from pathlib import Path

import numpy as np
from common import DATA, Records, use_one_thread

from attention_helpers._tensorflow import keras, tf
from attention_helpers.layers import MultiHeadAttention

SETTINGS = {
    "digits": 10,
    "length": 16,
    "depth": 64,
    "wide_depth": 256,
    "hidden_units": 128,
    "batch_size": 64,
    "steps": 1_000,
    "rates": [0.002, 0.005, 0.01],
    "rows": 2_000,
    "trial_seed": 100,
    "validation_seed": 10**6,
    "test_seed": 10**6 + 1,
}
LOOKS = 4, 2, 1
HEADS = 1, 4, 2
# Looks, heads, and what else is changed; by how many seeds.
VARIANTS = {(looks, heads, ""): 5 for looks in LOOKS for heads in HEADS}
VARIANTS |= {(4, 1, "wide"): 3, (4, 1, "hidden"): 3, (4, 4, "hidden"): 3}
SEEDS = range(max(VARIANTS.values()))


class Digits(keras.Model):
    """Names digits that stand before a place: ids `(b, t)` to logits `(b, t, looks, digits)`."""

    def __init__(self, looks, heads, change):
        super().__init__()
        depth, digits = SETTINGS["depth"], SETTINGS["digits"]
        width = SETTINGS["wide_depth"] if change == "wide" else depth
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.digit = keras.layers.Embedding(digits, depth, normal)
        self.place = keras.layers.Embedding(SETTINGS["length"], depth, normal.clone())
        self.attention = MultiHeadAttention(heads, width // heads, use_bias=False)
        self.hidden = None
        if change == "hidden":
            self.hidden = keras.layers.Dense(SETTINGS["hidden_units"], "relu")
        self.answer = keras.layers.Dense(looks * digits)
        self.shape_of_answers = looks, digits

    def call(self, rows):
        x = self.digit(rows) + self.place(tf.range(rows.shape[1]))
        y = self.attention(x, x)
        y = y if self.hidden is None else self.hidden(y)
        return tf.reshape(self.answer(y), [*rows.shape, *self.shape_of_answers])


def draw(rng, rows):
    return rng.integers(SETTINGS["digits"], size=(rows, SETTINGS["length"])).astype("int32")


def answers(rows, looks):
    """The digits one to `looks` places back `(b, t, looks)`; the first places have none."""
    return tf.stack([tf.roll(rows, back, axis=1) for back in range(1, looks + 1)], axis=-1)


def losses(model, rows, looks):
    """For each answer; the first places, which have none before them, are left out for all tasks."""
    first = max(LOOKS)
    logits, right = model(rows)[:, first:], answers(rows, looks)[:, first:]
    return tf.nn.sparse_softmax_cross_entropy_with_logits(right, logits), logits, right


def train(looks, heads, change, seed, learning_rate):
    keras.utils.set_random_seed(seed)
    model = Digits(looks, heads, change)
    adam = keras.optimizers.Adam(learning_rate)
    rng = np.random.default_rng(seed)

    @tf.function
    def step(rows):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses(model, rows, looks)[0])
        adam.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    model(draw(rng, 1))
    adam.build(model.trainable_variables)
    for _ in range(SETTINGS["steps"]):
        step(draw(rng, SETTINGS["batch_size"]))
    return model


def test(model, looks):
    rows = draw(np.random.default_rng(SETTINGS["test_seed"]), SETTINGS["rows"])
    loss, logits, right = losses(model, rows, looks)
    hits = np.argmax(logits, axis=-1) == right.numpy()
    return {
        "parameters": model.attention.count_params(),
        "loss": round(float(tf.reduce_mean(loss)), 4),
        "right": round(float(hits.mean()), 4),
        "right_by_place": hits.mean((0, 1)).round(4).tolist(),
        "all_right": round(float(hits.all(axis=-1).mean()), 4),
    }


def best_rate(records, variant):
    """The rate whose validation loss is the lowest, of three."""
    seeds = SETTINGS["trial_seed"], SETTINGS["validation_seed"]

    def run(rate):
        model = train(*variant.values(), seeds[0], rate)
        rows = draw(np.random.default_rng(seeds[1]), SETTINGS["rows"])
        loss = float(tf.reduce_mean(losses(model, rows, variant["looks"])[0]))
        keras.backend.clear_session()
        return {"validation_loss": round(loss, 4)}

    rates = SETTINGS["rates"]
    return records.best_trial(rates, run, at_most=len(rates), **variant)["learning_rate"]


def main(options):
    use_one_thread()
    records = Records(options.output, SETTINGS)
    for (looks, heads, change), seeds in VARIANTS.items():
        variant = {"looks": looks, "heads": heads, "change": change}
        for seed in sorted({*options.seeds} & {*range(seeds)} if looks in options.looks else ()):
            run = {**variant, "seed": seed}
            if not records.has("runs", **run):
                rate = best_rate(records, variant)
                record = {"learning_rate": rate, **test(train(**run, learning_rate=rate), looks)}
                records.add("runs", {**run, **record})
                print(*run.values(), record["right_by_place"], flush=True)
                keras.backend.clear_session()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", nargs="+", type=int, choices=LOOKS, default=LOOKS)
    parser.add_argument("--seeds", nargs="+", type=int, choices=SEEDS, default=list(SEEDS))
    parser.add_argument("--output", type=Path, default=DATA / "heads.json")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
