"""The waiter's task read as a sequence: how many pairs can be recalled from a state of fixed size?

    python experiments/recall.py
    python experiments/recall.py --tasks once --models softmax linear-64 gru-64 --seeds 0 1

Two tasks. "once": 32 guests, each orders once. "again": 8 of the 32 guests, who order again and again;
what was ordered last is right. After every order one of the orders so far is drawn, and its guest is
asked for. The models are those of memories.py.

Writes book/data/recall.json: the trials that chose each learning rate, and a record a run. What the
file already holds is not made again, and several processes may write to it at a time.
"""

import argparse
import time
from functools import lru_cache
from pathlib import Path

import numpy as np
from common import DATA, Records, use_one_thread
from memories import DISHES, GUESTS, MODELS, numbers_kept

from attention_helpers._tensorflow import keras, tf

ORDERS, COMING = 32, {"once": GUESTS, "again": 8}  # orders of an evening; guests who come
SETTINGS = {
    "guests": GUESTS,
    "dishes": DISHES,
    "orders": ORDERS,
    "coming": COMING,
    "batch_size": 64,
    "steps": 3_000,
    "rates": [0.005, 0.01],  # tried first; more while the best one is at an end
    "at_most": 9,  # of them
    "evenings": {"test": 4_000, "validation": 2_000},
    "seeds": {"test": 10**6, "validation": 10**6 + 1},
}
ONCE_ONLY = ("gru-128",)  # it takes the longest
TASKS = list(COMING)


def evenings(random, number, task):
    """Guests who order, dishes, guests asked for, right answers: integers `(number, ORDERS)`."""
    places = np.arange(ORDERS)
    if task == "once":
        guest = random.random((number, GUESTS)).argsort(axis=1)
    else:
        coming = random.random((number, GUESTS)).argsort(axis=1)[:, : COMING[task]]
        guest = np.take_along_axis(
            coming, random.integers(COMING[task], size=(number, ORDERS)), axis=1
        )
    dish = random.integers(DISHES, size=(number, ORDERS))
    drawn = (random.random((number, ORDERS)) * (places + 1)).astype(int)  # of the orders so far
    asked = np.take_along_axis(guest, drawn, axis=1)
    same = (guest[:, None, :] == asked[:, :, None]) & (places <= places[:, None])
    latest = np.where(same, places, -1).max(axis=2)
    return guest, dish, asked, np.take_along_axis(dish, latest, axis=1)


@lru_cache
def held_out(name, task):
    random = np.random.default_rng(SETTINGS["seeds"][name])
    return evenings(random, SETTINGS["evenings"][name], task)


class Trainer:
    """One model, whose training step is compiled once."""

    def __init__(self, name):
        self.new_model, self.optimizer = MODELS[name], keras.optimizers.Adam(0.0, global_clipnorm=1)
        self.model = self.new_model()
        self.model(*np.zeros((3, 1, ORDERS), int))
        self.optimizer.build(self.model.trainable_variables)
        self.step = tf.function(self.take_step, jit_compile=True, autograph=False)
        self.answer = tf.function(self.model, jit_compile=True, autograph=False)

    def take_step(self, guest, dish, asked, right):
        with tf.GradientTape() as tape:
            losses = cross_entropy(right, self.model(guest, dish, asked))
            loss = tf.reduce_mean(losses)
        weights = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    def train(self, task, steps, rate, seed):
        """Trains from new weights. Returns the seconds, and the losses in twenty parts."""
        keras.utils.set_random_seed(seed)
        fresh = self.new_model()
        fresh(*np.zeros((3, 1, ORDERS), int))
        self.model.set_weights(fresh.get_weights())
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, steps - steps // 20, warmup_target=rate, warmup_steps=steps // 20
        )
        random, losses = np.random.default_rng(seed), []
        start = time.perf_counter()
        for number in range(steps):
            self.optimizer.learning_rate.assign(schedule(number))
            batch = evenings(random, SETTINGS["batch_size"], task)
            losses.append(float(self.step(*map(tf.constant, batch))))
            if number == 0:
                start = time.perf_counter()  # what the first step compiles is not counted
        parts = np.array_split(losses, min(20, steps))
        return {
            "train_seconds": round(time.perf_counter() - start, 1),
            "losses": [round(float(part.mean()), 4) for part in parts],
        }

    def logits(self, guest, dish, asked):
        parts = [np.split(each, len(each) // 1_000) for each in (guest, dish, asked)]
        return np.concatenate(
            [self.answer(*map(tf.constant, part)) for part in zip(*parts, strict=True)]
        )

    def loss(self, task):
        """Nats an answer, on validation evenings."""
        *given, right = held_out("validation", task)
        return float(tf.reduce_mean(cross_entropy(right, self.logits(*given))))

    def accuracy(self, task):
        """The share of right answers after 1, 2, … orders, on test evenings."""
        *given, right = held_out("test", task)
        shares = (self.logits(*given).argmax(axis=-1) == right).mean(axis=0)
        return [round(float(share), 4) for share in shares]


def cross_entropy(right, logits):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(right, logits)


def best_trial(trainer, records, task, model):
    """The run of seed 0 that has the lowest loss on validation evenings, of several rates."""

    def run(rate):
        record = train_and_test(trainer, model, task, SETTINGS["steps"], rate, 0)
        return record | {"validation_loss": round(trainer.loss(task), 4)}

    given = {"at_most": SETTINGS["at_most"], "task": task, "model": model, "seed": 0}
    return records.best_trial(SETTINGS["rates"], run, **given)


def train_and_test(trainer, model, task, steps, rate, seed):
    """One record."""
    history = trainer.train(task, steps, rate, seed)
    return {
        "steps": steps,
        "learning_rate": rate,
        "parameters": trainer.model.count_params(),
        "numbers_kept": numbers_kept(model, ORDERS),
        **history,
        "accuracy": trainer.accuracy(task),
    }


def plan(options):
    """What is run, model by model: the model, its task, and its seed."""
    for name in options.models:
        for task in options.tasks:
            if task == "once" or name not in ONCE_ONLY:
                yield from ((name, task, seed) for seed in options.seeds)


def main(options):
    use_one_thread()
    records, trainers = Records(options.output, SETTINGS), {}
    for name, task, seed in plan(options):
        run = {"task": task, "model": name, "seed": seed}
        if records.has("runs", **run):
            continue
        if name not in trainers:
            trainers = {name: Trainer(name)}  # one at a time is kept
        record = best_trial(trainers[name], records, task, name)
        if not run.items() <= record.items():
            rate = record["learning_rate"]
            record = train_and_test(trainers[name], name, task, SETTINGS["steps"], rate, seed)
        records.add("runs", {**run, **record})
        at = [record["accuracy"][n - 1] for n in (2, 4, 8, 16, 32)]
        print(*run.values(), record["learning_rate"], at, record["train_seconds"], "s", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    names = list(MODELS)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--models", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5))
    parser.add_argument("--output", type=Path, default=DATA / "recall.json")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
