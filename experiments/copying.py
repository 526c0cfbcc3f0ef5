"""The copying task of `alignments.py`: the same words again, by a `Seq2Seq` with attention."""

import numpy as np

from attention_helpers._tensorflow import tf
from attention_helpers.masks import padding_mask
from attention_helpers.metrics import exact_match, forced, forced_accuracy
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import START_ID, SentencePair
from attention_helpers.training import train

SHIFTS = (-2, -1, 0, 1, 2)


class OneWay(Seq2Seq):
    """The half of each annotation that has read in the other direction is zero."""

    way = "forward"

    def encode(self, source, training=False):
        source = self.source_ids(source)
        annotations, summary = self.encoder(source, training=training)
        forward, backward = tf.split(annotations, 2, axis=-1)
        if self.way == "forward":
            halves, summary = [forward, tf.zeros_like(backward)], forward[:, -1]
        else:
            halves = [tf.zeros_like(forward), backward]
        return self.decoder.remember(tf.concat(halves, -1), summary, padding_mask(source))


class Backward(OneWay):
    way = "backward"


MODELS = {"both": Seq2Seq, "forward": OneWay, "backward": Backward}


def copies(size, seed, words, vocabulary):
    """Pairs of equal sides: so many words, each drawn from the vocabulary with the same chance."""
    drawn = np.random.default_rng(seed).integers(vocabulary, size=(size, words))
    rows = [tuple(f"w{number}" for number in row) for row in drawn.tolist()]
    return [SentencePair(row, row) for row in rows]


def record(reads, seed, words, vocabulary, batch_size, steps, learning_rate, tests, test_seed):
    names = [f"w{number}" for number in range(vocabulary)]
    model = MODELS[reads](names, names, attention="bahdanau", seed=seed)
    pairs = copies(batch_size * steps, seed, words, vocabulary)
    history = train(
        model,
        pairs,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        bins=1,
        seed=seed,
        verbose=False,
    )
    held_out = copies(tests, test_seed, words, vocabulary)
    said = forced(model, held_out)
    translations = model.translate([pair.source for pair in held_out])
    copied = [translation.tokens for translation in translations]
    parts = np.array_split(history["loss"], 20)
    return {
        "train_seconds": round(history["seconds"] - history["compile_seconds"], 1),
        "losses": [round(float(part.mean()), 4) for part in parts],
        "forced_accuracy": round(forced_accuracy(said), 4),
        "exact_match": round(exact_match(copied, [pair.target for pair in held_out]), 4),
        **shifts(np.array([each.weights[:-1] for each in said])),
        "exchanges": exchanges(model, held_out, reads),
    }


def shifts(weights):
    """How far from the word that is due the largest weight lies, and how large it is."""
    at = weights.argmax(axis=-1) - np.arange(weights.shape[1])
    offsets = {str(shift): round(float(np.mean(at == shift)), 4) for shift in SHIFTS}
    offsets["other"] = round(1 - sum(offsets.values()), 4)
    by_place = {  # of the commonest shift: is it the same from the first word to the last?
        str(shift): np.mean(at == shift, axis=0).round(3).tolist() for shift in (-1, 0, 1)
    }
    mean_weight = {
        str(shift): round(float(np.diagonal(weights, shift, axis1=1, axis2=2).mean()), 4)
        for shift in (-1, 0, 1)
    }
    largest = round(float(weights.max(axis=-1).mean()), 4)
    return {
        "offsets": offsets,
        "by_place": by_place,
        "mean_weight": mean_weight,
        "largest_weight": largest,
    }


def exchanges(model, pairs, reads):
    """Whose word is written if a part of what one step is given comes from another row?

    "half": the half of every annotation that reads towards the start; of a model with forward halves
    only, these. "left" and "word": this half at the place before the word that is due, and at its
    own. "other half": of every annotation. "entered": the word that enters the step, y_{i-1}. "due":
    the word that is due enters, too early. The weights and the state before stay those of our row:
    one step at a time is changed.
    """
    size = len(pairs) // 2
    ours, theirs = (
        np.array([model.source_vocabulary.encode(pair.source) for pair in group])
        for group in (pairs[:size], pairs[size : 2 * size])
    )
    memory = model.encode(ours)
    mixed = mixed_halves(memory.value, model.encode(theirs).value, reads)
    enters = {"": before(ours), ", entered": before(theirs), ", due": ours}
    cases = [(name, "") for name in mixed]
    cases += [(name, ", entered") for name in ("nothing", "left", "half")] + [("nothing", ", due")]
    state, written = memory.state, {case: [] for case in cases}
    for i in range(ours.shape[1]):
        for name, entering in cases:
            changed = memory._replace(value=mixed[name](i))
            said = model.next_word(enters[entering][:, i], state, changed)[0]
            written[name, entering].append(np.argmax(said, axis=-1))
        _, state, _ = model.next_word(enters[""][:, i], state, memory)
    return {
        name + entering: whose(np.array(words).T, ours, theirs)
        for (name, entering), words in written.items()
    }


def mixed_halves(ours, theirs, reads):
    """By the name of what is exchanged: the annotations for the word at i."""
    halves = [tf.split(each, 2, axis=-1) for each in (ours, theirs)]
    (our_forward, our_backward), (their_forward, their_backward) = halves
    forward = tf.concat([their_forward, our_backward], -1)
    backward = tf.concat([our_forward, their_backward], -1)
    half, other = (forward, backward) if reads == "forward" else (backward, forward)

    def at(shift):
        places = tf.range(ours.shape[1])[:, None]
        return lambda i: tf.where(places == i + shift, half, ours)

    mixed = {"nothing": lambda i: ours, "half": lambda i: half, "left": at(-1), "word": at(0)}
    return mixed | ({"other half": lambda i: other} if reads == "both" else {})


def before(rows):
    """The word that enters each step: the one before."""
    return np.insert(rows[:, :-1], 0, START_ID, axis=1)


def whose(written, ours, theirs):
    """The shares of words that are those of our row or of theirs, or the ones before them there."""
    candidates = {
        "ours": ours[:, 1:],
        "ours before": ours[:, :-1],
        "theirs": theirs[:, 1:],
        "theirs before": theirs[:, :-1],
    }
    return {
        name: round(float(np.mean(written[:, 1:] == words)), 4)
        for name, words in candidates.items()
    }
