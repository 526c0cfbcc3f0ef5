"""Trains one variant again and again: compiled once; weights, sentences and rates come anew."""

import time

import numpy as np
from common import LONGEST, score_translations
from variants import Variant

from attention_helpers import corpus
from attention_helpers._tensorflow import keras, tf
from attention_helpers.metrics import links_from_weights
from attention_helpers.text import END_ID, START_ID, pad
from attention_helpers.training import masked_crossentropy

VOCABULARIES = corpus.source_vocabulary(), corpus.target_vocabulary()
IDS = tf.TensorSpec((None, None), tf.int32)


class Trainer:
    """A model of the given parts, and its compiled training step."""

    def __init__(self, parts, batch_size):
        self.parts, self.batch_size = parts, batch_size
        self.model = Variant(*VOCABULARIES, parts=parts, seed=0)
        self.rate = tf.Variable(0.0, dtype=tf.float32)
        self.optimizer = keras.optimizers.Adam(0.0, global_clipnorm=1.0)
        self.optimizer.build(self.model.trainable_variables)
        self.step = tf.function(self.take_step, jit_compile=True, autograph=False)
        self.force = tf.function(self.read_forced, input_signature=[IDS, IDS], autograph=False)

    def train(self, pairs, steps, rate, seed):
        """Trains from new weights. Returns the seconds, and the losses in twenty parts."""
        self.model.set_weights(Variant(*VOCABULARIES, parts=self.parts, seed=seed).get_weights())
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        warmup, seconds, losses = steps // 20, 0.0, []
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, steps - warmup, warmup_target=rate, warmup_steps=warmup
        )
        compiled = set()
        for number, batch in enumerate(batches(pairs, steps, self.batch_size, seed)):
            self.optimizer.learning_rate.assign(schedule(number))
            start = time.perf_counter()
            losses.append(float(self.step(*batch)))
            if batch[0].shape in compiled:  # the first of a shape may have been compiled
                seconds += time.perf_counter() - start
            compiled.add(batch[0].shape)
        parts = np.array_split(losses, 20)
        return {
            "train_seconds": round(seconds, 1),
            "losses": [round(float(part.mean()), 4) for part in parts],
        }

    def take_step(self, source, target_in, target_out):
        weights = [tf.convert_to_tensor(each) for each in self.model.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, _ = self.model.stateless_call(weights, [], (source, target_in), training=True)
            loss = masked_crossentropy(target_out, logits)
        self.optimizer.apply(tape.gradient(loss, weights), self.model.trainable_variables)
        return loss

    def read_forced(self, source, target_in):
        logits, weights = self.model.teacher_force(source, target_in)
        return tf.nn.log_softmax(logits), weights

    def forced(self, pairs):
        """For each pair, under teacher forcing: log-probabilities `(q + 1, v)` and weights."""
        ordered = sorted(range(len(pairs)), key=lambda i: len(pairs[i].source))
        found = {}
        for first in range(0, len(ordered), 64):
            places = ordered[first : first + 64]
            source, target_in, _ = as_batch([pairs[i] for i in places])
            logs, weights = (each.numpy() for each in self.force(source, target_in))
            for i, log, weight in zip(places, logs, weights, strict=True):
                q, k = len(pairs[i].target), len(pairs[i].source)
                ids = [*VOCABULARIES[1].encode(pairs[i].target), END_ID]
                right = log[: q + 1].argmax(axis=-1) == ids
                found[i] = right, log[np.arange(q + 1), ids], weight[:q, :k]
        return [found[i] for i in range(len(pairs))]

    def loss(self, pairs):
        """Nats per token."""
        return -float(np.concatenate([logs for _, logs, _ in self.forced(pairs)]).mean())

    def score(self, pairs, brief=False):
        forced = self.forced(pairs)
        translations = self.model.translate([pair.source for pair in pairs])
        has_weights = self.parts.context in ("moving", "additive", "dot")
        links = [links_from_weights(weights) for _, _, weights in forced] if has_weights else None
        tokens = [translation.tokens for translation in translations]
        return score_translations(pairs, tokens, [right for right, _, _ in forced], links, brief)

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
