"""Trains one model again and again: compiled once; weights, sentences and rates are new."""

import time

import numpy as np
from common import LONGEST, score_translations

from attention_helpers import corpus
from attention_helpers._tensorflow import keras, tf
from attention_helpers.metrics import forced
from attention_helpers.text import END_ID, START_ID, pad
from attention_helpers.training import training_step

VOCABULARIES = corpus.source_vocabulary(), corpus.target_vocabulary()


class Trainer:
    """A model, and its compiled training step.

    Args:
        new_model: from a seed to the model with the weights of this seed.
        batch_size: sentences a step.
        looks: whether its weights propose an alignment.
        jit_compile: whether XLA compiles the step, once for each bucket.
    """

    def __init__(self, new_model, batch_size, looks, jit_compile=True):
        self.new_model, self.batch_size, self.looks = new_model, batch_size, looks
        self.model = new_model(seed=0)
        self.optimizer = keras.optimizers.Adam(0.0, global_clipnorm=1.0)
        self.step = training_step(self.model, self.optimizer, jit_compile)

    def train(self, pairs, steps, rate, seed, watch=lambda step, seconds: None):
        """Trains from new weights. Returns the seconds, and the losses in twenty parts.

        The first step of each shape does not count for the seconds: it may have been compiled.
        `watch` is called with the number of steps done, and the seconds that they took, before each
        step and after the last.
        """
        self.model.set_weights(self.new_model(seed=seed).get_weights())
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        warmup, seconds, losses = steps // 20, 0.0, []
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, steps - warmup, warmup_target=rate, warmup_steps=warmup
        )
        compiled = set()
        for number, batch in enumerate(batches(pairs, steps, self.batch_size, seed)):
            watch(number, seconds)
            self.optimizer.learning_rate.assign(schedule(number))
            start = time.perf_counter()
            losses.append(float(self.step(*batch)))
            if batch[0].shape in compiled:
                seconds += time.perf_counter() - start
            compiled.add(batch[0].shape)
        watch(steps, seconds)
        parts = np.array_split(losses, 20)
        return {
            "train_seconds": round(seconds, 1),
            "losses": [round(float(part.mean()), 4) for part in parts],
        }

    def loss(self, pairs):
        """Nats per token."""
        said = forced(self.model, pairs)
        return -float(np.concatenate([each.log_probabilities for each in said]).mean())

    def score(self, pairs, brief=False):
        said = forced(self.model, pairs)
        translations = self.model.translate([pair.source for pair in pairs])
        tokens = [translation.tokens for translation in translations]
        return score_translations(pairs, tokens, said, self.looks, brief)

    def alignment(self, source):
        """The weights for a sentence, beside the gold links."""
        drawn = corpus.generate_pairs(3_000, seed=1, split="test", length=len(source))
        pair = next(pair for pair in drawn if pair.source == source)
        (translation,) = self.model.translate([source])
        weights = translation.weights[: len(translation.tokens)]
        return {
            "source": list(pair.source),
            "target": list(translation.tokens),
            "weights": weights.astype(float).round(4).tolist(),
            "sure": sorted(pair.sure),
            "possible": sorted(pair.possible),
            "reference": list(pair.target),
        }


def as_batch(pairs, longest=None, shown=None):
    """Ids of the source, START and the translation, the translation and END."""
    sources = [VOCABULARIES[0].encode(pair.source) for pair in pairs]
    targets = [VOCABULARIES[1].encode(pair.target) for pair in pairs]
    columns = None if longest is None else longest + 1
    return (
        pad(sources, shown),
        pad([[START_ID, *target] for target in targets], columns),
        pad([[*target, END_ID] for target in targets], columns),
    )


def batches(pairs, steps, batch_size, seed):
    """Batches of one bucket each; a bucket is drawn as often as it has pairs."""
    random = np.random.default_rng(seed)
    arrays = [as_batch(pairs[b], LONGEST[b], b[1]) for b in pairs]
    shares = np.array([len(pairs[b]) for b in pairs])
    waiting = [np.array([], int) for _ in arrays]
    for _ in range(steps):
        bucket = random.choice(len(arrays), p=shares / shares.sum())
        if len(waiting[bucket]) < batch_size:  # a new round through its sentences
            waiting[bucket] = random.permutation(len(arrays[bucket][0]))
        rows, waiting[bucket] = np.split(waiting[bucket], [batch_size])
        yield tuple(array[rows] for array in arrays[bucket])
