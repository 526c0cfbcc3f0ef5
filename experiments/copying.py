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
        "halves": which_half(model, held_out) if reads == "both" else None,
    }


def shifts(weights):
    """How far from the word that is due the largest weight lies, and how large it is."""
    at = weights.argmax(axis=-1) - np.arange(weights.shape[1])
    offsets = {str(shift): round(float(np.mean(at == shift)), 4) for shift in SHIFTS}
    offsets["other"] = round(1 - sum(offsets.values()), 4)
    by_place = {  # of the commonest shift: is it the same from the first word to the last?
        str(shift): np.mean(at == shift, axis=0).round(3).tolist() for shift in (-1, 0, 1)
    }
    largest = round(float(weights.max(axis=-1).mean()), 4)
    return {"offsets": offsets, "by_place": by_place, "largest_weight": largest}


def which_half(model, pairs):
    """Whose word is written if one half of each annotation comes from another sentence?

    The weights and the state before stay those of the sentence: one look at a time is changed.
    """
    half = len(pairs) // 2
    ours, theirs = (
        np.array([model.source_vocabulary.encode(pair.source) for pair in group])
        for group in (pairs[:half], pairs[half : 2 * half])
    )
    memory, other = model.encode(ours), model.encode(theirs)
    forward, backward = tf.split(memory.value, 2, axis=-1)
    other_forward, other_backward = tf.split(other.value, 2, axis=-1)
    mixed = {
        "forward": memory._replace(value=tf.concat([other_forward, backward], -1)),
        "backward": memory._replace(value=tf.concat([forward, other_backward], -1)),
    }
    state, token = memory.state, np.full(half, START_ID)
    counts = {name: np.zeros(2) for name in mixed}
    for place in range(ours.shape[1]):
        for name, changed in mixed.items():
            said = model.next_word(token, state, changed)[0].numpy().argmax(axis=-1)
            counts[name] += [(said == ours[:, place]).sum(), (said == theirs[:, place]).sum()]
        _, state, _ = model.next_word(token, state, memory)
        token = ours[:, place]
    return {  # the half that was exchanged: the share of words that came with it, or stayed
        name: {"came": round(came / ours.size, 4), "stayed": round(stayed / ours.size, 4)}
        for name, (stayed, came) in counts.items()
    }
