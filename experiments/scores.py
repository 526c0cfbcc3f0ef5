"""Three scores on the waiter's task of chapter 6, each started at two spreads, at six depths.

python experiments/scores.py
python experiments/scores.py --scores dot --depths 8 16

Every evening 8 of 32 guests sit down, and each orders one of 16 dishes. The query is the vector of a
guest's name, the keys are the vectors of the eight faces, the values those of the dishes. What the
first scores spread by is set by one constant factor, which the training leaves alone. Only the score,
the spread and the depth differ; the learning rate is chosen for each by trials on other evenings and
other seeds. Writes `book/data/scores.json`, and goes on where it stopped.
"""

import argparse
from pathlib import Path

import numpy as np
from common import DATA, Records, use_one_thread

from attention_helpers._tensorflow import keras, tf

SCORES = ("dot", "general", "additive")
STARTS = ("one", "root")  # the spread of the first scores: 1, or √d as that of dot products
DEPTHS = (8, 16, 32, 64, 128, 256)
GUESTS, SEATS, DISHES, VALUE_DEPTH = 32, 8, 16, 32
SEEDS, TRIAL_SEEDS = range(5), range(100, 105)
STEPS, BATCH_SIZE, TESTS = 300, 64, 1_000
WATCHED, ANSWERS = 20, 0.95  # every so many steps: is this share of the answers right yet?
RATES = (0.003, 0.01, 0.03)  # more if the best one is at an end
# Of the evenings: they are drawn for all seeds at once.
TRAIN_SEED, TEST_SEED, VALIDATION_SEED, START_SEED = 1, 2, 3, 4
SETTINGS = {
    "guests": GUESTS,
    "seats": SEATS,
    "dishes": DISHES,
    "value_depth": VALUE_DEPTH,
    "steps": STEPS,
    "batch_size": BATCH_SIZE,
    "tests": TESTS,
    "rates": list(RATES),
    "watched": WATCHED,
    "answers": ANSWERS,
    "seeds": {
        "train": TRAIN_SEED,
        "test": TEST_SEED,
        "validation": VALIDATION_SEED,
        "start": START_SEED,
        "trials": list(TRIAL_SEEDS),
    },
}


def evenings(rng, number):
    """Who sits where and orders what `(s, b, k)`, who is asked for, in which seat `(s, b, 1)`.

    The first axis holds the models that are trained side by side, one a seed.
    """
    guest = rng.random((len(SEEDS), number, GUESTS)).argsort(axis=-1)[..., :SEATS]
    dish = rng.integers(DISHES, size=(len(SEEDS), number, SEATS))
    seat = rng.integers(SEATS, size=(len(SEEDS), number, 1))
    return guest, dish, np.take_along_axis(guest, seat, axis=-1), seat


def new_weights(score, depth, seeds=SEEDS):
    """What is trained, each array with an axis for the seeds in front.

    The score "additive" has d / 2 hidden units, and so as many parameters as "general", but for v_a.
    """
    units = depth // 2
    shapes = {
        "name": (1.0, GUESTS, depth),
        "face": (1.0, GUESTS, depth),
        "dish": (1.0, DISHES, VALUE_DEPTH),
        "output": (VALUE_DEPTH**-0.5, VALUE_DEPTH, DISHES),
    }
    if score == "general":
        shapes["W"] = depth**-0.5, depth, depth
    if score == "additive":
        shapes["W"] = shapes["U"] = depth**-0.5, depth, units
        shapes["v_a"] = units**-0.5, units, 1
    drawn = {name: [] for name in shapes}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for name, (deviation, *shape) in shapes.items():
            drawn[name].append(rng.normal(0, deviation, shape))
    return {name: np.array(arrays, "float32") for name, arrays in drawn.items()}


def scores_of(score, query, key, weights):
    """The scores `(s, b, q, k)` of queries `(s, b, q, d)` and keys `(s, b, k, d)`."""
    if score == "additive":
        query, key = query @ weights["W"][:, None], key @ weights["U"][:, None]
        hidden = tf.tanh(query[..., :, None, :] + key[..., None, :, :])
        return (hidden @ weights["v_a"][:, None, None])[..., 0]
    if score == "general":
        query = query @ weights["W"][:, None]
    return tf.matmul(query, key, transpose_b=True)


class Waiters:
    """One score at one depth: the step of training is compiled once, and serves every run."""

    def __init__(self, score, depth):
        self.score, self.depth = score, depth
        self.weights = {n: tf.Variable(x) for n, x in new_weights(score, depth).items()}
        self.factor = tf.Variable(1.0, trainable=False)
        self.trained = list(self.weights.values())
        self.optimizer = keras.optimizers.Adam()
        self.optimizer.build(self.trained)
        self.start_of_optimizer = [each.numpy() for each in self.optimizer.variables]
        self.step = tf.function(self._step, jit_compile=True)

    def answer(self, guest, dish, asked):
        query = tf.gather(self.weights["name"], asked, batch_dims=1)
        key = tf.gather(self.weights["face"], guest, batch_dims=1)
        value = tf.gather(self.weights["dish"], dish, batch_dims=1)
        scores = self.factor * scores_of(self.score, query, key, self.weights)
        looks = tf.nn.softmax(scores)
        return looks @ value @ self.weights["output"][:, None], looks, scores

    def loss(self, guest, dish, asked, seat):
        logits, _, _ = self.answer(guest, dish, asked)
        right = tf.gather(dish, seat, batch_dims=2)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(right, logits)
        return tf.reduce_mean(losses, axis=[1, 2])  # of each seed

    def _step(self, guest, dish, asked, seat):
        with tf.GradientTape() as tape:
            # A sum over the seeds: none changes what another learns.
            loss = tf.reduce_sum(self.loss(guest, dish, asked, seat))
        slopes = tape.gradient(loss, self.trained)
        self.optimizer.apply_gradients(zip(slopes, self.trained, strict=True))

    def train(self, start, rate, seeds, watch=None):
        for name, array in new_weights(self.score, self.depth, seeds).items():
            self.weights[name].assign(array)
        for variable, array in zip(self.optimizer.variables, self.start_of_optimizer, strict=True):
            variable.assign(array)
        self.optimizer.learning_rate = rate
        self.factor.assign(1.0)
        wanted = self.depth**0.5 if start == "root" else 1.0
        self.factor.assign(wanted / self.spread())
        rng = np.random.default_rng(TRAIN_SEED)
        for step in range(1, STEPS + 1):
            self.step(*evenings(rng, BATCH_SIZE))
            if watch and step % WATCHED == 0:
                watch(step)

    def spread(self):
        """The root of the mean variance of the eight scores of a query."""
        guest, dish, asked, _ = evenings(np.random.default_rng(START_SEED), TESTS)
        _, _, scores = self.answer(guest, dish, asked)
        return float(np.sqrt(scores.numpy().var(axis=-1, ddof=1).mean()))

    def validation_loss(self):
        held_out = evenings(np.random.default_rng(VALIDATION_SEED), TESTS)
        return float(tf.reduce_mean(self.loss(*held_out)))

    def test(self, seed=TEST_SEED):
        """The share of right answers, and the mean weight on the right seat, of each seed."""
        guest, dish, asked, seat = evenings(np.random.default_rng(seed), TESTS)
        logits, looks, _ = self.answer(guest, dish, asked)
        right = np.argmax(logits, axis=-1) == np.take_along_axis(dish, seat, axis=-1)
        weight = np.take_along_axis(looks.numpy(), seat[..., None], axis=-1)
        return right.mean(axis=(1, 2)), weight.mean(axis=(1, 2, 3))


def learning_rate(waiters, records, start):
    """The rate of the lowest loss on other evenings with other seeds; the trials are recorded."""

    def run(rate):
        waiters.train(start, rate, TRIAL_SEEDS)
        return {"validation_loss": round(waiters.validation_loss(), 4)}

    case = {"score": waiters.score, "start": start, "depth": waiters.depth}
    return records.best_trial(RATES, run, factor=3, at_most=6, **case)["learning_rate"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scores", nargs="+", choices=SCORES, default=SCORES)
    parser.add_argument("--depths", nargs="+", type=int, default=DEPTHS)
    parser.add_argument("--output", type=Path, default=DATA / "scores.json")
    options = parser.parse_args()
    use_one_thread()
    records = Records(options.output, SETTINGS)
    for depth in options.depths:
        for score in options.scores:
            run(score, depth, records)


def run(score, depth, records):
    waiters = None
    for start in STARTS:
        case = {"score": score, "start": start, "depth": depth}
        if records.has("runs", **case):
            continue
        waiters = waiters or Waiters(score, depth)
        rate = learning_rate(waiters, records, start)
        answers = [None] * len(SEEDS)

        def watch(step, waiters=waiters, answers=answers):
            for place, share in enumerate(waiters.test(VALIDATION_SEED)[0]):
                if answers[place] is None and share >= ANSWERS:
                    answers[place] = step

        waiters.train(start, rate, SEEDS, watch)
        right, weight = waiters.test()
        sizes = {name: array[0].size for name, array in new_weights(score, depth).items()}
        record = {
            **case,
            "learning_rate": rate,
            "factor": round(float(waiters.factor), 4),
            "parameters": sum(sizes.values()),
            "of_score": sum(sizes.get(name, 0) for name in ("W", "U", "v_a")),
            "right": right.round(4).tolist(),
            "weight": weight.round(4).tolist(),
            "answers_after": answers,  # so many steps; null: not in all of them
        }
        records.add("runs", record)
        print(*case.values(), rate, record["right"], flush=True)


if __name__ == "__main__":
    main()
