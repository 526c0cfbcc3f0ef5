"""Trials and runs of variants: what `one_change.py`, `room.py` and `transformer.py` do with theirs."""

import argparse
from functools import partial
from pathlib import Path

from common import HELD_OUT_SEED, Records, held_out_pairs, show, training_pairs, use_one_thread
from orders import ORDERS
from trainer import VOCABULARIES, Trainer
from variants import Parts, Variant

PAIRS_PER_LENGTH = 1_300  # of each English length from 5 to 50: 59,800 pairs
TEST_PER_LENGTH, VALIDATION_PER_LENGTH, SEEN_PER_BUCKET = 20, 10, 100
BATCH_SIZE, STEPS, TRIAL_STEPS = 32, 4_000, 1_000
RATES = (0.0025, 0.005, 0.01)  # tried for each variant; more if the best one is at an end
WHOLE_RATES = RATES[:2]  # so it is with whole trials, where one more can take half an hour
TRIAL_SEED, VALIDATION_SEED = 100, 3
SETTINGS = {
    "pairs_per_length": PAIRS_PER_LENGTH,
    "test_per_length": TEST_PER_LENGTH,
    "validation_per_length": VALIDATION_PER_LENGTH,
    "batch_size": BATCH_SIZE,
    "steps": STEPS,
    "trial_steps": TRIAL_STEPS,
    "rates": list(RATES),
    "seeds": {"test": HELD_OUT_SEED, "validation": VALIDATION_SEED, "trials": TRIAL_SEED},
}
# The sentence whose alignment the book's first page shows: adjectives change sides, "not" splits.
SHOWN = ("my", "european", "economic", "area", "will", "not", "help", "paul", ".")


def run_all(variants, headline, options, trainer_of=None, whole_trials=False):
    """The runs that the output does not hold yet.

    Args:
        variants: by name: the `Parts`, and how it is trained where that differs: `steps`, `lengths`
            (see `training_pairs`), and `rate_of`, the variant whose trials choose the rate.
        headline: the names that are run on every order, with more seeds.
        options: of `arguments`.
        trainer_of: makes the trainer of a variant; `recurrent` unless given.
        whole_trials: whether a trial has all steps of a run (and is the run of seed 0), for the
            rate that leads after a quarter of them need not lead at the end.
    """
    use_one_thread()
    settings = SETTINGS
    if whole_trials:
        settings = SETTINGS | {"trial_steps": STEPS, "rates": list(WHOLE_RATES)}
    records = Records(options.output, settings)
    for name in options.names:
        variant, trainer = variants[name], None
        for order, seed in plan(name in headline, options):
            run = {options.kind: name, "order": order, "seed": seed}
            if records.has("runs", **run):
                continue
            trainer = trainer or (trainer_of or recurrent)(variant)
            rate_of = variant.get("rate_of", name)
            tried = {options.kind: rate_of, "order": order}
            if whole_trials:
                chosen = whole_trial(trainer, records, variants[rate_of], tried)
            else:
                chosen = short_trial(trainer, records, tried)
            rate = chosen["learning_rate"]
            if run.items() <= chosen.items():
                record = chosen
            else:
                record = train_and_score(trainer, variant, order, seed, rate)
            records.add("runs", {**run, **record})
            if run == {"variant": "bahdanau", "order": "natural", "seed": 0}:
                records.put("alignment", trainer.alignment(SHOWN))
            show(run, record)


def recurrent(variant):
    """The trainer of a translator of `variants.py`."""
    parts = parts_of(variant)
    return Trainer(partial(Variant, *VOCABULARIES, parts=parts), BATCH_SIZE, parts.looks)


def plan(headline, options):
    """The orders and seeds of a variant."""
    orders = options.orders or (ORDERS if headline else ["natural"])
    seeds = options.seeds or range(5 if headline else 3)
    return [(order, seed) for order in orders for seed in seeds]


def parts_of(variant):
    return Parts(**{name: variant[name] for name in variant if name in Parts.__annotations__})


def short_trial(trainer, records, tried):
    """The best of trials that have a quarter of the steps."""

    def run(rate):
        pairs = training_pairs(tried["order"], TRIAL_SEED, PAIRS_PER_LENGTH)
        trainer.train(pairs, TRIAL_STEPS, rate, TRIAL_SEED)
        return validation_loss(trainer, tried["order"])

    return records.best_trial(RATES, run, **tried)


def whole_trial(trainer, records, variant, tried):
    """The best of the runs of seed 0 with each rate."""

    def run(rate):
        record = train_and_score(trainer, variant, tried["order"], 0, rate)
        return record | validation_loss(trainer, tried["order"])

    return records.best_trial(WHOLE_RATES, run, **tried, seed=0)


def validation_loss(trainer, order):
    held_out = held_out_pairs(order, VALIDATION_SEED, VALIDATION_PER_LENGTH)
    return {"validation_loss": round(trainer.loss(held_out), 4)}


def train_and_score(trainer, variant, order, seed, rate):
    """One record."""
    steps, lengths = variant.get("steps", STEPS), variant.get("lengths", "uniform")
    pairs = training_pairs(order, seed, PAIRS_PER_LENGTH, lengths)
    history = trainer.train(pairs, steps, rate, seed)
    seen = [pair for of_bucket in pairs.values() for pair in evenly(of_bucket, SEEN_PER_BUCKET)]
    return {
        "steps": steps,
        "learning_rate": rate,
        "parameters": trainer.model.count_params(),
        **history,
        **trainer.score(held_out_pairs(order, HELD_OUT_SEED, TEST_PER_LENGTH)),
        "seen": trainer.score(seen, brief=True),
    }


def evenly(pairs, number):
    """So many of the pairs, which are sorted by length, from all of them."""
    return [pairs[len(pairs) * i // number] for i in range(number)]


def arguments(description, variants, output, kind="variant", option="--variants", orders=None):
    """The options of a command; `orders`, where not every variant is run on every order."""
    parser = argparse.ArgumentParser(description=description)
    names = {"dest": "names", "choices": variants, "default": list(variants)}
    parser.add_argument(option, nargs="+", **names)
    parser.add_argument("--orders", nargs="+", choices=orders or ORDERS, default=orders)
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--output", type=Path, default=output)
    parser.set_defaults(kind=kind)
    return parser.parse_args()
